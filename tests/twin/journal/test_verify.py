"""Whoever changes a journal is found, and the right row is named."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.journal.conformance import saved
from tests.twin.journal.samples import HARD_TEXTS, HubKey, note, notes
from twin.journal import verify as module
from twin.journal.logs import log_of
from twin.journal.sqlite import SqliteJournal
from twin.journal.verify import (
    Log,
    Report,
    UnreadableError,
    chain_of,
    chain_of_form_1,
    genesis,
    key_of_form_1,
    open_log,
    verify,
)
from viewer.cli import main

N_ROWS = 60
KEY = HubKey().public_key.hex()
SCRIPT = Path(__file__).parents[3] / "scripts" / "verify_log.py"


def make(path: Path, *, signer: HubKey | None = None, texts: str = "hello") -> None:
    """A closed journal of `N_ROWS` rows, a checkpoint about every ten, snapshots at 20 and 40."""
    journal = SqliteJournal(path, signer=signer)
    for first in range(1, N_ROWS, 5):
        journal.append(notes(first, first + 4, text=texts, step_s=7.0))
        if first + 4 in {20, 40}:
            journal.save_snapshot(saved(first + 4))
    journal.close()


@dataclass
class Case:
    """A journal to be changed, made once for all examples of a test."""

    folder: Path
    signer: HubKey | None

    def __post_init__(self) -> None:
        self.folder.mkdir()
        make(self.original, signer=self.signer)
        make(self.other, signer=self.signer, texts="other")
        with sqlite3.connect(self.original) as connection:
            connection.execute("PRAGMA journal_mode = delete")
        connection.close()
        self.content = self.original.read_bytes()

    @property
    def original(self) -> Path:
        return self.folder / "original.sqlite"

    @property
    def other(self) -> Path:
        return self.folder / "other.sqlite"

    @contextlib.contextmanager
    def changed(self) -> Iterator[tuple[Path, sqlite3.Connection]]:
        copy = self.folder / "changed.sqlite"
        for left in self.folder.glob("changed.sqlite*"):
            left.unlink()
        shutil.copy(self.original, copy)
        connection = sqlite3.connect(copy)
        try:
            yield copy, connection
        finally:
            connection.close()

    def report(self, change: Callable[[sqlite3.Connection], object]) -> Report:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(self.content)
        connection.execute("ATTACH ? AS other", (str(self.other),))
        change(connection)
        connection.commit()
        connection.execute("DETACH other")
        connection.isolation_level = None
        try:
            connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            log = module.log_in(connection, Path("changed"), sqlite3.Error)
        except UnreadableError:
            connection.close()
            raise
        return verify(log, [KEY] if self.signer else [])

    def row_of(self, *statements: str) -> int:
        """The row that is named after SQL was run."""

        def change(connection: sqlite3.Connection) -> None:
            for statement in statements:
                connection.execute(statement)

        report = self.report(change)
        assert report.problem
        return report.seq


@pytest.fixture(scope="module", params=[HubKey(), None], ids=["signed", "unsigned"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("verify") / "case", request.param)


def test_what_was_not_changed_is_fine(case: Case) -> None:
    report = case.report(lambda _: None)
    assert (report.problem, report.first_seq, report.last_seq, report.n_rows) == ("", 1, 60, 60)
    assert report.n_checkpoints >= 6
    assert report.signed_to == (60 if case.signer else 0)
    assert report.keys == ([KEY] if case.signer else [])
    assert report.signatures == ("checked" if case.signer else "none")


# --- a flipped byte, in any column of any table ---------------------------------------------------


def flipped(value: Any, place: int, mask: int) -> Any:
    """The value with one of its bytes XORed; an empty one gets a byte."""
    if isinstance(value, int):
        raw = bytearray(value.to_bytes(8, "big", signed=True))
        raw[place % 8] ^= mask
        return int.from_bytes(raw, "big", signed=True)
    raw = bytearray(value.encode() if isinstance(value, str) else value) or bytearray(1)
    raw[place % len(raw)] ^= mask
    return bytes(raw)


def flip(
    connection: sqlite3.Connection, table: str, column: str, rowno: int, place: int, mask: int
) -> tuple[int, bool]:
    """Flip a byte; the row's seq before, and whether the seq itself moved."""
    rows = connection.execute(f"SELECT * FROM {table}").fetchall()
    names = [one[1] for one in connection.execute(f"PRAGMA table_info({table})")]
    row = dict(zip(names, rows[rowno % len(rows)], strict=True))
    new = flipped(row[column], place, mask)
    cast = "CAST(? AS TEXT)" if isinstance(row[column], str) else "?"
    where = " AND ".join(f"{name} IS ?" for name in names)
    connection.execute(f"DELETE FROM {table} WHERE {where}", tuple(row.values()))
    marks = ", ".join(cast if name == column else "?" for name in names)
    values = tuple(new if name == column else row[name] for name in names)
    connection.execute(f"INSERT INTO {table} VALUES({marks})", values)
    return row.get("seq", 0), column == "seq"


