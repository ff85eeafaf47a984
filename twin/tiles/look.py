"""What a camera sees of a streamed city, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin.arrays import Float64Array

#: Within this of its box a node is seen from inside.
_INSIDE_M = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """One camera, or where it will be.

    Attributes
    ----------
    eye_m : (3,) float64, local frame
    forward : (3,) float64, unit
    matrix : (4, 4) float64, clip from local
    height_px : height of the picture in logical pixels
    view_angle_rad : vertical
    """

    eye_m: Float64Array
    forward: Float64Array
    matrix: Float64Array
    height_px: float
    view_angle_rad: float

    @property
    def stamp(self) -> bytes:
        """Equal stamps = the same view."""
        return self.matrix.tobytes() + np.float64(self.height_px).tobytes()

    @cached_property
    def sides(self) -> Float64Array:
        """(4, 4) planes of the pyramid of sight, positive inside."""
        last = self.matrix[3]
        return np.stack(
            [last + self.matrix[0], last - self.matrix[0], last + self.matrix[1],
             last - self.matrix[1]]
        )  # fmt: skip

    def sees(self, centre_m: Float64Array, half_axes_m: Float64Array) -> np.ndarray:
        """(N,) bool: which boxes are in the picture; True also for a few that just are not.

        A box is out when it lies wholly beyond one side of the pyramid of sight.

        Parameters
        ----------
        centre_m : (N, 3)
        half_axes_m : (N, 3, 3), rows = half axes
        """
        sides = self.sides
        middle = centre_m @ sides[:, :3].T + sides[:, 3]
        reach = np.abs(half_axes_m @ sides[:, :3].T).sum(axis=1)
        seen: np.ndarray = np.all(middle >= -reach, axis=1)
        return seen

    def distance_m(
        self, centre_m: Float64Array, axes: Float64Array, lengths_m: Float64Array
    ) -> Float64Array:
        """(N,) from the eye to each box, at least `_INSIDE_M`.

        Parameters
        ----------
        axes : (N, 3, 3), rows = unit axes
        lengths_m : (N, 3) half lengths along them
        """
        away = np.abs(np.einsum("nij,nj->ni", axes, self.eye_m - centre_m)) - lengths_m
        gap = np.maximum(away, 0.0)
        distance: Float64Array = np.sqrt(np.einsum("ni,ni->n", gap, gap))
        return np.maximum(distance, _INSIDE_M)

    def pixels_per_m(self, distance_m: Float64Array) -> Float64Array:
        """(N,) how many pixels a metre takes at a distance."""
        scale = self.height_px / (2.0 * np.tan(0.5 * self.view_angle_rad))
        pixels: Float64Array = scale / distance_m
        return pixels

    def nearness(self, centre_m: Float64Array, radius_m: Float64Array) -> Float64Array:
        """(N,) 1 in the middle of the picture, towards 0.2 at its rim and beyond."""
        to = centre_m - self.eye_m
        distance = np.maximum(np.sqrt(np.einsum("ni,ni->n", to, to)), 1e-6)
        angle = np.arccos(np.clip(to @ self.forward / distance, -1.0, 1.0))
        angle = np.maximum(angle - np.arctan2(radius_m, distance), 0.0)
        near: Float64Array = 0.2 + 0.8 * np.exp(-((angle / (0.5 * self.view_angle_rad)) ** 2))
        return near
