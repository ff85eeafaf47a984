"""How high the roofs are around a point, so that symbols stand above them."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array
from twin.city.asset import CityAsset, Surface

CELL_M = 12.0
_MOST_CELLS = 4_000_000


class RoofHeights:
    """A coarse raster of the highest roof in each cell."""

    def __init__(self, asset: CityAsset, ground_z_m: float) -> None:
        roofs = asset.soup.corners_local_m[asset.soup.surfaces == Surface.ROOF].mean(axis=1)
        self._ground_z_m = ground_z_m
        self._low = roofs[:, :2].min(axis=0) if len(roofs) else np.zeros(2, np.float32)
        high = roofs[:, :2].max(axis=0) if len(roofs) else np.zeros(2, np.float32)
        area = float(np.prod(high - self._low + CELL_M))
        self._cell_m = max(CELL_M, float(np.sqrt(area / _MOST_CELLS)))
        self._shape = np.ceil((high - self._low) / self._cell_m).astype(int) + 1
        # One empty cell all around, so that neighbours need no test.
        heights = np.full(self._shape + 2, ground_z_m, np.float32)
        if len(roofs):
            column, row = self._cells(roofs)
            np.maximum.at(heights, (column, row), roofs[:, 2])
        self._heights = heights

    def around(self, xyz_local_m: Float32Array) -> Float32Array:
        """(N,) float32 z of the highest roof in the 3 x 3 cells around (N, 3) points."""
        column, row = self._cells(np.nan_to_num(xyz_local_m))
        highest = np.full(len(xyz_local_m), self._ground_z_m, np.float32)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                highest = np.maximum(highest, self._heights[column + dx, row + dy])
        return highest

    def _cells(self, xyz: Float32Array) -> tuple[np.ndarray, np.ndarray]:
        cells = np.floor((xyz[:, :2] - self._low) / self._cell_m).astype(int)
        column, row = np.clip(cells, 0, self._shape - 1).T + 1
        return column, row