COLUMNS = [
    *(("events", one) for one in ("seq", "t_ns", "kind", "actor", "body", "key", "form", "chain")),
    *(("seals", one) for one in ("kind", "seq", "chain", "t_ns", "detail", "signature")),
    *(("snapshots", one) for one in ("seq", "state_hash", "room")),
    *(("head", one) for one in ("seq", "chain")),
]


@settings(max_examples=500, deadline=None)
@given(
    column=st.sampled_from([*COLUMNS, ("seals", "public_key")]),
    rowno=st.integers(0, 1_000),
    place=st.integers(0, 1_000),
    mask=st.integers(1, 255),
)
def test_any_flipped_byte_is_found_in_the_right_row(
    case: Case, column: tuple[str, str], rowno: int, place: int, mask: int
) -> None:
    moved: list[tuple[int, bool]] = []

    def change(connection: sqlite3.Connection) -> None:
        with contextlib.suppress(sqlite3.IntegrityError):  # two rows of one number cannot be made
            moved.append(flip(connection, *column, rowno, place, mask))
            return
        connection.rollback()

    report = case.report(change)
    if not moved:
        assert not report.problem
        return
    seq, is_seq = moved[0]
    assert report.problem
    if column[0] == "events" and not is_seq:
        assert report.seq == seq
    elif column[0] == "events":
        assert report.seq <= seq  # it is missing, or turns up where it does not belong
    elif column[0] != "head" and not is_seq:
        assert report.seq == seq


@pytest.mark.parametrize("column", ["chain", "public_key", "signature"])
def test_a_seal_whose_bytes_became_a_text_is_found(case: Case, column: str) -> None:
    report = case.report(lambda c: c.execute(f"UPDATE seals SET {column} = CAST({column} AS TEXT)"))
    assert report.problem


@pytest.mark.parametrize("name", ["epoch", "schema"])
def test_changed_names_of_the_journal_are_found(case: Case, name: str) -> None:
    for place in range(len("2" if name == "schema" else "x" * 36)):
        try:
            report = case.report(
                lambda c, p=place: c.execute(
                    "UPDATE meta SET value = substr(value, 1, ?1) || 'z' || substr(value, ?1 + 2)"
                    " WHERE key = ?2",
                    (p, name),
                )
            )
        except UnreadableError:
            continue
        assert report.seq == 1


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0), mask=st.integers(1, 255))
def test_a_flipped_byte_of_the_file_is_found_or_changes_no_row(
    case: Case, place: int, mask: int
) -> None:
    content = bytearray(case.original.read_bytes())
    content[place % len(content)] ^= mask
    broken = case.folder / "broken.sqlite"
    broken.write_bytes(content)
    try:
        report = verify(open_log(broken))
    except UnreadableError:
        return
    if not report.problem:
        assert rows_of(broken) == rows_of(case.original)


def rows_of(path: Path) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT * FROM events ORDER BY seq").fetchall()
    finally:
        connection.close()


# --- rows taken away, moved, brought in -----------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 20, 33, 59, 60])
def test_a_deleted_row_is_missing(case: Case, k: int) -> None:
    assert case.row_of(f"DELETE FROM events WHERE seq = {k}") == k


@pytest.mark.parametrize(("a", "b"), [(1, 2), (20, 21), (3, 60), (59, 60)])
def test_reordered_rows_are_found(case: Case, a: int, b: int) -> None:
    swap = "UPDATE events SET seq = {} WHERE seq = {}"
    assert case.row_of(swap.format(-1, a), swap.format(a, b), swap.format(b, -1)) == a


@pytest.mark.parametrize("k", [0, 1, 34, 59])
def test_a_cut_off_end_is_missing(case: Case, k: int) -> None:
    assert case.row_of(f"DELETE FROM events WHERE seq > {k}") == k + 1
    with_seals = (f"DELETE FROM {t} WHERE seq > {k}" for t in ("events", "seals", "snapshots"))
    assert case.row_of(*with_seals) == k + 1


