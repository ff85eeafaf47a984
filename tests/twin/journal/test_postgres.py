"""The journal in PostgreSQL: a real server, several hubs, broken connections."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.services.postgres import Postgres, running_postgres
from tests.twin.hub_rig import until
from tests.twin.journal.conformance import DurableConformance, Opener, saved
from tests.twin.journal.samples import HubKey, note, notes
from twin.journal import database as database_module
from twin.journal.base import JournalError, JournalLostError
from twin.journal.database import Database, place_of
from twin.journal.opening import open_journal
from twin.journal.postgres import PostgresJournal
from twin.journal.postgres_reader import PostgresReader


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.room_url()


@pytest.fixture
def opened(url: str) -> Iterator[Opener]:
    made: list[PostgresJournal] = []

    def open_it() -> PostgresJournal:
        for one in made:
            one.close()
        made.append(PostgresJournal(url, signer=HubKey()))
        return made[-1]

    yield open_it
    for one in made:
        one.close()


@pytest.fixture
def journal(url: str) -> Iterator[PostgresJournal]:
    one = PostgresJournal(url, holder="hub A", address="tcp://a:5710")
    yield one
    one.close()


class TestPostgresJournal(DurableConformance):
    """The suite."""


def sql(url: str, statement: str) -> list[tuple[object, ...]]:
    """Do something behind the journal's back."""
    other = Database(place_of(url))
    try:
        return other.query(statement)
    finally:
        other.close()


def taken_over(url: str) -> PostgresJournal | None:
    try:
        return PostgresJournal(url)
    except JournalLostError:
        return None


def break_connection(journal: PostgresJournal) -> None:
    """The server ends the journal's connection; wait until it has."""
    pid = journal.store.database.connection.info.backend_pid
    url = journal.store._url
    sql(url, f"SELECT pg_terminate_backend({pid}, 5000)")


# --- one writer -----------------------------------------------------------------------------------


def test_a_second_hub_is_refused_while_the_first_lives(url: str, journal: PostgresJournal) -> None:
    with pytest.raises(JournalLostError, match=r"hub A at tcp://a:5710.*--standby"):
        PostgresJournal(url)
    journal.close()
    PostgresJournal(url).close()


def test_a_writer_that_was_overtaken_is_refused(url: str) -> None:
    old = PostgresJournal(url, ttl_s=0.3)
    old.append(notes(1, 3))
    until(lambda: not old.store.lease.is_mine)
    new = PostgresJournal(url, holder="hub B")
    new.append(notes(4, 5))
    with pytest.raises(JournalLostError, match="hub B"):
        old.append([note(4, "late")])
    for late in (old.probe, lambda: old.tick(0), lambda: old.save_snapshot(saved(3))):
        with pytest.raises(JournalLostError):
            late()
    old.close()
    assert new.store.lease.renew()
    assert list(new.events()) == notes(1, 5)
    new.append(notes(6, 6))
    new.close()


def test_a_late_write_loses_against_the_next_holder_in_the_same_moment(url: str) -> None:
    """Whoever comes first at the head's row, there is one history."""
    for n in range(1, 12, 2):
        old = PostgresJournal(url, ttl_s=0.05)
        until(lambda o=old: not o.store.lease.is_mine)
        result: list[object] = []

        def write(old: PostgresJournal = old, n: int = n, result: list[object] = result) -> None:
            try:
                old.append([note(n, "old")])
                result.append("stored")
            except JournalLostError:
                result.append("refused")

        thread = threading.Thread(target=write)
        thread.start()
        new = until(lambda: taken_over(url))
        thread.join(10)
        if result == ["refused"]:
            new.append([note(n, "new")])
        assert new.last_seq == n
        new.append([note(n + 1)])
        text = "old" if result == ["stored"] else "new"
        assert next(new.events(n)).body["text"] == text
        new.close()
        old.close()


