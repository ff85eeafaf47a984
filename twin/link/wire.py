"""The sample lane's wire format: frames in, typed batches out. Pure functions, any thread.

Described for publishers in docs/wire-protocol.md. Multi-byte values are little-endian.

Hard-won invariants
-------------------
1. Decoding raises `WireError` only, whatever the bytes (tests/twin/test_wire.py).
2. A column is never longer or shorter than ``n`` says, so no later index can run over.
3. One bad sample never costs its neighbours: `twin.link.sift` drops samples, not batches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float32Array, Float64Array, Int64Array, UInt8Array, UInt32Array
from twin.errors import WireError
from twin.link.wire_json import MAX_ID, MAX_JSON_BYTES, JsonBatch, decode_json_lane
from twin.sense.model import Announcement

WIRE_VERSION = 1
MAX_SAMPLES = 1_000_000
MAX_NAME = 64
#: Entries (things + datastreams + units) of one announcement message as `split_announcement` cuts.
ANNOUNCEMENT_ENTRIES = 500

Frame: TypeAlias = Literal["local", "geographic"]
Buffer: TypeAlias = bytes | memoryview
S = TypeVar("S", bound=np.generic)

_LANES = ("v1", "v1t")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_U4: np.dtype[np.uint32] = np.dtype("<u4")
_I8: np.dtype[np.int64] = np.dtype("<i8")
_F8: np.dtype[np.float64] = np.dtype("<f8")
_F4: np.dtype[np.float32] = np.dtype("<f4")
_U1: np.dtype[np.uint8] = np.dtype("u1")


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBatch:
    """Observations of one source.

    Attributes
    ----------
    source, epoch : who sent it; the epoch is new each time the source starts
    seq : contiguous per source and epoch, over sample and position messages together
    sent_ns : when it was sent, the sender's clock, UTC
    indices : (n,) u4, `Datastream.index` of the source
    t_ns : (n,) i8, when observed, UTC
    values : (n,) f8, in the datastream's unit
    quality : (n,) u1, `twin.sense.model.Quality`
    """

    source: str
    epoch: str
    seq: int
    sent_ns: int
    indices: UInt32Array
    t_ns: Int64Array
    values: Float64Array
    quality: UInt8Array


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionBatch:
    """Positions of moving units of one source.

    Attributes
    ----------
    frame : "local" (metres) or "geographic" (x longitude, y latitude in degrees, z height in m)
    indices : (n,) u4, `Unit.index` of the source
    x, y, z : (n,) f8
    heading_rad : (n,) f4, clockwise from north; NaN = not known
    """

    source: str
    epoch: str
    seq: int
    sent_ns: int
    frame: Frame
    indices: UInt32Array
    t_ns: Int64Array
    x: Float64Array
    y: Float64Array
    z: Float64Array
    heading_rad: Float32Array


Message: TypeAlias = SampleBatch | PositionBatch | Announcement | JsonBatch


class _Header(msgspec.Struct, omit_defaults=True):
    v: int
    epoch: str
    seq: int
    n: int
    sent: int
    frame: Frame | None = None


_header_encoder = msgspec.msgpack.Encoder()
_header_decoder = msgspec.msgpack.Decoder(_Header)
_announcement_decoder = msgspec.json.Decoder(Announcement)


def is_name(text: str) -> bool:
    """Whether `text` may name a source or an epoch: 1 to 64 of ``A-Z a-z 0-9 . _ -``."""
    return _NAME.match(text) is not None


def topic_of(kind: Literal["s", "m", "a", "j"], source: str) -> bytes:
    """First frame of a message: ``v1/{kind}/{source}/``.

    Raises
    ------
    WireError
        `source` is not a name.
    """
    if not is_name(source):
        raise WireError(
            f"A source is 1 to {MAX_NAME} letters, digits, dots, dashes or underscores,"
            f" not {source[:80]!r}"
        )
    return f"v1/{kind}/{source}/".encode()


def source_of_topic(topic: Buffer) -> str:
    """The source a topic names, "" when it names none. Never raises."""
    parts = bytes(topic[:128]).decode("ascii", errors="replace").split("/")
    well_formed = len(parts) == 4 and parts[0] in _LANES and parts[3] == ""
    return parts[2] if well_formed and is_name(parts[2]) else ""


def encode_batch(
    source: str,
    epoch: str,
    seq: int,
    indices: UInt32Array,
    t_ns: Int64Array,
    values: Float64Array,
    quality: UInt8Array,
    sent_ns: int,
) -> list[bytes]:
    """Frames of a batch of observations.

    Parameters
    ----------
    indices, t_ns, values, quality : (n,) each, see `SampleBatch`

    Raises
    ------
    WireError
        The columns differ in length, are too long, or a name is not one.
    """
    columns = ((indices, _U4), (t_ns, _I8), (values, _F8), (quality, _U1))
    header = _Header(v=WIRE_VERSION, epoch=epoch, seq=seq, n=len(indices), sent=sent_ns)
    return _frames(topic_of("s", source), header, columns)


def encode_positions(
    source: str,
    epoch: str,
    seq: int,
    frame: Frame,
    indices: UInt32Array,
    t_ns: Int64Array,
    x: Float64Array,
    y: Float64Array,
    z: Float64Array,
    heading_rad: Float32Array,
    sent_ns: int,
) -> list[bytes]:
    """Frames of a batch of positions; columns (n,) as in `PositionBatch`.

    Raises
    ------
    WireError
        As `encode_batch`.
    """
    columns = (
        (indices, _U4), (t_ns, _I8), (x, _F8), (y, _F8), (z, _F8), (heading_rad, _F4),
    )  # fmt: skip
    header = _Header(
        v=WIRE_VERSION, epoch=epoch, seq=seq, n=len(indices), sent=sent_ns, frame=frame
    )
    return _frames(topic_of("m", source), header, columns)


def _frames(
    topic: bytes,
    header: _Header,
    columns: Sequence[tuple[NDArray[Any], np.dtype[Any]]],
) -> list[bytes]:
    if header.n > MAX_SAMPLES:
        raise WireError(f"A batch holds at most {MAX_SAMPLES:,} samples, not {header.n:,}")
    if not is_name(header.epoch):
        raise WireError(f"An epoch is named like a source, not {header.epoch[:80]!r}")
    if any(np.shape(column) != (header.n,) for column, _ in columns):
        raise WireError("The columns of a batch must be one-dimensional and equally long")
    packed = [np.ascontiguousarray(column, dtype=dtype).tobytes() for column, dtype in columns]
    return [topic, _header_encoder.encode(header), *packed]


def encode_announcement(announcement: Announcement) -> list[bytes]:
    """Frames of one announcement. Cut long ones with `split_announcement` first."""
    return [topic_of("a", announcement.source), msgspec.json.encode(announcement)]


def split_announcement(announcement: Announcement) -> Iterator[Announcement]:
    """Cut into announcements of at most 500 entries, things before datastreams before units."""
    things, streams, units = announcement.things, announcement.datastreams, announcement.units
    n_things, n_streams = len(things), len(things) + len(streams)
    for first in range(0, n_streams + len(units), ANNOUNCEMENT_ENTRIES):
        last = first + ANNOUNCEMENT_ENTRIES
        yield msgspec.structs.replace(
            announcement,
            things=things[first:last],
            datastreams=streams[max(first - n_things, 0) : max(last - n_things, 0)],
            units=units[max(first - n_streams, 0) : max(last - n_streams, 0)],
        )


def decode(frames: Sequence[Buffer]) -> Message:
    """Turn the frames of one message into a typed batch; columns are views on the frames.

    Returns
    -------
    SampleBatch | PositionBatch | Announcement | JsonBatch

    Raises
    ------
    WireError
        Anything is wrong with the message as a whole. Wrong single samples are left in; see
        `twin.link.sift`.
    """
    if not frames:
        raise WireError("A message without frames")
    topic = bytes(frames[0][:128])
    source = source_of_topic(topic)
    if not source or not topic.startswith(b"v1/"):
        raise WireError(f"The topic {topic[:80]!r} is not of the form v1/KIND/SOURCE/")
    kind = topic[3:5]
    if kind == b"s/":
        return _decode_samples(source, frames)
    if kind == b"m/":
        return _decode_positions(source, frames)
    if kind == b"a/":
        return _decode_announcement(source, _single_frame(frames))
    if kind == b"j/":
        return decode_json_lane(source, _single_frame(frames))
    raise WireError(f"The kind of the topic {topic[:80]!r} is none of s, m, a, j")


def _decode_samples(source: str, frames: Sequence[Buffer]) -> SampleBatch:
    header = _header_of(frames, n_columns=4)
    n = header.n
    return SampleBatch(
        source=source, epoch=header.epoch, seq=header.seq, sent_ns=header.sent,
        indices=_column(frames[2], _U4, n, "datastream index"),
        t_ns=_column(frames[3], _I8, n, "time"),
        values=_column(frames[4], _F8, n, "value"),
        quality=_column(frames[5], _U1, n, "quality"),
    )  # fmt: skip


def _decode_positions(source: str, frames: Sequence[Buffer]) -> PositionBatch:
    header = _header_of(frames, n_columns=6)
    if header.frame is None:
        raise WireError('The header of a position batch lacks "frame" (local or geographic)')
    n = header.n
    return PositionBatch(
        source=source, epoch=header.epoch, seq=header.seq, sent_ns=header.sent,
        frame=header.frame,
        indices=_column(frames[2], _U4, n, "unit index"),
        t_ns=_column(frames[3], _I8, n, "time"),
        x=_column(frames[4], _F8, n, "x"),
        y=_column(frames[5], _F8, n, "y"),
        z=_column(frames[6], _F8, n, "z"),
        heading_rad=_column(frames[7], _F4, n, "heading"),
    )  # fmt: skip


def _header_of(frames: Sequence[Buffer], *, n_columns: int) -> _Header:
    if len(frames) != 2 + n_columns:
        raise WireError(f"A batch of this kind has {2 + n_columns} frames, not {len(frames)}")
    try:
        header = _header_decoder.decode(frames[1])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"The header cannot be read: {error}") from error
    if header.v != WIRE_VERSION:
        raise WireError(f"Version {header.v} of the wire format is not known, only {WIRE_VERSION}")
    if not 0 <= header.n <= MAX_SAMPLES:
        raise WireError(f"A batch holds 0 to {MAX_SAMPLES:,} samples, not {header.n}")
    if not 0 <= header.seq < 2**63 or not 0 <= header.sent < 2**63:
        raise WireError("The header's seq and sent must be 0 or more and fit 63 bits")
    if not is_name(header.epoch):
        raise WireError(f"An epoch is named like a source, not {header.epoch[:80]!r}")
    return header


def _column(frame: Buffer, dtype: np.dtype[S], n: int, name: str) -> NDArray[S]:
    if len(frame) != n * dtype.itemsize:
        raise WireError(
            f"The column {name} has {len(frame)} bytes; {n} samples take {n * dtype.itemsize}"
        )
    return np.frombuffer(frame, dtype=dtype)


def _single_frame(frames: Sequence[Buffer]) -> Buffer:
    if len(frames) != 2:
        raise WireError(f"A JSON message has 2 frames, topic and text, not {len(frames)}")
    if len(frames[1]) > MAX_JSON_BYTES:
        raise WireError(f"A JSON message has at most {MAX_JSON_BYTES:,} bytes")
    return frames[1]


def _decode_announcement(source: str, text: Buffer) -> Announcement:
    try:
        announcement = _announcement_decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"The announcement cannot be read: {error}") from error
    if announcement.source != source:
        raise WireError(
            f"The announcement speaks for {announcement.source[:80]!r} on the topic of {source}"
        )
    if not is_name(announcement.epoch):
        raise WireError(f"An epoch is named like a source, not {announcement.epoch[:80]!r}")
    ids = [thing.id for thing in announcement.things]
    ids += [stream.id for stream in announcement.datastreams]
    ids += [unit.id for unit in announcement.units]
    for name in ids:
        if not 1 <= len(name) <= MAX_ID:
            raise WireError(f"An id has 1 to {MAX_ID} characters, not {name[:80]!r}")
    return announcement
