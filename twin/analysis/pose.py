"""Where a camera stands and looks, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array

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

    def plain(self) -> Pose:
        """The same in Python's own numbers, as files take them."""
        return Pose(
            focal_m=point_of(np.array(self.focal_m, float)),
            distance_m=float(self.distance_m),
            azimuth_rad=float(self.azimuth_rad),
            elevation_rad=float(self.elevation_rad),
        )


def point_of(array: Float64Array) -> Point:
    """Three numbers as a tuple."""
    return (float(array[0]), float(array[1]), float(array[2]))