@pytest.mark.parametrize("k", [1, 2, 30, 60])
@pytest.mark.parametrize("last", ["60", "{k}"])
def test_rows_of_another_journal_are_found(case: Case, k: int, last: str) -> None:
    which = f"seq BETWEEN {k} AND {last.format(k=k)}"
    found = case.row_of(
        f"DELETE FROM events WHERE {which}",
        f"INSERT INTO events SELECT * FROM other.events WHERE {which}",
    )
    assert found == k


def test_a_row_brought_in_is_found(case: Case) -> None:
    copy = "INSERT INTO events SELECT {}, t_ns, kind, actor, body, chain, key, form FROM events"
    assert case.row_of(f"{copy.format(61)} WHERE seq = 60") == 61
    assert case.row_of(f"{copy.format(0)} WHERE seq = 1") == 0


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ("UPDATE events SET body = CAST(body AS BLOB) WHERE seq = 5", 5),
        ("UPDATE events SET form = 1 WHERE seq = 5", 5),
        ("UPDATE events SET chain = CAST('x' AS TEXT) WHERE seq = 5", 5),
        ("DELETE FROM head", 60),
        ("DELETE FROM snapshots WHERE seq = 40", 40),
        ("INSERT INTO snapshots VALUES(30, 'x', x'00')", 30),
        ("DROP INDEX events_key", 0),
    ],
)
def test_other_changes(case: Case, change: str, row: int) -> None:
    if "INDEX" in change:
        assert case.report(lambda c: c.execute(change)).problem == ""
    else:
        assert case.row_of(change) == row


# --- an attacker who knows the rules --------------------------------------------------------------


def rewrite(connection: sqlite3.Connection, seq: int) -> None:
    """Change a row and make every chain value after it fit again, as an attacker would."""
    connection.execute("UPDATE events SET actor = 'Eve' WHERE seq = ?", (seq,))
    epoch = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0]
    chain = genesis(epoch)
    found = "SELECT seq, t_ns, kind, actor, body, key FROM events ORDER BY seq"
    for row in connection.execute(found).fetchall():
        chain = chain_of(chain, *row)
        connection.execute("UPDATE events SET chain = ? WHERE seq = ?", (chain, row[0]))
    connection.execute("UPDATE head SET chain = ?", (chain,))


@pytest.mark.parametrize("seq", [1, 15, 60])
def test_a_rewritten_history_does_not_fit_its_seals(case: Case, seq: int) -> None:
    report = case.report(lambda c: rewrite(c, seq))
    assert seq <= report.seq <= seq + 10
    assert "or one before it is not what its" in report.problem


def test_without_seals_a_rewritten_history_is_found_only_with_the_key(case: Case) -> None:
    def change(connection: sqlite3.Connection) -> None:
        rewrite(connection, 15)
        connection.execute("DELETE FROM seals")
        connection.execute("DELETE FROM snapshots")

    report = case.report(change)
    assert not report.problem  # 60 rows: the next checkpoint need not have come yet
    assert report.signed_to == 0


