"""What a console has asked for and the hub has not yet stored. One small SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import apsw
import msgspec

from twin.errors import TwinError
from twin.link.control import Act, Cancel, Note, Submit

Kept: TypeAlias = Submit | Cancel | Note | Act

_TABLE = """
CREATE TABLE IF NOT EXISTS outbox(
  n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, message TEXT NOT NULL)
"""
#: Who comes at the same moment waits so long to learn that it is second.
_WAIT_MS = 500
_decoder: msgspec.json.Decoder[Kept] = msgspec.json.Decoder(Kept)


class OutboxInUseError(TwinError):
    """Another console has the file open."""


class Outbox:
    """Messages in the order they were given, on disk before `add` returns. One thread at a time.

    Raises
    ------
    TwinError
        From the constructor: the file cannot be opened; `OutboxInUseError` where another console
        has it open.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = apsw.Connection(str(path))
        except (OSError, apsw.Error) as error:
            raise TwinError(f"The outbox cannot be opened ({error}): {path}") from error
        try:
            rows = list(self._opened(self._connection))
            self._kept = {str(key): _decoder.decode(message) for key, message in rows}
        except apsw.BusyError as error:
            self._connection.close()
            raise OutboxInUseError(f"Another console has this outbox open: {path}") from error
        except (apsw.Error, msgspec.MsgspecError) as error:
            self._connection.close()
            raise TwinError(f"The outbox cannot be opened ({error}): {path}") from error

    @staticmethod
    def _opened(connection: apsw.Connection) -> Iterator[tuple[Any, ...]]:
        """Take the file for this console alone, and give what is in it.

        The whole lock is taken at once, before anything is read, and kept from then on: of two
        consoles that open it in the same moment one has it. With a lock for reading first, each
        would wait for the other to let go, and both would give up.
        """
        connection.set_busy_timeout(_WAIT_MS)
        connection.pragma("synchronous", "full")
        connection.execute("BEGIN EXCLUSIVE")
        connection.pragma("locking_mode", "exclusive")
        connection.execute(_TABLE)
        connection.execute("INSERT INTO outbox VALUES(0, '', ''); DELETE FROM outbox WHERE n = 0")
        yield from connection.execute("SELECT key, message FROM outbox ORDER BY n")
        connection.execute("COMMIT")

    def add(self, message: Kept) -> None:
        """Keep a message; one that is there already stays as it is.

        Raises
        ------
        TwinError
            It could not be stored; it is kept in memory all the same.
        """
        key = key_of(message)
        if key in self._kept:
            return
        text = msgspec.json.encode(message).decode()
        try:
            self._connection.execute("INSERT INTO outbox(key, message) VALUES(?, ?)", (key, text))
        except apsw.Error as error:
            raise TwinError(
                f"The outbox cannot be written ({error}): do not close the console before the hub"
                f" has answered: {self._path}"
            ) from error
        finally:
            self._kept[key] = message  # only now: what is counted is on disk

    def remove(self, key: str) -> bool:
        """The hub has answered for good; says whether the message was here."""
        if self._kept.pop(key, None) is None:
            return False
        try:
            self._connection.execute("DELETE FROM outbox WHERE key = ?", (key,))
        except apsw.Error:
            return True  # it will be sent once more after a restart, and answered the same way
        return True

    def messages(self) -> tuple[Kept, ...]:
        """What is not yet answered, oldest first."""
        return tuple(self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)

    def close(self) -> None:
        """Close the file. Twice is fine."""
        self._connection.close()


def key_of(message: Kept) -> str:
    """The id under which the hub answers."""
    return message.request.id if isinstance(message, Submit) else message.id
