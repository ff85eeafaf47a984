"""The units board, over the real core: lanes, filters, out of service, dispatching."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.widgets.hub_panel import *  # noqa: F403
from tests.widgets.hub_panel import shown
from tests.widgets.hub_world import HubWorld
from twin.session import ComposeRequest, Selection
from twin.unit_board import Standing
from widgets.panels.units import UnitsPanel


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
    qtbot.mouseClick(panel.take_out, Qt.MouseButton.LeftButton)
    assert "Say why" in panel.problem.text()
    panel.reason.setText("Flat tyre")
    qtbot.mouseClick(panel.take_out, Qt.MouseButton.LeftButton)
    world.sync()
    assert list(listed(panel)) == ["OUT"]
    assert panel.name.text() == "Ambulance 1: out of service (Flat tyre, Ada)"
    assert not panel.dispatch.isVisible()
    qtbot.mouseClick(panel.put_back, Qt.MouseButton.LeftButton)
    world.sync()
    assert list(listed(panel)) == ["AVAILABLE"]


def test_dispatching_opens_the_form_for_the_unit(
    world: HubWorld, panel: UnitsPanel, qtbot: QtBot
) -> None:
    asked: list[ComposeRequest] = []
    world.session.compose_requested.connect(asked.append)
    world.session.select(Selection(unit_id="amb-1"))
    assert panel.dispatch.isVisible()
    qtbot.mouseClick(panel.dispatch, Qt.MouseButton.LeftButton)
    assert asked == [ComposeRequest(target_id="amb-1", type_id="unit.dispatch")]
    flown: list[object] = []
    world.session.fly_to_requested.connect(flown.append)
    qtbot.mouseClick(panel.fly, Qt.MouseButton.LeftButton)
    assert len(flown) == 1
