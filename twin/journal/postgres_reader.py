"""Reads a journal in PostgreSQL, whoever writes it."""

from __future__ import annotations

from collections.abc import Iterator

from twin.journal.base import JournalError
from twin.journal.database import Database, place_of
from twin.journal.postgres_tables import escaped, has_tables, plain_row
from twin.journal.rows import Row
from twin.journal.verify import SCHEMA, Seal

_PAGE = 1_000
_ROWS = "SELECT seq, t_ns, kind, actor, body, key, form, chain FROM events"
_SEALS = "SELECT kind, seq, chain, t_ns, detail, public_key, signature FROM seals"


class PostgresReader:
    """Reads a journal, whoever writes it: the reading half of `twin.journal.store.Store`."""

    def __init__(self, url: str, name: str = "civitwin reader") -> None:
        self._url = url
        self.database = Database(place_of(url), name)
        try:
            self._open()
        except BaseException:
            self.database.close()
            raise

    @property
    def place(self) -> str:
        """The address, without password."""
        return self.database.place.shown

    def head(self) -> tuple[int, bytes]:
        """The newest row as remembered."""
        for seq, chain in self.database.query("SELECT seq, chain FROM head"):
            return seq, chain
        return -1, b""

    def rows(self, after: int = 0, limit: int = -1) -> Iterator[Row]:
        """Rows after a number, fetched a page at a time."""
        while limit:
            n = _PAGE if limit < 0 else min(limit, _PAGE)
            page = self.database.query(f"{_ROWS} WHERE seq > %s ORDER BY seq LIMIT %s", (after, n))
            yield from (plain_row(row) for row in page)
            if len(page) < n:
                return
            after, limit = page[-1][0], limit if limit < 0 else limit - n

    def find(self, key: str) -> Row | None:
        """The first row with a key."""
        which = f"{_ROWS} WHERE md5(key) = md5(%(key)s) AND key = %(key)s AND key <> ''"
        found = self.database.query(f"{which} ORDER BY seq LIMIT 1", {"key": escaped(key)})
        return plain_row(found[0]) if found else None

    def seals(self, kind: str = "") -> Iterator[Seal]:
        """Seals, newest first."""
        which = f"{_SEALS} WHERE kind = %s" if kind else _SEALS
        for row in self.database.query(f"{which} ORDER BY seq DESC", (kind,) if kind else ()):
            yield Seal(*row)

    def picture(self, seq: int) -> tuple[str, bytes] | None:
        """The snapshot at a row."""
        which = "SELECT state_hash, room FROM snapshots WHERE seq = %s"
        for state_hash, room in self.database.query(which, (seq,)):
            return state_hash, room
        return None

    def listen(self) -> None:
        """Be woken by what the writer stores from now on."""
        self.database.query(f'LISTEN "{self.database.place.schema}"')

    def wait(self, timeout_s: float) -> bool:
        """Wait until the writer stored something or let go; whether it did."""
        return self.database.wait(timeout_s)

    def close(self) -> None:
        """Close the connection."""
        self.database.close()

    def _open(self) -> None:
        if not has_tables(self.database):
            raise JournalError(f"There is no journal in this database: {self.place}")
        meta = dict(self.database.query("SELECT key, value FROM meta"))
        if meta.get("schema") != str(SCHEMA):
            raise JournalError(
                f"The journal is of schema {meta.get('schema')}, this hub writes schema {SCHEMA};"
                f" start a newer hub: {self.place}"
            )
        self.epoch = str(meta.get("epoch"))
