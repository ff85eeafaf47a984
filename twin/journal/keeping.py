"""Looking after journals: copies while a hub writes, putting them back, text, dropping old rows."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import apsw

from twin.journal.base import JournalError
from twin.journal.logs import opened_log, require_sound
from twin.journal.migration import create
from twin.journal.opening import file_of, is_database, require_psycopg
from twin.journal.sqlite import INSERT_ROW, INSERT_SEAL, locked
from twin.journal.verify import PICTURE, Report

_PAGES = 2_000


def back_up(where: str | Path, target: Path, *, force: bool = False) -> Report:
    """Copy a journal into an SQLite file while a hub may be writing it; the copy is checked.

    Parameters
    ----------
    target : appears whole or not at all
    force : replace a file that is there

    Raises
    ------
    JournalError
        It cannot be read or written, or is not as it was written.
    """
    if target.exists() and not force:
        raise JournalError(f"There is a file of this name; --force replaces it: {target}")
    with _whole(target) as part:
        if is_database(where):
            _copy_of_database(str(where), part)
        else:
            _copy_of_file(file_of(where), part)
        return require_sound(part)


def restore(source: Path, where: str | Path, *, force: bool = False) -> Report:
    """Put a copy back as the journal that a hub will go on with.

    What was there is kept: a file as ``NAME.replaced``, a room's tables as ``…_replaced``.

    Raises
    ------
    JournalError
        The copy is not as it was written, a hub is writing, or something is there and not `force`.
    """
    report = require_sound(source)
    with source.open("rb") as file:
        if not file.read(16).startswith(b"SQLite format 3"):
            raise JournalError(f"An export is text for reading; restore a backup: {source}")
    if is_database(where):
        require_psycopg()
        from twin.journal.into_database import restore_into_database

        restore_into_database(source, str(where), force=force)
    else:
        _restore_file(source, file_of(where), force=force)
    return report


def export(where: str | Path, file: TextIO) -> int:
    """Write a journal as JSON lines; the number of rows.

    The first line has the epoch, the end and the seals; the others are rows: seq, t_ns, kind,
    actor, body (JSON as text), key, form, chain (hex).
    """
    n_rows = 0
    with opened_log(where) as log:
        if log.head is None:
            raise JournalError(f"The journal is of schema 1; let a hub open it first: {where}")
        seals = [
            [s.kind, s.seq, s.chain.hex(), s.t_ns, s.detail, s.public_key.hex(), s.signature.hex()]
            for s in log.seals
            if s.kind != PICTURE
        ]
        head = [log.head[0], log.head[1].hex()]
        first = {"civitwin_journal": 2, "epoch": log.epoch, "head": head, "seals": seals}
        file.write(json.dumps(first, ensure_ascii=False) + "\n")
        for row in log.rows:
            file.write(json.dumps([*row[:7], row[7].hex()], ensure_ascii=False) + "\n")
            n_rows += 1
    return n_rows


@contextlib.contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A path to write to that becomes `target` once it is complete and on disk."""
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
        _sync_folder(target.parent)
    except (OSError, apsw.Error) as error:
        raise JournalError(f"The copy cannot be written ({error}): {target}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy_of_file(source: Path, part: Path) -> None:
    """The pages of one moment; the hub may write on."""
    with opened_log(source):  # it is there and a journal of ours
        pass
    try:
        old = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
    except apsw.Error as error:
        raise JournalError(f"The journal cannot be read ({error}): {source}") from error
    new = apsw.Connection(str(part))
    try:
        old.execute("BEGIN; SELECT count(*) FROM meta")
        with new.backup("main", old, "main") as copying:
            while not copying.done:
                copying.step(_PAGES)
        new.pragma("journal_mode", "delete")  # one file, nothing beside it
    finally:
        new.close()
        old.close()


def _copy_of_database(url: str, part: Path) -> None:
    require_psycopg()
    from twin.journal.postgres_reader import PostgresReader

    connection = apsw.Connection(str(part))
    try:
        with opened_log(url) as log, connection:
            create(connection, log.epoch)
            connection.executemany(INSERT_ROW, log.rows)
            connection.execute("UPDATE head SET seq = ?, chain = ?", log.head)
            connection.executemany(INSERT_SEAL, (tuple(seal) for seal in log.seals))
            reader = PostgresReader(url)
            try:
                for seq, _ in log.pictures:
                    found = reader.picture(seq)
                    if found is not None:
                        row = (seq, *found)
                        connection.execute("INSERT INTO snapshots VALUES(?, ?, ?)", row)
            finally:
                reader.close()
    finally:
        connection.close()


def _restore_file(source: Path, target: Path, *, force: bool) -> None:
    if target.exists() and not force:
        raise JournalError(
            f"There is a journal already; --force keeps it as {target.name}.replaced: {target}"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = locked(target)
    try:
        with _whole(target) as part:
            _copy_of_file(source, part)
            if target.exists():
                _set_aside(target)
    finally:
        lock.close()


def _set_aside(target: Path) -> None:
    """Keep the old journal, with what SQLite has beside it, under another name."""
    old = target.with_name(target.name + ".replaced")
    for suffix in ("", "-wal", "-shm"):
        beside = target.with_name(target.name + suffix)
        kept = old.with_name(old.name + suffix)
        kept.unlink(missing_ok=True)
        if beside.exists():
            beside.replace(kept)
