"""Schemas of the SQLite journal: making a new one, and bringing an older one up to date."""

from __future__ import annotations

import uuid
from pathlib import Path

import apsw

from twin.journal.base import JournalError
from twin.journal.seals import Sealer
from twin.journal.verify import (
    CHECKPOINT,
    SCHEMA,
    START,
    WrongError,
    checked,
    genesis,
    key_of_form_1,
)

_META = "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
_EVENTS = """
CREATE TABLE events(
  seq INTEGER PRIMARY KEY, t_ns INTEGER NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,
  body TEXT NOT NULL, chain BLOB NOT NULL,
  key TEXT NOT NULL DEFAULT '', form INTEGER NOT NULL DEFAULT 1);
"""
_AROUND = """
CREATE INDEX events_key ON events(key, seq) WHERE key != '';
CREATE TABLE head(seq INTEGER NOT NULL, chain BLOB NOT NULL);
CREATE TABLE seals(
  kind TEXT NOT NULL, seq INTEGER NOT NULL, chain BLOB NOT NULL, t_ns INTEGER NOT NULL,
  detail TEXT NOT NULL, public_key BLOB NOT NULL, signature BLOB NOT NULL,
  PRIMARY KEY(kind, seq)) WITHOUT ROWID;
CREATE TABLE snapshots(
  seq INTEGER PRIMARY KEY, state_hash TEXT NOT NULL, room BLOB NOT NULL);
"""
_ADD_COLUMNS = """
ALTER TABLE events ADD COLUMN key TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN form INTEGER NOT NULL DEFAULT 1;
"""
_ROWS_1 = "SELECT seq, t_ns, kind, actor, body, '', 1, chain FROM events ORDER BY seq"


def create_or_migrate(connection: apsw.Connection, path: Path) -> str:
    """Make the file a journal of the newest schema, in one transaction.

    Returns
    -------
    str
        The epoch.

    Raises
    ------
    JournalError
        It is of a newer schema, or an old one that was changed from outside.
    """
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if "meta" not in tables:
        if tables:
            raise JournalError(f"The file is an SQLite database but no journal: {path}")
        return create(connection, str(uuid.uuid4()))
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    schema, epoch = str(meta.get("schema")), str(meta.get("epoch"))
    if schema == "1":
        _migrate_from_1(connection, epoch, path)
    elif schema != str(SCHEMA):
        raise JournalError(
            f"The journal is of schema {schema}, this hub writes schema {SCHEMA};"
            f" start a newer hub: {path}"
        )
    return epoch


def create(connection: apsw.Connection, epoch: str) -> str:
    """Make an empty file a journal; its epoch."""
    with connection:
        connection.execute(_META + _EVENTS + _AROUND)
        meta = (("schema", str(SCHEMA)), ("epoch", epoch), ("probe", "0"))
        connection.executemany("INSERT INTO meta VALUES(?, ?)", meta)
        connection.execute("INSERT INTO head VALUES(0, ?)", (genesis(epoch),))
    return epoch


def _migrate_from_1(connection: apsw.Connection, epoch: str, path: Path) -> None:
    """Rows keep their own chain rule (form 1) and get the key that their body names."""
    with connection:
        end, t_ns, keys = START, 0, []
        try:
            for row in connection.execute(_ROWS_1):
                end, t_ns = checked(row, end, epoch, has_keys=False), row[1]
                key = key_of_form_1(row[2], row[4])
                if key:
                    keys.append((key, end.seq))
        except WrongError as error:
            raise JournalError(
                f"The journal was changed from outside: row {error.seq} {error};"
                f" restore a copy: {path}"
            ) from error
        connection.execute(_ADD_COLUMNS)
        connection.executemany("UPDATE events SET key = ? WHERE seq = ?", keys)
        connection.execute(_AROUND)
        head = (end.seq, end.chain or genesis(epoch))
        connection.execute("INSERT INTO head VALUES(?, ?)", head)
        if end.seq:  # from here on the old rows are bound to the epoch too
            seal = Sealer(epoch, None, 0, 0).seal(CHECKPOINT, end.seq, end.chain, t_ns)
            connection.execute("INSERT INTO seals VALUES(?, ?, ?, ?, ?, ?, ?)", tuple(seal))
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(SCHEMA),))
        connection.execute("INSERT OR REPLACE INTO meta VALUES('probe', '0')")
