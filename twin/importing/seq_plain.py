"""Plain CityJSONSeq lines by the thousand: their numbers pass through C loops only.

Plain are lines whose objects have one geometry each, without templates, and no parts more
detailed than themselves: what exporters write for millions of buildings. Everything else goes
line by line through `twin.readers.cityjson_builder`, with the same result.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from twin.arrays import Float64Array, Int64Array, UInt8Array
from twin.city.asset import FeatureTable
from twin.city.columns import ColumnsBuilder
from twin.city.family import parent_rows
from twin.city.gathering import Gathered, with_possible_heights
from twin.city.kinds import surface_of_kind, surface_of_land_use, surface_of_semantics
from twin.city.placing import Placed, place
from twin.city.polygons import Polygons
from twin.city.soup import feature_bounds, soup_of
from twin.city.tally import Tally
from twin.importing.seq_part import SeqPart
from twin.readers.cityjson_geometry import DEPTHS
from twin.readers.cityjson_header import crs_text_of, transform_of, version_of
from twin.readers.cityjson_schema import Model

#: Distinct lists of semantic surfaces in one part; more are not plain.
_MOST_SEMANTICS, _MOST_TYPES = 4096, 256
#: Lines whose lists are turned into arrays together: few enough to stay in the processor's cache.
_LINES_AT_ONCE = 128


class _NotPlainError(Exception):
    """Something that the builder for all cases must look at."""


class _Surface(msgspec.Struct):
    type: str


class _Semantics(msgspec.Struct):
    surfaces: list[_Surface]
    values: list[Any]


class _Geometry(msgspec.Struct):
    type: str
    boundaries: list[Any]
    semantics: _Semantics | None = None
    template: msgspec.UnsetType = msgspec.UNSET


class _Object(msgspec.Struct):
    type: str
    attributes: dict[str, Any] | None = None
    geometry: list[_Geometry] = []
    parents: list[str] | None = None
    children: list[str] | None = None
    parent: msgspec.UnsetType = msgspec.UNSET
    members: msgspec.UnsetType = msgspec.UNSET


class PlainLine(msgspec.Struct):
    """One line that may be plain."""

    type: str
    id: str
    objects: dict[str, _Object] = msgspec.field(name="CityObjects")
    vertices: list[tuple[float, float, float]]


@dataclass(slots=True)
class _Lists:
    """What is gathered line by line; later turned into arrays at once.

    Attributes
    ----------
    shapes : rows and values of the attributes of objects that have the same ones
    luts : number of each list of shades a geometry's semantic values point into
    surfaces, line_sizes, vertices : of the lines that are no arrays yet
    flat : of the lines before
    """

    ids: list[str] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    kind_codes: list[int] = field(default_factory=list)
    shapes: dict[tuple[str, ...], tuple[list[int], list[Any]]] = field(default_factory=dict)
    parents: dict[int, Sequence[object]] = field(default_factory=dict)
    children: dict[int, Sequence[object]] = field(default_factory=dict)
    values: list[int] = field(default_factory=list)
    luts: dict[tuple[int, ...], int] = field(default_factory=dict)
    lut_of: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    row_sizes: list[int] = field(default_factory=list)
    surfaces: list[Any] = field(default_factory=list)
    line_sizes: list[int] = field(default_factory=list)
    vertices: list[Any] = field(default_factory=list)
    flat: list[Polygons] = field(default_factory=list)


def plain_part(lines: Iterable[bytes], header: Model, crs: str, tally: Tally) -> SeqPart | None:
    """All lines as one part, None when one of them is not plain.

    Raises
    ------
    TwinError
        The coordinates cannot be placed.
    """
    quiet = Tally()  # what the builder would say is said by the builder
    transform = transform_of(header, version_of(header, quiet), quiet)
    if transform is None or header.templates is not None or quiet.warnings():
        return None
    lists = _Lists()
    decode = msgspec.json.Decoder(PlainLine).decode
    try:
        for number, line in enumerate(lines, start=1):
            _add(lists, decode(line))
            if number % _LINES_AT_ONCE == 0:
                _flatten(lists)
        _flatten(lists)
        polygons, codes = _polygons(lists.flat, *transform), _shades(lists)
    except (msgspec.DecodeError, _NotPlainError, TypeError, ValueError, OverflowError, LookupError):
        return None
    if codes is None or len(set(lists.ids)) != len(lists.ids):
        return None
    return _part(lists, polygons, codes, crs_text_of(header.metadata), crs, tally)


def _add(lists: _Lists, line: PlainLine) -> None:
    """Note the objects of one line."""
    if line.type != "CityJSONFeature" or line.id not in line.objects:
        raise _NotPlainError
    n_before = len(lists.surfaces)
    for key, one in line.objects.items():
        row = len(lists.ids)
        lists.ids.append(key)
        lists.kind_codes.append(lists.kinds.setdefault(one.type, len(lists.kinds)))
        attributes = one.attributes
        if attributes:
            rows, values = lists.shapes.setdefault(tuple(attributes), ([], []))
            rows.append(row)
            values.append(tuple(attributes.values()))
        if one.parents:
            lists.parents[row] = one.parents
        if one.children:
            lists.children[row] = one.children
        if one.geometry:
            if len(one.geometry) > 1 or one.children:
                raise _NotPlainError
            _geometry(lists, one.geometry[0], row, one)
    lists.line_sizes.append(len(lists.surfaces) - n_before)
    lists.vertices.append(line.vertices)


def _geometry(lists: _Lists, geometry: _Geometry, row: int, one: _Object) -> None:
    """Note the surfaces of an object and which shades they have."""
    depth, semantics, surfaces = DEPTHS[geometry.type], geometry.semantics, geometry.boundaries
    values = None if semantics is None else semantics.values
    if depth == 2 and len(surfaces) == 1 and (values is None or len(values) == 1):
        surfaces, values = surfaces[0], None if values is None else values[0]
    elif depth != 1:
        raise _NotPlainError
    shade = surface_of_kind(one.type)
    if "LandUse" in one.type:
        shade = surface_of_land_use(one.attributes)
    n = len(surfaces)
    if semantics is None:
        lut: tuple[int, ...] = (shade,)
        values = [0] * n
    else:
        lut = _lut(shade, tuple([each.type for each in semantics.surfaces]))
        if values is None or len(values) != n:
            raise _NotPlainError
    lists.surfaces += surfaces
    lists.values += values
    lists.lut_of.append(lists.luts.setdefault(lut, len(lists.luts)))
    lists.rows.append(row)
    lists.row_sizes.append(n)


@lru_cache(maxsize=1024)
def _lut(shade: int, types: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(surface_of_semantics(shade, one) for one in types)


def _shades(lists: _Lists) -> UInt8Array | None:
    """(S,) shade of each surface; None where a semantic value points to nothing."""
    if len(lists.luts) > _MOST_SEMANTICS or max(map(len, lists.luts), default=0) > _MOST_TYPES:
        return None
    table = np.zeros((max(1, len(lists.luts)), _MOST_TYPES), np.uint8)
    sizes = np.zeros(len(table), np.int64)
    for lut, number in lists.luts.items():
        table[number, : len(lut)], sizes[number] = lut, len(lut)
    values = np.array(array("q", lists.values), np.int64)
    which = np.repeat(np.array(lists.lut_of, np.int64), np.array(lists.row_sizes, np.int64))
    if ((values < 0) | (values >= sizes[which])).any():
        return None
    shades: UInt8Array = table[which, values]
    return shades


def _flatten(lists: _Lists) -> None:
    """Turn the lists of some lines into arrays and forget them."""
    points = chain.from_iterable(lists.vertices)
    numbers = np.array(array("d", chain.from_iterable(points)), np.float64).reshape(-1, 3)
    rings = list(chain.from_iterable(lists.surfaces))
    if not set(map(type, rings)) <= {list}:
        raise _NotPlainError
    corners = np.array(array("q", chain.from_iterable(rings)), np.int64)
    ring_sizes = np.fromiter(map(len, rings), np.int64, len(rings))
    surface_rings = np.fromiter(map(len, lists.surfaces), np.int64, len(lists.surfaces))
    n_vertices = np.fromiter(map(len, lists.vertices), np.int64, len(lists.vertices))
    first, end = _vertex_ranges(lists, n_vertices, surface_rings, ring_sizes)
    corners += first
    if ((corners < first) | (corners >= end)).any():
        raise _NotPlainError
    lists.flat.append(
        Polygons(
            vertices=numbers, corners=corners, ring_sizes=ring_sizes, surface_rings=surface_rings
        )
    )
    lists.surfaces, lists.line_sizes, lists.vertices = [], [], []


def _polygons(flat: Sequence[Polygons], scale: Float64Array, translate: Float64Array) -> Polygons:
    """All lines' surfaces in one, without vertices that nothing uses."""
    sizes = [len(one.vertices) for one in flat]
    firsts = np.cumsum([0, *sizes])
    corners = np.concatenate([one.corners + k for one, k in zip(flat, firsts, strict=False)])
    used = np.zeros(int(firsts[-1]), bool)
    used[corners] = True
    return Polygons(
        vertices=np.concatenate([one.vertices for one in flat])[used] * scale + translate,
        corners=(np.cumsum(used) - 1)[corners],
        ring_sizes=np.concatenate([one.ring_sizes for one in flat]),
        surface_rings=np.concatenate([one.surface_rings for one in flat]),
    )


