"""Messages of the control and event sockets as frames (docs/wire-protocol-control.md).

Every message is two frames: a head and one msgpack map with a ``type``. On the control socket the
head is `PROTOCOL`; on the event socket it is a topic. Pure functions, any thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from twin.errors import WireError
from twin.link.control import (
    EventMessage,
    Events,
    FromHub,
    Heartbeat,
    PresenceMessage,
    Published,
    ToHub,
)
from twin.room.model import Event

PROTOCOL = b"civ1"
EVENT_TOPIC = b"v1/e/"
HEARTBEAT_TOPIC = b"v1/h/"
PRESENCE_TOPIC = b"v1/p/"
EVENTS_A_MESSAGE = 50
_T = TypeVar("_T")

_encoder = msgspec.msgpack.Encoder()
_to_hub: msgspec.msgpack.Decoder[ToHub] = msgspec.msgpack.Decoder(ToHub)
_from_hub: msgspec.msgpack.Decoder[FromHub] = msgspec.msgpack.Decoder(FromHub)
_published: msgspec.msgpack.Decoder[Published] = msgspec.msgpack.Decoder(Published)


def encode_control(message: ToHub | FromHub) -> list[bytes]:
    """Frames for the control socket."""
    return [PROTOCOL, _encoder.encode(message)]


def encode_event(epoch: str, event: Event) -> list[bytes]:
    """Frames of one event for the event socket."""
    return [EVENT_TOPIC, _encoder.encode(EventMessage(epoch=epoch, event=event))]


def encode_events(epoch: str, events: Sequence[Event]) -> Iterator[list[bytes]]:
    """Frames of the messages that tell new events: one by itself, several of a commit together.

    A hundred consoles are told four times as fast: each message costs each of them a decryption.
    """
    for first in range(0, len(events), EVENTS_A_MESSAGE):
        told = tuple(events[first : first + EVENTS_A_MESSAGE])
        if len(told) == 1:
            yield encode_event(epoch, told[0])
        else:
            message = Events(epoch=epoch, events=told, last_seq=told[-1].seq)
            yield [EVENT_TOPIC, _encoder.encode(message)]


def encode_heartbeat(heartbeat: Heartbeat) -> list[bytes]:
    """Frames of a heartbeat for the event socket."""
    return [HEARTBEAT_TOPIC, _encoder.encode(heartbeat)]


def encode_presence(message: PresenceMessage) -> list[bytes]:
    """Frames of presence for the event socket."""
    return [PRESENCE_TOPIC, _encoder.encode(message)]


def decode_to_hub(frames: list[bytes]) -> ToHub:
    """Read what somebody sent to the hub, raises `WireError`."""
    return _decode(_to_hub, _body(frames))


def decode_from_hub(frames: list[bytes]) -> FromHub:
    """Read what the hub sent on the control socket, raises `WireError`."""
    return _decode(_from_hub, _body(frames))


def decode_published(frames: list[bytes]) -> Published:
    """Read what the hub published on the event socket, raises `WireError`."""
    if len(frames) != 2:
        raise WireError(f"An event message has {len(frames)} frames instead of 2")
    return _decode(_published, frames[1])


def _body(frames: list[bytes]) -> bytes:
    if len(frames) != 2:
        raise WireError(f"A control message has {len(frames)} frames instead of 2")
    if frames[0] != PROTOCOL:
        raise WireError(f"A control message starts with {frames[0][:8]!r} instead of {PROTOCOL!r}")
    return frames[1]


def _decode(decoder: msgspec.msgpack.Decoder[_T], body: bytes) -> _T:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"A message of {len(body)} bytes is not readable: {error}") from error
