"""What hangs together in a graph."""

from __future__ import annotations

from collections.abc import Sequence

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


def strong_parts(ahead: Sequence[Sequence[int]]) -> Int64Array:
    """(N,) a number equal for nodes that reach each other (Tarjan's algorithm, without recursion).

    Parameters
    ----------
    ahead : the nodes that each node leads to
    """
    n = len(ahead)
    part = np.full(n, -1, np.int64)
    number, low = [-1] * n, [0] * n
    is_open = bytearray(n)
    waiting: list[int] = []
    counter = n_parts = 0
    for seed in range(n):
        if number[seed] >= 0:
            continue
        path = [(seed, 0)]
        while path:
            node, at = path.pop()
            if at == 0:
                number[node] = low[node] = counter
                counter += 1
                waiting.append(node)
                is_open[node] = 1
            else:  # back from the neighbour before
                low[node] = min(low[node], low[ahead[node][at - 1]])
            for step in range(at, len(ahead[node])):
                other = ahead[node][step]
                if number[other] < 0:
                    path += [(node, step + 1), (other, 0)]
                    break
                if is_open[other]:
                    low[node] = min(low[node], number[other])
            else:
                if low[node] == number[node]:
                    while is_open[node]:
                        member = waiting.pop()
                        is_open[member] = 0
                        part[member] = n_parts
                    n_parts += 1
    return part
