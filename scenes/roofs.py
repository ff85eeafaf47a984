"""How high the roofs are around a point, so that symbols stand above them."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array, Float64Array
from twin.city.asset import CityAsset, Surface

CELL_M = 12.0
_MOST_CELLS = 4_000_000


class RoofHeights:
    """A coarse raster of the highest roof in each cell.

    Parameters
    ----------
    reach_m : (2, 2) least and greatest x and y that roofs may come to lie in, for streamed
        tiles; None = those of the asset's own
    """

    def __init__(
        self, asset: CityAsset, ground_z_m: float, reach_m: Float64Array | None = None
    ) -> None:
        roofs = asset.soup.corners_local_m[asset.soup.surfaces == Surface.ROOF].mean(axis=1)
        self._ground_z_m = ground_z_m
        known = roofs[:, :2] if reach_m is None else np.concatenate([roofs[:, :2], reach_m])
        self._low = known.min(axis=0) if len(known) else np.zeros(2, np.float32)
        high = known.max(axis=0) if len(known) else np.zeros(2, np.float32)
        area = float(np.prod(high - self._low + CELL_M))
        self._cell_m = max(CELL_M, float(np.sqrt(area / _MOST_CELLS)))
        self._shape = np.ceil((high - self._low) / self._cell_m).astype(int) + 1
        # One empty cell all around, so that neighbours need no test.
        heights = np.full(self._shape + 2, ground_z_m, np.float32)
        self._heights = heights
        self.raise_to(roofs)

    def raise_to(self, roofs_m: Float32Array) -> None:
        """Note roofs (N, 3) of tiles that came; they stay known when the tiles leave."""
        if len(roofs_m):
            column, row = self._cells(roofs_m)
            np.maximum.at(self._heights, (column, row), roofs_m[:, 2])

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
