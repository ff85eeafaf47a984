"""GeoPackage, FlatGeobuf and Shapefile (needs the extra "formats"): every layer, by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twin.arrays import Float64Array, Int32Array, Int64Array, UInt8Array
from twin.city.asset import CityAsset, Column, Surface
from twin.city.flat_map import GeometryArray
from twin.city.footprints import FlatFootprints
from twin.city.frames import crs_from_text
from twin.city.ribbons import Lines
from twin.city.tally import Tally
from twin.errors import CrsError, ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import reading
from twin.readers.footprints_asset import BUILDING, FOOTPRINT, LINE, POINT
from twin.readers.vector_asset import EXTRUDED, VectorParts, VectorSource, vector_asset
from twin.readers.vector_columns import column_of, joined_columns, spans_m, street_tags, tag_rows
from twin.readers.vector_kinds import (
    KIND_NAMES,
    flat_look,
    kind_of_layer,
    line_kind,
    surface_of_layer,
)

_ID = "vector-file"
_KINDS = (BUILDING, FOOTPRINT, LINE, POINT, *KIND_NAMES)
_FORMATS = {".gpkg": "GeoPackage", ".fgb": "FlatGeobuf", ".shp": "Shapefile"}
#: Features that are read whole; more must be cut out first.
MAX_FEATURES = 1_500_000
#: Nameless areas larger than this (median) are land, not houses.
LARGE_M2 = 20_000.0
_EXTRA = 'This format needs further libraries: pip install "civitwin[formats]"'


@dataclass(slots=True)
class _Gathered:
    """Layers as they come."""

    ids: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    columns: list[tuple[int, dict[str, Column]]] = field(default_factory=list)
    polygons: list[GeometryArray] = field(default_factory=list)
    polygon_rows: list[Int64Array] = field(default_factory=list)
    looks: list[UInt8Array] = field(default_factory=list)
    spans: list[Float64Array] = field(default_factory=list)
    lines: list[GeometryArray] = field(default_factory=list)
    line_rows: list[Int64Array] = field(default_factory=list)
    line_looks: list[tuple[int, float]] = field(default_factory=list)
    line_tags: list[dict[str, str]] = field(default_factory=list)
    points: list[Float64Array] = field(default_factory=list)
    point_rows: list[Int64Array] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer: name, CRS as text, geometries (N,) in the CRS of the first layer, columns."""

    name: str
    geometries: GeometryArray
    columns: dict[str, Column]


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read all layers. Any thread.

    Raises
    ------
    ReadError
        The library is not installed, the file is broken, too large or holds no geometry.
    """
    tally = Tally()
    with reading(path, _ID):
        layers, crs = _layers(path, options, tally, progress)
        found = _Gathered()
        for layer in layers:
            _gather(layer, len(layers) > 1, crs, found, tally)
        progress(0.7)
        source = VectorSource(
            path=path,
            reader_id=_ID,
            format_name=_FORMATS.get(path.suffix.lower(), "Vector file"),
            crs=crs,
            chosen_crs=options.crs,
        )
        asset = vector_asset(_parts(found), source, tally)
    progress(1.0)
    return asset


def _layers(
    path: Path, options: ReadOptions, tally: Tally, progress: Progress
) -> tuple[list[_Layer], str]:
    """Layers with geometries, and the CRS all of them are now in."""
    try:
        import pyogrio
    except ImportError as error:
        raise ReadError(_EXTRA, path=path, reader_id=_ID) from error
    try:
        names = [str(name) for name, kind in pyogrio.list_layers(path).tolist() if kind]
        infos = [pyogrio.read_info(path, layer=name) for name in names]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise _unreadable(path, error) from error
    total = sum(max(0, int(info["features"])) for info in infos)
    if total > MAX_FEATURES:
        raise ReadError(
            f"The file holds {total:,} features, over {MAX_FEATURES:,}; cut out the city first",
            path=path,
            reader_id=_ID,
        )
    out: list[_Layer] = []
    crs = ""
    for number, name in enumerate(names):
        layer, own = _layer(path, name, tally)
        progress(0.6 * (number + 1) / len(names))
        if layer is None:
            continue
        own = own or options.crs
        if not out:
            crs = own
        elif own and crs and own != crs:
            layer = _moved(layer, own, crs, tally)
        out.append(layer)
    if not out:
        raise ReadError("The file holds no layer with geometries", path=path, reader_id=_ID)
    return out, crs


def _layer(path: Path, name: str, tally: Tally) -> tuple[_Layer | None, str]:
    import warnings

    import pyogrio
    import shapely

    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            meta, _, geometry, values = pyogrio.raw.read(path, layer=name, force_2d=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError,
            pyogrio.errors.FeatureError, RuntimeError) as error:  # fmt: skip
        raise _unreadable(path, error) from error
    if said:
        reason = " ".join(str(said[0].message).split())[:120]
        tally.add("library-warning", f"The library says: {reason}", len(said))
    if geometry is None or not len(geometry):
        return None, ""
    geometries = shapely.from_wkb(geometry, on_invalid="ignore")
    columns = {
        str(field_name): column_of(column)
        for field_name, column in zip(meta["fields"].tolist(), values, strict=True)
    }
    return _Layer(name, geometries, columns), str(meta["crs"] or "")


def _unreadable(path: Path, error: Exception) -> ReadError:
    reason = " ".join(str(error).replace(str(path), "the file").split())[:160]
    return ReadError(f"The file cannot be read ({reason})", path=path, reader_id=_ID)


def _moved(layer: _Layer, own: str, crs: str, tally: Tally) -> _Layer:
    """A layer in the CRS of the first one."""
    import pyproj
    import shapely

    try:
        change = pyproj.Transformer.from_crs(crs_from_text(own), crs_from_text(crs), always_xy=True)
    except CrsError as error:
        tally.add("unknown-crs", str(error))
        return layer
    moved = shapely.transform(
        layer.geometries, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1]))
    )
    return _Layer(layer.name, moved, layer.columns)


def _gather(layer: _Layer, is_one_of_many: bool, crs: str, found: _Gathered, tally: Tally) -> None:
    import shapely

    first, n = len(found.ids), len(layer.geometries)
    prefix = f"{layer.name}/" if is_one_of_many else ""
    found.ids += [f"{prefix}{number + 1}" for number in range(n)]
    found.columns.append((n, layer.columns))
    parts, owner = shapely.get_parts(layer.geometries, return_index=True)
    nested = shapely.get_type_id(parts) > 3
    while nested.any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        owner = owner[inner]
        nested = shapely.get_type_id(parts) > 3
    whole = ~(shapely.is_missing(parts) | shapely.is_empty(parts))
    types = np.where(whole, shapely.get_type_id(parts), -1)
    tally.add("no-geometry", "Features without a geometry are not shown",
              n - len(np.unique(owner[whole])))  # fmt: skip
    kind = kind_of_layer(layer.name)
    tags = tag_rows(layer.columns, n)
    codes = np.full(n, _KINDS.index(POINT))
    _gather_points(parts[types == 0], owner[types == 0] + first, found)
    is_line = np.isin(types, (1, 2))
    codes[owner[is_line]] = _gather_lines(
        parts[is_line], owner[is_line], first, kind, tags, layer, found
    )
    is_area = types == 3
    codes[owner[is_area]] = _gather_polygons(
        parts[is_area], owner[is_area], first, kind, tags, layer, crs, found, tally
    )
    found.codes += codes.tolist()


def _gather_points(points: GeometryArray, rows: Int64Array, found: _Gathered) -> None:
    import shapely

    found.points.append(shapely.get_coordinates(points).reshape(-1, 2))
    found.point_rows.append(rows)


def _gather_lines(
    lines: GeometryArray,
    owner: Int64Array,
    first: int,
    kind: str,
    tags: Sequence[dict[str, str]],
    layer: _Layer,
    found: _Gathered,
) -> Int64Array:
    codes = []
    lower = {field_name.lower(): column for field_name, column in layer.columns.items()}
    for row in owner.tolist():
        own = street_tags(tags[row], lower, row, kind)
        name, surface, width = line_kind(own or tags[row], kind)
        found.line_looks.append((int(surface), width))
        found.line_tags.append(own)
        codes.append(_KINDS.index(name or LINE))
    found.lines.append(lines)
    found.line_rows.append(owner + first)
    return np.array(codes, dtype=np.int64)


def _gather_polygons(
    polygons: GeometryArray,
    owner: Int64Array,
    first: int,
    kind: str,
    tags: Sequence[dict[str, str]],
    layer: _Layer,
    crs: str,
    found: _Gathered,
    tally: Tally,
) -> Int64Array:
    spans, known = spans_m(layer.columns, len(layer.geometries))
    surface = surface_of_layer(kind)
    is_land = kind == "" and not known.any() and _median_m2(polygons, crs) > LARGE_M2
    looks, codes = [], []
    for row in owner.tolist():
        flat = flat_look(tags[row])
        if known[row] or kind == BUILDING or (flat is None and surface is None and not is_land):
            is_building = known[row] or kind == BUILDING or "building" in tags[row]
            looks.append(EXTRUDED)
            codes.append(_KINDS.index(BUILDING if is_building else FOOTPRINT))
        elif flat is not None:
            looks.append(int(flat[1]))
            codes.append(_KINDS.index(flat[0]))
        else:
            looks.append(int(surface if surface is not None else Surface.TERRAIN))
            codes.append(_KINDS.index(kind or "LandUse"))
    guessed = (np.array(looks) == EXTRUDED) & ~known[owner] if looks else np.zeros(0, bool)
    tally.add(
        "no-height", "Footprints without a height stand 9 m high", len(np.unique(owner[guessed]))
    )
    found.polygons.append(polygons)
    found.polygon_rows.append(owner + first)
    found.looks.append(np.array(looks, dtype=np.uint8))
    found.spans.append(spans[owner])
    return np.array(codes, dtype=np.int64)


def _median_m2(polygons: GeometryArray, crs: str) -> float:
    """Median area; degrees are taken as at the polygons' latitude."""
    import shapely

    if not len(polygons):
        return 0.0
    area = float(np.median(shapely.area(polygons)))
    try:
        is_degrees = bool(crs) and crs_from_text(crs).is_geographic
    except CrsError:
        is_degrees = False
    if is_degrees:
        middle = np.radians(shapely.get_coordinates(polygons[:1])[0, 1])
        area *= 111_195.0**2 * float(np.cos(middle))
    return area


