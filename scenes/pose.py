"""Arithmetic with camera poses; the pose itself is `twin.analysis.pose.Pose`."""

from __future__ import annotations

import numpy as np

from twin.analysis.pose import Point, Pose, point_of
from twin.arrays import Float64Array

__all__ = ["VIEW_ANGLE_DEG", "Point", "Pose", "axes_of", "between", "point_of"]

VIEW_ANGLE_DEG = 41.0


def axes_of(pose: Pose) -> Float64Array:
    """(3, 3) rows right, up, forward."""
    right, forward = pose.right(), pose.forward()
    return np.stack([right, np.cross(right, forward), forward])


def between(start: Pose, end: Pose, share: float) -> Pose:
    """A pose on the way from one to another, turning the short way round; share 0..1."""
    turn = (end.azimuth_rad - start.azimuth_rad + np.pi) % (2 * np.pi) - np.pi
    focal = np.array(start.focal_m) * (1 - share) + np.array(end.focal_m) * share
    ratio = end.distance_m / start.distance_m
    return Pose(
        focal_m=point_of(focal),
        distance_m=start.distance_m * ratio**share,
        azimuth_rad=start.azimuth_rad + turn * share,
        elevation_rad=start.elevation_rad + (end.elevation_rad - start.elevation_rad) * share,
    )
