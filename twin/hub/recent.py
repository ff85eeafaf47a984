"""The newest events in memory, for consoles that missed some; older ones from the journal."""

from __future__ import annotations

from collections import deque

from twin.journal.base import Journal
from twin.room.model import Event

KEPT = 10_000
EVENTS_A_REPLY = 300


class RecentEvents:
    """What was published last. One thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._ring: deque[Event] = deque(maxlen=KEPT)

    def add(self, event: Event) -> None:
        """An event is stored and goes out."""
        self._ring.append(event)

    def since(self, from_seq: int, room_seq: int) -> tuple[Event, ...]:
        """A piece of the history from `from_seq` on; `room_seq`: newest event there is."""
        if self._ring and from_seq >= self._ring[0].seq:
            start = from_seq - self._ring[0].seq
            n_last = min(len(self._ring), start + EVENTS_A_REPLY)
            return tuple(self._ring[i] for i in range(start, n_last))
        first = min(max(from_seq, 1), room_seq + 1)
        return tuple(self._journal.events(first, EVENTS_A_REPLY))
