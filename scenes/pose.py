"""Where a camera stands and looks, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array

VIEW_ANGLE_DEG = 41.0

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where the camera looks.

    Attributes
    ----------
    focal_m : point in the middle of the picture, local metres
    distance_m : from the eye to it
    azimuth_rad : direction of looking, clockwise from north
    elevation_rad : of the eye above the horizon seen from the focal point
    """

    focal_m: Point
    distance_m: float
    azimuth_rad: float
    elevation_rad: float

    def forward(self) -> Float64Array:
        """(3,) unit vector of looking."""
        flat = np.cos(self.elevation_rad)
        return np.array(
            [
                np.sin(self.azimuth_rad) * flat,
                np.cos(self.azimuth_rad) * flat,
                -np.sin(self.elevation_rad),
            ]
        )

    def right(self) -> Float64Array:
        """(3,) unit vector to the right of the picture."""
        return np.array([np.cos(self.azimuth_rad), -np.sin(self.azimuth_rad), 0.0])

    def eye(self) -> Float64Array:
        """(3,) position of the camera."""
        return np.array(self.focal_m) - self.forward() * self.distance_m


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


def point_of(array: Float64Array) -> Point:
    """Three numbers as a tuple."""
    return (float(array[0]), float(array[1]), float(array[2]))
