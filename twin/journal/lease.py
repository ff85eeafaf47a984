"""The right to write a journal in a database: one hub at a time, for a few seconds at a time.

Hard-won rules (each guarded in tests/twin/journal/test_lease.py):

1. Only the database's clock decides when a lease has run out.
2. Every take-over raises the term. Every write states its term in the same transaction, so a
   writer that was stopped for a minute and goes on as if nothing had happened is refused.
3. What a broken connection may still be carrying out is fenced in the same way: a new term first,
   then a look at what was stored.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.clock import NS_PER_S, Clock, SystemClock
from twin.journal.database import LEASE_S, Database

_TAKE = """
UPDATE head SET term = term + 1, holder = %(holder)s, address = %(address)s,
  until = clock_timestamp() + make_interval(secs => %(ttl_s)s)
WHERE until <= clock_timestamp() OR holder = %(holder)s RETURNING term
"""
_RENEW = """
UPDATE head SET until = clock_timestamp() + make_interval(secs => %(ttl_s)s)
WHERE term = %(term)s RETURNING 1
"""
_RELEASE = "UPDATE head SET holder = '', address = '', until = '-infinity' WHERE term = %(term)s"
_HOLDER = """
SELECT holder, address, extract(epoch FROM until - clock_timestamp()) FROM head
WHERE until > clock_timestamp()
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who may write now, where it is reached, and for how long still."""

    name: str
    address: str
    left_s: float


class WriterLease:
    """The lease of one hub. One thread.

    Parameters
    ----------
    holder : unique to this process
    address : where clients reach this hub
    ttl_s : how long it lasts without being renewed

    Attributes
    ----------
    term : counts the take-overs; 0 = never held
    """

    def __init__(
        self,
        database: Database,
        *,
        holder: str,
        address: str = "",
        ttl_s: float = LEASE_S,
        clock: Clock | None = None,
    ) -> None:
        self._database = database
        self._name = holder
        self._address = address
        self.ttl_s = ttl_s
        self._clock = clock or SystemClock()
        self._until_ns = 0
        self.term = 0

    @property
    def is_mine(self) -> bool:
        """Whether nobody else can have taken it yet, as far as this process knows."""
        return self.left_s > 0

    @property
    def left_s(self) -> float:
        """How long it is surely mine; counted from before it was asked for."""
        if not self.term:
            return 0.0
        return max(0.0, (self._until_ns - self._clock.monotonic_ns()) / NS_PER_S)

    @property
    def holder(self) -> Holder | None:
        """Who holds it now by the database's clock, None = nobody."""
        rows = self._database.query(_HOLDER)
        return Holder(rows[0][0], rows[0][1], float(rows[0][2])) if rows else None

    def try_acquire(self) -> bool:
        """Take it if it is free or already mine; the term is a new one then."""
        asked_ns = self._clock.monotonic_ns()
        values = {"holder": self._name, "address": self._address, "ttl_s": self.ttl_s}
        rows = self._database.query(_TAKE, values)
        if rows:
            self.term = rows[0][0]
            self.extended(asked_ns)
        return bool(rows)

    def renew(self) -> bool:
        """Hold it longer; False if somebody else has taken it."""
        asked_ns = self._clock.monotonic_ns()
        rows = self._database.query(_RENEW, {"ttl_s": self.ttl_s, "term": self.term})
        if rows:
            self.extended(asked_ns)
        else:
            self.lost()
        return bool(rows)

    def release(self) -> None:
        """Let another hub have it at once."""
        if self.term:
            self._database.query(_RELEASE, {"term": self.term})
            self.lost()

    def extended(self, asked_ns: int) -> None:
        """It was renewed by a statement sent at this monotonic time."""
        self._until_ns = asked_ns + round(self.ttl_s * NS_PER_S)

    def lost(self) -> None:
        """It is not mine any more."""
        self._until_ns = 0
