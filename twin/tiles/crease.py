"""Thin edge lines of buildings: creases and open outlines, found without a loop."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array, Int32Array, Int64Array, UInt8Array
from twin.city.asset import Surface
from twin.tiles.weld import equal_rows

CREASE_COS = np.float32(np.cos(np.radians(35.0)))
_WELD_M = 1e-3
_EDGED = np.array([Surface.WALL, Surface.ROOF, Surface.BRIDGE, Surface.OTHER], np.uint8)


def crease_corners(
    points_local_m: Float32Array,
    triangles: Int64Array | Int32Array,
    normals: Float32Array,
    surfaces: UInt8Array,
) -> Int64Array:
    """Edges whose faces meet at over 35 degrees, or that have one face only.

    Parameters
    ----------
    points_local_m : (P, 3) float32; points at the same place count as one
    triangles : (T, 3) integers, rows of the points
    normals : (T, 3) float32 unit normals
    surfaces : (T,) uint8; ground, terrain, water, roads … get no lines

    Returns
    -------
    (E, 2) int64, the edge's two ends as corners (3 * triangle + corner) of one of its faces
    """
    rows = np.flatnonzero(np.isin(surfaces, _EDGED))
    if not len(rows):
        return np.empty((0, 2), np.int64)
    grid = np.round(points_local_m / _WELD_M).astype(np.int32).view(np.uint32)
    first, group = equal_rows(np.ascontiguousarray(grid.T))
    corner = group[triangles[rows]]
    ends = np.sort(np.stack([corner, np.roll(corner, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    keys = ends[:, 0] * len(first) + ends[:, 1]
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    face_normals = normals[rows[order // 3]]
    counts = np.diff(np.r_[starts, len(keys)])
    agree = np.einsum("ij,ij->i", face_normals, np.repeat(face_normals[starts], counts, axis=0))
    drawn = (np.minimum.reduceat(agree, starts) < CREASE_COS) | (counts == 1)
    drawn &= ends[order[starts], 0] != ends[order[starts], 1]
    kept = order[starts[drawn]]
    triangle, corner_number = 3 * rows[kept // 3], kept % 3
    return np.column_stack([triangle + corner_number, triangle + (corner_number + 1) % 3])