def test_an_overtaken_writer_that_never_expires_by_itself_may_go_on(url: str) -> None:
    one = PostgresJournal(url, ttl_s=0.05)
    until(lambda: not one.store.lease.is_mine)
    one.append(notes(1, 1))  # nobody took over
    assert one.store.lease.is_mine
    one.close()


# --- broken connections ---------------------------------------------------------------------------


def test_a_broken_connection_is_taken_up_again(journal: PostgresJournal) -> None:
    journal.append(notes(1, 2))
    for n, use in enumerate((journal.probe, lambda: journal.tick(0), lambda: None), start=3):
        break_connection(journal)
        use()
        journal.append(notes(n, n))
    assert list(journal.events()) == notes(1, 5)


def test_what_was_stored_before_the_connection_broke_is_not_stored_twice(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(notes(1, 1))
    real = Database.query
    told: list[str] = []

    def query(self: Database, statement: str, values: object = ()) -> list[object]:
        found = real(self, statement, values)  # type: ignore[arg-type]
        if "INSERT INTO events" in statement and not told:
            told.append("the answer is lost")
            self.connection.close()
            raise database_module.ConnectionGoneError("gone")
        return found

    monkeypatch.setattr(Database, "query", query)
    journal.append(notes(2, 4))
    assert told
    journal.append(notes(5, 5))
    assert list(journal.events()) == notes(1, 5)


def test_a_statement_still_under_way_is_waited_for(url: str, journal: PostgresJournal) -> None:
    """The connection breaks while the append waits for a lock; the server may yet carry it out."""
    journal.append(notes(1, 1))
    blocker = Database(place_of(url))
    blocker.query("BEGIN")
    blocker.query("SELECT * FROM head FOR UPDATE")
    server_pid = journal.store.database.connection.info.backend_pid
    thread = threading.Thread(target=journal.append, args=(notes(2, 3),))
    thread.start()
    until(lambda: sql(url, "SELECT 1 FROM pg_locks WHERE NOT granted"), what="the append waits")
    # Only the socket breaks: the server does not notice until it wants to answer.
    journal.store.database.connection.pgconn.socket  # noqa: B018 - it is still there
    _shut(journal)
    until(
        lambda: sql(url, "SELECT 1 FROM pg_locks WHERE NOT granted HAVING count(*) >= 2"),
        what="the new term waits too",
    )
    assert sql(url, f"SELECT 1 FROM pg_stat_activity WHERE pid = {server_pid}")
    blocker.query("COMMIT")
    thread.join(10)
    assert journal.last_seq == 3
    journal.append(notes(4, 4))
    assert list(journal.events()) == notes(1, 4)
    blocker.close()


def _shut(journal: PostgresJournal) -> None:
    import os
    import socket

    with socket.socket(fileno=os.dup(journal.store.database.connection.pgconn.socket)) as one:
        one.shutdown(socket.SHUT_RDWR)


def test_a_server_that_stays_away_ends_the_lease() -> None:
    with running_postgres() as server:
        journal = PostgresJournal(server.room_url(), ttl_s=0.5)
        journal.append(notes(1, 2))
        server.stop(signal.SIGQUIT)
        with pytest.raises(JournalLostError, match="cannot be reached"):
            journal.append(notes(3, 3))
        server.start()
        journal.append(notes(3, 3))  # nobody else took it meanwhile
        server.stop(signal.SIGQUIT)
        server.start()
        journal.append(notes(4, 4))
        assert list(journal.events()) == notes(1, 4)
        journal.close()


# --- opening --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE events SET actor = 'Eve' WHERE seq = 2", "row 2 was changed"),
        ("DELETE FROM events WHERE seq = 3", "row 2 is not the end"),
        ("DELETE FROM events WHERE seq = 1", "row 1 is missing"),
        ("UPDATE meta SET value = '9' WHERE key = 'schema'", "schema 9, this hub writes schema 2"),
    ],
)
def test_a_change_from_outside_is_found(
    url: str, journal: PostgresJournal, change: str, sentence: str
) -> None:
    journal.append(notes(1, 3))
    journal.close()
    sql(url, change)
    with pytest.raises(JournalError, match=sentence):
        PostgresJournal(url)


