"""The ground of a city without a terrain raster: from its flat surfaces, else from where its
buildings stand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int64Array
from twin.city.asset import CityAsset, Surface
from twin.city.terrain_heights import GroundHeights, TerrainHeights

#: What lies flat and shows how high the ground is.
FLAT = (
    Surface.TERRAIN, Surface.GROUND, Surface.ROAD, Surface.GREEN, Surface.WATER, Surface.PAVED,
    Surface.RAIL,
)  # fmt: skip
#: Cells along the longer side of the raster.
CELLS = 512
LEAST_CELL_M = 2.0
#: Samples a side of a triangle at most.
_MOST_STEPS = 256


def ground_of(asset: CityAsset) -> GroundHeights:
    """How high the ground of a city is. Any thread; the terrain that was read, else a raster.

    The raster is made at each call (tens of milliseconds): keep what you got.
    """
    return asset.terrain if asset.terrain is not None else ground_raster(asset)


def ground_cover(asset: CityAsset, surfaces: tuple[Surface, ...] = FLAT) -> TerrainHeights | None:
    """Heights of a city's own flat surfaces where it has some; None when it has none at all."""
    flat = asset.soup.corners_local_m[np.isin(asset.soup.surfaces, np.array(surfaces, np.uint8))]
    if not len(flat):
        return None
    points = flat.reshape(-1, 3).astype(np.float64)
    bounds = np.concatenate([points.min(axis=0), points.max(axis=0)])
    cell_m = max(float((bounds[3:5] - bounds[:2]).max()) / (2 * CELLS), LEAST_CELL_M)
    return _raster(samples_of(flat, cell_m).xyz, bounds, cell_m, fill=False)


def ground_raster(asset: CityAsset) -> TerrainHeights:
    """Mean heights of the flat surfaces in each cell, holes filled smoothly.

    A city without flat surfaces gives the heights its features stand at; an empty one is at 0.
    """
    bounds = asset.bounds_min_max_local_m()
    size_m = float((bounds[3:5] - bounds[:2]).max())
    cell_m = max(size_m / CELLS, LEAST_CELL_M)
    flat = asset.soup.corners_local_m[np.isin(asset.soup.surfaces, np.array(FLAT, np.uint8))]
    points = samples_of(flat, cell_m).xyz if len(flat) else _bases(asset)
    return _raster(points, bounds, cell_m, fill=True)


def _raster(
    points: Float64Array, bounds: Float64Array, cell_m: float, *, fill: bool
) -> TerrainHeights:
    low = bounds[:2] - cell_m
    shape = np.ceil((bounds[3:5] - low) / cell_m).astype(int)[::-1] + 2
    heights = _means(points, low, cell_m, (int(shape[0]), int(shape[1])))
    if fill:
        heights = np.nan_to_num(filled(heights), nan=0.0)
    scale = 1.0 / cell_m
    return TerrainHeights(
        heights_m=heights.astype(np.float32),
        pixel_from_local=np.array([[scale, 0, -low[0] * scale], [0, scale, -low[1] * scale]]),
    )


def _bases(asset: CityAsset) -> Float64Array:
    bounds = asset.features.bounds_min_max_local_m.astype(np.float64)
    bounds = bounds[~np.isnan(bounds[:, 0])]
    return np.column_stack([(bounds[:, :2] + bounds[:, 3:5]) / 2, bounds[:, 2]])


@dataclass(frozen=True, slots=True)
class Samples:
    """Points on triangles: (P, 3) float64, and the triangle of each, (P,)."""

    xyz: Float64Array
    triangles: Int64Array


def samples_of(corners: Float32Array, cell_m: float) -> Samples:
    """Points on triangles (T, 3, 3), about one a cell, at least one a triangle."""
    spans = np.ptp(corners[:, :, :2], axis=1).max(axis=1) / cell_m
    steps = np.minimum(2 ** np.ceil(np.log2(np.maximum(spans, 1.0))), _MOST_STEPS).astype(int)
    found, rows = [np.empty((0, 3))], [np.empty(0, np.int64)]
    for n in np.unique(steps):
        some = np.flatnonzero(steps == n)
        u, v = np.meshgrid((np.arange(n) + 1 / 3) / n, (np.arange(n) + 1 / 3) / n)
        inside = u + v < 1.0
        weights = np.column_stack([1 - u[inside] - v[inside], u[inside], v[inside]])
        points = np.einsum("kc,tcx->tkx", weights, corners[some].astype(np.float64))
        found.append(points.reshape(-1, 3))
        rows.append(np.repeat(some, len(weights)))
    return Samples(np.concatenate(found), np.concatenate(rows))


def _means(
    points: Float64Array, low: Float64Array, cell_m: float, shape: tuple[int, int]
) -> Float64Array:
    rows, columns = shape
    cell = np.round((points[:, :2] - low) / cell_m).astype(np.int64)
    good = (cell >= 0).all(axis=1) & (cell < (columns, rows)).all(axis=1)
    number = cell[good, 1] * columns + cell[good, 0]
    counts = np.bincount(number, minlength=rows * columns)
    sums = np.bincount(number, points[good, 2], minlength=rows * columns)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return means.reshape(shape)


def filled(heights: Float64Array) -> Float64Array:
    """Fill unknown cells from coarser and coarser means of their surroundings (push-pull)."""
    unknown = np.isnan(heights)
    if not unknown.any() or unknown.all():
        return heights
    rows, columns = heights.shape
    padded = np.full((rows + rows % 2, columns + columns % 2), np.nan)
    padded[:rows, :columns] = heights
    blocks = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2)
    known = ~np.isnan(blocks)
    counts = known.sum(axis=(1, 3))
    sums = np.where(known, blocks, 0.0).sum(axis=(1, 3))
    coarse = filled(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))
    row, column = np.nonzero(unknown)
    out = heights.copy()
    out[unknown] = between(coarse, (row - 0.5) / 2, (column - 0.5) / 2)
    return out


def between(grid: Float64Array, row: Float64Array, column: Float64Array) -> Float64Array:
    """Heights of a full grid between its cells."""
    rows, columns = grid.shape
    row = np.clip(row, 0, rows - 1)
    column = np.clip(column, 0, columns - 1)
    r, c = row.astype(np.int64), column.astype(np.int64)
    r2, c2 = np.minimum(r + 1, rows - 1), np.minimum(c + 1, columns - 1)
    down, right = row - r, column - c
    upper = grid[r, c] * (1 - right) + grid[r, c2] * right
    lower = grid[r2, c] * (1 - right) + grid[r2, c2] * right
    height: Float64Array = upper * (1 - down) + lower * down
    return height
