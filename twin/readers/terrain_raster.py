"""A raster of heights as a file has it, and the same in a city's local frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array
from twin.city.frames import MAX_LOCAL_M, Origin
from twin.city.ground_raster import between, filled
from twin.city.placing import place, projected_between
from twin.city.tally import Tally
from twin.city.terrain_heights import TerrainHeights
from twin.errors import CrsError

#: Points a side that stand for the whole raster when it is placed.
_CONTROL = 33
#: Samples along the longer side of the raster in the local frame, at most.
MOST_SIDE = 1600
#: Coarse rasters are read this much finer between their samples, smoothly.
_FINER = 4.0
_FINEST_M = 8.0
#: Around what a scene shows, the terrain goes on by this share of its size, and at least so far.
_MARGIN_SHARE = 1.5
_LEAST_MARGIN_M = 5000.0
#: PROJ is asked at so many points a side; between them a projection is as good as bilinear.
_LATTICE = 65


@dataclass(frozen=True, slots=True, kw_only=True)
class HeightRaster:
    """Heights in the raster of a file.

    Attributes
    ----------
    heights_m : (R, C) float32, metres, NaN = unknown
    xy_from_pixel : (2, 3) float64, (x, y) of the CRS = M @ (column, row, 1), sample centres
    crs : "EPSG:4326" …, "" when the file names none
    n_cells : samples in the whole file
    n_voids : samples among ``heights_m`` that the file marks as unknown
    """

    heights_m: Float32Array
    xy_from_pixel: Float64Array
    crs: str
    n_cells: int
    n_voids: int = 0

    def xy(self, pixel: Float64Array) -> Float64Array:
        """(N, 2) coordinates of (N, 2) columns and rows."""
        out: Float64Array = pixel @ self.xy_from_pixel[:, :2].T + self.xy_from_pixel[:, 2]
        return out

    def pixel(self, xy: Float64Array) -> Float64Array:
        """(N, 2) columns and rows of (N, 2) coordinates."""
        shifted = xy - self.xy_from_pixel[:, 2]
        out: Float64Array = shifted @ np.linalg.inv(self.xy_from_pixel[:, :2]).T
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRaster:
    """A terrain in a local frame.

    Attributes
    ----------
    terrain : north-up heights with square cells
    full_m : the same without unknown samples
    sea : (rows, columns) samples at sea level exactly
    core_m : xmin ymin xmax ymax that is looked at closely
    """

    terrain: TerrainHeights
    full_m: Float32Array
    sea: BoolArray
    cell_m: float
    low_m: tuple[float, float]
    core_m: tuple[float, float, float, float]
    origin: Origin
    source_crs: str | None
    source_bounds: tuple[float, ...]


def origin_of(raster_xy: Float64Array, crs: str, low_m: float, tally: Tally) -> Origin:
    """The frame a raster proposes, from points (N, 2) all over it and its lowest height."""
    points = np.column_stack([raster_xy, np.zeros(len(raster_xy))])
    origin = place(points, crs, tally).origin
    return Origin(crs=origin.crs, east_m=origin.east_m, north_m=origin.north_m, height_m=low_m)


def control_pixels(rows: int, columns: int) -> Float64Array:
    """(N, 2) columns and rows all over a raster, its rim included."""
    column, row = np.meshgrid(
        np.linspace(0, columns - 1, _CONTROL), np.linspace(0, rows - 1, _CONTROL)
    )
    return np.column_stack([column.ravel(), row.ravel()])


def local_xy(xy: Float64Array, crs: str, origin: Origin) -> Float64Array:
    """(N, 2) local metres of coordinates in a CRS; without one they are local already."""
    if not crs or origin.crs is None:
        return xy - origin.as_array()[:2]
    return projected_between(xy, crs, origin.crs) - origin.as_array()[:2]


def crs_xy(xy_local: Float64Array, crs: str, origin: Origin) -> Float64Array:
    """Inverse of `local_xy`."""
    projected: Float64Array = xy_local + origin.as_array()[:2]
    if not crs or origin.crs is None:
        return projected
    return projected_between(projected, origin.crs, crs)


def wanted_extent(
    focus: tuple[float, float, float, float] | None,
) -> tuple[float, float, float, float] | None:
    """What of a terrain is read for a scene: its surroundings, None = everything."""
    if focus is None:
        return None
    size = max(focus[2] - focus[0], focus[3] - focus[1])
    margin = max(_MARGIN_SHARE * size, _LEAST_MARGIN_M)
    return focus[0] - margin, focus[1] - margin, focus[2] + margin, focus[3] + margin


def localised(
    raster: HeightRaster,
    origin: Origin,
    focus: tuple[float, float, float, float] | None,
    *,
    sea_level: bool,
    fills_voids: bool,
) -> LocalRaster:
    """Resample a raster to square cells in a local frame, smoothly (cubic splines).

    Parameters
    ----------
    sea_level : whether a height of exactly 0 means open water
    fills_voids : whether unknown samples are made up from those around them

    Raises
    ------
    CrsError
        The raster does not reach the wanted extent, or leads too far from the origin.
    """
    rows, columns = raster.heights_m.shape
    rim = local_xy(raster.xy(control_pixels(rows, columns)), raster.crs, origin)
    if not np.isfinite(rim).any():
        raise CrsError("The coordinates lie outside the area of the file's CRS")
    low, high = np.nanmin(rim, axis=0), np.nanmax(rim, axis=0)
    wanted = wanted_extent(focus)
    if wanted is not None:
        low, high = np.maximum(low, wanted[:2]), np.minimum(high, wanted[2:])
    if not (low < high).all():
        raise CrsError("The terrain does not reach the rest of the scene")
    if max(np.abs(low).max(), np.abs(high).max()) > MAX_LOCAL_M:
        raise CrsError("The terrain reaches over 131 km from the middle of the scene; crop it")
    spacing = float(np.sqrt(np.ptp(rim, axis=0).prod() / max((rows - 1) * (columns - 1), 1)))
    finest = min(spacing, max(spacing / _FINER, _FINEST_M))
    cell = max(finest, float((high - low).max()) / MOST_SIDE)
    n_columns, n_rows = (int(n) + 1 for n in (high - low) / cell)
    pixel = _lattice_pixels(raster, origin, (low[0], high[1]), cell, (n_rows, n_columns))
    full, known, sea = _sampled(raster.heights_m, pixel, sea_level)
    if fills_voids:
        known = _inside(raster.heights_m, pixel)
    full -= np.float32(origin.height_m)
    to_pixel = np.array([[1 / cell, 0, -low[0] / cell], [0, -1 / cell, high[1] / cell]])
    bounds = raster.xy(np.array([[0.0, 0.0], [columns - 1.0, rows - 1.0]]))
    heights = raster.heights_m[np.isfinite(raster.heights_m)]
    z_range = (float(heights.min()), float(heights.max())) if heights.size else (0.0, 0.0)
    return LocalRaster(
        terrain=TerrainHeights(
            heights_m=np.where(known, full, np.nan).astype(np.float32), pixel_from_local=to_pixel
        ),
        full_m=full,
        sea=sea,
        cell_m=cell,
        low_m=(float(low[0]), float(high[1] - (n_rows - 1) * cell)),
        core_m=focus or (float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        origin=origin,
        source_crs=raster.crs or None,
        source_bounds=(*bounds.min(axis=0), z_range[0], *bounds.max(axis=0), z_range[1]),
    )


def _lattice_pixels(
    raster: HeightRaster,
    origin: Origin,
    north_west: tuple[float, float],
    cell_m: float,
    shape: tuple[int, int],
) -> tuple[Float64Array, Float64Array]:
    """Source (row, column) of every local sample, each (rows, columns)."""
    rows, columns = shape
    row, column = np.meshgrid(
        np.linspace(0, rows - 1, _LATTICE), np.linspace(0, columns - 1, _LATTICE), indexing="ij"
    )
    west, north = north_west
    xy = np.column_stack([west + column.ravel() * cell_m, north - row.ravel() * cell_m])
    pixel = raster.pixel(crs_xy(xy, raster.crs, origin))
    at_row, at_column = np.meshgrid(
        np.linspace(0, _LATTICE - 1, rows), np.linspace(0, _LATTICE - 1, columns), indexing="ij"
    )
    source_column, source_row = (
        between(pixel[:, axis].reshape(_LATTICE, _LATTICE), at_row, at_column) for axis in (0, 1)
    )
    return source_row, source_column


def _sampled(
    heights: Float32Array, pixel: tuple[Float64Array, Float64Array], sea_level: bool
) -> tuple[Float32Array, BoolArray, BoolArray]:
    """Heights, whether they are known, whether they are sea."""
    unknown = ~np.isfinite(heights)
    source: Float64Array = filled(heights.astype(np.float64))
    source = np.nan_to_num(source, nan=0.0)
    fine = np.concatenate(
        [
            _cubic(source, *some)
            for some in zip(*(np.array_split(p, 16) for p in pixel), strict=True)
        ]
    )
    rows, columns = heights.shape
    row = np.clip(np.rint(pixel[0]), 0, rows - 1).astype(np.intp)
    column = np.clip(np.rint(pixel[1]), 0, columns - 1).astype(np.intp)
    # A spline overshoots at cliffs: never beyond what the file has.
    fine = np.clip(fine, source.min(), source.max()).astype(np.float32)
    nearest = source[row, column]
    sea = (nearest == 0.0) & (fine < 1.0) if sea_level else np.zeros(fine.shape, bool)
    fine[sea] = 0.0
    return fine, _inside(heights, pixel) & ~unknown[row, column], sea


def _inside(heights: Float32Array, pixel: tuple[Float64Array, Float64Array]) -> BoolArray:
    """Which places (row, column) lie on a raster."""
    rows, columns = heights.shape
    inside: BoolArray = (pixel[0] > -0.51) & (pixel[0] < rows - 0.49)
    inside &= (pixel[1] > -0.51) & (pixel[1] < columns - 0.49)
    return inside


def _cubic(grid: Float64Array, row: Float64Array, column: Float64Array) -> Float32Array:
    """Heights of a full grid between its cells by Catmull-Rom splines."""
    rows, columns = grid.shape
    row, column = np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)
    r, c = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
    along, across = _spline_weights(row - r), _spline_weights(column - c)
    total = np.zeros(row.shape)
    for i in range(4):
        at_row = np.clip(r + i - 1, 0, rows - 1)
        line = np.zeros(row.shape)
        for j in range(4):
            line += across[j] * grid[at_row, np.clip(c + j - 1, 0, columns - 1)]
        total += along[i] * line
    return total.astype(np.float32)


def _spline_weights(t: Float64Array) -> tuple[Float64Array, ...]:
    """Weights of the four samples round a place, ``t`` of the way between the middle two."""
    return (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
