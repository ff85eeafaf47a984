"""Where a hub begins: the newest picture of the room that is sound, and the events after it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from twin.errors import WireError
from twin.journal.base import Journal, JournalError, Saved
from twin.room.fold import Room
from twin.room.model import Event

#: Events between two pictures: a start folds at most about so many.
SNAPSHOT_EVERY = 5_000
_log = logging.getLogger(__name__)


def stored_room(journal: Journal) -> tuple[Room, Iterator[Event]]:
    """Room of the newest sound picture (an empty one without any) and the events to fold.

    Raises
    ------
    JournalError
        There is no picture, and the beginning of the journal was dropped by retention.
    """
    saved = journal.latest_snapshot()
    room = _sound_room(saved) if saved is not None else None
    if room is not None:
        return room, journal.events(room.seq + 1)
    if journal.first_seq > 1:
        raise JournalError(
            f"The journal begins at event {journal.first_seq} and holds no picture of the room"
            " that this version can read; start the version that wrote it, or restore a backup"
        )
    return Room(), journal.events()


def _sound_room(saved: Saved) -> Room | None:
    try:
        room = Room.from_bytes(saved.room)
    except WireError as error:
        _log.warning("The picture of event %d is left out: %s", saved.seq, error)
        return None
    if room.seq != saved.seq or room.state_hash() != saved.state_hash:
        _log.info("The picture of event %d is of another version; folding anew", saved.seq)
        return None
    return room


class Snapshots:
    """Saves a picture of the room now and then. One thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        saved = journal.latest_snapshot()
        self._last_seq = saved.seq if saved else 0

    def save_if_due(self, room: Room, every: int = SNAPSHOT_EVERY) -> None:
        """Save one if enough happened since the last; `room` is what the journal holds."""
        if room.seq - self._last_seq < every or room.seq != self._journal.last_seq:
            return
        self._last_seq = room.seq
        saved = Saved(seq=room.seq, state_hash=room.state_hash(), room=room.to_bytes())
        try:
            self._journal.save_snapshot(saved)
        except JournalError as error:
            _log.warning("No picture of the room was saved: %s", error)
