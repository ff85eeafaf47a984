"""What an adapter must not forget: what it began, how it ended, the highest lease it has seen.

One small SQLite file. `begin` and `end` are on disk before they return: a power cut after `begin`
leaves an attempt without an end, and nobody then guesses whether it was carried out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import apsw
import msgspec

from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.link.control import ActuatorReply, Deliver

KEEP_DAYS = 30.0
SCHEMA = 1
_DAY_NS = 86_400 * NS_PER_S
_TABLES = """
CREATE TABLE IF NOT EXISTS adapter(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempt(
  command_id TEXT NOT NULL, attempt INTEGER NOT NULL, type_id TEXT NOT NULL, asset_id TEXT NOT NULL,
  token INTEGER NOT NULL, begun_ns INTEGER NOT NULL, ended_ns INTEGER, reply BLOB,
  PRIMARY KEY(command_id, attempt)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS attempt_by_time ON attempt(begun_ns);
CREATE TABLE IF NOT EXISTS fence(asset_id TEXT PRIMARY KEY, token INTEGER NOT NULL) WITHOUT ROWID;
"""
_RAISE_FENCE = """
INSERT INTO fence VALUES(?, ?) ON CONFLICT DO UPDATE SET token = max(token, excluded.token)
"""
_BEGIN = "INSERT INTO attempt VALUES(?, ?, ?, ?, ?, ?, NULL, NULL)"
_END = "UPDATE attempt SET ended_ns = ?, reply = ? WHERE command_id = ? AND attempt = ?"
_REFUSE = "INSERT INTO attempt VALUES(?, ?, ?, ?, ?, ?, ?, ?)"
Value: TypeAlias = str | int | bytes | None
_reply_decoder: msgspec.msgpack.Decoder[ActuatorReply] = msgspec.msgpack.Decoder(ActuatorReply)


class MemoryLostError(TwinError):
    """The memory cannot be read or written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One order to do a command.

    Attributes
    ----------
    attempt : from 1 on
    reply : the last word on it, None = it was begun and nobody knows how it ended
    """

    command_id: str
    attempt: int
    reply: ActuatorReply | None = None


class AdapterMemory:
    """Attempts and fences of one adapter. One thread at a time.

    Parameters
    ----------
    path : None = in RAM, forgotten when the process ends
    keep_days : how long an attempt is remembered; fences are kept for ever

    Raises
    ------
    MemoryLostError
        From the constructor: the file cannot be opened, is no memory, or another adapter has it.
    """

    def __init__(self, path: Path | None = None, keep_days: float = KEEP_DAYS) -> None:
        self._where = "in RAM" if path is None else str(path)
        self._keep_ns = round(keep_days * _DAY_NS)
        self._cleaned_ns = 0
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = apsw.Connection(":memory:" if path is None else str(path))
            self._open()
        except apsw.BusyError as error:
            raise MemoryLostError(
                f"Another adapter has this memory open; give each its own: {self._where}"
            ) from error
        except (OSError, apsw.Error) as error:
            raise MemoryLostError(
                f"The adapter's memory cannot be opened ({error}); without it nobody would know"
                f" what was carried out before: {self._where}"
            ) from error

    def _open(self) -> None:
        run = self._connection.execute
        self._connection.pragma("locking_mode", "exclusive")
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("synchronous", "full")
        run(_TABLES)
        run("INSERT OR IGNORE INTO adapter VALUES('schema', ?)", (SCHEMA,))
        ((schema,),) = run("SELECT value FROM adapter WHERE key = 'schema'")
        if schema != SCHEMA:
            raise MemoryLostError(
                f"The adapter's memory has schema {schema}, this Civitwin knows {SCHEMA}:"
                f" {self._where}"
            )
        run("INSERT OR REPLACE INTO adapter VALUES('opened', 0)")  # takes the lock

    def newest(self, command_id: str) -> Attempt | None:
        """The newest attempt of a command, None if it is not known."""
        rows = self._read(
            "SELECT attempt, reply FROM attempt WHERE command_id = ? ORDER BY attempt DESC LIMIT 1",
            (command_id,),
        )
        for attempt, reply in rows:
            assert isinstance(attempt, int)  # noqa: S101 - the column's type
            word = _reply_decoder.decode(reply) if isinstance(reply, bytes) else None
            return Attempt(command_id=command_id, attempt=attempt, reply=word)
        return None

    def fence(self, asset_id: str) -> int:
        """The highest lease token that was ever obeyed for an asset, 0 = none."""
        rows = self._read("SELECT token FROM fence WHERE asset_id = ?", (asset_id,))
        return int(str(rows[0][0])) if rows else 0

    def begin(self, order: Deliver, now_ns: int) -> None:
        """Keep that an order is about to be carried out, and its lease.

        Raises
        ------
        MemoryLostError
            It could not be kept: it must not be carried out.
        """
        request, token = order.request, order.lease_token
        self._clean_when_due(now_ns)
        self._write(
            (_RAISE_FENCE, (request.target_id, token)),
            (
                _BEGIN,
                (request.id, order.attempt, request.type_id, request.target_id, token, now_ns),
            ),
        )

    def end(self, attempt: int, reply: ActuatorReply, now_ns: int) -> None:
        """Keep the last word on an attempt, raises `MemoryLostError`."""
        self._write((_END, (now_ns, msgspec.msgpack.encode(reply), reply.command_id, attempt)))

    def refuse(self, order: Deliver, reply: ActuatorReply, now_ns: int) -> None:
        """Keep that an order was refused without being begun, raises `MemoryLostError`."""
        request = order.request
        row = (
            request.id, order.attempt, request.type_id, request.target_id, order.lease_token,
            now_ns, now_ns, msgspec.msgpack.encode(reply),
        )  # fmt: skip
        self._write((_REFUSE, row))

    def unended(self) -> tuple[Attempt, ...]:
        """Attempts that were begun and have no last word, oldest first."""
        rows = self._read(
            "SELECT command_id, attempt FROM attempt WHERE ended_ns IS NULL ORDER BY begun_ns", ()
        )
        return tuple(Attempt(command_id=str(c), attempt=int(str(a))) for c, a in rows)

    def close(self) -> None:
        """Close the file. Twice is fine."""
        self._connection.close()

    def _clean_when_due(self, now_ns: int) -> None:
        if now_ns - self._cleaned_ns < _DAY_NS:
            return
        self._cleaned_ns = now_ns
        self._write(("DELETE FROM attempt WHERE begun_ns < ?", (now_ns - self._keep_ns,)))

    def _read(self, sql: str, values: Sequence[Value]) -> list[tuple[object, ...]]:
        try:
            return list(self._connection.execute(sql, values))
        except apsw.Error as error:
            raise MemoryLostError(
                f"The adapter's memory cannot be read ({error}): {self._where}"
            ) from error

    def _write(self, *steps: tuple[str, Sequence[Value]]) -> None:
        """Statements with their values, all or none."""
        try:
            with self._connection:
                for sql, values in steps:
                    self._connection.execute(sql, values)
        except apsw.Error as error:
            raise MemoryLostError(
                f"The adapter's memory cannot be written ({error}): {self._where}"
            ) from error
