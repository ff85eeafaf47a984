"""Moving units: where each one is now, interpolated one interval behind its newest position."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int64Array, UInt32Array
from twin.clock import NS_PER_S, Clock
from twin.sense.catalogue import MAX_REFUSED_NAMES
from twin.sense.index_table import IndexTable
from twin.sense.model import Announcement, Unit

MIN_HISTORY = 8
MIN_INTERVAL_S = 0.1
MAX_INTERVAL_S = 30.0
#: Transport delay up to this is made up for by drawing so much further behind.
MAX_LAG_S = 5.0
#: A heading is computed from the motion only when the unit moved this far.
MIN_MOTION_M = 0.5
_WEIGHT = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsNow:
    """All units at one moment, by slot.

    Attributes
    ----------
    xyz_local_m : (n, 3) float32; NaN where never seen
    heading_rad : (n,) float32, clockwise from north, -pi to pi; NaN where not known
    age_s : (n,) float32, seconds since the newest position; inf where never seen
    """

    xyz_local_m: Float32Array
    heading_rad: Float32Array
    age_s: Float32Array


class UnitStore:
    """Units and their last positions. Every method may be called on any thread.

    Parameters
    ----------
    capacity : most units; what does not fit is counted and named
    history : positions kept a unit, at least 8
    """

    def __init__(self, *, capacity: int, history: int, clock: Clock) -> None:
        if capacity < 1 or history < MIN_HISTORY:
            raise ValueError(f"capacity must be at least 1 and history at least {MIN_HISTORY}")
        self._capacity = capacity
        self._history = history
        self._clock = clock
        self._lock = threading.Lock()
        self._indices = IndexTable()
        self._units: list[Unit] = []
        self._slot_by_id: dict[str, int] = {}
        self._owner: list[str] = []
        self._refused: dict[str, None] = {}
        self._snapshot: Sequence[Unit] = ()
        self._published = 0
        # Columns are right-aligned: the newest position of a unit is at [slot, -1].
        self._t_ns = np.zeros((capacity, history), dtype=np.int64)
        self._xyz = np.full((capacity, history, 3), np.nan)
        self._heading = np.full((capacity, history), np.nan)
        self._n_known = np.zeros(capacity, dtype=np.int64)
        self._interval_s = np.full(capacity, 1.0)
        self._lag_s = np.zeros(capacity)
        self.late = 0
        self.refused = 0
        self.version = 0
        self.catalogue_version = 0

    @property
    def units(self) -> Sequence[Unit]:
        """Units by slot: an immutable snapshot."""
        with self._lock:
            if self._published != self.catalogue_version:
                self._snapshot = tuple(self._units)
                self._published = self.catalogue_version
            return self._snapshot

    @property
    def refused_names(self) -> tuple[str, ...]:
        """Names of the first 20 units that did not fit."""
        with self._lock:
            return tuple(self._refused)

    def announce(self, announcement: Announcement) -> None:
        """Add or replace a source's units, and learn its indices."""
        if not announcement.units:
            return
        with self._lock:
            self._indices.begin(announcement.source, announcement.epoch)
            for unit in announcement.units:
                slot = self._put(announcement.source, unit)
                if slot >= 0 and not self._indices.bind(announcement.source, unit.index, slot):
                    self._refuse(f"{unit.id} (index {unit.index})")

    def observe(self, source: str, unit: Unit) -> int:
        """Add one self-announced unit; its slot, or -1 when the store is full."""
        with self._lock:
            return self._put(source, unit)

    def slots_of(self, source: str, indices: UInt32Array, epoch: str = "") -> Int64Array:
        """(n,) slots of a source's indices; -1 where not announced (in that epoch)."""
        with self._lock:
            return self._indices.lookup(source, indices, epoch)

    def slot_of(self, unit_id: str) -> int:
        """Slot of a unit, -1 unknown."""
        with self._lock:
            return self._slot_by_id.get(unit_id, -1)

    def add(
        self,
        slots: Int64Array,
        t_ns: Int64Array,
        xyz_local_m: Float32Array,
        heading_rad: Float32Array,
        now_ns: int | None = None,
    ) -> int:
        """Take in positions; how many were kept (known slot, placeable, newer than the last).

        Parameters
        ----------
        slots : (n,) int64; negative ones are left out
        t_ns : (n,) int64
        xyz_local_m : (n, 3); rows with NaN are left out
        heading_rad : (n,); NaN = compute it from the motion
        now_ns : when they arrived, None = now
        """
        good = (slots >= 0) & np.isfinite(xyz_local_m).all(axis=1)
        order = np.flatnonzero(good)
        order = order[np.lexsort((t_ns[order], slots[order]))]
        now_ns = self._clock.now_ns() if now_ns is None else now_ns
        n_kept = 0
        with self._lock:
            while len(order):  # one round for each further position of the same unit
                is_first = np.r_[True, np.diff(slots[order]) != 0]
                rows, order = order[is_first], order[~is_first]
                n_kept += self._push(
                    slots[rows], t_ns[rows], xyz_local_m[rows], heading_rad[rows], now_ns
                )
            self.version += n_kept > 0
        return n_kept

    def clear(self) -> None:
        """Forget every position, and keep the catalogue: another moment is going to be shown."""
        with self._lock:
            self._t_ns[:] = 0
            self._xyz[:] = np.nan
            self._heading[:] = np.nan
            self._n_known[:] = 0
            self._interval_s[:] = 1.0
            self._lag_s[:] = 0.0
            self.version += 1

    def at(self, t_ns: int) -> UnitsNow:
        """Where all units are at `t_ns`, each drawn its own interval (and lag) behind.

        A unit whose next position is late stays at its last one: nothing is extrapolated.
        """
        with self._lock:
            n = len(self._units)
            times, xyz, heading = self._t_ns[:n], self._xyz[:n], self._heading[:n]
            delay_s = self._interval_s[:n] + self._lag_s[:n]
            drawn_ns = t_ns - (delay_s * NS_PER_S).astype(np.int64)
            first = self._history - np.maximum(self._n_known[:n], 1)
            upper = np.clip(
                np.count_nonzero(times <= drawn_ns[:, None], axis=1), first, self._history - 1
            )
            lower = np.maximum(upper - 1, first)
            rows = np.arange(n)
            t0, t1 = times[rows, lower], times[rows, upper]
            part = np.clip((drawn_ns - t0) / np.maximum(t1 - t0, 1), 0.0, 1.0)
            start, end = xyz[rows, lower], xyz[rows, upper]
            where = start + (end - start) * part[:, None]
            facing = _turned(heading[rows, lower], heading[rows, upper], part)
            newest = times[:, -1]
            age_s = np.where(self._n_known[:n] > 0, (t_ns - newest) / NS_PER_S, np.inf)
        return UnitsNow(
            xyz_local_m=where.astype(np.float32),
            heading_rad=facing.astype(np.float32),
            age_s=np.maximum(age_s, 0.0).astype(np.float32),
        )

    def trail(self, slot: int) -> Float32Array:
        """(k, 3) float32, the last positions of one unit, oldest first, local metres."""
        with self._lock:
            first = self._history - int(self._n_known[slot])
            return self._xyz[slot, first:].astype(np.float32)

    def last_seen_ns(self, slot: int) -> int:
        """Time of the newest position of one unit, 0 = never."""
        with self._lock:
            return int(self._t_ns[slot, -1])

    def _put(self, source: str, unit: Unit) -> int:
        slot = self._slot_by_id.get(unit.id, -1)
        if slot >= 0:
            if self._units[slot] != unit and self._owner[slot] == source:
                self._units[slot] = unit
                self._note_change()
            return slot
        if len(self._units) >= self._capacity:
            self._refuse(unit.id)
            return -1
        self._units.append(unit)
        self._owner.append(source)
        self._slot_by_id[unit.id] = len(self._units) - 1
        self._note_change()
        return len(self._units) - 1

    def _note_change(self) -> None:
        self.catalogue_version += 1
        self.version += 1

    def _refuse(self, name: str) -> None:
        if name not in self._refused:
            self.refused += 1
            if len(self._refused) < MAX_REFUSED_NAMES:
                self._refused[name] = None

    def _push(
        self,
        slots: Int64Array,
        t_ns: Int64Array,
        xyz: Float32Array,
        heading: Float32Array,
        now_ns: int,
    ) -> int:
        """Append one position to each of distinct units."""
        newer = t_ns > self._t_ns[slots, -1]
        self.late += int(np.count_nonzero(~newer))
        slots, t_ns, xyz, heading = slots[newer], t_ns[newer], xyz[newer], heading[newer]
        step_s = (t_ns - self._t_ns[slots, -1]) / NS_PER_S
        self._learn(slots, step_s, np.clip((now_ns - t_ns) / NS_PER_S, 0.0, MAX_LAG_S))
        facing = self._facing(slots, xyz, heading.astype(np.float64))
        for column in (self._t_ns, self._xyz, self._heading):
            column[slots, :-1] = column[slots, 1:]
        self._t_ns[slots, -1] = t_ns
        self._xyz[slots, -1] = xyz
        self._heading[slots, -1] = facing
        self._n_known[slots] = np.minimum(self._n_known[slots] + 1, self._history)
        return len(slots)

    def _learn(self, slots: Int64Array, step_s: Float64Array, lag_s: Float64Array) -> None:
        known = self._n_known[slots]
        step_s = np.clip(step_s, MIN_INTERVAL_S, MAX_INTERVAL_S)
        old = self._interval_s[slots]
        calm_s = np.minimum(step_s, 3.0 * old)  # one pause must not set a unit far back
        learned = np.where(known == 1, step_s, old + _WEIGHT * (calm_s - old))
        self._interval_s[slots] = np.where(known == 0, old, learned)
        old = self._lag_s[slots]
        self._lag_s[slots] = np.where(known == 0, lag_s, old + _WEIGHT * (lag_s - old))

    def _facing(self, slots: Int64Array, xyz: Float32Array, heading: Float64Array) -> Float64Array:
        step = xyz[:, :2] - self._xyz[slots, -1, :2]
        with np.errstate(invalid="ignore"):
            has_moved = np.hypot(step[:, 0], step[:, 1]) >= MIN_MOTION_M
        computed = np.where(has_moved, np.arctan2(step[:, 0], step[:, 1]), self._heading[slots, -1])
        return np.where(np.isfinite(heading), heading, computed)


def _turned(start: Float64Array, end: Float64Array, part: Float64Array) -> Float64Array:
    """Interpolate angles the short way round; an unknown start takes the end."""
    start = np.where(np.isnan(start), end, start)
    angle = start + _wrapped(end - start) * part
    return _wrapped(angle)


def _wrapped(angle: Float64Array) -> Float64Array:
    wrapped: Float64Array = (angle + np.pi) % (2.0 * np.pi) - np.pi
    return wrapped
