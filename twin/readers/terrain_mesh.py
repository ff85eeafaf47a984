"""From a raster of heights to a triangulated terrain with a stated error."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int64Array
from twin.city.asset import CityAsset, FeatureTable, Surface, TriangleSoup
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.terrain_raster import HeightRaster, LocalRaster

MAX_TRIANGLES = 300_000
#: Largest error where it is looked at, as a share of the extent, and its bounds.
_ERROR_SHARE = 1 / 40_000
_LEAST_ERROR_M, _MOST_ERROR_M = 0.2, 10.0
#: Around the core the error allowed grows by its own size every so many metres.
_COARSER_M = 250.0
#: Steps at the coast and at the rim of what is known, in largest errors.
_COAST_STEPS, _RIM_STEPS = 3.0, 400.0


def terrain_asset(
    raster: LocalRaster,
    path: Path,
    reader_id: str,
    format_name: str,
    counted: HeightRaster,
    tally: Tally,
) -> CityAsset:
    """A city of nothing but ground, and of sea where the raster says so.

    Raises
    ------
    ReadError
        No height is known.
    """
    known = np.isfinite(raster.terrain.heights_m)
    if not known.any():
        raise ReadError("The terrain has no known height here", path=path, reader_id=reader_id)
    corners, surfaces, error_m = triangulated(raster)
    tally.add("terrain-error", f"The terrain is drawn to within {error_m:.1f} m of its samples")
    is_sea = surfaces == Surface.WATER
    title = path.name.split(".")[0]
    names = [title, "Sea"] if is_sea.any() else [title]
    rows = is_sea.astype(np.int32)
    table = FeatureTable(
        ids=tuple(names),
        kind_names=("TINRelief", "WaterBody"),
        kind_codes=np.arange(len(names), dtype=np.uint16),
        parents=np.full(len(names), -1, np.int32),
        bounds_min_max_local_m=np.array([_bounds(corners[rows == r]) for r in range(len(names))]),
        attributes={"name": np.array(names, dtype=object)},
    )
    return CityAsset(
        title=title,
        format=format_name,
        version="",
        origin=raster.origin,
        features=table,
        soup=TriangleSoup(corners_local_m=corners, features=rows, surfaces=surfaces),
        n_surfaces=len(corners),
        warnings=tally.warnings(),
        path=path,
        source_crs=raster.source_crs,
        source_bounds=raster.source_bounds,
        counts={"cells": counted.n_cells},
        terrain=raster.terrain,
    )


def _bounds(corners: Float32Array) -> Float32Array:
    points = corners.reshape(-1, 3)
    if not len(points):
        return np.full(6, np.nan, np.float32)
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def triangulated(raster: LocalRaster) -> tuple[Float32Array, np.ndarray, float]:
    """Triangles of a terrain, fine where it is looked at, coarser beyond.

    The samples are scaled by how closely they are looked at, so that one error bound for the
    triangulation (Garland and Heckbert's greedy insertion, as pydelatin does it) becomes a bound
    that grows with the distance.

    Returns
    -------
    corners (T, 3, 3) float32 local metres, surfaces (T,) uint8, largest error in the core in metres
    """
    from pydelatin import Delatin

    rows, columns = raster.full_m.shape
    if min(rows, columns) < 2:
        return np.empty((0, 3, 3), np.float32), np.empty(0, np.uint8), 0.0
    extent_m = max(rows, columns) * raster.cell_m
    bound_m = float(np.clip(extent_m * _ERROR_SHARE, _LEAST_ERROR_M, _MOST_ERROR_M))
    tin = Delatin(_to_fit(raster, bound_m), max_error=bound_m, max_triangles=MAX_TRIANGLES)
    pixel = np.asarray(tin.vertices)[:, :2].astype(np.int64)
    row, column = rows - 1 - pixel[:, 1], pixel[:, 0]
    faces = np.asarray(tin.triangles).astype(np.int64)
    faces = _known(raster, row, column, faces)
    points = np.column_stack(
        [
            raster.low_m[0] + column * raster.cell_m,
            raster.low_m[1] + pixel[:, 1] * raster.cell_m,
            raster.full_m[row, column],
        ]
    ).astype(np.float32)
    sea = raster.sea[row, column][faces].all(axis=1)
    surfaces = np.where(sea, Surface.WATER, Surface.TERRAIN).astype(np.uint8)
    return points[faces], surfaces, max(float(tin.error), 0.05)


def _to_fit(raster: LocalRaster, bound_m: float) -> Float32Array:
    """The samples as the triangulation sees them: weighted, with steps at rims and coasts.

    A step makes triangles end there; heights are taken from the raster itself afterwards.
    """
    fitted = (raster.full_m - float(raster.full_m.mean())) * _weights(raster)
    fitted[raster.sea] -= _COAST_STEPS * bound_m
    fitted[~np.isfinite(raster.terrain.heights_m)] += _RIM_STEPS * bound_m
    return np.ascontiguousarray(fitted, np.float32)


def _weights(raster: LocalRaster) -> Float32Array:
    """(rows, columns) 1 in the core, falling with the distance from it."""
    rows, columns = raster.full_m.shape
    x = raster.low_m[0] + np.arange(columns) * raster.cell_m
    y = raster.low_m[1] + (rows - 1 - np.arange(rows)) * raster.cell_m
    west, south, east, north = raster.core_m
    out_x = np.maximum(np.maximum(west - x, x - east), 0.0)
    out_y = np.maximum(np.maximum(south - y, y - north), 0.0)
    away: Float64Array = np.hypot(out_x[None, :], out_y[:, None])
    return (1.0 / (1.0 + away / _COARSER_M)).astype(np.float32)


def _known(
    raster: LocalRaster, row: Int64Array, column: Int64Array, faces: Int64Array
) -> Int64Array:
    """The faces between known samples."""
    known = np.isfinite(raster.terrain.heights_m)
    if known.all():
        return faces
    inside: Int64Array = faces[known[row, column][faces].all(axis=1)]
    return inside
