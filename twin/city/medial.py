"""Streets along the middle of the open ground: the lines where the nearest block changes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.graph import components
from twin.city.open_ground import OpenGround

#: Streets keep this far from what is taken, measured between middles of cells.
LEAST_CLEARANCE_CELLS = 1.9
ROAD_CLEARANCE_CELLS = 0.9
#: How far a straight piece may leave the middle, and more where there is room.
_TOLERANCE_CELLS, _TOLERANCE_SHARE = 0.9, 0.35
_SHORTEST_SPUR_M = 30.0
_LONGEST_PIECE_M = 140.0


@dataclass(frozen=True, slots=True)
class Ways:
    """Ways of open ground from junction to junction.

    Attributes
    ----------
    nodes : (N, 2) float64 local x, y
    edges : (M, 2) int64
    ways : (M,) int64, number of the way an edge is part of
    clearance_m : (M,) distance to what is built, at the narrower end
    """

    nodes: Float64Array
    edges: Int64Array
    ways: Int64Array
    clearance_m: Float64Array


def ways_of(ground: OpenGround, least_cells: float = LEAST_CLEARANCE_CELLS) -> Ways:
    """Trace the middle lines; only the part that hangs together is kept.

    Parameters
    ----------
    least_cells : narrower ground is no way through, in cells from its middle line
    """
    links = _cracks(ground, least_cells)
    spur = _SHORTEST_SPUR_M / ground.cell_m
    paths = [p for p in _paths(links) if len(p) > spur or not _is_spur(p, links)]
    nodes: dict[int, int] = {}
    edges: list[tuple[int, int]] = []
    ways: list[int] = []
    for number, path in enumerate(paths):
        kept = _straightened(path, ground)
        rows = [nodes.setdefault(corner, len(nodes)) for corner in kept]
        edges += itertools.pairwise(rows)
        ways += [number] * (len(rows) - 1)
    corners = np.array(list(nodes), dtype=np.int64)
    found = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return _main_part(ground, corners, found, np.array(ways, dtype=np.int64))


def _is_spur(path: list[int], links: dict[int, list[int]]) -> bool:
    return len(links[path[0]]) == 1 or len(links[path[-1]]) == 1


def _cracks(ground: OpenGround, least_cells: float) -> dict[int, list[int]]:
    """Neighbours of every cell corner along borders between blocks' surroundings.

    A corner's number is i * (Y + 1) + j for the corner at the low side of cell (i, j).
    """
    block, taken = ground.block, ground.taken
    rows = block.shape[1] + 1
    i, j = np.nonzero(block[1:] != block[:-1])
    starts = [((i + 1) * rows + j, (i + 1) * rows + j + 1, i, j, i + 1, j)]
    i, j = np.nonzero(block[:, 1:] != block[:, :-1])
    starts.append((i * rows + j + 1, (i + 1) * rows + j + 1, i, j, i, j + 1))
    links: dict[int, list[int]] = {}
    least = least_cells * ground.cell_m
    for a, b, i1, j1, i2, j2 in starts:
        room = np.minimum(ground.clearance_m(i1, j1), ground.clearance_m(i2, j2))
        free = ~taken[i1, j1] & ~taken[i2, j2] & (room >= least)
        for p, q in zip(a[free].tolist(), b[free].tolist(), strict=True):
            links.setdefault(p, []).append(q)
            links.setdefault(q, []).append(p)
    return links


def _paths(links: dict[int, list[int]]) -> list[list[int]]:
    """Corner by corner from junction to junction; rings begin anywhere on them."""
    done: set[tuple[int, int]] = set()
    out: list[list[int]] = []
    junctions = [corner for corner, near in links.items() if len(near) != 2]
    for corner in junctions:
        for first in links[corner]:
            if (corner, first) not in done:
                out.append(_walk(links, corner, first, done))
    for corner, near in links.items():
        if len(near) == 2 and (corner, near[0]) not in done and (near[0], corner) not in done:
            out.append(_walk(links, corner, near[0], done))
    return out


def _walk(
    links: dict[int, list[int]], start: int, first: int, done: set[tuple[int, int]]
) -> list[int]:
    path = [start, first]
    done.update(((start, first), (first, start)))
    while path[-1] != start and len(links[path[-1]]) == 2:
        a, b = links[path[-1]]
        following = b if a == path[-2] else a
        done.update(((path[-1], following), (following, path[-1])))
        path.append(following)
    return path


def _straightened(path: list[int], ground: OpenGround) -> list[int]:
    """Leave out corners that hardly bend the path (Douglas and Peucker), in even steps."""
    rows = ground.block.shape[1] + 1
    at = np.array(path)
    xy = np.column_stack([at // rows, at % rows]).astype(np.float64)
    longest = max(4, int(_LONGEST_PIECE_M / ground.cell_m))
    ring = path[0] == path[-1]
    keep = {0, len(path) - 1, *((len(path) // 3, 2 * len(path) // 3) if ring else ())}
    top = np.array(ground.block.shape) - 1
    cell = np.minimum(np.column_stack([at // rows, at % rows]), top)
    room = ground.clearance_m(cell[:, 0], cell[:, 1]) / ground.cell_m
    stack = list(zip(sorted(keep)[:-1], sorted(keep)[1:], strict=True))
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        chord = xy[last] - xy[first]
        size = float(np.hypot(*chord))
        to = xy[first + 1 : last] - xy[first]
        off = np.abs(to[:, 0] * chord[1] - to[:, 1] * chord[0]) / max(size, 1e-9)
        worst = int(off.argmax())
        loose = max(_TOLERANCE_CELLS, _TOLERANCE_SHARE * float(room[first : last + 1].min()))
        bends = bool(off[worst] > loose)
        middle = first + 1 + worst if bends else (first + last) // 2
        if bends or size > longest:
            keep.add(middle)
            stack += [(first, middle), (middle, last)]
    return [path[k] for k in sorted(keep)]


def _main_part(
    ground: OpenGround, corners: Int64Array, edges: Int64Array, ways: Int64Array
) -> Ways:
    """The largest connected part, in metres."""
    if not len(edges):
        return Ways(np.zeros((0, 2)), edges, ways, np.zeros(0))
    edges, first = _distinct(edges)
    ways = ways[first]
    group = components(len(corners), edges)
    main = np.bincount(group[edges[:, 0]]).argmax()
    keep = group[edges[:, 0]] == main
    used, inverse = np.unique(edges[keep], return_inverse=True)
    rows = ground.block.shape[1] + 1
    i, j = corners[used] // rows, corners[used] % rows
    nodes = ground.low + np.column_stack([i, j]) * ground.cell_m
    top = np.array(ground.block.shape) - 1
    room = ground.clearance_m(np.minimum(i, top[0]), np.minimum(j, top[1]))
    kept = inverse.reshape(-1, 2).astype(np.int64)
    return Ways(nodes, kept, ways[keep], room[kept].min(axis=1))


def _distinct(edges: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Edges without loops and doubles, and their rows."""
    proper = np.flatnonzero(edges[:, 0] != edges[:, 1])
    both = np.sort(edges[proper], axis=1)
    _, first = np.unique(both, axis=0, return_index=True)
    first = proper[np.sort(first)]
    return edges[first], first
