"""What is imported: files, a scene, or a generated city; and the chunks it comes in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from twin.arrays import Int64Array
from twin.city.asset import CityAsset, FeatureTable, TriangleSoup
from twin.city.compose import compose, is_tileset, scene_at
from twin.city.frames import Origin
from twin.city.merging import table_of
from twin.city.scene_file import is_scene
from twin.errors import ReadError, TwinError
from twin.importing.morton import morton_numbers
from twin.importing.network_files import write_network
from twin.importing.sectors import sectors_of
from twin.importing.seq_lines import line_ranges, read_lines
from twin.importing.spill import read_facts, write_chunk
from twin.importing.tasks import ChunkTask, LinesTask, SectorTask
from twin.readers.base import ReadOptions, open_city, reader_of

GENERATED = re.compile(r"generated:([0-9][0-9_,]*)")
#: Bytes of CityJSONSeq and features of a whole file that are taken at once.
LINES_BYTES, CHUNK_FEATURES = 12 << 20, 30_000
_FIRST_BYTES = 256 << 10


class ImportSources(msgspec.Struct, frozen=True, kw_only=True):
    """Which sources with which options; an unfinished import goes on only with equal ones.

    Attributes
    ----------
    paths : absolute paths, URLs, or one "generated:N"
    stamps : size and time of change of each file, so that a changed file is noticed
    """

    paths: tuple[str, ...]
    stamps: tuple[tuple[int, int], ...]
    crs: str = ""
    lod: str = ""
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Chunks that are there already, and tasks that will make the others."""

    title: str
    origin: Origin
    chunks: tuple[Path, ...] = ()
    tasks: tuple[ChunkTask, ...] = ()
    warnings: dict[str, tuple[str, int]] = field(default_factory=dict)


def import_sources(
    sources: tuple[str, ...], *, crs: str = "", lod: str = "", seed: int = 1
) -> ImportSources:
    """Name the sources.

    Raises
    ------
    TwinError
        A file is absent, or "generated:N" stands beside others.
    """
    if any(one.startswith("generated:") for one in sources):
        if len(sources) > 1:
            raise TwinError("A generated city is imported alone; leave the other sources out")
        if not GENERATED.fullmatch(sources[0]):
            raise TwinError(f"Write generated:N with the number of buildings, not {sources[0]!r}")
        return ImportSources(paths=sources, stamps=((0, 0),), seed=seed)
    paths = [Path(one).resolve() for one in sources]
    stamps = []
    for path in paths:
        if path.is_dir():
            raise ReadError("This is a folder; choose a file in it", path=path)
        try:
            status = path.stat()
        except OSError as error:
            raise ReadError("There is no such file", path=path) from error
        stamps.append((status.st_size, status.st_mtime_ns))
    return ImportSources(
        paths=tuple(str(path) for path in paths), stamps=tuple(stamps), crs=crs, lod=lod, seed=seed
    )


def prepared(sources: ImportSources, work: Path, progress: Callable[[float], None]) -> Prepared:
    """Find out what there is, and read at once what can only be read whole.

    Raises
    ------
    TwinError
        A source cannot be read.
    """
    generated = GENERATED.fullmatch(sources.paths[0])
    if generated:
        return _towns(int(re.sub("[_,]", "", generated[1])), sources.seed, work)
    path = Path(sources.paths[0])
    if len(sources.paths) == 1 and _is_lines(path):
        streamed = _lines(path, sources, work)
        if streamed is not None:
            return streamed
    return _whole(sources, work, progress)


def _towns(n_buildings: int, seed: int, work: Path) -> Prepared:
    from twin.generate.city import ORIGIN
    from twin.generate.names import city_name

    sectors = sectors_of(n_buildings, seed)
    title = f"{city_name(seed)}, {n_buildings:,} generated buildings"
    tasks = tuple(
        SectorTask(
            base=str(work / "chunks" / f"{one.index:05d}"), stop=str(work / "stop"), sector=one
        )
        for one in sectors
    )
    return Prepared(title=title, origin=ORIGIN, tasks=tasks)


def _is_lines(path: Path) -> bool:
    return not is_scene(path) and not is_tileset(path) and reader_of(path).id == "cityjsonseq"


