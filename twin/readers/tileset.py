"""3D Tiles read whole: for inspecting, pictures and small tilesets. Large ones are streamed."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twin.arrays import Int32Array
from twin.city.asset import CityAsset, Column, FeatureTable, PointCloud, TriangleSoup
from twin.city.columns import MAX_CELLS
from twin.city.names import UniqueNames
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import reading
from twin.tiles.content import NodeRecord, TileContent
from twin.tiles.fetch import READER_ID

if TYPE_CHECKING:  # a third of what all readers import: only where there is a tileset
    from twin.tiles.tileset import TilesetSource
    from twin.tiles.tileset_survey import Survey

#: Triangles and points read into memory at once.
MAX_TRIANGLES = 5_000_000
MAX_POINTS = 20_000_000

_PACKAGES = (".3tz", ".3dtiles")
_GZIP = b"\x1f\x8b"
_SQLITE = b"SQLite format 3\x00"


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read the finest tiles that are there. Any thread.

    Raises
    ------
    ReadError
        It is absent, broken, or no tileset.
    """
    from twin.tiles.tileset import open_tileset

    with reading(path, READER_ID):
        source = open_tileset(path, crs=options.crs)
        try:
            return _asset(path, source, progress)
        finally:
            source.close()


def _asset(path: Path, source: TilesetSource, progress: Progress) -> CityAsset:
    from twin.tiles.tileset_survey import finest_tiles, survey

    tally = Tally()
    found = survey(source, tally)
    progress(0.1)
    chosen = finest_tiles(found, tally)
    contents = _contents(source, chosen, tally, progress)
    firsts = np.cumsum([0, *(content.features.n_features for content in contents)]).tolist()
    soup = _soup(contents, firsts)
    points = _points(contents, firsts)
    features = _features(contents, firsts, tally)
    for warning in source.warnings():
        tally.add(warning.kind, warning.message, warning.count)
    progress(1.0)
    n_missing = len(found.missing)
    return CityAsset(
        title=source.title,
        format="3D Tiles",
        version=source.version,
        origin=source.origin,
        features=features,
        soup=soup,
        n_surfaces=soup.n_triangles,
        warnings=tally.warnings(),
        path=path,
        source_crs=source.source_crs,
        source_bounds=_source_bounds(source, soup, points),
        points=points,
        counts={
            "tiles": found.n_contents,
            "tiles_there": found.n_contents - n_missing,
            "tiles_missing": n_missing,
            "tiles_read": len(contents),
            "features": features.n_features,
            "points": 0 if points is None else points.n_points + _coarser(source, found, chosen),
        },
    )


def _coarser(source: TilesetSource, found: Survey, chosen: Sequence[NodeRecord]) -> int:
    """Points in tiles that finer ones replace: they are in the files and not in the picture."""
    from twin.tiles.tileset_survey import MAX_TILES

    taken = {id(node) for node in chosen}
    others = [node for node in found.nodes() if id(node) not in taken]
    n_points = 0
    for node in others[:MAX_TILES]:
        with suppress(ReadError):  # what cannot be read holds no points
            points = source.load(node, lambda: False).points
            n_points += 0 if points is None else points.n_points
    return n_points


def _contents(
    source: TilesetSource, nodes: Sequence[NodeRecord], tally: Tally, progress: Progress
) -> list[TileContent]:
    contents: list[TileContent] = []
    n_triangles = n_points = 0
    for number, node in enumerate(nodes):
        if n_triangles > MAX_TRIANGLES or n_points > MAX_POINTS:
            tally.add(
                "too-much",
                "The tileset is too large to read whole; these tiles were left out",
                len(nodes) - number,
            )
            break
        try:
            content = source.load(node, lambda: False)
        except ReadError as error:
            tally.add("tile-lost", f"A tile cannot be read: {error}")
            continue
        for warning in content.warnings:
            tally.add(warning.kind, warning.message, warning.count)
        n_triangles += sum(tile.n_triangles for tile in content.tiles)
        n_points += 0 if content.points is None else content.points.n_points
        contents.append(content)
        progress(0.1 + 0.8 * (number + 1) / len(nodes))
    return contents


def _soup(contents: Sequence[TileContent], firsts: Sequence[int]) -> TriangleSoup:
    """All triangles; the surface is the whole part of what the tiles hold as light."""
    tiles = [
        (first, tile) for first, one in zip(firsts, contents, strict=False) for tile in one.tiles
    ]
    if not tiles:
        return TriangleSoup(
            corners_local_m=np.empty((0, 3, 3), np.float32),
            features=np.empty(0, np.int32),
            surfaces=np.empty(0, np.uint8),
        )
    return TriangleSoup(
        corners_local_m=np.concatenate([tile.corners_local_m for _, tile in tiles]),
        features=np.concatenate([tile.features + np.int32(first) for first, tile in tiles]),
        surfaces=np.concatenate(
            [tile.code_light[tile.triangles[:, 0]].astype(np.uint8) for _, tile in tiles]
        ),
    )


