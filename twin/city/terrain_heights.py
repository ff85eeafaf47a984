"""How high the ground is at any place: from a raster, from terrain triangles, or one height."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from twin.arrays import Float32Array, Float64Array


class GroundHeights(Protocol):
    """Says how high the ground is. Any thread; never changed once made."""

    def height_at(self, xy_local_m: Float64Array) -> Float32Array:
        """(N,) float32 heights, local metres, of (N, 2) local places; NaN where unknown."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TerrainHeights:
    """A raster of heights in the local frame, read between its samples.

    The raster's axes need not be east and north: an affine map leads from local metres to
    columns and rows, so that a re-projected raster is not resampled.

    Attributes
    ----------
    heights_m : (rows, columns) float32, local metres, NaN = unknown
    pixel_from_local : (2, 3) float64, (column, row) = M @ (x, y, 1); samples at whole numbers
    """

    heights_m: Float32Array
    pixel_from_local: Float64Array

    def height_at(self, xy_local_m: Float64Array) -> Float32Array:
        """(N,) float32 heights between the four samples round each place, NaN outside.

        A sample that is unknown does not count; the place is unknown where all four are.
        """
        xy = np.asarray(xy_local_m, np.float64).reshape(-1, 2)
        pixel = xy @ self.pixel_from_local[:, :2].T + self.pixel_from_local[:, 2]
        rows, columns = self.heights_m.shape
        inside = (pixel >= -0.5).all(axis=1)
        inside &= (pixel[:, 0] <= columns - 0.5) & (pixel[:, 1] <= rows - 0.5)
        pixel = np.where(inside[:, None], pixel, 0.0)
        pixel = np.clip(pixel, 0.0, (columns - 1.0, rows - 1.0))
        low = np.minimum(pixel.astype(np.int64), (max(columns - 2, 0), max(rows - 2, 0)))
        share = pixel - low
        total, weights = np.zeros(len(xy)), np.zeros(len(xy))
        for right in (0, 1):
            for down in (0, 1):
                column = np.minimum(low[:, 0] + right, columns - 1)
                row = np.minimum(low[:, 1] + down, rows - 1)
                height = self.heights_m[row, column].astype(np.float64)
                weight = np.abs(1 - right - share[:, 0]) * np.abs(1 - down - share[:, 1])
                weight = np.where(np.isnan(height), 0.0, weight)
                total += np.where(weight > 0, height, 0.0) * weight
                weights += weight
        known = inside & (weights > 1e-9)
        return np.where(known, total / np.where(known, weights, 1.0), np.nan).astype(np.float32)
