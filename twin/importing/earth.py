"""Where a city's local frame lies on Earth, as the root transform of a tileset."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array
from twin.city.frames import Origin, crs_from_text

_STEP_M = 100.0


def ecef_from_local(origin: Origin) -> list[float] | None:
    """Column-major 4 x 4 matrix from the local frame to Earth-centred metres (EPSG:4978).

    Its columns are the derivatives of the projection at the origin, so that the turn of grid
    north and the grid's scale are in it. Heights count as above the ellipsoid.

    Returns
    -------
    list of 16, or None for a city without a CRS
    """
    if origin.crs is None:
        return None
    steps = np.vstack([np.zeros(3), np.eye(3), -np.eye(3)]) * _STEP_M
    points = _ecef(origin.as_array() + steps, origin.crs)
    matrix = np.eye(4)
    matrix[:3, :3] = ((points[1:4] - points[4:7]) / (2 * _STEP_M)).T
    matrix[:3, 3] = points[0]
    columns: list[float] = matrix.T.reshape(-1).tolist()
    return columns


def _ecef(projected: Float64Array, crs_text: str) -> Float64Array:
    import pyproj

    crs = crs_from_text(crs_text)
    flat = crs.sub_crs_list[0] if crs.is_compound else crs
    to_degrees = pyproj.Transformer.from_crs(flat, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(projected[:, 0], projected[:, 1])
    to_earth = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    return np.stack(to_earth.transform(lon, lat, projected[:, 2]), axis=1)
