"""Puts a file's coordinates into a local frame: its CRS, the origin, the bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from twin.arrays import Float32Array, Float64Array
from twin.city.frames import (
    MAX_LOCAL_M,
    Origin,
    TooFarFromOriginError,
    crs_from_text,
    local_from_projected,
    utm_crs_at,
)
from twin.city.tally import Tally
from twin.errors import CrsError

if TYPE_CHECKING:
    import pyproj

#: Share of the points that may lie below the local height 0 (outliers do not set the ground).
GROUND_SHARE = 0.02
#: No CRS on Earth has larger numbers, in metres or feet, with or without a zone in front.
MAX_COORDINATE = 1e9

_WORLD, _WORLD_3D = "EPSG:4326", "EPSG:4979"
#: Projected CRSs in metres that need no question to PROJ, whose import takes 0.1 s: WGS 84 and
#: ETRS89 UTM zones, Dutch RD (and with NAP heights), Swiss LV95, French Lambert 93.
_METRIC = re.compile(r"EPSG:(32[67](0[1-9]|[1-5]\d|60)|258(2[89]|3[0-7])|28992|7415|2056|2154)")
_AUTHORITY = re.compile(r"\b(EPSG|ESRI|OGC)\b[:/]+(?:[\w.]*[:/]+)?(\w+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Coordinates in the local frame.

    Attributes
    ----------
    xyz_local_m : (N, 3) float32, NaN rows stay NaN
    origin : Origin
    source_crs : the file's own CRS, "EPSG:7415", or None
    source_bounds : xmin ymin zmin xmax ymax zmax in the file's own CRS; zeros without points
    """

    xyz_local_m: Float32Array
    origin: Origin
    source_crs: str | None
    source_bounds: tuple[float, ...]


def short_crs_name(text: str) -> str:
    """Shorten the URN or URL of a CRS to "EPSG:7415"; other text stays as it is."""
    text = text.strip()
    if ",crs:" in text:  # compound URN: both parts are needed
        return text
    found = _AUTHORITY.search(text)
    return f"{found[1]}:{found[2]}" if found else text


def place(xyz_source: Float64Array, crs_text: str, tally: Tally, *, chosen_crs: str = "") -> Placed:
    """Move coordinates of a file into the local frame of its own origin.

    Projected metres stay in their CRS; degrees, feet and geocentric coordinates go to the UTM
    zone at their centre.

    Parameters
    ----------
    xyz_source : (N, 3) float64 in the file's CRS, x = east or longitude
    crs_text : what the file says, "" for nothing
    chosen_crs : what the person said, used when the file names no known CRS

    Raises
    ------
    CrsError
        `chosen_crs` is unknown, or the coordinates do not fit the CRS.
    TooFarFromOriginError
        The points are spread over more than about 131 km from their centre.
    """
    crs = _known_crs(crs_text, chosen_crs, tally)
    bounds = _bounds(xyz_source)
    if np.abs(bounds).max() > MAX_COORDINATE:
        raise CrsError("The coordinates are larger than any place on Earth has")
    if crs is None or _METRIC.fullmatch(crs) or _is_metric(crs_from_text(crs)):
        projected, name = xyz_source, crs
    else:
        projected, name = _in_utm(xyz_source, crs_from_text(crs), bounds, tally)
    origin = _origin(projected, name)
    try:
        local = local_from_projected(projected, origin)
    except TooFarFromOriginError as error:
        raise TooFarFromOriginError(
            f"The points are spread over {_spread_km(projected):,.0f} km, but a city may reach "
            f"{MAX_LOCAL_M / 1000:.0f} km from its centre; split the file or check its CRS"
        ) from error
    return Placed(
        xyz_local_m=local,
        origin=origin,
        source_crs=crs,
        source_bounds=tuple(bounds.tolist()),
    )


def projected_between(xy: Float64Array, source_crs: str, target_crs: str) -> Float64Array:
    """(N, 2) x, y of one CRS in another, x = east or longitude; NaN where that is impossible.

    Raises
    ------
    CrsError
        A CRS is unknown to PROJ.
    """
    if source_crs == target_crs:
        return xy
    source, target = _horizontal(crs_from_text(source_crs)), _flat_name(target_crs)
    x, y = _transformer(source, target).transform(xy[:, 0], xy[:, 1])
    out = np.column_stack([x, y])
    out[~np.isfinite(out).all(axis=1)] = np.nan
    return out


def _flat_name(crs_text: str) -> str:
    crs = crs_from_text(crs_text)
    return str(crs.sub_crs_list[0].to_wkt()) if crs.is_compound else crs_text


def vertical_name(crs_text: str | None) -> str:
    """The vertical datum of a CRS as "EPSG:5709", "ellipsoid" for 3D ones, "" when it has none."""
    if not crs_text:
        return ""
    crs = crs_from_text(crs_text)
    if crs.is_compound:
        return short_crs_name(_authority_name(crs.sub_crs_list[1]))
    return "ellipsoid" if len(crs.axis_info) > 2 else ""


def _authority_name(crs: pyproj.CRS) -> str:
    found = crs.to_authority(min_confidence=60)
    return ":".join(found) if found else str(crs.to_wkt())


