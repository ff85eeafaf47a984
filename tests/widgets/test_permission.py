"""Buttons tell before they are pressed what the hub would say; over the real core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from tests.widgets.hub_world import HubWorld
from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.commanding import Draft, issue_batch, issue_command
from twin.hub.requests import PolicyChanged
from twin.link.permission import Permission
from twin.room.model import CommandState
from twin.room.parts.holds import Holds
from twin.room.parts.stage import STAGE_WORDS
from twin.security.policy_file import read_policy
from twin.session import ComposeRequest, Selection

S = CommandState
#: Ada (traffic, operator and shift leader in the world) may do what her department's operators may.
POLICY = b"""
version = 1
roles = ["operator", "shift_leader", "duty_officer"]
[[deny]]
id = "market"
text = "Market Street stays open for the parade"
actions = ["road.close"]
targets = ["road-2"]
[[allow]]
id = "own"
text = "Operators issue the commands of their own department"
own_commands = true
[[allow]]
id = "work"
actions = ["batch.*", "lease.release", "template.*"]
[[allow]]
id = "duty"
text = "Duty officers answer approvals, hold queues and take assets"
roles = ["duty_officer"]
actions = ["approval.*", "queue.*", "lease.*"]
[[approval]]
id = "gates"
actions = ["gate.set"]
needed = 1
[[approval]]
id = "streets"
text = "Streets are the police's as well"
actions = ["road.*"]
needed = 1
by_departments = ["police"]
[[break_glass]]
id = "duty-alone"
text = "The duty officer may, in an emergency"
roles = ["duty_officer"]
"""
EVERYBODY = POLICY.replace(b'roles = ["duty_officer"]\n', b"")
NOT_MINE = "; the nearest, “duty”, is for the role duty officer"
GLASS = (
    "No rule of the policy lets you release this without its approvals; the nearest, “duty-alone”,"
    " is for the role duty officer"
)


@pytest.fixture
def hub_world(tmp_path: Path) -> Any:
    """Ada may command what is of traffic, and little else."""
    made = HubWorld(tmp_path, policy=POLICY)
    yield made
    made.close()


@pytest.fixture
def gate(hub_world: HubWorld) -> str:
    """Ben (water) asks to move the gate."""
    command_id = hub_world.submit("ben", "gate.set", "gate-0", opening_pct=80.0)
    hub_world.sync()
    return command_id


def change_policy(world: HubWorld, policy: bytes) -> None:
    world.bench.do(PolicyChanged(policy=read_policy(policy, "test")))


def assert_off(button: Any, sentence: str) -> None:
    assert button.isVisible(), "everybody sees that it exists"
    assert not button.isEnabled()
    assert sentence in button.toolTip()
    assert sentence in button.accessibleDescription()


# --- approvals -----------------------------------------------------------------------------------


def test_who_may_not_answer_sees_it_before_and_who_may(
    hub_world: HubWorld, gate: str, open_panel: Callable[[str], Any]
) -> None:
    panel = open_panel("approvals")
    panel.open(gate)
    card = panel.card
    for button in (card.approve, card.deny, card.break_glass):
        assert button.isEnabled(), "nobody knows yet: offered as ever"
    assert not card.note.isVisible()
    hub_world.answer_permissions()
    for button, kind in ((card.approve, "approval.give"), (card.deny, "approval.deny")):
        assert_off(button, f"No rule of the policy allows “{kind}” to traffic{NOT_MINE}")
    assert_off(card.break_glass, "approval.break_glass")
    assert card.note.isVisible()
    assert card.note.text().splitlines() == [
        card.approve.toolTip(),
        f"Break the glass: {card.break_glass.toolTip()}",
    ]
    assert not card.text.isVisible(), "nothing to write an answer for"


def test_the_keys_do_no_more_than_the_buttons(
    hub_world: HubWorld, gate: str, open_panel: Callable[[str], Any], qtbot: Any
) -> None:
    panel = open_panel("approvals")
    panel.open(gate)
    hub_world.answer_permissions()
    n = len(hub_world.bench.events)
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    panel.list.setFocus()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_D, Qt.Key.Key_G):
        qtbot.keyClick(panel.list, key, Qt.KeyboardModifier.ControlModifier)
    panel.card.give()
    panel.card.refuse()
    panel.card.open_glass()
    assert not panel.card.glass.isVisible()
    assert len(hub_world.bench.events) == n
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert panel.focusWidget() is panel.card.fly


def test_another_policy_turns_the_buttons_on_by_itself(
    hub_world: HubWorld, gate: str, open_panel: Callable[[str], Any]
) -> None:
    panel = open_panel("approvals")
    panel.open(gate)
    hub_world.answer_permissions()
    card = panel.card
    assert not card.break_glass.isEnabled()
    change_policy(hub_world, EVERYBODY)
    hub_world.answer_permissions()
    for button in (card.approve, card.deny, card.break_glass):
        assert button.isEnabled()
        assert button.accessibleDescription() == ""
    assert not card.note.isVisible()
    assert card.break_glass.toolTip().startswith("Release without approval")
    card.break_glass.click()
    card.glass.reason.setText("People are in the water")
    change_policy(hub_world, POLICY)
    hub_world.answer_permissions()
    assert not card.glass.confirm.isEnabled(), "the right went while the loud step was open"
    assert card.glass.problem.isVisible()
    card.glass._break()
    assert hub_world.bench.state(gate) is S.AWAITING_APPROVAL


def test_who_may_answer_but_not_break_the_glass(
    hub_world: HubWorld, gate: str, open_panel: Callable[[str], Any]
) -> None:
    glass_only = POLICY.replace(b'roles = ["duty_officer"]\nactions', b"actions")
    change_policy(hub_world, glass_only)
    panel = open_panel("approvals")
    panel.open(gate)
    hub_world.answer_permissions()
    card = panel.card
    assert card.approve.isEnabled()
    assert card.text.isVisible()
    assert_off(card.break_glass, GLASS)
    assert card.note.text() == f"Break the glass: {GLASS}"
    card.give()
    assert hub_world.bench.state(gate) is S.SENT


def test_without_an_answer_everything_is_offered_again(
    hub_world: HubWorld, gate: str, open_panel: Callable[[str], Any]
) -> None:
    panel = open_panel("approvals")
    panel.open(gate)
    hub_world.answer_permissions()
    assert not panel.card.approve.isEnabled()
    hub_world.world.clock.advance_s(11.0)
    panel.refresh()
    assert panel.card.approve.isEnabled(), "the hub has not been heard for so long"
    panel.card.give()
    hub_world.session.poll()
    assert panel.card.problem.text().startswith("The hub refused: No rule of the policy")


# --- the composer --------------------------------------------------------------------------------


def test_the_form_says_why_not_and_goes_no_further(
    hub_world: HubWorld, open_panel: Callable[[str], Any]
) -> None:
    panel = open_panel("commands")
    composer = panel.composer
    hub_world.session.compose(
        ComposeRequest(target_id="road-2", type_id="road.close", args={"cause": "works"})
    )
    assert composer.review.isEnabled()
    hub_world.answer_permissions()
    sentence = "The rule “market” forbids it: Market Street stays open for the parade"
    assert_off(composer.review, sentence)
    assert composer.permission.isVisible()
    assert composer.permission.text() == sentence
    composer.show_confirm_step()
    assert not composer.is_confirming
    hub_world.session.compose(
        ComposeRequest(target_id="road-1", type_id="road.close", args={"cause": "works"})
    )
    hub_world.answer_permissions()
    assert composer.review.isEnabled()
    assert composer.permission.text().startswith("Waits for 1 approval")
    composer.show_confirm_step()
    assert composer.is_confirming


def test_the_form_says_for_whose_approval_it_will_wait(
    hub_world: HubWorld, open_panel: Callable[[str], Any]
) -> None:
    composer = open_panel("commands").composer
    hub_world.session.compose(
        ComposeRequest(target_id="road-1", type_id="road.close", args={"cause": "works"})
    )
    hub_world.answer_permissions()
    told = "Waits for 1 approval of police: Streets are the police's as well"
    assert composer.permission.text() == told
    assert composer.review.isEnabled()
    composer.show_confirm_step()
    assert composer.page.permission.text() == told
    composer.confirm.click()
    hub_world.sync()
    (command,) = hub_world.session.hub.room.commands.values()
    assert command.state_text == told


def test_a_right_that_goes_during_the_review_is_told_there(
    hub_world: HubWorld, open_panel: Callable[[str], Any]
) -> None:
    panel = open_panel("commands")
    composer = panel.composer
    hub_world.session.compose(
        ComposeRequest(target_id="road-1", type_id="road.close", args={"cause": "works"})
    )
    hub_world.answer_permissions()
    composer.show_confirm_step()
    assert composer.confirm.isEnabled()
    hub_world.act("ben", "lease.take", {"asset_id": "road-1", "asset_name": "Mill Lane"})
    change_policy(hub_world, POLICY.replace(b'["road-2"]', b'["road-1", "road-2"]'))
    hub_world.answer_permissions()
    assert_off(composer.confirm, "The rule “market” forbids it")
    assert composer.page.permission.isVisible()
    n = len(hub_world.bench.events)
    composer.page.confirmed.emit()
    assert len(hub_world.bench.events) == n


def test_somebody_elses_lease_is_told_in_the_form(
    hub_world: HubWorld, open_panel: Callable[[str], Any]
) -> None:
    change_policy(hub_world, EVERYBODY)
    hub_world.act("ben", "lease.take", {"asset_id": "road-1", "asset_name": "Mill Lane"})
    hub_world.sync()
    composer = open_panel("commands").composer
    hub_world.session.compose(
        ComposeRequest(target_id="road-1", type_id="road.close", args={"cause": "works"})
    )
    hub_world.answer_permissions()
    assert composer.permission.text() == "Mill Lane is held by Ben (water); ask for it or wait"
    hub_world.act("ben", "lease.release", {"asset_id": "road-1"})
    hub_world.answer_permissions()
    assert composer.review.isEnabled()


def test_of_a_batch_the_first_that_may_not_is_named(
    hub_world: HubWorld, open_panel: Callable[[str], Any]
) -> None:
    composer = open_panel("commands").composer
    hub_world.session.compose(
        ComposeRequest(
            target_ids=("road-1", "road-2", "road-3"), type_id="road.close",
            args={"cause": "flood"}, title="3 streets",
        )
    )  # fmt: skip
    hub_world.answer_permissions()
    assert composer.permission.text() == (
        "Market Street: The rule “market” forbids it: Market Street stays open for the parade"
    )
    composer.many.list.item(1).setCheckState(Qt.CheckState.Unchecked)
    assert composer.review.isEnabled()
    assert composer.permission.text().startswith("Waits for 1 approval")


# --- commands and queues -------------------------------------------------------------------------


def test_a_command_that_is_not_mine_to_cancel(
    hub_world: HubWorld, gate: str, open_panel: Callable[[str], Any]
) -> None:
    mine = issue_command(hub_world.session, "road.close", "road-1", {"cause": "works"})
    hub_world.sync()
    details = open_panel("commands").details
    room = hub_world.session.hub.room
    details.show_command(room.commands[gate].request, room.commands[gate])
    hub_world.answer_permissions()
    details.show_command(room.commands[gate].request, room.commands[gate])
    assert_off(details.cancel, "“Set gate” cannot be cancelled by Ada (traffic)")
    assert details.against_cancel.isVisible()
    details.show_command(room.commands[mine.id].request, room.commands[mine.id])
    hub_world.answer_permissions()
    details.show_command(room.commands[mine.id].request, room.commands[mine.id])
    assert details.cancel.isEnabled()
    assert not details.against_cancel.isVisible()
    details.cancel.click()
    assert hub_world.bench.state(mine.id) is S.CANCELLED


def test_holding_and_letting_go_of_queues(
    hub_world: HubWorld, open_panel: Callable[[str], Any]
) -> None:
    change_policy(hub_world, EVERYBODY)
    hub_world.act("cleo", "queue.hold", {"queue": "department:water", "reason": "Flood"})
    hub_world.sync()
    change_policy(hub_world, POLICY)
    panel = open_panel("board")
    panel.refresh()
    hub_world.answer_permissions()
    panel.refresh()
    bar = panel.queues
    assert_off(bar.hold, f"No rule of the policy allows “queue.hold” to traffic{NOT_MINE}")
    assert_off(bar.held[0], f"No rule of the policy allows “queue.release” to traffic{NOT_MINE}")
    assert bar.note.text() == bar.hold.toolTip()
    change_policy(hub_world, EVERYBODY)
    hub_world.answer_permissions()
    panel.refresh()
    assert bar.hold.isEnabled()
    assert bar.held[0].toolTip().startswith("Held by Cleo (fire)")
    assert bar.note.text() == ""
    bar.held[0].click()
    hub_world.sync()
    assert not hub_world.session.hub.room[Holds].by_queue


# --- leases --------------------------------------------------------------------------------------


def test_taking_asking_and_taking_over_an_asset(
    hub_world: HubWorld, open_panel: Callable[[str], Any]
) -> None:
    change_policy(hub_world, EVERYBODY)
    hub_world.bench.lose("ada")
    hub_world.bench.log_in("Ada", "traffic", rank=3)
    hub_world.act("ben", "lease.take", {"asset_id": "pump-1", "asset_name": "Pump 2"})
    change_policy(hub_world, POLICY)
    hub_world.sync()
    panel = open_panel("leases")
    hub_world.session.select(Selection(thing_id="pump-0"))
    panel.list.setCurrentIndex(panel.model.index(panel.model.row_of("pump-1")))
    assert panel.take.isEnabled()
    assert panel.seize.isEnabled()
    hub_world.answer_permissions()
    for button, kind in (
        (panel.take, "lease.take"),
        (panel.ask, "lease.ask"),
        (panel.seize, "lease.seize"),
    ):
        assert_off(button, f"No rule of the policy allows “{kind}” to traffic{NOT_MINE}")
    assert panel.taker_note.text() == panel.take.toolTip()
    assert panel.note.text() == panel.seize.toolTip()
    change_policy(hub_world, EVERYBODY)
    hub_world.answer_permissions()
    assert panel.take.isEnabled()
    assert panel.take.toolTip() == "Take it"
    assert not panel.taker_note.isVisible()
    assert panel.seize.isEnabled()
    assert not panel.note.isVisible()


def test_reviews_and_delegations(
    hub_world: HubWorld, gate: str, open_panel: Callable[[str], Any]
) -> None:
    change_policy(hub_world, EVERYBODY)
    body = {"command_id": gate, "digest": hub_world.digest(gate), "reason": "People in it"}
    hub_world.act("cleo", "approval.break_glass", body)
    change_policy(hub_world, POLICY)
    hub_world.sync()
    panel = open_panel("reviews")
    panel.list.setCurrentIndex(panel.model.index(panel.model.row_of(f"review-{gate}")))
    panel.finding.setText("It was right")
    hub_world.answer_permissions()
    sentence = "No rule of the policy allows “review.close” to traffic"
    assert_off(panel.close_it, sentence)
    assert panel.note.text().startswith(sentence)
    assert not panel.finding.isVisible()
    assert_off(panel.delegate, "“delegation.give”")
    assert panel.delegate_note.isVisible()
    n = len(hub_world.bench.events)
    panel._close_review()
    assert len(hub_world.bench.events) == n
    change_policy(hub_world, EVERYBODY.replace(b'"queue.*"', b'"review.*", "delegation.*"'))
    hub_world.answer_permissions()
    assert panel.finding.isVisible()
    assert panel.finding.text() == "It was right"
    panel.close_it.click()
    hub_world.sync()
    assert panel.model.row_of(f"review-{gate}") < 0
    panel.delegate.click()
    assert panel.form.isVisible()


def test_the_stage_of_the_city(hub_world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    panel = open_panel("stage")
    third = panel.steps.button(3)
    third.click()
    assert panel.set.isVisible()
    hub_world.answer_permissions()
    assert_off(third, "No rule of the policy allows “stage.set” to traffic")
    assert panel.note.text() == third.toolTip()
    assert not panel.set.isVisible(), "what was begun is put away"
    change_policy(hub_world, EVERYBODY.replace(b'"queue.*"', b'"stage.*"'))
    hub_world.answer_permissions()
    assert third.isEnabled()
    assert third.toolTip() == STAGE_WORDS[3]
    assert not panel.note.isVisible()
    assert not panel.steps.button(1).isEnabled(), "in force already"
    hub_world.answer_permissions()
    assert_off(panel.steps.button(1), f"The city is at stage 1 ({STAGE_WORDS[1]}) already")


def test_alarms(hub_world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    change_policy(hub_world, EVERYBODY.replace(b'"queue.*"', b'"alarm.*"'))
    alarm = {"id": "high", "title": "Level is high", "priority": "high", "thing_id": "pump-0"}
    hub_world.act("ben", "alarm.raise", {"alarms": [alarm]})
    seen = POLICY.replace(b'"batch.*"', b'"batch.*", "alarm.acknowledge", "alarm.shelve"')
    change_policy(hub_world, seen)
    hub_world.sync()
    panel = open_panel("alarms")
    panel.refresh()
    panel.choose_first()
    details = panel.details
    assert details.take_out.isEnabled()
    hub_world.answer_permissions()
    assert_off(details.take_out, "No rule of the policy allows “alarm.take_out” to traffic")
    assert_off(details.make, "“incident.open”")
    assert details.acknowledge.isEnabled()
    assert details.shelve.isEnabled()
    assert details.note.isVisible()
    assert details.note.text() == f"Out of service: {details.take_out.toolTip()}"
    assert details.acknowledge_chosen()
    hub_world.sync()
    change_policy(hub_world, EVERYBODY.replace(b'"queue.*"', b'"alarm.*", "incident.*"'))
    hub_world.answer_permissions()
    assert details.take_out.isEnabled()
    assert not details.note.isVisible()


def test_the_key_of_an_alarm_says_why_not(
    hub_world: HubWorld, open_panel: Callable[[str], Any]
) -> None:
    change_policy(hub_world, EVERYBODY.replace(b'"queue.*"', b'"alarm.*"'))
    alarm = {"id": "high", "title": "Level is high", "priority": "high", "thing_id": "pump-0"}
    hub_world.act("ben", "alarm.raise", {"alarms": [alarm]})
    change_policy(hub_world, POLICY)
    hub_world.sync()
    panel = open_panel("alarms")
    panel.refresh()
    panel.choose_first()
    hub_world.answer_permissions()
    n = len(hub_world.bench.events)
    assert panel.details.acknowledge_chosen()
    assert "“alarm.acknowledge”" in panel.details.problem.text()
    assert len(hub_world.bench.events) == n


def test_taking_the_shift_and_handing_it_over(
    hub_world: HubWorld, open_panel: Callable[[str], Any]
) -> None:
    panel = open_panel("shift")
    assert panel.take.isEnabled()
    hub_world.answer_permissions()
    assert_off(panel.take, "No rule of the policy allows “shift.take” to traffic")
    assert_off(panel.hand_over, "“shift.hand_over”")
    assert panel.against.text() == panel.take.toolTip()
    change_policy(hub_world, EVERYBODY.replace(b'"queue.*"', b'"shift.*"'))
    hub_world.answer_permissions()
    assert not panel.against.isVisible()
    handover = {"id": "h-1", "text": "Quiet so far"}
    hub_world.act("cleo", "shift.hand_over", handover)
    change_policy(hub_world, POLICY)
    hub_world.sync()
    panel.refresh()
    panel.waiting.click()
    hub_world.answer_permissions()
    assert_off(panel.read.accept, "“shift.accept”")
    assert panel.read.note.text() == panel.read.accept.toolTip()
    panel.read.answer.setText("What of the gate?")
    assert_off(panel.read.send_back, "“shift.send_back”")
    change_policy(hub_world, EVERYBODY.replace(b'"queue.*"', b'"shift.*"'))
    hub_world.answer_permissions()
    assert panel.read.send_back.isEnabled()
    panel.read.accept.click()
    hub_world.sync()
    panel.refresh()
    assert panel.who.text() == "You lead the shift"


def test_event_rules(hub_world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    panel = open_panel("event_rules")
    assert panel.new.isEnabled()
    hub_world.answer_permissions()
    assert_off(panel.new, "No rule of the policy allows “rule.put” to traffic")
    assert panel.against.text() == panel.new.toolTip()
    change_policy(hub_world, EVERYBODY.replace(b'"queue.*"', b'"rule.*"'))
    hub_world.answer_permissions()
    assert panel.new.isEnabled()
    assert not panel.against.isVisible()
    assert not panel.remove.isEnabled(), "there is none"


def test_looking_never_waits_for_the_hub(
    hub_world: HubWorld, gate: str, open_panel: Callable[[str], Any], monkeypatch: Any
) -> None:
    """A console asks by noting what it looks at; nothing is sent on the GUI thread."""
    sent: list[object] = []
    monkeypatch.setattr(hub_world.world.client._connection, "send", sent.append)
    for panel_id in ("approvals", "commands", "board", "leases"):
        panel = open_panel(panel_id)
        panel.refresh()
    assert sent == []
    assert hub_world.session.hub.may("approval.give", gate) is None


def test_a_batch_to_approve(hub_world: HubWorld, open_panel: Callable[[str], Any]) -> None:
    drafts = [
        Draft(type_id="road.close", target_id=target, args={"cause": "event"})
        for target in ("road-0", "road-1")
    ]
    batch = issue_batch(hub_world.session, "Two streets", drafts)
    hub_world.sync()
    panel = open_panel("approvals")
    panel.open(batch.batch_id)
    hub_world.answer_permissions()
    assert_off(panel.card.approve, "Whoever issued a command cannot approve it")
    assert_off(panel.card.break_glass, "Only single commands are released without approval")
    assert "Break the glass" not in panel.card.note.text()
    assert hub_world.session.hub.may("approval.give", batch.batch_id) == Permission(
        allowed=False, text=f"No rule of the policy allows “approval.give” to traffic{NOT_MINE}"
    )
