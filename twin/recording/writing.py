"""Writes a recording: chunks that are on disk within a second, each chained to the one before.

The records are those of the library ``mcap``; its `Writer` is not used because it says channels
once, in the first chunk (whoever loses that chunk loses everything), and does not tell when a
chunk ends.

Hard-won rules (tests/twin/test_recording.py):

1. A chunk, its indexes and its link go to the file in one write, and to the disk before the next
   one begins: a crash costs the chunk that was being filled, nothing else.
2. Times of messages never run backwards within a file, whatever the machine's clock does.
3. Every chunk repeats channels and schemas: each whole chunk can be read without the others.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import zstandard
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Chunk,
    ChunkIndex,
    DataEnd,
    Footer,
    Header,
    MessageIndex,
    Metadata,
    MetadataIndex,
    Statistics,
)
from mcap.writer import MCAP0_MAGIC

from twin.clock import NS_PER_S
from twin.recording.form import CHANNELS, END, LIBRARY, LINK, PROFILE, SCHEMAS, RecordingError
from twin.recording.verify import chained, sum_of

CHUNK_BYTES: Final = 1 << 20
CHUNK_NS: Final = NS_PER_S
_MESSAGE = struct.Struct("<BQHIQQ")
_MESSAGE_HEAD = 22


@dataclass(slots=True)
class _Open:
    """The chunk that is being filled."""

    parts: list[bytes]
    n_bytes: int
    start_ns: int = 0
    end_ns: int = 0
    offsets: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


def _preamble() -> bytes:
    builder = RecordBuilder()
    for schema in SCHEMAS:
        schema.write(builder)
    for channel in CHANNELS:
        channel.write(builder)
    return _taken(builder)


def _taken(builder: RecordBuilder) -> bytes:
    """What was built, and the builder is empty again."""
    return bytes(builder.end())  # type: ignore[no-untyped-call]


class RecordingWriter:
    """One file. One thread.

    Attributes
    ----------
    n_bytes : written to the file so far
    n_chunks, n_messages : in the file, or on the way to it
    chain : of the last whole chunk, hex

    Raises
    ------
    RecordingError
        From everything: the file cannot be made or written; whole chunks stay readable.
    """

    def __init__(self, path: Path, *, with_sync: bool = True) -> None:
        self.path = path
        self._with_sync = with_sync
        self._preamble = _preamble()
        self._compress = zstandard.ZstdCompressor(level=1)
        self._indexes: list[ChunkIndex] = []
        self._links: list[MetadataIndex] = []
        self._counts: dict[int, int] = {}
        self._last_ns = 0
        self._first_ns = 0
        self._further: dict[str, dict[str, str]] = {}
        self.n_bytes = 0
        self.n_messages = 0
        try:
            self._file = path.open("xb", buffering=0)
        except FileExistsError as error:
            raise RecordingError(f"There is a file already; choose another name: {path}") from error
        except OSError as error:
            raise RecordingError(
                f"The recording cannot be made ({error.strerror}): {path}"
            ) from error
        head = RecordBuilder()
        Header(profile=PROFILE, library=LIBRARY).write(head)
        header = MCAP0_MAGIC + _taken(head)
        self.chain = hashlib.blake2b(header, digest_size=32).hexdigest()
        self._put(header)
        self._chunk = self._fresh()

    @property
    def n_chunks(self) -> int:
        """Whole chunks in the file."""
        return len(self._indexes)

    @property
    def is_due(self) -> bool:
        """Whether the chunk being filled has reached its size."""
        return self._chunk.n_bytes >= CHUNK_BYTES

    @property
    def is_flushed(self) -> bool:
        """Whether everything that was added is in the file."""
        return not self._chunk.offsets

    def add(self, channel: int, data: bytes, log_ns: int, publish_ns: int = 0) -> int:
        """Add a message; the time it was given (never before the last one's).

        A chunk that is full or a second old is written.
        """
        log_ns = self._last_ns = max(log_ns, self._last_ns)
        self.flush_old(log_ns)
        chunk = self._chunk
        if not chunk.offsets:
            chunk.start_ns = log_ns
            self._first_ns = self._first_ns or log_ns
        chunk.end_ns = log_ns
        chunk.offsets.setdefault(channel, []).append((log_ns, chunk.n_bytes))
        count = self._counts.get(channel, 0)
        self._counts[channel] = count + 1
        chunk.parts.append(
            _MESSAGE.pack(
                Opcode.MESSAGE, _MESSAGE_HEAD + len(data), channel, count & 0xFFFFFFFF, log_ns,
                publish_ns or log_ns,
            )
        )  # fmt: skip
        chunk.parts.append(data)
        chunk.n_bytes += _MESSAGE.size + len(data)
        self.n_messages += 1
        if chunk.n_bytes >= CHUNK_BYTES:
            self.flush()
        return log_ns

    def flush_old(self, now_ns: int) -> None:
        """Write the chunk if it is a second old."""
        if self._chunk.offsets and now_ns - self._chunk.start_ns >= CHUNK_NS:
            self.flush()

    def flush(self) -> None:
        """Bring what was added to the disk."""
        chunk = self._chunk
        if not chunk.offsets:
            return
        offset = self.n_bytes
        record, index = self._packed(chunk)
        builder = RecordBuilder()
        builder.write(record)
        for channel, records in chunk.offsets.items():
            index.message_index_offsets[channel] = offset + builder.count
            MessageIndex(channel_id=channel, records=records).write(builder)
        index.message_index_length = builder.count - len(record)
        covered = _taken(builder)
        self._put(covered + self._link(covered, len(record), chunk))
        self._indexes.append(index)
        self._chunk = self._fresh()

    def close(self, **said: str) -> None:
        """Write what is left, the end and the summary. Twice is fine.

        Parameters
        ----------
        said : further entries of the metadata record `END`
        """
        if self._file.closed:
            return
        try:
            self.flush()
            self._finish(said)
        finally:
            self._file.close()

    def add_metadata(self, name: str, said: dict[str, str]) -> None:
        """A metadata record that `close` writes at the end."""
        self._further[name] = said

    def abandon(self) -> None:
        """Close the file as it is, after an error."""
        self._file.close()

    def _fresh(self) -> _Open:
        return _Open([self._preamble], len(self._preamble))

    def _packed(self, chunk: _Open) -> tuple[bytes, ChunkIndex]:
        records = b"".join(chunk.parts)
        data = self._compress.compress(records)
        builder = RecordBuilder()
        Chunk(
            compression="zstd", data=data, message_start_time=chunk.start_ns,
            message_end_time=chunk.end_ns, uncompressed_crc=zlib.crc32(records),
            uncompressed_size=len(records),
        ).write(builder)  # fmt: skip
        record = _taken(builder)
        index = ChunkIndex(
            chunk_length=len(record), chunk_start_offset=self.n_bytes, compression="zstd",
            compressed_size=len(data), message_start_time=chunk.start_ns,
            message_end_time=chunk.end_ns, message_index_length=0, message_index_offsets={},
            uncompressed_size=len(records),
        )  # fmt: skip
        return record, index

    def _link(self, covered: bytes, length: int, chunk: _Open) -> bytes:
        """The link of a chunk that begins at the end of the file; it covers its indexes too."""
        digest = hashlib.blake2b(covered, digest_size=32).hexdigest()
        channels = sum(1 << channel for channel in chunk.offsets)
        said = {
            "n": str(self.n_chunks + 1), "offset": str(self.n_bytes), "length": str(length),
            "channels": str(channels), "hash": digest,
        }  # fmt: skip
        self.chain = said["chain"] = chained(self.chain, said)
        said["sum"] = sum_of(said)
        builder = RecordBuilder()
        Metadata(name=LINK, metadata=said).write(builder)
        self._links.append(
            MetadataIndex(offset=self.n_bytes + len(covered), length=builder.count, name=LINK)
        )
        return _taken(builder)

    def _finish(self, said: dict[str, str]) -> None:
        builder = RecordBuilder()
        said = {"chunks": str(self.n_chunks), "chain": self.chain, **said}
        Metadata(name=END, metadata=said).write(builder)
        end = MetadataIndex(offset=self.n_bytes, length=builder.count, name=END)
        for name, entries in self._further.items():
            Metadata(name=name, metadata=entries).write(builder)
        DataEnd(data_section_crc=0).write(builder)
        summary_start = self.n_bytes + builder.count
        summary = RecordBuilder()
        for schema in SCHEMAS:
            schema.write(summary)
        for channel in CHANNELS:
            channel.write(summary)
        self._statistics().write(summary)
        for index in self._indexes:
            index.write(summary)
        for link in (*self._links[-1:], end):
            link.write(summary)
        packed = _taken(summary)
        footing = struct.pack("<BQQQ", Opcode.FOOTER, 20, summary_start, 0)
        crc = zlib.crc32(footing, zlib.crc32(packed))
        builder.write(packed)
        Footer(summary_start=summary_start, summary_offset_start=0, summary_crc=crc).write(builder)
        builder.write(MCAP0_MAGIC)
        self._put(_taken(builder))

    def _statistics(self) -> Statistics:
        return Statistics(
            attachment_count=0, channel_count=len(CHANNELS), schema_count=len(SCHEMAS),
            channel_message_counts=dict(self._counts), chunk_count=self.n_chunks,
            message_count=self.n_messages, message_start_time=self._first_ns,
            message_end_time=self._last_ns,
            metadata_count=len(self._links) + 1 + len(self._further),
        )  # fmt: skip

    def _put(self, data: bytes) -> None:
        if self._file.closed:
            raise RecordingError(f"The recording is closed: {self.path}")
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) or 0 :]
            if self._with_sync:
                os.fsync(self._file.fileno())
        except OSError as error:
            self._file.close()
            raise RecordingError(
                f"The recording cannot be written any more ({error.strerror}); what it holds up to"
                f" here can be read: {self.path}"
            ) from error
        self.n_bytes += len(data)
