"""Bounding volumes of 3D Tiles (box, sphere, region) as oriented boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array

#: WGS 84: half the long axis in metres, and the square of the eccentricity.
EARTH_A_M = 6_378_137.0
EARTH_E2 = 0.0066943799901413165

#: No volume reaches further than this from its frame's zero.
_MAX_M = 1e9
_STEPS = np.linspace(0.0, 1.0, 5)


@dataclass(frozen=True, slots=True)
class Volume:
    """An oriented box.

    Attributes
    ----------
    centre_m : (3,) float64
    half_axes_m : (3, 3) float64, rows = half axes
    region : (6,) west south east north (radians), lowest, highest (metres); None when the box
        is in the tile's own frame. A region is in the Earth's frame (ECEF), whatever transform
        its tile has.
    """

    centre_m: Float64Array
    half_axes_m: Float64Array
    region: Float64Array | None = None


def volume_of(described: object) -> Volume:
    """The box around a ``boundingVolume``.

    Raises
    ------
    ValueError
        It is none of box, sphere and region, or its numbers make no sense.
    """
    if not isinstance(described, Mapping):
        described = {}
    if "box" in described:
        numbers = _numbers(described["box"], 12, "box")
        return Volume(numbers[:3], numbers[3:].reshape(3, 3))
    if "region" in described:
        region = _numbers(described["region"], 6, "region")
        _check_region(region)
        centres, axes = boxes_of_regions(region[None])
        return Volume(centres[0], axes[0], region)
    if "sphere" in described:
        numbers = _numbers(described["sphere"], 4, "sphere")
        if numbers[3] < 0:
            raise ValueError("a bounding sphere has a negative radius")
        return Volume(numbers[:3], np.eye(3) * numbers[3])
    raise ValueError("a bounding volume is neither box nor sphere nor region")


def _numbers(value: object, count: int, name: str) -> Float64Array:
    if not isinstance(value, list) or len(value) != count:
        raise ValueError(f"a bounding {name} has not {count} numbers")
    if not all(type(item) in (int, float) for item in value):
        raise ValueError(f"a bounding {name} holds something that is no number")
    numbers = np.array(value, dtype=np.float64)
    if not np.isfinite(numbers).all() or np.abs(numbers).max() > _MAX_M:
        raise ValueError(f"a bounding {name} reaches further than any place on Earth")
    return numbers


def _check_region(region: Float64Array) -> None:
    west, south, east, north = region[:4]
    if abs(west) > 3.15 or abs(east) > 3.15 or abs(south) > 1.58 or abs(north) > 1.58:
        raise ValueError("a bounding region lies outside the Earth's degrees")
    if south > north or region[4] > region[5]:
        raise ValueError(
            "a bounding region has its north below its south, or its top below its foot"
        )


def ecef_from_radians(lon: Float64Array, lat: Float64Array, height_m: Float64Array) -> Float64Array:
    """(…, 3) Earth-centred metres of longitudes and latitudes in radians (WGS 84).

    Closed formula: Torge, Geodesy, 3rd edition, section 4.1.3.
    """
    lon, lat, height_m = np.broadcast_arrays(lon, lat, height_m)
    sin_lat, cos_lat = np.sin(lat), np.cos(lat)
    n_m = EARTH_A_M / np.sqrt(1.0 - EARTH_E2 * sin_lat**2)
    flat = (n_m + height_m) * cos_lat
    return np.stack(
        [flat * np.cos(lon), flat * np.sin(lon), (n_m * (1.0 - EARTH_E2) + height_m) * sin_lat],
        axis=-1,
    )


def east_north_up(lon: Float64Array, lat: Float64Array) -> Float64Array:
    """(…, 3, 3) rows east, north, up in the Earth's frame, at angles in radians."""
    sin_lon, cos_lon, sin_lat, cos_lat = np.sin(lon), np.cos(lon), np.sin(lat), np.cos(lat)
    zero = np.zeros_like(sin_lon)
    east = np.stack([-sin_lon, cos_lon, zero], axis=-1)
    north = np.stack([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat], axis=-1)
    up = np.stack([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat], axis=-1)
    return np.stack([east, north, up], axis=-2)


def boxes_of_regions(regions: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Oriented boxes around regions (N, 6), level at their middle.

    Returns
    -------
    centres : (N, 3) float64, ECEF
    half axes : (N, 3, 3) float64, rows east, north, up
    """
    west, south, east, north, low, high = regions.T
    width = np.where(east < west, east + 2 * np.pi - west, east - west)
    lon = west[:, None] + width[:, None] * _STEPS
    lat = south[:, None] + (north - south)[:, None] * _STEPS
    heights = np.stack([low, high], axis=1)
    points = ecef_from_radians(
        lon[:, :, None, None], lat[:, None, :, None], heights[:, None, None, :]
    ).reshape(len(regions), -1, 3)
    frames = east_north_up(west + width / 2, (south + north) / 2)
    along = np.einsum("nij,npj->npi", frames, points)
    lowest, highest = along.min(axis=1), along.max(axis=1)
    centres = np.einsum("nij,ni->nj", frames, (lowest + highest) / 2)
    return centres, frames * ((highest - lowest) / 2)[:, :, None]


def is_near_surface(centre_m: Float64Array) -> bool:
    """Whether a point, read as Earth-centred, lies within 20 km of the Earth's surface."""
    flat = float(np.hypot(centre_m[0], centre_m[1]))
    away = float(np.linalg.norm(centre_m))
    if away < 1.0:
        return False
    sin_lat = float(centre_m[2]) / away
    cos_lat = flat / away
    surface_m = EARTH_A_M * np.sqrt(1 - EARTH_E2) / np.sqrt(1 - EARTH_E2 * cos_lat**2)
    return bool(abs(away - surface_m) < 20_000.0 and np.isfinite(sin_lat))
