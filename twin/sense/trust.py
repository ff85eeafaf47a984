"""Which sources must not be trusted: gaps, wrong clocks, flat lines, noise; learned over time.

`SourceWatch` looks at a store about once a second, at all datastreams together, and keeps columns
of fixed size: about 270 bytes a datastream, whatever its rate. What it finds are `Doubts`, which
the store hands on with every snapshot, so that scene, tables and figures tell the same.

A flat line accuses only what is known to move: its changes were seen in several minutes, it now
repeats itself several times longer than it ever did, and it rests at neither zero nor a declared
bound. States and set points (gates, modes, codes) rest by nature and are left out by their kind.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array, Int64Array, UInt8Array
from twin.clock import NS_PER_S
from twin.sense.model import Datastream, Quality
from twin.sense.snapshot import DeclaredLimits, Doubts, ObservationSnapshot
from twin.sense.store import ObservationStore

#: Intervals, delays and wiggles of which the medians are learned.
KEPT = 9
#: So many until a median is believed.
ENOUGH = 5
GAP_FACTOR, GAP_FLOOR_S = 5.0, 5.0
#: So long after its end a gap is told.
GAP_TOLD_S = 300.0
AHEAD_S = 2.0
BEHIND_FACTOR, BEHIND_FLOOR_S = 2.0, 30.0
#: A flat line is so many times longer than the longest rest before it, and at least so long.
FLAT_FACTOR, FLAT_FLOOR_S = 3.0, 60.0
#: … and so many times longer than it rests on average.
FLAT_USUAL = 20.0
FLAT_CHANGES, FLAT_MINUTES = 10, 3
#: Noise is so many times the usual wiggle, and at least this share of the usual range.
NOISE_FACTOR, NOISE_SHARE = 8.0, 0.01
#: Looks with news until the usual wiggle is known, and the weight of a new one from then on.
NOISE_LOOKS, NOISE_WEIGHT = 60, 1.0 / 256.0
#: So many sensors of a property, and this share of them, that are beyond their range on the same
#: side show an event in the city; whose silence ended together, a break on the way.
AGREEING, AGREEING_SHARE = 3, 0.25
#: Medians are made anew for this share of the datastreams at each look.
_SHARES = 4
_MINUTE_NS = 60 * NS_PER_S
#: Observed properties that rest by nature until somebody moves them, and endings of such names.
RESTING = frozenset(
    {"dimming", "distance_to_target", "flight_height", "occupancy", "sound_level", "closed"}
)
RESTING_ENDINGS = ("_opening", "_state", "_mode", "_code", "_target", "_setpoint", "_position",
                   "_running", "_plan", "_preset", "_closed", "_active", "_message")  # fmt: skip


class Doubt(enum.IntFlag):
    """Why a datastream must not be trusted; stale is told by `twin.sense.health`."""

    NONE = 0
    FLAGGED = 1
    RANGE = 2
    FLAT = 4
    NOISY = 8
    GAP = 16
    SKEW = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one datastream is known by, for a sentence.

    Attributes
    ----------
    interval_s : median time between its observations, 0 = not known yet
    lag_s : median of arrival minus the time it says; negative = its clock is ahead
    gap_s, gap_end_ns : length and end of its newest gap, 0 = none
    noise_factor : wiggle now over the usual one, 0 = not known yet
    """

    interval_s: float
    lag_s: float
    gap_s: float
    gap_end_ns: int
    noise_factor: float


