"""Some lines of a CityJSONSeq file as a part of a city, many lines at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from twin.city.asset import FeatureTable, TriangleSoup
from twin.city.frames import Origin
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import ReadOptions, no_progress
from twin.readers.border import json_bytes, reading
from twin.readers.cityjson_builder import CityJsonBuilder
from twin.readers.cityjson_schema import Decoder, Model

READER_ID = "cityjsonseq"
_HEAD_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SeqPart:
    """Features of some lines, in the local frame of ``origin``."""

    features: FeatureTable
    soup: TriangleSoup
    origin: Origin
    source_crs: str | None
    tally: Tally


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
    return [(a, b) for a, b in zip(cuts, cuts[1:], strict=False) if b > a]


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
        builder = CityJsonBuilder(
            path=path,
            reader_id=READER_ID,
            header=header_of(path),
            options=ReadOptions(lod=lod, crs=crs),
            tally=tally,
        )
        for model in _models(path, first, end, tally, tick):
            builder.add(model)
        asset = builder.asset(no_progress)
    return SeqPart(
        features=asset.features,
        soup=asset.soup,
        origin=asset.origin,
        source_crs=asset.source_crs,
        tally=tally,
    )


def _models(
    path: Path, first: int, end: int, tally: Tally, tick: Callable[[], None]
) -> Iterator[Model]:
    decoder = Decoder(tally)
    with path.open("rb") as file:
        file.seek(first)
        number = 0
        while file.tell() < end:
            line = file.readline()
            number += 1
            if number % 256 == 0:
                tick()
            if not line.strip():
                continue
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
