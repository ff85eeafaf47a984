"""Reads along in a journal that another hub writes, and checks its chain row by row."""

from __future__ import annotations

from twin.journal.base import JournalError, JournalLostError
from twin.journal.database import Database, place_of
from twin.journal.lease import Holder, WriterLease
from twin.journal.postgres_reader import PostgresReader
from twin.journal.postgres_tables import make_tables
from twin.journal.verify import CUT, PICTURE, START, End, WrongError, checked


class Follower:
    """A standby's eyes. One thread.

    Raises
    ------
    JournalError
        The database cannot be reached.

    Attributes
    ----------
    end : the newest row read, with its chain value
    """

    def __init__(self, url: str) -> None:
        self._url = url
        database = Database(place_of(url), "civitwin standby")
        try:
            make_tables(database)
        finally:
            database.close()
        self._reader: PostgresReader | None = None
        self.end = self._begin()

    def follow(self) -> int:
        """Read what is new; the number of rows.

        Raises
        ------
        JournalLostError
            The database cannot be reached now; the next call tries again.
        JournalError
            A row is not as it was written.
        """
        before = self.end.seq
        reader = self._connected()
        try:
            for row in reader.rows(self.end.seq):
                self.end = checked(row, self.end, reader.epoch)
        except WrongError as error:
            begin = self._begin()
            if begin.seq > self.end.seq:  # what was not read yet has been dropped as too old
                self.end = begin
                return self.follow()
            raise JournalError(
                f"The journal was changed from outside: row {error.seq} {error}; {reader.place}"
            ) from error
        except JournalLostError:
            self.close()
            raise
        return self.end.seq - before

    def holder(self) -> Holder | None:
        """Who writes now, None = nobody."""
        return WriterLease(self._connected().database, holder="").holder

    def wait(self, timeout_s: float) -> None:
        """Wait until there is something new, or the writer let go, or for so long."""
        try:
            self._connected().wait(timeout_s)
        except JournalLostError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection; the next call takes a new one."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    def _connected(self) -> PostgresReader:
        if self._reader is None:
            reader = PostgresReader(self._url, "civitwin standby")
            reader.listen()
            self._reader = reader
        return self._reader

    def _begin(self) -> End:
        """What lies before the newest seal is for `verify-log`, not for a start."""
        reader = self._connected()
        seals = [*reader.seals(PICTURE), *reader.seals(CUT)]
        newest = max(seals, key=lambda one: one.seq, default=None)
        return End(newest.seq, newest.chain, 1) if newest else START
