"""The newest observation and the recent history of every slot, as columns.

History is kept time-major, (history, capacity): neighbouring slots that report in step are
written side by side, which is what batches do; reading one slot's history is the rare case.
"""

from __future__ import annotations

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array, UInt8Array

_NS_TO_S = 1e-9
#: Weight of the newest interval in the learned one.
_INTERVAL_WEIGHT = 0.1

Key = slice | Int64Array


class ObservationTable:
    """Columns of length `capacity`. Not thread safe: the store holds the lock.

    Attributes
    ----------
    t_ns, values, quality, received_ns : newest observation of each slot
    counts : observations ever
    interval_s : learned time between observations, 0 before the second
    changed_ns, n_changes, repeats : when the value last changed, how often it did, and how many
        observations in a row have repeated it since
    late : observations older than the newest of their slot; counted and left out
    """

    def __init__(self, *, capacity: int, history: int) -> None:
        self.t_ns = np.zeros(capacity, dtype=np.int64)
        self.values = np.full(capacity, np.nan)
        self.quality = np.zeros(capacity, dtype=np.uint8)
        self.received_ns = np.zeros(capacity, dtype=np.int64)
        self.counts = np.zeros(capacity, dtype=np.int64)
        self.interval_s = np.zeros(capacity)
        self.changed_ns = np.zeros(capacity, dtype=np.int64)
        self.n_changes = np.zeros(capacity, dtype=np.int64)
        self.repeats = np.zeros(capacity, dtype=np.int64)
        self.late = 0
        self._history = history
        self._ring_t = np.zeros((history, capacity), dtype=np.int64)
        self._ring_values = np.zeros((history, capacity))
        self._last_seen_at = np.zeros(capacity, dtype=np.int64)

    def add(
        self,
        slots: Int64Array,
        t_ns: Int64Array,
        values: Float64Array,
        quality: UInt8Array,
        received_ns: int,
    ) -> int:
        """Take in (n,) observations of known slots; how many were kept (not late)."""
        in_time = t_ns >= self.t_ns[slots]
        n_kept = int(np.count_nonzero(in_time))
        if n_kept < len(slots):
            self.late += len(slots) - n_kept
            slots, t_ns, values, quality = (
                slots[in_time], t_ns[in_time], values[in_time], quality[in_time],
            )  # fmt: skip
        if n_kept == 0:
            return 0
        if _is_run(slots):
            run = slice(int(slots[0]), int(slots[-1]) + 1)
            self._add_one_each(run, t_ns, values, quality, received_ns)
        elif self._is_unique(slots):
            self._add_one_each(slots, t_ns, values, quality, received_ns)
        else:
            self._add_several_each(slots, t_ns, values, quality, received_ns)
        return n_kept

    def history_of(self, slot: int) -> tuple[Int64Array, Float64Array]:
        """Times (k,) and values (k,) of one slot, oldest first, k ≤ history."""
        count = int(self.counts[slot])
        order = np.arange(max(0, count - self._history), count) % self._history
        return self._ring_t[order, slot], self._ring_values[order, slot]

    def _is_unique(self, slots: Int64Array) -> bool:
        order = np.arange(len(slots))
        self._last_seen_at[slots] = order
        return bool((self._last_seen_at[slots] == order).all())

    def _add_one_each(
        self, key: Key, t_ns: Int64Array, values: Float64Array, quality: UInt8Array, received: int
    ) -> None:
        counts = self.counts[key]
        ring_at = counts % self._history
        self._write_rings(key, ring_at, t_ns, values)
        is_first = counts == 0
        elapsed_s = np.where(is_first, 0.0, (t_ns - self.t_ns[key]) * _NS_TO_S)
        self.interval_s[key] = _learned(self.interval_s[key], elapsed_s)
        is_same = values == self.values[key]
        self.repeats[key] = (self.repeats[key] + 1) * is_same
        self.n_changes[key] += ~(is_same | is_first)
        self.changed_ns[key] = np.where(is_same, self.changed_ns[key], t_ns)
        self.t_ns[key] = t_ns
        self.values[key] = values
        self.quality[key] = quality
        self.received_ns[key] = received
        self.counts[key] = counts + 1

    def _write_rings(
        self, key: Key, ring_at: Int64Array, t_ns: Int64Array, values: Float64Array
    ) -> None:
        first = int(ring_at[0])
        if isinstance(key, slice) and bool((ring_at == first).all()):
            self._ring_t[first, key] = t_ns
            self._ring_values[first, key] = values
            return
        columns = np.arange(key.start, key.stop) if isinstance(key, slice) else key
        self._ring_t[ring_at, columns] = t_ns
        self._ring_values[ring_at, columns] = values

    def _add_several_each(
        self,
        slots: Int64Array,
        t_ns: Int64Array,
        values: Float64Array,
        quality: UInt8Array,
        received: int,
    ) -> None:
        order = np.lexsort((t_ns, slots))
        slots, t_ns, values, quality = slots[order], t_ns[order], values[order], quality[order]
        starts = np.flatnonzero(np.r_[True, slots[1:] != slots[:-1]])
        sizes = np.diff(np.r_[starts, len(slots)])
        ends, own = starts + sizes - 1, slots[starts]
        rank = np.arange(len(slots)) - np.repeat(starts, sizes)
        is_kept = np.repeat(sizes, sizes) - rank <= self._history
        ring_at = ((self.counts[slots] + rank) % self._history)[is_kept]
        self._ring_t[ring_at, slots[is_kept]] = t_ns[is_kept]
        self._ring_values[ring_at, slots[is_kept]] = values[is_kept]
        is_first = self.counts[own] == 0
        since = np.where(is_first, t_ns[starts], self.t_ns[own])
        n_steps = np.maximum(sizes - is_first, 1)
        elapsed_s = (t_ns[ends] - since) * _NS_TO_S / n_steps
        self.interval_s[own] = _learned(self.interval_s[own], elapsed_s)
        before = np.r_[np.nan, values[:-1]]
        before[starts] = self.values[own]
        self._note_changes(own, starts, sizes, t_ns, is_changed=values != before, is_first=is_first)
        self.t_ns[own], self.values[own] = t_ns[ends], values[ends]
        self.quality[own], self.received_ns[own] = quality[ends], received
        self.counts[own] += sizes

    def _note_changes(
        self,
        own: Int64Array,
        starts: Int64Array,
        sizes: Int64Array,
        t_ns: Int64Array,
        *,
        is_changed: BoolArray,
        is_first: BoolArray,
    ) -> None:
        at = np.where(is_changed, np.arange(len(t_ns)), -1)
        last_change = np.maximum.reduceat(at, starts)
        has_changed = last_change >= 0
        ends = starts + sizes - 1
        self.repeats[own] = np.where(has_changed, ends - last_change, self.repeats[own] + sizes)
        self.n_changes[own] += np.add.reduceat(is_changed.astype(np.int64), starts) - is_first
        self.changed_ns[own] = np.where(has_changed, t_ns[last_change], self.changed_ns[own])


def _is_run(slots: Int64Array) -> bool:
    n_steps = len(slots) - 1
    return int(slots[-1] - slots[0]) == n_steps and bool((np.diff(slots) == 1).all())


def _learned(known_s: Float64Array, elapsed_s: Float64Array) -> Float64Array:
    moved = known_s + _INTERVAL_WEIGHT * (elapsed_s - known_s)
    learned: Float64Array = np.where(
        elapsed_s <= 0.0, known_s, np.where(known_s == 0.0, elapsed_s, moved)
    )
    return learned
