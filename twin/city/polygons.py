"""Polygons with holes as flat arrays, and their triangles.

Triangles, simple quads and convex polygons are split by numpy in one go; only the rest goes
through earcut, one call a polygon.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import mapbox_earcut
import numpy as np
from numpy.typing import NDArray

from twin.arrays import BoolArray, Float64Array, Int64Array

#: Polygons with more corners than this go to earcut without a convexity check.
MAX_FAN_CORNERS = 16
#: Polygons taken at once.
BLOCK_SURFACES = 8192
#: Twice the area in square metres below which a polygon counts as degenerate.
MIN_DOUBLE_AREA_M2 = 1e-9
#: Turns smaller than this share of the polygon's size count as straight.
STRAIGHT = 1e-9

_PLANE_AXES = np.array([[1, 2], [2, 0], [0, 1]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygons:
    """Many polygons in space that share vertices.

    Attributes
    ----------
    vertices : (V, 3) float64, metres
    corners : (K,) int64, index into ``vertices``, ring after ring
    ring_sizes : (R,) int64, corners of each ring
    surface_rings : (S,) int64, rings of each polygon; the first ring is the outer one
    """

    vertices: Float64Array
    corners: Int64Array
    ring_sizes: Int64Array
    surface_rings: Int64Array

    @property
    def n_surfaces(self) -> int:
        """How many polygons."""
        return len(self.surface_rings)

    def ring_surfaces(self) -> Int64Array:
        """(R,) polygon of each ring."""
        return np.repeat(np.arange(self.n_surfaces), self.surface_rings)

    def corner_surfaces(self) -> Int64Array:
        """(K,) polygon of each corner."""
        return np.repeat(self.ring_surfaces(), self.ring_sizes)

    def kept(self, keep: BoolArray) -> Polygons:
        """Only the polygons where `keep` (S,) is true; vertices stay."""
        rings = keep[self.ring_surfaces()]
        return Polygons(
            vertices=self.vertices,
            corners=self.corners[np.repeat(rings, self.ring_sizes)],
            ring_sizes=self.ring_sizes[rings],
            surface_rings=self.surface_rings[keep],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Triangulation:
    """Triangles of `Polygons`, in the order of their polygons.

    Attributes
    ----------
    corners : (T, 3) int64, index into the polygons' vertices, same turn as the polygon
    surfaces : (T,) int64, polygon of each triangle
    normals : (S, 3) float64, unit normal of each polygon, zeros for a degenerate one
    n_degenerate : polygons that gave no triangle
    """

    corners: Int64Array
    surfaces: Int64Array
    normals: Float64Array
    n_degenerate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rings:
    """Cleaned rings: no repeated corners, at least three corners, only of usable polygons."""

    points: Float64Array  # (K, 3) of each corner
    corners: Int64Array  # (K,)
    starts: Int64Array  # (R,)
    sizes: Int64Array  # (R,)
    surfaces: Int64Array  # (R,)
    is_outer: BoolArray  # (R,)


def triangulate(polygons: Polygons) -> Triangulation:
    """Split polygons into triangles.

    Self-crossing and non-planar polygons are split as well as their projection on the dominant
    plane allows; polygons without an area are dropped and counted.
    """
    parts = [_triangulated(block) for block in _blocks(polygons)]
    firsts = np.arange(len(parts)) * BLOCK_SURFACES
    return Triangulation(
        corners=np.concatenate([part.corners for part in parts]),
        surfaces=np.concatenate(
            [part.surfaces + first for part, first in zip(parts, firsts, strict=True)]
        ),
        normals=np.concatenate([part.normals for part in parts]),
        n_degenerate=sum(part.n_degenerate for part in parts),
    )


def _blocks(polygons: Polygons) -> Iterator[Polygons]:
    """The polygons in blocks whose arrays fit the processor's cache; at least one."""
    ring_ends = np.concatenate([[0], np.cumsum(polygons.surface_rings)])
    corner_ends = np.concatenate([[0], np.cumsum(polygons.ring_sizes)])
    for first in range(0, max(1, polygons.n_surfaces), BLOCK_SURFACES):
        surfaces = slice(first, min(first + BLOCK_SURFACES, polygons.n_surfaces))
        rings = slice(ring_ends[surfaces.start], ring_ends[surfaces.stop])
        yield Polygons(
            vertices=polygons.vertices,
            corners=polygons.corners[corner_ends[rings.start] : corner_ends[rings.stop]],
            ring_sizes=polygons.ring_sizes[rings],
            surface_rings=polygons.surface_rings[surfaces],
        )