def test_a_long_journal_must_be_signed_when_the_key_is_known(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = SqliteJournal(path)
    journal.append(notes(1, 1_000))
    journal.close()
    assert not verify(open_log(path)).problem
    report = verify(open_log(path), [KEY])
    assert report.seq == 1
    assert "should be signed" in report.problem


def test_another_key_does_not_count(case: Case, tmp_path: Path) -> None:
    report = verify(open_log(case.original), ["00" * 32])
    assert report.seq == 20  # the snapshot, which a start would rely on
    assert "none of the given keys signed" in report.problem


def test_a_known_row_must_be_there(case: Case) -> None:
    chain = rows_of(case.original)[29][5]
    assert not verify(open_log(case.original), [], (30, chain)).problem
    assert verify(open_log(case.original), [], (30, bytes(32))).seq == 30
    report = verify(open_log(case.original), [], (70, chain))
    assert (report.seq, report.problem.split(" (")[0]) == (61, "is missing")


def test_without_pynacl_signatures_are_said_not_to_be_checked(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "can_check_signatures", lambda: False)
    report = case.report(lambda _: None)
    assert report.signatures == ("not checked" if case.signer else "none")
    assert ("NOT checked" in module.sentence(report)) == bool(case.signer)


# --- the two forms --------------------------------------------------------------------------------


@given(st.integers(0, 2**63 - 1), st.text(), st.text(), st.text())
def test_form_1_is_the_json_of_then(seq: int, kind: str, actor: str, body: str) -> None:
    row = msgspec.json.encode([seq, seq, kind, actor, body])
    expected = hashlib.sha256(bytes(32) + row).digest()
    assert chain_of_form_1(bytes(32), seq, seq, kind, actor, body) == expected


fields = st.tuples(st.integers(), st.integers(), *[st.text(max_size=5)] * 4)


@given(fields, fields)
def test_different_rows_are_hashed_from_different_bytes(a: Any, b: Any) -> None:
    assert (chain_of(bytes(32), *a) == chain_of(bytes(32), *b)) == (a == b)


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_a_body_with_any_text_has_a_key(text: str) -> None:
    body = json.dumps({"id": text, "request": {"id": text}})
    assert key_of_form_1("note.added", body) == text
    assert key_of_form_1("command.submitted", body) == text
    assert key_of_form_1("command.state", body) == ""
    for bad in ("{", "[]", "3", '{"id": 3}', "[" * 100_000):
        assert key_of_form_1("note.added", bad) == ""


# --- the command and the file that stands alone ---------------------------------------------------


def test_the_command_tells(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify-log", str(case.original)]) == 0
    said = capsys.readouterr().out
    assert "rows 1 to 60 are as they were written" in said
    assert ("signed up to row 60" in said) == bool(case.signer)
    with case.changed() as (copy, connection):
        connection.execute("UPDATE events SET actor = 'Eve' WHERE seq = 7")
        connection.commit()
        assert main(["verify-log", str(copy)]) == 1
        assert "row 7 was changed" in capsys.readouterr().out
        assert main(["verify-log", str(copy), "--json"]) == 1
        found = json.loads(capsys.readouterr().out)
        assert (found["ok"], found["seq"]) == (False, 7)


def test_what_cannot_be_read_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "none": None,
        "empty": b"",
        "text": b"hello" * 999,
        "export": b'{"civitwin_journal": 2}',
        "newer": b'{"civitwin_journal": 3}',
        "cut": b'{"civitwin_journal": 2, "epoch":',
    }
    for name, content in files.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        assert main(["verify-log", str(path)]) == 2
        said = capsys.readouterr()
        assert str(path) in said.err
        assert "Traceback" not in said.err
        assert main(["verify-log", str(path), "--json"]) == 2
        assert json.loads(capsys.readouterr().out)["ok"] is False
    assert main(["verify-log", str(tmp_path)]) == 2


def test_an_empty_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    SqliteJournal(tmp_path / "journal.sqlite").close()
    assert main(["verify-log", str(tmp_path / "journal.sqlite")]) == 0
    assert "an empty journal" in capsys.readouterr().out


@pytest.mark.parametrize("argument", ["--public-key=12", "--contains=x"])
def test_bad_arguments(case: Case, argument: str) -> None:
    with pytest.raises(SystemExit):
        main(["verify-log", str(case.original), argument])


def test_the_script_needs_only_python(case: Case, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "verify_log.py"
    copy.parent.mkdir()
    shutil.copy(SCRIPT, copy)
    command = [sys.executable, "-I", "-S", str(copy), str(case.original), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["ok"], found["n_rows"]) == (True, 60)
    assert found["signatures"] == ("not checked" if case.signer else "none")


def test_a_journal_may_be_checked_while_it_is_written(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite")
    journal.append(notes(1, 10))
    log: Log = log_of(tmp_path / "journal.sqlite")
    journal.append([note(11)])
    assert verify(log).n_rows == 10
    assert verify(log_of(tmp_path / "journal.sqlite")).n_rows == 11
    journal.close()


def test_a_journal_on_a_medium_that_cannot_be_written(case: Case, tmp_path: Path) -> None:
    if sys.platform != "linux" or shutil.which("setpriv") is None:
        pytest.skip("needs setpriv")
    folder = tmp_path / "read-only"
    folder.mkdir()
    shutil.copy(case.original, folder / "journal.sqlite")
    shutil.copy(SCRIPT, folder / "verify_log.py")
    for path in (*tmp_path.parents[:2], tmp_path, folder):
        path.chmod(0o755)
    command = [sys.executable, "-I", str(folder / "verify_log.py"), str(folder / "journal.sqlite")]
    if os.getuid() == 0:
        command = ["setpriv", "--reuid=65534", "--clear-groups", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "rows 1 to 60 are as they were written" in done.stdout, done.stderr
