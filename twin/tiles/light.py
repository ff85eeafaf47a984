"""Light baked per corner: hemisphere, sun, and darker feet of façades as cheap occlusion."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array, Int32Array, UInt8Array
from twin.city.asset import Surface, TriangleSoup
from twin.tiles.smooth import corner_normals, hill_light
from twin.tiles.tile import LIGHT_MAX, LIGHT_SCALE

#: From the south-west, rather high: the side a viewer in the south sees is lit.
SUN = np.array([-0.45, -0.60, 0.66], np.float32) / np.float32(np.linalg.norm([0.45, 0.60, 0.66]))
FOOT_HEIGHT_M = 9.0
FOOT_LIGHT = 0.62
#: Steps of light, so that coplanar triangles get the very same number and share corners.
LIGHT_STEPS = 2048
TINT = 0.035

_LAID = np.array([Surface.ROAD, Surface.GREEN, Surface.PAVED, Surface.MARKING], np.uint8)
_LEVEL_Z = 0.9999
_FACADES = np.array([Surface.WALL, Surface.OTHER], np.uint8)


def unit_normals(corners_local_m: Float32Array) -> Float32Array:
    """(T, 3) float32 unit normals of (T, 3, 3) corners; zero for slivers."""
    first = corners_local_m[:, 1] - corners_local_m[:, 0]
    second = corners_local_m[:, 2] - corners_local_m[:, 0]
    normals = np.empty_like(first)
    for axis in range(3):
        b, c = (axis + 1) % 3, (axis + 2) % 3
        normals[:, axis] = first[:, b] * second[:, c] - first[:, c] * second[:, b]
    length = np.sqrt(np.einsum("ij,ij->i", normals, normals))
    normals /= np.maximum(length, 1e-9)[:, None]
    return normals


def base_heights(soup: TriangleSoup, parents: Int32Array) -> Float32Array:
    """(N,) float32 lowest z of each feature's family (parts stand on their building's ground)."""
    lowest = np.full(len(parents), np.inf, np.float32)
    np.minimum.at(lowest, soup.features, soup.corners_local_m[:, :, 2].min(axis=1))
    family = np.where(parents >= 0, parents, np.arange(len(parents)))
    of_family = lowest.copy()
    np.minimum.at(of_family, family, lowest)
    shared: Float32Array = of_family[family]
    return shared


def code_light(
    soup: TriangleSoup, normals: Float32Array, base_z_m: Float32Array, tint: Float32Array
) -> Float32Array:
    """(T, 3) float32: surface index + light, see `twin.tiles.tile.Tile.code_light`.

    Parameters
    ----------
    normals : (T, 3) unit normals
    base_z_m : (N,) ground of each feature
    tint : (N,) slight brightness of each feature, about -1..1
    """
    light = 0.28 + 0.42 * (0.5 + 0.5 * normals[:, 2]) + 0.55 * np.clip(normals @ SUN, 0.0, 1.0)
    light *= 1.0 + TINT * tint[soup.features] * _is_building(soup.surfaces)
    corner_light = np.repeat(light[:, None], 3, axis=1)
    hills = np.flatnonzero(soup.surfaces == Surface.TERRAIN)
    smooth = corner_normals(soup.corners_local_m[hills], normals[hills])
    corner_light[hills] = hill_light(smooth, SUN)
    flats = np.flatnonzero(np.isin(soup.surfaces, _LAID) & (normals[:, 2] > 0.0))
    corner_light[flats] = hill_light(normals[flats], SUN)[:, None]
    sloped = flats[normals[flats, 2] < _LEVEL_Z]
    smooth = corner_normals(soup.corners_local_m[sloped], normals[sloped])
    corner_light[sloped] = hill_light(smooth, SUN)
    feet = np.flatnonzero(np.isin(soup.surfaces, _FACADES) & (np.abs(normals[:, 2]) < 0.5))
    height = soup.corners_local_m[feet, :, 2] - base_z_m[soup.features[feet], None]
    rise = np.clip(height / FOOT_HEIGHT_M, 0.0, 1.0)
    corner_light[feet] *= FOOT_LIGHT + (1.0 - FOOT_LIGHT) * rise
    fraction = np.round(np.clip(corner_light / LIGHT_MAX, 0.0, 1.0) * LIGHT_STEPS) / LIGHT_STEPS
    coded: Float32Array = (soup.surfaces[:, None] + fraction * LIGHT_SCALE).astype(np.float32)
    return coded


def feature_tints(n_features: int) -> Float32Array:
    """(N,) float32 in -1..1, always the same for the same row, so that rows of houses differ."""
    share = (np.arange(n_features) * 0.6180339887498949) % 1.0
    return (2.0 * share - 1.0).astype(np.float32)


def _is_building(surfaces: UInt8Array) -> Float32Array:
    return (surfaces <= Surface.ROOF).astype(np.float32)
