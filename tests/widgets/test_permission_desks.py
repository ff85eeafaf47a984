"""Incidents, units, marks, proposals, verdicts and messages tell what one may, by a real core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.widgets.hub_world import HubWorld
from tests.widgets.panel_fixtures import *  # noqa: F403
from tests.widgets.test_permission import assert_off, change_policy
from twin.marking import Draft
from twin.operations.correlation import Happening, IncidentProposal
from twin.room.parts.incidents import Incidents
from twin.room.parts.marks import Marks

#: Ada (traffic) and Ben (water) may look on; Cleo (fire, shift leader) does all that is asked here.
LEADERS = b"""
version = 1
roles = ["operator", "shift_leader"]
[[allow]]
id = "leaders"
text = "Leaders of the shift work incidents"
departments = ["fire"]
actions = ["incident.*", "task.*", "playbook.*", "mark.*", "unit.*", "proposal.*", "verdict.*",
           "message.*", "rule.*", "alarm.*"]
"""
EVERYBODY = LEADERS.replace(b'departments = ["fire"]\n', b"")
PLAYBOOK = {
    "id": "test", "title": "A test", "kind": "flood",
    "steps": [{"id": "look", "title": "Is it wet?", "department": "fire"}],
}  # fmt: skip
INCIDENT = {
    "id": "i1", "title": "Water in Quay Street", "kind": "flood", "severity": "severe",
    "xyz": [0.0, 0.0, 0.0], "radius_m": 100.0, "departments": ["traffic"],
}  # fmt: skip


@pytest.fixture(name="world")
def world_with_incident(hub_world: HubWorld) -> HubWorld:
    """Cleo opened an incident and started a playbook; she does not command it."""
    change_policy(hub_world, LEADERS)
    hub_world.act("cleo", "incident.open", INCIDENT)
    hub_world.act("cleo", "playbook.start", {"id": "r", "incident": "i1", "playbook": PLAYBOOK})
    hub_world.sync()
    return hub_world


def incident_panel(world: HubWorld, open_panel: Callable[[str], Any]) -> Any:
    panel = open_panel("incidents")
    panel.resize(360, 900)
    panel.show_incident("i1")
    return panel


def refused(kind: str) -> str:
    return f"No rule of the policy allows “{kind}” to traffic; the nearest, “leaders”"


# --- incidents -----------------------------------------------------------------------------------


def test_opening_an_incident(world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    panel = open_panel("incidents")
    assert panel.open_form.isEnabled(), "nobody knows yet"
    assert not panel.note.isVisible()
    world.answer_permissions()
    assert_off(panel.open_form, refused("incident.open"))
    assert panel.note.text() == panel.open_form.toolTip()
    panel.show_form()
    panel.form.title.setText("Fire")
    assert_off(panel.form.confirm, refused("incident.open"))
    assert panel.form.note.isVisible()
    n = len(world.bench.events)
    panel.form._confirm()
    world.sync()
    assert len(world.bench.events) == n, "Enter in the title does no more than the button"
    change_policy(world, EVERYBODY)
    world.answer_permissions()
    assert panel.form.confirm.isEnabled()
    assert not panel.form.note.isVisible()


def test_the_head_of_an_incident(world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    details = incident_panel(world, open_panel).details
    assert details.command.isEnabled()
    assert details.open_closing.isEnabled()
    world.answer_permissions()
    assert_off(details.command, refused("incident.command"))
    assert_off(details.open_closing, refused("incident.close"))
    assert details.note.text() == f"Take command: {details.command.toolTip()}"
    change_policy(world, EVERYBODY)
    world.answer_permissions()
    assert details.command.isEnabled()
    assert_off(details.open_closing, "A task is not done, “Is it wet?”")
    world.act("cleo", "incident.command", {"id": "i1"})
    world.answer_permissions()
    assert_off(details.command, "Cleo (fire) commands it; only they or a higher rank")
    assert details.command.full_text == "Cleo commands it"
    assert_off(details.open_closing, "Cleo (fire) commands it and closes it")


def test_tasks_and_playbooks(world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    tasks = incident_panel(world, open_panel).details.tasks
    tasks.choose("r/look")
    card = tasks.card
    tasks.task.setText("Sandbags")
    for button in (card.take, card.done, card.skip, tasks.start, tasks.give):
        assert button.isEnabled()
    world.answer_permissions()
    for button in (card.take, card.done, card.skip):
        assert_off(button, refused("task.set"))
    assert card.note.text() == f"Take it: {card.take.toolTip()}"
    assert_off(tasks.start, refused("playbook.start"))
    assert_off(tasks.give, refused("task.give"))
    assert tasks.against.text() == f"Start it: {tasks.start.toolTip()}"
    n = len(world.bench.events)
    tasks._give()
    world.sync()
    assert len(world.bench.events) == n
    assert tasks.task.text() == "Sandbags", "what was typed is kept"
    change_policy(world, EVERYBODY)
    world.answer_permissions()
    assert tasks.start.isEnabled()
    assert_off(card.done, "“Is it wet?” is for fire")
    world.act("ada", "incident.command", {"id": "i1"})
    world.answer_permissions()
    assert card.done.isEnabled(), "who commands does every task"
    assert not card.note.isVisible()


def test_people_plan_log_and_links(world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    details = incident_panel(world, open_panel).details
    people, plan, log, links = details.people, details.plan, details.log, details.links
    pages = {
        "People": (people.note, {
            people.take_part: "incident.take_part", people.open_asking: "incident.ask",
            people.hand: "incident.command", people.set_it: "incident.unit",
        }),
        "Plan": (plan.against, {plan.open_end: "playbook.stop"}),
        "Log": (log.note, {log.write: "incident.log"}),
        "Links": (links.against, {
            links.link: "incident.edit_list", links.file: "incident.edit_list",
            links.values: "incident.edit_list",
        }),
    }  # fmt: skip
    people.unit.choose(world.session.units.units[0].id)
    people.to.choose("id-Cleo")
    for title, (_note, asked) in pages.items():
        details.show_page(title)
        assert all(button.isEnabled() for button in asked), title
    for title, (note, asked) in pages.items():
        details.show_page(title)
        world.answer_permissions()
        for button, kind in asked.items():
            assert_off(button, refused(kind))
        assert note.isVisible(), title
        assert next(iter(asked)).toolTip() in note.text()
    assert not links.objective.isEnabled()
    assert not links.area.isEnabled()
    assert refused("incident.change") in links.area.toolTip()
    change_policy(world, EVERYBODY)
    world.answer_permissions()
    assert links.area.isEnabled()
    for title, (note, asked) in pages.items():
        details.show_page(title)
        world.answer_permissions()
        assert not note.isVisible() or title == "Plan", title
        assert all(button.isEnabled() for button in asked) or title == "Plan", title
    details.show_page("Plan")
    assert_off(plan.open_end, "Cleo (fire) leads it; only they or a higher rank end it early")


def test_a_low_page_leaves_the_reasons_to_the_tool_tips(
    world: HubWorld, open_panel: Callable[[str], Any]
) -> None:
    panel = incident_panel(world, open_panel)
    panel.resize(360, 560)
    tasks = panel.details.tasks
    world.answer_permissions()
    assert_off(tasks.start, refused("playbook.start"))
    assert not tasks.against.isVisible()
    assert panel.details.note.isVisible(), "the head has its line"


# --- units ---------------------------------------------------------------------------------------


def test_units_are_assigned_sent_and_taken_out(
    world: HubWorld, open_panel: Callable[[str], Any]
) -> None:
    panel = open_panel("units")
    panel.resize(1100, 500)
    unit = next(row.unit for row in panel._rows if row.can_be_sent)
    panel._chosen = (unit.id,)
    panel.show_lanes()
    deeds = panel.deeds
    for button in (deeds.assign, deeds.dispatch, deeds.open_leaving):
        assert button.isEnabled()
    world.answer_permissions()
    assert_off(deeds.assign, refused("incident.unit"))
    assert_off(deeds.dispatch, "“unit.dispatch”")
    assert_off(deeds.open_leaving, refused("unit.take_out"))
    assert deeds.note.text() == f"Assign to incident: {deeds.assign.toolTip()}"
    panel.open_page()
    world.answer_permissions()
    assert_off(panel.page.confirm, refused("incident.unit"))
    assert panel.page.note.isVisible()
    change_policy(world, EVERYBODY)
    world.answer_permissions()
    assert panel.page.confirm.isEnabled()
    panel.page.confirm.click()
    world.sync()
    incident = world.session.hub.room[Incidents].by_id.get("i1")
    assert incident is not None
    assert [one.unit_id for one in incident.units] == [unit.id]
    change_policy(world, LEADERS)
    world.answer_permissions()
    assert_off(deeds.free, refused("incident.unit"))


# --- marks ---------------------------------------------------------------------------------------


def mark(world: HubWorld, who: str, key: str) -> None:
    body = {"id": key, "kind": "note", "points": [[1.0, 2.0, 0.0]], "title": f"By {who}"}
    world.act(who, "mark.put", body)
    world.sync()


def test_the_marks_of_others(hub_world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    change_policy(hub_world, EVERYBODY)
    mark(hub_world, "cleo", "hers")
    mark(hub_world, "ada", "own")
    panel = open_panel("marks")
    panel.list.choose("hers")
    assert panel.change.isEnabled()
    assert panel.remove.isEnabled()
    panel.remove.click()
    hub_world.answer_permissions()
    for button in (panel.change, panel.remove, panel.really):
        assert_off(
            button,
            "“By cleo” belongs to Cleo (fire): only they and the department fire may change it",
        )
    assert panel.note.text() == f"Change: {panel.change.toolTip()}"
    panel._remove()
    hub_world.sync()
    assert hub_world.session.hub.room[Marks].by_id.get("hers") is not None
    panel.list.choose("own")
    hub_world.answer_permissions()
    assert panel.change.isEnabled()
    assert panel.remove.isEnabled()
    assert not panel.note.isVisible()


def test_who_may_not_mark_anything(world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    panel = open_panel("marks")
    world.session.set_draft(Draft(kind="note", points=((1.0, 2.0, 0.0),), id="new"))
    form = panel.form
    assert form.share.isEnabled()
    world.answer_permissions()
    assert_off(form.share, refused("mark.put"))
    assert form.note.isVisible()
    form.title.setText("Wet")
    n = len(world.bench.events)
    form._share()
    world.sync()
    assert len(world.bench.events) == n
    assert world.session.draft is not None, "the draft is kept"


# --- what perception proposes --------------------------------------------------------------------


def test_proposals(world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    members = tuple(
        Happening(
            kind="alarm", id=f"alarm:{key}", t_ns=1, title="High", thing_id=key,
            thing_name=key, rule="r", priority="high", xyz=(0.0, 0.0, 0.0),
        )
        for key in ("a", "b")
    )  # fmt: skip
    one = IncidentProposal(
        members=members, incident=None, reasons=("near",), span_m=1.0, span_s=60.0, xyz=None
    )
    world.session.set_incident_proposals((one,))
    panel = open_panel("proposals")
    buttons = {
        panel.yes: "incident.open", panel.apart: "proposal.split", panel.never: "proposal.never",
    }  # fmt: skip
    assert all(button.isEnabled() for button in buttons)
    world.answer_permissions()
    assert_off(panel.yes, "proposal.accept")
    assert_off(panel.apart, refused("proposal.split"))
    assert_off(panel.never, refused("proposal.never"))
    assert panel.note.text() == f"{panel.yes.full_text}: {panel.yes.toolTip()}"
    change_policy(world, EVERYBODY)
    world.answer_permissions()
    assert all(button.isEnabled() for button in buttons)


def test_messages(world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    panel = open_panel("messages")
    panel.text.setPlainText("Rain")
    assert panel.button.isEnabled()
    world.answer_permissions()
    assert_off(panel.button, refused("message.post"))
    assert panel.note.text() == panel.button.toolTip()
    n = len(world.bench.events)
    panel.send()
    world.sync()
    assert len(world.bench.events) == n
    assert panel.text.toPlainText() == "Rain", "what was typed is kept"
    change_policy(world, EVERYBODY)
    world.answer_permissions()
    panel.button.click()
    world.sync()
    assert panel.text.toPlainText() == ""
