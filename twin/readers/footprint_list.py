"""A plain JSON list of footprints: ``[{"height": 137, "polygon": [[lon, lat], …]}, …]``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from twin.city.asset import CityAsset
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import json_bytes, reading
from twin.readers.footprints_asset import FootprintTable

_ID = "footprint-list"
_WGS84 = "EPSG:4326"
_POLYGON_NAMES = ("polygon", "footprint", "contour")
_LIKELY = re.compile(rb'^\s*\[\s*\{.*"(polygon|footprint|contour)"\s*:\s*\[', re.DOTALL)


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read a list of footprints. Any thread.

    Raises
    ------
    ReadError
        It is no such list, or none of its entries has a polygon.
    """
    table = FootprintTable(path, _ID)
    with reading(path, _ID):
        listed = msgspec.json.decode(json_bytes(path.read_bytes()))
        progress(0.3)
        if not isinstance(listed, list):
            raise ReadError("The file is no list of footprints", path=path, reader_id=_ID)
        for entry in listed:
            _add(entry, table)
        progress(0.6)
        asset = table.asset(
            format_name="Footprint list", version="", crs=options.crs or _assumed(table)
        )
    progress(1.0)
    return asset


def _add(entry: Any, table: FootprintTable) -> None:
    values = entry if isinstance(entry, dict) else {}
    name = next((name for name in _POLYGON_NAMES if name in values), None)
    if name is None:
        table.tally.add("no-polygon", "Entries without a polygon are not shown")
        return
    attributes = {key: value for key, value in values.items() if key not in _POLYGON_NAMES}
    table.add(values.get("id", ""), attributes, [_rings(values[name])])


def _rings(polygon: Any) -> Any:
    """The polygon as a list of rings; a lone ring of points is one too."""
    if isinstance(polygon, list) and polygon and isinstance(polygon[0], list) and polygon[0]:
        return polygon if isinstance(polygon[0][0], list) else [polygon]
    return polygon


def _assumed(table: FootprintTable) -> str:
    """WGS 84 when every coordinate could be degrees, with a warning; else nothing."""
    points = [point for rings in table.footprints.rings for ring in rings for point in ring]
    if not all(abs(point[0]) <= 180 and abs(point[1]) <= 90 for point in points):
        return ""
    table.tally.add("crs-assumed", "The file names no CRS; longitude and latitude are assumed")
    return _WGS84


def sniff(_path: Path, head: bytes) -> bool:
    """Whether the file looks like a list of objects with a polygon."""
    return _LIKELY.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


READER = ReaderType(
    id=_ID,
    title="List of footprints with heights",
    suffixes=(".json",),
    sniff=sniff,
    read=read,
    priority=10,
)
