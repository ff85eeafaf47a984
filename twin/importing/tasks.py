"""What worker processes are asked to do, and how they do it. Tasks hold plain values only."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np

from twin.city.asset import FeatureTable, TriangleSoup
from twin.city.frames import Origin
from twin.city.merging import table_of
from twin.errors import ReadError, TwinError
from twin.importing.network_files import write_network
from twin.importing.sectors import Sector
from twin.importing.seq_lines import read_lines
from twin.importing.seq_part import SeqPart
from twin.importing.spill import ChunkFacts, read_facts, write_chunk


class CancelledError(TwinError):
    """The person stopped the import; it can go on later."""


class SectorTask(msgspec.Struct, frozen=True, kw_only=True, tag="sector"):
    """Make up one town."""

    base: str
    stop: str
    sector: Sector


class LinesTask(msgspec.Struct, frozen=True, kw_only=True, tag="lines"):
    """Read some lines of a CityJSONSeq file.

    Attributes
    ----------
    first, end : bytes of the file, at line starts
    crs, lod : what the person chose
    east_m, north_m, height_m : the import's origin in ``target_crs``
    """

    base: str
    stop: str
    path: str
    first: int
    end: int
    crs: str
    lod: str
    target_crs: str | None
    east_m: float
    north_m: float
    height_m: float


ChunkTask: TypeAlias = SectorTask | LinesTask


def run_chunk(task: ChunkTask) -> ChunkFacts:
    """Do a task unless it was done before; pure apart from its own files.

    Raises
    ------
    TwinError
        The source cannot be read, the disk is full, or the person stopped it.
    """
    base = Path(task.base)
    known = read_facts(base)
    if known is not None:
        return known
    check_stop(task.stop)
    with without_collector():
        return _made(base, task)


@contextmanager
def without_collector() -> Iterator[None]:
    """Stop the cycle collector: a chunk is a million small objects and not one cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _made(base: Path, task: ChunkTask) -> ChunkFacts:
    if isinstance(task, SectorTask):
        city = task.sector.city()
        check_stop(task.stop)
        write_network(base, city.streets, city.places, city.features.ids)
        return write_chunk(base, table_of(city), city.soup)
    part = read_lines(
        Path(task.path), task.first, task.end, crs=task.crs, lod=task.lod,
        tick=lambda: check_stop(task.stop),
    )  # fmt: skip
    origin = Origin(
        crs=task.target_crs, east_m=task.east_m, north_m=task.north_m, height_m=task.height_m
    )
    return _write_part(base, Path(task.path), part, origin)


def _write_part(base: Path, path: Path, part: SeqPart, origin: Origin) -> ChunkFacts:
    features, soup = in_frame(part.features, part.soup, part.origin, origin, path)
    return write_chunk(
        base,
        features,
        soup,
        warnings={one.kind: (one.message, one.count) for one in part.tally.warnings()},
    )


def in_frame(
    features: FeatureTable, soup: TriangleSoup, own: Origin, origin: Origin, path: Path
) -> tuple[FeatureTable, TriangleSoup]:
    """Move a part of a city from its own origin to the import's.

    Raises
    ------
    ReadError
        Its coordinates are in another CRS.
    """
    if own.crs != origin.crs:
        raise ReadError(
            f"A part of the file lies in {own.crs}, the rest in {origin.crs}; "
            "bring it into one projected CRS in metres",
            path=path,
        )
    shift = (own.as_array() - origin.as_array()).astype(np.float32)
    return (
        replace(
            features, bounds_min_max_local_m=features.bounds_min_max_local_m + np.tile(shift, 2)
        ),
        replace(soup, corners_local_m=soup.corners_local_m + shift),
    )


def check_stop(stop: str) -> None:
    """Raise when the person stopped the import.

    Raises
    ------
    CancelledError
        The stop mark is there.
    """
    if Path(stop).exists():
        raise CancelledError("The import was stopped; start it again to go on")
