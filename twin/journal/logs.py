"""A journal as `twin.journal.verify.Log`, wherever it lies, while a hub may be writing it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw

from twin.journal.base import JournalError
from twin.journal.opening import file_of, is_database, require_psycopg, shown
from twin.journal.verify import (
    Log,
    Report,
    UnreadableError,
    is_export,
    log_in,
    open_export,
    picture_detail,
    uris_of,
    verify,
)

_FLAGS = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI


def log_of(where: str | Path) -> Log:
    """One state of a journal, to be read once and closed.

    Unlike `twin.journal.verify.open_log` it may be used beside an open journal: it reads files with
    the same SQLite that writes them.

    Parameters
    ----------
    where : SQLite file, export, or ``postgresql://…``

    Raises
    ------
    UnreadableError
        It is none, of a newer schema, or cannot be reached.
    """
    try:
        return _in_database(str(where)) if is_database(where) else _in_file(file_of(where))
    except JournalError as error:
        raise UnreadableError(str(error)) from error


@contextlib.contextmanager
def opened_log(where: str | Path) -> Iterator[Log]:
    """As `log_of`, closed at the end; raises `JournalError`."""
    try:
        log = log_of(where)
    except UnreadableError as error:
        raise JournalError(str(error)) from error
    try:
        yield log
    finally:
        log.close()


def require_sound(where: str | Path) -> Report:
    """Check all of a journal, raises `JournalError` naming the first bad row."""
    with opened_log(where) as log:
        report = verify(log)
    if report.problem:
        what = f"row {report.seq} {report.problem}" if report.seq else report.problem
        raise JournalError(f"The journal is not as it was written ({what}): {shown(where)}")
    return report


def _in_file(path: Path) -> Log:
    if is_export(path):
        return open_export(path)
    failure: Exception | None = None
    for uri in uris_of(path):
        connection = None
        try:
            connection = apsw.Connection(uri, flags=_FLAGS)
            return log_in(connection, path, apsw.Error)
        except apsw.Error as error:
            failure = error
        except BaseException:
            if connection is not None:
                connection.close()
            raise
        if connection is not None:
            connection.close()
    raise UnreadableError(f"The file cannot be read as a journal ({failure}): {path}")


def _in_database(url: str) -> Log:
    require_psycopg()
    from twin.journal.postgres_reader import PostgresReader

    reader = PostgresReader(url)
    try:
        reader.database.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        pictures = []
        for (seq,) in reader.database.query("SELECT seq FROM snapshots ORDER BY seq"):
            found = reader.picture(seq)
            if found is not None:
                pictures.append((seq, picture_detail(*found)))
        seals = list(reader.seals())[::-1]
        return Log(
            "2", reader.epoch, reader.head(), seals, pictures, reader.rows(), close=reader.close
        )
    except BaseException:
        reader.close()
        raise
