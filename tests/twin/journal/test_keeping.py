"""Copies, restoring, text, dropping old rows; from and to files and databases."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services.postgres import Postgres
from tests.twin.hub_rig import until
from tests.twin.journal.conformance import saved
from tests.twin.journal.samples import HARD_TEXTS, T0_NS, HubKey, note, notes
from twin.clock import NS_PER_S
from twin.journal.base import JournalError, JournalLostError
from twin.journal.chained import ChainedJournal
from twin.journal.keeping import back_up, export, restore
from twin.journal.opening import open_journal
from twin.journal.postgres import PostgresJournal
from twin.journal.seals import Dropped
from twin.journal.verify import open_log, verify
from twin.room.model import Event
from twin.security.keystore import KeyStore
from viewer.cli import main

KEY = HubKey().public_key.hex()
DAY_NS = 86_400 * NS_PER_S


def events(n: int) -> list[Event]:
    hard = [
        Event(seq=i, t_ns=T0_NS + i, kind="k", actor=t, body={"t": t}, key=f"hard {t}")
        for i, t in enumerate(HARD_TEXTS, 1)
    ]
    return [*hard, *notes(len(hard) + 1, n, step_s=1.0)]


def fill(journal: ChainedJournal, n: int = 60) -> list[Event]:
    given = events(n)
    journal.append(given[:30])
    journal.save_snapshot(saved(25))
    journal.append(given[30:])
    return given


@pytest.fixture(params=["file", "database"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Place of a journal that is not there yet."""
    if request.param == "file":
        return str(tmp_path / "journal.sqlite")
    server: Postgres = request.getfixturevalue("postgres")
    return server.room_url()


Opened = Callable[[str], ChainedJournal]


@pytest.fixture
def opened() -> Any:
    made: list[ChainedJournal] = []

    def open_it(where: str) -> ChainedJournal:
        made.append(open_journal(where, signer=HubKey()))
        return made[-1]

    yield open_it
    for one in made:
        one.close()


# --- backup and restore ---------------------------------------------------------------------------


@pytest.mark.parametrize("back", ["file", "database"])
def test_a_backup_of_a_journal_in_use_can_be_gone_on_with(
    where: str, back: str, opened: Opened, tmp_path: Path, postgres: Postgres
) -> None:
    journal = opened(where)
    given = fill(journal)
    copy = tmp_path / "copies" / "monday.sqlite"
    report = back_up(where, copy)
    assert (report.n_rows, report.last_seq) == (60, 60)
    assert sorted(p.name for p in copy.parent.iterdir()) == ["monday.sqlite"]
    journal.append([note(61)])
    assert not verify(open_log(copy), [KEY]).problem
    target = str(tmp_path / "restored.sqlite") if back == "file" else postgres.room_url()
    restore(copy, target)
    again = opened(target)
    assert again.epoch == journal.epoch
    assert list(again.events()) == given
    assert again.latest_snapshot() == saved(25)
    assert again.lookup(given[4].key) == given[4]
    again.append([note(61, "another")])


def test_a_backup_while_the_hub_writes_is_one_moment(
    where: str, opened: Opened, tmp_path: Path
) -> None:
    journal = opened(where)
    journal.append(notes(1, 200, text="x" * 500))
    stop = threading.Event()
    counts: list[int] = []

    def copy_again_and_again() -> None:
        while not stop.is_set():
            counts.append(back_up(where, tmp_path / "copy.sqlite", force=True).n_rows)

    thread = threading.Thread(target=copy_again_and_again)
    thread.start()
    seq = 200
    while len(counts) < 6 and thread.is_alive():
        journal.append([note(seq + 1, "y" * 500), note(seq + 2, "z" * 500)])
        seq += 2
    stop.set()
    thread.join(30)
    assert len(counts) >= 6
    assert counts == sorted(counts)
    assert all(n % 2 == 0 for n in counts)


def test_what_is_there_is_not_replaced_unless_asked(
    where: str, opened: Opened, tmp_path: Path
) -> None:
    journal = opened(where)
    fill(journal)
    copy = tmp_path / "copy.sqlite"
    back_up(where, copy)
    with pytest.raises(JournalError, match="--force replaces it"):
        back_up(where, copy)
    with pytest.raises(JournalError, match=r"Another hub|A hub writes|--force keeps it"):
        restore(copy, where)
    with pytest.raises(JournalError, match=r"Another hub has this journal open|A hub writes"):
        restore(copy, where, force=True)
    journal.append([note(61)])
    journal.close()
    with pytest.raises(JournalError, match=r"--force keeps it as .*replaced"):
        restore(copy, where)
    restore(copy, where, force=True)
    again = opened(where)
    assert again.last_seq == 60
    if "://" not in where:
        kept = Path(where + ".replaced")
        assert verify(open_log(kept)).last_seq == 61


