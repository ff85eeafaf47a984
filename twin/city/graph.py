"""What hangs together in a graph."""

from __future__ import annotations

import numpy as np

from twin.arrays import Int64Array


def components(n_nodes: int, edges: Int64Array) -> Int64Array:
    """(n_nodes,) a number equal for nodes that are connected (the lowest node of each group)."""
    group = np.arange(n_nodes)
    a, b = edges[:, 0], edges[:, 1]
    while True:
        low = np.minimum(group[a], group[b])
        before = group.copy()
        np.minimum.at(group, group[a], low)
        np.minimum.at(group, group[b], low)
        group = group[group[group]]
        if np.array_equal(group, before):
            return group
