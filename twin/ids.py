"""Ids that sort by the time they were made."""

from __future__ import annotations

import secrets
import uuid

from twin.clock import Clock, SystemClock

_NS_PER_MS = 1_000_000


def uuid7(clock: Clock | None = None) -> str:
    """Make a UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, 74 random bits."""
    unix_ms = (clock or SystemClock()).now_ns() // _NS_PER_MS
    value = (unix_ms & (1 << 48) - 1) << 80
    value |= 0x7 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(62)
    return str(uuid.UUID(int=value))
