"""One branch of the tileset: the squares below a node, down to full detail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from twin.arrays import BoolArray, Int64Array
from twin.city.asset import Surface, TriangleSoup
from twin.importing.boxes import Boxes, fitted
from twin.importing.coarse import Coarse, combined
from twin.importing.ground import FLAT_SURFACES, flat_rows
from twin.importing.lit import Lit, joined
from twin.importing.morton import DEPTH, Node
from twin.importing.threes import greatest, least
from twin.importing.tile_table import Table, TileWriter
from twin.importing.tree import TileNode

#: A square with more is quartered.
LEAF_FEATURES, LEAF_TRIANGLES = 2_000, 30_000


@dataclass(slots=True, kw_only=True)
class Branch:
    """All of a square in memory, from which its tiles are made.

    Attributes
    ----------
    lit : triangles of the n near features, sorted; ``features`` are rows of ``table``
    keys : (n,) Morton numbers, rising
    wide, wide_keys : triangles of wide features, by Morton number
    table : the n near features, then the wide ones
    """

    lit: Lit
    keys: Int64Array
    wide: Lit
    wide_keys: Int64Array
    table: Table
    writer: TileWriter
    tick: Callable[[], None] = field(default=lambda: None)
    firsts: Int64Array = field(init=False)
    built: BoolArray = field(init=False)
    flat: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.keys)
        self.firsts = np.searchsorted(self.lit.features, np.arange(n + 1))
        surfaces = self.lit.surfaces()
        plain = np.isin(surfaces, FLAT_SURFACES)
        hard = (~plain) & (surfaces != Surface.MARKING)
        self.built = np.bincount(self.lit.features[hard], minlength=n) > 0
        loose = np.flatnonzero(~self.built[self.lit.features])
        self.flat = _is_low(self.lit.taken(loose), n)

    def build(self, node: Node, *, is_root: bool = True) -> list[Coarse]:
        """Write all tiles of a square: one for a root that holds something, else any number."""
        low, high = np.searchsorted(self.keys, [node.first, node.end]).tolist()
        wide_low, wide_high = np.searchsorted(self.wide_keys, [node.first, node.end]).tolist()
        n = int(self.firsts[high] - self.firsts[low]) + wide_high - wide_low
        if n == 0:
            return []
        if node.depth == DEPTH or (high - low <= LEAF_FEATURES and n <= LEAF_TRIANGLES):
            return [self._leaf(node, slice(low, high), slice(wide_low, wide_high))]
        below = [one for child in node.children() for one in self.build(child, is_root=False)]
        return combined(node, below, self.table, self.writer, is_root=is_root)

    def _leaf(self, node: Node, near: slice, far: slice) -> Coarse:
        self.tick()
        lit = joined(
            [self.lit.taken(slice(self.firsts[near.start], self.firsts[near.stop])),
             self.wide.taken(far)]
        )  # fmt: skip
        used, local = np.unique(lit.features, return_inverse=True)
        table = self.table.taken(used.astype(np.int64))
        own = Lit(
            corners_local_m=lit.corners_local_m,
            features=local.astype(np.int32),
            code_light=lit.code_light,
        )
        rows = self.writer.rows_of(table, np.ones(len(used), np.int64), with_ground=False)
        file = self.writer.write(node.name, own, rows, 0)
        tile = TileNode(
            bounds=lit.bounds_local_m().tolist(),
            error_m=0.0,
            uri=file,
            node=node.name,
            n_triangles=lit.n_triangles,
        )
        return Coarse(
            tile=tile, boxes=self._boxes(near), raster=None, ground=self._ground(near, far)
        )

    def _boxes(self, near: slice) -> Boxes | None:
        part = slice(self.firsts[near.start], self.firsts[near.stop])
        rows = np.flatnonzero(self.built[self.lit.features[part]]) + part.start
        if not len(rows):
            return None
        return fitted(
            TriangleSoup(
                corners_local_m=self.lit.corners_local_m[rows],
                features=self.lit.features[rows],
                surfaces=self.lit.code_light[rows, 0].astype(np.uint8),
            )
        )

    def _ground(self, near: slice, far: slice) -> Lit:
        part = self.lit.taken(slice(self.firsts[near.start], self.firsts[near.stop]))
        part = joined([part.taken(self.flat[part.features]), self.wide.taken(far)])
        return part.taken(flat_rows(part.surfaces(), part.corners_local_m))


def _is_low(lit: Lit, n: int) -> BoolArray:
    """(n,) whether a feature is wider than high, so that it can be drawn as ground.

    ``lit`` is sorted by feature; those without a triangle in it are not.
    """
    low = np.zeros(n, bool)
    starts = np.flatnonzero(np.diff(lit.features, prepend=-1))
    if not len(starts):
        return low
    spans = [
        np.maximum.reduceat(greatest(lit.corners_local_m[:, :, axis]), starts)
        - np.minimum.reduceat(least(lit.corners_local_m[:, :, axis]), starts)
        for axis in range(3)
    ]
    low[lit.features[starts]] = spans[2] <= 0.5 * np.maximum(spans[0], spans[1])
    return low
