"""The panel of alarms over the real core: what is listed, answered and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget

from tests.twin.alarm_samples import a_flood
from tests.widgets.hub_world import HubWorld
from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.operations.alarm_book import Shown
from twin.room.parts.alarms import Alarms, AlarmState, Priority
from twin.room.parts.incidents import Incidents
from twin.session import Selection
from widgets.panel import PanelContext
from widgets.parts.activity_list import sentence_of
from widgets.parts.alarm_table import Column
from widgets.parts.alarm_words import facts_of_alarm

Open = Callable[[str], Any]


def raise_(world: HubWorld, *alarms: dict[str, Any], by: str = "ben") -> None:
    """Somebody raises alarms; Ada's session sees it."""
    given = [{"title": "Level is high", "priority": "high", **one} for one in alarms]
    world.act(by, "alarm.raise", {"alarms": given})
    world.sync()


def do(world: HubWorld, what: str, *ids: str, by: str = "ben", **more: Any) -> None:
    world.act(by, f"alarm.{what}", {"ids": list(ids), **more})
    world.sync()


PUMP = {
    "id": "high:pump-0", "thing_id": "pump-0", "thing_name": "Pump 1", "xyz": (0.0, -80.0, 0.0),
    "value_text": "3.81 m", "response": "Start the second pump", "department": "water",
    "rule": "level high",
}  # fmt: skip
GATE = {
    "id": "stuck:gate-0", "title": "Gate does not move", "priority": "critical",
    "thing_id": "gate-0", "thing_name": "North gate", "department": "water", "is_latched": True,
}  # fmt: skip
ROAD = {"id": "slow:road-0", "title": "Road is slow", "priority": "low", "department": "traffic"}


@pytest.fixture
def panel(hub_world: HubWorld, open_panel: Open, qtbot: Any) -> Any:
    made = open_panel("alarms")
    made.resize(1_100, 420)
    return made


def titles(panel: Any) -> list[str]:
    return [panel.model.index(row, Column.ALARM).data() for row in range(panel.model.rowCount())]


def cell(panel: Any, row: int, column: Column) -> str:
    return str(panel.model.index(row, column).data())


def state_of(world: HubWorld, alarm_id: str) -> AlarmState | None:
    alarm = world.session.hub.room[Alarms].by_id.get(alarm_id)
    return alarm.state if alarm is not None else None


def test_an_empty_panel_says_what_would_fill_it(panel: Any) -> None:
    assert "There is no alarm" in panel._empty.sentence()
    assert panel._pages.currentWidget() is panel._empty
    assert panel.count.text() == ""


def test_the_most_urgent_comes_first_with_place_state_value_and_age(
    panel: Any,
    hub_world: HubWorld,
) -> None:
    raise_(hub_world, PUMP, ROAD, GATE)
    hub_world.wait(130.0)
    panel.refresh()
    assert titles(panel) == ["Gate does not move", "Level is high", "Road is slow"]
    assert cell(panel, 1, Column.PLACE) == "Pump 1"
    assert cell(panel, 1, Column.STATE) == "Not acknowledged"
    assert cell(panel, 1, Column.VALUE) == "3.81 m"
    assert cell(panel, 1, Column.AGE) == "2 min"
    assert panel.count.text() == "3 alarms in 3 entries · 3 not acknowledged"
    spoken = panel.model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("Critical, Gate does not move, North gate, Not acknowledged")


def test_the_letter_a_acknowledges_what_is_chosen(panel: Any, hub_world: HubWorld) -> None:
    raise_(hub_world, PUMP, GATE)
    panel.refresh()
    panel.choose("high:pump-0")
    assert panel.details.title.text() == "Level is high"
    assert panel.details.response.text() == "Start the second pump"
    QTest.keyClick(panel.table, Qt.Key.Key_A)
    hub_world.sync()
    panel.refresh()
    assert state_of(hub_world, "high:pump-0") is AlarmState.ACKNOWLEDGED
    assert state_of(hub_world, "stuck:gate-0") is AlarmState.UNACKNOWLEDGED
    facts = dict(facts_of_alarm(panel.details.alarms[0], hub_world.session.clock.now_ns()))
    assert facts["Acknowledged"].startswith("Ada (traffic) at ")
    assert panel.details.acknowledge.isHidden()
    assert not panel.acknowledge()


