"""A scene that waits for its audience: real processes, a window on a screen, a pressed key."""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from twin.clock import NS_PER_S
from twin.theme import Theme, load_theme

pytestmark = [pytest.mark.display, pytest.mark.timeout(300)]
SCENE = Path(__file__).parent / "scenes" / "waits.yaml"
LIMIT_S = 120.0
#: The audience thinks about it so long, seconds.
THINKS_S = 4.0
_SPACE = 0x20


class Keyboard:
    """Presses keys as a person does: the server sends them to whatever has the focus."""

    def __init__(self) -> None:
        x11, xtst = (ctypes.util.find_library(name) for name in ("X11", "Xtst"))
        if x11 is None or xtst is None:
            pytest.skip("keys cannot be pressed here: libX11 and libXtst are needed")
        self._x11, self._xtst = ctypes.CDLL(x11), ctypes.CDLL(xtst)
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._display = ctypes.c_void_p(self._x11.XOpenDisplay(None))

    def press(self, keysym: int) -> None:
        """Down and up."""
        code = self._x11.XKeysymToKeycode(self._display, ctypes.c_ulong(keysym))
        for is_down in (1, 0):
            self._xtst.XTestFakeKeyEvent(self._display, code, is_down, ctypes.c_ulong(0))
        self._x11.XSync(self._display, 0)

    def close(self) -> None:
        self._x11.XCloseDisplay(self._display)


@pytest.fixture
def keyboard() -> Iterator[Keyboard]:
    made = Keyboard()
    yield made
    made.close()


class Play:
    """``civitwin play`` of the scene, on the screen."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._folder, self._said = folder, folder / "said"
        command = [sys.executable, "-m", "viewer.cli", "play", str(SCENE), *arguments]
        command += ["--keep", str(folder / "kept"), "--report", str(folder / "r.json")]
        with self._said.open("w") as said:
            self.process = subprocess.Popen(command, stdout=said, stderr=said)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def cues(self, kind: str) -> list[dict[str, Any]]:
        """What was shown so far, the oldest first."""
        journal = self._folder / "kept" / "journal.sqlite"
        if not journal.exists():
            return []
        try:
            with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as opened:
                rows = opened.execute("SELECT body FROM events WHERE kind='cue.shown'").fetchall()
        except sqlite3.OperationalError:  # it is just being made
            return []
        return [cue for (body,) in rows if (cue := json.loads(body))["kind"] == kind]

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds while the scene is played."""
        end_s = time.monotonic() + LIMIT_S
        while not holds():
            assert self.process.poll() is None, self._said.read_text()
            assert time.monotonic() < end_s, self._said.read_text()
            time.sleep(0.1)

    def report(self) -> dict[str, Any]:
        """What came of it; waits for the end."""
        assert self.process.wait(LIMIT_S) == 0, self._said.read_text()
        read: dict[str, Any] = json.loads((self._folder / "r.json").read_text())
        return read


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[..., Play]]:
    """Starts the scene with some arguments."""
    started: list[Play] = []

    def start(*arguments: str) -> Play:
        started.append(Play(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.close()


def share_of_caption(app: QApplication, theme: Theme) -> float:
    """How much of where a caption begins is in the colour of its box; of the whole screen."""
    image = app.primaryScreen().grabWindow(0).toImage()
    width, height = image.width(), image.height()
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(height, -1)[:, : 3 * width]
    picture = data.reshape(height, width, 3).astype(float)
    box = picture[int(0.86 * height) : int(0.94 * height), int(0.03 * width) : int(0.15 * width)]
    panel = QColor(theme.ui["panel"])
    ink = np.array([panel.red(), panel.green(), panel.blue()], float)
    return float((np.abs(box - ink).max(axis=2) < 6).mean())


def test_it_waits_in_a_window_and_its_clock_stands(
    play: Callable[..., Play], keyboard: Keyboard
) -> None:
    scene = play("--window", "960x600")
    scene.until(lambda: bool(scene.cues("caption")))
    (asked,) = scene.cues("caption")
    assert (asked["title"], asked["text"]) == (
        "Press Space to go on",
        "Are there questions so far?",
    )
    assert asked["pace"] == 0.0
    time.sleep(THINKS_S)
    assert len(scene.cues("caption")) == 1, "nobody has pressed a key"
    assert not scene.cues("highlight")
    keyboard.press(_SPACE)
    scene.until(lambda: bool(scene.cues("highlight")))
    went_on = scene.cues("caption")[1]
    assert went_on.get("text", "") == ""
    assert went_on["pace"] == 1.0
    waited_s = (went_on["t_ns"] - asked["t_ns"]) / NS_PER_S
    assert waited_s >= THINKS_S
    assert went_on["scene_s"] - asked["scene_s"] < 0.3, "the scene's clock stood"
    (then,) = scene.cues("highlight")
    assert then["scene_s"] - asked["scene_s"] < 1.0
    report = scene.report()
    assert report["failures"] == []
    assert 6.0 <= report["scene_seconds"] < 6.0 + THINKS_S, "waiting is no time of the scene"


def test_a_kiosk_shows_the_question_and_hears_only_what_comes_after_it(
    play: Callable[..., Play], keyboard: Keyboard, qapp: QApplication
) -> None:
    theme = load_theme("dark")
    scene = play("--kiosk")
    scene.until(lambda: bool(scene.cues("scene")))
    keyboard.press(_SPACE)  # nothing was asked yet
    scene.until(lambda: bool(scene.cues("caption")))
    scene.until(lambda: share_of_caption(qapp, theme) > 0.6)
    time.sleep(THINKS_S)
    assert len(scene.cues("caption")) == 1, "the key that was pressed before does not count"
    keyboard.press(_SPACE)
    scene.until(lambda: len(scene.cues("caption")) > 1)
    scene.until(lambda: share_of_caption(qapp, theme) < 0.4)
    assert scene.report()["failures"] == []
