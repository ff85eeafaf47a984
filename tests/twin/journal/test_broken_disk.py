"""A disk that is full, fails or may not be written: an error, nothing half done, and on it goes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from tests.twin.journal.conformance import saved
from tests.twin.journal.disks import Op, Recorder
from tests.twin.journal.samples import HubKey, note, notes
from twin.journal.base import JournalError
from twin.journal.logs import log_of
from twin.journal.sqlite import SqliteJournal
from twin.journal.verify import verify

NOBODY = 65_534
HELD = 40
MINUTE_NS = 60 * 10**9


@pytest.fixture
def disk() -> Iterator[Recorder]:
    one = Recorder("broken")
    yield one
    one.unregister()


def io_error() -> Exception:
    error = apsw.IOError("disk I/O error")
    error.extendedresult = apsw.SQLITE_IOERR_WRITE  # type: ignore[attr-defined]
    return error


TROUBLES: dict[str, tuple[str, Callable[[], Exception]]] = {
    "full": ("write", lambda: apsw.FullError("database or disk is full")),
    "write fails": ("write", io_error),
    "sync fails": ("sync", io_error),
    "truncate fails": ("truncate", io_error),
}
DEEDS: dict[str, Callable[[SqliteJournal], object]] = {
    "one event": lambda j: j.append([note(HELD + 1)]),
    "many events": lambda j: j.append(notes(HELD + 1, HELD + 40, text="x" * 3_000)),
    "a snapshot": lambda j: j.save_snapshot(saved(HELD, b"r" * 50_000)),
    "a checkpoint": lambda j: j.tick(1 << 62),
    "a probe": lambda j: j.probe(),
    "a cut": lambda j: j.retain(1 << 62, 0),
}


def state(journal: SqliteJournal) -> tuple[object, ...]:
    seals = [seal for seal in journal.store.seals() if seal.kind != "checkpoint"]
    events = list(journal.events())
    return journal.first_seq, journal.last_seq, events, journal.latest_snapshot(), seals


@pytest.mark.parametrize("what", TROUBLES)
@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_that_fails_leaves_everything_as_it_was(
    memory_folder: Path, disk: Recorder, what: str, deed: str
) -> None:
    """The n-th operation of the deed fails, and every later one, for many n; then all is well."""
    kind, error = TROUBLES[what]
    path = memory_folder / "journal.sqlite"
    n_failed = 0
    for n in (*range(12), *(12 + i * i for i in range(1, 40))):
        for one in memory_folder.iterdir():
            one.unlink()
        journal = SqliteJournal(path, signer=HubKey(), vfs=disk.vfs_name)
        journal.store.full_pages = 30
        journal.append(notes(1, HELD - 10))
        journal.save_snapshot(saved(HELD - 10))
        journal.append(notes(HELD - 9, HELD))
        before = state(journal)
        count = 0

        def trouble(op: Op, n: int = n) -> Exception | None:
            nonlocal count
            count += op.kind == kind
            return error() if op.kind == kind and count > n else None

        disk.trouble = trouble
        try:
            DEEDS[deed](journal)
        except JournalError:
            n_failed += 1
            assert state(journal) == before
            with pytest.raises(JournalError, match="cannot write its journal"):
                DEEDS[deed](journal)
        disk.trouble = lambda _: None
        was_done = state(journal) != before
        journal.probe()
        if not was_done:
            DEEDS[deed](journal)
        after = state(journal)
        journal.append([note(journal.last_seq + 1)])
        journal.close()
        assert not verify(log_of(path), [HubKey().public_key.hex()]).problem
        again = SqliteJournal(path, signer=HubKey())
        assert (again.last_seq, again.first_seq) == (len(after[2]) + after[0], after[0])
        again.close()
        if count <= n:
            break  # the deed never got as far as the n-th operation
    assert n_failed or what == "truncate fails"


def test_a_process_that_dies_after_a_failed_sync_starts_again(
    tmp_path: Path, disk: Recorder
) -> None:
    """What was refused may turn up after all, but whole, and what was acknowledged is there."""
    path = tmp_path / "journal.sqlite"
    journal = SqliteJournal(path, vfs=disk.vfs_name)
    journal.append(notes(1, 5))
    disk.trouble = lambda op: io_error() if op.kind == "sync" else None
    with pytest.raises(JournalError):
        journal.append(notes(6, 9))
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", crashed)
    disk.trouble = lambda _: None
    journal.close()
    again = SqliteJournal(crashed / path.name)
    assert again.last_seq in {5, 9}
    assert list(again.events()) == notes(1, again.last_seq)
    again.close()


# --- real ones ------------------------------------------------------------------------------------


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of a megabyte."""
    folder = Path(tempfile.mkdtemp(prefix="civitwin-small-"))
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


def fill(journal: SqliteJournal) -> None:
    for seq in range(1, 2_000):
        journal.append([note(seq, "x" * 5_000)])


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(bytes(500_000))
    journal = SqliteJournal(small_disk / "journal.sqlite")
    with pytest.raises(JournalError, match=r"cannot write its journal.*free some disk space"):
        fill(journal)
    held = journal.last_seq
    assert held > 3
    assert [event.seq for event in journal.events()] == list(range(1, held + 1))
    filler.unlink()
    journal.probe()
    journal.append([note(held + 1, "x" * 5_000)])
    journal.close()
    assert verify(log_of(small_disk / "journal.sqlite")).last_seq == held + 1


def test_a_folder_that_may_not_be_written_is_one_sentence() -> None:
    folder = Path(tempfile.mkdtemp(prefix="civitwin-read-only-"))
    try:
        path = folder / "journal.sqlite"
        SqliteJournal(path).close()
        for one in folder.iterdir():
            one.chmod(0o444)
        folder.chmod(0o555)
        code = (
            "import sys\nfrom pathlib import Path\n"
            "from twin.errors import TwinError\nfrom twin.journal.opening import open_journal\n"
            "try:\n    open_journal(Path(sys.argv[1]))\n"
            "except TwinError as error:\n    print(error)"
        )
        command = [sys.executable, "-c", code, str(path)]
        if os.getuid() == 0:
            command = ["setpriv", f"--reuid={NOBODY}", "--clear-groups", *command]
        environment = dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert "The journal cannot be opened" in done.stdout, done.stderr
        assert done.stdout.count("\n") == 1
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
