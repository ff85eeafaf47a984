"""The journal in an SQLite file: on disk, in order, chained, one writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.twin.journal.conformance import DurableConformance, Opener, saved
from tests.twin.journal.samples import HubKey, note, notes
from twin.clock import NS_PER_S
from twin.journal import sqlite as module
from twin.journal.base import JournalError, Saved
from twin.journal.opening import open_journal
from twin.journal.seals import worth_keeping
from twin.journal.sqlite import SqliteJournal
from twin.journal.verify import open_log, verify


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "journal.sqlite"


@pytest.fixture
def opened(path: Path) -> Iterator[Opener]:
    made: list[SqliteJournal] = []

    def open_it() -> SqliteJournal:
        for one in made:
            one.close()
        made.append(SqliteJournal(path, signer=HubKey()))
        return made[-1]

    yield open_it
    for one in made:
        one.close()


class TestSqliteJournal(DurableConformance):
    """The suite."""


def changed(path: Path, *statements: str) -> None:
    other = sqlite3.connect(path)
    for statement in statements:
        other.execute(statement)
    other.commit()
    other.close()


def test_commits_are_durable(path: Path) -> None:
    journal = SqliteJournal(path)
    connection = journal.store.connection
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    journal.close()


def test_a_second_hub_is_refused_while_the_first_lives(path: Path) -> None:
    journal = SqliteJournal(path)
    with pytest.raises(JournalError, match="Another hub has this journal open"):
        SqliteJournal(path)
    journal.close()
    SqliteJournal(path).close()


def test_a_failed_opening_leaves_no_lock_behind(path: Path) -> None:
    SqliteJournal(path).close()
    changed(path, "UPDATE meta SET value = '9' WHERE key = 'schema'")
    with pytest.raises(JournalError, match="schema 9, this hub writes schema 2; start a newer hub"):
        SqliteJournal(path)
    changed(path, "UPDATE meta SET value = '2' WHERE key = 'schema'")
    SqliteJournal(path).close()


def test_others_may_read_while_the_hub_writes(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append([note(1)])
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    assert list(reader.execute("SELECT seq, kind FROM events")) == [(1, "note.added")]
    journal.append([note(2)])
    assert next(reader.execute("SELECT count(*) FROM events")) == (2,)
    reader.close()
    journal.close()


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ("UPDATE events SET body = replace(body, 'hello', 'HELLO') WHERE seq = 2", 2),
        ("UPDATE events SET actor = 'Eve' WHERE seq = 3", 3),
        ("UPDATE events SET t_ns = t_ns + 1 WHERE seq = 2", 2),
        ("UPDATE events SET key = 'another' WHERE seq = 1", 1),
        ("DELETE FROM events WHERE seq = 2", 2),
        ("DELETE FROM events WHERE seq = 3", 2),
    ],
)
def test_a_change_from_outside_is_found(path: Path, change: str, row: int) -> None:
    journal = SqliteJournal(path)
    journal.append([note(1), note(2), note(3)])
    journal.close()
    changed(path, change)
    with pytest.raises(JournalError, match=rf"changed from outside: row {row} .*restore a copy"):
        SqliteJournal(path)


def test_a_start_reads_only_what_follows_the_newest_snapshot(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append(notes(1, 500))
    journal.save_snapshot(saved(490))
    journal.close()
    changed(path, "UPDATE events SET actor = 'Eve' WHERE seq = 3")
    SqliteJournal(path).close()
    changed(path, "UPDATE events SET actor = 'Eve' WHERE seq = 495")
    with pytest.raises(JournalError, match="row 495"):
        SqliteJournal(path)
    assert verify(open_log(path)).seq == 3


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE snapshots SET room = x'00' WHERE seq = 20",
        "UPDATE snapshots SET state_hash = 'x' WHERE seq = 20",
        "DELETE FROM snapshots WHERE seq = 20",
        "DELETE FROM seals WHERE seq = 20 AND kind = 'snapshot'",
        "UPDATE seals SET chain = zeroblob(32) WHERE seq = 20",
        "UPDATE seals SET public_key = x'', signature = zeroblob(32) WHERE seq = 20",
    ],
)
def test_a_snapshot_that_was_changed_is_passed_over(path: Path, change: str) -> None:
    journal = SqliteJournal(path, signer=HubKey())
    journal.append(notes(1, 30))
    for seq in (10, 20):
        journal.save_snapshot(saved(seq))
    journal.close()
    changed(path, change)
    again = SqliteJournal(path, signer=HubKey())
    assert again.latest_snapshot() == saved(10)
    again.close()


def test_with_a_key_only_its_own_snapshots_are_trusted(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append(notes(1, 30))
    journal.save_snapshot(saved(10))
    journal.close()
    signed = SqliteJournal(path, signer=HubKey())
    assert signed.latest_snapshot() is None
    signed.save_snapshot(saved(20))
    assert signed.latest_snapshot() == saved(20)
    signed.close()


def test_snapshots_thin_out(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append(notes(1, 400, step_s=6 * 3_600))  # four a day for a hundred days
    for seq in range(1, 401):
        journal.save_snapshot(Saved(seq=seq, state_hash="", room=b""))
    kept = [row[0] for row in journal.store.connection.execute("SELECT seq FROM snapshots")]
    seals = "SELECT seq FROM seals WHERE kind = 'snapshot' ORDER BY seq"
    assert [row[0] for row in journal.store.connection.execute(seals)] == kept
    assert kept[-3:] == [398, 399, 400]
    assert 31 <= len(kept) <= 31 + 3 + 4
    assert kept[0] < 130
    assert journal.latest_snapshot() == Saved(seq=400, state_hash="", room=b"")
    journal.close()


def test_what_is_worth_keeping_of_nothing() -> None:
    assert worth_keeping({}) == set()


def checkpoints(journal: SqliteJournal) -> list[int]:
    found = "SELECT seq FROM seals WHERE kind = 'checkpoint' ORDER BY seq"
    return [row[0] for row in journal.store.connection.execute(found)]


def test_checkpoints_come_every_thousand_rows_or_minute(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append(notes(1, 2))
    assert checkpoints(journal) == [2]  # the first is never long ago
    journal.append(notes(3, 1_001))
    assert checkpoints(journal) == [2]
    journal.append(notes(1_002, 1_002))
    assert checkpoints(journal) == [2, 1_002]
    journal.append(notes(1_003, 1_004))
    last_ns = note(1_002).t_ns
    journal.tick(last_ns + 59 * NS_PER_S)
    assert checkpoints(journal) == [2, 1_002]
    journal.tick(last_ns + 60 * NS_PER_S)
    journal.tick(last_ns + 600 * NS_PER_S)
    assert checkpoints(journal) == [2, 1_002, 1_004]
    journal.append(notes(1_005, 1_005))
    journal.close()
    again = SqliteJournal(path)
    assert checkpoints(again) == [2, 1_002, 1_004, 1_005]
    again.close()


def test_a_full_disk_stores_nothing_and_heals(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append([note(1)])
    pages = journal.store.connection.pragma("page_count")
    journal.store.connection.pragma("max_page_count", pages)
    with pytest.raises(JournalError, match=r"cannot write its journal.*full"):
        journal.append([note(2), note(3, "x" * 100_000)])
    assert journal.last_seq == 1
    assert list(journal.events()) == [note(1)]
    with pytest.raises(JournalError, match="cannot write its journal"):
        journal.save_snapshot(saved(1, b"x" * 100_000))
    journal.store.connection.pragma("max_page_count", 1_000_000)
    journal.probe()
    journal.append([note(2)])
    journal.close()
    again = SqliteJournal(path)
    assert again.last_seq == 2
    again.close()


@pytest.mark.parametrize("content", [b"", b"not a database" * 500])
def test_a_file_that_is_no_journal(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    if content:
        with pytest.raises(JournalError, match="cannot be opened"):
            SqliteJournal(path)
    else:
        SqliteJournal(path).close()


def test_another_database_is_no_journal(path: Path) -> None:
    path.parent.mkdir()
    changed(path, "CREATE TABLE customers(name)")
    with pytest.raises(JournalError, match="is an SQLite database but no journal"):
        SqliteJournal(path)


def test_a_damaged_file_is_refused(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append([note(i, "x" * 3_000) for i in range(1, 60)])
    journal.store.connection.pragma("wal_checkpoint(TRUNCATE)")
    journal.close()
    content = bytearray(path.read_bytes())
    content[40_000:80_000] = bytes(40_000)
    path.write_bytes(content)
    with pytest.raises(JournalError):
        SqliteJournal(path)


def test_a_row_that_is_not_json_is_one_sentence(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.append([note(1)])
    journal.store.connection.execute("UPDATE events SET body = '{'")
    with pytest.raises(JournalError, match="Row 1 of the journal is not readable"):
        list(journal.events())
    journal.close()


def test_reading_a_broken_file_is_one_sentence(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.store.connection.execute("DROP TABLE events")
    for read in (lambda: list(journal.events()), lambda: journal.lookup("x")):
        with pytest.raises(JournalError, match="The journal cannot be read"):
            read()
    journal.close()


def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(JournalError, match=r"SQLite 3\.51\.2 can damage a journal; 3\.51\.3"):
        SqliteJournal(path)


def test_a_url_of_another_kind_is_refused() -> None:
    with pytest.raises(JournalError, match="A journal is a file path"):
        open_journal("mysql://somewhere/x")


# --- older schemas --------------------------------------------------------------------------------


@pytest.fixture
def old(path: Path) -> Path:
    """A journal of schema 1, as the code of that time wrote it."""
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.executescript((Path(__file__).parent / "schema_1.sql").read_text())
    other.close()
    return path


def rows(path: Path, columns: str) -> list[Any]:
    with sqlite3.connect(path) as other:
        return other.execute(f"SELECT {columns} FROM events ORDER BY seq").fetchall()


def test_a_journal_of_schema_1_moves_on(old: Path) -> None:
    before = rows(old, "seq, t_ns, kind, actor, body, chain")
    assert not verify(open_log(old)).problem
    journal = SqliteJournal(old, signer=HubKey())
    assert journal.epoch == "ec7d68de-96a3-4047-9a0f-fb93658a9971"
    assert (journal.first_seq, journal.last_seq) == (1, 14)
    assert rows(old, "seq, t_ns, kind, actor, body, chain") == before
    submitted = journal.lookup("0199cb10-0000-7000-8000-000000000001")
    assert submitted is not None
    assert (submitted.seq, submitted.kind) == (7, "command.submitted")
    assert journal.lookup("note-2").seq == 13
    journal.append(notes(15, 20))
    journal.close()
    report = verify(open_log(old), [HubKey().public_key.hex()])
    assert (report.problem, report.n_rows, report.signed_to) == ("", 20, 20)
    again = SqliteJournal(old)
    assert again.last_seq == 20
    again.close()


def test_moving_an_empty_one(old: Path) -> None:
    changed(old, "DELETE FROM events")
    journal = SqliteJournal(old)
    journal.append(notes(1, 2))
    journal.close()
    assert verify(open_log(old)).n_rows == 2


def test_a_changed_journal_of_schema_1_does_not_move_on(old: Path) -> None:
    changed(old, "UPDATE events SET actor = 'Eve' WHERE seq = 5")
    before = old.read_bytes()
    with pytest.raises(JournalError, match="row 5 was changed"):
        SqliteJournal(old)
    assert old.read_bytes()[100:] == before[100:]  # but for the header: the file is in WAL mode now
    assert verify(open_log(old)).seq == 5
