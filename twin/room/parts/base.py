"""What a part of the room is made of: tables whose entries share the room's fingerprint.

A part is one file in this package with one ``PART`` record. It holds tables and says which kinds of
events move it. Handlers read the body and check everything before they change the first table; of a
kind that several parts take only the first of them, by the module's name, may raise. No clock,
chance, files or sockets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from twin.registry import Registry
from twin.room.errors import EventError
from twin.room.model import Event

HASH_BYTES = 16
_MODULUS = 1 << (8 * HASH_BYTES)
_MAX_OMITTING = 15
T = TypeVar("T", bound=msgspec.Struct)
B = TypeVar("B")


class Fingerprint:
    """Sum of one hash an entry, so that a change costs one hash."""

    def __init__(self) -> None:
        self.total = 0
        self.count = 0

    def add(self, part: str, value: msgspec.Struct) -> None:
        """An entry came."""
        self.total = (self.total + _entry_hash(part, value)) % _MODULUS
        self.count += 1

    def remove(self, part: str, value: msgspec.Struct) -> None:
        """An entry went."""
        self.total = (self.total - _entry_hash(part, value)) % _MODULUS
        self.count -= 1


class Table(Generic[T]):
    """Entries by key, in the order they came; a replaced one keeps its place.

    The fingerprint is over an entry's msgpack. A struct that leaves defaults out may have no more
    than 15 fields: beyond, its map has a longer head than another language's encoder would write.

    Parameters
    ----------
    name : permanent; part of the fingerprint and of the picture, at most 16 letters
    entry_type : struct of an entry
    key : gives an entry's key
    """

    def __init__(
        self, name: str, entry_type: type[T], key: Callable[[T], str], fingerprint: Fingerprint
    ) -> None:
        config = entry_type.__struct_config__
        if config.omit_defaults and len(entry_type.__struct_fields__) > _MAX_OMITTING:
            raise ValueError(f"{entry_type.__name__} has too many fields to leave defaults out")
        self.name = name
        self.entry_type = entry_type
        self._key = key
        self._fingerprint = fingerprint
        self._entries: dict[str, T] = {}

    @property
    def entries(self) -> Mapping[str, T]:
        """All entries by key; read only."""
        return self._entries

    def put(self, entry: T) -> None:
        """Add an entry or replace the one of the same key."""
        key = self._key(entry)
        old = self._entries.get(key)
        if old is not None:
            self._fingerprint.remove(self.name, old)
        self._entries[key] = entry
        self._fingerprint.add(self.name, entry)

    def drop(self, key: str) -> T | None:
        """Remove an entry; gives it, None if there was none."""
        old = self._entries.pop(key, None)
        if old is not None:
            self._fingerprint.remove(self.name, old)
        return old

    def get(self, key: str) -> T | None:
        """The entry of that key, None if there is none."""
        return self._entries.get(key)

    def values(self) -> tuple[T, ...]:
        """All entries; changing the table while walking over them is fine."""
        return tuple(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._entries))


Handler = Callable[[Event], None]


class Part:
    """Base of all parts: its tables, and what moves it."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        self._fingerprint = fingerprint
        self.tables: list[Table[Any]] = []

    def table(self, name: str, entry_type: type[T], key: Callable[[T], str]) -> Table[T]:
        """Make a table of this part. Called in the constructor only."""
        table = Table(name, entry_type, key, self._fingerprint)
        self.tables.append(table)
        return table

    def handlers(self) -> Mapping[str, Handler]:
        """Kind of event -> what it does to this part."""
        raise NotImplementedError

    def loaded(self) -> None:
        """The tables were read from a picture: make anew what is kept beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartType:
    """Record of one part; ``id`` is the name consoles see in "what moved"."""

    id: str
    make: Callable[[Fingerprint], Part]


def part_registry() -> Registry[PartType]:
    """All parts of a room."""
    return Registry(PartType).load_all("twin.room.parts")


def read_body(event: Event, body_type: type[B]) -> B:
    """The typed body of an event, raises `EventError` if it is none."""
    try:
        return msgspec.convert(event.body, body_type)
    except msgspec.ValidationError as error:
        raise EventError(f"Event {event.seq} ({event.kind}) is not readable: {error}") from error


def _entry_hash(part: str, value: msgspec.Struct) -> int:
    digest = hashlib.blake2b(
        msgspec.msgpack.encode(value), digest_size=HASH_BYTES, person=part.encode()
    ).digest()
    return int.from_bytes(digest, "little")