def _lines(path: Path, sources: ImportSources, work: Path) -> Prepared | None:
    """The file in ranges of lines; None when it must be read whole (degrees, feet)."""
    ranges = line_ranges(path, LINES_BYTES)
    first = line_ranges(path, _FIRST_BYTES)[0]
    part = read_lines(path, *first, crs=sources.crs, lod="", tick=lambda: None)
    origin = part.origin
    if part.source_crs != origin.crs:  # degrees and feet find their UTM zone from the whole extent
        return None
    tasks = tuple(
        LinesTask(
            base=str(work / "chunks" / f"{number:05d}"),
            stop=str(work / "stop"),
            path=str(path),
            first=low,
            end=high,
            crs=sources.crs,
            lod=sources.lod,
            target_crs=origin.crs,
            east_m=origin.east_m,
            north_m=origin.north_m,
            height_m=origin.height_m,
        )
        for number, (low, high) in enumerate(ranges)
    )
    return Prepared(title=path.name.split(".")[0], origin=origin, tasks=tasks)


def _whole(sources: ImportSources, work: Path, progress: Callable[[float], None]) -> Prepared:
    path = Path(sources.paths[0])
    if len(sources.paths) == 1 and not is_scene(path) and not is_tileset(path):
        city = open_city(path, ReadOptions(lod=sources.lod, crs=sources.crs), progress)
    else:
        scene = scene_at(sources.paths, crs=sources.crs, lod=sources.lod)
        composed = compose(scene, progress)
        if composed.streams:
            raise TwinError("A tileset is imported already; leave it out of the sources")
        city = composed.asset
    chunks = _cut(city, work)
    return Prepared(
        title=city.title,
        origin=city.origin,
        chunks=chunks,
        warnings={one.kind: (one.message, one.count) for one in city.warnings},
    )


def _cut(city: CityAsset, work: Path) -> tuple[Path, ...]:
    """Write a city that is in memory as chunks of near features."""
    table, soup = table_of(city), city.soup
    root = np.arange(table.n_features)
    for _ in range(8):
        root = np.where(table.parents[root] >= 0, table.parents[root], root)
    bounds = table.bounds_min_max_local_m
    middle = np.nan_to_num((bounds[:, :2].astype(np.float64) + bounds[:, 3:5]) / 2)
    order = np.lexsort((root, morton_numbers(middle[root])))
    part_of = _parts(root[order])
    by_feature = np.argsort(soup.features, kind="stable")
    firsts = np.searchsorted(soup.features[by_feature], np.arange(table.n_features + 1))
    bases = []
    for number in range(int(part_of[-1]) + 1 if len(part_of) else 0):
        base = work / "chunks" / f"{number:05d}"
        bases.append(base)
        if read_facts(base) is None:
            rows = order[part_of == number]
            pieces = [by_feature[firsts[row] : firsts[row + 1]] for row in rows.tolist()]
            triangles = np.concatenate([np.zeros(0, np.int64), *pieces])
            write_chunk(base, *_part(table, soup, rows, triangles))
    if bases:
        write_network(bases[0], city.streets, city.places, table.ids)
    return tuple(bases)


def _parts(roots: Int64Array) -> Int64Array:
    """(N,) chunk of each feature in order; families stay together."""
    begins = np.flatnonzero(np.diff(roots, prepend=-1))
    family = np.repeat(begins, np.diff(np.append(begins, len(roots))))
    parts: Int64Array = family // CHUNK_FEATURES
    return np.unique(parts, return_inverse=True)[1].astype(np.int64)


def _part(
    table: FeatureTable, soup: TriangleSoup, rows: Int64Array, triangles: Int64Array
) -> tuple[FeatureTable, TriangleSoup]:
    place = np.full(table.n_features, -1, np.int64)
    place[rows] = np.arange(len(rows))
    parents = table.parents[rows]
    return (
        FeatureTable(
            ids=[table.ids[row] for row in rows.tolist()],
            kind_names=table.kind_names,
            kind_codes=table.kind_codes[rows],
            parents=np.where(parents >= 0, place[parents], -1).astype(np.int32),
            bounds_min_max_local_m=table.bounds_min_max_local_m[rows],
            attributes={name: column[rows] for name, column in table.attributes.items()},
        ),
        TriangleSoup(
            corners_local_m=soup.corners_local_m[triangles],
            features=place[soup.features[triangles]].astype(np.int32),
            surfaces=soup.surfaces[triangles],
        ),
    )
