"""From the u4 indices of a source's batches to the slots of a store."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import Int32Array, Int64Array, UInt32Array

#: An index must be below this, so that the lookup stays one array a source.
MAX_INDEX = 1 << 20
#: Entries of all sources together (4 bytes each).
MAX_TOTAL_ENTRIES = 1 << 25


@dataclass(slots=True)
class _Row:
    epoch: str
    slots: Int32Array  # the last entry stays -1, so that a clipped lookup ends there


class IndexTable:
    """Slot by source and index. Not thread safe: its store holds the lock."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._n_entries = 0

    def begin(self, source: str, epoch: str) -> None:
        """Take notice of an announcement; a new epoch forgets what the old indices meant."""
        row = self._rows.get(source)
        if row is None or row.epoch != epoch:
            self._n_entries -= 0 if row is None else len(row.slots)
            self._rows[source] = _Row(epoch, np.full(1, -1, dtype=np.int32))
            self._n_entries += 1

    def bind(self, source: str, index: int, slot: int) -> bool:
        """`bind_all` of one; False where there is no room."""
        return not self.bind_all(source, np.array([index]), np.array([slot]))

    def bind_all(self, source: str, indices: Int64Array, slots: Int64Array) -> list[int]:
        """Let indices (n,) of a source (after `begin`) mean slots (n,); -1 = none, left as it is.

        Returns
        -------
        list of int
            Rows of those for which there is no room.
        """
        row = self._rows[source]
        fits = (indices >= 0) & (indices < MAX_INDEX)
        wanted = slots >= 0
        highest = int(indices[fits & wanted].max(initial=-1))
        if highest >= len(row.slots) - 1 and not self._grow(row, highest):
            fits &= indices < len(row.slots) - 1
        bound = fits & wanted
        row.slots[indices[bound]] = slots[bound]
        return np.flatnonzero(wanted & ~fits).tolist()

    def _grow(self, row: _Row, index: int) -> bool:
        size = (1 << max(index + 1, 64).bit_length()) + 1
        if self._n_entries + size - len(row.slots) > MAX_TOTAL_ENTRIES:
            return False
        grown = np.full(size, -1, dtype=np.int32)
        grown[: len(row.slots)] = row.slots
        self._n_entries += size - len(row.slots)
        row.slots = grown
        return True

    def lookup(self, source: str, indices: UInt32Array, epoch: str) -> Int64Array:
        """(n,) slots, -1 for what was not announced; all -1 for an epoch not announced."""
        row = self._rows.get(source)
        if row is None or (epoch and epoch != row.epoch):
            return np.full(len(indices), -1, dtype=np.int64)
        return row.slots.take(indices, mode="clip").astype(np.int64)