def test_a_flood_is_few_entries_and_one_key_acknowledges_a_group(
    panel: Any,
    hub_world: HubWorld,
) -> None:
    flood = a_flood(400, rooted=True)
    fields = (
        "id", "title", "priority", "thing_id", "thing_name", "xyz", "root", "rule", "is_first_up"
    )  # fmt: skip
    raise_(hub_world, *({name: getattr(one, name) for name in fields} for one in flood))
    panel.refresh()
    assert titles(panel) == [
        "Substation has lost power, and 399 alarms that follow",
        "Substation has lost power – first up",
    ]  # fmt: skip
    assert panel.banner.text().startswith("Alarm flood since ")
    assert "400 alarms are shown as 1 entry" in panel.banner.text()
    panel.choose_first()
    assert panel.details.acknowledge.text() == "Acknowledge 400 alarms"
    QTest.keyClick(panel.table, Qt.Key.Key_Right)
    assert panel.model.rowCount() == 401
    QTest.keyClick(panel.table, Qt.Key.Key_Left)
    assert panel.model.rowCount() == 2
    for n_rows in (401, 2):
        arrow = QPoint(10, panel.table.rowViewportPosition(0) + 8)
        QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=arrow)
        assert panel.model.rowCount() == n_rows
    QTest.keyClick(panel.table, Qt.Key.Key_A)
    hub_world.sync()
    panel.refresh()
    assert panel.count.text() == "400 alarms in 1 entry · 0 not acknowledged"
    assert cell(panel, 0, Column.STATE) == "All acknowledged"
    hub_world.wait(700.0)
    panel.refresh()
    assert panel._banner_row.isHidden()


@pytest.mark.parametrize("rooted", [True, False])
def test_two_thousand_alarms_through_the_hub_are_at_most_ten_rows(
    panel: Any, hub_world: HubWorld, rooted: bool
) -> None:
    flood = a_flood(2_000, rooted=rooted)
    fields = ("id", "title", "priority", "thing_id", "thing_name", "xyz", "root", "rule")
    raise_(hub_world, *({name: getattr(one, name) for name in fields} for one in flood))
    panel.refresh()
    assert panel.model.rowCount() <= 10
    assert "2,000 alarms are shown as" in panel.banner.text()
    rows = [panel.model.row_at(row) for row in range(panel.model.rowCount())]
    seen = {row.alarm.id for row in rows if row.alarm is not None}
    assert {one.id for one in flood if one.priority is Priority.CRITICAL} <= seen


def test_what_is_suppressed_by_design_is_listed_apart_and_can_be_shown(
    panel: Any, hub_world: HubWorld
) -> None:
    raise_(hub_world, {**PUMP, "suppressed_by": "pump is off"})
    panel.refresh()
    assert panel.model.rowCount() == 0
    assert panel.count.text().endswith("1 suppressed by design")
    panel.shown.setCurrentIndex(panel.shown.findData(Shown.SUPPRESSED.value))
    panel.choose("high:pump-0")
    assert [one.text() for one in panel.details.answers()] == [
        "No longer suppress", "Shelve…", "Out of service…", "Fly there", "Make an incident…",
    ]  # fmt: skip
    panel.details.unsuppress.click()
    hub_world.sync()
    assert state_of(hub_world, "high:pump-0") is AlarmState.UNACKNOWLEDGED


def test_the_menu_of_a_row_offers_what_can_be_done(panel: Any, hub_world: HubWorld) -> None:
    raise_(hub_world, PUMP)
    panel.refresh()
    panel.choose_first()
    panel.table.customContextMenuRequested.emit(QPoint(20, 10))
    (menu,) = panel.findChildren(QMenu)
    entries = {entry.text(): entry for entry in menu.actions()}
    assert list(entries)[:2] == ["Acknowledge", "Shelve…"]
    entries["Acknowledge"].trigger()
    menu.close()
    hub_world.sync()
    assert state_of(hub_world, "high:pump-0") is AlarmState.ACKNOWLEDGED


