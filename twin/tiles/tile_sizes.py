"""How much memory tiles take that were never loaded: the mean of their level."""

from __future__ import annotations

import numpy as np

from twin.arrays import Int64Array
from twin.tiles.budget import MIB
from twin.tiles.tree import TileTree

#: What a tile is taken to hold before the first was loaded.
_GUESSED_BYTES = MIB


class TileSizes:
    """Learned from the tiles that come in. GUI thread."""

    def __init__(self) -> None:
        self._levels: dict[int, tuple[int, int]] = {}

    def note(self, level: int, n_bytes: int) -> None:
        """A tile of a level came in."""
        total, count = self._levels.get(level, (0, 0))
        self._levels[level] = (total + n_bytes, count + 1)

    def usual(self) -> int:
        """Bytes of a tile of any level."""
        totals = list(self._levels.values())
        count = sum(n for _, n in totals)
        return sum(total for total, _ in totals) // count if count else _GUESSED_BYTES

    def of(self, tree: TileTree, nodes: Int64Array) -> Int64Array:
        """(N,) bytes of nodes: known, else the mean of their level."""
        known = tree.n_bytes[nodes]
        n_levels = int(tree.level[: tree.n].max(initial=0)) + 1
        means = np.full(n_levels, self.usual(), np.int64)
        for level, (total, count) in self._levels.items():
            means[level] = total // count
        return np.where(known > 0, known, means[tree.level[nodes]])
