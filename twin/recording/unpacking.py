"""From the bytes of a chunk to its messages, checked. Pure functions, any thread."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

import zstandard
from mcap.opcode import Opcode

_CHUNK: Final = struct.Struct("<QQQI")
_RECORD: Final = struct.Struct("<BQ")
_MESSAGE: Final = struct.Struct("<HIQQ")
#: A chunk of ours holds a message or two beyond its usual size, never this much.
MOST_BYTES: Final = 1 << 30


class Recorded(NamedTuple):
    """One message.

    Attributes
    ----------
    t_ns : when the recorder had it, its clock, never running backwards
    channel : `twin.recording.form`
    said_ns : the time it bears itself (of an event, when the hub made it)
    """

    t_ns: int
    channel: int
    data: bytes
    said_ns: int


def records_of(record: bytes) -> bytes | None:
    """The records in a chunk record, None if a byte of it is not as it was written."""
    if len(record) < 9 + _CHUNK.size + 4:
        return None
    _, _, n_bytes, crc = _CHUNK.unpack_from(record, 9)
    at = 9 + _CHUNK.size
    n_name = int.from_bytes(record[at : at + 4], "little")
    name = record[at + 4 : at + 4 + n_name]
    at += 4 + n_name
    n_data = int.from_bytes(record[at : at + 8], "little")
    data = record[at + 8 : at + 8 + n_data]
    if name != b"zstd" or len(data) != n_data or n_bytes > MOST_BYTES:
        return None
    try:
        if zstandard.get_frame_parameters(data).content_size != n_bytes:
            return None
        records = zstandard.ZstdDecompressor().decompress(data)
    except (zstandard.ZstdError, MemoryError):
        return None
    return records if len(records) == n_bytes and zlib.crc32(records) == crc else None


def messages_of(records: bytes) -> Iterator[Recorded]:
    """The messages of a chunk, in the order they were added."""
    at, end = 0, len(records)
    while at + 9 <= end:
        opcode, length = _RECORD.unpack_from(records, at)
        at += 9
        if opcode == Opcode.MESSAGE:
            channel, _, t_ns, said_ns = _MESSAGE.unpack_from(records, at)
            yield Recorded(t_ns, channel, records[at + 22 : at + length], said_ns)
        at += length
