"""Which district a point lies in: a coarse raster, filled once, asked ten thousand times."""

from __future__ import annotations

import math

import numpy as np

from twin.arrays import Float64Array, Int64Array

_MOST_CELLS = 1_000_000


class DistrictRaster:
    """Districts of cells some 60 m wide; empty cells take those of their neighbours."""

    def __init__(self, centres: Float64Array, districts: Int64Array) -> None:
        self._low = centres.min(axis=0)
        span = np.maximum(centres.max(axis=0) - self._low, 1.0)
        self._cell_m = max(60.0, math.sqrt(float(span.prod()) / _MOST_CELLS))
        shape = np.floor(span / self._cell_m).astype(int) + 1
        self._grid = np.full((int(shape[0]), int(shape[1])), -1, dtype=np.int64)
        x, y = self._index(centres)
        self._grid[x[::-1], y[::-1]] = districts[::-1]
        while (self._grid < 0).any():
            for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
                self._spread(axis, step)

    def at(self, xy: Float64Array) -> int:
        """District of the nearest cell."""
        x, y = self._index(np.asarray(xy)[None])
        return int(self._grid[x[0], y[0]])

    def _index(self, xy: Float64Array) -> tuple[Int64Array, Int64Array]:
        cell = np.floor((xy - self._low) / self._cell_m).astype(np.int64)
        top = np.array(self._grid.shape) - 1
        cell = np.clip(cell, 0, top)
        return cell[:, 0], cell[:, 1]

    def _spread(self, axis: int, step: int) -> None:
        take = (slice(1, None), slice(None, -1)) if step > 0 else (slice(None, -1), slice(1, None))
        to, source = take
        pick = (to, slice(None)) if axis == 0 else (slice(None), to)
        give = (source, slice(None)) if axis == 0 else (slice(None), source)
        part = self._grid[pick]
        self._grid[pick] = np.where(part < 0, self._grid[give], part)