def test_rooms_of_one_database_are_apart(postgres: Postgres) -> None:
    a, b = (PostgresJournal(postgres.room_url()) for _ in range(2))
    a.append(notes(1, 2))
    assert (a.last_seq, b.last_seq) == (2, 0)
    assert a.epoch != b.epoch
    a.close()
    b.close()


def test_hubs_that_make_the_tables_at_once_agree(url: str) -> None:
    epochs: list[str] = []
    made: list[PostgresJournal | PostgresReader] = []

    def start() -> None:
        try:
            one: PostgresJournal | PostgresReader = PostgresJournal(url)
        except JournalLostError:
            one = PostgresReader(url)
        epochs.append(one.epoch)
        made.append(one)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    assert len(epochs) == 4
    assert len(set(epochs)) == 1
    for one in made:
        one.close()


def test_commits_are_durable(journal: PostgresJournal) -> None:
    assert journal.store.database.query("SHOW synchronous_commit") == [("on",)]


def test_a_server_that_may_lose_commits_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        database_module,
        "_REQUIRED",
        {"fsync": "on", "full_page_writes": "nonsense"},
    )
    with pytest.raises(JournalError, match="full_page_writes is on, it must be nonsense"):
        PostgresJournal(url)
    monkeypatch.setattr(database_module, "_OLDEST_SERVER", 990_000)
    with pytest.raises(JournalError, match="PostgreSQL 99 or newer"):
        PostgresJournal(url)


@pytest.mark.parametrize(
    ("url_of_it", "sentence"),
    [
        ("postgresql://u:secret@127.0.0.1:1/x", "cannot be reached"),
        ("postgresql://127.0.0.1/x?room=Städte", "A room's name has"),
        ("postgresql://127.0.0.1/x?room=", "A room's name has"),
        ("postgresql://[/x", "cannot be read"),
        ("postgresql://127.0.0.1/x?nonsense=1", "cannot be reached"),
    ],
)
def test_bad_addresses_are_one_sentence(url_of_it: str, sentence: str) -> None:
    with pytest.raises(JournalError, match=sentence) as caught:
        open_journal(url_of_it)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_there_is_nothing_to_read_before_a_hub_was_there(url: str) -> None:
    with pytest.raises(JournalError, match="There is no journal in this database"):
        PostgresReader(url)


def test_the_place_shows_no_password() -> None:
    place = place_of("postgresql://ada:secret@db/x?room=hague&password=secret&sslmode=require")
    assert place.schema == "civitwin_hague"
    assert place.shown == "postgresql://ada@db/x?room=hague&sslmode=require"
    assert "secret" in place.conninfo


# --- following ------------------------------------------------------------------------------------


def test_a_follower_is_woken(url: str, journal: PostgresJournal) -> None:
    reader = PostgresReader(url)
    reader.listen()
    assert not reader.wait(0.0)
    journal.append(notes(1, 3))
    journal.tick(0)
    journal.tick(0)
    assert reader.wait(5.0)
    assert [row[0] for row in reader.rows()] == [1, 2, 3]
    assert not reader.wait(0.0)
    journal.close()
    assert reader.wait(5.0)
    reader.close()


def test_a_server_that_goes_is_said(url: str, journal: PostgresJournal) -> None:
    reader = PostgresReader(url)
    journal.close()
    reader.database.connection.close()
    with pytest.raises(JournalLostError, match="broke"):
        reader.head()
    with pytest.raises(JournalLostError, match="broke"):
        reader.wait(0.0)
    with pytest.raises(JournalLostError, match="broke"), reader.database.transaction():
        pass
    reader.close()
    assert isinstance(psycopg.__version__, str)
