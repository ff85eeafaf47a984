"""Tabs of docks: names where they fit, icons where they do not, never a cut name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMainWindow, QTabBar
from pytestqt.qtbot import QtBot

from tests.viewer.console_parts import small_session
from twin.theme import load_theme
from widgets.actions import ActionTable
from widgets.bridge import Bridge
from widgets.dock_tabs import DockTabs
from widgets.panel import PanelContext, PanelType
from widgets.panel_dock import PanelDock

NAMES = ("Layers", "Sources", "Style", "Tools", "Bookmarks", "Sensors", "In view")


class Plain(QLabel):
    def __init__(self, _context: PanelContext) -> None:
        super().__init__("A panel")

    def refresh(self) -> None: ...

    def release(self) -> None: ...


class Window:
    def __init__(self) -> None:
        self.bridge = Bridge()
        theme = load_theme("light")
        context = PanelContext(
            session=small_session(), bridge=self.bridge, theme=theme, actions=ActionTable()
        )
        self.window = QMainWindow()
        self.window.setCentralWidget(QLabel("The view"))
        self.window.resize(1280, 720)
        self.docks = [
            PanelDock(
                PanelType(id=n.lower(), title=n, area="left", create=Plain, icon="layers"), context
            )
            for n in NAMES
        ]
        for dock in self.docks:
            self.window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        for dock in self.docks[1:]:
            self.window.tabifyDockWidget(self.docks[0], dock)
        self.tabs = DockTabs(self.window, self.docks, theme)

    def bar(self) -> QTabBar:
        (found,) = [b for b in self.window.findChildren(QTabBar) if b.isVisible()]
        return found


@pytest.fixture
def made(qtbot: QtBot) -> Iterator[Window]:
    one = Window()
    one.window.show()
    qtbot.waitExposed(one.window)
    one.docks[0].raise_()
    one.window.resizeDocks([one.docks[0]], [240], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: one.bar().width() < 260)
    one.tabs.refresh()
    yield one
    one.window.close()
    one.window.deleteLater()
    one.bridge.close()


def test_in_a_narrow_dock_only_the_front_tab_has_its_name(made: Window) -> None:
    bar = made.bar()
    assert [bar.tabText(i) for i in range(7)] == ["Layers", *[""] * 6]
    assert [bar.tabIcon(i).isNull() for i in range(7)] == [True, *[False] * 6]
    assert [bar.tabToolTip(i) for i in range(7)] == list(NAMES)
    assert [bar.accessibleTabName(i) for i in range(7)] == list(NAMES)


def test_another_tab_in_front_takes_the_name(made: Window, qtbot: QtBot) -> None:
    made.docks[4].raise_()
    qtbot.waitUntil(lambda: made.bar().currentIndex() == 4)
    made.tabs.refresh()
    bar = made.bar()
    assert [bar.tabText(i) for i in range(7)] == [*[""] * 4, "Bookmarks", "", ""]
    assert bar.tabIcon(4).isNull()
    assert not bar.tabIcon(0).isNull()


def test_a_wide_dock_names_all_of_them(made: Window, qtbot: QtBot) -> None:
    made.window.resizeDocks([made.docks[0]], [760], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: [made.bar().tabText(i) for i in range(7)] == list(NAMES))
    assert all(made.bar().tabIcon(i).isNull() for i in range(7))


def test_a_dock_that_leaves_its_tabs_is_named_again(made: Window, qtbot: QtBot) -> None:
    assert made.docks[2].windowTitle() == ""
    made.docks[2].setFloating(True)
    made.tabs.refresh()
    assert made.docks[2].windowTitle() == "Style"
    qtbot.waitUntil(lambda: made.bar().count() == 6)
