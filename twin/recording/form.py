"""What a recording holds: its channels and their schemas, and the envelopes that are its own.

A recording is an MCAP file (https://mcap.dev). Every chunk repeats the channels and schemas, so
that each can be read by itself, and is followed by a metadata record `LINK` that chains it to the
one before. docs/time.md describes the form.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from mcap.records import Channel, Schema

from twin.errors import TwinError, WireError
from twin.link.wire import Buffer

PROFILE: Final = "civitwin"
LIBRARY: Final = "civitwin recording 1"
#: Metadata record behind each chunk.
LINK: Final = "civitwin.link"
#: Metadata record at the end of a recording that was closed.
END: Final = "civitwin.end"
#: Metadata record that signs the chain.
SEAL: Final = "civitwin.seal"

ABOUT, EVENT, ROOM, HEARTBEAT, PRESENCE, SAMPLES, POSITIONS, ANNOUNCED, JSON_LANE, STATE, REMARK = (
    range(1, 12)
)
_MAX_FRAMES = 16


class RecordingError(TwinError):
    """A recording cannot be opened, read or written."""


class About(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was recorded, at the beginning of each file and whenever it changes.

    Attributes
    ----------
    scene : name the hub gives its city or drill
    city : what a console has to open to see it (as on the command line), "" = not told
    epoch : of the journal
    drill : nothing of it was real
    """

    scene: str = ""
    city: str = ""
    epoch: str = ""
    version: str = ""
    drill: bool = False


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """The room after event ``seq``; ``room`` as `twin.room.fold.Room.to_bytes` writes it."""

    epoch: str
    seq: int
    state_hash: str
    room: bytes


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """What the recorder has to say of its own work: something is missing here."""

    text: str


def _object(title: str, **properties: Any) -> bytes:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
    }
    return msgspec.json.encode(schema)


_TEXT, _WHOLE, _BOOLEAN = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_MAP, _LIST = {"type": "object"}, {"type": "array"}
_FRAMES_TEXT = (
    b"u4 n, n x u4 length, then n frames of these lengths, little-endian. The frames are a message"
    b" of the sample lane as it travelled, the topic first (docs/wire-protocol.md)."
)
_STATE_TEXT = (
    b"msgpack list of messages, each a list of its frames: all announcements, then the newest"
    b" observation of every datastream and the newest position of every unit at that moment."
)
_PICTURE_TEXT = (
    b"msgpack map epoch, seq, state_hash, room: the room after event seq, itself msgpack"
    b" (docs/wire-protocol-control.md, The room)."
)
_JSON_SCHEMA, _OWN = "jsonschema", "x-civitwin"

SCHEMAS: Final = (
    Schema(id=1, name="civitwin.About", encoding=_JSON_SCHEMA, data=_object(
        "About", scene=_TEXT, city=_TEXT, epoch=_TEXT, version=_TEXT, drill=_BOOLEAN)),
    Schema(id=2, name="civitwin.Event", encoding=_JSON_SCHEMA, data=_object(
        "Event", type=_TEXT, epoch=_TEXT, event=_MAP)),
    Schema(id=3, name="civitwin.Picture", encoding=_OWN, data=_PICTURE_TEXT),
    Schema(id=4, name="civitwin.Heartbeat", encoding=_JSON_SCHEMA, data=_object(
        "Heartbeat", type=_TEXT, epoch=_TEXT, seq=_WHOLE, state_hash=_TEXT, t_ns=_WHOLE,
        trouble=_TEXT)),
    Schema(id=5, name="civitwin.Presence", encoding=_JSON_SCHEMA, data=_object(
        "Presence", type=_TEXT, changed=_LIST, here=_LIST)),
    Schema(id=6, name="civitwin.Frames", encoding=_OWN, data=_FRAMES_TEXT),
    Schema(id=7, name="civitwin.State", encoding=_OWN, data=_STATE_TEXT),
    Schema(id=8, name="civitwin.Remark", encoding=_JSON_SCHEMA, data=_object(
        "Remark", text=_TEXT)),
)  # fmt: skip


def _channel(number: int, topic: str, encoding: str, schema_id: int) -> Channel:
    return Channel(
        id=number, topic=topic, message_encoding=encoding, metadata={}, schema_id=schema_id
    )


CHANNELS: Final = (
    _channel(ABOUT, "about", "json", 1),
    _channel(EVENT, "facts/event", "json", 2),
    _channel(ROOM, "facts/room", "msgpack", 3),
    _channel(HEARTBEAT, "facts/heartbeat", "json", 4),
    _channel(PRESENCE, "presence", "json", 5),
    _channel(SAMPLES, "samples/s", "x-civitwin-frames", 6),
    _channel(POSITIONS, "samples/m", "x-civitwin-frames", 6),
    _channel(ANNOUNCED, "samples/a", "x-civitwin-frames", 6),
    _channel(JSON_LANE, "samples/j", "x-civitwin-frames", 6),
    _channel(STATE, "samples/state", "msgpack", 7),
    _channel(REMARK, "recorder", "json", 8),
)
_OF_KIND: Final = {b"s": SAMPLES, b"m": POSITIONS, b"a": ANNOUNCED, b"j": JSON_LANE}


def channel_of(topic: Buffer) -> int | None:
    """The channel of a message of the full sample lane; None for a topic of no known kind."""
    return _OF_KIND.get(bytes(topic[3:4])) if bytes(topic[:3]) == b"v1/" else None


def pack_frames(frames: Sequence[Buffer]) -> bytes:
    """All frames of a message as one payload, the topic first."""
    lengths = [len(frame) for frame in frames]
    return b"".join([struct.pack(f"<{len(frames) + 1}I", len(frames), *lengths), *frames])


def unpack_frames(payload: bytes) -> list[Buffer]:
    """The frames again, views on the payload; raises `WireError`."""
    n = int.from_bytes(payload[:4], "little")
    if not 1 <= n <= _MAX_FRAMES or len(payload) < 4 + 4 * n:
        raise WireError(f"A recorded message of {len(payload):,} bytes does not hold its lengths")
    lengths = struct.unpack_from(f"<{n}I", payload, 4)
    start = 4 + 4 * n
    if start + sum(lengths) != len(payload):
        raise WireError(f"The frames of a recorded message are not {len(payload):,} bytes")
    view, frames = memoryview(payload), []
    for length in lengths:
        frames.append(view[start : start + length])
        start += length
    return list(frames)
