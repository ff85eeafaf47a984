"""The hub's room at a console: heard on one thread, moved on another.

Hard-won rules (each guarded in tests/twin/test_link_client.py and test_link_room_copy.py):

1. The room is moved only by `RoomCopy.move`, on the thread of whoever shows it.
2. A room that cannot be right (an event that does not fit, a state hash other than the hub's) is
   left as it is until a new picture replaces it; what comes in between does not count.
3. A console that does not look is bounded: when too much waits, all of it is thrown away and the
   room fetched anew.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from twin.errors import TwinError
from twin.link.control import Heartbeat, Snapshot
from twin.room.fold import Room
from twin.room.model import Event

MOST_WAITING = 50_000
Heard: TypeAlias = Snapshot | Event | Heartbeat
_log = logging.getLogger(__name__)


class RoomCopy:
    """Follows the hub's room. The caller's thread, but for `put`.

    Parameters
    ----------
    fetch_anew : called by `move` when only a new picture of the room helps

    Attributes
    ----------
    room : Room
    joined_seq : event after which this console came in, 0 before the first picture of the room
    """

    def __init__(self, fetch_anew: Callable[[], None]) -> None:
        self.room = Room()
        self.joined_seq = 0
        self._fetch_anew = fetch_anew
        self._inbox: deque[Heard] = deque()
        self._has_overflowed = False
        self._needs_picture = False
        self._has_joined = False

    def put(self, item: Heard) -> bool:
        """Keep what came for the next `move`. Any one thread.

        Returns
        -------
        bool
            False: too much waited, and all of it but this was thrown away.
        """
        has_room = len(self._inbox) < MOST_WAITING
        if not has_room:
            self._inbox.clear()
            self._has_overflowed = True
        self._inbox.append(item)
        return has_room

    def move(self) -> frozenset[str]:
        """Apply what came since the last call; ids of the parts that moved."""
        if self._has_overflowed:
            self._has_overflowed = False
            self._give_up()
        changed: set[str] = set()
        while (item := self._next()) is not None:
            changed |= self._apply(item)
        return frozenset(changed)

    def _next(self) -> Heard | None:
        try:
            return self._inbox.popleft()
        except IndexError:  # `put` may throw everything away at any moment
            return None

    def _apply(self, item: Heard) -> frozenset[str]:
        if self._needs_picture and not isinstance(item, Snapshot):
            return frozenset()
        try:
            match item:
                case Snapshot(room=picture):
                    self._replace(Room.from_bytes(picture))
                    return Room.part_ids()
                case Event():
                    return self.room.apply(item)
                case Heartbeat(seq=seq, state_hash=state_hash):
                    if seq == self.room.seq and state_hash != self.room.state_hash():
                        self._give_up()
                    return frozenset()
        except TwinError as error:
            _log.warning("Fetching the room anew: %s", error)
            self._give_up()
            return frozenset()

    def _replace(self, room: Room) -> None:
        self.room = room
        self._needs_picture = False
        if not self._has_joined:
            self._has_joined, self.joined_seq = True, room.seq

    def _give_up(self) -> None:
        self._needs_picture = True
        self._fetch_anew()
