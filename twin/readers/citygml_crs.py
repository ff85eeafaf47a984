"""What a ``srsName`` means in any of its spellings, and whether it gives the north first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from twin.arrays import Float64Array
from twin.city.frames import crs_from_text
from twin.city.placing import short_crs_name
from twin.city.tally import Tally
from twin.errors import CrsError

if TYPE_CHECKING:
    import pyproj

_EPSG = re.compile(r"(?i)epsg(?:\.xml)?[:/#]+(?:[\d.]*[:/]+)?(\d{4,6})")
#: Names of the German surveying authorities: horizontal systems, then heights.
_ADV = {
    "ETRS89_UTM31": 25831, "ETRS89_UTM32": 25832, "ETRS89_UTM33": 25833,
    "DE_DHDN_3GK2": 31466, "DE_DHDN_3GK3": 31467, "DE_DHDN_3GK4": 31468, "DE_DHDN_3GK5": 31469,
}  # fmt: skip
_ADV_HEIGHTS = {"DE_DHHN92_NH": 5783, "DE_DHHN2016_NH": 7837, "DE_DHHN12_NOH": 5782}


def crs_of_srs_name(text: str) -> str:
    """A ``srsName`` as "EPSG:25833" or, with heights, "EPSG:25833+5783"; other text as it is."""
    codes = [int(code) for code in _EPSG.findall(text)]
    if not codes:
        parts = [part.rpartition(":")[2] for part in text.strip().split("*")]
        known = {**_ADV, **_ADV_HEIGHTS}
        codes = [known[part] for part in parts if part in known]
        if not codes or parts[0] not in _ADV:
            return short_crs_name(text)
    return "EPSG:" + "+".join(map(str, codes[:2]))


class NorthFirst:
    """Whether a file gives (north, east) or (latitude, longitude), told by where points lie.

    Parameters
    ----------
    crs_text : as `crs_of_srs_name` gives it, "" for none
    points : (N, 3) in the file's CRS
    """

    def __init__(self, crs_text: str, points: Float64Array, tally: Tally) -> None:
        self.is_degrees = False
        self.is_so = False
        good = points[np.isfinite(points).all(axis=1)]
        if not crs_text or not len(good):
            return
        try:
            crs = crs_from_text(crs_text)
        except CrsError:
            return
        flat = crs.sub_crs_list[0] if crs.is_compound else crs
        self.is_degrees = bool(flat.is_geographic)
        if not flat.is_geocentric:
            x, y = (good[:, :2].min(axis=0) + good[:, :2].max(axis=0)) / 2
            self.is_so = not _inside(flat, x, y) and _inside(flat, y, x)
        tally.add(
            "axes-swapped", "The file gives the north before the east; swapped", int(self.is_so)
        )

    def east_first(self, points: Float64Array) -> Float64Array:
        """The points (N, 3) as east (longitude), north (latitude), height."""
        return points[:, [1, 0, 2]] if self.is_so else points


def _inside(flat: pyproj.CRS, east: float, north: float) -> bool:
    """Whether a point lies where the CRS is meant for."""
    import pyproj

    area = flat.area_of_use
    if area is None:
        return False
    lon, lat = east, north
    if not flat.is_geographic:
        to_world = pyproj.Transformer.from_crs(flat, flat.geodetic_crs, always_xy=True)
        lon, lat = to_world.transform(east, north)
    margin = 1.0  # degrees: cities at the edge of a zone, and the shift between datums
    is_east = area.west - margin <= lon <= area.east + margin
    return bool(is_east and area.south - margin <= lat <= area.north + margin)
