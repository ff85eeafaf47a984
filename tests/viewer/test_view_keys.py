"""Keys for the views of a window: with one view, and with a host of several."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.viewer.console_parts import PlainView
from viewer.view_keys import ViewKeys

pytestmark = pytest.mark.display


class Host:
    """Several views, of which one may have a screen of its own."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.has_window = self.is_full = False

    def press_key(self, name: str) -> None:
        self.keys.append(name)

    def toggle_full_screen(self) -> bool:
        self.is_full = self.has_window
        return self.has_window

    def back_out(self) -> bool:
        was_full, self.is_full = self.is_full, False
        return was_full


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


def test_the_window_fills_the_screen_and_esc_brings_it_back(window: QWidget) -> None:
    keys = ViewKeys(window, PlainView().as_viewport())
    keys.toggle_full_screen()
    assert window.isFullScreen()
    assert keys.back_out()
    assert not window.isFullScreen()
    assert not keys.back_out(), "nothing is left to leave"


def test_a_view_with_a_window_goes_first(window: QWidget) -> None:
    keys, host = ViewKeys(window, PlainView().as_viewport()), Host()
    keys.host = host
    keys.press("F")
    assert host.keys == ["F"]
    keys.toggle_full_screen()
    assert window.isFullScreen(), "the active view has no window of its own"
    host.has_window = True
    keys.toggle_full_screen()
    assert (host.is_full, window.isFullScreen()) == (True, True)
    assert keys.back_out()
    assert (host.is_full, window.isFullScreen()) == (False, True)
    assert keys.back_out()
    assert not window.isFullScreen()
