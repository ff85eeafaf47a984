"""The units board, over the real core: lanes, filters, out of service, dispatching."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.widgets.hub_panel import *  # noqa: F403
from tests.widgets.hub_panel import shown
from tests.widgets.hub_world import HubWorld
from twin.room.parts.incidents import Incidents
from twin.session import ComposeRequest, Selection
from twin.unit_board import Standing
from widgets.panels.incidents import IncidentsPanel
from widgets.panels.units import UnitsPanel
from widgets.parts.unit_drag import units_in


@pytest.fixture
def panel(world: HubWorld, qtbot: QtBot) -> Iterator[UnitsPanel]:
    with shown(UnitsPanel, world, qtbot, (1200, 260)) as made:
        yield made


def listed(panel: UnitsPanel) -> dict[str, list[str]]:
    found = {}
    for lane in panel.lanes:
        rows = [lane.model.index(n).data() for n in range(lane.model.rowCount())]
        found[lane.standing.name] = rows
    return {name: rows for name, rows in found.items() if rows}


def choose(panel: UnitsPanel, unit_id: str) -> None:
    for lane in panel.lanes:
        at = lane.model.row_of(unit_id)
        if at >= 0:
            lane.list.setCurrentIndex(lane.model.index(at))


def test_units_that_can_be_sent_are_listed_first_the_others_on_demand(panel: UnitsPanel) -> None:
    assert listed(panel) == {"AVAILABLE": ["Ambulance · fire  1", "Ambulance 1"]}
    panel.all.setChecked(True)
    assert listed(panel)["AVAILABLE"][2:] == ["Bus · transport  1", "Bus 12"]
    panel.text.setText("bus")
    assert listed(panel) == {"AVAILABLE": ["Bus · transport  1", "Bus 12"]}
    panel.text.clear()
    panel.kind.setCurrentIndex(panel.kind.findData("ambulance"))
    assert listed(panel) == {"AVAILABLE": ["Ambulance · fire  1", "Ambulance 1"]}


def test_what_is_noted_on_an_incident_moves_a_unit_to_its_lane(
    world: HubWorld, panel: UnitsPanel
) -> None:
    incident = {"id": "i1", "title": "Fire in Mill Lane", "kind": "fire", "severity": "severe"}
    world.act("ben", "incident.open", incident)
    unit = {"id": "i1", "unit_id": "amb-1", "name": "Ambulance 1", "eta_s": 180.0}
    world.act("ben", "incident.unit", unit | {"status": "en_route"})
    world.sync()
    assert list(listed(panel)) == ["EN_ROUTE"]
    row = panel.lanes[Standing.EN_ROUTE].model
    told = row.index(row.row_of("amb-1")).data(Qt.ItemDataRole.AccessibleTextRole)
    assert told == "Ambulance 1, Fire in Mill Lane, in 3 min"


def test_a_unit_is_taken_out_with_a_reason_and_put_back(
    world: HubWorld, panel: UnitsPanel, qtbot: QtBot
) -> None:
    choose(panel, "amb-1")
    assert world.session.selection == Selection(unit_id="amb-1")
    qtbot.mouseClick(panel.deeds.open_leaving, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.deeds.take_out, Qt.MouseButton.LeftButton)
    assert "Say why" in panel.problem.text()
    qtbot.keyClick(panel.deeds.reason, Qt.Key.Key_Escape)
    assert not panel.deeds.is_leaving
    qtbot.mouseClick(panel.deeds.open_leaving, Qt.MouseButton.LeftButton)
    panel.deeds.reason.setText("Flat tyre")
    qtbot.mouseClick(panel.deeds.take_out, Qt.MouseButton.LeftButton)
    world.sync()
    assert list(listed(panel)) == ["OUT"]
    assert panel.deeds.name.text() == "Ambulance 1: out of service (Flat tyre, Ada)"
    assert not panel.deeds.dispatch.isVisible()
    qtbot.mouseClick(panel.deeds.put_back, Qt.MouseButton.LeftButton)
    world.sync()
    assert list(listed(panel)) == ["AVAILABLE"]


def test_dispatching_opens_the_form_for_the_unit(
    world: HubWorld, panel: UnitsPanel, qtbot: QtBot
) -> None:
    asked: list[ComposeRequest] = []
    world.session.compose_requested.connect(asked.append)
    world.session.select(Selection(unit_id="amb-1"))
    assert panel.deeds.dispatch.isVisible()
    qtbot.mouseClick(panel.deeds.dispatch, Qt.MouseButton.LeftButton)
    assert asked == [ComposeRequest(target_id="amb-1", type_id="unit.dispatch")]
    flown: list[object] = []
    world.session.fly_to_requested.connect(flown.append)
    qtbot.mouseClick(panel.deeds.fly, Qt.MouseButton.LeftButton)
    assert len(flown) == 1


# --- incidents -----------------------------------------------------------------------------------

FIRE = {"id": "i1", "title": "Fire in Mill Lane", "kind": "fire", "severity": "severe"}
FLOOD = {"id": "i2", "title": "Water in the underpass", "kind": "flood", "severity": "moderate"}


def put(world: HubWorld, *incidents: dict[str, object]) -> None:
    for incident in incidents:
        world.act("ben", "incident.open", dict(incident))
    world.sync()


def units_of(world: HubWorld, incident_id: str) -> dict[str, str]:
    incident = world.session.hub.room[Incidents].by_id.get(incident_id)
    assert incident is not None
    return {one.unit_id: one.status for one in incident.units}


def add_to_chosen(panel: UnitsPanel, unit_id: str, qtbot: QtBot) -> None:
    """Ctrl and a click on the row."""
    for lane in panel.lanes:
        at = lane.model.row_of(unit_id)
        if at >= 0:
            where = lane.list.visualRect(lane.model.index(at)).center()
            held = Qt.KeyboardModifier.ControlModifier
            qtbot.mouseClick(lane.list.viewport(), Qt.MouseButton.LeftButton, held, where)


def test_without_an_incident_nothing_can_be_assigned(world: HubWorld, panel: UnitsPanel) -> None:
    choose(panel, "amb-1")
    assert panel.deeds.assign.isVisible()
    assert not panel.deeds.assign.isEnabled()
    assert panel.deeds.assign.toolTip() == "No incident is open"
    put(world, FIRE)
    assert panel.deeds.assign.isEnabled()
    assert not panel.deeds.free.isVisible()


def test_a_unit_is_assigned_with_the_keyboard_and_freed(
    world: HubWorld, panel: UnitsPanel, qtbot: QtBot
) -> None:
    put(world, FIRE, FLOOD | {"xyz": [50.0, 0.0, 0.0]})
    choose(panel, "amb-1")
    panel.deeds.assign.setFocus()
    qtbot.keyClick(panel.deeds.assign, Qt.Key.Key_Space)
    page = panel.page
    assert page.isVisible()
    assert not panel.deeds.isVisible()
    rows = [page.model.index(n).data() for n in range(page.model.rowCount())]
    heading = "Assign Ambulance 1 to (nearest first)"
    assert rows == [heading, "Water in the underpass", "Fire in Mill Lane"]
    told = page.model.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert told.startswith("Water in the underpass, flood · moderate · no unit yet, ")
    assert told.endswith(" m"), "the distance"
    assert page.confirm.full_text == "Assign Ambulance 1 to Water in the underpass"
    qtbot.keyClick(page.list, Qt.Key.Key_Escape)
    assert not page.isVisible()
    qtbot.mouseClick(panel.deeds.assign, Qt.MouseButton.LeftButton)
    qtbot.keyClick(page.list, Qt.Key.Key_Down)
    qtbot.keyClick(page.list, Qt.Key.Key_Return)
    assert not page.isVisible()
    assert panel.deeds.name.text() == (
        "Ambulance 1: available. Asked; waits for the hub (Fire in Mill Lane)"
    )
    world.sync()
    assert units_of(world, "i1") == {"amb-1": "assigned"}
    assert list(listed(panel)) == ["ASSIGNED"]
    assert panel.deeds.name.text() == "Ambulance 1: assigned, Fire in Mill Lane"
    assert panel.lanes[Standing.ASSIGNED].chosen() == ["amb-1"], "it stays chosen in its new lane"
    qtbot.mouseClick(panel.deeds.free, Qt.MouseButton.LeftButton)
    world.sync()
    assert units_of(world, "i1") == {"amb-1": "released"}
    assert list(listed(panel)) == ["AVAILABLE"]


def test_several_units_of_several_lanes_are_assigned_together(
    world: HubWorld, panel: UnitsPanel, qtbot: QtBot
) -> None:
    put(world, FIRE, FLOOD)
    body = {"id": "i1", "unit_id": "bus-12", "name": "Bus 12", "status": "on_scene"}
    world.act("ben", "incident.unit", body)
    world.sync()
    choose(panel, "amb-1")
    add_to_chosen(panel, "bus-12", qtbot)
    assert panel.deeds.name.text() == "2 units: Ambulance 1 and Bus 12"
    assert not panel.deeds.fly.isVisible()
    assert not panel.deeds.open_leaving.isVisible()
    lane = panel.lanes[Standing.AVAILABLE]
    carried = lane.model.mimeData([lane.model.index(lane.model.row_of("amb-1"))])
    assert units_in(carried) == ("amb-1", "bus-12"), "what is chosen is dragged together"
    qtbot.mouseClick(panel.deeds.assign, Qt.MouseButton.LeftButton)
    flood = panel.page.model.index(panel.page.model.row_of("i2"))
    panel.page.list.setCurrentIndex(flood)
    assert panel.page.confirm.full_text == "Assign 2 units to Water in the underpass"
    qtbot.mouseClick(panel.page.confirm, Qt.MouseButton.LeftButton)
    assert panel.deeds.name.text().endswith("Asked for 2; waits for the hub")
    world.sync()
    assert units_of(world, "i2") == {"amb-1": "assigned", "bus-12": "assigned"}
    assert units_of(world, "i1") == {"bus-12": "released"}, "it works on one"
    panel.text.setText("ambulance")
    assert [row.unit.id for row in panel.chosen_rows()] == ["amb-1"], "the hidden one is let go"


def test_what_the_hub_refuses_is_told_and_nothing_moves(
    world: HubWorld, panel: UnitsPanel, qtbot: QtBot
) -> None:
    put(world, FIRE)
    choose(panel, "amb-1")
    qtbot.mouseClick(panel.deeds.assign, Qt.MouseButton.LeftButton)
    world.act("ben", "incident.close", {"id": "i1", "cause": "Toast"})  # not heard here yet
    qtbot.mouseClick(panel.page.confirm, Qt.MouseButton.LeftButton)
    world.sync()
    assert panel.problem.isVisible()
    assert panel.problem.text().startswith("The hub refused: ")
    assert "closed" in panel.problem.text()
    assert list(listed(panel)) == ["AVAILABLE"]
    assert "waits" not in panel.deeds.name.text()


def test_a_unit_on_an_incident_is_dispatched_to_its_place(
    world: HubWorld, panel: UnitsPanel, qtbot: QtBot
) -> None:
    put(world, FIRE | {"xyz": [120.0, -40.0, 0.0]})
    body = {"id": "i1", "unit_id": "amb-1", "name": "Ambulance 1", "status": "assigned"}
    world.act("ben", "incident.unit", body)
    world.sync()
    asked: list[ComposeRequest] = []
    world.session.compose_requested.connect(asked.append)
    choose(panel, "amb-1")
    qtbot.mouseClick(panel.deeds.dispatch, Qt.MouseButton.LeftButton)
    assert asked[0].args == {"x_m": 120.0, "y_m": -40.0, "place": "Fire in Mill Lane"}


def drop(onto: QWidget, at: QPoint, panel: UnitsPanel) -> bool:
    """Drag the ambulance there and let go; whether it was taken."""
    lane = panel.lanes[Standing.AVAILABLE]
    carried = lane.model.mimeData([lane.model.index(lane.model.row_of("amb-1"))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(onto, QDragEnterEvent(at, copy, carried, left, none))
    over = QDragMoveEvent(at, copy, carried, left, none)
    QApplication.sendEvent(onto, over)
    if not over.isAccepted():
        return False
    fallen = QDropEvent(QPointF(at), copy, carried, left, none)
    QApplication.sendEvent(onto, fallen)
    return fallen.isAccepted()


def test_a_unit_dropped_on_an_incident_of_the_list_is_put_on_it(
    world: HubWorld, panel: UnitsPanel, qtbot: QtBot
) -> None:
    put(world, FIRE, FLOOD)
    world.act("ben", "incident.close", {"id": "i2", "cause": "Dry"})
    world.sync()
    with shown(IncidentsPanel, world, qtbot, (300, 500)) as incidents:
        rows, view = incidents.model, incidents.list

        def middle(incident_id: str) -> QPoint:
            return view.visualRect(rows.index(rows.row_of(incident_id))).center()

        assert not drop(view.viewport(), middle("i2"), panel), "it is closed"
        assert drop(view.viewport(), middle("i1"), panel)
        world.sync()
        assert units_of(world, "i1") == {"amb-1": "assigned"}
        assert list(listed(panel)) == ["ASSIGNED"]
