"""The panel of incidents over the real core: opening, tasks and steps, people, plan, log, links."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.city.areas import Area
from twin.commands.base import command_registry
from twin.playbooks.reading import parse_playbook
from twin.room.model import CommandState
from twin.room.parts.incidents import Incidents, Severity
from twin.session import Selection

PLAYBOOK = """
id: test
title: Closing a street
kind: flood
departments: [water, police]
steps:
  - id: look
    title: Is it wet?
    department: traffic
    deadline: 2 min after start
    collect:
      level: {kind: "*", property: water_level, within_m: 9000, take: highest}
    choices:
      wet: {title: It is wet, when: level > 0.5}
      dry: {title: It is dry, when: level <= 0.5}
  - id: close
    title: Close the street
    department: traffic
    after: look=wet
    deadline: 3 min
    command: {type: road.close, kind: road_segment, within_m: 9000, args: {cause: flood}}
  - id: sandbags
    title: Fill sandbags
    department: water
    after: look=dry
"""


def rows(page) -> list[str]:
    return [str(page.model.index(row).data()) for row in range(page.model.rowCount())]


def tick(box, names) -> None:
    for row in range(box.count()):
        if box.item(row).data(Qt.ItemDataRole.UserRole) in names:
            box.item(row).setCheckState(Qt.CheckState.Checked)


@pytest.fixture
def panel(open_panel, hub_world):
    return open_panel("incidents")


def part(hub_world) -> Incidents:
    return hub_world.session.hub.room[Incidents]


def opened(hub_world, panel, **more) -> str:
    body = {
        "id": "i1", "title": "Water in Quay Street", "kind": "flood", "severity": "severe",
        "xyz": [0.0, 0.0, 0.0], "radius_m": 100.0, **more,
    }  # fmt: skip
    hub_world.act("ada", "incident.open", body)
    hub_world.sync()
    panel.show_incident("i1")
    return "i1"


def started(hub_world, panel) -> None:
    opened(hub_world, panel)
    playbook = parse_playbook(PLAYBOOK, Path("test.yaml"), command_registry())
    body = {"id": "r", "incident": "i1", "playbook": msgspec.to_builtins(playbook)}
    hub_world.act("ada", "playbook.start", body)
    hub_world.sync()
    panel.details.tasks.choose("r/look")


def test_it_says_what_would_fill_it_and_opens_one_from_the_selection(hub_world, panel) -> None:
    assert panel._stack.currentIndex() == 1
    alarm = {
        "id": "a1", "title": "High water", "priority": "high", "thing_id": "pump-0",
        "thing_name": "Pump 1",
    }  # fmt: skip
    hub_world.act("ben", "alarm.raise", {"alarms": [alarm]})
    hub_world.sync()
    hub_world.session.select(Selection(thing_id="pump-0"))
    panel.open_form.click()
    form = panel.form
    form.confirm.click()
    assert form.problem.text() == "An incident needs a title and a type"
    assert form._ticked(form.alarms) == ("a1",), "the alarm of what is selected"
    form.title.setText("Basin runs over")
    form.severity.setCurrentIndex(form.severity.findData("extreme"))
    tick(form.departments, {"water", "fire"})
    assert form.confirm.full_text == "Open the incident and ask 2 departments"
    form.confirm.click()
    hub_world.sync()
    (incident,) = part(hub_world).open
    assert (incident.title, incident.severity) == ("Basin runs over", Severity.EXTREME)
    assert incident.links == ("alarm:a1", "thing:pump-0")
    assert incident.xyz is not None
    asked = {one.department: one.taken_by is None for one in incident.departments}
    assert asked == {"traffic": False, "water": True, "fire": True}
    assert panel.details.title.text() == "Basin runs over", "it is opened at once"
    assert hub_world.session.incident == incident.id, "the others see who works on it"
    panel.keyPressEvent(_key(Qt.Key.Key_Escape))
    assert rows(panel) == ["Open", "Basin runs over"]
    assert hub_world.session.incident == ""


def _key(key, of=QEvent.Type.KeyPress):
    return QKeyEvent(of, key, Qt.KeyboardModifier.NoModifier)


def test_esc_goes_back_one_step_at_a_time_before_the_window_has_it(hub_world, panel) -> None:
    opened(hub_world, panel)

    def keeps_esc() -> bool:
        override = _key(Qt.Key.Key_Escape, QEvent.Type.ShortcutOverride)
        override.ignore()
        panel.event(override)
        return override.isAccepted()

    panel.details.show_page("People")
    panel.details.people.open_asking.click()
    assert keeps_esc()
    panel.keyPressEvent(_key(Qt.Key.Key_Escape))
    assert panel.details.people.asking.isHidden()
    panel.details.open_closing.click()
    panel.keyPressEvent(_key(Qt.Key.Key_Escape))
    assert panel.details.closing.isHidden()
    assert panel._faces.currentWidget() is panel.details
    panel.keyPressEvent(_key(Qt.Key.Key_Escape))
    assert panel._faces.currentWidget() is panel._face
    assert not keeps_esc(), "the window's again"


def test_departments_are_asked_at_once_and_each_clock_runs(hub_world, panel) -> None:
    opened(hub_world, panel)
    people = panel.details.people
    panel.details.show_page("People")
    people.open_asking.click()
    tick(people.departments, {"water", "fire", "police"})
    people.what_for.setText("Keep people out")
    assert people.ask.full_text == "Ask 3 departments at once"
    people.ask.click()
    hub_world.sync()
    hub_world.wait(200.0)
    hub_world.act("cleo", "incident.take_part", {"id": "i1", "department": "fire"})
    hub_world.sync()
    people.refresh()
    told = [people.model.index(r).data(Qt.ItemDataRole.ToolTipRole) for r in range(1, 5)]
    assert any(one.startswith("Water") and "3:20" in one for one in told)
    assert any("Cleo takes part, after 3:20" in one for one in told)
    assert len({one.asked_ns for one in part(hub_world).open[0].departments[1:]}) == 1


def test_somebody_asks_my_department_and_i_take_part(hub_world, panel) -> None:
    body = {
        "id": "i1", "title": "Gas", "kind": "gas", "severity": "minor", "departments": ["traffic"]
    }  # fmt: skip
    hub_world.act("cleo", "incident.open", body)
    hub_world.sync()
    panel.enter()
    assert panel.details.title.text() == "Gas", "the only one is opened for whoever comes"
    panel.details.show_page("People")
    assert panel.details.people.take_part.full_text == "Take part for traffic"
    panel.details.people.take_part.click()
    hub_world.sync()
    assert not panel.details.people.take_part.isVisible()
    assert part(hub_world).open[0].departments[-1].taken_by.name == "Ada"


def test_command_is_taken_handed_over_and_a_unit_is_noted(hub_world, panel) -> None:
    opened(hub_world, panel)
    panel.details.command.click()
    hub_world.sync()
    assert "Ada (traffic) commands it" in panel.details.facts.text()
    panel.details.show_page("People")
    people = panel.details.people
    people.unit.choose(hub_world.session.units.units[0].id)
    people.status.setCurrentIndex(people.status.findData("en_route"))
    people.eta.setValue(4)
    people.show_chosen()
    people._show_deeds()
    people.set_it.click()
    people.to.choose("id-Cleo")
    people._show_deeds()
    people.hand.click()
    hub_world.sync()
    incident = part(hub_world).open[0]
    assert (incident.units[0].status, incident.units[0].eta_s) == ("en_route", 240.0)
    assert incident.commander.name == "Cleo"
    hub_world.answer_permissions()
    assert panel.details.command.full_text == "Cleo commands it"
    assert not panel.details.command.isEnabled()


def test_a_step_shows_its_values_proposes_an_answer_and_keeps_them(hub_world, panel) -> None:
    started(hub_world, panel)
    card = panel.details.tasks.card
    assert card.title.text() == "Is it wet?"
    assert "level: " in card.values.text()
    assert card.choice.currentData() == "wet", "the values speak for it"
    card.found.setText("Ankle deep")
    card.done.click()
    hub_world.sync()
    task = part(hub_world).tasks.get("r/look")
    assert (task.status, task.found, task.evidence.choice) == ("done", "Ankle deep", "wet")
    assert task.evidence.readings[0].value > 0.5
    assert "Close the street" in rows(panel.details.tasks)
    assert "Fill sandbags" not in rows(panel.details.tasks), "that branch was not chosen"


def test_a_step_gives_its_command_and_is_done_when_the_city_shows_it(hub_world, panel) -> None:
    started(hub_world, panel)
    panel.details.tasks.card.done.click()
    hub_world.sync()
    panel.details.tasks.choose("r/close")
    card = panel.details.tasks.card
    assert card.order.full_text == "Close road…"
    card.done.click()
    hub_world.sync()
    assert "was not given" in panel.problem.text(), "the hub says why"
    card.order.click()
    assert "Close " in card.effect.text()
    assert not part(hub_world).tasks.get("r/close").evidence, "nothing is sent before the confirm"
    card.really.click()
    hub_world.sync()
    task = part(hub_world).tasks.get("r/close")
    assert task.status == "taken"
    command = hub_world.session.hub.room.commands[task.evidence.commands[0]]
    assert command.request.incident == "i1"
    assert "Water in Quay Street" in command.request.reason
    assert command.state is CommandState.SENT
    target = command.request.target_id
    hub_world.bench.see(300.0, f"{target}/traffic_flow")
    hub_world.bench.says(command.request.id, "accepted")
    hub_world.bench.see(1.0, f"{target}/traffic_flow")
    hub_world.sync()
    assert "verified" in card.commands.text()
    card.done.click()
    hub_world.sync()
    run = part(hub_world).runs.get("r")
    assert run.ended_text == "2 of 3 steps were done, 1 not needed"


def test_a_guard_that_does_not_hold_is_passed_over_with_a_reason_only(hub_world, panel) -> None:
    opened(hub_world, panel)
    guard = "collect: {level: {property: water_level, within_m: 9000}}\n    guard: level < 0.0"
    text = PLAYBOOK.replace("    command:", f"    {guard}\n    guard_text: it is dry\n    command:")
    playbook = parse_playbook(text, Path("test.yaml"), command_registry())
    body = {"id": "r", "incident": "i1", "playbook": msgspec.to_builtins(playbook)}
    hub_world.act("ada", "playbook.start", body)
    hub_world.act(
        "ada", "task.set", {"id": "r/look", "status": "done", "evidence": {"choice": "wet"}}
    )
    hub_world.sync()
    panel.details.tasks.choose("r/close")
    card = panel.details.tasks.card
    assert card.guard.text() == "Waits until it is dry"
    card.order.click()
    card.really.click()
    assert "It waits: it is dry" in panel.problem.text()
    assert not hub_world.session.hub.room.commands
    assert card.override.isVisible()
    card.override.setText("People are in there")
    card.really.click()
    hub_world.sync()
    evidence = part(hub_world).tasks.get("r/close").evidence
    assert evidence.override == "People are in there"
    assert len(evidence.commands) == 1


def test_a_step_is_skipped_with_a_reason_and_the_plan_says_so(hub_world, panel) -> None:
    started(hub_world, panel)
    card = panel.details.tasks.card
    card.skip.click()
    assert panel.problem.text() == "Say in the field why it is skipped"
    hub_world.wait(150.0)
    card.found.setText("Nobody there")
    card.skip.click()
    hub_world.sync()
    panel.details.show_page("Plan")
    plan = panel.details.plan
    told = [plan.model.index(r).data(Qt.ItemDataRole.ToolTipRole) for r in range(1, 4)]
    assert "skipped" in told[0]
    assert "Nobody there" in told[0]
    assert told[0].endswith("0:30 late")
    assert "not needed" in told[1]


def test_a_bundled_playbook_is_started_and_ended_early(hub_world, panel) -> None:
    opened(hub_world, panel)
    tasks = panel.details.tasks
    assert tasks.playbook.currentText() == "River flood and flooded underpass", "its kind is first"
    tasks.start.click()
    hub_world.sync()
    (run,) = part(hub_world).runs_of("i1")
    assert run.playbook.id == "flooded-underpass"
    assert tasks.playbook.findData("flooded-underpass") < 0, "it is at work"
    panel.details.show_page("Plan")
    plan = panel.details.plan
    plan.open_end.click()
    plan.end.click()
    assert panel.problem.text() == "Say why the playbook ends early"
    plan.reason.setText("False alarm")
    plan.end.click()
    hub_world.sync()
    assert part(hub_world).runs_of("i1")[0].ended_text == "Ended early: False alarm"


def test_a_playbook_of_ones_own_is_started_and_a_bad_one_told_with_its_line(
    hub_world, panel, tmp_path
) -> None:
    opened(hub_world, panel)
    tasks = panel.details.tasks
    assert tasks.playbook.itemText(tasks.playbook.count() - 1) == "From a file…"
    bad = tmp_path / "bad.yaml"
    bad.write_text(PLAYBOOK.replace("look=wet", "look=wett"))
    tasks.start_file(bad)
    assert "line 19: “look” has no choice “wett”; did you mean “wet”?" in panel.problem.text()
    good = tmp_path / "good.yaml"
    good.write_text(PLAYBOOK)
    tasks.start_file(good)
    hub_world.sync()
    assert part(hub_world).runs_of("i1")[0].playbook.title == "Closing a street"
    assert panel.problem.text() == ""


def test_a_task_is_given_with_a_deadline_that_counts_down(hub_world, panel) -> None:
    opened(hub_world, panel)
    tasks = panel.details.tasks
    tasks.task.setText("Put up lights")
    tasks.department.setCurrentIndex(tasks.department.findData("traffic"))
    tasks.minutes.setValue(5)
    tasks.give.click()
    hub_world.sync()
    row = tasks.model.index(1)
    assert row.data() == "Put up lights"
    hub_world.wait(310.0)
    panel.refresh()
    assert "0:10 late" in tasks.model.index(1).data(Qt.ItemDataRole.ToolTipRole)
    tasks.list.setCurrentIndex(tasks.model.index(1))
    tasks.card.take.click()
    hub_world.sync()
    tasks.card.found.setText("Four lamps")
    tasks.card.done.click()
    hub_world.sync()
    assert rows(tasks) == ["Over", "✓ Put up lights"]


def test_the_log_holds_what_happened_and_a_line_of_ones_own(hub_world, panel) -> None:
    started(hub_world, panel)
    panel.details.show_page("Log")
    log = panel.details.log
    log.line.setText("Called the mayor")
    log.write.click()
    hub_world.submit("ben", "pump.start", "pump-0", speed_pct=100.0)
    hub_world.sync()
    told = [log.model.index(r).data() for r in range(log.model.rowCount())]
    assert "Ada (traffic): Called the mayor" in told
    assert "Ada (traffic) opened the incident" in told
    assert any("started “Closing a street”" in one for one in told)


def test_links_select_and_go_and_files_are_named_by_their_fingerprint(
    hub_world, panel, tmp_path, qtbot
) -> None:
    opened(hub_world, panel, links=["thing:pump-0"])
    panel.details.show_page("Links")
    links = panel.details.links
    links.choose("thing:pump-0")
    links.list.clicked.emit(links.list.currentIndex())
    assert hub_world.session.selection.thing_id == "pump-0"
    hub_world.session.select(Selection(thing_id="gate-0"))
    links.link.click()
    links.objective.setText("Keep the hospital dry")
    links.objective.returnPressed.emit()
    hub_world.sync()
    incident = part(hub_world).open[0]
    assert incident.links == ("thing:pump-0", "thing:gate-0")
    assert incident.objectives == ("Keep the hospital dry",)
    links.choose("thing:pump-0")
    links.remove.click()
    links.area.severity.setCurrentIndex(links.area.severity.findData("minor"))
    links.area.severity.activated.emit(links.area.severity.currentIndex())
    links.values.click()
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"abc")
    with qtbot.waitSignal(links.asked):
        links.attach_file(photo)
    hub_world.sync()
    incident = part(hub_world).open[0]
    assert incident.links == ("thing:gate-0",)
    assert incident.severity is Severity.MINOR
    assert incident.attachments[0].startswith("North gate at ")
    assert "gate opening" in incident.attachments[0]
    assert incident.attachments[1].startswith("photo.jpg · 3 bytes · SHA-256 ba7816bf")
    with qtbot.waitSignal(links.failed):
        links.attach_file(tmp_path / "none.jpg")


def test_its_place_radius_and_area_are_changed_for_everybody(hub_world, panel) -> None:
    opened(hub_world, panel)
    panel.details.show_page("Links")
    area = panel.details.links.area
    assert area.radius.value() == 100.0
    area.radius.setValue(250.0)
    area.point.click()
    assert hub_world.session.give_point((7.0, 8.0, 1.0)), "the next click in the view is its place"
    hub_world.sync()
    incident = part(hub_world).open[0]
    assert (incident.radius_m, incident.xyz) == (250.0, (7.0, 8.0, 1.0))
    ring = np.array([[0.0, 0.0, 0.0], [50.0, 0.0, 0.0], [0.0, 50.0, 0.0], [0.0, 0.0, 0.0]])
    hub_world.session.set_areas((Area(id="quay", name="Quay", rings=(ring,)),))
    panel.refresh()
    area.area.setCurrentIndex(area.area.findData("quay"))
    area.area.activated.emit(area.area.currentIndex())
    hub_world.sync()
    assert len(part(hub_world).open[0].ring) == 3
    assert area.area.currentText() == "Quay"
    assert not area.radius.isEnabled()
    hub_world.session.set_areas(())
    panel.refresh()
    assert area.area.currentText() == "As it was drawn"
    area.area.setCurrentIndex(area.area.findData(""))
    area.area.activated.emit(area.area.currentIndex())
    hub_world.sync()
    assert part(hub_world).open[0].ring == ()


def test_it_is_closed_with_its_cause_and_listed_below(hub_world, panel) -> None:
    opened(hub_world, panel)
    panel.details.open_closing.click()
    panel.details.really.click()
    assert "with its cause" in panel.problem.text()
    panel.details.cause.setText("Blocked drain")
    panel.details.really.click()
    hub_world.sync()
    assert "Closed by Ada (traffic): Blocked drain" in panel.details.facts.text()
    assert not panel.details.command.isVisible()
    panel.details.back.click()
    assert rows(panel) == ["Closed lately", "Water in Quay Street"]


def test_a_place_that_was_wanted_before_the_panel_opens_it_with_the_form(
    hub_world, open_panel
) -> None:
    hub_world.session.want_incident((10.0, 20.0, 0.0))
    panel = open_panel("incidents")
    assert panel._faces.currentWidget() is panel._form_face
    assert "10 m east, 20 m north" in panel.form.place.text()


def test_one_that_a_replay_does_not_know_yet_gives_way_to_the_list(hub_world, panel) -> None:
    opened(hub_world, panel)
    part(hub_world).by_id.drop("i1")
    panel.refresh()
    assert panel._faces.currentWidget() is panel._face
