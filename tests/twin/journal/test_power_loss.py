"""Power loss at any moment: what was acknowledged is there, and the chain verifies."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.twin.journal.conformance import saved
from tests.twin.journal.disks import Op, Platter, Recorder
from tests.twin.journal.samples import HubKey, note
from twin.journal.base import JournalError
from twin.journal.logs import log_of
from twin.journal.sqlite import SqliteJournal
from twin.journal.verify import verify
from twin.room.model import Event

PARTS = ("none", "all", "some", "torn")
NAME = "journal.sqlite"


@dataclass
class Story:
    """What a journal went through.

    Attributes
    ----------
    before : files at the beginning
    given : all events, in order
    ends : numbers of the last event of each round
    """

    ops: list[Op]
    before: dict[str, bytes]
    given: list[Event]
    ends: set[int]


def tell(folder: Path, n_rounds: int, seed: int, before: dict[str, bytes] | None = None) -> Story:
    """Write a journal, round by round, with everything that a hub does to one."""
    rng = random.Random(seed)
    path = folder / "told" / NAME
    path.parent.mkdir()
    for name, content in (before or {}).items():
        (path.parent / name).write_bytes(content)
    disk = Recorder(f"recorder-{seed}")

    def opened() -> SqliteJournal:
        journal = SqliteJournal(path, signer=HubKey(), vfs=disk.vfs_name)
        journal.store.full_pages = 12
        disk.mark(journal.last_seq, journal.first_seq)
        return journal

    journal = opened()
    given = list(journal.events())
    ends = {0, len(given)}
    for n in range(n_rounds):
        seq = len(given)
        texts = ("x" * rng.choice((5, 50, 400, 5_000)) for _ in range(rng.choice((1, 1, 2, 6))))
        events = [note(seq + i, text, key=f"k{seq + i}") for i, text in enumerate(texts, 1)]
        journal.append(events)
        given += events
        ends.add(len(given))
        disk.mark(len(given), journal.first_seq)
        if n % 17 == 16:
            journal.save_snapshot(saved(len(given), b"r" * rng.choice((10, 20_000))))
        if n % 11 == 10:
            journal.tick(events[-1].t_ns + n * 60 * 10**9)
        if n % 23 == 22:
            journal.close()
            journal = opened()
        if n % 61 == 60:
            journal.retain(1 << 62, 0)
            disk.mark(len(given), journal.first_seq)
    journal.close()
    disk.unregister()
    shutil.rmtree(path.parent)
    return Story(disk.ops, before or {}, given, ends)


def require_whole(folder: Path, files: dict[str, bytes], story: Story, held: Op) -> None:
    """The journal opens, verifies, holds what it said it held, and goes on."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    path = folder / NAME
    journal = SqliteJournal(path, signer=HubKey())
    try:
        first, last = journal.first_seq, journal.last_seq
        assert last >= held.offset
        assert last in story.ends
        assert first >= int(held.data or b"1")
        assert list(journal.events()) == story.given[first - 1 : last]
        report = verify(log_of(path))
        assert not report.problem, report
        journal.append([note(last + 1)])
    finally:
        journal.close()
    for one in folder.iterdir():
        one.unlink()


def lose_power(folder: Path, story: Story, n_points: int, seed: int) -> int:
    """Cut the power at this many moments (all, if there are fewer); the number of disks tried."""
    rng = random.Random(seed)
    here = folder / "after"
    here.mkdir()
    last = len(story.ops)
    points = set(range(last + 1) if n_points > last else rng.sample(range(last + 1), n_points))
    platter, held, n_tried = Platter(story.before), Op("mark", ""), 0
    for point in range(last + 1):
        if point in points:
            for part in PARTS[:1] if platter.is_settled else PARTS:
                files = platter.after_power_loss(part, rng)
                try:
                    require_whole(here, files, story, held)
                except BaseException as error:
                    error.add_note(f"power lost after operation {point} of {last}: {part}, {seed=}")
                    raise
                n_tried += 1
        if point < last:
            platter.take(story.ops[point])
            if story.ops[point].kind == "mark":
                held = story.ops[point]
    return n_tried


def test_power_is_lost_at_any_moment(memory_folder: Path) -> None:
    story = tell(memory_folder, 130, seed=1)
    assert sum(op.kind == "sync" for op in story.ops) > 130
    assert lose_power(memory_folder, story, 120, seed=2) > 240


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_power_is_lost_at_thousands_of_moments(
    memory_folder: Path, figure: Callable[[str], None]
) -> None:
    story = tell(memory_folder, 500, seed=11)
    n_points = 6_000
    assert len(story.ops) > n_points
    n_tried = lose_power(memory_folder, story, n_points, seed=12)
    figure(
        f"power lost after {n_points:,} of {len(story.ops):,} operations, {n_tried:,} disks:"
        " all open, verify, and have every acknowledged row"
    )


def test_power_is_lost_while_a_new_journal_is_made(memory_folder: Path) -> None:
    lose_power(memory_folder, tell(memory_folder, 1, seed=3), 10_000, seed=4)


def test_power_is_lost_while_a_journal_moves_to_a_new_schema(memory_folder: Path) -> None:
    old = memory_folder / NAME
    connection = sqlite3.connect(old)
    connection.executescript((Path(__file__).parent / "schema_1.sql").read_text())
    connection.close()
    before = {NAME: old.read_bytes()}
    old.unlink()
    lose_power(memory_folder, tell(memory_folder, 2, seed=5, before=before), 10_000, seed=6)


def test_a_disk_that_lies_about_syncing_is_found(memory_folder: Path) -> None:
    """The test itself can fail: without the syncs, acknowledged rows are lost."""
    story = tell(memory_folder, 40, seed=7)
    story.ops[:] = [op for op in story.ops if op.kind != "sync" or not op.name.endswith("-wal")]
    with pytest.raises((AssertionError, JournalError)):
        lose_power(memory_folder, story, 10_000, seed=8)
