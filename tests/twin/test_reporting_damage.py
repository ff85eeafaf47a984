"""Reports of damaged and unfitting logs: what is whole is told, what is missing is said."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from tests.twin.hub_bench import room_of
from tests.twin.reports import FloodRun, flood_run, journalled, recorded
from twin.errors import TwinError
from twin.recording.reading import Recording
from twin.reporting.composing import compose
from twin.reporting.html import html_of
from twin.reporting.making import ReportOptions, find


@pytest.fixture(scope="module")
def run() -> FloodRun:
    return flood_run()


def test_a_truncated_recording_is_told_up_to_where_it_is_whole(
    run: FloodRun, tmp_path: Path
) -> None:
    path = tmp_path / "run.mcap"
    recorded(path, run)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    found = find(ReportOptions(where=str(path)))
    assert 0 < found.chronicle.last_seq < run.events[-1].seq
    assert any("not closed" in text for text in found.source.missing)
    page = html_of(compose(found))
    assert "The log is not complete" in page
    assert "The recording was not closed" in page


def test_a_hole_in_the_middle_is_said_and_the_rest_told(run: FloodRun, tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    recorded(path, run)
    recording = Recording(path)
    middle = next(
        c for c in recording.chunks if c.start_ns > run.start_ns + 100 * 10**9 and c.channels & 4
    )
    late = next(c for c in recording.chunks if c.start_ns > run.start_ns + 200 * 10**9)
    recording.close()
    data = bytearray(path.read_bytes())
    data[middle.offset + middle.length // 2] ^= 0xFF
    path.write_bytes(data)
    found = find(ReportOptions(where=str(path)))
    assert found.chronicle.last_seq == run.events[-1].seq
    assert any("missing" in text for text in found.chronicle.missing)
    assert any("damaged" in text for text in found.source.missing)
    room = room_of(run.events)
    assert found.chronicle.state_hash == room.state_hash(), "a whole room stands behind the hole"
    path.write_bytes(data[: late.offset])
    cut = find(ReportOptions(where=str(path)))
    assert middle.start_ns < cut.chronicle.last_ns < run.start_ns + 290 * 10**9
    assert cut.chronicle.state_hash == ""
    assert "Not stated: facts before it are missing" in html_of(compose(cut))


def test_a_changed_row_of_a_journal_ends_what_is_told(run: FloodRun, tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journalled(path, run)
    database = apsw.Connection(str(path))
    for (trigger,) in list(
        database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    ):
        database.execute(f"DROP TRIGGER {trigger}")
    database.execute("UPDATE events SET actor = 'Eve' WHERE seq = 20")
    database.close()
    found = find(ReportOptions(where=str(path)))
    assert found.chronicle.last_seq == 19
    assert any("Row 20" in text for text in found.source.missing)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.mcap", None, "There is no recording or journal of this name"),
        ("empty.mcap", b"", "The recording is empty"),
        ("words.mcap", b"no recording at all, only words", "This is no recording of Civitwin"),
        ("none.sqlite", None, "There is no recording or journal of this name"),
        ("words.sqlite", b"no journal at all, only words" * 50, "cannot be read as a journal"),
    ],
)
def test_no_log_at_all_is_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TwinError, match=sentence) as told:
        find(ReportOptions(where=str(path)))
    assert "\n" not in str(told.value)