def test_after_a_restore_a_hub_from_before_stays_fenced(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.room_url()
    old = PostgresJournal(url, ttl_s=0.2)
    old.append(notes(1, 3))
    back_up(url, tmp_path / "copy.sqlite")
    until(lambda: not old.store.lease.is_mine)
    restore(tmp_path / "copy.sqlite", url, force=True)
    with pytest.raises(JournalLostError):
        old.append([note(4)])
    old.close()
    new = PostgresJournal(url)
    new.append([note(4)])
    new.close()


def test_a_changed_backup_is_not_restored(where: str, opened: Opened, tmp_path: Path) -> None:
    journal = opened(str(tmp_path / "source.sqlite"))
    fill(journal)
    copy = tmp_path / "copy.sqlite"
    back_up(tmp_path / "source.sqlite", copy)
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE events SET actor = 'Eve' WHERE seq = 7")
    connection.close()
    with pytest.raises(JournalError, match=r"not as it was written \(row 7 was changed"):
        restore(copy, where)
    assert "://" in where or not Path(where).exists()


def test_a_changed_journal_makes_no_backup(tmp_path: Path, opened: Opened) -> None:
    journal = opened(str(tmp_path / "journal.sqlite"))
    fill(journal)
    journal.store.connection.execute("UPDATE events SET actor = 'Eve' WHERE seq = 7")
    with pytest.raises(JournalError, match="row 7 was changed"):
        back_up(tmp_path / "journal.sqlite", tmp_path / "copy.sqlite")
    assert not list(tmp_path.glob("copy*"))


def test_a_copy_that_cannot_be_written_is_one_sentence(tmp_path: Path, opened: Opened) -> None:
    fill(opened(str(tmp_path / "journal.sqlite")))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError, match="The copy cannot be written"):
        back_up(tmp_path / "journal.sqlite", tmp_path / "file" / "copy.sqlite")


def test_old_schemas_are_copied_as_they_are(tmp_path: Path, postgres: Postgres) -> None:
    old = tmp_path / "old.sqlite"
    connection = sqlite3.connect(old)
    connection.executescript((Path(__file__).parent / "schema_1.sql").read_text())
    connection.close()
    assert back_up(old, tmp_path / "copy.sqlite").n_rows == 14
    assert restore(tmp_path / "copy.sqlite", tmp_path / "again.sqlite").n_rows == 14
    with pytest.raises(JournalError, match="of schema 1"):
        restore(tmp_path / "copy.sqlite", postgres.room_url())
    with (tmp_path / "x").open("w") as file, pytest.raises(JournalError, match="of schema 1"):
        export(old, file)


# --- text -----------------------------------------------------------------------------------------


def exported(where: str, path: Path) -> Path:
    with path.open("w", encoding="utf-8") as file:
        export(where, file)
    return path


def test_an_export_verifies_like_the_journal(where: str, opened: Opened, tmp_path: Path) -> None:
    journal = opened(where)
    given = fill(journal)
    journal.tick(given[-1].t_ns + 60 * NS_PER_S)
    path = exported(where, tmp_path / "journal.jsonl")
    report = verify(open_log(path), [KEY])
    assert (report.problem, report.n_rows, report.signed_to) == ("", 60, 60)
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    assert json.loads(lines[20])[:2] == [20, given[19].t_ns]
    for k in (1, 20, 60):
        row = json.loads(lines[k])
        for i, value in enumerate(row):
            new = value + 1 if isinstance(value, int) else "x" + value[1:]
            changed = [*lines[:k], json.dumps([*row[:i], new, *row[i + 1 :]]), *lines[k + 1 :]]
            path.write_text("\n".join(changed), encoding="utf-8")
            assert verify(open_log(path)).seq == k, (k, i)
        path.write_text("\n".join([*lines[:k], *lines[k + 1 :]]), encoding="utf-8")
        assert verify(open_log(path)).seq == k
        path.write_text("\n".join([*lines[:k], lines[k][:30], *lines[k + 1 :]]), encoding="utf-8")
        assert verify(open_log(path)).seq == k


def test_an_export_is_not_a_backup(where: str, opened: Opened, tmp_path: Path) -> None:
    fill(opened(where))
    path = exported(where, tmp_path / "journal.jsonl")
    with pytest.raises(JournalError, match="An export is text for reading"):
        restore(path, tmp_path / "x.sqlite")


# --- dropping old rows ----------------------------------------------------------------------------


def a_month(journal: ChainedJournal) -> None:
    """300 rows in 30 days with a snapshot every five days."""
    for first in range(1, 300, 50):
        journal.append(notes(first, first + 49, step_s=8_640))
        journal.save_snapshot(saved(first + 49))


def test_what_is_old_is_dropped_and_the_rest_still_verifies(where: str, opened: Opened) -> None:
    journal = opened(where)
    a_month(journal)
    now_ns = T0_NS + 31 * DAY_NS
    assert journal.retain(now_ns - 40 * DAY_NS, now_ns) is None
    told = journal.retain(now_ns - 10 * DAY_NS, now_ns, only_tell=True)
    assert told == Dropped(1, 200, note(200, step_s=8_640).t_ns)
    assert journal.first_seq == 1
    assert journal.retain(now_ns - 10 * DAY_NS, now_ns) == told
    assert (journal.first_seq, journal.last_seq) == (201, 300)
    assert [event.seq for event in journal.events()] == list(range(201, 301))
    assert journal.lookup("key-200") is None
    assert journal.retain(now_ns - 10 * DAY_NS, now_ns) is None
    journal.append(notes(301, 305, step_s=8_640))
    journal.close()
    again = opened(where)
    assert (again.first_seq, again.last_seq) == (201, 305)
    assert again.latest_snapshot() == saved(300)
    assert again.retain(now_ns - 2 * DAY_NS, now_ns) == Dropped(
        201, 250, note(250, step_s=8_640).t_ns
    )
    again.close()


