"""The journal in one SQLite file (format: docs/journal.md).

Hard-won rules (each guarded in tests/twin/journal):

1. WAL with ``synchronous=FULL``: a commit has returned from fsync. Never weaken it for speed.
2. One writer: a second hub on the same file is refused by a lock that dies with its holder.
3. ``append`` is all or nothing; after an error the file is as it was, and works again once it can.
4. A start reads what follows the newest snapshot, never the whole file: a million rows would take
   seconds. ``civitwin verify-log`` reads everything.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw

from twin.journal.base import JournalError, Saved, Signer
from twin.journal.migration import create_or_migrate
from twin.journal.rows import event_of, require_kept, require_next, rows_of
from twin.journal.seals import Sealer, newest_picture, worth_keeping
from twin.journal.verify import (
    CHECKPOINT,
    CUT,
    PICTURE,
    START,
    End,
    Seal,
    WrongError,
    checked,
    genesis,
    picture_detail,
    require_end,
)
from twin.room.model import Event

OLDEST_SQLITE = (3, 51, 3)
_INSERT = (
    "INSERT INTO events(seq, t_ns, kind, actor, body, key, form, chain)"
    " VALUES(?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_SEAL = (
    "INSERT OR REPLACE INTO seals(kind, seq, chain, t_ns, detail, public_key, signature)"
    " VALUES(?, ?, ?, ?, ?, ?, ?)"
)
_SEALS = (
    "SELECT kind, seq, chain, t_ns, detail, public_key, signature FROM seals"
    " WHERE kind = ? ORDER BY seq DESC"
)
_EVENT = "SELECT seq, t_ns, kind, actor, body, key FROM events"


class SqliteJournal:
    """One journal file, opened for writing; see `twin.journal.base.Journal`. One thread.

    Parameters
    ----------
    path : made if absent, with its folder
    signer : signs checkpoints and snapshots

    Raises
    ------
    JournalError
        Another hub has it open, it is damaged, of a newer schema, or not a journal.
    """

    def __init__(self, path: Path, *, signer: Signer | None = None) -> None:
        _require_sound_sqlite()
        self.path = path
        self._signer = signer
        self._first_seq, self._last_seq, self._chain = 1, 0, b""
        self._is_closed = False
        with contextlib.ExitStack() as opened:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._lock = _locked(path)
                opened.callback(self._lock.close)
                self._connection = apsw.Connection(str(path))
                opened.callback(self._connection.close)
                self.epoch = self._open()
                self._read_end()
            except (OSError, apsw.Error) as error:
                raise JournalError(f"The journal cannot be opened ({error}): {path}") from error
            opened.pop_all()

    @property
    def last_seq(self) -> int:
        """The newest event, 0 = none yet."""
        return self._last_seq

    @property
    def first_seq(self) -> int:
        """The oldest event still kept."""
        return self._first_seq

    def append(self, events: Sequence[Event], /) -> None:
        """Commit events for good, all or none."""
        if not events:
            return
        require_next(events, self._last_seq)
        rows = rows_of(events, self._chain)
        seq, chain = rows[-1][0], rows[-1][-1]
        seal = self._sealer.due(seq, chain, events[-1].t_ns)
        with self._writing():
            self._connection.executemany(_INSERT, rows)
            self._connection.execute("UPDATE head SET seq = ?, chain = ?", (seq, chain))
            self._store(seal)
        self._last_seq, self._chain = seq, chain
        self._sealer.stored(seal)

    def events(self, from_seq: int = 1, limit: int = -1) -> Iterator[Event]:
        """The events from `from_seq` on, at most `limit` (-1 = all)."""
        with self._reading():
            found = f"{_EVENT} WHERE seq >= ? ORDER BY seq LIMIT ?"
            for row in self._connection.execute(found, (from_seq, limit)):
                yield event_of(*row)

    def lookup(self, key: str, /) -> Event | None:
        """The first event that carries this key."""
        with self._reading():
            found = f"{_EVENT} WHERE key = ? AND key != '' ORDER BY seq LIMIT 1"
            for row in self._connection.execute(found, (key,)):
                return event_of(*row)
        return None

    def save_snapshot(self, saved: Saved, /) -> None:
        """Keep a picture of the room, and forget pictures that are not worth keeping."""
        require_kept(saved, self._first_seq, self._last_seq)
        chain, t_ns = self._row_end(saved.seq)
        detail = picture_detail(saved.state_hash, saved.room)
        seal = self._sealer.seal(PICTURE, saved.seq, chain, t_ns, detail)
        times = {one.seq: one.t_ns for one in self._seals(PICTURE)} | {saved.seq: t_ns}
        row = (saved.seq, saved.state_hash, saved.room)
        with self._writing():
            self._connection.execute("INSERT OR REPLACE INTO snapshots VALUES(?, ?, ?)", row)
            self._store(seal)
            for seq in times.keys() - worth_keeping(times):
                self._connection.execute("DELETE FROM snapshots WHERE seq = ?", (seq,))
                gone = "DELETE FROM seals WHERE kind = ? AND seq = ?"
                self._connection.execute(gone, (PICTURE, seq))

    def latest_snapshot(self) -> Saved | None:
        """The newest picture that is as it was saved."""
        with self._reading():
            seal = self._newest_picture()
            if seal is None:
                return None
            state_hash, room = self._room_at(seal.seq)
            return Saved(seq=seal.seq, state_hash=state_hash, room=room)

    def tick(self, now_ns: int, /) -> None:
        """Sign a checkpoint if one is due."""
        seal = self._sealer.due(self._last_seq, self._chain, now_ns)
        if seal is not None:
            with self._writing():
                self._store(seal)
            self._sealer.stored(seal)

    def probe(self) -> None:
        """Write something that is no event, raises `JournalError` if that is not possible."""
        with self._writing():
            self._connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'probe'")

    def close(self) -> None:
        """Sign what is not signed yet, close the file and free its lock. Twice is fine."""
        if not self._is_closed and self._last_seq > self._sealer.seq:
            _, t_ns = self._row_end(self._last_seq)
            with contextlib.suppress(JournalError), self._writing():
                self._store(self._sealer.seal(CHECKPOINT, self._last_seq, self._chain, t_ns))
        self._is_closed = True
        self._connection.close()
        self._lock.close()

    # --- opening --------------------------------------------------------------------------------

    def _open(self) -> str:
        self._connection.set_busy_timeout(2_000)
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("synchronous", "full")
        return create_or_migrate(self._connection, self.path)

    def _read_end(self) -> None:
        """Find the newest row, and check the chain from the newest snapshot on."""
        checkpoint = next(iter(self._seals(CHECKPOINT)), None)
        sealed = (checkpoint.seq, checkpoint.t_ns) if checkpoint else (0, 0)
        self._sealer = Sealer(self.epoch, self._signer, *sealed)
        cut = next(iter(self._seals(CUT)), None)
        self._first_seq = cut.seq + 1 if cut else 1
        picture = self._newest_picture() or cut
        end = End(picture.seq, picture.chain, 1) if picture else START
        columns = "SELECT seq, t_ns, kind, actor, body, key, form, chain FROM events"
        try:
            for row in self._connection.execute(
                f"{columns} WHERE seq > ? ORDER BY seq", (end.seq,)
            ):
                end = checked(row, end, self.epoch)
            self._last_seq, self._chain = end.seq, end.chain or genesis(self.epoch)
            head = next(iter(self._connection.execute("SELECT seq, chain FROM head")), None)
            require_end(head, end, self.epoch)
        except WrongError as error:
            raise JournalError(
                f"The journal was changed from outside: row {error.seq} {error};"
                f" restore a copy: {self.path}"
            ) from error

    # --- rows -----------------------------------------------------------------------------------

    def _seals(self, kind: str) -> Iterator[Seal]:
        """Seals of a kind, newest first."""
        for row in self._connection.execute(_SEALS, (kind,)):
            yield Seal(*row)

    def _newest_picture(self) -> Seal | None:
        seals = tuple(self._seals(PICTURE))
        is_needed = self._first_seq > 1
        return newest_picture(self.epoch, seals, self._room_at, self._signer, is_needed=is_needed)

    def _store(self, seal: Seal | None) -> None:
        if seal is not None:
            self._connection.execute(_INSERT_SEAL, tuple(seal))

    def _room_at(self, seq: int) -> tuple[str, bytes]:
        found = "SELECT state_hash, room FROM snapshots WHERE seq = ?"
        for state_hash, room in self._connection.execute(found, (seq,)):
            return state_hash, room
        return "", b""

    def _row_end(self, seq: int) -> tuple[bytes, int]:
        """Chain value and time of a row that is there."""
        with self._reading():
            found = "SELECT chain, t_ns FROM events WHERE seq = ?"
            chain, t_ns = next(iter(self._connection.execute(found, (seq,))))
            return chain, t_ns

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction."""
        try:
            with self._connection:
                yield
        except apsw.Error as error:
            raise JournalError(
                f"The hub cannot write its journal ({error}); free some disk space: {self.path}"
            ) from error

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
