"""The open ground of a city as a raster: what is built over, which block is nearest, how far.

Cells are squares of ``cell_m``; cell (i, j) spans x from ``low[0] + i * cell_m``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from twin.city.asset import Surface, TriangleSoup

#: Cells of the raster: more for more triangles, between these.
FEWEST_CELLS, MOST_CELLS, CELLS_A_TRIANGLE = 450_000, 1_500_000, 6
_FINEST_M, _MARGIN_M = 1.5, 24.0
#: Half of the widest gap between road surfaces (a kerb, a verge) that is filled.
_KERB_M = 2.5
_BUILT = (Surface.WALL, Surface.ROOF, Surface.GROUND)


@dataclass(frozen=True, slots=True)
class OpenGround:
    """A raster of blocks and the ground between them.

    Attributes
    ----------
    low : (2,) local x, y of the raster's corner, metres
    cell_m : width of a cell
    taken : (X, Y) bool, no street may run there (built over, or outside the city)
    block : (X, Y) int64, number of the nearest block, blocks count from 0; 0 is outside
    nearest : (X, Y) int64, flat number of the nearest taken cell
    """

    low: Float64Array
    cell_m: float
    taken: BoolArray
    block: Int64Array
    nearest: Int64Array

    def clearance_m(self, i: Int64Array, j: Int64Array) -> Float64Array:
        """Distance from cells to the nearest taken cell, middle to middle."""
        near = self.nearest[i, j]
        width = self.taken.shape[1]
        away: Float64Array = np.hypot(near // width - i, near % width - j) * self.cell_m
        return away


def built_triangles(soup: TriangleSoup) -> Float32Array:
    """(T, 3, 3) triangles of buildings; of what is not told apart where there are none."""
    built = soup.corners_local_m[np.isin(soup.surfaces, [int(s) for s in _BUILT])]
    return built if len(built) else soup.corners_local_m[soup.surfaces == int(Surface.OTHER)]


def open_ground(built: Float32Array, roads: Float32Array) -> OpenGround:
    """Rasterise a city.

    Parameters
    ----------
    built : (T, 3, 3) triangles of buildings, T > 0
    roads : (R, 3, 3) triangles of road surfaces; where there are some, all else is taken
    """
    everything = np.concatenate([built, roads])[..., :2].reshape(-1, 2).astype(np.float64)
    low = everything.min(axis=0) - _MARGIN_M
    span = everything.max(axis=0) + _MARGIN_M - low
    most = min(MOST_CELLS, max(FEWEST_CELLS, CELLS_A_TRIANGLE * len(built)))
    cell = max(_FINEST_M, math.sqrt(float(span.prod()) / most))
    shape = (int(span[0] / cell) + 1, int(span[1] / cell) + 1)
    houses = _stamped(built, low, cell, shape)
    if len(roads):
        lanes = _closed(_stamped(roads, low, cell, shape), max(1, round(_KERB_M / cell)))
        lanes &= ~houses
        taken, outside = ~lanes, np.zeros(shape, dtype=bool)
    else:
        houses = _closed(houses)
        outside = ~_hull(_grown(houses, max(1, round(0.5 * _MARGIN_M / cell))))
        outside[[0, -1]] = outside[:, [0, -1]] = True
        outside &= ~houses
        taken = houses | outside
    label = _labelled(taken, outside)
    nearest = _nearest(taken)
    return OpenGround(low, cell, taken, label.ravel()[nearest], nearest)


def _stamped(
    triangles: Float32Array, low: Float64Array, cell: float, shape: tuple[int, int]
) -> BoolArray:
    """Cells that triangles cover, seen from above."""
    grid = np.zeros(shape, dtype=bool)
    xy = (triangles[..., :2].astype(np.float64) - low) / cell
    edges = np.roll(xy, -1, axis=1) - xy
    steps = np.ceil(np.hypot(edges[..., 0], edges[..., 1]).max(axis=1) / 0.7).astype(np.int64)
    steps = np.clip(2 ** np.ceil(np.log2(np.maximum(steps, 1))), 1, 2048).astype(np.int64)
    for n in np.unique(steps).tolist():
        group = xy[steps == n]
        u, v = _lattice(n)
        for k in range(0, len(group), max(1, 2_000_000 // len(u))):
            part = group[k : k + max(1, 2_000_000 // len(u))]
            a, b, c = part[:, :1], part[:, 1:2], part[:, 2:]
            points = (a + u[None, :, None] * (b - a) + v[None, :, None] * (c - a)).reshape(-1, 2)
            at = np.clip(points.astype(np.int64), 0, np.array(shape) - 1)
            grid[at[:, 0], at[:, 1]] = True
    return grid


def _lattice(n: int) -> tuple[Float64Array, Float64Array]:
    """Barycentric coordinates of a triangle cut n times along each side."""
    i, j = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    inside = i + j <= n
    return i[inside] / n, j[inside] / n


def _grown(mask: BoolArray, steps: int = 1) -> BoolArray:
    """Spread a mask to the eight neighbours, some times."""
    out = mask.copy()
    for _ in range(steps):
        wide = out.copy()
        wide[1:] |= out[:-1]
        wide[:-1] |= out[1:]
        out = wide.copy()
        out[:, 1:] |= wide[:, :-1]
        out[:, :-1] |= wide[:, 1:]
    return out


def _closed(mask: BoolArray, steps: int = 1) -> BoolArray:
    """Fill gaps of up to two cells a step."""
    return ~_grown(~_grown(mask, steps), steps) | mask


def _hull(mask: BoolArray) -> BoolArray:
    """Cells within the convex hull of a mask that is not empty."""
    i, j = np.nonzero(mask)
    order = np.lexsort((j, i))
    ends = np.flatnonzero(np.diff(i[order], prepend=-1, append=-1))
    rows = np.unique(np.concatenate([ends[:-1], ends[1:] - 1]))
    points = np.column_stack([i[order][rows], j[order][rows]])
    low = _chain(points.tolist())
    high = _chain(points[::-1].tolist())
    ring = np.array(low[:-1] + high[:-1], dtype=np.float64)
    x = np.arange(mask.shape[0])[:, None]
    y = np.arange(mask.shape[1])[None]
    inside = np.ones(mask.shape, dtype=bool)
    if len(ring) < 3:
        return mask
    for (ax, ay), (bx, by) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        inside &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
    return inside


def _chain(points: list[list[int]]) -> list[list[int]]:
    """Half of a convex hull (Andrew's monotone chain) of points in order."""
    out: list[list[int]] = []
    for p in points:
        while len(out) > 1 and _turn(out[-2], out[-1], p) <= 0:
            out.pop()
        out.append(p)
    return out


def _turn(a: list[int], b: list[int], c: list[int]) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _labelled(taken: BoolArray, outside: BoolArray) -> Int64Array:
    """Number the connected groups of taken cells; 0 is all that lies outside."""
    number = np.arange(taken.size).reshape(taken.shape)
    label = np.where(taken, number + 1, 0)
    label[outside] = 1
    while True:
        before = label
        label = _lowest(label, taken)
        root = label.ravel()[np.maximum(label.ravel() - 1, 0)].reshape(label.shape)
        label = np.where(
            taken & ~outside, np.minimum(label, np.where(root > 0, root, label)), label
        )
        if np.array_equal(label, before):
            break
    label = np.where(outside, 0, label)
    return np.unique(label, return_inverse=True)[1].reshape(taken.shape).astype(np.int64)


def _lowest(label: Int64Array, taken: BoolArray) -> Int64Array:
    """Least label of a cell's whole straight run of taken cells, first in x then in y."""
    for axis in (0, 1):
        values = np.moveaxis(label, axis, -1)
        on = np.moveaxis(taken, axis, -1)
        begins = np.ones(on.shape, dtype=bool)
        begins[..., 1:] = on[..., 1:] != on[..., :-1]
        starts = np.flatnonzero(begins.ravel())
        least = np.minimum.reduceat(np.ascontiguousarray(values).ravel(), starts)
        runs = np.cumsum(begins.ravel()) - 1
        label = np.moveaxis(least[runs].reshape(values.shape), -1, axis)
    return np.ascontiguousarray(label)


def _nearest(taken: BoolArray) -> Int64Array:
    """Flat number of the nearest taken cell of every cell (jump flooding)."""
    width = taken.shape[1]
    x = np.arange(taken.shape[0])[:, None]
    y = np.arange(width)[None]
    best = np.where(taken, x * width + y, -1)
    away = np.where(taken, 0, np.iinfo(np.int64).max)
    step = 1 << max(0, (max(taken.shape) - 1).bit_length() - 1)
    jumps = [1]
    while step:
        jumps.append(step)
        step //= 2
    for jump in [*jumps[1:], 1]:
        for dx in (-jump, 0, jump):
            for dy in (-jump, 0, jump):
                if dx or dy:
                    _offer(best, away, dx, dy)
    return best


def _offer(best: Int64Array, away: Int64Array, dx: int, dy: int) -> None:
    """Let every cell take its neighbour's nearest cell where that lies nearer."""
    size_x, size_y = best.shape
    to = (
        slice(max(0, -dx), min(size_x, size_x - dx)),
        slice(max(0, -dy), min(size_y, size_y - dy)),
    )
    of = (slice(max(0, dx), min(size_x, size_x + dx)), slice(max(0, dy), min(size_y, size_y + dy)))
    if to[0].start >= to[0].stop or to[1].start >= to[1].stop:
        return
    offered = best[of]
    x = np.arange(to[0].start, to[0].stop)[:, None]
    y = np.arange(to[1].start, to[1].stop)[None]
    distance = (offered // size_y - x) ** 2 + (offered % size_y - y) ** 2
    better = (offered >= 0) & (distance < away[to])
    best[to] = np.where(better, offered, best[to])
    away[to] = np.where(better, distance, away[to])
