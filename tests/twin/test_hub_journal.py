"""The journal: on disk, in order, chained, one writer."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from twin.hub.journal import Journal, JournalError
from twin.room.model import Event


def note(seq: int, text: str = "hello") -> Event:
    body = {"id": f"n{seq}", "text": text, "x": 1.0, "n": None, "deep": {"a": [1, 2.5, "ü"]}}
    return Event(
        seq=seq, t_ns=1_760_000_000_123_456_789 + seq, kind="note.added", actor="Ada", body=body
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "journal.sqlite"


def test_what_was_appended_is_there_after_opening_again(path: Path) -> None:
    journal = Journal(path)
    epoch = journal.epoch
    journal.append([note(1), note(2)])
    journal.append([])
    journal.append([note(3)])
    journal.close()
    again = Journal(path)
    assert again.epoch == epoch
    assert again.last_seq == 3
    assert list(again.events()) == [note(1), note(2), note(3)]
    assert list(again.events(2, 1)) == [note(2)]
    again.append([note(4)])
    again.close()
    Journal(path).close()


def test_commits_are_durable(path: Path) -> None:
    journal = Journal(path)
    connection = journal._connection
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    journal.close()


def test_a_second_hub_is_refused_while_the_first_lives(path: Path) -> None:
    journal = Journal(path)
    with pytest.raises(JournalError, match="Another hub has this journal open"):
        Journal(path)
    journal.close()
    Journal(path).close()


def test_others_may_read_while_the_hub_writes(path: Path) -> None:
    journal = Journal(path)
    journal.append([note(1)])
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    assert list(reader.execute("SELECT seq, kind FROM events")) == [(1, "note.added")]
    journal.append([note(2)])
    assert next(reader.execute("SELECT count(*) FROM events")) == (2,)
    reader.close()
    journal.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET body = replace(body, 'hello', 'HELLO') WHERE seq = 2",
        "UPDATE events SET actor = 'Eve' WHERE seq = 3",
        "UPDATE events SET t_ns = t_ns + 1 WHERE seq = 2",
        "DELETE FROM events WHERE seq = 2",
    ],
)
def test_a_change_from_outside_is_found(path: Path, change: str) -> None:
    journal = Journal(path)
    journal.append([note(1), note(2), note(3)])
    journal.close()
    other = apsw.Connection(str(path))
    other.execute(change)
    other.close()
    with pytest.raises(JournalError, match=r"changed from outside at event [23]"):
        Journal(path)


def test_a_full_disk_stores_nothing_and_heals(path: Path) -> None:
    journal = Journal(path)
    journal.append([note(1)])
    pages = journal._connection.pragma("page_count")
    journal._connection.pragma("max_page_count", pages)
    with pytest.raises(JournalError, match=r"cannot write its journal.*full"):
        journal.append([note(2), note(3, "x" * 100_000)])
    assert journal.last_seq == 1
    assert list(journal.events()) == [note(1)]
    journal._connection.pragma("max_page_count", 1_000_000)
    journal.probe()
    journal.append([note(2)])
    journal.close()
    again = Journal(path)
    assert again.last_seq == 2
    again.close()


@pytest.mark.parametrize("content", [b"", b"not a database" * 500])
def test_a_file_that_is_no_journal(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    if content:
        with pytest.raises(JournalError, match="cannot be opened"):
            Journal(path)
    else:
        Journal(path).close()


def test_a_damaged_file_is_refused(path: Path) -> None:
    journal = Journal(path)
    journal.append([note(i, "x" * 3_000) for i in range(1, 60)])
    journal._connection.pragma("wal_checkpoint(TRUNCATE)")
    journal.close()
    content = bytearray(path.read_bytes())
    content[20_000:40_000] = bytes(20_000)
    path.write_bytes(content)
    with pytest.raises(JournalError):
        Journal(path)


def test_a_newer_schema_is_refused(path: Path) -> None:
    Journal(path).close()
    other = apsw.Connection(str(path))
    other.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")
    other.close()
    with pytest.raises(JournalError, match="schema 2"):
        Journal(path)