def test_filters_by_text_priority_state_and_department(panel: Any, hub_world: HubWorld) -> None:
    raise_(hub_world, PUMP, GATE, ROAD)
    do(hub_world, "acknowledge", "high:pump-0")
    panel.refresh()
    panel.text.setText("level PUMP")
    assert titles(panel) == ["Level is high"]
    panel.text.setText("nothing like it")
    assert panel._empty.sentence() == "No alarm fits these filters"
    panel.text.clear()
    panel.priority.setCurrentIndex(1)
    assert titles(panel) == ["Gate does not move"]
    panel.priority.setCurrentIndex(0)
    panel.shown.setCurrentIndex(panel.shown.findData(Shown.ACKNOWLEDGED.value))
    assert titles(panel) == ["Level is high"]
    panel.shown.setCurrentIndex(0)
    assert [panel.department.itemText(n) for n in range(3)] == [
        "All departments", "Traffic", "Water",
    ]  # fmt: skip
    panel.department.setCurrentIndex(1)
    assert titles(panel) == ["Road is slow"]


def test_shelving_needs_a_reason_and_comes_back_by_itself(panel: Any, hub_world: HubWorld) -> None:
    raise_(hub_world, PUMP)
    panel.refresh()
    panel.choose_first()
    panel.details.shelve.click()
    form = panel.details.shelving
    assert not form.confirm.isEnabled()
    form.reason.setText("Pump is being cleaned")
    assert form.confirm.full_text == "Shelve 1 alarm for 30 minutes"
    form.confirm.click()
    hub_world.sync()
    panel.refresh()
    assert state_of(hub_world, "high:pump-0") is AlarmState.SHELVED
    assert panel.model.rowCount() == 0
    assert panel.count.text() == "0 alarms in 0 entries · 0 not acknowledged · 1 shelved"
    panel.shown.setCurrentIndex(panel.shown.findData(Shown.SHELVED.value))
    assert cell(panel, 0, Column.STATE) == "Shelved, 30 min left"
    panel.choose("high:pump-0")
    assert not panel.details.unshelve.isHidden()
    hub_world.wait(1_900.0)
    hub_world.sync()
    panel.shown.setCurrentIndex(0)
    panel.refresh()
    assert titles(panel) == ["Level is high"]


def test_out_of_service_and_back(panel: Any, hub_world: HubWorld) -> None:
    raise_(hub_world, PUMP)
    panel.refresh()
    panel.choose_first()
    panel.details.take_out.click()
    panel.details.service.reason.setText("New sensor on Monday")
    panel.details.service.confirm.click()
    hub_world.sync()
    panel.refresh()
    assert state_of(hub_world, "high:pump-0") is AlarmState.OUT_OF_SERVICE
    panel.shown.setCurrentIndex(panel.shown.findData(Shown.OUT_OF_SERVICE.value))
    panel.choose("high:pump-0")
    facts = dict(facts_of_alarm(panel.details.alarms[0], hub_world.session.clock.now_ns()))
    assert facts["Out of service"] == "New sensor on Monday"
    panel.details.put_back.click()
    hub_world.sync()
    assert state_of(hub_world, "high:pump-0") is AlarmState.UNACKNOWLEDGED


def test_a_latched_alarm_is_reset(panel: Any, hub_world: HubWorld) -> None:
    raise_(hub_world, GATE)
    do(hub_world, "return", "stuck:gate-0")
    do(hub_world, "acknowledge", "stuck:gate-0")
    panel.refresh()
    assert cell(panel, 0, Column.STATE) == "Over, to be reset"
    panel.choose_first()
    panel.details.reset.click()
    hub_world.sync()
    panel.refresh()
    assert panel.model.rowCount() == 0
    assert panel.details.isHidden()


def test_a_refusal_is_said_beside_the_alarm(panel: Any, hub_world: HubWorld) -> None:
    raise_(hub_world, PUMP)
    panel.refresh()
    panel.choose_first()
    do(hub_world, "acknowledge", "high:pump-0")  # Ben was first; the panel does not know yet
    panel.details.acknowledge_chosen()
    hub_world.sync()
    panel.refresh()
    assert panel.details.problem.text() == (
        "The hub refused: They are acknowledged already, or over"
    )


def test_an_incident_is_made_of_the_chosen_alarms(panel: Any, hub_world: HubWorld) -> None:
    raise_(hub_world, PUMP, GATE)
    panel.refresh()
    panel.choose("high:pump-0")
    panel.details.make.click()
    form = panel.details.incident
    assert form.title.text() == "Level is high, Pump 1"
    form.kind.setCurrentIndex(form.kind.findData("flood"))
    form.confirm.click()
    hub_world.sync()
    (incident,) = hub_world.session.hub.room[Incidents].by_id.values()
    assert (incident.title, incident.kind, incident.severity) == (
        "Level is high, Pump 1", "flood", "severe",
    )  # fmt: skip
    assert incident.links == ("alarm:high:pump-0",)
    assert incident.xyz == (0.0, -80.0, 0.0)
    assert {one.department for one in incident.departments} == {"traffic", "water"}


