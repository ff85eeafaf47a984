"""The thinned lane's messages, and the beat: what the hub itself says on the sample lane.

Topics begin with ``v1t/``, so that a subscription to ``v1/`` never sees them. Pure functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import msgspec

from twin.errors import WireError
from twin.link.wire import Buffer, PositionBatch, SampleBatch, decode, is_name, source_of_topic
from twin.link.wire_json import JsonBatch

FULL_PREFIX = b"v1/"
THIN_PREFIX = b"v1t/"
ANNOUNCEMENTS = b"v1/a/"
#: The same subscription by who knows the announcements already: the hub need not repeat them now.
ANNOUNCEMENTS_ONLY_NEW = b"v1/a"
BEATS = b"v1t/h/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Five times a second: how far the hub is, by which a console knows how far behind it is.

    Attributes
    ----------
    epoch : new each time the hub starts
    seq : number of the beat
    sent_ns : the hub's monotonic clock
    n_messages : messages of the full lane it has published on this way; -1 = not known
    """

    epoch: str
    seq: int
    sent_ns: int
    n_messages: int


ThinMessage: TypeAlias = SampleBatch | PositionBatch | JsonBatch | Beat


class _ThinHeader(msgspec.Struct):
    v: int
    epoch: str
    seq: int
    n: int
    sent: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_ThinHeader)


def is_thin(topic: Buffer) -> bool:
    """Whether a message is the thinned lane's or a beat."""
    return bytes(topic[:4]) == THIN_PREFIX


def thinned(frames: list[bytes]) -> list[bytes]:
    """The same message on the thinned lane."""
    return [frames[0].replace(FULL_PREFIX, THIN_PREFIX, 1), *frames[1:]]


def encode_beat(beat: Beat) -> list[bytes]:
    """Frames of a beat."""
    header = _ThinHeader(v=1, epoch=beat.epoch, seq=beat.seq, n=beat.n_messages, sent=beat.sent_ns)
    return [BEATS + beat.epoch.encode() + b"/", _encoder.encode(header)]


def encode_thin_json(
    source: str, epoch: str, seq: int, entries: list[dict[str, object]], sent_ns: int
) -> list[bytes]:
    """Frames of the newest entries of a JSON source; `seq` = its messages up to now."""
    header = _ThinHeader(v=1, epoch=epoch, seq=seq, n=len(entries), sent=sent_ns)
    topic = f"v1t/j/{source}/".encode()
    return [topic, _encoder.encode(header), msgspec.json.encode(entries)]


def decode_thin(frames: Sequence[Buffer]) -> ThinMessage:
    """Read a message whose topic begins with ``v1t/``.

    Raises
    ------
    WireError
        Anything is wrong with it.
    """
    topic = bytes(frames[0][:128])
    if not source_of_topic(topic):
        raise WireError(f"The topic {topic[:80]!r} is not of the form v1t/KIND/SOURCE/")
    if topic.startswith(BEATS):
        return _decode_beat(frames)
    full_topic = topic.replace(THIN_PREFIX, FULL_PREFIX, 1)
    if topic.startswith(b"v1t/j/"):
        header = _header_of(frames, 3)
        message = decode([full_topic, frames[2]])
        if not isinstance(message, JsonBatch):
            raise TypeError(message)
        return replace(message, epoch=header.epoch, seq=header.seq)
    if topic.startswith((b"v1t/s/", b"v1t/m/")):
        batch = decode([full_topic, *frames[1:]])
        if isinstance(batch, SampleBatch | PositionBatch):
            return batch
    raise WireError(f"The kind of the topic {topic[:80]!r} is none of s, m, j, h")


def _decode_beat(frames: Sequence[Buffer]) -> Beat:
    header = _header_of(frames, 2)
    return Beat(epoch=header.epoch, seq=header.seq, sent_ns=header.sent, n_messages=header.n)


def _header_of(frames: Sequence[Buffer], n_frames: int) -> _ThinHeader:
    if len(frames) != n_frames:
        raise WireError(f"A message of this kind has {n_frames} frames, not {len(frames)}")
    try:
        header = _decoder.decode(frames[1])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"The header cannot be read: {error}") from error
    numbers = (header.seq, header.sent, header.n + 1)
    if header.v != 1 or not all(0 <= number < 2**63 for number in numbers):
        raise WireError("The header's version is not 1, or a number does not fit 63 bits")
    if not is_name(header.epoch):
        raise WireError(f"An epoch is named like a source, not {header.epoch[:80]!r}")
    return header
