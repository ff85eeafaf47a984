"""What a command would change is drawn in a real view, and a drill is written over it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from tests.viewer.views_rig import Console, opened_console, wait_for_rest
from twin.commands.preview import Preview, PreviewArea
from twin.theme import rgb_from_hex


@pytest.fixture
def console(qtbot: QtBot) -> Iterator[Console]:
    yield from opened_console(qtbot)


def pixels(console: Console) -> np.ndarray:
    """(rows, columns, 3) of the view as it is drawn now."""
    image = console.first.viewport.grab_image().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def near(console: Console, colour: str) -> int:
    """How many pixels of the view are about this colour."""
    wanted = np.array([round(255 * part) for part in rgb_from_hex(colour)])
    return int((np.abs(pixels(console) - wanted).max(axis=2) < 40).sum())


@pytest.mark.display
def test_a_preview_comes_and_goes_without_being_asked_twice(console: Console, qtbot: QtBot) -> None:
    accent = console.theme.ui["accent"]
    wait_for_rest(qtbot, console.first)
    before = near(console, accent)
    area = PreviewArea(label="Heard here", centre=(0.0, 0.0, 0.0), radius_m=120.0)
    console.session.show_preview("test", Preview(things=("pump.3",), areas=(area,)))
    qtbot.waitUntil(lambda: near(console, accent) > before + 150, timeout=10_000)
    console.session.show_preview("test", None)
    qtbot.waitUntil(lambda: near(console, accent) <= before + 5, timeout=10_000)


@pytest.mark.display
def test_a_drill_is_written_over_the_view(console: Console, qtbot: QtBot) -> None:
    wait_for_rest(qtbot, console.first)
    live = pixels(console)
    console.session.hub.is_drill = True  # type: ignore[misc]
    console.first.driver.hurry()
    qtbot.waitUntil(
        lambda: (np.abs(pixels(console) - live) > 8).mean() > 0.005,
        timeout=10_000,
    )