def test_a_cut_journal_verifies_and_cannot_be_cut_again_unseen(
    where: str, opened: Opened, tmp_path: Path
) -> None:
    journal = opened(where)
    a_month(journal)
    now_ns = T0_NS + 31 * DAY_NS
    journal.retain(now_ns - 10 * DAY_NS, now_ns)
    copy = tmp_path / "copy.sqlite"
    assert back_up(where, copy).first_seq == 201
    report = verify(open_log(copy), [KEY])
    assert (report.problem, report.first_seq, report.n_rows) == ("", 201, 100)

    def changed(*statements: str) -> tuple[int, str]:
        other = tmp_path / "changed.sqlite"
        other.unlink(missing_ok=True)
        back_up(where, other)
        with sqlite3.connect(other) as connection:
            for one in statements:
                connection.execute(one)
        connection.close()
        found = verify(open_log(other), [KEY])
        return found.seq, found.problem

    assert changed("DELETE FROM events WHERE seq <= 210")[0] == 201
    assert changed("DELETE FROM seals WHERE kind = 'cut'")[0] == 1
    assert changed("UPDATE seals SET chain = zeroblob(32) WHERE kind = 'cut'")[0] == 200
    assert changed("UPDATE seals SET t_ns = t_ns + 1 WHERE kind = 'cut'")[0] == 200
    later = (
        "DELETE FROM events WHERE seq <= 210",
        "DELETE FROM snapshots WHERE seq < 210",
        "DELETE FROM seals WHERE seq < 210",
        "INSERT INTO seals SELECT 'cut', seq, chain, 0, '', x'', zeroblob(32) FROM events"
        " WHERE seq = 211",
    )
    assert changed(*later) == (211, "has a cut that was changed")


# --- the command ----------------------------------------------------------------------------------


def test_the_command_does_all_of_it(
    where: str, opened: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = opened(where)
    a_month(journal)
    journal.close()
    copy, text = str(tmp_path / "copy.sqlite"), str(tmp_path / "journal.jsonl")
    assert main(["journal", "backup", where, copy]) == 0
    assert "300 rows (1 to 300), as they were written" in capsys.readouterr().out
    assert main(["journal", "export", where, text]) == 0
    assert "300 rows" in capsys.readouterr().out
    assert main(["journal", "export", where, "-"]) == 0
    assert capsys.readouterr().out.count("\n") == 301
    assert main(["journal", "retain", where, "--days", "5", "--dry-run"]) == 0
    assert "250 rows (1 to 250) would be dropped" in capsys.readouterr().out
    assert main(["journal", "retain", where, "--days", "5"]) == 0
    assert "kept: 50 rows (251 to 300)" in capsys.readouterr().out
    assert main(["journal", "retain", where, "--days", "5"]) == 0
    assert "nothing to drop" in capsys.readouterr().out
    assert main(["verify-log", where]) == 0
    assert "rows 251 to 300 are as they were written" in capsys.readouterr().out
    assert main(["verify-log", where, "--public-key", KEY]) == 1
    assert "row 250 has a cut that none of the given keys signed" in capsys.readouterr().out
    assert main(["journal", "restore", copy, where, "--force"]) == 0
    assert "300 rows (1 to 300), as they were written" in capsys.readouterr().out
    assert main(["verify-log", text, "--public-key", KEY]) == 0


def test_the_hub_s_own_key_signs_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    public = KeyStore(tmp_path / "keys").init("The Hague")
    signer = KeyStore(tmp_path / "keys").hub_keys()
    path = tmp_path / "journal.sqlite"
    journal = open_journal(path, signer=signer)
    a_month(journal)
    journal.close()
    retain = ["journal", "retain", str(path), "--days", "5", "--keys", str(tmp_path / "keys")]
    assert main(retain) == 0
    assert main(["verify-log", str(path), "--public-key", public.signing_public]) == 0
    assert "rows 251 to 300" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["backup", "nowhere.sqlite", "copy.sqlite"],
        ["export", "nowhere.sqlite", "copy.jsonl"],
        ["restore", "nowhere.sqlite", "copy.sqlite"],
        ["retain", "nowhere.sqlite", "--days", "3"],
        ["retain", "nowhere.sqlite", "--days", "0"],
        ["backup", "postgresql://127.0.0.1:1/x", "copy.sqlite"],
        ["export", "postgresql://127.0.0.1:1/x", "copy.jsonl"],
        ["export", "mysql://x", "copy.jsonl"],
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["journal", *arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("civitwin: ")
    assert len(said.splitlines()) == 1
