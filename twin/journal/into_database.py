"""A backup becomes a room of a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

import apsw
import psycopg

from twin.journal.base import JournalError
from twin.journal.database import Database, place_of
from twin.journal.logs import opened_log
from twin.journal.postgres_tables import create_tables, escaped_row, has_tables
from twin.journal.verify import Log

_COPY = "COPY events(seq, t_ns, kind, actor, body, key, form, chain) FROM STDIN"
_COPY_SEALS = "COPY seals(kind, seq, chain, t_ns, detail, public_key, signature) FROM STDIN"


def restore_into_database(source: Path, url: str, *, force: bool) -> None:
    """Fill a room's tables, all or nothing.

    Tables that are there are kept as schema ``…_replaced``. The writer's term goes on, so that a
    hub from before stays fenced.

    Raises
    ------
    JournalError
        A hub writes the room, it is not empty and not `force`, or the backup is of schema 1.
    """
    database = Database(place_of(url), "civitwin restore")
    try:
        with opened_log(source) as log, database.transaction():
            if log.head is None:
                raise JournalError(
                    f"The backup is of schema 1; restore a file and let a hub open that: {source}"
                )
            schema = database.place.schema
            database.query("SET LOCAL statement_timeout = 0")
            database.query("SELECT pg_advisory_xact_lock(hashtext(%s))", (schema,))
            term = _set_aside(database, force=force) if has_tables(database) else 0
            create_tables(database, log.epoch)
            try:
                _fill(database, log, source, term + 1)
            except psycopg.Error as error:
                raise JournalError(
                    f"The backup cannot be stored ({error}): {database.place.shown}"
                ) from error
    finally:
        database.close()


def _set_aside(database: Database, *, force: bool) -> int:
    """Rename the room's tables; the term of its last writer."""
    place = database.place
    held = "SELECT seq, term, until > clock_timestamp() FROM head FOR UPDATE"
    seq, term, is_held = database.query(held)[0]
    if is_held:
        raise JournalError(f"A hub writes this journal; stop it first: {place.shown}")
    if seq and not force:
        raise JournalError(
            f"There is a journal already; --force keeps it as {place.schema}_replaced:"
            f" {place.shown}"
        )
    database.query(f'DROP SCHEMA IF EXISTS "{place.schema}_replaced" CASCADE')
    database.query(f'ALTER SCHEMA "{place.schema}" RENAME TO "{place.schema}_replaced"')
    return int(term)


def _fill(database: Database, log: Log, source: Path, term: int) -> None:
    connection = database.connection
    with connection.cursor() as cursor:
        with cursor.copy(_COPY) as copy:
            for row in log.rows:
                copy.write_row(escaped_row(row))
        with cursor.copy(_COPY_SEALS) as copy:
            for seal in log.seals:
                copy.write_row(seal)
        for seq, state_hash, room in _pictures(source):
            cursor.execute("INSERT INTO snapshots VALUES (%s, %s, %s)", (seq, state_hash, room))
        cursor.execute("UPDATE head SET seq = %s, chain = %s, term = %s", (*(log.head or ()), term))


def _pictures(source: Path) -> list[tuple[int, str, bytes]]:
    connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return list(connection.execute("SELECT seq, state_hash, room FROM snapshots"))
    finally:
        connection.close()
