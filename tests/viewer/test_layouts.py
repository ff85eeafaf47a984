"""Workspaces of operators and roles, docks on screens that come and go, filters as text."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QTabBar,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.viewer.window_rig import Console, make, show, shown_panels
from viewer.floating_docks import FloatingDocks, FloatPlace, Monitor, box_on, place_on
from viewer.main_window import MainWindow
from viewer.role_starts import ANYBODY, ROLE_STARTS, start_of
from viewer.settings import Settings
from viewer.workspaces import WORKSPACES, shows
from widgets.panel import panel_registry
from widgets.parts.filters import as_filter, filter_text, take_filter_text

__all__ = ["make"]  # the fixture
LEFT, RIGHT = Monitor("A", (0, 0, 1920, 1080)), Monitor("B", (1920, 0, 2560, 1440))


def test_every_panel_of_a_role_and_workspace_is_there() -> None:
    panels = panel_registry().ids()
    for start in ROLE_STARTS:
        assert start.workspace in {w.id for w in WORKSPACES}
        for workspace, extra in start.panels.items():
            assert workspace in {w.id for w in WORKSPACES}
            assert set(extra) <= set(panels) | {"shift"}, start.role
    for workspace in WORKSPACES:
        shown = [record for record in panel_registry() if shows(workspace, record)]
        assert len(shown) >= 4, workspace.id
        assert len({record.area for record in shown}) >= 2, workspace.id


def test_somebody_with_several_roles_begins_as_the_weightiest() -> None:
    assert start_of(("operator", "shift_leader")).role == "shift_leader"
    assert start_of(("auditor",)).workspace == "review"
    assert start_of(()) is ANYBODY
    assert start_of(("clown",)) is ANYBODY


def test_a_role_begins_where_it_works(make: Callable[[], Console], qtbot: QtBot) -> None:
    window = show(make(), qtbot)
    window.layouts._settings.forget_layouts("Ada")
    window.take_roles(("auditor",))
    assert window.workspace == "review"
    window.show_workspace("monitor")
    window.take_roles(("auditor",))
    assert window.workspace == "monitor", "only once"


def test_who_has_worked_here_stays_where_they_were(
    make: Callable[[], Console], qtbot: QtBot
) -> None:
    first = make()
    window = show(first, qtbot)
    window.show_workspace("monitor")
    first.close()
    second = make()
    window = second.open()
    window.take_roles(("auditor",))
    assert window.workspace == "monitor"


def test_layouts_are_kept_for_each_operator_and_for_a_role(
    make: Callable[[], Console], qtbot: QtBot
) -> None:
    console = make()
    window = show(console, qtbot)
    window.take_roles(("auditor",))
    window.show_workspace("overview")
    window.docks["layers"].close()
    window.layouts.keep_for_role()
    assert window.layouts.has_role_layout
    window.docks["layers"].show()
    window.docks["sensors"].close()
    console.close()
    again = make()
    window = again.open()
    window.show()
    assert not window.docks["layers"].isHidden()
    assert window.docks["sensors"].isHidden(), "Ada's own"
    window.take_roles(("auditor",))
    window.reset_layout()
    assert window.docks["layers"].isHidden(), "what is kept for auditors"
    assert not window.docks["sensors"].isHidden()
    window.layouts.forget_role()
    window.reset_layout()
    assert shown_panels(window) == {"layers", "sensors", "inspector", "commands"}


def test_a_panel_that_is_opened_later_is_a_tab_of_its_column(
    make: Callable[[], Console], qtbot: QtBot
) -> None:
    window = show(make(), qtbot, 1600, 800)
    window.show_workspace("review")
    dock = window.docks["commands"]
    assert dock.isHidden()
    window.show_panel("commands")
    assert not dock.isHidden()
    assert window.docks["inspector"] in window.tabifiedDockWidgets(dock)


def test_a_floating_dock_comes_back_with_its_workspace(
    make: Callable[[], Console], qtbot: QtBot
) -> None:
    first = make()
    window = show(first, qtbot, 1000, 700)
    window.float_panel("inspector")
    dock = window.docks["inspector"]
    dock.setGeometry(60, 80, 300, 260)
    qtbot.waitUntil(lambda: dock.geometry().getRect() == (60, 80, 300, 260))
    window.show_workspace("monitor")
    assert not dock.isFloating()
    window.show_workspace("overview")
    assert dock.isFloating()
    assert dock.geometry().getRect() == (60, 80, 300, 260)
    first.close()
    second = make()
    window = second.open()
    window.show()
    dock = window.docks["inspector"]
    assert dock.isFloating()
    assert dock.geometry().getRect() == (60, 80, 300, 260)
    window.reset_layout()
    assert not dock.isFloating()


# --- screens --------------------------------------------------------------------------------------


def test_a_place_is_kept_by_its_screen() -> None:
    place = place_on((2000, 100, 600, 400), (LEFT, RIGHT))
    assert place == FloatPlace(screen="B", screen_box=RIGHT.box, box=(80, 100, 600, 400))
    assert box_on(place, (LEFT, RIGHT)) == (2000, 100, 600, 400)
    assert box_on(place, (LEFT,)) is None
    above = Monitor("B", (0, -1440, 2560, 1440))
    assert box_on(place, (LEFT, above)) == (80, -1340, 600, 400), "it goes where its screen went"
    renamed = Monitor("C", RIGHT.box)
    assert box_on(place, (LEFT, renamed)) == (2000, 100, 600, 400)
    smaller = Monitor("B", (1920, 0, 1280, 720))
    assert box_on(place, (LEFT, smaller)) is None, "another screen under the same name"
    assert place_on((9000, 9000, 10, 10), (LEFT, RIGHT)) is None


@pytest.mark.parametrize("box", [(5000, 0, 600, 400), (0, -300, 9000, 9000), (0, 0, 1, 1)])
def test_what_comes_back_lies_on_its_screen(box: tuple[int, int, int, int]) -> None:
    place = FloatPlace(screen="B", screen_box=RIGHT.box, box=box)
    found = box_on(place, (RIGHT,))
    assert found is not None
    x, y, width, height = found
    assert x >= 1920
    assert x + width <= 1920 + 2560
    assert y >= 0
    assert y + height <= 1440
    assert min(width, height) >= 80


def test_docks_come_home_from_a_lost_screen_and_go_back(
    make: Callable[[], Console], qtbot: QtBot
) -> None:
    window = show(make(), qtbot)
    screens: list[Monitor] = [LEFT, RIGHT]
    floating = FloatingDocks(window.docks, lambda: screens)
    dock = window.docks["inspector"]
    place = FloatPlace(screen="B", screen_box=RIGHT.box, box=(80, 100, 600, 400))
    text = f'{{"inspector":{_json(place)}}}'
    floating.restore(text)
    assert dock.isFloating()
    assert dock.geometry().getRect() == (2000, 100, 600, 400)
    before = list(screens)
    screens.remove(RIGHT)
    floating.note_lost(before)
    assert not dock.isFloating()
    assert not dock.isHidden()
    assert floating.text() == text, "it is remembered while its screen is gone"
    screens.append(RIGHT)
    floating.follow_screens()
    assert dock.isFloating()
    assert dock.geometry().getRect() == (2000, 100, 600, 400)
    screens.remove(RIGHT)
    floating.restore(text)
    assert not dock.isFloating(), "a console that starts without the screen has it at home"
    dock.close()
    screens.append(RIGHT)
    floating.follow_screens()
    assert dock.isHidden(), "what somebody closed meanwhile stays closed"
    floating.restore("{not json")
    floating.close()
    window.layouts.floating.restore("")


def _json(place: FloatPlace) -> str:
    import msgspec

    return msgspec.json.encode(place).decode()


def test_floating_places_are_kept_with_the_workspace(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "a.ini")
    settings.set_floating("monitor", '{"a":1}', "Ada")
    assert settings.floating("monitor", "Ada") == '{"a":1}'
    assert settings.floating("monitor", "Ben") == ""
    settings.forget_layouts("Ada")
    assert settings.floating("monitor", "Ada") == ""


# --- filters --------------------------------------------------------------------------------------


class Filtered(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.kind, self.mine = QLineEdit(), QComboBox(), QCheckBox()
        self.other = QLineEdit("not a filter")
        self.kind.addItems(["All", "Pump", "Gate"])
        layout = QVBoxLayout(self)
        for widget, name in ((self.words, "words"), (self.kind, "kind"), (self.mine, "mine")):
            as_filter(widget, name)
            layout.addWidget(widget)
        layout.addWidget(self.other)


def test_filters_go_over_as_text(qtbot: QtBot) -> None:
    one, two = Filtered(), Filtered()
    qtbot.addWidget(one)
    qtbot.addWidget(two)
    assert filter_text(one) == ""
    one.words.setText("harbour")
    one.kind.setCurrentIndex(2)
    one.mine.setChecked(True)
    take_filter_text(two, filter_text(one))
    assert (two.words.text(), two.kind.currentText()) == ("harbour", "Gate")
    assert two.mine.isChecked()
    assert two.other.text() == "not a filter"
    for rubbish in ('{"kind": "Tram", "words": 3, "mine": "x"}', "[1]", "{"):
        take_filter_text(two, rubbish)
    assert (two.words.text(), two.kind.currentIndex(), two.mine.isChecked()) == ("", 0, False)


def test_workspaces_changed_fast_leave_no_tabs_of_closed_docks(
    make: Callable[[], Console], qtbot: QtBot
) -> None:
    window = show(make(), qtbot)
    window.resize(1920, 1080)
    chance = random.Random(1)
    for _ in range(40):
        window.show_workspace(chance.choice(WORKSPACES).id)
        for _ in range(chance.choice((0, 1, 1, 3))):
            QApplication.processEvents()
        if chance.random() < 0.3:
            qtbot.wait(100)
            assert tab_trouble(window) == []


def tab_trouble(window: MainWindow) -> list[str]:
    """Bars that are seen without two docks to choose from; docks behind others without a bar."""
    docks = {d.record.title: d for d in window.docks.values()}
    bars = [
        bar
        for bar in window.findChildren(
            QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly
        )
        if bar.isVisible() and bar.geometry().intersects(window.rect())
    ]  # fmt: skip
    titles = [[bar.tabToolTip(i) for i in range(bar.count())] for bar in bars]
    trouble = [
        f"{bar} over {window.workspace}"
        for bar in titles
        if sum(not docks[title].isHidden() for title in bar) < 2
    ]
    for title, dock in docks.items():
        together = [d for d in window.tabifiedDockWidgets(dock) if not d.isHidden()]
        if together and not dock.isHidden() and not any(title in bar for bar in titles):
            trouble.append(f"no tab for {title} in {window.workspace}")
    return trouble
