"""GeoJSON footprints (Polygon, MultiPolygon) with heights or levels, extruded."""

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
        It is not GeoJSON, or holds no polygon.
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
    polygons = _polygons(feature.get("geometry"), MAX_DEPTH)
    if not polygons:
        table.tally.add("no-polygon", "Features without a polygon are not shown")
        return
    properties = feature.get("properties")
    attributes = properties if isinstance(properties, dict) else {}
    table.add(feature.get("id", attributes.get("@id", "")), attributes, polygons)


def _polygons(geometry: Any, depth: int) -> list[Any]:
    if not isinstance(geometry, dict) or depth == 0:
        return []
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "Polygon":
        return [coordinates]
    if kind == "MultiPolygon" and isinstance(coordinates, list):
        return coordinates
    members = geometry.get("geometries")
    if kind == "GeometryCollection" and isinstance(members, list):
        return [polygon for one in members for polygon in _polygons(one, depth - 1)]
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
    title="GeoJSON footprints",
    suffixes=(".geojson", ".json"),
    sniff=sniff,
    read=read,
    priority=15,
)
