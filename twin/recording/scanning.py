"""Finds the chunks of a recording, in a file that was closed and in one that is damaged.

mcap's own reader (1.6.0) gives no message at all from a file that was cut off; here every chunk
that is whole is found. Pure functions on a buffer, any thread.

Hard-won rules (tests/twin/test_recording_damage.py):

1. A summary is believed only if its checksum is right; without one the file is walked.
2. A walk goes from chunk to link to chunk and never past a link that does not fit: after damage it
   goes on at the next link that does. So a wrong length loses one chunk, not all that follow.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from mmap import mmap
from typing import Final, NamedTuple, TypeAlias

from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Header, Metadata
from mcap.writer import MCAP0_MAGIC

from twin.recording.form import LINK, PROFILE
from twin.recording.unpacking import records_of
from twin.recording.verify import sum_of

Bytes: TypeAlias = "bytes | mmap"
_RECORD = struct.Struct("<BQ")
_INDEX = struct.Struct("<QQQQI")
_CHUNK = struct.Struct("<QQQI")
_FOOTER_BYTES: Final = 9 + 20 + 8
_MARK: Final = struct.pack("<I", len(LINK)) + LINK.encode()
#: Nothing of ours is longer; a length above it is damage.
MOST_BYTES: Final = 1 << 31


class ChunkAt(NamedTuple):
    """Where a chunk record lies.

    Attributes
    ----------
    start_ns, end_ns : times of its first and last message, as the index says
    channels : bit mask, 1 << channel
    """

    offset: int
    length: int
    start_ns: int
    end_ns: int
    channels: int


class Found(NamedTuple):
    """What a file holds. `is_whole`: it was closed, and its summary is intact."""

    chunks: list[ChunkAt]
    is_whole: bool
    damage: tuple[str, ...] = ()


def is_recording(data: Bytes) -> bool:
    """Whether the file begins like a recording of ours, or holds a link of one."""
    if data[: len(MCAP0_MAGIC)] == MCAP0_MAGIC:
        opcode, length = _head(data, len(MCAP0_MAGIC))
        if opcode == Opcode.HEADER and length < 1 << 16:
            try:
                header = Header.read(_stream(data, len(MCAP0_MAGIC) + 9, length))
            except (McapError, ValueError, struct.error):
                return data.find(_MARK) >= 0
            return header.profile == PROFILE or data.find(_MARK) >= 0
    return data.find(_MARK) >= 0


def find_chunks(data: Bytes) -> Found:
    """All chunks, by the summary or by walking; never raises for what a file may hold."""
    chunks = _by_summary(data)
    if chunks is not None:
        return Found(chunks, True)
    damage: list[str] = []
    walked = sorted(_walk(data, damage))
    if not walked or _end_of(walked[-1]) < len(data):
        damage.insert(0, "The recording was not closed: it ends where its recorder was stopped")
    return Found(walked, False, tuple(damage[:100]))


def _end_of(chunk: ChunkAt) -> int:
    return chunk.offset + chunk.length


def _head(data: Bytes, at: int) -> tuple[int, int]:
    """Opcode and length of a record; (0, 0) where there is none."""
    if at + 9 > len(data):
        return 0, 0
    opcode, length = _RECORD.unpack_from(data, at)
    return opcode, length


def _stream(data: Bytes, at: int, length: int) -> ReadDataStream:
    return ReadDataStream(BytesIO(data[at : at + length]))


# --- by the summary -----------------------------------------------------------------------------


def _by_summary(data: Bytes) -> list[ChunkAt] | None:
    footer_at = len(data) - _FOOTER_BYTES
    if footer_at < 0 or data[-8:] != MCAP0_MAGIC:
        return None
    opcode, length, start, offset_start, crc = struct.unpack_from("<BQQQI", data, footer_at)
    if opcode != Opcode.FOOTER or length != 20 or not 0 < start <= footer_at or offset_start:
        return None
    summary = data[start:footer_at]
    footing = data[footer_at : footer_at + 25]
    if zlib.crc32(footing, zlib.crc32(summary)) != crc:
        return None
    return sorted(_indexes(summary))


def _indexes(summary: bytes) -> Iterator[ChunkAt]:
    at, end = 0, len(summary)
    while at + 9 <= end:
        opcode, length = _RECORD.unpack_from(summary, at)
        if opcode == Opcode.CHUNK_INDEX:
            start_ns, end_ns, offset, n, n_map = _INDEX.unpack_from(summary, at + 9)
            first = at + 9 + _INDEX.size
            mask = 0
            for one in range(first, first + n_map, 10):
                mask |= 1 << (summary[one] | summary[one + 1] << 8)
            yield ChunkAt(offset, n, start_ns, end_ns, mask)
        at += 9 + length


# --- by walking ---------------------------------------------------------------------------------


def _walk(data: Bytes, damage: list[str]) -> Iterator[ChunkAt]:
    at = len(MCAP0_MAGIC)
    opcode, length = _head(data, at)
    if opcode == Opcode.HEADER and length < 1 << 16:
        at += 9 + length
    while at < len(data):
        chunk = _chunk_at(data, at)
        if chunk is None:
            link = _next_link(data, at)
            if link is None:
                return
            fits = link.chunk_at >= at and _chunk_at(data, link.chunk_at) is not None
            if link.chunk_at > at and fits:
                at = link.chunk_at
            else:
                damage.append(f"The chunk at byte {link.chunk_at:,} is damaged")
                at = link.end
            continue
        linked = _linked(data, chunk)
        if linked is not None:
            whole, at = linked
            yield whole
            continue
        if is_whole(data, chunk):
            yield chunk
            at = _end_of(chunk)
        else:  # its length may be wrong too: go on at the next link behind its beginning
            at += 1


class _Link(NamedTuple):
    chunk_at: int
    chunk_length: int
    channels: int
    end: int


def _chunk_at(data: Bytes, at: int) -> ChunkAt | None:
    opcode, length = _head(data, at)
    has_room = at + 9 + length <= len(data)
    if opcode != Opcode.CHUNK or not _CHUNK.size < length < MOST_BYTES or not has_room:
        return None
    start_ns, end_ns, _, _ = _CHUNK.unpack_from(data, at + 9)
    return ChunkAt(at, 9 + length, start_ns, end_ns, -1)


def _linked(data: Bytes, chunk: ChunkAt) -> tuple[ChunkAt, int] | None:
    """A chunk with what its indexes and its link say, and where the link ends."""
    at = _end_of(chunk)
    while True:
        opcode, length = _head(data, at)
        if opcode == Opcode.MESSAGE_INDEX and length < MOST_BYTES:
            at += 9 + length
            continue
        link = _link_at(data, at)
        if link is None or (link.chunk_at, link.chunk_length) != (chunk.offset, chunk.length):
            return None
        return chunk._replace(channels=link.channels), link.end


def _next_link(data: Bytes, at: int) -> _Link | None:
    found = data.find(_MARK, at)
    while found >= 0:
        link = _link_at(data, found - 9)
        if link is not None:
            return link
        found = data.find(_MARK, found + 1)
    return None


def _link_at(data: Bytes, at: int) -> _Link | None:
    opcode, length = _head(data, at) if at >= 0 else (0, 0)
    if opcode != Opcode.METADATA or length > 1 << 12 or at + 9 + length > len(data):
        return None
    try:
        stream = _stream(data, at + 9, length)
        metadata = Metadata.read(stream)
        said: Mapping[str, str] = metadata.metadata
        if metadata.name != LINK or stream.count != length:
            return None
        place = (int(said["offset"]), int(said["length"]), int(said["channels"]))
        return _Link(*place, at + 9 + length) if has_sum(said) else None
    except (McapError, ValueError, KeyError, struct.error):
        return None


def has_sum(said: Mapping[str, str]) -> bool:
    """Whether what a link says is as it was written, by its own checksum."""
    return said.get("sum") == sum_of(said)


def is_whole(data: Bytes, chunk: ChunkAt) -> bool:
    """Whether a chunk that has no link is as it was written, by its own checksum."""
    return records_of(data[chunk.offset : _end_of(chunk)]) is not None
