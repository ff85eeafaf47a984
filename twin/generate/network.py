"""The street graph of a set of blocks: pieces between junctions, and bridges over the river."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.city.graph import components
from twin.generate.blocks import Blocks
from twin.generate.macro import StreetLines
from twin.generate.river import River

#: Usual free speed by rank of street, m/s: avenue, main street, street, old lane, embankment.
EMBANKMENT = 4
SPEEDS_MPS = np.array([13.9, 13.9, 8.3, 5.6, 11.1])
_SAME_M = 0.02
#: Least distance between bridges, and the distance that calls for another, in half widths.
_CLOSE_BRIDGES, _FAR_BRIDGES = 5.0, 15.0
#: Longest bridge, in distances between the embankments.
_LONGEST_BRIDGE = 1.7


@dataclass(frozen=True, slots=True)
class Pieces:
    """Street pieces between neighbouring junctions; bridges come last.

    Attributes
    ----------
    nodes : (N, 2) float64
    edges : (M, 2) node rows
    labels : (M,) row of the street lines
    bridge : (M,) bool
    """

    nodes: Float64Array
    edges: Int64Array
    labels: Int64Array
    bridge: BoolArray

    def ends(self) -> tuple[Float64Array, Float64Array]:
        """(M, 2) and (M, 2) where each piece begins and ends."""
        return self.nodes[self.edges[:, 0]], self.nodes[self.edges[:, 1]]


def pieces_of(blocks: Blocks, river: River) -> Pieces:
    """Junctions lie where blocks have corners; streets run where blocks have edges."""
    lines, cells = blocks.lines, blocks.cells
    real = cells.real()
    labels, a, b = cells.labels[real], cells.xy[real], cells.ends()[real]
    direction = lines.directions[labels]
    t_a = ((a - lines.starts[labels]) * direction).sum(axis=1)
    t_b = ((b - lines.starts[labels]) * direction).sum(axis=1)
    label, point, covered = _sweep(labels, t_a, t_b, a, b)
    follows = label[1:] == label[:-1]
    step = point[1:] - point[:-1]
    length = np.hypot(step[:, 0], step[:, 1])
    street = follows & (covered[:-1] > 0) & (length > _SAME_M)
    gap = follows & (covered[:-1] == 0) & (lines.ranks[label[:-1]] <= 1)
    bridge = gap & _spans(point[:-1], point[1:], length, river)
    bridge = _spread(bridge, point[:-1], river, lines.ranks[label[:-1]])
    wanted = np.concatenate([np.flatnonzero(street), np.flatnonzero(bridge)])
    is_bridge = np.arange(len(wanted)) >= int(street.sum())
    pieces = _graph(point[wanted], point[wanted + 1], label[wanted], is_bridge)
    return _largest(_with_more_bridges(pieces, lines, river))


def _sweep(
    labels: Int64Array, t_a: Float64Array, t_b: Float64Array, a: Float64Array, b: Float64Array
) -> tuple[Int64Array, Float64Array, Int64Array]:
    """Along every line, its corners in order and how many block edges cover what follows each."""
    label = np.concatenate([labels, labels])
    t = np.concatenate([t_a, t_b])
    point = np.concatenate([a, b])
    forward = t_b >= t_a
    step = np.concatenate([np.where(forward, 1, -1), np.where(forward, -1, 1)])
    order = np.lexsort((t, label))
    return label[order], point[order], np.cumsum(step[order])


def _spans(start: Float64Array, end: Float64Array, length: Float64Array, river: River) -> BoolArray:
    """Which gaps cross the river from bank to bank, not too much askew."""
    a, b = river.side_m(start), river.side_m(end)
    width = np.abs(a - b)
    wet = np.abs(river.side_m((start + end) / 2)) < river.half_width_m
    return (a * b < 0) & wet & (length < _LONGEST_BRIDGE * width) & (width > river.half_width_m)


def _spread(bridge: BoolArray, start: Float64Array, river: River, ranks: Int64Array) -> BoolArray:
    """Leave out bridges close to a better one; avenues come first."""
    rows = np.flatnonzero(bridge)
    u = start[rows] @ river.along
    kept: list[float] = []
    out = np.zeros_like(bridge)
    apart = _CLOSE_BRIDGES * river.half_width_m
    for k in np.lexsort((u, ranks[rows])):
        if all(abs(u[k] - other) > apart for other in kept):
            kept.append(float(u[k]))
            out[rows[k]] = True
    return out


def _with_more_bridges(pieces: Pieces, lines: StreetLines, river: River) -> Pieces:
    """Add bridges where two lie far apart, from junction to junction of the embankments."""
    bank = lines.ranks[pieces.labels] == EMBANKMENT
    nodes = np.unique(pieces.edges[bank])
    side, u = river.side_m(pieces.nodes[nodes]), pieces.nodes[nodes] @ river.along
    left, right = nodes[side > 0], nodes[side < 0]
    if not len(left) or not len(right):
        return pieces
    gap = float(np.abs(side).min() * 2)
    ends = [float(u[side > 0].min()), float(u[side < 0].min())]
    tops = [float(u[side > 0].max()), float(u[side < 0].max())]
    there = (pieces.nodes[pieces.edges[pieces.bridge, 0]] @ river.along).tolist()
    edges: list[tuple[int, int]] = []
    for middle in np.arange(max(ends), min(tops), _CLOSE_BRIDGES * river.half_width_m):
        if all(abs(middle - other) > _FAR_BRIDGES / 2 * river.half_width_m for other in there):
            near = left[np.abs(pieces.nodes[left] @ river.along - middle).argmin()]
            away = np.hypot(*(pieces.nodes[right] - pieces.nodes[near]).T)
            if away.min() < _LONGEST_BRIDGE * gap:
                edges.append((int(near), int(right[away.argmin()])))
                there.append(float(middle))
    return _joined(pieces, np.array(edges, dtype=np.int64).reshape(-1, 2), lines)


def _joined(pieces: Pieces, bridges: Int64Array, lines: StreetLines) -> Pieces:
    """Add bridges; each is part of the street of best rank that reaches it."""
    labels: list[int] = []
    ranks = lines.ranks[pieces.labels]
    for ends in bridges:
        touching = np.flatnonzero(np.isin(pieces.edges, ends).any(axis=1))
        labels.append(int(pieces.labels[touching[ranks[touching].argmin()]]))
    return Pieces(
        pieces.nodes,
        np.concatenate([pieces.edges, bridges]),
        np.concatenate([pieces.labels, np.array(labels, dtype=np.int64)]),
        np.concatenate([pieces.bridge, np.ones(len(bridges), dtype=bool)]),
    )


def _graph(start: Float64Array, end: Float64Array, labels: Int64Array, bridge: BoolArray) -> Pieces:
    points = np.concatenate([start, end])
    cell = np.round(points * 50).astype(np.int64)
    key = cell[:, 0] * (1 << 31) + cell[:, 1]
    _, first, node = np.unique(key, return_index=True, return_inverse=True)
    edges = node.reshape(2, -1).T
    return Pieces(points[first], edges.astype(np.int64), labels, bridge)


def _largest(pieces: Pieces) -> Pieces:
    """Only the part of the graph that hangs together."""
    if not len(pieces.edges):
        return pieces
    group = components(len(pieces.nodes), pieces.edges)
    main = np.bincount(group[pieces.edges[:, 0]]).argmax()
    keep = group[pieces.edges[:, 0]] == main
    used, edges = np.unique(pieces.edges[keep], return_inverse=True)
    return Pieces(
        pieces.nodes[used],
        edges.reshape(-1, 2).astype(np.int64),
        pieces.labels[keep],
        pieces.bridge[keep],
    )
