"""The plan: straight down, north up, in parallel projection, so that it measures like a map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from vtkmodules.vtkRenderingCore import vtkCamera

from scenes.pose import VIEW_ANGLE_DEG, Pose, point_of
from twin.arrays import Float64Array

STRAIGHT_DOWN_RAD = 0.5 * np.pi
#: The eye is so far above the highest roof: symbols stand up there.
_ABOVE_M = 120.0
_BELOW_M = 200.0
#: A plan of the whole city leaves this share of the picture free around it.
_MARGIN = 0.06
_TALL = float(np.tan(np.radians(VIEW_ANGLE_DEG) / 2))


def plan_pose(pose: Pose, ground_z_m: float) -> Pose:
    """The pose of a plan that shows the same place as large; its focal point lies on the ground.

    ``distance_m`` is that of a camera in perspective that shows the ground in the same scale.
    """
    x, y, _z = pose.focal_m
    return replace(
        pose, focal_m=(x, y, ground_z_m), azimuth_rad=0.0, elevation_rad=STRAIGHT_DOWN_RAD
    )


def plan_home(samples_m: Float64Array, size_px: tuple[int, int], ground_z_m: float) -> Pose:
    """The plan that shows all points (N, 3)."""
    low, high = samples_m[:, :2].min(axis=0), samples_m[:, :2].max(axis=0)
    middle, extent = 0.5 * (low + high), np.maximum(high - low, 50.0)
    aspect = size_px[0] / size_px[1]
    half_m = 0.5 * max(extent[1], extent[0] / aspect) * (1.0 + 2.0 * _MARGIN)
    return Pose(
        focal_m=point_of(np.array([middle[0], middle[1], ground_z_m])),
        distance_m=float(half_m / _TALL),
        azimuth_rad=0.0,
        elevation_rad=STRAIGHT_DOWN_RAD,
    )


def place_plan(camera: vtkCamera, pose: Pose, lowest_m: float, highest_m: float) -> None:
    """Put a camera above everything between two heights, metres."""
    x, y, z = pose.focal_m
    eye_z = max(z + pose.distance_m, highest_m + _ABOVE_M)
    camera.ParallelProjectionOn()
    camera.SetParallelScale(pose.distance_m * _TALL)
    camera.SetPosition(x, y, eye_z)
    camera.SetFocalPoint(x, y, z)
    camera.SetViewUp(0.0, 1.0, 0.0)
    camera.SetClippingRange(
        max(eye_z - highest_m - _ABOVE_M, 0.5), eye_z - min(lowest_m, z) + _BELOW_M
    )
