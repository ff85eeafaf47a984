"""GeoJSON: footprints with heights or levels extruded, lines as roads, points as places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from twin.city.asset import CityAsset
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import json_bytes, reading
from twin.readers.footprints_asset import FootprintTable

_ID = "geojson"
_WGS84 = "EPSG:4326"
_GEOMETRIES = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
    "GeometryCollection",
)  # fmt: skip
#: GeometryCollections inside each other deeper than this are left out.
MAX_DEPTH = 8


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read a GeoJSON file. Any thread.

    Raises
    ------
    ReadError
        It is not GeoJSON, or holds no geometry.
    """
    table = FootprintTable(path, _ID)
    with reading(path, _ID):
        root = msgspec.json.decode(json_bytes(path.read_bytes()))
        progress(0.3)
        if not isinstance(root, dict):
            raise ReadError("The file is no GeoJSON object", path=path, reader_id=_ID)
        for feature in _features(root, path, table):
            _add(feature, table)
        progress(0.6)
        asset = table.asset(
            format_name="GeoJSON", version="", crs=_crs_text(root, options) or _WGS84
        )
    progress(1.0)
    return asset


def _features(root: dict[str, Any], path: Path, table: FootprintTable) -> Iterator[dict[str, Any]]:
    kind = root.get("type")
    if kind == "FeatureCollection":
        listed = root.get("features")
        if not isinstance(listed, list):
            raise ReadError("The FeatureCollection has no features", path=path, reader_id=_ID)
    elif kind == "Feature":
        listed = [root]
    elif kind in _GEOMETRIES:
        listed = [{"type": "Feature", "geometry": root}]
    else:
        if kind is None:
            raise ReadError("The file does not say which GeoJSON it is", path=path, reader_id=_ID)
        raise ReadError(f"The file says it is {kind!r:.60}, not GeoJSON", path=path, reader_id=_ID)
    for feature in listed:
        if isinstance(feature, dict):
            yield feature
        else:
            table.tally.add("bad-feature", "Features that are no JSON objects were left out")


def _add(feature: dict[str, Any], table: FootprintTable) -> None:
    geometry = feature.get("geometry")
    properties = feature.get("properties")
    attributes = properties if isinstance(properties, dict) else {}
    wanted_id = feature.get("id", attributes.get("@id", ""))
    if polygons := _parts(geometry, "Polygon", MAX_DEPTH):
        table.add(wanted_id, attributes, polygons)
    elif lines := _parts(geometry, "LineString", MAX_DEPTH):
        table.add_lines(wanted_id, attributes, lines)
    elif points := _parts(geometry, "Point", MAX_DEPTH):
        table.add_points(wanted_id, attributes, points)
    else:
        table.tally.add("no-geometry", "Features without a geometry are not shown")


def _parts(geometry: Any, wanted: str, depth: int) -> list[Any]:
    """Coordinates of all parts of one type: "Polygon", "LineString" or "Point"."""
    if not isinstance(geometry, dict) or depth == 0:
        return []
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == wanted:
        return [coordinates]
    if kind == f"Multi{wanted}" and isinstance(coordinates, list):
        return coordinates
    members = geometry.get("geometries")
    if kind == "GeometryCollection" and isinstance(members, list):
        return [part for one in members for part in _parts(one, wanted, depth - 1)]
    return []


def _crs_text(root: dict[str, Any], options: ReadOptions) -> str:
    """The CRS of the old "crs" member, else the person's, else "" (WGS 84 by RFC 7946)."""
    member = root.get("crs")
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        return options.crs
    return _WGS84 if "CRS84" in name else name


def sniff(path: Path, head: bytes) -> bool:
    """Whether the file looks like GeoJSON."""
    if path.name.lower().endswith(".geojson"):
        return True
    is_object = head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    return is_object and b'"FeatureCollection"' in head


READER = ReaderType(
    id=_ID,
    title="GeoJSON",
    suffixes=(".geojson", ".json"),
    sniff=sniff,
    read=read,
    priority=15,
)
