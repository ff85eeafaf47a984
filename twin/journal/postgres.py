"""The journal in PostgreSQL: the same rows and chain, for several hubs of which one writes.

Hard-won rules (each guarded in tests/twin/journal/test_postgres.py):

1. Rows, head and checkpoint are one statement, which states the term of the writer's lease: it is
   carried out as a whole, or not at all if another hub has taken over.
2. When the connection breaks under a statement, nobody knows whether it was carried out. Take a new
   term, which waits for it or fences it, and then look at the head.
3. NOTIFY takes a lock on the whole server at commit, so it is never part of an append: a wake-up at
   most once a tick.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from twin.clock import Clock, SystemClock
from twin.journal.base import JournalError, JournalLostError, Saved, Signer
from twin.journal.chained import ChainedJournal
from twin.journal.database import ConnectionGoneError, place_of
from twin.journal.lease import WriterLease
from twin.journal.postgres_reader import PostgresReader
from twin.journal.postgres_tables import escaped_row, make_tables
from twin.journal.rows import Row
from twin.journal.verify import Seal

_RETRY_S = 0.1
_RENEWALS = 4
_SEAL = """INSERT INTO seals(kind, seq, chain, t_ns, detail, public_key, signature)
SELECT %(kind)s, %(at)s, %(sealed)s, %(t_ns)s, %(detail)s, %(public_key)s, %(signature)s {}
ON CONFLICT (kind, seq) DO UPDATE SET chain = excluded.chain, t_ns = excluded.t_ns,
  detail = excluded.detail, public_key = excluded.public_key, signature = excluded.signature"""
_MINE = """
mine AS (UPDATE head SET until = clock_timestamp() + make_interval(secs => %(ttl_s)s){}
  WHERE term = %(term)s{} RETURNING 1)"""
_APPEND = f"""
WITH {_MINE.format(", seq = %(seq)s, chain = %(chain)s", " AND seq = %(before)s")},
stored AS (INSERT INTO events(seq, t_ns, kind, actor, body, key, form, chain)
  SELECT one.* FROM mine, unnest(%(seqs)s::bigint[], %(times)s::bigint[], %(kinds)s::text[],
    %(actors)s::text[], %(bodies)s::text[], %(keys)s::text[], %(forms)s::integer[],
    %(chains)s::bytea[]) AS one RETURNING 1){{}}
