"""The room as a fold over the journal: hub, consoles, replay and tests run this same code.

Hard-won rules (each guarded in tests/twin/test_room.py):

1. `Room.apply` checks everything before it changes anything: an event that does not fit leaves
   the room as it was.
2. Nothing here asks for the time, random numbers, files or sockets.
3. `Room.state_hash` is kept up as the room changes: a sum of one hash for each entry. It must equal
   the hash of a room that was read back from a snapshot.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec

from twin.errors import WireError
from twin.registry import Registry
from twin.room.errors import EventError
from twin.room.model import Command, Event, Operator
from twin.room.parts.base import HASH_BYTES, Fingerprint, Handler, Part, PartType, part_registry
from twin.room.parts.commands import Commands
from twin.room.parts.operators import Operators

ACTIVITY_LENGTH = 500
P = TypeVar("P", bound=Part)


class _Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A room on the wire: a msgpack map; ``tables`` holds each table's entries by its name."""

    seq: int
    activity: list[Event]
    tables: dict[str, msgspec.Raw]


class Room:
    """Everything that consoles share: commands, leases, marks, who is there, what happened lately.

    ``room[Leases]`` is a part by its class. Not thread safe: one thread applies and reads (in a
    console the GUI thread).

    Attributes
    ----------
    seq : last event applied, 0 = none
    """

    def __init__(self) -> None:
        self.seq = 0
        self._activity: deque[Event] = deque()
        self._fingerprint = Fingerprint()
        self._parts: dict[type[Part], Part] = {}
        self._handlers: dict[str, list[tuple[str, Handler]]] = {}
        for part_type in _part_types():
            part = part_type.make(self._fingerprint)
            self._parts[type(part)] = part
            for kind, handler in part.handlers().items():
                self._handlers.setdefault(kind, []).append((part_type.id, handler))

    def __getitem__(self, part: type[P]) -> P:
        found = self._parts[part]
        assert isinstance(found, part)  # noqa: S101 - the dict is by class
        return found

    @property
    def commands(self) -> Mapping[str, Command]:
        """Commands by id, in the order they were submitted."""
        return self[Commands].by_id.entries

    @property
    def operators(self) -> Mapping[str, Operator]:
        """Who is there, by console id, in the order they joined."""
        return self[Operators].by_console.entries

    @property
    def activity(self) -> Sequence[Event]:
        """The last `ACTIVITY_LENGTH` events, newest last."""
        return self._activity

    def apply(self, event: Event) -> frozenset[str]:
        """Move on by one event.

        Returns
        -------
        frozenset of str
            Ids of the parts that moved, and "activity".

        Raises
        ------
        EventError
            The event is not the next one or does not fit; the room is unchanged.
        """
        if event.seq != self.seq + 1:
            raise EventError(f"Event {event.seq} came where event {self.seq + 1} was due")
        handlers = self._handlers.get(event.kind, ())
        for _, handler in handlers:
            handler(event)
        self._remember(event)
        self.seq = event.seq
        return frozenset({"activity", *(part_id for part_id, _ in handlers)})

    def state_hash(self) -> str:
        """Fingerprint of the whole room, 32 hex digits; equal rooms have equal ones. O(1)."""
        text = f"{self.seq}:{self._fingerprint.count}:{self._fingerprint.total:x}"
        return hashlib.blake2b(text.encode(), digest_size=HASH_BYTES).hexdigest()

    def to_bytes(self) -> bytes:
        """Picture of the room for a joiner (msgpack)."""
        tables = {
            table.name: msgspec.Raw(msgspec.msgpack.encode(table.values()))
            for part in self._parts.values()
            for table in part.tables
        }
        picture = _Picture(seq=self.seq, activity=list(self._activity), tables=tables)
        return msgspec.msgpack.encode(picture)

    @classmethod
    def from_bytes(cls, picture: bytes) -> Room:
        """Read a picture back, raises `WireError` if it is none."""
        room = cls()
        try:
            read = msgspec.msgpack.decode(picture, type=_Picture)
            room._load(read)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise WireError(f"The snapshot of the room is not readable: {error}") from error
        return room

    @staticmethod
    def part_ids() -> frozenset[str]:
        """Names of everything that can move, "activity" too."""
        return frozenset({"activity", *_part_types().ids()})

    def _load(self, read: _Picture) -> None:
        self.seq = read.seq
        for part in self._parts.values():
            for table in part.tables:
                entry_type: Any = table.entry_type
                entries = read.tables.get(table.name, msgspec.Raw(b"\x90"))
                for entry in msgspec.msgpack.decode(entries, type=list[entry_type]):
                    table.put(entry)
            part.loaded()
        for event in read.activity:
            self._remember(event)

    def _remember(self, event: Event) -> None:
        self._activity.append(event)
        self._fingerprint.add("event", event)
        if len(self._activity) > ACTIVITY_LENGTH:
            self._fingerprint.remove("event", self._activity.popleft())


@cache
def _part_types() -> Registry[PartType]:
    return part_registry()
