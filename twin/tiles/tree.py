"""The nodes of all streamed sources as growing columns, so that choosing among them is quick.

A node enters when its parent is first refined: what nobody looks at costs nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.tiles.content import NodeRecord

_LEAST = 256


class Content(enum.IntEnum):
    """State of what a node has to draw."""

    NONE = 0
    WANTING = 1
    LOADED = 2
    FAILED = 3


class Below(enum.IntEnum):
    """State of a node's children."""

    NONE = 0
    #: Known to the record, not yet in the tree.
    FOLDED = 1
    #: Behind `TileSource.expand`.
    REMOTE = 2
    IN_TREE = 3


class TileTree:
    """Struct of arrays; a node is its row. One thread.

    Attributes
    ----------
    n : number of nodes
    roots : (R,) the first node of each source
    hidden_sources : numbers of the sources that nobody is to see or load
    records : the record of each node
    centre_m : (n, 3); half_m : (n, 3, 3); axes : (n, 3, 3) unit; lengths_m : (n, 3) half lengths
    radius_m : (n,) of the box's sphere
    error_m : (n,) geometric error
    is_additive : (n,) bool
    parent, first_child, n_children, source, level : (n,) whole numbers
    content : (n,) `Content`; below : (n,) `Below`
    n_loaded_below : (n,) how many descendants are loaded
    n_bytes : (n,) of the loaded content, or of the last time it was loaded, 0 = never
    last_used : (n,) number of the traversal that last met it
    retry_ns : (n,) not to be asked for before this moment
    """

    def __init__(self) -> None:
        self.n = 0
        self.roots: Int64Array = np.empty(0, np.int64)
        self.hidden_sources: set[int] = set()
        self.records: list[NodeRecord] = []
        self._size = 0
        self.centre_m: Float64Array = np.empty((0, 3))
        self.half_m: Float64Array = np.empty((0, 3, 3))
        self.axes: Float64Array = np.empty((0, 3, 3))
        self.lengths_m: Float64Array = np.empty((0, 3))
        self.radius_m: Float64Array = np.empty(0)
        self.error_m: Float64Array = np.empty(0)
        self.is_additive: BoolArray = np.empty(0, bool)
        self.parent: Int64Array = np.empty(0, np.int64)
        self.first_child: Int64Array = np.empty(0, np.int64)
        self.n_children: Int64Array = np.empty(0, np.int64)
        self.source: Int64Array = np.empty(0, np.int64)
        self.level: Int64Array = np.empty(0, np.int64)
        self.content = np.empty(0, np.uint8)
        self.below = np.empty(0, np.uint8)
        self.n_loaded_below: Int64Array = np.empty(0, np.int64)
        self.n_bytes: Int64Array = np.empty(0, np.int64)
        self.last_used: Int64Array = np.empty(0, np.int64)
        self.retry_ns: Int64Array = np.empty(0, np.int64)

    def add_root(self, source: int, record: NodeRecord) -> int:
        """Take the first node of a source; returns its row."""
        row = self._add([record], parent=-1, source=source, level=0)
        self.roots = np.append(self.roots, row)
        return row

    def shown_roots(self) -> Int64Array:
        """Roots of the sources that are not hidden."""
        hidden = np.array(sorted(self.hidden_sources), np.int64)
        return self.roots[~np.isin(self.source[self.roots], hidden)]

    def unfold(self, node: int) -> None:
        """Bring the children that a node's record knows into the tree."""
        if self.below[node] == Below.FOLDED:
            self._add_children(node, self.records[node].children)

    def expand(self, node: int, children: Sequence[NodeRecord]) -> None:
        """Give a node the children that were behind `TileSource.expand`."""
        self._add_children(node, (*self.records[node].children, *children))

    def set_loaded(self, node: int, n_bytes: int) -> None:
        """Note that a node's content is here."""
        self.content[node] = Content.LOADED
        self.n_bytes[node] = n_bytes
        self._count_below(node, 1)

    def set_unloaded(self, node: int) -> None:
        """Note that a node's content is gone again."""
        self.content[node] = Content.WANTING
        self._count_below(node, -1)

    def loaded(self) -> Int64Array:
        """Rows of all nodes whose content is here."""
        return np.flatnonzero(self.content[: self.n] == Content.LOADED)

    def bounds_min_max_local_m(self) -> Float64Array:
        """(6,) box around all roots, metres; zeros without any."""
        if not len(self.roots):
            return np.zeros(6)
        centre = self.centre_m[self.roots]
        reach = np.abs(self.half_m[self.roots]).sum(axis=1)
        return np.concatenate([(centre - reach).min(axis=0), (centre + reach).max(axis=0)])

    def children_of(self, nodes: Int64Array) -> tuple[Int64Array, Int64Array]:
        """All children of some nodes, and for each the position of its parent in ``nodes``."""
        counts = self.n_children[nodes]
        place = np.repeat(np.arange(len(nodes)), counts)
        offset = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.first_child[nodes][place] + offset, place

    # -- inside -----------------------------------------------------------------------------

    def _count_below(self, node: int, step: int) -> None:
        above = int(self.parent[node])
        while above >= 0:
            self.n_loaded_below[above] += step
            above = int(self.parent[above])

    def _add_children(self, node: int, records: Sequence[NodeRecord]) -> None:
        if not records:
            self.below[node] = Below.NONE
            return
        level, source = int(self.level[node]) + 1, int(self.source[node])
        first = self._add(list(records), parent=node, source=source, level=level)
        self.first_child[node], self.n_children[node] = first, len(records)
        self.below[node] = Below.IN_TREE

    def _add(self, records: list[NodeRecord], *, parent: int, source: int, level: int) -> int:
        first, end = self.n, self.n + len(records)
        self._grow(end)
        self.n = end
        self.records += records
        rows = slice(first, end)
        half = np.array([record.half_axes_local_m for record in records], float)
        self.centre_m[rows] = [record.centre_local_m for record in records]
        self.half_m[rows] = half
        self.axes[rows], self.lengths_m[rows] = unit_axes(half)
        self.radius_m[rows] = np.sqrt((self.lengths_m[rows] ** 2).sum(axis=1))
        self.error_m[rows] = [record.geometric_error_m for record in records]
        self.is_additive[rows] = [record.is_additive for record in records]
        self.parent[rows], self.source[rows], self.level[rows] = parent, source, level
        self.content[rows] = [
            Content.WANTING if record.contents else Content.NONE for record in records
        ]
        self.below[rows] = [_below(record) for record in records]
        self.last_used[rows] = -1
        return first

    def _grow(self, end: int) -> None:
        if end <= self._size:
            return
        size = max(end, 2 * self._size, _LEAST)
        for name in _COLUMNS:
            old = vars(self)[name]
            new = np.zeros((size, *old.shape[1:]), old.dtype)
            new[: len(old)] = old
            vars(self)[name] = new
        self._size = size


_COLUMNS = (
    "centre_m", "half_m", "axes", "lengths_m", "radius_m", "error_m", "is_additive", "parent",
    "first_child", "n_children", "source", "level", "content", "below", "n_loaded_below",
    "n_bytes", "last_used", "retry_ns",
)  # fmt: skip


def unit_axes(half_m: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Unit axes and half lengths of boxes; a flat box gets the missing axis across the others.

    Parameters
    ----------
    half_m : (N, 3, 3), rows = half axes

    Returns
    -------
    (N, 3, 3) and (N, 3)
    """
    lengths = np.sqrt((half_m**2).sum(axis=2))
    axes = half_m / np.maximum(lengths, 1e-12)[:, :, None]
    for axis in range(3):
        flat = np.flatnonzero(lengths[:, axis] < 1e-9)
        if len(flat):
            across = np.cross(axes[flat, (axis + 1) % 3], axes[flat, (axis + 2) % 3])
            norm = np.linalg.norm(across, axis=1)
            axes[flat, axis] = across / np.maximum(norm, 1e-12)[:, None]
    return axes, lengths


def _below(record: NodeRecord) -> Below:
    if record.has_more:
        return Below.REMOTE
    return Below.FOLDED if record.children else Below.NONE
