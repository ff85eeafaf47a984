"""A console's window with counting panels, without hub and city."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.viewer.console_parts import CountingPanel, PanelLog, PlainView, small_session
from twin.room.model import Operator
from twin.session import TwinSession
from twin.theme import load_theme
from viewer.main_window import MainWindow
from viewer.settings import Settings
from widgets.bridge import Bridge
from widgets.panel import Area, PanelType

ADA = Operator(name="Ada", department="control_room", console_id="c1")
PANELS: tuple[tuple[str, Area], ...] = (
    ("layers", "left"),
    ("sensors", "left"),
    ("inspector", "right"),
    ("commands", "right"),
    ("activity", "bottom"),
)


class Console:
    """A window with counting panels, and everything it was made of."""

    def __init__(self, path: Path, view: PlainView | None = None) -> None:
        self.logs = {panel_id: PanelLog() for panel_id, _area in PANELS}
        self.session: TwinSession = small_session()
        self.bridge = Bridge()
        self.view = view or PlainView()
        self.settings = Settings(path)

    def open(self) -> MainWindow:
        records = [
            PanelType(
                id=panel_id,
                title=panel_id.capitalize(),
                area=area,
                order=order,
                create=partial(CountingPanel, self.logs[panel_id]),
            )
            for order, (panel_id, area) in enumerate(PANELS)
        ]
        self.window = MainWindow(
            session=self.session,
            bridge=self.bridge,
            theme=load_theme(self.settings.theme),
            viewport=self.view.as_viewport(),
            settings=self.settings,
            operator=ADA,
            panels=records,
        )
        return self.window

    def close(self) -> None:
        self.window.close()
        self.bridge.close()


@pytest.fixture
def make(qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[[], Console]]:
    made: list[Console] = []

    def build() -> Console:
        console = Console(tmp_path / "console.ini")
        made.append(console)
        return console

    yield build
    for console in made:
        console.close()
        console.window.deleteLater()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setStyleSheet("")


def show(console: Console, qtbot: QtBot, width: int = 1600, height: int = 900) -> MainWindow:
    window = console.open()
    window.resize(width, height)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.reset_layout()
    return window


def shown_panels(window: MainWindow) -> set[str]:
    return {name for name, dock in window.docks.items() if not dock.isHidden()}
