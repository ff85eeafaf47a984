"""Rows of a table as CSV or GeoJSON: selected features, sensors, units."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec
import numpy as np

from twin.city.frames import Origin, geographic_from_local
from twin.errors import CrsError

Value: TypeAlias = str | float | int | bool | None
#: A cell that a spreadsheet would take for a formula begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One thing of a table.

    Attributes
    ----------
    xyz_local_m : where it is, None = nowhere
    values : by column
    """

    id: str
    xyz_local_m: tuple[float, float, float] | None
    values: Mapping[str, Value] = field(default_factory=dict)


def csv_of(rows: Sequence[TableRow], origin: Origin) -> str:
    """CSV (RFC 4180, UTF-8): id, longitude and latitude in degrees (WGS 84), the columns.

    Without a CRS x and y in local metres stand instead. Texts that a spreadsheet would run as a
    formula get an apostrophe.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row.values))
    places = ("longitude", "latitude") if origin.has_crs else ("x_m", "y_m")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["id", *places, *columns])
    for row, place in zip(rows, _places(rows, origin), strict=True):
        where = ["", ""] if place is None else [f"{place[0]:.7f}", f"{place[1]:.7f}"]
        writer.writerow([_cell(row.id), *where, *(_cell(row.values.get(c)) for c in columns)])
    return text.getvalue()


def geojson_of(rows: Sequence[TableRow], origin: Origin) -> bytes:
    """GeoJSON (RFC 7946): points with the values as properties.

    Raises
    ------
    CrsError
        The city is not georeferenced, so there is no longitude and latitude.
    """
    if not origin.has_crs:
        raise CrsError(
            "GeoJSON needs longitude and latitude, but this city names no coordinate reference"
            " system; open it with --crs, or write CSV"
        )
    members = []
    for row, place in zip(rows, _places(rows, origin), strict=True):
        point = None if place is None else {"type": "Point", "coordinates": list(place)}
        members.append(
            {"type": "Feature", "id": row.id, "geometry": point, "properties": dict(row.values)}
        )
    return msgspec.json.encode({"type": "FeatureCollection", "features": members})


def _places(rows: Sequence[TableRow], origin: Origin) -> list[tuple[float, float] | None]:
    known = [row.xyz_local_m for row in rows if row.xyz_local_m is not None]
    if not known:
        return [None] * len(rows)
    xy = np.array(known, float)[:, :2]
    if origin.has_crs:
        xy = np.round(geographic_from_local(xy, origin), 7)
    given = iter(xy.tolist())
    return [None if row.xyz_local_m is None else _pair(next(given)) for row in rows]


def _pair(pair: list[float]) -> tuple[float, float]:
    return pair[0], pair[1]


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return str(value)
