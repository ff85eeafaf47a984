"""The journal: every fact in one SQLite file, in order, chained by hash, on disk before it counts.

Hard-won rules (each guarded in tests/twin/test_hub_journal.py):

1. WAL with ``synchronous=FULL``: a commit has returned from fsync. Never weaken it for speed.
2. One writer: a second hub on the same file is refused by a lock that dies with its holder.
3. ``append`` is all or nothing; after an error the file is as it was.

Schema 1: ``meta(key, value)`` with "schema" and "epoch"; ``events(seq, t_ns, kind, actor, body,
chain)``, body = JSON text, chain = SHA-256 over the previous chain and the JSON array
``[seq, t_ns, kind, actor, body]``; the first is chained to 32 zero bytes.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec

from twin.errors import TwinError
from twin.room.model import Event

SCHEMA = "1"
_FIRST_CHAIN = bytes(32)
_TABLES = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events(
  seq INTEGER PRIMARY KEY, t_ns INTEGER NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,
  body TEXT NOT NULL, chain BLOB NOT NULL);
"""
_INSERT = "INSERT INTO events(seq, t_ns, kind, actor, body, chain) VALUES(?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT seq, t_ns, kind, actor, body, chain FROM events WHERE seq >= ? ORDER BY seq"


class JournalError(TwinError):
    """The journal cannot be opened, read or written."""


class Journal:
    """One journal file, opened for writing. One thread.

    Parameters
    ----------
    path : made if absent, with its folder

    Raises
    ------
    JournalError
        Another hub has it open, it is damaged, of a newer schema, or not a journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(path)
            self._connection = apsw.Connection(str(path))
            self.epoch = self._open()
        except (OSError, apsw.Error) as error:
            raise JournalError(f"The journal cannot be opened ({error}): {path}") from error
        self._last_chain = _FIRST_CHAIN
        self.last_seq = 0
        self._verify()

    def append(self, events: Sequence[Event]) -> None:
        """Commit events for good, all or none.

        Raises
        ------
        JournalError
            The disk is full or fails; nothing was stored.
        """
        if not events:
            return
        rows, chain = self._rows(events)
        try:
            with self._connection:
                self._connection.executemany(_INSERT, rows)
        except apsw.Error as error:
            raise JournalError(
                f"The hub cannot write its journal ({error}); free some disk space: {self.path}"
            ) from error
        self._last_chain = chain
        self.last_seq = events[-1].seq

    def probe(self) -> None:
        """Write something that is no event, raises `JournalError` if that is not possible."""
        try:
            with self._connection:
                self._set("probe", str(self.last_seq))
        except apsw.Error as error:
            raise JournalError(
                f"The hub cannot write its journal ({error}): {self.path}"
            ) from error

    def events(self, from_seq: int = 1, limit: int = -1) -> Iterator[Event]:
        """The events from `from_seq` on, at most `limit` (-1 = all)."""
        rows = self._connection.execute(f"{_SELECT} LIMIT ?", (from_seq, limit))
        for seq, t_ns, kind, actor, body, _ in rows:
            yield Event(seq=seq, t_ns=t_ns, kind=kind, actor=actor, body=msgspec.json.decode(body))

    def close(self) -> None:
        """Close the file and free its lock. Twice is fine."""
        self._connection.close()
        self._lock.close()

    def _rows(self, events: Sequence[Event]) -> tuple[list[tuple[Any, ...]], bytes]:
        chain = self._last_chain
        rows = []
        for event in events:
            body = msgspec.json.encode(event.body).decode()
            row = (event.seq, event.t_ns, event.kind, event.actor, body)
            chain = chain_of(chain, *row)
            rows.append((*row, chain))
        return rows, chain

    def _open(self) -> str:
        connection = self._connection
        connection.set_busy_timeout(2_000)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "full")
        damage = connection.pragma("quick_check")
        if damage != "ok":
            raise JournalError(f"The journal is damaged ({damage}); restore a copy: {self.path}")
        connection.execute(_TABLES)
        schema = self._get_or_set("schema", SCHEMA)
        if schema != SCHEMA:
            raise JournalError(
                f"The journal is of schema {schema}, this hub writes schema {SCHEMA};"
                f" start a newer hub: {self.path}"
            )
        return self._get_or_set("epoch", str(uuid.uuid4()))

    def _get_or_set(self, key: str, value: str) -> str:
        rows = list(self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)))
        if rows:
            return str(rows[0][0])
        self._set(key, value)
        return value

    def _set(self, key: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", (key, value))

    def _verify(self) -> None:
        for seq, t_ns, kind, actor, body, stored in self._connection.execute(_SELECT, (0,)):
            chain = chain_of(self._last_chain, seq, t_ns, kind, actor, body)
            if seq != self.last_seq + 1 or chain != stored:
                raise JournalError(
                    f"The journal was changed from outside at event {self.last_seq + 1};"
                    f" restore a copy: {self.path}"
                )
            self._last_chain, self.last_seq = chain, seq


def chain_of(previous: bytes, seq: int, t_ns: int, kind: str, actor: str, body: str) -> bytes:
    """Chain value of a row, 32 bytes."""
    row = msgspec.json.encode([seq, t_ns, kind, actor, body])
    return hashlib.sha256(previous + row).digest()


def _locked(path: Path) -> apsw.Connection:
    """Hold an exclusive lock beside the journal; the system frees it when the process dies."""
    lock = apsw.Connection(str(path.with_name(path.name + ".lock")))
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except apsw.BusyError as error:
        lock.close()
        raise JournalError(
            f"Another hub has this journal open; stop it or name another file: {path}"
        ) from error
    return lock
