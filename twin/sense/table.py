"""The newest observation and the recent history of every slot, as columns.

History is kept time-major, (history, capacity): neighbouring slots that report in step are
written side by side, which is what batches do; reading one slot's history is the rare case.
What only health asks for (interval, changes) is learned from the columns once a second, so that
taking in a batch stays a handful of copies.
"""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array, Int64Array, UInt8Array
from twin.clock import NS_PER_S

#: How often `ObservationTable.learn` looks.
LEARN_EVERY_NS = NS_PER_S
#: Slots that the rings of history have room for at first.
FIRST_WIDTH = 1024
#: Weight of the newest interval in the learned one.
_INTERVAL_WEIGHT = 0.2

Key = slice | Int64Array


class ObservationTable:
    """Columns of length `capacity`. Not thread safe: the store holds the lock.

    Attributes
    ----------
    t_ns, values, quality, received_ns : newest observation of each slot
    counts : observations ever
    interval_s : learned time between observations, 0 before the second
    changed_ns, n_changes, repeats : when the value was last seen to change, how often it was, and
        how many observations have repeated it since; looked at once a second
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
        self._capacity = capacity
        self._ring_t = np.zeros((history, min(capacity, FIRST_WIDTH)), dtype=np.int64)
        self._ring_values = np.zeros(self._ring_t.shape)
        self._place_in_batch = np.zeros(capacity, dtype=np.int64)
        self._learned_ns = 0
        self._learned_t_ns = np.zeros(capacity, dtype=np.int64)
        self._learned_values = np.full(capacity, np.nan)
        self._learned_counts = np.zeros(capacity, dtype=np.int64)

    def add(
        self,
        slots: Int64Array,
        t_ns: Int64Array,
        values: Float64Array,
        quality: UInt8Array,
        received_ns: int,
    ) -> int:
        """Take in (n,) observations of known slots; how many were kept (not late)."""
        run = _run_of(slots)
        key: Key = slots if run is None else run
        in_time = t_ns >= self.t_ns[key]
        if not in_time.all():
            n_late = len(slots) - int(np.count_nonzero(in_time))
            self.late += n_late
            slots, t_ns, values, quality = (
                slots[in_time], t_ns[in_time], values[in_time], quality[in_time],
            )  # fmt: skip
            key, run = slots, None
        if len(slots) == 0:
            return 0
        self._make_room(int(slots.max()) + 1)
        if run is not None or self._is_unique(slots):
            self._add_one_each(key, t_ns, values, quality)
        else:
            self._add_several_each(slots, t_ns, values, quality)
        self.received_ns[key] = received_ns
        return len(slots)

    def clear(self) -> None:
        """Forget every observation."""
        for column in (
            self.t_ns, self.quality, self.received_ns, self.counts, self.changed_ns,
            self.n_changes, self.repeats, self._learned_t_ns, self._learned_counts,
        ):  # fmt: skip
            column[:] = 0
        self.interval_s[:] = 0.0
        self.values[:] = np.nan
        self._learned_values[:] = np.nan
        self._learned_ns = 0

    def learn(self, n_slots: int, now_ns: int) -> None:
        """Learn intervals and changes of the first `n_slots`, at most once a second."""
        if now_ns - self._learned_ns < LEARN_EVERY_NS:
            return
        self._learned_ns = now_ns
        n = slice(0, n_slots)
        n_new = self.counts[n] - self._learned_counts[n]
        is_active = n_new > 0
        was_known = self._learned_counts[n] > 0
        is_same = self.values[n] == self._learned_values[n]
        is_changed = is_active & ~is_same
        elapsed_s = (self.t_ns[n] - self._learned_t_ns[n]) / NS_PER_S / np.maximum(n_new, 1)
        known_s = self.interval_s[n]
        moved_s = known_s + _INTERVAL_WEIGHT * (elapsed_s - known_s)
        learned_s = np.where(known_s == 0.0, elapsed_s, moved_s)
        self.interval_s[n] = np.where(is_active & was_known, learned_s, known_s)
        self.changed_ns[n] = np.where(is_changed, self.t_ns[n], self.changed_ns[n])
        self.n_changes[n] += is_changed & was_known
        self.repeats[n] = np.where(is_changed, 0, self.repeats[n] + n_new)
        self._learned_counts[n] = self.counts[n]
        self._learned_t_ns[n] = self.t_ns[n]
        self._learned_values[n] = self.values[n]

    def history_of(self, slot: int) -> tuple[Int64Array, Float64Array]:
        """Times (k,) and values (k,) of one slot, oldest first, k ≤ history."""
        count = int(self.counts[slot])
        if count == 0:
            return np.empty(0, np.int64), np.empty(0)
        order = np.arange(max(0, count - self._history), count) % self._history
        return self._ring_t[order, slot], self._ring_values[order, slot]

    def at(self, t_ns: int, n_slots: int) -> tuple[Int64Array, Float64Array]:
        """Times and values (n,) of the newest observations up to `t_ns`; 0 and NaN without any.

        Without one means: none had come by then, or the ring does not reach so far back.
        """
        width = min(n_slots, self._ring_t.shape[1])
        counts = self.counts[:width]
        oldest, slots = np.maximum(counts - self._history, 0), np.arange(width)
        low, high = oldest - 1, counts - 1  # the newest that is not later lies in low..high
        while bool((low < high).any()):
            middle = (low + high + 1) // 2
            is_by_then = self._ring_t[middle % self._history, slots] <= t_ns
            low = np.where(is_by_then & (low < high), middle, low)
            high = np.where(is_by_then | (low >= high), high, middle - 1)
        is_known = low >= oldest
        rows = low % self._history
        times, values = np.zeros(n_slots, np.int64), np.full(n_slots, np.nan)
        times[:width] = np.where(is_known, self._ring_t[rows, slots], 0)
        values[:width] = np.where(is_known, self._ring_values[rows, slots], np.nan)
        return times, values

    def _make_room(self, n_slots: int) -> None:
        """Widen the rings for `n_slots`, by doubling.

        They are not made for the whole capacity at once: on systems with huge pages writing one
        narrow row of a wide ring takes memory for all of it.
        """
        width = self._ring_t.shape[1]
        if n_slots <= width:
            return
        more = min(max(2 * width, n_slots), self._capacity) - width
        self._ring_t = np.pad(self._ring_t, ((0, 0), (0, more)))
        self._ring_values = np.pad(self._ring_values, ((0, 0), (0, more)))

    def _is_unique(self, slots: Int64Array) -> bool:
        place = np.arange(len(slots))
        self._place_in_batch[slots] = place
        return bool((self._place_in_batch[slots] == place).all())

    def _add_one_each(
        self, key: Key, t_ns: Int64Array, values: Float64Array, quality: UInt8Array
    ) -> None:
        counts = self.counts[key]
        first = int(counts[0])
        if isinstance(key, slice) and bool((counts == first).all()):
            self._ring_t[first % self._history, key] = t_ns
            self._ring_values[first % self._history, key] = values
        else:
            columns = np.arange(key.start, key.stop) if isinstance(key, slice) else key
            ring_at = counts % self._history
            self._ring_t[ring_at, columns] = t_ns
            self._ring_values[ring_at, columns] = values
        self.t_ns[key] = t_ns
        self.values[key] = values
        self.quality[key] = quality
        self.counts[key] = counts + 1

    def _add_several_each(
        self, slots: Int64Array, t_ns: Int64Array, values: Float64Array, quality: UInt8Array
    ) -> None:
        order = np.lexsort((t_ns, slots))
        slots, t_ns, values, quality = slots[order], t_ns[order], values[order], quality[order]
        starts = np.flatnonzero(np.r_[True, slots[1:] != slots[:-1]])
        sizes = np.diff(np.r_[starts, len(slots)])
        rank = np.arange(len(slots)) - np.repeat(starts, sizes)
        is_kept = np.repeat(sizes, sizes) - rank <= self._history
        ring_at = ((self.counts[slots] + rank) % self._history)[is_kept]
        self._ring_t[ring_at, slots[is_kept]] = t_ns[is_kept]
        self._ring_values[ring_at, slots[is_kept]] = values[is_kept]
        ends, own = starts + sizes - 1, slots[starts]
        self.t_ns[own] = t_ns[ends]
        self.values[own] = values[ends]
        self.quality[own] = quality[ends]
        self.counts[own] += sizes


def _run_of(slots: Int64Array) -> slice | None:
    """The slots as a slice where they count up one by one: no gathering is needed then."""
    first, last = int(slots[0]), int(slots[-1])
    if last - first == len(slots) - 1 and bool((slots[1:] - slots[:-1] == 1).all()):
        return slice(first, last + 1)
    return None