def _triangulated(polygons: Polygons) -> Triangulation:
    n_surfaces = polygons.n_surfaces
    with np.errstate(all="ignore"):
        rings = _cleaned(polygons)
        normals, usable = _normals(rings, n_surfaces)
        parts = _split(rings, normals, usable)
        corners = np.concatenate([part[0] for part in parts])
        surfaces = np.concatenate([part[1] for part in parts])
        order = np.argsort(surfaces, kind="stable")
        corners, surfaces = _oriented(rings.points, corners[order], surfaces[order], normals)
    drawn = np.zeros(n_surfaces, dtype=bool)
    drawn[surfaces] = True
    return Triangulation(
        corners=rings.corners[corners],
        surfaces=surfaces,
        normals=normals,
        n_degenerate=n_surfaces - int(drawn.sum()),
    )


def _next_in_ring(starts: Int64Array, sizes: Int64Array) -> Int64Array:
    """(K,) the following corner of each corner, closing every ring."""
    following = np.arange(1, int(sizes.sum()) + 1)
    filled = sizes > 0
    following[starts[filled] + sizes[filled] - 1] = starts[filled]
    return following


def _starts(sizes: Int64Array) -> Int64Array:
    starts: Int64Array = np.cumsum(sizes) - sizes
    return starts


def _cleaned(polygons: Polygons) -> _Rings:
    sizes = polygons.ring_sizes
    points = polygons.vertices[polygons.corners]
    following = _next_in_ring(_starts(sizes), sizes)
    keep_corner = _any_of_three(points != points[following])
    ring_of_corner = np.repeat(np.arange(len(sizes)), sizes)
    sizes = np.bincount(ring_of_corner[keep_corner], minlength=len(sizes))
    surfaces = polygons.ring_surfaces()
    is_outer = np.zeros(len(sizes), dtype=bool)
    with_rings = polygons.surface_rings > 0
    is_outer[_starts(polygons.surface_rings)[with_rings]] = True
    usable = np.zeros(polygons.n_surfaces, dtype=bool)
    usable[surfaces[is_outer & (sizes >= 3)]] = True
    keep_ring = (sizes >= 3) & usable[surfaces]
    keep_corner &= keep_ring[ring_of_corner]
    sizes = sizes[keep_ring]
    return _Rings(
        points=points[keep_corner],
        corners=polygons.corners[keep_corner],
        starts=_starts(sizes),
        sizes=sizes,
        surfaces=surfaces[keep_ring],
        is_outer=is_outer[keep_ring],
    )


def _any_of_three(flags: BoolArray) -> BoolArray:
    """(N,) whether any of three flags (N, 3) is set; several times faster than ``any(axis=1)``."""
    any_of: BoolArray = flags[:, 0] | flags[:, 1] | flags[:, 2]
    return any_of


def _cross(a: Float64Array, b: Float64Array) -> Float64Array:
    """Cross product over the last axis; several times faster than `numpy.cross`."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    out[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    out[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    out[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return out


def _normals(rings: _Rings, n_surfaces: int) -> tuple[Float64Array, BoolArray]:
    """Unit normals (S, 3) of the outer rings by Newell's sum, and which polygons have an area."""
    normals = np.zeros((n_surfaces, 3))
    usable = np.zeros(n_surfaces, dtype=bool)
    if not len(rings.sizes):
        return normals, usable
    arms = rings.points - np.repeat(rings.points[rings.starts], rings.sizes, axis=0)
    crosses = _cross(arms, arms[_next_in_ring(rings.starts, rings.sizes)])
    sums = np.add.reduceat(crosses, rings.starts, axis=0)[rings.is_outer]
    lengths = np.linalg.norm(sums, axis=1)
    good = np.isfinite(lengths) & (lengths > MIN_DOUBLE_AREA_M2)
    surfaces = rings.surfaces[rings.is_outer][good]
    normals[surfaces] = sums[good] / lengths[good, None]
    usable[surfaces] = True
    return normals, usable


_Part = tuple[Int64Array, Int64Array]


