"""The list of what is in view: read aloud, walked by keyboard."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.session import Selection
from widgets.in_view_list import InViewLine


def line(name: str, selection: Selection, x: float = 0.0) -> InViewLine:
    return InViewLine(
        title=name,
        detail="pump station · 320 m north",
        text=f"{name}, pump station, middle of the picture, 320 m north",
        selection=selection,
        xyz_local_m=(x, 0.0, 0.0),
    )


FIRST = line("Pump 1", Selection(thing_id="pump-0"))
SECOND = line("Bus 12", Selection(unit_id="bus-12"), x=40.0)


def test_lines_are_read_whole_by_a_screen_reader(full_world, context, open_panel) -> None:
    context.in_view.ask = lambda: (FIRST, SECOND)
    panel = open_panel("in_view")
    panel.refresh()
    QAbstractItemModelTester(panel.model)
    spoken = panel.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Pump 1, pump station, middle of the picture, 320 m north"
    assert panel.model.index(1).data().startswith("Bus 12\n")


def test_keys_inspect_and_fly(full_world, context, open_panel) -> None:
    context.in_view.ask = lambda: (FIRST, SECOND)
    panel = open_panel("in_view")
    panel.refresh()
    flights = []
    full_world.session.fly_to_requested.connect(flights.append)
    panel.list.setFocus()
    panel.list.setCurrentIndex(panel.model.index(1))
    QTest.keyClick(panel, Qt.Key.Key_Space)
    assert flights[0][:3] == (40.0, 0.0, 0.0)
    panel.list.activated.emit(panel.model.index(1))
    assert full_world.session.selection == Selection(unit_id="bus-12")


def test_the_place_in_the_list_is_kept(full_world, context, open_panel) -> None:
    shown = [(FIRST, SECOND)]
    views = [0]
    context.in_view.ask = lambda: shown[-1]
    context.in_view.version = lambda: views[-1]
    panel = open_panel("in_view")
    panel.refresh()
    panel.list.setCurrentIndex(panel.model.index(1))
    shown.append((SECOND,))
    views.append(1)
    full_world.clock.advance_s(1.5)
    panel.refresh()
    assert panel.list.currentIndex().row() == 0
    assert panel.model.lines == (SECOND,)


def test_a_resting_view_is_read_seldom(full_world, context, open_panel) -> None:
    asked = []

    def ask():
        asked.append(1)
        return ()

    context.in_view.ask = ask
    panel = open_panel("in_view")
    before = len(asked)
    for _ in range(20):
        full_world.clock.advance_s(0.2)
        panel.refresh()
    assert len(asked) - before <= 1
    assert "Nothing with a name" in panel._empty.sentence()
