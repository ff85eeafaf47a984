"""Some lines of a CityJSONSeq file as a part of a city, many lines at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from twin.city.merging import table_of
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.importing.seq_part import SeqPart
from twin.importing.seq_plain import plain_part
from twin.readers.base import ReadOptions, no_progress
from twin.readers.border import json_bytes, reading
from twin.readers.cityjson_builder import CityJsonBuilder
from twin.readers.cityjson_schema import Decoder, Model

READER_ID = "cityjsonseq"
_HEAD_BYTES = 64 << 20


def line_ranges(path: Path, most_bytes: int) -> list[tuple[int, int]]:
    """Cut a file into ranges of whole lines, none much longer than `most_bytes`."""
    size = path.stat().st_size
    cuts = [0]
    with path.open("rb") as file:
        while cuts[-1] + most_bytes < size:
            file.seek(cuts[-1] + most_bytes)
            file.readline()
            cuts.append(file.tell())
    cuts.append(size)
    return [(a, b) for a, b in pairwise(cuts) if b > a]


def header_of(path: Path) -> Model:
    """The first line that is CityJSON.

    Raises
    ------
    ReadError
        No line of the file's beginning is.
    """
    decoder = Decoder(Tally())
    with path.open("rb") as file:
        while file.tell() < _HEAD_BYTES:
            line = file.readline()
            if not line:
                break
            model = _decoded(decoder, line)
            if model is not None:
                return model
    raise ReadError("No line of the file is CityJSON", path=path, reader_id=READER_ID)


def read_lines(
    path: Path, first: int, end: int, *, crs: str, lod: str, tick: Callable[[], None]
) -> SeqPart:
    """Read the lines between two bytes.

    Raises
    ------
    ReadError
        The coordinates cannot be placed, or the file cannot be read.
    """
    tally = Tally()
    with reading(path, READER_ID):
        header = header_of(path)
        part = (
            None if lod else plain_part(_plain(path, first, end, header, tick), header, crs, tally)
        )
        if part is not None:
            return part
        builder = CityJsonBuilder(
            path=path,
            reader_id=READER_ID,
            header=header,
            options=ReadOptions(lod=lod, crs=crs),
            tally=tally,
        )
        for model in _models(path, first, end, tally, tick):
            builder.add(model)
        asset = builder.asset(no_progress)
    return SeqPart(
        features=table_of(asset),
        soup=asset.soup,
        origin=asset.origin,
        source_crs=asset.source_crs,
        tally=tally,
    )


def _lines(path: Path, first: int, end: int, tick: Callable[[], None]) -> Iterator[bytes]:
    """The lines between two bytes, blank ones left out."""
    place = first
    with path.open("rb") as file:
        file.seek(first)
        for number, line in enumerate(file):
            if place >= end:
                return
            place += len(line)
            if number % 1024 == 0:
                tick()
            if not line.isspace():
                yield line


def _plain(
    path: Path, first: int, end: int, header: Model, tick: Callable[[], None]
) -> Iterator[bytes]:
    """The lines of a range without the file's header, which holds no objects."""
    has_header = first == 0 and header.type == "CityJSON" and not header.city_objects
    lines = _lines(path, first, end, tick)
    if has_header:
        next(lines, b"")
    return lines


def _models(
    path: Path, first: int, end: int, tally: Tally, tick: Callable[[], None]
) -> Iterator[Model]:
    decoder = Decoder(tally)
    for line in _lines(path, first, end, tick):
        model = _decoded(decoder, line)
        if model is None:
            tally.add("bad-line", "Lines that are no CityJSON were left out")
        else:
            yield model


def _decoded(decoder: Decoder, line: bytes) -> Model | None:
    try:
        model = decoder.decode(json_bytes(line).strip(b" \t\r\n\x1e"))
    except (msgspec.DecodeError, UnicodeError, ValueError, RecursionError):
        return None
    return model if model.type in ("CityJSON", "CityJSONFeature") else None