def heights_between(
    xyz: Float64Array, crs: str, source_vertical: str, target_vertical: str
) -> Float64Array | None:
    """(N,) heights of (N, 3) points in another vertical datum; None without the grids for it.

    Parameters
    ----------
    xyz : projected metres in ``crs``, heights above ``source_vertical``
    source_vertical, target_vertical : e.g. "EPSG:5709"
    """
    import pyproj
    from pyproj.exceptions import CRSError, ProjError

    flat = _horizontal(crs_from_text(crs))
    try:
        source, target = (
            pyproj.crs.CompoundCRS("scene", [flat, crs_from_text(vertical)])
            for vertical in (source_vertical, target_vertical)
        )
        way = pyproj.Transformer.from_crs(
            source, target, always_xy=True, only_best=True, allow_ballpark=False
        )
        heights = way.transform(xyz[:, 0], xyz[:, 1], xyz[:, 2], errcheck=True)[2]
    except (CRSError, ProjError, CrsError):
        return None
    return np.asarray(heights, np.float64) if np.isfinite(heights).all() else None


def _known_crs(text: str, chosen: str, tally: Tally) -> str | None:
    """Short name of the file's CRS, else of the person's, else None; both known to PROJ."""
    name = short_crs_name(text)
    if name:
        try:
            _require_known(name)
        except CrsError as error:
            tally.add("unknown-crs", str(error))
        else:
            return name
    if chosen.strip():
        name = short_crs_name(chosen)
        _require_known(name)
        return name
    tally.add("no-crs", "The file names no known coordinate reference system: not georeferenced")
    return None


def _require_known(name: str) -> None:
    if not _METRIC.fullmatch(name):
        crs_from_text(name)


def _horizontal(crs: pyproj.CRS) -> pyproj.CRS:
    return crs.sub_crs_list[0] if crs.is_compound else crs


def _is_metric(crs: pyproj.CRS) -> bool:
    units = [axis.unit_conversion_factor for axis in crs.axis_info]
    return _horizontal(crs).is_projected and units[0] == 1.0 and units[-1] == 1.0


def _bounds(xyz: Float64Array) -> Float64Array:
    good = xyz[np.isfinite(xyz).all(axis=1)]
    if not len(good):
        return np.zeros(6)
    return np.concatenate([good.min(axis=0), good.max(axis=0)])


def _spread_km(xyz: Float64Array) -> float:
    bounds = _bounds(xyz)
    return float((bounds[3:] - bounds[:3]).max()) / 1000.0


def _in_utm(
    xyz: Float64Array, crs: pyproj.CRS, bounds: Float64Array, tally: Tally
) -> tuple[Float64Array, str]:
    """Coordinates (N, 3) in the UTM zone at their centre, heights in metres; and its name."""
    flat = _horizontal(crs)
    if flat.is_geographic and _is_lat_lon(bounds, flat):
        xyz = xyz[:, [1, 0, 2]]
        bounds = bounds[[1, 0, 2, 4, 3, 5]]
        tally.add("axes-swapped", "The file gives latitude before longitude; they were swapped")
    if flat.is_geographic and not (np.abs(bounds[[1, 4]]) <= 90).all():
        raise CrsError("The coordinates are not degrees, though the file's CRS says so")
    if flat.is_geocentric:
        xyz = np.column_stack(_transformer(flat, _WORLD_3D).transform(*np.ascontiguousarray(xyz.T)))
        bounds, flat, height_unit_m = _bounds(xyz), crs_from_text(_WORLD), 1.0
    else:
        height_unit_m = _height_unit_m(crs)
    centre = (bounds[:3] + bounds[3:]) / 2
    lon_deg, lat_deg = _transformer(flat, _WORLD).transform(centre[0], centre[1])
    if not (np.isfinite(lon_deg) and np.isfinite(lat_deg)):
        raise CrsError("The coordinates lie outside the area of the file's CRS")
    name = utm_crs_at(lon_deg, lat_deg)
    east, north = _transformer(flat, name).transform(xyz[:, 0], xyz[:, 1])
    projected = np.column_stack([east, north, xyz[:, 2] * height_unit_m])
    projected[~np.isfinite(projected).all(axis=1)] = np.nan
    return projected, name


@lru_cache(maxsize=16)
def _transformer(source: pyproj.CRS, target: str) -> pyproj.Transformer:
    import pyproj

    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def _height_unit_m(crs: pyproj.CRS) -> float:
    """Metres in one unit of height: the third axis, else the unit of a projected CRS."""
    axes = crs.axis_info
    if len(axes) > 2:
        return float(axes[2].unit_conversion_factor)
    return float(axes[0].unit_conversion_factor) if crs.is_projected else 1.0


def _is_lat_lon(bounds: Float64Array, crs: pyproj.CRS) -> bool:
    """Whether x can only be the latitude: by range, else by the CRS's area of use."""
    x, y = (bounds[0] + bounds[3]) / 2, (bounds[1] + bounds[4]) / 2
    if abs(x) <= 90 < abs(y) <= 180:
        return True
    area = crs.area_of_use
    if area is None:
        return False

    def inside(lon: float, lat: float) -> bool:
        return bool(area.west <= lon <= area.east and area.south <= lat <= area.north)

    return inside(y, x) and not inside(x, y)


def _origin(projected: Float64Array, crs: str | None) -> Origin:
    """Whole metres: centre of the extent, and a low percentile of the heights."""
    good = projected[np.isfinite(projected).all(axis=1)]
    if not len(good):
        return Origin(crs=crs)
    centre = (good[:, :2].min(axis=0) + good[:, :2].max(axis=0)) / 2
    rank = int(len(good) * GROUND_SHARE)
    ground = np.partition(good[:, 2], rank)[rank]  # numpy.percentile imports numpy.ma: 12 ms
    return Origin(
        crs=crs,
        east_m=float(np.round(centre[0])) + 0.0,
        north_m=float(np.round(centre[1])) + 0.0,
        height_m=float(np.round(ground)) + 0.0,  # never -0.0
    )