def _points(contents: Sequence[TileContent], firsts: Sequence[int]) -> PointCloud | None:
    clouds = [
        (first, one.points)
        for first, one in zip(firsts, contents, strict=False)
        if one.points is not None
    ]
    if not clouds:
        return None
    has_rgb = all(cloud.rgb is not None for _, cloud in clouds)
    has_classes = all(cloud.classes is not None for _, cloud in clouds)
    return PointCloud(
        xyz_local_m=np.concatenate([cloud.xyz_local_m for _, cloud in clouds]),
        rgb=np.concatenate([c.rgb for _, c in clouds if c.rgb is not None]) if has_rgb else None,
        classes=np.concatenate([c.classes for _, c in clouds if c.classes is not None])
        if has_classes
        else None,
        features=np.concatenate([_rows(cloud, first) for first, cloud in clouds]),
    )


def _rows(cloud: PointCloud, first: int) -> Int32Array:
    if cloud.features is None:
        return np.full(cloud.n_points, first, np.int32)
    rows: Int32Array = cloud.features + np.int32(first)
    return rows


def _features(contents: Sequence[TileContent], firsts: Sequence[int], tally: Tally) -> FeatureTable:
    tables = [content.features for content in contents]
    n_features = firsts[-1]
    names = UniqueNames()
    ids = [names.take(text) for table in tables for text in table.ids]
    kind_rows: dict[str, int] = {}
    codes = [np.empty(0, np.uint16)]
    for table in tables:
        rows = [kind_rows.setdefault(kind, len(kind_rows)) for kind in table.kind_names]
        codes.append(np.array(rows, np.uint16)[table.kind_codes])
    columns = list(dict.fromkeys(name for table in tables for name in table.attributes))
    most = max(1, MAX_CELLS // max(1, n_features))
    tally.add(
        "too-many-attributes",
        "The tileset has too many attributes; the last were left out",
        len(columns) - most,
    )
    bounds = [np.empty((0, 6), np.float32), *(one.bounds_min_max_local_m for one in tables)]
    return FeatureTable(
        ids=ids,
        kind_names=tuple(kind_rows) or ("Feature",),
        kind_codes=np.concatenate(codes),
        parents=np.full(n_features, -1, np.int32),
        bounds_min_max_local_m=np.concatenate(bounds),
        attributes={name: _column(name, tables, firsts) for name in columns[:most]},
    )


def _column(name: str, tables: Sequence[FeatureTable], firsts: Sequence[int]) -> Column:
    own = [table.attributes.get(name) for table in tables]
    if all(column is None or column.dtype != object for column in own):
        numbers = np.full(firsts[-1], np.nan)
        for first, column in zip(firsts, own, strict=False):
            if column is not None:
                numbers[first : first + len(column)] = column
        return numbers
    texts = np.full(firsts[-1], None, dtype=object)
    for first, column in zip(firsts, own, strict=False):
        if column is not None:
            values = [None if value != value else value for value in column.tolist()]
            texts[first : first + len(column)] = [
                f"{value:.15g}" if isinstance(value, float) else value for value in values
            ]
    return texts


def _source_bounds(
    source: TilesetSource, soup: TriangleSoup, points: PointCloud | None
) -> tuple[float, ...]:
    """Bounds in the scene's CRS where that is the file's own, else unknown."""
    if source.source_crs != source.origin.crs:
        return ()
    parts = [soup.corners_local_m.reshape(-1, 3)]
    if points is not None:
        parts.append(points.xyz_local_m)
    xyz = np.concatenate(parts)
    if not len(xyz):
        return ()
    zero = source.origin.as_array()
    return tuple(np.concatenate([xyz.min(axis=0) + zero, xyz.max(axis=0) + zero]).tolist())


def sniff(path: Path, head: bytes) -> bool:
    """Whether it is a package by its ending, or a tileset JSON (also gzip) by its first keys."""
    if path.suffix.lower() in _PACKAGES:
        return True
    if head.startswith(_SQLITE):
        return False
    if head.startswith(_GZIP):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 1 << 16)
        except zlib.error:
            return False
    if path.suffix.lower() not in (".json", ".gz"):
        return False
    if path.name.lower() == "tileset.json":
        return True
    has_keys = re.search(rb'"(boundingVolume|geometricError|implicitTiling)"\s*:', head)
    return bool(has_keys) and b'"CityJSON' not in head


READER = ReaderType(
    id=READER_ID,
    title="3D Tiles",
    suffixes=(".3dtiles", ".json", ".3tz"),
    sniff=sniff,
    read=read,
    priority=110,
)
