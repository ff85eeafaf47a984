"""From values at points to a field on a raster, never further than the points speak for.

Two methods, named in the legend wherever a field is drawn:

- *inverse distance*: each point counts with 1 / d² (Shepard 1968, "A two-dimensional
  interpolation function for irregularly-spaced data"), and only within its reach;
- *triangles*: linear between the three points around (Delaunay), nothing outside their hull.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array

Method: TypeAlias = Literal["inverse distance", "triangles"]
METHODS: tuple[Method, ...] = ("inverse distance", "triangles")
#: Cells along the longer side of a raster.
CELLS = 256
#: A point within this share of a cell speaks alone, so that 1 / d² stays finite.
_SOFT = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """A grid of cells in local metres; row 0 is the southernmost.

    Attributes
    ----------
    west_m, south_m : the outer corner
    cell_m : side of a cell
    """

    west_m: float
    south_m: float
    cell_m: float
    n_columns: int
    n_rows: int

    @property
    def size_m(self) -> tuple[float, float]:
        """East and north extent."""
        return self.n_columns * self.cell_m, self.n_rows * self.cell_m

    def middles_m(self) -> tuple[Float64Array, Float64Array]:
        """X (n_columns,) and y (n_rows,) of the middles of the cells."""
        x = np.arange(self.n_columns, dtype=np.float64) + 0.5
        y = np.arange(self.n_rows, dtype=np.float64) + 0.5
        return self.west_m + x * self.cell_m, self.south_m + y * self.cell_m


def raster_around(points_m: Float64Array, reach_m: float, cells: int = CELLS) -> Raster:
    """The raster that holds all (N, 2) points and their reach; N at least 1."""
    low, high = points_m.min(axis=0) - reach_m, points_m.max(axis=0) + reach_m
    cell_m = float((high - low).max()) / cells
    n = np.maximum(np.ceil((high - low) / cell_m - 1e-6).astype(int), 1)
    return Raster(
        west_m=float(low[0]),
        south_m=float(low[1]),
        cell_m=cell_m,
        n_columns=int(n[0]),
        n_rows=int(n[1]),
    )


class Interpolation:
    """Weights from points to cells, found once and used for every new set of values.

    Parameters
    ----------
    points_m : (N, 2) float64, finite
    reach_m : how far a point speaks for its surroundings
    """

    def __init__(
        self, points_m: Float64Array, reach_m: float, method: Method, raster: Raster
    ) -> None:
        self.raster = raster
        self._n_cells = raster.n_columns * raster.n_rows
        near = _near(points_m, reach_m, raster)
        if method == "triangles":
            self._cells, self._points, self._weights = _by_triangles(points_m, raster)
            reached = np.zeros(self._n_cells, bool)
            reached[near[0]] = True
            keep = reached[self._cells]
            self._cells, self._points = self._cells[keep], self._points[keep]
            self._weights = self._weights[keep]
        else:
            self._cells, self._points = near[0], near[1]
            self._weights = 1.0 / np.maximum(near[2], _SOFT * raster.cell_m) ** 2
        self._total = np.bincount(self._cells, self._weights, self._n_cells)

    def field(self, values: Float64Array) -> Float32Array:
        """(n_rows, n_columns) float32 from (N,) finite values; NaN where no point speaks."""
        sums = np.bincount(self._cells, self._weights * values[self._points], self._n_cells)
        with np.errstate(invalid="ignore", divide="ignore"):
            field = np.where(self._total > 1e-12, sums / self._total, np.nan)
        shaped: Float32Array = field.astype(np.float32)
        return shaped.reshape(self.raster.n_rows, self.raster.n_columns)


def hull_of(points_m: Float64Array) -> Float64Array:
    """(k, 2) corners of the convex hull, the first repeated at the end; empty below 3 points."""
    import shapely

    hull = shapely.MultiPoint(points_m).convex_hull
    if not isinstance(hull, shapely.Polygon):
        return np.empty((0, 2))
    return np.asarray(hull.exterior.coords, float)[:, :2]


def _near(
    points_m: Float64Array, reach_m: float, raster: Raster
) -> tuple[np.ndarray, np.ndarray, Float64Array]:
    """All pairs within reach: cell, point, distance. Each point meets only the cells near it."""
    x, y = raster.middles_m()
    cells, points, distances = [], [], []
    for row, (px, py) in enumerate(points_m):
        columns = np.flatnonzero(np.abs(x - px) <= reach_m)
        rows = np.flatnonzero(np.abs(y - py) <= reach_m)
        away = np.hypot(x[columns][None] - px, y[rows][:, None] - py)
        inside = away <= reach_m
        cells.append((rows[:, None] * raster.n_columns + columns[None])[inside])
        points.append(np.full(len(cells[-1]), row))
        distances.append(away[inside])
    return np.concatenate(cells), np.concatenate(points), np.concatenate(distances)


def _by_triangles(
    points_m: Float64Array, raster: Raster
) -> tuple[np.ndarray, np.ndarray, Float64Array]:
    """Cell, point, barycentric weight: three rows for each cell inside a Delaunay triangle."""
    import shapely

    row_of = {(float(x), float(y)): row for row, (x, y) in enumerate(points_m)}
    faces = shapely.delaunay_triangles(shapely.MultiPoint(points_m)).geoms
    x, y = raster.middles_m()
    taken: BoolArray = np.zeros(raster.n_rows * raster.n_columns, bool)
    cells, points, weights = [], [], []
    for face in faces:
        corners = np.asarray(face.exterior.coords)[:3, :2]
        columns = _between(x, corners[:, 0])
        rows = _between(y, corners[:, 1])
        share = _barycentric(corners, x[columns][None, :], y[rows][:, None])
        number = rows[:, None] * raster.n_columns + columns[None, :]
        inside = (share >= -1e-9).all(axis=0) & ~taken[number]
        taken[number[inside]] = True
        for corner, part in zip(corners, share, strict=True):
            cells.append(number[inside])
            weights.append(np.maximum(part[inside], 0.0))
            points.append(np.full(len(cells[-1]), row_of[(float(corner[0]), float(corner[1]))]))
    if not cells:
        nothing = np.empty(0, np.intp)
        return nothing, nothing, np.empty(0)
    return np.concatenate(cells), np.concatenate(points), np.concatenate(weights)


def _between(middles: Float64Array, ends: Float64Array) -> np.ndarray:
    return np.flatnonzero((middles >= ends.min()) & (middles <= ends.max()))


def _barycentric(corners: Float64Array, x: Float64Array, y: Float64Array) -> Float64Array:
    """(3, …) weights of the corners (3, 2) at the points; negative outside."""
    (ax, ay), (bx, by), (cx, cy) = corners
    area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
    first = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area
    second = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area
    return np.stack([first, second, 1.0 - first - second])
