"""What conditions look at, kept for all datastreams: newest good value, age, rate, means.

Every figure is a plain function of the samples (docs/rules.md), so that a dry run on history
(`twin.perception.rules_past`) gives the same ones; tests/twin/test_rules_past.py compares both.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array, UInt8Array
from twin.clock import NS_PER_S
from twin.sense.model import Quality

#: A mean is over so many steps, the one that is running counted.
STEPS: Final = 12
MEANS_S: Final = {"mean_1m": 60, "mean_5m": 300, "mean_15m": 900, "mean_60m": 3_600}
#: The rate looks at the sample that was the newest at such a mark, a minute before.
MARK_NS: Final = 5 * NS_PER_S
RATE_BACK_NS: Final = 60 * NS_PER_S
_MARKS: Final = 24
#: Samples that are older than so many intervals count as not known, at least after `AGE_FLOOR_S`.
AGE_INTERVALS: Final = 3.0
AGE_FLOOR_S: Final = 60.0


def max_age_s(interval_s: Float64Array, said_s: float) -> Float64Array:
    """(n,) age from which a value is not known: as the rule says, else by the interval."""
    if said_s > 0:
        return np.full(len(interval_s), said_s)
    return np.maximum(AGE_INTERVALS * interval_s, AGE_FLOOR_S)


class _Mean:
    """Sums of one window in steps of a twelfth of it."""

    def __init__(self, window_s: int, n: int) -> None:
        self.step_ns = window_s * NS_PER_S // STEPS
        self._sums = np.zeros((STEPS, n))
        self._counts = np.zeros((STEPS, n), np.int32)
        self._now = 0

    def grow(self, n: int) -> None:
        more = n - self._sums.shape[1]
        self._sums = np.pad(self._sums, ((0, 0), (0, more)))
        self._counts = np.pad(self._counts, ((0, 0), (0, more)))

    def turn(self, now_ns: int) -> None:
        """Let go of the steps that are over."""
        step = now_ns // self.step_ns
        for gone in range(max(self._now + 1, step - STEPS + 1), step + 1):
            self._sums[gone % STEPS] = 0.0
            self._counts[gone % STEPS] = 0
        self._now = max(step, self._now)

    def add(self, slots: Int64Array, t_ns: Int64Array, values: Float64Array) -> None:
        """Take in at most one sample of each slot."""
        steps = t_ns // self.step_ns
        kept = (steps > self._now - STEPS) & (steps <= self._now)
        at = steps[kept] % STEPS
        self._sums[at, slots[kept]] += values[kept]
        self._counts[at, slots[kept]] += 1

    def of(self, slots: Int64Array) -> tuple[Float64Array, BoolArray]:
        counts = self._counts.sum(axis=0)[slots]
        with np.errstate(invalid="ignore", divide="ignore"):
            means = self._sums.sum(axis=0)[slots] / counts
        return means, counts > 0


class _Rate:
    """Change a minute, renewed with each sample."""

    def __init__(self, n: int) -> None:
        self._t_ns = np.zeros((_MARKS, n), np.int64)
        self._values = np.zeros((_MARKS, n))
        self._mark = 0
        self.rates = np.full(n, np.nan)

    def grow(self, n: int) -> None:
        more = n - len(self.rates)
        self._t_ns = np.pad(self._t_ns, ((0, 0), (0, more)))
        self._values = np.pad(self._values, ((0, 0), (0, more)))
        self.rates = np.pad(self.rates, (0, more), constant_values=np.nan)

    def turn(self, now_ns: int, t_ns: Int64Array, values: Float64Array) -> None:
        """Remember the newest samples (as they are before this tick's) at the marks passed."""
        mark = now_ns // MARK_NS
        for passed in range(max(self._mark + 1, mark - _MARKS + 1), mark + 1):
            self._t_ns[passed % _MARKS] = t_ns
            self._values[passed % _MARKS] = values
        self._mark = max(mark, self._mark)

    def correct(self, slots: Int64Array, t_ns: Int64Array, values: Float64Array) -> None:
        """Samples of this tick that had been taken before the mark which was just passed."""
        early = t_ns <= self._mark * MARK_NS
        at = self._mark % _MARKS
        self._t_ns[at, slots[early]] = t_ns[early]
        self._values[at, slots[early]] = values[early]

    def add(self, slots: Int64Array, t_ns: Int64Array, values: Float64Array) -> None:
        wanted = (t_ns - RATE_BACK_NS) // MARK_NS
        at = np.maximum(wanted, self._mark - _MARKS + 1) % _MARKS
        then_ns, then = self._t_ns[at, slots], self._values[at, slots]
        known = (then_ns > 0) & (wanted <= self._mark) & (t_ns > then_ns)
        minutes = (t_ns - then_ns) / RATE_BACK_NS
        with np.errstate(invalid="ignore", divide="ignore"):
            self.rates[slots] = np.where(known, (values - then) / minutes, np.nan)


class InputColumns:
    """The newest good sample of every slot, and what follows from those before. One thread.

    Attributes
    ----------
    t_ns : (n,) when it was taken, no later than when it was seen; 0 = never
    values : (n,)
    """

    def __init__(self, names: frozenset[str] = frozenset()) -> None:
        self.t_ns = np.zeros(0, np.int64)
        self.values = np.zeros(0)
        self._seen_ns = np.zeros(0, np.int64)
        self._means: dict[str, _Mean] = {}
        self._rate: _Rate | None = None
        self.want(names)

    def want(self, names: frozenset[str]) -> None:
        """Keep what these names need; what nobody wants any more is let go of."""
        n = len(self.values)
        for name, window_s in MEANS_S.items():
            if name not in names:
                self._means.pop(name, None)
            elif name not in self._means:
                self._means[name] = _Mean(window_s, n)
        if "rate_per_min" not in names:
            self._rate = None
        elif self._rate is None:
            self._rate = _Rate(n)

    def take(
        self, now_ns: int, t_ns: Int64Array, values: Float64Array, quality: UInt8Array
    ) -> None:
        """Take in the newest sample of every slot; those that are not new change nothing.

        Parameters
        ----------
        t_ns, values, quality : (n,) by slot; n may grow from call to call
        """
        self._grow(len(values))
        for mean in self._means.values():
            mean.turn(now_ns)
        if self._rate is not None:
            self._rate.turn(now_ns, self.t_ns, self.values)
        new = (t_ns > self._seen_ns) & (quality == Quality.GOOD)
        slots = np.flatnonzero(new).astype(np.int64)
        if not len(slots):
            return
        taken_ns, taken = np.minimum(t_ns[slots], now_ns), values[slots]
        self._seen_ns[slots] = t_ns[slots]
        self.t_ns[slots], self.values[slots] = taken_ns, taken
        for mean in self._means.values():
            mean.add(slots, taken_ns, taken)
        if self._rate is not None:
            self._rate.correct(slots, taken_ns, taken)
            self._rate.add(slots, taken_ns, taken)

    def column(self, name: str, slots: Int64Array) -> tuple[Float64Array, BoolArray | bool]:
        """A mean or the rate of some slots, and where it is known."""
        if name == "rate_per_min":
            rates = np.zeros(len(slots)) if self._rate is None else self._rate.rates[slots]
            return rates, ~np.isnan(rates)
        return self._means[name].of(slots)

    def _grow(self, n: int) -> None:
        more = n - len(self.values)
        if more <= 0:
            return
        self.t_ns = np.pad(self.t_ns, (0, more))
        self.values = np.pad(self.values, (0, more))
        self._seen_ns = np.pad(self._seen_ns, (0, more))
        for kept in (*self._means.values(), *([self._rate] if self._rate else ())):
            kept.grow(n)
