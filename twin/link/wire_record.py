"""Messages of the record port: a recorder gets every message of the sample lane, or is told.

Two frames, `PROTOCOL` and one msgpack map with a ``type``; a recorded message is `RECORDED`, its
number as u8 little-endian, and the frames as they came. Described in docs/wire-protocol.md. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import msgspec

from twin.errors import WireError

PROTOCOL = b"rec1"
RECORDED = b"rec1m"
MAX_BYTES = 64 * 1024
_T = TypeVar("_T")


class _Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Base of the envelopes."""


class Take(_Message, frozen=True, tag="take"):
    """Recorder: give me everything behind number ``after`` of ``stream``.

    ``stream`` "" = whatever comes from now on. ``window``: bytes that may be on their way.
    """

    stream: str = ""
    after: int = 0
    window: int = 16 * 1024 * 1024


class Ack(_Message, frozen=True, tag="ack"):
    """Recorder: everything up to ``upto`` is safe. Sent at least once a second."""

    upto: int


class Begin(_Message, frozen=True, tag="begin"):
    """Hub: the next message is number ``after`` + 1 of ``stream``.

    ``lost``: messages between what was asked for and that; -1 = not known (another hub).
    """

    stream: str
    after: int
    lost: int


class Who(_Message, frozen=True, tag="who"):
    """Hub: I do not know you (any more); take again."""


FromRecorder: TypeAlias = Take | Ack
ToRecorder: TypeAlias = Begin | Who

_encoder = msgspec.msgpack.Encoder()
_from_recorder: msgspec.msgpack.Decoder[FromRecorder] = msgspec.msgpack.Decoder(FromRecorder)
_to_recorder: msgspec.msgpack.Decoder[ToRecorder] = msgspec.msgpack.Decoder(ToRecorder)


def encode_record(message: FromRecorder | ToRecorder) -> list[bytes]:
    """Frames of an envelope."""
    return [PROTOCOL, _encoder.encode(message)]


def encode_recorded(number: int, frames: Sequence[bytes]) -> list[bytes]:
    """Frames of a recorded message."""
    return [RECORDED, number.to_bytes(8, "little"), *frames]


def decode_from_recorder(frames: Sequence[bytes]) -> FromRecorder:
    """Read what a recorder sent, raises `WireError`."""
    return _decode(_from_recorder, frames)


def decode_to_recorder(frames: Sequence[bytes]) -> ToRecorder:
    """Read an envelope of the hub, raises `WireError`."""
    return _decode(_to_recorder, frames)


def _decode(decoder: msgspec.msgpack.Decoder[_T], frames: Sequence[bytes]) -> _T:
    if len(frames) != 2 or frames[0] != PROTOCOL:
        raise WireError(f"A message of the record port has 2 frames, the first {PROTOCOL!r}")
    try:
        return decoder.decode(frames[1])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"A message of {len(frames[1])} bytes is not readable: {error}") from error
