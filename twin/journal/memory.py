"""A journal that is gone with the process: for simulations and tests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from twin.journal.base import Saved
from twin.journal.rows import require_kept, require_next
from twin.room.model import Event


class MemoryJournal:
    """As `twin.journal.base.Journal`, without durability, chain or seals."""

    def __init__(self, epoch: str = "") -> None:
        self.epoch = epoch or str(uuid.uuid4())
        self._events: list[Event] = []
        self._by_key: dict[str, Event] = {}
        self._saved: Saved | None = None

    @property
    def last_seq(self) -> int:
        """The newest event, 0 = none yet."""
        return len(self._events)

    @property
    def first_seq(self) -> int:
        """Always 1."""
        return 1

    def append(self, events: Sequence[Event], /) -> None:
        """Keep events."""
        require_next(events, self.last_seq)
        for event in events:
            self._events.append(event)
            if event.key:
                self._by_key.setdefault(event.key, event)

    def events(self, from_seq: int = 1, limit: int = -1) -> Iterator[Event]:
        """The events from `from_seq` on, at most `limit` (-1 = all)."""
        start = max(from_seq, 1) - 1
        stop = len(self._events) if limit < 0 else start + limit
        return iter(self._events[start:stop])

    def lookup(self, key: str, /) -> Event | None:
        """The first event that carries this key."""
        return self._by_key.get(key)

    def save_snapshot(self, saved: Saved, /) -> None:
        """Keep a picture of the room."""
        require_kept(saved, 1, self.last_seq)
        self._saved = saved

    def latest_snapshot(self) -> Saved | None:
        """The newest picture."""
        return self._saved

    def tick(self, now_ns: int, /) -> None:
        """Nothing is ever due."""

    def probe(self) -> None:
        """Always possible."""

    def close(self) -> None:
        """Nothing to let go of."""
