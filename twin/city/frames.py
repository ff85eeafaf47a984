"""Coordinate frames. The only place that converts between geographic, projected and local.

Spaces: ``geographic`` (lon, lat in degrees, height in metres), ``projected`` (metres in the
city's CRS), ``local`` (metres, east-north-up, float32 safe, projected minus origin).

PROJ is imported on first use: loading it takes as long as reading a small city.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from twin.arrays import Float32Array, Float64Array
from twin.errors import CrsError

if TYPE_CHECKING:
    import pyproj

#: Beyond this float32 steps grow to a centimetre (2**-24 * 131 km = 8 mm).
MAX_LOCAL_M = 131_072.0


class TooFarFromOriginError(CrsError):
    """Points lie so far from the origin that float32 would lose more than a centimetre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The point of the city that becomes local (0, 0, 0).

    Attributes
    ----------
    crs : projected CRS as "EPSG:28992" (or any text PROJ takes); None = not georeferenced
    east_m, north_m, height_m : float64 coordinates in that CRS
    """

    crs: str | None
    east_m: float = 0.0
    north_m: float = 0.0
    height_m: float = 0.0

    @property
    def has_crs(self) -> bool:
        """Whether the city knows where on Earth it is."""
        return self.crs is not None

    def as_array(self) -> Float64Array:
        """(3,) east, north, height."""
        return np.array([self.east_m, self.north_m, self.height_m])


def local_from_projected(xyz_projected: Float64Array, origin: Origin) -> Float32Array:
    """Move projected coordinates to the city's local frame.

    Subtracts in float64 before narrowing, so 500 km eastings keep millimetres.

    Parameters
    ----------
    xyz_projected : (N, 3) float64, metres, CRS ``origin.crs``

    Returns
    -------
    (N, 3) float32, metres, space ``local``

    Raises
    ------
    TooFarFromOriginError
        A point is over 131 km away, where float32 steps reach a centimetre.
    """
    local = np.asarray(xyz_projected, dtype=np.float64) - origin.as_array()
    if local.size and float(np.nanmax(np.abs(local))) > MAX_LOCAL_M:
        raise TooFarFromOriginError(
            "Points lie over 131 km from the city's origin; split the file or check its CRS"
        )
    return local.astype(np.float32)


def projected_from_local(xyz_local: Float32Array, origin: Origin) -> Float64Array:
    """Inverse of `local_from_projected`: (N, 3) float64."""
    return np.asarray(xyz_local, dtype=np.float64) + origin.as_array()


def crs_from_text(text: str) -> pyproj.CRS:
    """Parse "EPSG:7415", an OGC URN or an OGC URL.

    Raises
    ------
    CrsError
        PROJ does not know it.
    """
    from pyproj.exceptions import CRSError

    try:
        return _parsed_crs(text.strip())
    except CRSError as error:
        raise CrsError(f"The coordinate reference system {text!r} is unknown") from error


@lru_cache(maxsize=64)
def _parsed_crs(text: str) -> pyproj.CRS:
    import pyproj

    # The OGC spells a CRS as a URL (…/def/crs/EPSG/0/7415) or a URN (urn:…:crs:EPSG::7415).
    pieces = text.replace("/", ":").split(":")
    if "crs" in pieces and pieces[-1].isdigit():
        authority = pieces[pieces.index("crs") + 1]
        return pyproj.CRS.from_authority(authority, pieces[-1])
    return pyproj.CRS.from_user_input(text)


@lru_cache(maxsize=64)
def utm_crs_at(lon_deg: float, lat_deg: float) -> str:
    """The WGS 84 / UTM zone that holds a point, e.g. "EPSG:32618"."""
    from pyproj.aoi import AreaOfInterest
    from pyproj.database import query_utm_crs_info

    area = AreaOfInterest(lon_deg, lat_deg, lon_deg, lat_deg)
    found = query_utm_crs_info(datum_name="WGS 84", area_of_interest=area)
    if not found:
        raise CrsError(f"No UTM zone holds longitude {lon_deg:g}, latitude {lat_deg:g}")
    return f"{found[0].auth_name}:{found[0].code}"


@lru_cache(maxsize=16)
def _to_projected(crs_text: str) -> pyproj.Transformer:
    import pyproj

    target = crs_from_text(crs_text)
    flat = target.sub_crs_list[0] if target.is_compound else target
    return pyproj.Transformer.from_crs("EPSG:4326", flat, always_xy=True)


def local_from_geographic(
    lon_deg: Float64Array, lat_deg: Float64Array, origin: Origin
) -> Float64Array:
    """(N, 2) float64 local x, y of N longitudes and latitudes (WGS 84).

    Raises
    ------
    CrsError
        The city is not georeferenced.
    """
    if origin.crs is None:
        raise CrsError("The city is not georeferenced, so longitude and latitude cannot be placed")
    east, north = _to_projected(origin.crs).transform(lon_deg, lat_deg)
    return np.column_stack([np.asarray(east) - origin.east_m, np.asarray(north) - origin.north_m])


def geographic_from_local(xy_local: Float64Array, origin: Origin) -> Float64Array:
    """(N, 2) longitude, latitude in degrees of N local points (N, 2 or 3).

    Raises
    ------
    CrsError
        The city is not georeferenced.
    """
    if origin.crs is None:
        raise CrsError("The city is not georeferenced, so it has no longitude and latitude")
    xy = np.asarray(xy_local, dtype=np.float64)
    lon, lat = _to_projected(origin.crs).transform(
        xy[:, 0] + origin.east_m, xy[:, 1] + origin.north_m, direction="INVERSE"
    )
    return np.column_stack([lon, lat])
