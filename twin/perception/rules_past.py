"""A rule over the past: when it would have fired, where, and for how long.

Each datastream is one column of time, asked as a whole: the figures that conditions look at are
functions of the samples (docs/rules.md), so the answer is the watcher's
(tests/twin/test_rules_past.py compares both, second by second).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.perception.rules_columns import Column, ask
from twin.perception.rules_inputs import MARK_NS, MEANS_S, RATE_BACK_NS, STEPS, max_age_s
from twin.perception.rules_model import CompiledRule, input_of, threshold_of
from twin.perception.rules_running import needed
from twin.perception.rules_selection import Directory, Selection, select

#: What is looked at before the span, for means and rates.
LOOK_BACK_NS = 3_600 * NS_PER_S
MAX_TICKS = 62 * 86_400
MAX_EPISODES = 100_000
#: Values that are fetched together, if there is one a second.
_TOGETHER = 10_000_000
_MOST_TOGETHER = 256

Series: TypeAlias = "tuple[Int64Array, Float64Array]"
#: (share done, what is done) -> whether to stop.
Progress: TypeAlias = Callable[[float], bool]
_NONE: Series = (np.zeros(0, np.int64), np.zeros(0))


class DryRunError(TwinError):
    """The past cannot be asked."""


class Past(Protocol):
    """Samples of some time. Any one thread."""

    @property
    def directory(self) -> Directory:
        """All datastreams of which something is kept."""

    def prepare(
        self, datastreams: Sequence[str], start_ns: int, end_ns: int, progress: Progress
    ) -> bool:
        """Make ready what `samples` is going to be asked for; False = `progress` said stop."""

    def samples(
        self, datastreams: Sequence[str], start_ns: int, end_ns: int
    ) -> Mapping[str, Series]:
        """Good values by datastream id, each with times (k,) rising."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One time that a rule was open.

    Attributes
    ----------
    place : name of the thing or area
    datastream_id, thing_id : "" for an area
    end_ns : 0 = still open at the end of the span
    xyz : local metres, None = not known
    """

    place: str
    datastream_id: str
    thing_id: str
    start_ns: int
    end_ns: int
    xyz: tuple[float, float, float] | None = None

    def lasted_s(self, span_end_ns: int) -> float:
        """Seconds, up to the end of the span."""
        return ((self.end_ns or span_end_ns) - self.start_ns) / NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a rule would have done.

    Attributes
    ----------
    episodes : in order of time, at most `MAX_EPISODES`
    n_datastreams : that it is about
    n_silent : of which there is no sample in the span
    """

    title: str
    start_ns: int
    end_ns: int
    episodes: tuple[Episode, ...]
    n_datastreams: int
    n_silent: int

    @property
    def places(self) -> Mapping[str, int]:
        """How often by place, the most frequent first."""
        counts: dict[str, int] = {}
        for one in self.episodes:
            counts[one.place] = counts.get(one.place, 0) + 1
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def longest(self) -> Episode | None:
        """The one that lasted longest."""
        return max(self.episodes, key=lambda one: one.lasted_s(self.end_ns), default=None)


def dry_run(
    compiled: CompiledRule,
    past: Past,
    *,
    start_ns: int,
    end_ns: int,
    progress: Progress = lambda _: False,
) -> DryRun | None:
    """Ask a rule of a span of the past, second by second.

    Parameters
    ----------
    progress : called with the share that is done; True from it = stop, then the answer is None

    Raises
    ------
    DryRunError
        The span is empty or too long.
    """
    n_ticks = (end_ns - start_ns) // NS_PER_S
    if not 0 < n_ticks <= MAX_TICKS:
        days = MAX_TICKS // 86_400
        raise DryRunError(f"A dry run is over a second or more, and at most {days} days")
    run = _Run(compiled, past, start_ns, int(n_ticks))
    if not run.prepare(progress):
        return None
    for share in run.rows():
        if progress(share):
            return None
    episodes = sorted(run.episodes, key=lambda one: (one.start_ns, one.place))
    return DryRun(
        title=compiled.rule.title, start_ns=start_ns, end_ns=start_ns + int(n_ticks) * NS_PER_S,
        episodes=tuple(episodes[:MAX_EPISODES]), n_datastreams=len(run.selection.slots),
        n_silent=run.n_silent,
    )  # fmt: skip