SELECT count(*) FROM stored
"""  # noqa: S608 - only constants of this module
_APPEND_SEALED = _APPEND.format(f", sealed AS ({_SEAL.format('FROM mine')})")
_APPEND = _APPEND.format("")
_WRITE_SEAL = f"WITH {_MINE.format('', '')} {_SEAL.format('FROM mine')} RETURNING 1"
_REGAIN = """
UPDATE head SET term = term + 1, until = clock_timestamp() + make_interval(secs => %(ttl_s)s)
WHERE holder = %(holder)s RETURNING term, seq, chain
"""
_PROBE = "UPDATE head SET probe = probe + 1 WHERE term = %(term)s RETURNING 1"


class PostgresJournal(ChainedJournal):
    """A journal in a database, opened for writing.

    Parameters
    ----------
    url : ``postgresql://user@host/database?room=NAME``; its tables are made if absent
    holder, address : of this hub, shown to others; see `twin.journal.lease.WriterLease`

    Raises
    ------
    JournalError
        Another hub writes it, it cannot be reached, was changed, or is of a newer schema.
    """

    def __init__(self, url: str, *, signer: Signer | None = None, **lease: Any) -> None:
        super().__init__(PostgresStore(url, **lease), signer=signer)


class PostgresStore(PostgresReader):
    """See `twin.journal.store.Store`; made once the writer's lease is held."""

    def __init__(
        self,
        url: str,
        *,
        holder: str = "",
        address: str = "",
        ttl_s: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._holder = holder or f"hub {uuid.uuid4()}"
        self._address = address
        self._ttl_s = place_of(url).lease_s if ttl_s is None else ttl_s
        self._told_seq = -1
        self._is_closed = False
        super().__init__(url, self._holder)
        self._seq, self._chain = self.head()

    def write(self, rows: Sequence[Row], seal: Seal | None) -> None:
        """Add rows; see rule 1."""
        head = (rows[-1][0], rows[-1][-1])
        try:
            self._write(rows, head, seal)
        except ConnectionGoneError:
            if self._regain() == head:
                return
            self._write(rows, head, seal)

    def write_seal(self, seal: Seal) -> None:
        """Add a seal."""
        self._require(self._again(_WRITE_SEAL, _seal_values(seal)))

    def write_picture(self, saved: Saved, seal: Seal, forgotten: Sequence[int]) -> None:
        """Add a snapshot, remove others."""
        row = (saved.seq, saved.state_hash, saved.room)
        with self.database.transaction():
            self._require(self._mine(_WRITE_SEAL, _seal_values(seal)))
            self.database.query(
                "INSERT INTO snapshots VALUES(%s, %s, %s) ON CONFLICT (seq) DO UPDATE"
                " SET state_hash = excluded.state_hash, room = excluded.room", row,
            )  # fmt: skip
            gone = (list(forgotten),)
            self.database.query("DELETE FROM snapshots WHERE seq = ANY(%s)", gone)
            self.database.query("DELETE FROM seals WHERE kind = 'snapshot' AND seq = ANY(%s)", gone)

    def cut(self, seal: Seal) -> None:
        """Drop rows, and what was sealed before the cut."""
        with self.database.transaction():
            self._require(self._mine(_PROBE, {}))
            self.database.query("SET LOCAL statement_timeout = 0")
            self.database.query("DELETE FROM events WHERE seq <= %s", (seal.seq,))
            self.database.query("DELETE FROM snapshots WHERE seq < %s", (seal.seq,))
            which = "DELETE FROM seals WHERE seq < %s OR kind = 'cut'"
            self.database.query(which, (seal.seq,))
            self._require(self._mine(_WRITE_SEAL, _seal_values(seal)))

    def keep(self, now_ns: int) -> None:  # noqa: ARG002 - the database's clock counts here
        """Renew the lease when a quarter of it has gone, and wake whoever follows."""
        if self.lease.left_s < self._ttl_s * (1 - 1 / _RENEWALS):
            try:
                is_mine = self.lease.renew()
            except ConnectionGoneError:
                self._regain()
                is_mine = True
            if not is_mine:
                raise self._lost()
        if self._told_seq != self._seq:
            self._again(
                "SELECT pg_notify(%(channel)s, '')", {"channel": self.database.place.schema}
            )
            self._told_seq = self._seq

    def probe(self) -> None:
        """Count up a number nobody reads."""
        self._require(self._again(_PROBE, {}))

    def close(self) -> None:
        """Let another hub write at once, and close the connection."""
        if not self._is_closed and not self.database.connection.closed:
            try:
                self.lease.release()
                channel = (self.database.place.schema,)
                self.database.query("SELECT pg_notify(%s, 'released')", channel)
            except JournalError:
                pass  # it runs out by itself
        self._is_closed = True
        self.database.close()

    # --- opening --------------------------------------------------------------------------------

    def _open(self) -> None:
        make_tables(self.database)
        super()._open()
        self.lease = WriterLease(
            self.database, holder=self._holder, address=self._address, ttl_s=self._ttl_s,
            clock=self._clock,
        )  # fmt: skip
        if not self.lease.try_acquire():
            raise self._lost()

    # --- writing under the lease ----------------------------------------------------------------

    def _write(self, rows: Sequence[Row], head: tuple[int, bytes], seal: Seal | None) -> None:
        columns = [list(column) for column in zip(*(escaped_row(row) for row in rows), strict=True)]
        names = ("seqs", "times", "kinds", "actors", "bodies", "keys", "forms", "chains")
        values: dict[str, Any] = dict(zip(names, columns, strict=True))
        values |= {"seq": head[0], "chain": head[1], "before": rows[0][0] - 1}
        asked_ns = self._clock.monotonic_ns()
        if seal is None:
            found = self._mine(_APPEND, values)
        else:
            found = self._mine(_APPEND_SEALED, values | _seal_values(seal))
        if found[0][0] != len(rows):
            raise self._lost()
        self.lease.extended(asked_ns)
        self._seq, self._chain = head

    def _mine(self, statement: str, values: dict[str, Any]) -> list[Any]:
        term = {"term": self.lease.term, "ttl_s": self._ttl_s}
        return self.database.query(statement, values | term)

    def _again(self, statement: str, values: dict[str, Any]) -> list[Any]:
        """Run a statement that may be carried out twice."""
        try:
            return self._mine(statement, values)
        except ConnectionGoneError:
            self._regain()
            return self._mine(statement, values)

    def _regain(self) -> tuple[int, bytes]:
        """Connect again and fence our own earlier statements; see rule 2.

        Returns
        -------
        seq, chain
            The head as it is for good now.

        Raises
        ------
        JournalLostError
            It could not be done while the lease lasted, or another hub holds it.
        """
        while True:
            is_last = not self.lease.is_mine
            try:
                self.database.reconnect()
                asked_ns = self._clock.monotonic_ns()
                rows = self._mine(_REGAIN, {"holder": self._holder})
                break
            except JournalError as error:
                if is_last:
                    self.lease.lost()
                    raise JournalLostError(str(error)) from error
                time.sleep(_RETRY_S)
        if not rows:
            raise self._lost()
        self.lease.term, self._seq, self._chain = rows[0]
        self.lease.extended(asked_ns)
        return self._seq, self._chain

    def _require(self, found: list[Any]) -> None:
        if not found:
            raise self._lost()

    def _lost(self) -> JournalLostError:
        self.lease.lost()
        holder = self.lease.holder
        who = f"{holder.name} at {holder.address or 'an unknown address'}" if holder else "another"
        return JournalLostError(
            f"Another hub writes this journal now ({who}); stop it, or start this one with"
            f" --standby: {self.place}"
        )


def _seal_values(seal: Seal) -> dict[str, Any]:
    names = ("kind", "at", "sealed", "t_ns", "detail", "public_key", "signature")
    return dict(zip(names, seal, strict=True))
