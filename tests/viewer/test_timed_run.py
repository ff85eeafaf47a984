"""A run that ends by itself: what it leaves behind, and that it waits for the picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from tests.viewer.console_parts import small_session
from viewer.run_recorder import RunRecorder
from viewer.timed_run import TimedRun
from widgets.bridge import Bridge


class Rig:
    def __init__(self) -> None:
        self.bridge, session = Bridge(), small_session()
        self.recorder = RunRecorder(session)
        self.n_closed = 0
        self.run = TimedRun(
            session=session, bridge=self.bridge, recorder=self.recorder, picture=_green,
            close=self._close,
        )  # fmt: skip

    def _close(self) -> None:
        self.n_closed += 1


def _green() -> QImage:
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    image.fill(QColor("green"))
    return image


@pytest.fixture
def rig(qtbot: QtBot) -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.bridge.close()


def test_it_waits_for_the_first_picture_and_closes(
    rig: Rig, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viewer.timed_run._LOOK_AGAIN_MS", 10)
    picture, report = tmp_path / "shot.png", tmp_path / "report.json"
    rig.run.end_after(0.0, screenshot=picture, report=report, rehearse=False)
    drawn: list[bool] = []

    def draw() -> None:
        drawn.append(picture.exists() or rig.n_closed > 0)
        rig.recorder.note_frame(1.0)

    rig.bridge.after(100, draw)
    qtbot.waitUntil(lambda: rig.n_closed == 1)
    assert drawn == [False], "nothing was saved before the city was drawn"
    assert QImage(str(picture)).pixelColor(1, 1) == QColor("green")
    assert json.loads(report.read_text())["frames"] == 1
    assert rig.run.exit_status == 0


def test_what_cannot_be_written_is_told_by_the_exit_status(
    rig: Rig, qtbot: QtBot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig.recorder.note_frame(1.0)
    absent = tmp_path / "absent" / "report.json"
    rig.run.end_after(0.0, screenshot=None, report=absent, rehearse=False)
    qtbot.waitUntil(lambda: rig.n_closed == 1)
    assert rig.run.exit_status == 1
    assert str(absent) in caplog.text


def test_so_does_a_picture(rig: Rig, tmp_path: Path) -> None:
    rig.run.save_picture(tmp_path / "absent" / "shot.png")
    assert rig.run.exit_status == 1