class _Run:
    """One dry run."""

    def __init__(self, compiled: CompiledRule, past: Past, start_ns: int, n_ticks: int) -> None:
        self._compiled, self._rule = compiled, compiled.rule
        self._past, self._directory = past, past.directory
        self.selection: Selection = select(self._rule, self._directory)
        self._ticks = start_ns + np.arange(1, n_ticks + 1, dtype=np.int64) * NS_PER_S
        self._from_ns = start_ns - LOOK_BACK_NS
        self.episodes: list[Episode] = []
        self.n_silent = 0
        members = self.selection.members
        self._areas = {name: _AreaCount(n_ticks) for name in members}
        self._areas_of: dict[int, list[str]] = {}
        for name, rows in members.items():
            for row in rows.tolist():
                self._areas_of.setdefault(row, []).append(name)

    def rows(self) -> Iterator[float]:
        """Look at one datastream after the other; gives the share that is done."""
        slots = self.selection.slots.tolist()
        step = min(max(_TOGETHER // len(self._ticks), 1), _MOST_TOGETHER)
        for first in range(0, len(slots), step):
            some = slots[first : first + step]
            series = self._fetched(some)
            for row, slot in enumerate(some, first):
                self._row(row, slot, series)
                yield (row + 1) / len(slots)
        for name, count in self._areas.items():
            self._end_area(name, count)

    def prepare(self, progress: Progress) -> bool:
        """Have the past make ready all that is going to be looked at; False = stopped."""
        wanted = self._ids(self.selection.slots.tolist())
        return self._past.prepare(wanted, self._from_ns, int(self._ticks[-1]) + 1, progress)

    def _fetched(self, slots: Sequence[int]) -> Mapping[str, Series]:
        return self._past.samples(self._ids(slots), self._from_ns, int(self._ticks[-1]) + 1)

    def _ids(self, slots: Sequence[int]) -> list[str]:
        """Datastreams that some rows look at, inputs from others counted."""
        ids = [self._directory.streams[slot].id for slot in slots]
        for slot in slots:
            thing_id = self._directory.streams[slot].thing_id
            ids += [input_of(self._rule, name, thing_id) for name in self._rule.inputs]
        return sorted({one for one in ids if one})

    def _row(self, row: int, slot: int, series: Mapping[str, Series]) -> None:
        stream = self._directory.streams[slot]
        seen = _Seen(series.get(stream.id, _NONE), self._ticks, self._from_ns)
        self.n_silent += not seen.is_any
        columns = self._columns(slot, seen, series)
        n = len(self._ticks)
        opened = ask(self._compiled.open, columns).rows(n)
        opens, closes = np.asarray(opened.yes), np.asarray(opened.no)
        if self._compiled.close is not None:
            closes = np.asarray(ask(self._compiled.close, columns).rows(n).yes)
        if self._areas:
            is_up = _latched(opens, closes)
            is_decided = np.logical_or.accumulate(opens | closes)
            for name in self._areas_of.get(row, ()):
                self._areas[name].add(is_up, is_decided)
            return
        thing = self._directory.things[slot]
        xyz = self._directory.xyz_local[slot]
        place = tuple(xyz.tolist()) if np.isfinite(xyz).all() else None
        self._take(opens, closes, Episode(
            place=thing.name or stream.thing_id, datastream_id=stream.id,
            thing_id=stream.thing_id, start_ns=0, end_ns=0, xyz=place,
        ))  # fmt: skip

    def _end_area(self, name: str, count: _AreaCount) -> None:
        size = len(self.selection.members[name])
        wanted = int(needed(self._rule, np.array([size]))[0])
        opens = count.n_up >= wanted
        closes = count.n_up + (size - count.n_decided) < wanted
        where = Episode(place=name, datastream_id="", thing_id="", start_ns=0, end_ns=0)
        self._take(opens, closes, where)

    def _take(self, opens: BoolArray, closes: BoolArray, where: Episode) -> None:
        rule = self._rule
        is_open = _latched(_held(opens, rule.open_for_s), _held(closes, rule.close_for_s))
        edges = np.diff(np.r_[False, is_open, False].astype(np.int8))
        starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
            end_ns = int(self._ticks[b]) if b < len(self._ticks) else 0
            self.episodes.append(
                Episode(
                    place=where.place, datastream_id=where.datastream_id, xyz=where.xyz,
                    thing_id=where.thing_id, start_ns=int(self._ticks[a]), end_ns=end_ns,
                )
            )  # fmt: skip

    def _columns(self, slot: int, seen: _Seen, series: Mapping[str, Series]) -> dict[str, Column]:
        names, directory = self._compiled.names, self._directory
        stream = directory.streams[slot]
        limit_s = float(max_age_s(directory.interval_s[slot : slot + 1], self._rule.max_age_s)[0])
        fresh = seen.fresh(limit_s)
        low, high = float(directory.usual_low[slot]), float(directory.usual_high[slot])
        found = {
            "value": Column(seen.values, fresh), "age_s": Column(seen.age_s, seen.is_known),
            "usual_low": Column(low, high > low), "usual_high": Column(high, high > low),
        }  # fmt: skip
        if "rate_per_min" in names:
            rates = seen.rates()
            found["rate_per_min"] = Column(rates, fresh & ~np.isnan(rates))
        for name, window_s in MEANS_S.items():
            if name in names:
                means, n = seen.means(window_s)
                found[name] = Column(means, fresh & (n > 0))
        for name, table in self._rule.thresholds.items():
            number = threshold_of(table, stream.thing_id, stream.id)
            found[name] = Column(0.0 if number is None else number, number is not None)
        for name in self._rule.inputs:
            found[name] = self._other(input_of(self._rule, name, stream.thing_id), series)
        return found

    def _other(self, other_id: str, series: Mapping[str, Series]) -> Column:
        slot = self._directory.slot_of.get(other_id)
        if slot is None:
            return Column(0.0, np.zeros(len(self._ticks), np.bool_))
        other = _Seen(series.get(other_id, _NONE), self._ticks, self._from_ns)
        interval_s = self._directory.interval_s[slot : slot + 1]
        limit_s = float(max_age_s(interval_s, self._rule.max_age_s)[0])
        return Column(other.values, other.fresh(limit_s))


class _Seen:
    """One datastream as somebody sees it who looks once a second."""

    def __init__(self, series: Series, ticks: Int64Array, from_ns: int) -> None:
        t_ns, values = series
        look = -(-(t_ns - from_ns) // NS_PER_S)
        is_last = np.r_[look[1:] != look[:-1], True] if len(t_ns) else np.zeros(0, np.bool_)
        self._t_ns, self._all = t_ns[is_last], values[is_last]
        self._ticks = ticks
        self._at = np.searchsorted(self._t_ns, ticks, side="right") - 1
        self.is_known: BoolArray = self._at >= 0
        self.is_any = bool(self.is_known.any())
        at = np.maximum(self._at, 0)
        empty = not len(self._t_ns)
        self.values: Float64Array = np.zeros(len(ticks)) if empty else self._all[at]
        taken = np.zeros(len(ticks), np.int64) if empty else self._t_ns[at]
        self.age_s: Float64Array = (ticks - taken) / NS_PER_S

    def fresh(self, limit_s: float) -> BoolArray:
        fresh: BoolArray = self.is_known & (self.age_s <= limit_s)
        return fresh

    def rates(self) -> Float64Array:
        """(n,) change a minute at each tick; NaN = not known."""
        if not len(self._t_ns):
            return np.full(len(self._ticks), np.nan)
        marks = (self._t_ns - RATE_BACK_NS) // MARK_NS * MARK_NS
        then = np.searchsorted(self._t_ns, marks, side="right") - 1
        before = np.maximum(then, 0)
        minutes = (self._t_ns - self._t_ns[before]) / RATE_BACK_NS
        with np.errstate(invalid="ignore", divide="ignore"):
            rates = (self._all - self._all[before]) / minutes
        rates = np.where((then >= 0) & (minutes > 0), rates, np.nan)
        return np.where(self.is_known, rates[np.maximum(self._at, 0)], np.nan)

    def means(self, window_s: int) -> tuple[Float64Array, Int64Array]:
        """(n,) mean of the running step and the eleven before, and of how many samples."""
        if not len(self._t_ns):
            return np.zeros(len(self._ticks)), np.zeros(len(self._ticks), np.int64)
        step_ns = window_s * NS_PER_S // STEPS
        steps = self._t_ns // step_ns
        first = int(steps[0]) - STEPS
        inside, place = _sums_inside(steps, self._all)
        n_steps = int(max(self._ticks[-1] // step_ns, steps[-1])) - first + 1
        totals, counts = np.zeros(n_steps), np.zeros(n_steps, np.int64)
        np.maximum.at(counts, steps - first, place + 1)
        is_last = np.r_[steps[1:] != steps[:-1], True]
        totals[(steps - first)[is_last]] = inside[is_last]
        now = self._ticks // step_ns - first
        at = np.maximum(self._at, 0)
        is_now = self.is_known & (steps[at] - first == now)
        sums, n = np.where(is_now, inside[at], 0.0), np.where(is_now, place[at] + 1, 0)
        for back in range(1, STEPS):
            earlier = now - back
            is_there = (earlier >= 0) & self.is_known
            row = np.clip(earlier, 0, n_steps - 1)
            sums = sums + np.where(is_there, totals[row], 0.0)
            n = n + np.where(is_there, counts[row], 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return sums / n, n


def _sums_inside(steps: Int64Array, values: Float64Array) -> tuple[Float64Array, Int64Array]:
    """Running sum within each step up to each sample, and its place in the step.

    Not a difference of running sums over all: that would not give back a single value exactly.
    """
    is_first = np.r_[True, steps[1:] != steps[:-1]]
    at = np.arange(len(steps))
    place = at - np.maximum.accumulate(np.where(is_first, at, 0))
    sums = values.copy()
    order = np.argsort(place, kind="stable")
    edges = np.searchsorted(place[order], np.arange(1, int(place.max()) + 2))
    for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        rows = order[a:b]
        sums[rows] += sums[rows - 1]
    return sums, place


class _AreaCount:
    """How many datastreams of an area are up, and how many were ever decided, at each tick."""

    def __init__(self, n_ticks: int) -> None:
        self.n_up: Int32Array = np.zeros(n_ticks, np.int32)
        self.n_decided: Int32Array = np.zeros(n_ticks, np.int32)

    def add(self, is_up: BoolArray, is_decided: BoolArray) -> None:
        self.n_up += is_up
        self.n_decided += is_decided


def _held(holds: BoolArray, for_s: float) -> BoolArray:
    """Where a condition has held for so many seconds without a break."""
    if for_s <= 0:
        return holds
    at = np.arange(len(holds))
    begun = np.maximum.accumulate(np.where(holds, -1, at)) + 1
    held: BoolArray = holds & ((at - begun) >= for_s)
    return held


def _latched(sets: BoolArray, clears: BoolArray) -> BoolArray:
    """On from where it is set to where it is cleared; set wins where both are."""
    at = np.arange(len(sets))
    last = np.maximum.accumulate(np.where(sets | clears, at, -1))
    on: BoolArray = (last >= 0) & sets[np.maximum(last, 0)]
    return on
