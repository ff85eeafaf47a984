"""Messages of the sample lane as NATS messages: topic to subject, frames to one payload.

Described in docs/wire-protocol.md. Pure functions, any thread.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from functools import lru_cache

from twin.errors import WireError
from twin.link.wire import Buffer, decode
from twin.sense.model import Announcement

MAX_FRAMES = 16
_MAX_TOPIC = 128


def pack(frames: Sequence[Buffer]) -> bytes:
    """One payload of all frames behind the topic.

    A lone frame (JSON, announcements, beats) is its own payload; several are written behind their
    number and their lengths, u4 little-endian.
    """
    if len(frames) == 1:
        return bytes(frames[0])
    lengths = [len(frame) for frame in frames]
    return b"".join([struct.pack(f"<{len(frames) + 1}I", len(frames), *lengths), *frames])


def unpack(topic: bytes, payload: bytes) -> list[Buffer]:
    """The frames of a message, the topic first; views on the payload.

    Raises
    ------
    WireError
        The lengths do not fit the payload.
    """
    if _is_lone(topic):
        return [topic, payload]
    n = int.from_bytes(payload[:4], "little")
    if len(payload) < 4 or not 1 <= n <= MAX_FRAMES or len(payload) < 4 + 4 * n:
        raise WireError(f"A packed message of {len(payload):,} bytes does not hold its lengths")
    lengths = struct.unpack_from(f"<{n}I", payload, 4)
    start = 4 + 4 * n
    if start + sum(lengths) != len(payload):
        raise WireError(f"The frames of a packed message do not add up to {len(payload):,} bytes")
    view, frames = memoryview(payload), [memoryview(topic)]
    for length in lengths:
        frames.append(view[start : start + length])
        start += length
    return list(frames)


@lru_cache(maxsize=4096)
def subject_of(prefix: str, topic: bytes, part: str = "") -> str:
    """The subject of a topic: ``v1/s/my.gauge/`` becomes ``PREFIX.v1.s.my=gauge``.

    Raises
    ------
    WireError
        The topic has a character that a subject cannot hold.
    """
    text = topic[:_MAX_TOPIC].decode("ascii", errors="replace").removesuffix("/")
    if len(topic) > _MAX_TOPIC or not text or any(c in "=*>\ufffd" or c <= " " for c in text):
        raise WireError(f"The topic {topic[:80]!r} cannot be a subject")
    subject = f"{prefix}.{text.replace('.', '=').replace('/', '.')}"
    if ".." in subject or subject.endswith("."):
        raise WireError(f"The topic {topic[:80]!r} cannot be a subject")
    return f"{subject}.{part}" if part else subject


@lru_cache(maxsize=4096)
def topic_of_subject(prefix: str, subject: str) -> bytes:
    """The topic of a subject, the part of an announcement left out.

    Subjects of other forms give topics that no decoder takes.
    """
    tokens = subject.removeprefix(f"{prefix}.").split(".")[:3]
    return ("/".join(token.replace("=", ".") for token in tokens) + "/").encode()


def part_of(announcement: Announcement) -> str:
    """Last token of an announcement's subject: the same each time this part is repeated."""
    firsts = (
        entries[0].id if entries else ""
        for entries in (announcement.things, announcement.datastreams, announcement.units)
    )
    return hashlib.sha256("\0".join(firsts).encode()).hexdigest()[:12]


def subject_of_message(prefix: str, frames: list[bytes]) -> str:
    """The subject of a message; an announcement's ends with its part.

    Raises
    ------
    WireError
        The topic cannot be a subject.
    """
    part = ""
    if frames[0].startswith(b"v1/a/"):
        try:
            message = decode(frames)
            part = part_of(message) if isinstance(message, Announcement) else ""
        except WireError:
            part = ""
    return subject_of(prefix, frames[0], part)


def _is_lone(topic: bytes) -> bool:
    return topic.startswith((b"v1/j/", b"v1/a/", b"v1t/h/"))
