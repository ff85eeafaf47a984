"""The journal in one SQLite file (format: docs/journal.md).

Hard-won rules (each guarded in tests/twin/journal):

1. WAL with ``synchronous=FULL``: a commit has returned from fsync. Never weaken it for speed.
2. One writer: a second hub on the same file is refused by a lock that dies with its holder.
3. After an error the file is as it was, and can be written again once there is room.
4. Moving the log back into the file ("checkpoint") is never part of a commit: it may fail after the
   commit has succeeded, and would then pass for a failed commit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw

from twin.journal.base import JournalError, Saved, Signer
from twin.journal.chained import ChainedJournal
from twin.journal.migration import create_or_migrate
from twin.journal.rows import Row
from twin.journal.verify import Seal

#: Pages in the write-ahead log after which it is moved back: at a quiet moment, or at once. Small,
#: because writing over the same blocks is synced twice as fast as letting a file grow.
CALM_PAGES, FULL_PAGES = 500, 1_000
OLDEST_SQLITE = (3, 51, 3)
INSERT_ROW = (
    "INSERT INTO events(seq, t_ns, kind, actor, body, key, form, chain)"
    " VALUES(?, ?, ?, ?, ?, ?, ?, ?)"
)
_ROWS = "SELECT seq, t_ns, kind, actor, body, key, form, chain FROM events"
INSERT_SEAL = (
    "INSERT OR REPLACE INTO seals(kind, seq, chain, t_ns, detail, public_key, signature)"
    " VALUES(?, ?, ?, ?, ?, ?, ?)"
)
_SEALS = "SELECT kind, seq, chain, t_ns, detail, public_key, signature FROM seals"


class SqliteJournal(ChainedJournal):
    """One journal file, opened for writing.

    Parameters
    ----------
    path : made if absent, with its folder
    vfs : SQLite's way to the disk, None = the usual one

    Raises
    ------
    JournalError
        Another hub has it open, it is damaged, of a newer schema, or not a journal.
    """

    def __init__(self, path: Path, *, signer: Signer | None = None, vfs: str | None = None) -> None:
        super().__init__(SqliteStore(path, vfs), signer=signer)


class SqliteStore:
    """See `twin.journal.store.Store`."""

    def __init__(self, path: Path, vfs: str | None = None) -> None:
        _require_sound_sqlite()
        self.path = path
        with contextlib.ExitStack() as opened, self._opening():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = locked(path)
            opened.callback(self._lock.close)
            self.connection = apsw.Connection(str(path), vfs=vfs)
            opened.callback(self.connection.close)
            self.connection.set_busy_timeout(2_000)
            self.connection.pragma("journal_mode", "wal")
            self.connection.pragma("synchronous", "full")
            self.full_pages = FULL_PAGES
            self._n_pages = 0
            self.connection.set_wal_hook(self._count_pages)
            self.epoch = create_or_migrate(self.connection, path)
            opened.pop_all()

    @property
    def place(self) -> str:
        """The path."""
        return str(self.path)

    def head(self) -> tuple[int, bytes]:
        """The newest row as remembered."""
        with self._reading():
            seq, chain = next(self.connection.execute("SELECT seq, chain FROM head"), (-1, b""))
            return seq, chain

    def rows(self, after: int = 0, limit: int = -1) -> Iterator[Row]:
        """Rows after a number."""
        with self._reading():
            which = f"{_ROWS} WHERE seq > ? ORDER BY seq LIMIT ?"
            yield from self.connection.execute(which, (after, limit))

    def find(self, key: str) -> Row | None:
        """The first row with a key."""
        with self._reading():
            which = f"{_ROWS} WHERE key = ? AND key != '' ORDER BY seq LIMIT 1"
            return next(self.connection.execute(which, (key,)), None)

    def seals(self, kind: str = "") -> Iterator[Seal]:
        """Seals, newest first."""
        with self._reading():
            which = f"{_SEALS} WHERE kind = ?" if kind else _SEALS
            found = self.connection.execute(f"{which} ORDER BY seq DESC", (kind,) if kind else ())
            yield from (Seal(*row) for row in found)

    def picture(self, seq: int) -> tuple[str, bytes] | None:
        """The snapshot at a row."""
        with self._reading():
            which = "SELECT state_hash, room FROM snapshots WHERE seq = ?"
            return next(self.connection.execute(which, (seq,)), None)

    def write(self, rows: Sequence[Row], seal: Seal | None) -> None:
        """Add rows."""
        with self._writing():
            self.connection.executemany(INSERT_ROW, rows)
            head = (rows[-1][0], rows[-1][-1])
            self.connection.execute("UPDATE head SET seq = ?, chain = ?", head)
            if seal is not None:
                self.connection.execute(INSERT_SEAL, tuple(seal))

    def write_seal(self, seal: Seal) -> None:
        """Add a seal."""
        with self._writing():
            self.connection.execute(INSERT_SEAL, tuple(seal))

    def write_picture(self, saved: Saved, seal: Seal, forgotten: Sequence[int]) -> None:
        """Add a snapshot, remove others."""
        row = (saved.seq, saved.state_hash, saved.room)
        gone = [(seq,) for seq in forgotten]
        with self._writing():
            self.connection.execute("INSERT OR REPLACE INTO snapshots VALUES(?, ?, ?)", row)
            self.connection.execute(INSERT_SEAL, tuple(seal))
            self.connection.executemany("DELETE FROM snapshots WHERE seq = ?", gone)
            which = "DELETE FROM seals WHERE kind = 'snapshot' AND seq = ?"
            self.connection.executemany(which, gone)

    def cut(self, seal: Seal) -> None:
        """Drop rows, and what was sealed before the cut."""
        with self._writing():
            self.connection.execute("DELETE FROM events WHERE seq <= ?", (seal.seq,))
            self.connection.execute("DELETE FROM snapshots WHERE seq < ?", (seal.seq,))
            which = "DELETE FROM seals WHERE seq < ? OR kind = 'cut'"
            self.connection.execute(which, (seal.seq,))
            self.connection.execute(INSERT_SEAL, tuple(seal))

    def keep(self, now_ns: int) -> None:  # noqa: ARG002 - that is for checkpoints
        """Move the log back if it has grown; the lock needs no renewing."""
        self._move_back(CALM_PAGES)

    def probe(self) -> None:
        """Count up a number nobody reads."""
        with self._writing():
            self.connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'probe'")

    def close(self) -> None:
        """Close the file and free its lock."""
        self.connection.close()
        self._lock.close()

    @contextlib.contextmanager
    def _opening(self) -> Iterator[None]:
        try:
            yield
        except (OSError, apsw.Error) as error:
            raise JournalError(f"The journal cannot be opened ({error}): {self.path}") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction."""
        try:
            with self.connection:
                yield
        except apsw.Error as error:
            self._n_pages = 0  # not now
            raise JournalError(
                f"The hub cannot write its journal ({error}); free some disk space: {self.path}"
            ) from error
        self._move_back(self.full_pages)

    def _count_pages(self, _connection: apsw.Connection, _name: str, n_pages: int) -> int:
        self._n_pages = n_pages
        return apsw.SQLITE_OK

    def _move_back(self, n_pages: int) -> None:
        """Take the log into the file if it has so many pages; see rule 4."""
        if self._n_pages >= n_pages:
            self._n_pages = 0
            with contextlib.suppress(apsw.Error):  # the log only grows on
                self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise JournalError(f"The journal cannot be read ({error}): {self.path}") from error


def _require_sound_sqlite() -> None:
    found = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if found < OLDEST_SQLITE:
        wanted = ".".join(str(part) for part in OLDEST_SQLITE)
        raise JournalError(
            f"SQLite {apsw.sqlite_lib_version()} can damage a journal; {wanted} or newer is needed:"
            " pip install --upgrade apsw"
        )


def locked(path: Path) -> apsw.Connection:
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
