"""Announcements, cached for whoever subscribes later, and the things in them that take commands."""

from __future__ import annotations

from collections import OrderedDict

from twin.hub.requests import Target
from twin.sense.model import Announcement, Thing, Unit

MAX_BYTES = 256 * 1024 * 1024


class Catalogue:
    """The newest announcements, whole messages. One thread.

    Bounded by `MAX_BYTES`: the ones not repeated for longest go first.
    """

    def __init__(self) -> None:
        self._messages: OrderedDict[tuple[str, ...], list[bytes]] = OrderedDict()
        self._n_bytes = 0

    def add(self, announcement: Announcement, frames: list[bytes]) -> tuple[Target, ...]:
        """Keep a message in place of its last repetition; gives what in it takes commands."""
        key = (announcement.source, *(entries[0].id if entries else "" for entries in (
            announcement.things, announcement.datastreams, announcement.units
        )))  # fmt: skip
        self._drop(key)
        self._messages[key] = frames
        self._n_bytes += _size(frames)
        while self._n_bytes > MAX_BYTES:
            self._drop(next(iter(self._messages)))
        return targets_of(announcement)

    def messages(self) -> list[list[bytes]]:
        """All of them, the least recently repeated first."""
        return list(self._messages.values())

    def _drop(self, key: tuple[str, ...]) -> None:
        self._n_bytes -= _size(self._messages.pop(key, []))


def targets_of(announcement: Announcement) -> tuple[Target, ...]:
    """Things and units that accept commands."""
    entries: tuple[Thing | Unit, ...] = (*announcement.things, *announcement.units)
    return tuple(_target(entry) for entry in entries if entry.accepts)


def _target(entry: Thing | Unit) -> Target:
    has_place = isinstance(entry, Thing) and entry.frame != "none"
    return Target(
        id=entry.id,
        name=entry.name,
        kind=entry.kind,
        accepts=entry.accepts,
        frame=entry.frame if isinstance(entry, Thing) else "none",
        xyz=entry.xyz if isinstance(entry, Thing) and has_place else None,
    )


def _size(frames: list[bytes]) -> int:
    return sum(map(len, frames))