def _vertex_ranges(
    lists: _Lists, n_vertices: Int64Array, surface_rings: Int64Array, ring_sizes: Int64Array
) -> tuple[Int64Array, Int64Array]:
    """(K,) first vertex of each corner's line, and the one behind its last."""
    surfaces_of_line = np.array(lists.line_sizes, np.int64)
    line_of_surface = np.repeat(np.arange(len(surfaces_of_line)), surfaces_of_line)
    line_of_ring = np.repeat(line_of_surface, surface_rings)
    line = np.repeat(line_of_ring, ring_sizes)
    ends = np.cumsum(n_vertices)
    return (ends - n_vertices)[line], ends[line]


def _part(
    lists: _Lists,
    polygons: Polygons,
    codes: UInt8Array,
    crs_text: str,
    chosen_crs: str,
    tally: Tally,
) -> SeqPart:
    gathered = Gathered(
        polygons=polygons,
        features=np.repeat(np.array(lists.rows, np.int32), np.array(lists.row_sizes, np.int64)),
        codes=codes,
    )
    if crs_text:
        gathered = with_possible_heights(gathered, tally)
    placed: Placed = place(gathered.polygons.vertices, crs_text, tally, chosen_crs=chosen_crs)
    soup = soup_of(gathered, placed.xyz_local_m, tally)
    n = len(lists.ids)
    row_of = {key: row for row, key in enumerate(lists.ids)}
    features = FeatureTable(
        ids=lists.ids,
        kind_names=tuple(lists.kinds),
        kind_codes=np.array(lists.kind_codes, np.uint16),
        parents=parent_rows(n, row_of, lists.parents, lists.children, tally),
        bounds_min_max_local_m=feature_bounds(
            soup.corners_local_m.reshape(-1, 3), np.repeat(soup.features, 3), n
        ),
        attributes=_columns(lists).columns(n, tally),
    )
    return SeqPart(
        features=features,
        soup=soup,
        origin=placed.origin,
        source_crs=placed.source_crs,
        tally=tally,
    )


def _columns(lists: _Lists) -> ColumnsBuilder:
    """Attributes by column, object shape by object shape."""
    builder = ColumnsBuilder()
    for names, (rows, values) in lists.shapes.items():
        builder.add_many(rows, dict(zip(names, zip(*values, strict=True), strict=True)))
    return builder
