"""Light of a terrain: as on a shaded map, smooth across its triangles."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array
from twin.tiles.weld import equal_rows

#: A triangle that leans further from the mean at its corner keeps its own face (a cliff, a wall).
_SMOOTH_COS = 0.64
_WELD_M = 1e-2
#: Level ground is as bright as everywhere in the city (0.28 + 0.42 + 0.55 of the sun's height).
_SHADE, _LEVEL = 0.34, 1.0632
#: Steep ground is darker on the sunny side too, so that its shape is seen.
_STEEP = 0.35


def corner_normals(corners_local_m: Float32Array, normals: Float32Array) -> Float32Array:
    """(T, 3, 3) unit normals of corners: means over the triangles that meet there.

    Parameters
    ----------
    corners_local_m : (T, 3, 3) float32
    normals : (T, 3) float32 unit normals
    """
    if not len(normals):
        return np.empty((0, 3, 3), np.float32)
    grid = np.round(corners_local_m.reshape(-1, 3) / _WELD_M).astype(np.int32).view(np.uint32)
    first, group = equal_rows(np.ascontiguousarray(grid.T))
    own = np.repeat(normals, 3, axis=0)
    mean = np.column_stack(
        [np.bincount(group, own[:, axis], minlength=len(first)) for axis in range(3)]
    )
    mean = mean / np.maximum(np.linalg.norm(mean, axis=1), 1e-9)[:, None]
    smooth = mean[group].astype(np.float32)
    lean = np.einsum("ij,ij->i", smooth, own)
    smooth[lean < _SMOOTH_COS] = own[lean < _SMOOTH_COS]
    corners: Float32Array = smooth.reshape(-1, 3, 3)
    return corners


def hill_light(normals: Float32Array, sun: Float32Array) -> Float32Array:
    """Light of (…, 3) normals of what lies on the ground; never brighter than level ground."""
    facing = np.clip(normals @ sun, 0.0, None) / sun[2]
    lit = np.minimum(_SHADE + (_LEVEL - _SHADE) * facing, _LEVEL)
    light: Float32Array = lit - _STEEP * (1.0 - np.clip(normals[..., 2], 0.0, 1.0))
    return light
