"""Unusual for this hour: a seasonal robust z-score with a two-sided CUSUM and a short-term mean.

For each observation the expected value is the median of the same hour of the week so far (of the
hour of the day, of everything, while too few weeks are known), its spread the median absolute
deviation there. The residual in spreads is watched in three ways: one value far off, many a little
off (Page's CUSUM, 1954), and a short mean that leaves the distribution of residuals so far. Each
gives a tail probability; the smallest makes the score. Old weeks fade, so that a city may change.

All state is in arrays of fixed size; an update costs microseconds. One thread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.clock import NS_PER_S

HOUR_NS = 3_600 * NS_PER_S
HOURS_OF_WEEK, HOURS_OF_DAY = 168, 24
#: Values kept for each hour of the week, of the day, and of everything; the oldest go first.
KEPT_WEEK, KEPT_DAY, KEPT_ALL = 24, 48, 512
USUAL_PER_HOUR, MOST_TIMES = 12, 30.0
#: So many values until a bin is trusted.
ENOUGH = 6
#: MAD of a normal distribution over its standard deviation.
MAD_TO_SIGMA = 1.4826
#: Residuals further out count as this far, so that one spike does not fill the CUSUM.
CLIP = 6.0
SLACK = 0.75
SHORT, LONG = 8, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How unusual one observation is, and why.

    Attributes
    ----------
    score : 0 usual … 1 certainly unusual
    expected, spread : median and robust sigma of its hour, in the datastream's unit
    residual : (value - expected) / spread
    strength : the same evidence in spreads: the score is 1 - the tail beyond it of a normal
        distribution; unlike the score it does not run into 1
    reason : "value", "drift", "level" or "" for none
    basis : which history the expectation rests on: "hour of week", "hour of day" or "all"
    """

    score: float
    expected: float
    spread: float
    residual: float
    reason: str
    basis: str
    strength: float = 0.0

    def text(self, unit: str = "") -> str:
        """The reason in one sentence."""
        when = "so far" if self.basis == "all" else f"for this {self.basis}"
        usual = f"usual {when}: {self.expected:.4g} ± {self.spread:.2g} {unit}".strip()
        what = {
            "value": f"{abs(self.residual):.1f} spreads off",
            "drift": "a little off for long",
            "level": "on another level than before",
        }.get(self.reason, "as usual")
        return f"{what} ({usual})"


class _Ring:
    """Last values of many bins."""

    def __init__(self, n_bins: int, kept: int) -> None:
        self.values = np.empty((n_bins, kept))  # memory is taken bin by bin, when it is written
        self._at = np.zeros(n_bins, dtype=np.int64)
        self.counts = np.zeros(n_bins, dtype=np.int64)

    def add(self, bin_: int, value: float) -> None:
        kept = self.values.shape[1]
        self.values[bin_, self._at[bin_] % kept] = value
        self._at[bin_] += 1
        self.counts[bin_] = min(self.counts[bin_] + 1, kept)

    def of(self, bin_: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        found: np.ndarray[tuple[int], np.dtype[np.float64]] = self.values[bin_, : self.counts[bin_]]
        return found


class SeasonalDetector:
    """Watches one datastream.

    Parameters
    ----------
    probation : observations before anything is called unusual
    utc_offset_s : of the city, so that hours are those of its people
    per_hour : observations an hour, where there are more than a dozen: an hour then holds more of
        them, and is not trusted before it has been met once before
    """

    def __init__(
        self, *, probation: int = 200, utc_offset_s: float = 0.0, per_hour: int = USUAL_PER_HOUR
    ) -> None:
        self._probation = probation
        self._offset_ns = round(utc_offset_s * NS_PER_S)
        times = min(max(per_hour / USUAL_PER_HOUR, 1.0), MOST_TIMES)
        self._enough = ENOUGH if times == 1.0 else round(1.25 * USUAL_PER_HOUR * times)
        self._week = _Ring(HOURS_OF_WEEK, round(KEPT_WEEK * times))
        self._day = _Ring(HOURS_OF_DAY, round(KEPT_DAY * times))
        self._all = _Ring(1, KEPT_ALL)
        self._residuals = _Ring(1, LONG)
        self._short = _Ring(1, SHORT)
        self._up = self._down = 0.0
        self._n = 0

    def update(self, t_ns: int, value: float) -> Score:
        """Take the next observation; those that are not finite are no news."""
        if not math.isfinite(value):
            return Score(score=0.0, expected=math.nan, spread=math.nan, residual=0.0, reason="",
                         basis="all")  # fmt: skip
        hour = (t_ns + self._offset_ns) // HOUR_NS
        week, day = int(hour % HOURS_OF_WEEK), int(hour % HOURS_OF_DAY)
        history, basis = self._history(week, day)
        expected, spread = self._expectation(history)
        residual = (value - expected) / spread if spread > 0 else 0.0
        score, reason, strength = self._judge(residual)
        self._remember(week, day, value, residual)
        return Score(
            score=score, expected=expected, spread=spread, residual=residual, reason=reason,
            basis=basis, strength=strength,
        )  # fmt: skip

    def _history(
        self, week: int, day: int
    ) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], str]:
        if self._week.counts[week] >= self._enough:
            return self._week.of(week), "hour of week"
        if self._day.counts[day] >= self._enough:
            return self._day.of(day), "hour of day"
        return self._all.of(0), "all"

    def _expectation(
        self, history: np.ndarray[tuple[int], np.dtype[np.float64]]
    ) -> tuple[float, float]:
        if len(history) < ENOUGH:
            return math.nan, 0.0
        expected = float(np.median(history))
        spread = MAD_TO_SIGMA * float(np.median(np.abs(history - expected)))
        everything = self._all.of(0)
        whole = MAD_TO_SIGMA * float(np.median(np.abs(everything - np.median(everything))))
        return expected, max(spread, 0.15 * whole, 1e-9 * max(1.0, abs(expected)))

    def _judge(self, residual: float) -> tuple[float, str, float]:
        """Score, reason and strength."""
        clipped = min(max(residual, -CLIP), CLIP)
        self._up = max(0.0, self._up + clipped - SLACK)
        self._down = max(0.0, self._down - clipped - SLACK)
        known = self._residuals.of(0)
        if self._n < self._probation or len(known) < ENOUGH:
            return 0.0, "", 0.0
        centre = float(np.median(known))
        sigma = max(MAD_TO_SIGMA * float(np.median(np.abs(known - centre))), 0.5)
        short = np.append(self._short.of(0), residual)[-SHORT:]
        strengths = {
            "value": abs(residual - centre) / sigma,
            "level": abs(float(short.mean()) - centre) / sigma * math.sqrt(len(short)) / 2.0,
            "drift": max(self._up, self._down) / (4.0 * sigma),
        }
        reason = max(strengths, key=lambda name: strengths[name])
        score = 1.0 - tail_of(strengths[reason])
        return score, reason if score > 0.9 else "", strengths[reason]

    def _remember(self, week: int, day: int, value: float, residual: float) -> None:
        self._n += 1
        self._week.add(week, value)
        self._day.add(day, value)
        self._all.add(0, value)
        self._residuals.add(0, min(max(residual, -4 * CLIP), 4 * CLIP))
        self._short.add(0, residual)
        if max(self._up, self._down) > 8 * CLIP:  # it was told; begin anew from here
            self._up = self._down = 0.0


def tail_of(z: float) -> float:
    """Two-sided tail probability of a standard normal."""
    return math.erfc(z / math.sqrt(2.0))