def _parts(found: _Gathered) -> VectorParts:
    import shapely

    polygons = _joined(found.polygons)
    rings, ring_polygon = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    lines = _joined(found.lines)
    line_xy, line = shapely.get_coordinates(lines, return_index=True)
    sizes = np.bincount(line, minlength=len(lines))
    looks = found.line_looks
    return VectorParts(
        ids=_distinct(found.ids),
        kind_names=_KINDS,
        kind_codes=found.codes,
        columns=joined_columns(found.columns),
        polygons=FlatFootprints(
            xy=xy,
            ring_sizes=np.bincount(ring, minlength=len(rings)).astype(np.int64),
            polygon_rings=np.bincount(ring_polygon, minlength=len(polygons)).astype(np.int64),
        ),
        polygon_rows=_rows(found.polygon_rows),
        looks=np.concatenate([np.zeros(0, np.uint8), *found.looks]),
        spans_m=np.concatenate([np.zeros((0, 2)), *found.spans]),
        lines=Lines(xy=line_xy, starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)),
        line_rows=_rows(found.line_rows),
        line_widths_m=np.array([width for _, width in looks], dtype=np.float64),
        line_surfaces=np.array([surface for surface, _ in looks], dtype=np.uint8),
        line_tags=found.line_tags,
        points=np.concatenate([np.zeros((0, 2)), *found.points]),
        point_rows=_rows(found.point_rows),
    )


def _joined(parts: list[Any]) -> GeometryArray:
    joined: GeometryArray = np.concatenate([np.empty(0, dtype=object), *parts])
    return joined


def _rows(parts: list[Int64Array]) -> Int32Array:
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int32)


def _distinct(ids: list[str]) -> tuple[str, ...]:
    """Ids, made different where two layers have one name."""
    if len(set(ids)) == len(ids):
        return tuple(ids)
    return tuple(f"{one}#{number}" for number, one in enumerate(ids))


def sniff(path: Path, head: bytes) -> bool:
    """Whether it is one of the three by its first bytes; never raises."""
    if head.startswith(b"fgb\x03"):
        return True
    if head.startswith(b"SQLite format 3\x00"):
        return head[68:72] in (b"GPKG", b"GP10", b"GP11") or path.suffix.lower() == ".gpkg"
    return head.startswith(b"\x00\x00\x27\x0a") and path.suffix.lower() == ".shp"


READER = ReaderType(
    id=_ID,
    title="GeoPackage, FlatGeobuf, Shapefile",
    suffixes=(".gpkg", ".fgb", ".shp"),
    sniff=sniff,
    read=read,
    priority=70,
)
