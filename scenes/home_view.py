"""The view a city opens with: its buildings fill the picture, a strip of sky above them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scenes.pose import VIEW_ANGLE_DEG, Pose, axes_of, point_of
from twin.arrays import Float64Array

HOME_AZIMUTH_RAD = np.radians(33.0)
HOME_ELEVATION_RAD = np.radians(19.0)
#: The buildings' part of the picture: left, bottom, right, top in -1..1.
HOME_BOX = (-0.94, -0.90, 0.94, 0.62)
#: Directions of looking that are tried; the light comes from the south-west.
_AZIMUTHS_DEG = (33, 13, 53, -7, 68, -27, -42)
#: Another direction must fill so much more of the picture than the usual one.
_BETTER = 1.04
_CELLS = (24, 18)
_NEAREST_M = 8.0


def home_pose(samples_m: Float64Array, size_px: tuple[int, int]) -> Pose:
    """The pose from which points fill `HOME_BOX` best.

    Parameters
    ----------
    samples_m : (N, 3) points of the buildings, outliers left out
    """
    few = samples_m[:: max(1, len(samples_m) // 800)]
    best_deg, most = _AZIMUTHS_DEG[0], 0.0
    for azimuth_deg in _AZIMUTHS_DEG:
        filled = _filled(few, size_px, _fitted(few, size_px, azimuth_deg))
        if filled > most:
            best_deg, most = azimuth_deg, filled * (_BETTER if most == 0.0 else 1.0)
    return _fitted(samples_m, size_px, best_deg)


def _half_angles(size_px: tuple[int, int]) -> Float64Array:
    tall = float(np.tan(np.radians(VIEW_ANGLE_DEG) / 2))
    return np.array([tall * size_px[0] / size_px[1], tall])


def _fitted(samples_m: Float64Array, size_px: tuple[int, int], azimuth_deg: float) -> Pose:
    middle = 0.5 * (samples_m.min(axis=0) + samples_m.max(axis=0))
    pose = Pose(
        focal_m=point_of(middle),
        distance_m=1000.0,
        azimuth_rad=float(np.radians(azimuth_deg)),
        elevation_rad=HOME_ELEVATION_RAD,
    )
    axes = axes_of(pose)
    distance, offset = _fit((samples_m - middle) @ axes.T, _half_angles(size_px))
    focal = middle + axes[0] * offset[0] + axes[1] * offset[1]
    return replace(pose, focal_m=point_of(focal), distance_m=distance)


def _fit(local: Float64Array, half: Float64Array) -> tuple[float, Float64Array]:
    """Distance and sideways offset that bring points (right, up, forward) into `HOME_BOX`."""
    low, high = np.array(HOME_BOX[:2]) * half, np.array(HOME_BOX[2:]) * half
    middle, reach = 0.5 * (low + high), 0.5 * (high - low)
    offset = np.zeros(2)
    distance = 1.0
    for _ in range(20):
        away = local[:, :2] - offset - middle * (distance + local[:, 2:])
        needed = np.abs(away) / reach - local[:, 2:]
        distance = max(0.5 * (distance + float(needed.max())), _NEAREST_M)
        seen = (local[:, :2] - offset) / (distance + local[:, 2:])
        offset = offset + (0.5 * (seen.min(axis=0) + seen.max(axis=0)) - middle) * distance
    return distance, offset


def _filled(samples_m: Float64Array, size_px: tuple[int, int], pose: Pose) -> float:
    """Share of the picture's cells that have a point in them."""
    local = (samples_m - pose.eye()) @ axes_of(pose).T
    seen = local[:, :2] / np.maximum(local[:, 2:], 1.0) / _half_angles(size_px)
    cells = np.floor((seen * 0.5 + 0.5) * np.array(_CELLS)).astype(np.int64)
    inside = np.all((cells >= 0) & (cells < np.array(_CELLS)), axis=1)
    return len(np.unique(cells[inside, 0] * _CELLS[1] + cells[inside, 1])) / np.prod(_CELLS)
