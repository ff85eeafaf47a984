"""CityJSONSeq: a header line, then one feature a line; read line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from twin.city.asset import CityAsset
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import json_bytes, reading
from twin.readers.cityjson_builder import CityJsonBuilder
from twin.readers.cityjson_schema import Decoder, Model

_ID = "cityjsonseq"
_ENDINGS = (".city.jsonl", ".jsonl")
_TYPES = ("CityJSON", "CityJSONFeature")
#: Only files up to this size are tried as one JSON value when no line is one.
MAX_WHOLE_BYTES = 64 << 20
_TWO_LINES = re.compile(rb"\}\s*\r?\n\s*\{")


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read a CityJSONSeq file. Any thread.

    A line that cannot be read is counted and left out; only its polygons' numbers stay of every
    other line.

    Raises
    ------
    ReadError
        No line of the file is CityJSON, or its coordinates cannot be placed.
    """
    tally = Tally()
    builder: CityJsonBuilder | None = None
    with reading(path, _ID):
        for model in _models(path, tally, progress):
            if builder is None:
                builder = _builder(path, model, options, tally)
            builder.add(model)
        if builder is None:
            whole = _whole(path)
            builder = _builder(path, whole, options, tally := Tally())
            builder.add(whole)
        asset = builder.asset(progress)
    progress(1.0)
    return asset


def _builder(path: Path, first: Model, options: ReadOptions, tally: Tally) -> CityJsonBuilder:
    if first.type == "CityJSONFeature":
        tally.add("no-header", "The first line is no CityJSON header; no transform and no CRS")
    return CityJsonBuilder(path=path, reader_id=_ID, header=first, options=options, tally=tally)


def _whole(path: Path) -> Model:
    """The file as one JSON value over many lines, which is what some tools write."""
    not_ours = ReadError("No line of the file is CityJSON", path=path, reader_id=_ID)
    if path.stat().st_size > MAX_WHOLE_BYTES:
        raise not_ours
    try:
        model = Decoder(Tally()).decode(json_bytes(path.read_bytes()))
    except (msgspec.DecodeError, UnicodeError, ValueError, RecursionError) as error:
        raise not_ours from error
    if model.type not in _TYPES:
        raise not_ours
    return model


def _models(path: Path, tally: Tally, progress: Progress) -> Iterator[Model]:
    """The lines that are CityJSON, decoded one at a time."""
    decoder = Decoder(tally)
    n_read, n_bytes = 0, max(1, path.stat().st_size)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            n_read += len(line)
            text = json_bytes(line).strip(b" \t\r\n\x1e")  # 0x1e: RFC 8142 text sequences
            if not text:
                continue
            model = _decoded(decoder, text, number, tally)
            if model is not None:
                yield model
            if number % 64 == 0:
                progress(0.5 * n_read / n_bytes)


def _decoded(decoder: Decoder, text: bytes, number: int, tally: Tally) -> Model | None:
    try:
        model = decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, ValueError, RecursionError):
        tally.add("bad-line", f"Lines that are no CityJSON were left out, the first is {number}")
        return None
    if model.type not in _TYPES:
        tally.add("bad-line", f"Lines that are no CityJSON were left out, the first is {number}")
        return None
    if model.type == "CityJSONFeature" and isinstance(model.city_objects, dict):
        named = isinstance(model.id, str) and model.id in model.city_objects
        tally.add("missing-root", "Features whose id is none of their city objects", int(not named))
    return model


def sniff(path: Path, head: bytes) -> bool:
    """Whether the file looks like lines of CityJSON."""
    if path.name.lower().endswith(_ENDINGS):
        return True
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"{") or b'"CityJSON' not in head:
        return False
    return _TWO_LINES.search(head) is not None and b'"CityJSONFeature"' in head


READER = ReaderType(
    id=_ID,
    title="CityJSONSeq (one feature a line)",
    suffixes=_ENDINGS,
    sniff=sniff,
    read=read,
    priority=30,
)