class SourceWatch:
    """Watches all datastreams of a store. Made anywhere; `look` on one thread at a time."""

    def __init__(self, store: ObservationStore) -> None:
        self._store = store
        self._n_looks = 0
        self._catalogue = -1
        self._rests: BoolArray = np.zeros(0, bool)
        self._property: Int64Array = np.zeros(0, np.int64)
        self._make_columns(0)

    def _make_columns(self, n: int) -> None:
        self._counts: Int64Array = np.zeros(n, np.int64)
        self._t_ns: Int64Array = np.zeros(n, np.int64)
        self._intervals: Float32Array = np.full((n, KEPT), np.nan, np.float32)
        self._lags: Float32Array = np.full((n, KEPT), np.nan, np.float32)
        self._wiggles: Float32Array = np.full((n, KEPT), np.nan, np.float32)
        self._n_intervals: Int64Array = np.zeros(n, np.int64)
        self._interval_s: Float64Array = np.zeros(n)
        self._lag_s: Float64Array = np.zeros(n)
        self._wiggle: Float64Array = np.zeros(n)
        self._usual: Float64Array = np.zeros(n)
        self._gap_s: Float64Array = np.zeros(n)
        self._gap_end_ns: Int64Array = np.zeros(n, np.int64)
        self._n_changes: Int64Array = np.zeros(n, np.int64)
        self._repeats: Int64Array = np.zeros(n, np.int64)
        self._longest: Int64Array = np.zeros(n, np.int64)
        self._minutes: Int64Array = np.zeros(n, np.int64)
        self._minute: Int64Array = np.zeros(n, np.int64)
        self._before: Float64Array = np.full((n, 2), np.nan)
        self._bits: UInt8Array = np.zeros(n, np.uint8)
        self._since_ns: Int64Array = np.zeros(n, np.int64)
        self._is_shared: BoolArray = np.zeros(n, bool)

    def look(self, now_ns: int) -> Doubts:
        """Learn from what came since the last look, and give the store what is doubted."""
        snapshot = self._store.snapshot()
        if snapshot.catalogue_version != self._catalogue:
            self._catalogue = snapshot.catalogue_version
            streams = self._store.datastreams[: snapshot.n_slots]
            self._rests = resting_by_kind(streams)
            self._property = property_codes(streams)
        self._fit(snapshot)
        n_new = snapshot.counts - self._counts
        has_news = (n_new > 0) & (self._counts > 0)
        self._learn_times(snapshot, n_new, has_news)
        self._learn_rests(snapshot, n_new, has_news)
        self._learn_wiggle(snapshot, has_news)
        self._counts, self._t_ns = snapshot.counts, snapshot.t_ns
        self._n_looks += 1
        self._make_medians()
        bits = self._judge(snapshot, now_ns)
        began = (bits != 0) & (self._bits == 0)
        self._since_ns = np.where(bits == 0, 0, np.where(began, now_ns, self._since_ns))
        self._bits = bits
        doubts = Doubts(
            bits=bits,
            since_ns=self._since_ns,
            interval_s=self._interval_s.copy(),
            gap_s=self._gap_s.copy(),
            is_shared=self._is_shared,
        )
        self._store.set_doubts(doubts)
        return doubts

    def evidence(self, slot: int) -> Evidence:
        """What is known of one datastream. The thread of `look`, or between two looks."""
        if slot >= len(self._counts):
            return Evidence(interval_s=0.0, lag_s=0.0, gap_s=0.0, gap_end_ns=0, noise_factor=0.0)
        usual = float(self._usual[slot])
        return Evidence(
            interval_s=float(self._interval_s[slot]),
            lag_s=float(self._lag_s[slot]),
            gap_s=float(self._gap_s[slot]),
            gap_end_ns=int(self._gap_end_ns[slot]),
            noise_factor=float(self._wiggle[slot]) / usual if usual > 0.0 else 0.0,
        )

    @property
    def n_bytes(self) -> int:
        """Memory of all columns."""
        columns = (value for value in vars(self).values() if isinstance(value, np.ndarray))
        return sum(column.nbytes for column in columns)

    def _fit(self, snapshot: ObservationSnapshot) -> None:
        """Widen the columns; forget what was learned where a store was cleared."""
        n_before, n = len(self._counts), snapshot.n_slots
        if n < n_before or bool((snapshot.counts[:n_before] < self._counts).any()):
            self._make_columns(n)
            return
        if n == n_before:
            return
        old = {k: v for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        self._make_columns(n)
        for name, column in vars(self).items():
            if (
                name in old
                and name not in ("_rests", "_property")
                and isinstance(column, np.ndarray)
            ):
                column[:n_before] = old[name]

    # --- learning -------------------------------------------------------------------------------

    def _learn_times(
        self, snapshot: ObservationSnapshot, n_new: Int64Array, has_news: BoolArray
    ) -> None:
        rows = np.flatnonzero(has_news)
        interval_s = (snapshot.t_ns[rows] - self._t_ns[rows]) / NS_PER_S / n_new[rows]
        known = self._interval_s[rows]
        is_gap = (self._n_intervals[rows] >= ENOUGH) & (
            interval_s > np.maximum(GAP_FACTOR * known, GAP_FLOOR_S)
        )
        gaps = rows[is_gap]
        self._gap_s[gaps] = interval_s[is_gap]
        self._gap_end_ns[gaps] = snapshot.t_ns[gaps]
        at = self._n_intervals[rows] % KEPT
        self._intervals[rows, at] = interval_s
        self._lags[rows, at] = (snapshot.received_ns[rows] - snapshot.t_ns[rows]) / NS_PER_S
        self._n_intervals[rows] += 1

    def _learn_rests(
        self, snapshot: ObservationSnapshot, n_new: Int64Array, has_news: BoolArray
    ) -> None:
        """The longest rest before a change, and in how many minutes changes were seen."""
        moved = has_news & (snapshot.n_changes > self._n_changes)
        rest = self._repeats + n_new
        self._longest = np.where(moved, np.maximum(self._longest, rest), self._longest)
        minute = snapshot.t_ns // _MINUTE_NS
        self._minutes += moved & (minute != self._minute)
        self._minute = np.where(moved, minute, self._minute)
        self._n_changes, self._repeats = snapshot.n_changes, snapshot.repeats

    def _learn_wiggle(self, snapshot: ObservationSnapshot, has_news: BoolArray) -> None:
        """How far each value lies off the line through the two before it."""
        rows = np.flatnonzero(has_news)
        first, second = self._before[rows, 0], self._before[rows, 1]
        values = snapshot.values[rows]
        at = (self._n_intervals[rows] - 1) % KEPT
        with np.errstate(invalid="ignore", over="ignore"):
            self._wiggles[rows, at] = np.abs(values - 2.0 * second + first)
        self._before[rows, 0], self._before[rows, 1] = second, values

    def _make_medians(self) -> None:
        """Medians of a share of the rows; all of them in the first looks."""
        n, share = len(self._counts), self._n_looks % _SHARES
        few = n <= 4_096 or self._n_looks <= _SHARES
        part = slice(0, n) if few else slice(share * n // _SHARES, (share + 1) * n // _SHARES)
        is_known = self._n_intervals[part] >= ENOUGH
        for ring, out in (
            (self._intervals, self._interval_s),
            (self._lags, self._lag_s),
            (self._wiggles, self._wiggle),
        ):
            # NaN sorts last: the middle of those that are there
            ordered = np.sort(ring[part], axis=1)
            n_there = np.minimum(self._n_intervals[part], KEPT)
            middle = ordered[np.arange(len(ordered)), np.maximum(n_there - 1, 0) // 2]
            out[part] = np.where(is_known & np.isfinite(middle), middle, out[part])
        wiggle, usual, seen = self._wiggle[part], self._usual[part], self._n_intervals[part]
        is_noisy = (self._bits[part] & Doubt.NOISY) != 0
        weight = np.where(is_noisy, NOISE_WEIGHT / 16.0, NOISE_WEIGHT)
        learned = usual + (np.minimum(wiggle, 3.0 * usual) - usual) * weight
        warming = seen <= NOISE_LOOKS
        first = usual + (wiggle - usual) / np.maximum(np.minimum(seen, NOISE_LOOKS) - ENOUGH, 1)
        moves = is_known & (wiggle > 0.0)  # rest teaches nothing about the wiggle of what moves
        self._usual[part] = np.where(moves, np.where(warming, first, learned), usual)

    # --- judging --------------------------------------------------------------------------------

    def _judge(self, snapshot: ObservationSnapshot, now_ns: int) -> UInt8Array:
        bits = np.zeros(snapshot.n_slots, np.uint8)
        out = is_out_of_range(snapshot.values, snapshot.declared)
        self._is_shared = self._share_a_side(out, snapshot)
        is_known = self._n_intervals >= ENOUGH
        since_gap_s = (now_ns - self._gap_end_ns) / NS_PER_S
        has_gap = (self._gap_end_ns > 0) & (since_gap_s < GAP_TOLD_S)
        behind_s = np.maximum(BEHIND_FACTOR * self._interval_s, BEHIND_FLOOR_S)
        for doubt, where in (
            (Doubt.FLAGGED, snapshot.quality != Quality.GOOD),
            (Doubt.RANGE, out & ~self._is_shared),
            (Doubt.FLAT, self._is_flat(snapshot)),
            (Doubt.NOISY, self._is_noisy(snapshot)),
            (Doubt.GAP, has_gap & ~self._ended_together(has_gap, snapshot)),
            (Doubt.SKEW, is_known & ((self._lag_s < -AHEAD_S) | (self._lag_s > behind_s))),
        ):
            bits[where] |= np.uint8(doubt)
        bits[snapshot.counts == 0] = 0
        return bits

    def _share_a_side(self, out: BoolArray, snapshot: ObservationSnapshot) -> BoolArray:
        """(n,) bool: out of range on the side on which many of the property are."""
        above = out & (snapshot.values > snapshot.declared.max)
        below = out & (snapshot.values < snapshot.declared.min)
        shared: BoolArray = self._agree(above, snapshot) | self._agree(below, snapshot)
        return shared

    def _agree(self, where: BoolArray, snapshot: ObservationSnapshot) -> BoolArray:
        """(n,) bool: of these, those whose property shows the same at many sensors."""
        n_there = np.bincount(self._property[where], minlength=self._n_properties)
        found: BoolArray = where & (n_there >= self._many(snapshot))[self._property]
        return found

    def _ended_together(self, has_gap: BoolArray, snapshot: ObservationSnapshot) -> BoolArray:
        """(n,) bool: of these gaps, those that ended within a minute of many others' like them."""
        found = np.zeros(len(has_gap), bool)
        rows = np.flatnonzero(has_gap)
        order = rows[np.lexsort((self._gap_end_ns[rows], self._property[rows]))]
        codes, ends = self._property[order], self._gap_end_ns[order]
        many = self._many(snapshot)
        for code in np.unique(codes):
            of_it = codes == code
            own = ends[of_it]
            near = np.searchsorted(own, own + _MINUTE_NS, "right") - np.searchsorted(
                own, own - _MINUTE_NS
            )
            found[order[of_it]] = near >= many[code]
        return found

    @property
    def _n_properties(self) -> int:
        return int(self._property.max(initial=-1)) + 1

    def _many(self, snapshot: ObservationSnapshot) -> Float64Array:
        """For each property, so many of its sensors are many."""
        known = self._property[snapshot.counts > 0]
        n_known = np.bincount(known, minlength=self._n_properties)
        many: Float64Array = np.maximum(AGREEING_SHARE * n_known, float(AGREEING))
        return many

    def _is_flat(self, snapshot: ObservationSnapshot) -> BoolArray:
        declared, values = snapshot.declared, snapshot.values
        is_resting = (values == 0.0) | (values == declared.min) | (values == declared.max)
        lasts_s = (snapshot.t_ns - snapshot.changed_ns) / NS_PER_S
        n_before = snapshot.counts - snapshot.repeats
        usual = n_before / np.maximum(snapshot.n_changes, 1)
        is_flat: BoolArray = (
            (snapshot.repeats > FLAT_USUAL * usual)
            & (snapshot.repeats > FLAT_FACTOR * np.maximum(self._longest, 1))
            & (lasts_s > FLAT_FLOOR_S)
            & (snapshot.n_changes >= FLAT_CHANGES)
            & (self._minutes >= FLAT_MINUTES)
            & ~is_resting
            & ~self._rests
        )
        return is_flat

    def _is_noisy(self, snapshot: ObservationSnapshot) -> BoolArray:
        span = np.maximum(snapshot.declared.max - snapshot.declared.min, 0.0)
        span = np.where(span > 0.0, span, np.abs(snapshot.values))
        is_noisy: BoolArray = (
            (self._n_intervals > NOISE_LOOKS)
            & (self._usual > 0.0)
            & (self._wiggle > NOISE_FACTOR * self._usual)
            & (self._wiggle > NOISE_SHARE * span)
            & ~self._rests
        )
        return is_noisy


def resting_by_kind(datastreams: Sequence[Datastream]) -> BoolArray:
    """(n,) bool: states, set points and codes, which stay as they are until somebody moves them."""
    kinds = {one.observed_property: False for one in datastreams}
    for name in kinds:
        kinds[name] = name in RESTING or name.endswith(RESTING_ENDINGS)
    rests: BoolArray = np.array([kinds[one.observed_property] for one in datastreams], bool)
    return rests


def property_codes(datastreams: Sequence[Datastream]) -> Int64Array:
    """(n,) int64: the same number for the same observed property, from 0 on."""
    known: dict[str, int] = {}
    codes = [known.setdefault(one.observed_property, len(known)) for one in datastreams]
    return np.array(codes, np.int64)


def is_out_of_range(values: Float64Array, declared: DeclaredLimits) -> BoolArray:
    """A whole usual range beyond the usual range, or a percentage outside 0 to 100."""
    span = declared.max - declared.min
    with np.errstate(invalid="ignore"):
        beyond = (values < declared.min - span) | (values > declared.max + span)
        odd_percent = declared.is_percent & ((values < -1.0) | (values > 101.0))
    out: BoolArray = (beyond & (span > 0.0)) | odd_percent
    return out
