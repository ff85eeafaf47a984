"""Which history a console asks from its start on, and what it remembers."""

from __future__ import annotations

from pathlib import Path

from tests.twin import recordings
from tests.viewer.console_parts import small_session
from twin.history.writing import HistoryWriter
from twin.playback.tape import RingTape
from twin.recording.reading import Recording
from viewer.past_driver import set_up_history
from viewer.settings import Settings


def test_a_chosen_folder_is_remembered_and_one_that_is_gone_passed_over(
    tmp_path: Path, qapp: object
) -> None:
    for name in ("one", "two"):
        HistoryWriter(tmp_path / name).close()
    settings = Settings(tmp_path / "console.ini")
    session = small_session()
    end = set_up_history(session, settings, tmp_path / "one", RingTape())
    assert session.history.folder == tmp_path / "one"
    assert settings.history_folder is None, "named for this run only"
    session.history.open_folder(tmp_path / "two")
    assert settings.history_folder == tmp_path / "two"
    end()
    again = small_session()
    set_up_history(again, settings, None, RingTape())()
    assert again.history.folder == tmp_path / "two"
    (tmp_path / "two" / "raw").rmdir()
    later = small_session()
    set_up_history(later, settings, None, RingTape())()
    assert later.history.is_empty
    assert settings.history_folder == tmp_path / "two"


def test_a_replay_asks_its_recording(tmp_path: Path, qapp: object) -> None:
    path = tmp_path / "a.mcap"
    recordings.record(path, n_seconds=5)
    recording = Recording(path)
    session = small_session()
    end = set_up_history(session, Settings(tmp_path / "console.ini"), None, recording)
    assert session.history.recording is recording
    end()
    recording.close()
