"""Where things and units stand in the city's local frame."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array, Float64Array
from twin.city.frames import MAX_LOCAL_M, Origin, local_from_geographic

NOT_GEOREFERENCED = Origin(crs=None)


def local_from_frame(frame: str, xyz: Float64Array, origin: Origin) -> Float32Array:
    """Bring positions of either wire frame into the city's local frame.

    A geographic height of exactly 0 means "on the ground" (local z 0), because most publishers
    know no height; any other height is in the city's vertical datum.

    Parameters
    ----------
    frame : "local" or "geographic"
    xyz : (N, 3) float64; metres, or longitude and latitude in degrees and height in metres

    Returns
    -------
    (N, 3) float32, metres, space ``local``; NaN rows for what cannot be placed: geographic
    positions in a city that is not georeferenced, an unknown frame, over 131 km from the city
    """
    local = np.full(xyz.shape, np.nan)
    if frame == "local":
        local[:] = xyz
    elif frame == "geographic" and origin.has_crs:
        local[:, :2] = local_from_geographic(xyz[:, 0], xyz[:, 1], origin)
        local[:, 2] = np.where(xyz[:, 2] == 0.0, 0.0, xyz[:, 2] - origin.height_m)
    with np.errstate(invalid="ignore"):
        is_near = np.all(np.abs(local) <= MAX_LOCAL_M, axis=1)
    local[~is_near] = np.nan
    return local.astype(np.float32)
