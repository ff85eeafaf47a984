"""Approvals over the real core: by mouse and by keyboard, and what the hub refuses."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.commanding import Draft, issue_batch, issue_command
from twin.room.model import CommandState
from twin.room.parts.reviews import Reviews
from twin.session import Selection
from widgets.panel import panel_registry
from widgets.parts.waiting_list import WaitingRole

S = CommandState


def titles(panel) -> list[str]:
    return [str(panel.model.index(row).data()) for row in range(panel.model.rowCount())]


@pytest.fixture
def gate(hub_world) -> str:
    """Ben asks to move the gate; traffic or fire have to say yes."""
    command_id = hub_world.submit("ben", "gate.set", "gate-0", opening_pct=80.0)
    hub_world.sync()
    return command_id


def test_what_waits_for_me_comes_first(hub_world, gate, open_panel) -> None:
    issue_command(hub_world.session, "pump.start", "pump-0", {})
    hub_world.submit("ada", "road.close", "road-0", cause="works")
    hub_world.sync()
    panel = open_panel("approvals")
    assert titles(panel) == [
        "Waits for you",
        "Set North gate",
        "You asked; waits for others",
        "Start Pump 1",
    ]
    index = panel.model.index(1)
    assert "Opening 80 %" in index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Ben (water)" in index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_the_card_tells_exactly_what_is_asked(hub_world, gate, open_panel) -> None:
    panel = open_panel("approvals")
    panel.open(gate)
    card = panel.card
    assert card.effect.text().startswith("Move North gate to an opening of 80 %")
    exact, around = dict(card.exact.facts._facts), dict(card.facts.facts._facts)
    assert exact["Opening"] == "80 %"
    assert around["Approvals"] == "0 of 1, 1 approval by traffic or fire, of another department"
    assert around["Rule"] == "Gates change the water for everybody"
    assert around["Bound to"].replace(" ", "") == hub_world.digest(gate)[:12]
    assert around["Time left"] == "10:00"
    assert card.approve.full_text == "Approve: Set North gate"
    assert "80 % open" in card.preview.text()
    assert hub_world.session.preview.things == ("gate-0",)
    assert hub_world.session.selection == Selection(thing_id="gate-0")
    hub_world.world.clock.advance_s(61.0)
    panel.refresh()
    assert dict(card.facts.facts._facts)["Time left"] == "8:59"


def test_a_yes_by_keyboard_alone(hub_world, gate, open_panel, qtbot) -> None:
    panel = open_panel("approvals")
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    panel.setFocus()
    panel_registry()["approvals"].enter(panel)
    assert panel.card.waiting.key == gate, "the first entry opens when somebody goes there"
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert panel.focusWidget() is panel.card.approve
    qtbot.keyClick(panel.card.approve, Qt.Key.Key_Escape)
    assert panel.focusWidget() is panel.list
    qtbot.keyClick(panel.list, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert hub_world.bench.state(gate) is S.SENT
    hub_world.sync()
    assert titles(panel) == []
    assert panel.card.status.text().startswith("Approved by Ada (traffic)")
    assert hub_world.session.preview is None


def test_a_second_press_sends_nothing_more(hub_world, gate, open_panel, monkeypatch) -> None:
    panel = open_panel("approvals")
    panel.open(gate)
    sent: list[str] = []
    monkeypatch.setattr(
        hub_world.world.client, "act", lambda kind, _body: sent.append(kind) or "act-1"
    )
    panel.card.give()
    panel.card.give()
    panel.card.approve.click()
    assert sent == ["approval.give"]
    assert panel.card.status.text() == "Sent; waiting for the hub"


def test_a_no_needs_a_reason_which_the_issuer_reads(hub_world, gate, open_panel, qtbot) -> None:
    panel = open_panel("approvals")
    panel.open(gate)
    panel.card.deny.click()
    assert hub_world.bench.state(gate) is S.AWAITING_APPROVAL
    assert panel.card.problem.text() == "Say why you deny it: Ben will read it"
    qtbot.keyClicks(panel.card.text, "Divers are in the basin")
    panel.card.deny.click()
    command = hub_world.bench.command(gate)
    assert command.state is S.DENIED
    hub_world.sync()
    assert "Divers are in the basin" in panel.card.status.text()


def test_breaking_the_glass_is_two_steps_with_a_reason(hub_world, gate, open_panel, qtbot) -> None:
    panel = open_panel("approvals")
    panel.open(gate)
    card = panel.card
    card.break_glass.click()
    assert card.glass.isVisible()
    assert not card.approve.isVisible()
    assert card.glass._sentence.text().startswith("Move North gate to an opening of 80 %")
    assert card.glass.confirm.full_text == "Release without approval"
    qtbot.keyClicks(card.glass.reason, "no")
    card.glass.confirm.click()
    assert card.glass.problem.isVisible()
    assert hub_world.bench.state(gate) is S.AWAITING_APPROVAL
    card.glass.reason.setText("People are in the water")
    card.glass.confirm.click()
    assert hub_world.bench.state(gate) is S.SENT
    hub_world.sync()
    (review,) = hub_world.session.hub.room[Reviews].by_id.values()
    assert "People are in the water" in review.text


def test_what_the_hub_refuses_is_told_at_the_card(hub_world, gate, open_panel) -> None:
    panel = open_panel("approvals")
    panel.open(gate)
    hub_world.act("cleo", "approval.give", {"command_id": gate, "digest": hub_world.digest(gate)})
    panel.card.give()  # Cleo was faster, and this console has not heard of it yet
    hub_world.session.poll()
    assert "any more" in panel.card.problem.text()
    hub_world.sync()
    assert panel.card.status.text().startswith("Approved by Cleo (fire)")


def test_my_own_command_shows_why_i_cannot_answer(hub_world, open_panel) -> None:
    request = issue_command(hub_world.session, "pump.start", "pump-0", {}, reason="Rain")
    hub_world.sync()
    panel = open_panel("approvals")
    panel.open(request.id)
    card = panel.card
    for button in (card.approve, card.deny):
        assert button.isVisible(), "everybody sees that it exists"
        assert not button.isEnabled()
        assert button.toolTip().startswith("Whoever issued a command cannot approve it")
    assert card.note.text().startswith("Whoever issued a command cannot approve it")
    card.give()
    assert hub_world.bench.command(request.id).approval.grants == ()


def test_what_is_open_stays_open_when_others_come_and_go(hub_world, gate, open_panel) -> None:
    panel = open_panel("approvals")
    panel.open(gate)
    other = hub_world.submit("dora", "pump.start", "pump-1")
    hub_world.sync()
    assert panel.card.waiting.key == gate
    assert panel.list.currentIndex().data(WaitingRole).key == gate
    hub_world.wait(601.0)
    hub_world.sync()
    assert "expired" in panel.card.status.text()
    panel.open(other)
    assert panel.card.waiting is None or panel.card.waiting.key == other


def test_a_batch_is_answered_as_a_whole(hub_world, open_panel) -> None:
    drafts = [
        Draft(type_id="pump.start", target_id=target) for target in ("pump-0", "pump-1", "pump-2")
    ]
    batch = issue_batch(hub_world.session, "Start all pumps", drafts, reason="Rain")
    hub_world.sync()
    panel = open_panel("approvals")
    assert titles(panel) == ["You asked; waits for others", "Start all pumps"]
    panel.open(batch.batch_id)
    assert panel.card.effect.text().startswith("3 commands at once, all or none")
    assert [value for _, value in panel.card.exact.facts._facts[1:]] == [
        "Pump 1",
        "Pump 2",
        "Pump 3",
    ]
    assert set(hub_world.session.preview.things) >= {"pump-0", "pump-1", "pump-2"}
    assert not panel.card.break_glass.isEnabled()


def test_release_takes_the_preview_out_of_the_city(hub_world, gate, open_panel) -> None:
    panel = open_panel("approvals")
    panel.open(gate)
    panel.release()
    assert hub_world.session.preview is None
