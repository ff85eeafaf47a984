"""Triangles of buildings, decks and trees from their outlines."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array, UInt8Array
from twin.city.asset import Surface, TriangleSoup

_CHUNK = 65_536
#: Triangles flatter than this (m2) are left out.
_LEAST_AREA_M2 = 1e-4


class Roof(enum.IntEnum):
    """Shape of a roof."""

    FLAT = 0
    GABLE = 1
    HIP = 2


@dataclass(frozen=True, slots=True)
class Solids:
    """Upright bodies over quads.

    Attributes
    ----------
    quads : (Q, 4, 2) float64, counter-clockwise; the ridge runs along the first side
    base_m, eaves_m, rise_m : (Q,) z of the foot and the eaves, and the ridge above them
    roofs : (Q,) `Roof`
    features : (Q,) feature rows
    open_start, open_end : (Q,) bool, no wall at side 3 (start) or side 1 (end)
    """

    quads: Float64Array
    base_m: Float64Array
    eaves_m: Float64Array
    rise_m: Float64Array
    roofs: Int64Array
    features: Int64Array
    open_start: BoolArray
    open_end: BoolArray


def soup_of(corners: Float64Array, features: Int64Array, surface: Surface) -> TriangleSoup:
    """Triangles (T, 3, 3) of one surface."""
    return TriangleSoup(
        corners_local_m=np.asarray(corners, dtype=np.float32).reshape(-1, 3, 3),
        features=np.asarray(features, dtype=np.int32),
        surfaces=np.full(len(features), surface, dtype=np.uint8),
    )


def joined_soup(parts: list[TriangleSoup]) -> TriangleSoup:
    """One soup of several."""
    return TriangleSoup(
        corners_local_m=np.concatenate(
            [np.zeros((0, 3, 3), np.float32), *(p.corners_local_m for p in parts)]
        ),
        features=np.concatenate([np.zeros(0, np.int32), *(p.features for p in parts)]),
        surfaces=np.concatenate([np.zeros(0, np.uint8), *(p.surfaces for p in parts)]),
    )


def without_slivers(soup: TriangleSoup) -> TriangleSoup:
    """Leave out triangles without an area."""
    a, b, c = (soup.corners_local_m[:, k] for k in range(3))
    u, v = b - a, c - a
    cross = np.cross(u, v)
    keep = np.einsum("ij,ij->i", cross, cross) > (2 * _LEAST_AREA_M2) ** 2
    if keep.all():
        return soup
    return TriangleSoup(
        corners_local_m=soup.corners_local_m[keep],
        features=soup.features[keep],
        surfaces=soup.surfaces[keep],
    )


def soup_of_solids(solids: Solids) -> TriangleSoup:
    """Walls and roofs, without floors."""
    parts = [_chunk(solids, slice(k, k + _CHUNK)) for k in range(0, len(solids.quads), _CHUNK)]
    return joined_soup(parts)


def _chunk(solids: Solids, rows: slice) -> TriangleSoup:
    quads = solids.quads[rows].astype(np.float32)
    n = len(quads)
    foot = np.concatenate([quads, _column(solids.base_m[rows], n)], axis=2)
    top = np.concatenate([quads, _column(solids.eaves_m[rows], n)], axis=2)
    roofs = solids.roofs[rows]
    ridge_z = (solids.eaves_m[rows] + solids.rise_m[rows]).astype(np.float32)
    start, end = _ridge(quads, ridge_z, roofs == Roof.HIP)
    walls, wall_on = _walls(foot, top, solids.open_start[rows], solids.open_end[rows])
    flat = roofs == Roof.FLAT
    a, b, c, d = (top[:, k] for k in range(4))
    shapes = [(a, b, c), (a, c, d), (a, b, end), (a, end, start), (c, d, start), (c, start, end)]
    shapes += [(b, c, end), (d, a, start)]
    tops = np.stack([np.stack(s, axis=1) for s in shapes], axis=1)
    hip, gable = roofs == Roof.HIP, roofs == Roof.GABLE
    end_on = hip | (gable & ~solids.open_end[rows])
    start_on = hip | (gable & ~solids.open_start[rows])
    top_on = np.stack([flat, flat, *([~flat] * 4), end_on, start_on], axis=1)
    end_kind = np.where(hip, Surface.ROOF, Surface.WALL).astype(np.uint8)
    kinds = np.full((n, 16), Surface.WALL, dtype=np.uint8)
    kinds[:, 8:14] = Surface.ROOF
    kinds[:, 14:] = end_kind[:, None]
    on = np.concatenate([wall_on, top_on], axis=1)
    features = np.repeat(solids.features[rows].astype(np.int32)[:, None], 16, axis=1)
    corners = np.concatenate([walls, tops], axis=1)
    return without_slivers(_selected(corners, features, kinds, on))


def _selected(
    corners: Float32Array, features: Int32Array, kinds: UInt8Array, on: BoolArray
) -> TriangleSoup:
    return TriangleSoup(corners_local_m=corners[on], features=features[on], surfaces=kinds[on])


def _column(values: Float64Array, n: int) -> Float32Array:
    return np.broadcast_to(values.astype(np.float32)[:, None, None], (n, 4, 1))


def _walls(
    foot: Float32Array, top: Float32Array, open_start: BoolArray, open_end: BoolArray
) -> tuple[Float32Array, BoolArray]:
    """(Q, 8, 3, 3) two triangles a side, and which are wanted."""
    foot_2, top_2 = np.roll(foot, -1, axis=1), np.roll(top, -1, axis=1)
    lower = np.stack([foot, foot_2, top_2], axis=2)
    upper = np.stack([foot, top_2, top], axis=2)
    walls = np.stack([lower, upper], axis=2).reshape(-1, 8, 3, 3)
    on = np.ones((len(foot), 4), dtype=bool)
    on[:, 1], on[:, 3] = ~open_end, ~open_start
    return walls, np.repeat(on, 2, axis=1)


def _ridge(
    quads: Float32Array, ridge_z: Float32Array, hip: BoolArray
) -> tuple[Float32Array, Float32Array]:
    """Ends of the ridge: over the middles of the start and end sides, drawn in for hips."""
    start = (quads[:, 0] + quads[:, 3]) / 2
    end = (quads[:, 1] + quads[:, 2]) / 2
    length = np.hypot(*(end - start).T)
    depth = np.hypot(*(quads[:, 3] - quads[:, 0]).T)
    share = np.where(hip, np.minimum(depth / 2 / np.maximum(length, 0.1), 0.42), 0.0)
    pull = (share[:, None] * (end - start)).astype(np.float32)
    z = ridge_z[:, None]
    return (
        np.concatenate([start + pull, z], axis=1),
        np.concatenate([end - pull, z], axis=1),
    )
