"""FlatCityBuf: CityJSON in one indexed binary file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from twin.city.asset import CityAsset
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import reading
from twin.readers.cityjson_builder import CityJsonBuilder
from twin.readers.cityjson_schema import Decoder, Model

_ID = "flatcitybuf"
_MAGIC = b"fcb"


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read all features of one FlatCityBuf file. Any thread.

    Raises
    ------
    ReadError
        The library is not installed, or the file is broken before its first feature.
    """
    tally = Tally()
    with reading(path, _ID):
        models = _models(path, tally, progress)
        header = next(models)
        builder = CityJsonBuilder(
            path=path, reader_id=_ID, header=header, options=options, tally=tally
        )
        builder.add(header)
        for model in models:
            builder.add(model)
        asset = builder.asset(progress)
    progress(1.0)
    return asset


def _models(path: Path, tally: Tally, progress: Progress) -> Iterator[Model]:
    """The header, then each feature, as CityJSON."""
    with path.open("rb") as stream:
        yield from _models_in(_Ranges(stream), path, tally, progress)


def _models_in(ranges: _Ranges, path: Path, tally: Tally, progress: Progress) -> Iterator[Model]:
    library = _library(path)
    decoder = Decoder(tally)
    n_read = 0
    try:
        reader = library.FcbReader.open(ranges)
        header = library.to_cityjson_metadata(reader.header)
        yield _decoded(decoder, {"CityObjects": {}, "vertices": [], **header})
        total = max(1, reader.header.info.features_count)
        for feature in reader.select_all():
            yield _decoded(decoder, library.to_cityjson_feature(feature, reader.header))
            n_read += 1
            if n_read % 64 == 0:
                progress(min(0.6, 0.6 * n_read / total))
    except library.FcbError as error:
        if not n_read:
            reason = " ".join(str(error).split())[:120]
            raise ReadError(
                f"The file is no sound FlatCityBuf ({reason})", path=path, reader_id=_ID
            ) from error
        tally.add("truncated", f"The file is broken after {n_read:,} features; read what is there")


class _Ranges:
    """Byte ranges of a file that its owner closes; the library's own reader keeps it open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size = stream.seek(0, os.SEEK_END)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes that exist from `offset` on, at most `length`."""
        if length <= 0 or offset >= self._size:
            return b""
        self._stream.seek(offset)
        return self._stream.read(min(length, self._size - offset))

    def total_size(self) -> int:
        """Bytes of the file."""
        return self._size


def _decoded(decoder: Decoder, value: dict[str, Any]) -> Model:
    return decoder.decode(msgspec.json.encode(value))


def _library(path: Path) -> Any:
    try:
        import flatcitybuf
    except ImportError as error:
        raise ReadError(
            'FlatCityBuf needs an extra library; install it with pip install "civitwin[formats]"',
            path=path,
            reader_id=_ID,
        ) from error
    return flatcitybuf


def sniff(_path: Path, head: bytes) -> bool:
    """Whether it is FlatCityBuf by its first bytes, of any version."""
    return len(head) > 8 and head[:3] == _MAGIC and head[4:7] == _MAGIC


READER = ReaderType(
    id=_ID, title="FlatCityBuf", suffixes=(".fcb",), sniff=sniff, read=read, priority=90
)
