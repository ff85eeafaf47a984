"""Which journal: a path is an SQLite file, ``postgresql://…`` a database."""

from __future__ import annotations

from pathlib import Path

from twin.journal.base import Journal, JournalError, Signer
from twin.journal.sqlite import SqliteJournal

_POSTGRESQL = ("postgresql://", "postgres://")


def is_database(where: str | Path) -> bool:
    """Whether a journal's place is a PostgreSQL database."""
    return str(where).startswith(_POSTGRESQL)


def open_journal(where: str | Path, *, signer: Signer | None = None) -> Journal:
    """Open a journal for writing; made if absent.

    Parameters
    ----------
    where : path of an SQLite file
    signer : the hub's key; without one, checkpoints are not signed

    Raises
    ------
    JournalError
        Another hub writes it, it is damaged, of a newer schema, or cannot be reached.
    """
    if isinstance(where, str) and "://" in where:
        raise JournalError(f"A journal is a file path, not {where.split('://')[0]}://…: {where}")
    return SqliteJournal(Path(where), signer=signer)
