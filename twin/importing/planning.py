"""How the city is shared out into branches of the tileset, from counts a cell alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.arrays import Int64Array
from twin.importing.morton import DEPTH, Node, smallest_node
from twin.importing.spill import CELL_DEPTH, read_cells

#: Most of a branch; it is held in memory by one worker.
BRANCH_FEATURES, BRANCH_TRIANGLES = 60_000, 700_000
_SHIFT = 2 * (DEPTH - CELL_DEPTH)


@dataclass(frozen=True, slots=True)
class Plan:
    """The squares of the branches in Morton order, and their features.

    Attributes
    ----------
    root : the square around all
    """

    root: Node
    branches: tuple[Node, ...]
    n_features: tuple[int, ...]


def planned(chunks: Sequence[Path]) -> Plan | None:
    """Quarter the city until every square is small enough; None where there is nothing."""
    cells, features, triangles = _counted(chunks)
    if not len(cells):
        return None
    sums = np.concatenate([[0], np.cumsum(features)]), np.concatenate([[0], np.cumsum(triangles)])
    found: list[tuple[Node, int]] = []

    def split(node: Node) -> None:
        low, high = np.searchsorted(cells, [node.first >> _SHIFT, node.end >> _SHIFT]).tolist()
        n, t = (int(one[high] - one[low]) for one in sums)
        if n == 0 and t == 0:
            return
        if node.depth >= CELL_DEPTH or (n <= BRANCH_FEATURES and t <= BRANCH_TRIANGLES):
            found.append((node, n))
            return
        for child in node.children():
            split(child)

    root = smallest_node(int(cells[0]) << _SHIFT, ((int(cells[-1]) + 1) << _SHIFT) - 1)
    split(root)
    return Plan(root, tuple(node for node, _ in found), tuple(n for _, n in found))


def _counted(chunks: Sequence[Path]) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Cells of all chunks, rising, with their sums."""
    cells = features = triangles = np.zeros(0, np.int64)
    for base in chunks:
        more = read_cells(base)
        every = np.concatenate([cells, more[0]])
        cells, group = np.unique(every, return_inverse=True)
        features = np.bincount(group, np.concatenate([features, more[1]]), len(cells)).astype(
            np.int64
        )
        triangles = np.bincount(group, np.concatenate([triangles, more[2]]), len(cells)).astype(
            np.int64
        )
    return cells, features, triangles