def test_selecting_in_the_view_chooses_the_alarm_and_back(
    panel: Any,
    hub_world: HubWorld,
    context: PanelContext,
) -> None:
    raise_(hub_world, PUMP, GATE)
    panel.refresh()
    context.session.select(Selection(thing_id="gate-0"))
    assert [alarm.id for alarm in panel.details.alarms] == ["stuck:gate-0"]
    panel.table.selectRow(panel.model.row_of_alarm("high:pump-0"))
    assert context.session.selection.thing_id == "pump-0"
    flown: list[tuple[float, ...]] = []
    disconnect = context.session.fly_to_requested.connect(flown.append)
    panel.details.fly.click()
    disconnect()
    assert flown == [(0.0, -80.0, 0.0, 220.0)]
    context.session.alarm_inspected.emit("stuck:gate-0")
    assert [alarm.id for alarm in panel.details.alarms] == ["stuck:gate-0"]


def test_figures_of_the_shift(panel: Any, hub_world: HubWorld) -> None:
    for _ in range(4):
        raise_(hub_world, PUMP)
        do(hub_world, "return", "high:pump-0")
        hub_world.wait(4.0)
    do(hub_world, "acknowledge", "high:pump-0")
    raise_(hub_world, GATE)
    panel.show_figures.setChecked(True)
    panel.refresh()
    page: QWidget = panel.figures
    assert not page.grab().isNull()
    assert panel._pages.currentWidget() is page
    values = {name: label.text() for name, label in panel.figures.values.items()}
    assert values["Came"] == "5"
    assert values["Standing"] == "1"
    assert values["Peak"] == "1"  # five alarms for four operators
    assert panel.figures.actors._rows[0] == ("Pump 1: Level is high", 4)
    assert panel.figures.operators._rows == (("Ben", 1),)
    assert "4 operators is acceptable by EEMUA 191" in panel.figures.verdict.text()


def test_a_narrow_panel_cuts_nothing_off(panel: Any, hub_world: HubWorld, qtbot: Any) -> None:
    raise_(hub_world, PUMP, GATE)
    panel.refresh()
    panel.resize(280, 640)
    panel.choose_first()
    panel.details.shelve.click()
    body = panel._scroll.widget()
    qtbot.waitUntil(lambda: body.minimumSizeHint().width() <= 280)
    assert panel.minimumSizeHint().width() <= 280
    assert not panel.table.isColumnHidden(Column.ALARM)
    assert panel.table.isColumnHidden(Column.PLACE)
    panel.resize(1_300, 400)
    qtbot.waitUntil(lambda: not panel.table.isColumnHidden(Column.PLACE))


def test_what_happens_to_alarms_is_told_in_words(hub_world: HubWorld) -> None:
    raise_(hub_world, PUMP, GATE)
    do(hub_world, "acknowledge", "high:pump-0", "stuck:gate-0")
    do(hub_world, "shelve", "high:pump-0", seconds=60.0, reason="Cleaning")
    hub_world.wait(61.0)
    do(hub_world, "take_out", "stuck:gate-0", reason="Repair")
    do(hub_world, "put_back", "stuck:gate-0")
    do(hub_world, "return", "stuck:gate-0")
    do(hub_world, "reset", "stuck:gate-0")
    session = hub_world.session
    told = [sentence_of(session, one) for one in session.hub.room.activity if "alarm" in one.kind]
    assert told == [
        "Alarm (high): Level is high at Pump 1",
        "Alarm (critical): Gate does not move at North gate",
        "Ben (water) acknowledged 2 alarms",
        "Ben (water) shelved “Level is high” at Pump 1 – Cleaning",
        "Back from the shelf: “Level is high” at Pump 1",
        "Ben (water) took out of service an alarm that is normal again – Repair",
        "Ben (water) put back into service an alarm that is normal again",
        "Over: an alarm that is normal again",
        "Ben (water) reset an alarm that is normal again",
    ]
