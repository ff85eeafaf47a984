"""The writer's lease: one holder at a time, by the database's clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.postgres import Postgres
from tests.twin.hub_rig import until
from twin.clock import FakeClock
from twin.journal.database import Database, place_of
from twin.journal.lease import WriterLease
from twin.journal.postgres_tables import make_tables


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    one = Database(place_of(postgres.room_url()))
    make_tables(one)
    yield one
    one.close()


def lease(database: Database, holder: str = "A", ttl_s: float = 60.0) -> WriterLease:
    return WriterLease(database, holder=holder, address=f"tcp://{holder}", ttl_s=ttl_s)


def test_one_holds_it_until_it_lets_go(database: Database) -> None:
    a, b = lease(database, "A"), lease(database, "B")
    assert a.holder is None
    assert not a.is_mine
    assert a.try_acquire()
    assert a.is_mine
    assert not b.try_acquire()
    assert not b.is_mine
    holder = b.holder
    assert holder is not None
    assert (holder.name, holder.address) == ("A", "tcp://A")
    assert 50 < holder.left_s <= 60
    a.release()
    a.release()
    assert not a.is_mine
    assert b.holder is None
    assert b.try_acquire()
    assert b.term == a.term + 1


def test_it_runs_out_by_the_clock_of_the_database(database: Database) -> None:
    a, b = lease(database, "A", 0.1), lease(database, "B")
    assert a.try_acquire()
    until(b.try_acquire, 5.0, "A's lease runs out")
    assert b.term > a.term
    assert not a.renew()
    assert not a.is_mine
    a.release()  # too late to take anything from B
    assert b.holder is not None
    assert b.renew()


def test_renewing_keeps_it(database: Database) -> None:
    a, b = lease(database, "A", 60.0), lease(database, "B")
    assert a.try_acquire()
    database.query("UPDATE head SET until = clock_timestamp() + interval '0.01 s'")
    assert a.renew()
    assert not b.try_acquire()


def test_one_that_ran_out_unnoticed_can_be_renewed(database: Database) -> None:
    a = lease(database)
    assert a.try_acquire()
    database.query("UPDATE head SET until = '-infinity'")
    assert a.renew()
    assert a.holder is not None


def test_the_same_hub_takes_it_again_with_a_new_term(database: Database) -> None:
    a = lease(database)
    assert a.try_acquire()
    term = a.term
    assert a.try_acquire()
    assert a.term == term + 1


def test_how_long_it_is_surely_mine(database: Database) -> None:
    clock = FakeClock()
    a = WriterLease(database, holder="A", ttl_s=60.0, clock=clock)
    assert a.left_s == 0
    assert a.try_acquire()
    clock.advance_s(59)
    assert a.left_s == pytest.approx(1.0)
    clock.advance_s(2)
    assert not a.is_mine
    assert a.renew()
    assert a.is_mine
