"""The shift: its log, and a handover from one leader to another, over the real core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.widgets.hub_panel import *  # noqa: F403
from tests.widgets.hub_panel import shown
from tests.widgets.hub_world import HubWorld
from twin.duty import MOST_OF_A_KIND, handover_items
from twin.link.presence import PresenceState
from twin.room.parts.shifts import Shifts
from twin.session import Selection
from widgets.panels.shift import ShiftPanel

CLEO = "id-Cleo"


@pytest.fixture
def panel(world: HubWorld, qtbot: QtBot) -> Iterator[ShiftPanel]:
    with shown(ShiftPanel, world, qtbot, (360, 700)) as made:
        yield made


def listed(panel: ShiftPanel) -> list[str]:
    return [panel.model.index(n).data() for n in range(panel.model.rowCount())]


def see(world: HubWorld, panel: ShiftPanel) -> None:
    world.sync()
    panel.refresh()


def happen(world: HubWorld) -> None:
    """An alarm, an incident, a shelved alarm, a held queue, a lease, a stage."""
    alarms = [
        {"id": "a1", "title": "Level high", "priority": "critical", "thing_name": "Pump 1",
         "thing_id": "pump-0"},
        {"id": "a2", "title": "No flow", "priority": "low", "thing_name": "Pump 2"},
    ]  # fmt: skip
    world.act("ben", "alarm.raise", {"alarms": alarms})
    world.act("ben", "alarm.shelve", {"ids": ["a2"], "seconds": 600, "reason": "Works"})
    incident = {"id": "i1", "title": "Water in Quay Street", "kind": "flood", "severity": "severe"}
    world.act("ben", "incident.open", {**incident, "departments": ["fire"], "xyz": [5, 6, 0]})
    world.act("ben", "queue.hold", {"queue": "department:water", "reason": "Flood"})
    world.act("ben", "lease.take", {"asset_id": "gate-0", "asset_name": "North gate"})
    world.act("ben", "shift.note", {"id": "n1", "text": "Parade at three"})
    world.act("cleo", "stage.set", {"level": 3, "expected": 1, "reason": "River is rising"})
    world.sync()


def test_the_log_holds_what_is_noted_and_what_happens(
    world: HubWorld, panel: ShiftPanel, qtbot: QtBot
) -> None:
    assert "Nothing has happened" in panel._empty.sentence()
    happen(world)
    panel.note.setText("Gate 2 sticks")
    qtbot.keyClick(panel.note, Qt.Key.Key_Return)
    see(world, panel)
    assert listed(panel) == [
        "This shift",
        "Gate 2 sticks",
        "Stage 3 Alert – River is rising",
        "Parade at three",
        "Severe incident: Water in Quay Street",
        "Critical alarm, Pump 1: Level high",
    ]
    assert panel.counts.text() == "2 alarms · 1 incident · 0 commands · 2 notes"
    panel.group.setCurrentIndex(panel.group.findData("notes"))
    assert listed(panel) == ["This shift", "Gate 2 sticks", "Parade at three"]
    panel.text.setText("parade")
    assert listed(panel) == ["This shift", "Parade at three"]
    panel.text.setText("nowhere")
    assert "Nothing in the log fits" in panel._empty.sentence()


def test_a_line_selects_and_flies_to_what_it_is_about(world: HubWorld, panel: ShiftPanel) -> None:
    happen(world)
    panel.refresh()
    flown: list[object] = []
    world.session.fly_to_requested.connect(flown.append)
    at = listed(panel).index("Critical alarm, Pump 1: Level high")
    panel.list.clicked.emit(panel.model.index(at))
    assert world.session.selection == Selection(thing_id="pump-0")
    at = listed(panel).index("Severe incident: Water in Quay Street")
    panel.list.activated.emit(panel.model.index(at))
    assert flown == [(5.0, 6.0, 0.0, 220.0)]


def test_a_handover_begins_with_everything_that_is_open(world: HubWorld) -> None:
    happen(world)
    items = {(item.kind, item.title): item.detail for item in handover_items(world.session)}
    assert items[("stage", "Stage 3 (Alert)")] == "River is rising"
    assert items[("incident", "Water in Quay Street")] == "severe · no answer from fire"
    assert items[("alarm", "Pump 1: Level high")] == "critical, not acknowledged"
    assert items[("alarm", "Pump 2: No flow")] == "shelved by Ben: Works"
    assert items[("queue", "Commands of department water")] == "held by Ben: Flood"
    assert items[("lease", "North gate")] == "held by Ben"
    assert items[("note", "Parade at three")] == "Ben (water)"


def test_sensors_that_fell_silent_are_handed_over_but_not_by_the_thousand(
    world: HubWorld,
) -> None:
    world.world.fill(n_stations=60, n_steps=3)
    world.world.clock.advance_s(300.0)
    items = [one for one in handover_items(world.session) if one.kind == "sensor"]
    assert len(items) == MOST_OF_A_KIND + 1
    assert "No samples for" in items[0].detail
    assert items[-1].title.endswith("more")


def test_a_leader_takes_the_shift_and_hands_it_over_to_another(
    world: HubWorld, panel: ShiftPanel, qtbot: QtBot
) -> None:
    happen(world)
    see(world, panel)
    assert panel.who.text().startswith("Nobody leads the shift")
    qtbot.mouseClick(panel.take, Qt.MouseButton.LeftButton)
    see(world, panel)
    assert panel.who.text() == "You lead the shift"
    cleo = world.session.hub.room.operators[CLEO]
    world.world.show(cleo, PresenceState())
    qtbot.mouseClick(panel.hand_over, Qt.MouseButton.LeftButton)
    page = panel.compose
    assert "Open incidents" in [page.model.index(n).data() for n in range(page.model.rowCount())]
    page.to.setCurrentIndex(page.to.findText("Cleo (fire)"))
    page.text.setPlainText("Watch the river")
    qtbot.mouseClick(page.send, Qt.MouseButton.LeftButton)
    see(world, panel)
    world.answer_permissions()
    assert not panel.hand_over.isEnabled()
    assert "it waits for an answer" in panel.hand_over.toolTip()
    part = world.session.hub.room[Shifts]
    (handover,) = part.open
    assert (handover.text, handover.to) == ("Watch the river", cleo)
    assert any(item.title == "Water in Quay Street" for item in handover.items)
    world.wait(30.0)
    world.act("cleo", "shift.accept", {"id": handover.id, "digest": handover.digest})
    see(world, panel)
    assert panel.who.text().startswith("Cleo (fire) leads the shift, since")
    at = listed(panel).index("Handed over")
    panel.list.clicked.emit(panel.model.index(at))
    assert "From Ada (traffic)" in panel.read.who.text()
    assert "accepted by Cleo (fire)" in panel.read.who.text()
    assert not panel.read.accept.isVisible()
    assert "Earlier shifts" in listed(panel)


def test_the_next_leader_reads_accepts_or_sends_back(
    world: HubWorld, panel: ShiftPanel, qtbot: QtBot
) -> None:
    world.act("cleo", "shift.take", {})
    item = {"kind": "lease", "title": "North gate", "detail": "held by Ben"}
    body = {"id": "h1", "to_console": "id-Ada", "text": "Quiet", "items": [item]}
    world.act("cleo", "shift.hand_over", body)
    see(world, panel)
    assert panel.waiting.full_text == "Cleo hands the shift over: read it…"
    qtbot.mouseClick(panel.waiting, Qt.MouseButton.LeftButton)
    assert panel.read.text.text() == "Quiet"
    assert not panel.read.send_back.isEnabled()
    panel.read.answer.setText("Who holds pump 3?")
    qtbot.mouseClick(panel.read.send_back, Qt.MouseButton.LeftButton)
    see(world, panel)
    assert not panel.waiting.isVisible()
    world.act("cleo", "shift.hand_over", body | {"id": "h2"})
    see(world, panel)
    qtbot.mouseClick(panel.waiting, Qt.MouseButton.LeftButton)
    panel.read.answer.setText("Read it all")
    qtbot.mouseClick(panel.read.accept, Qt.MouseButton.LeftButton)
    see(world, panel)
    assert panel.who.text() == "You lead the shift"
    done = world.session.hub.room[Shifts].handovers.entries["h2"]
    assert (done.state, done.answer) == ("accepted", "Read it all")


def test_what_the_hub_refuses_is_told(world: HubWorld, panel: ShiftPanel, qtbot: QtBot) -> None:
    qtbot.mouseClick(panel.hand_over, Qt.MouseButton.LeftButton)
    world.act("cleo", "shift.take", {})
    qtbot.mouseClick(panel.compose.send, Qt.MouseButton.LeftButton)
    see(world, panel)
    assert "Cleo (fire) leads the shift" in panel.problem.text()
