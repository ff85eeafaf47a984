"""Which journal: a path is an SQLite file, ``postgresql://…`` a database."""

from __future__ import annotations

from pathlib import Path

from twin.journal.base import JournalError, Signer
from twin.journal.chained import ChainedJournal
from twin.journal.sqlite import SqliteJournal

_POSTGRESQL = ("postgresql://", "postgres://")


def is_database(where: str | Path) -> bool:
    """Whether a journal's place is a PostgreSQL database."""
    return str(where).startswith(_POSTGRESQL)


def open_journal(
    where: str | Path,
    *,
    signer: Signer | None = None,
    holder: str = "",
    address: str = "",
    must_exist: bool = False,
) -> ChainedJournal:
    """Open a journal for writing; made if absent (a file only unless `must_exist`).

    Parameters
    ----------
    where : path of an SQLite file, or ``postgresql://user@host/database?room=NAME``
    signer : the hub's key; without one, checkpoints are not signed
    holder, address : of this hub, told to other hubs of the same database

    Raises
    ------
    JournalError
        Another hub writes it, it is damaged, of a newer schema, or cannot be reached.
    """
    if is_database(where):
        require_psycopg()
        from twin.journal.postgres import PostgresJournal

        return PostgresJournal(str(where), signer=signer, holder=holder, address=address)
    path = file_of(where)
    if must_exist and not path.exists():
        raise JournalError(f"There is no journal of this name: {path}")
    return SqliteJournal(path, signer=signer)


def shown(where: str | Path) -> str:
    """A journal's place for messages and logs: without the password."""
    if not is_database(where):
        return str(where)
    require_psycopg()
    from twin.journal.database import place_of

    return place_of(str(where)).shown


def file_of(where: str | Path) -> Path:
    """The path of a journal that is a file; raises `JournalError` for any other address."""
    if isinstance(where, str) and "://" in where:
        kind = where.split("://")[0]
        raise JournalError(f"A journal is a file path or postgresql://…, not {kind}://…: {where}")
    return Path(where)


def require_psycopg() -> None:
    """Raise `JournalError` with the line that installs what a database needs."""
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise JournalError(
            "A journal in PostgreSQL needs psycopg: pip install 'civitwin[postgresql]'"
        ) from error
