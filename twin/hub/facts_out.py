"""What consoles hear of the room: events once they are stored, heartbeats, and what they missed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import zmq

from twin.hub.recent import RecentEvents
from twin.journal.base import Journal
from twin.link.control import (
    Events,
    FromHub,
    GetEvents,
    GetSnapshot,
    Heartbeat,
    Ping,
    Pong,
    Snapshot,
)
from twin.link.control_frames import encode_events, encode_heartbeat
from twin.room.fold import Room
from twin.room.model import Event


class FactsOut:
    """Publishes facts and answers who asks for them. One thread.

    Parameters
    ----------
    events : bound PUB socket; it stays the caller's
    room : the room as it is now; every event of it is stored
    """

    def __init__(
        self, events: zmq.Socket[bytes], journal: Journal, room: Callable[[], Room]
    ) -> None:
        self._events = events
        self._epoch = journal.epoch
        self._recent = RecentEvents(journal)
        self._room = room

    def publish(self, events: Iterable[Event]) -> None:
        """Tell everybody what was stored."""
        events = tuple(events)
        for event in events:
            self._recent.add(event)
        for frames in encode_events(self._epoch, events):
            self._events.send_multipart(frames)

    def beat(self, now_ns: int, trouble: str) -> None:
        """Tell everybody where journal and room stand. ``now_ns``: hub time, UTC."""
        room = self._room()
        beat = Heartbeat(
            epoch=self._epoch, seq=room.seq, state_hash=room.state_hash(), t_ns=now_ns,
            trouble=trouble,
        )  # fmt: skip
        self._events.send_multipart(encode_heartbeat(beat))

    def answer(self, query: Ping | GetSnapshot | GetEvents) -> FromHub:
        """What one connection is told."""
        room = self._room()
        match query:
            case Ping(t_ns=t_ns):
                return Pong(t_ns=t_ns, seq=room.seq)
            case GetSnapshot():
                return Snapshot(epoch=self._epoch, seq=room.seq, room=room.to_bytes())
            case GetEvents(from_seq=from_seq):
                return Events(
                    epoch=self._epoch,
                    events=self._recent.since(from_seq, room.seq),
                    last_seq=room.seq,
                )