def _split(rings: _Rings, normals: Float64Array, usable: BoolArray) -> list[_Part]:
    """Triangles as positions in ``rings.points`` with their polygons, group by group."""
    n_rings = np.bincount(rings.surfaces, minlength=len(usable))
    single = usable[rings.surfaces] & (n_rings[rings.surfaces] == 1)
    parts: list[_Part] = [(np.empty((0, 3), np.int64), np.empty(0, np.int64))]
    hard = usable.copy()
    for size in range(3, MAX_FAN_CORNERS + 1):
        chosen = np.flatnonzero(single & (rings.sizes == size))
        if not len(chosen):
            continue
        matrix = rings.starts[chosen][:, None] + np.arange(size)
        surfaces = rings.surfaces[chosen]
        fans, is_simple = _fans(rings.points[matrix], matrix, normals[surfaces])
        parts.append((fans[is_simple].reshape(-1, 3), np.repeat(surfaces[is_simple], size - 2)))
        hard[surfaces[is_simple]] = False
    parts.append(_earcut(rings, normals, hard))
    return parts


def _fans(
    points: Float64Array, matrix: Int64Array, normals: Float64Array
) -> tuple[Int64Array, BoolArray]:
    """Fan of each polygon from its flattest (or only inward) corner, and where that is right.

    `points` is (M, n, 3), `matrix` (M, n). Gives (M, n - 2, 3) and (M,).
    """
    n_polygons, size = matrix.shape
    if size == 3:
        return matrix[:, None, :], np.ones(n_polygons, dtype=bool)
    arms = np.roll(points, -1, axis=1) - points
    turns = np.einsum("mnk,mk->mn", _cross(np.roll(arms, 1, axis=1), arms), normals)
    apex = turns.argmin(axis=1)
    rolled = (apex[:, None] + np.arange(size)) % size
    rows = np.arange(n_polygons)[:, None]
    points, matrix = points[rows, rolled], matrix[rows, rolled]
    spokes = points[:, 1:] - points[:, :1]
    areas = np.einsum("mnk,mk->mn", _cross(spokes[:, :-1], spokes[:, 1:]), normals)
    slack = -STRAIGHT * np.abs(areas).sum(axis=1)
    n_inward = (turns < slack[:, None]).sum(axis=1)
    allowed = 1 if size == 4 else 0
    is_simple = (areas >= slack[:, None]).all(axis=1) & (n_inward <= allowed)
    fans = np.stack(
        [np.repeat(matrix[:, :1], size - 2, axis=1), matrix[:, 1:-1], matrix[:, 2:]], axis=2
    )
    return fans, is_simple


def _earcut(rings: _Rings, normals: Float64Array, hard: BoolArray) -> _Part:
    """Triangles of the polygons marked in `hard` (S,), through their dominant plane."""
    chosen = np.flatnonzero(hard[rings.surfaces])
    if not len(chosen):
        return np.empty((0, 3), np.int64), np.empty(0, np.int64)
    axes = _PLANE_AXES[np.abs(normals[rings.surfaces]).argmax(axis=1)]
    flat = np.take_along_axis(rings.points, np.repeat(axes, rings.sizes, axis=0), axis=1)
    firsts = chosen[rings.is_outer[chosen]]
    n_rings = np.diff(np.append(np.flatnonzero(rings.is_outer[chosen]), len(chosen)))
    ends = (rings.starts + rings.sizes).astype(np.uint32)
    triangles, counts = [], []
    for ring, n, start in zip(
        firsts.tolist(), n_rings.tolist(), rings.starts[firsts].tolist(), strict=True
    ):
        ring_ends = ends[ring : ring + n] - np.uint32(start)
        found = mapbox_earcut.triangulate_float64(
            flat[start : start + int(ring_ends[-1])], ring_ends
        )
        triangles.append(found.astype(np.int64) + start)
        counts.append(len(found) // 3)
    surfaces = np.repeat(rings.surfaces[firsts], counts)
    return np.concatenate(triangles).reshape(-1, 3), surfaces


def _oriented(
    points: Float64Array, corners: Int64Array, surfaces: Int64Array, normals: Float64Array
) -> _Part:
    """Turn triangles to their polygon's side and drop those without an area."""
    a, b, c = (points[corners[:, k]] for k in range(3))
    crosses = _cross(b - a, c - a)
    turned: NDArray[np.bool_] = np.einsum("tk,tk->t", crosses, normals[surfaces]) < 0
    corners[turned] = corners[turned][:, ::-1]
    solid = _any_of_three(crosses != 0)
    return corners[solid], surfaces[solid]
