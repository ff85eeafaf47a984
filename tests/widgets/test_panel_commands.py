"""Composing, confirming, following and undoing a command."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from tests.widgets.panel_fixtures import *  # noqa: F403
from tests.widgets.panel_world import TO_EXECUTING
from twin.commanding import issue_command
from twin.errors import CommandRejected
from twin.link.control import Act
from twin.room.model import CommandState
from twin.session import ComposeRequest, Selection
from twin.undoing import undo_request
from widgets.parts.command_list import MOST_LISTED, CaptionRole, IdRole, StateRole


@pytest.fixture
def submitted(full_world, monkeypatch) -> list:
    """Requests that reached the hub client from now on."""
    found: list = []
    real = full_world.client.submit
    monkeypatch.setattr(full_world.client, "submit", lambda r: (found.append(r), real(r)))
    return found


def captions(panel) -> dict[str, str]:
    model = panel.model
    rows = [model.index(row) for row in range(model.rowCount())]
    return {index.data(): index.data(CaptionRole) for index in rows}


def test_nothing_is_submitted_before_it_is_confirmed(
    full_world, open_panel, submitted, qtbot
) -> None:
    panel = open_panel("commands")
    full_world.session.compose(ComposeRequest(target_id="road-1", type_id="road.close"))
    composer = panel.composer
    assert composer.review.full_text == "Close Mill Lane…"
    composer.form.fields.controls["cause"].write("flood")
    composer.reason.setText("  High water ")
    qtbot.mouseClick(composer.review, Qt.MouseButton.LeftButton)
    assert composer.is_confirming
    assert submitted == []
    assert composer.confirm.full_text == "Close Mill Lane"
    assert "Close Mill Lane (flood)" in composer.effect.text()
    assert "traffic flow falls below 30 veh" in composer.proof.text()
    qtbot.mouseClick(composer.confirm, Qt.MouseButton.LeftButton)
    assert len(submitted) == 1
    request = submitted[0]
    assert (request.type_id, request.target_id, request.target_name) == (
        "road.close",
        "road-1",
        "Mill Lane",
    )
    assert request.args == {"cause": "flood"}
    assert request.reason == "High water"
    assert not composer.is_confirming
    qtbot.mouseClick(composer.confirm, Qt.MouseButton.LeftButton)
    assert len(submitted) == 1


def test_all_by_keyboard(full_world, open_panel, submitted, qtbot) -> None:
    panel = open_panel("commands")
    composer = panel.composer
    full_world.session.compose(ComposeRequest(target_id="road-1", type_id="road.close"))
    qtbot.keyClick(composer.reason, Qt.Key.Key_Return)
    assert composer.is_confirming
    qtbot.keyClick(composer.confirm, Qt.Key.Key_Escape)
    assert not composer.is_confirming
    assert composer.target.chosen_id() == "road-1"
    qtbot.keyClick(composer.review, Qt.Key.Key_Space)
    assert composer.is_confirming
    qtbot.keyClick(composer.confirm, Qt.Key.Key_Return)
    assert len(submitted) == 1


def test_escape_from_the_form_empties_it(full_world, open_panel, submitted, qtbot) -> None:
    panel = open_panel("commands")
    full_world.session.compose(ComposeRequest(target_id="road-1", type_id="road.close"))
    qtbot.keyClick(panel.composer.reason, Qt.Key.Key_Escape)
    assert panel.composer.target.chosen_id() == ""
    assert full_world.session.compose_request is None
    assert submitted == []


def test_typing_a_name_chooses_the_target(full_world, open_panel, qtbot) -> None:
    composer = open_panel("commands").composer
    line = composer.target.lineEdit()
    line.setText("north gate")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert composer.target.chosen_id() == "gate-0"
    assert [composer.type.itemText(i) for i in range(composer.type.count())] == ["Set gate"]


def test_a_missing_destination_is_told_at_its_field(full_world, open_panel, submitted) -> None:
    panel = open_panel("commands")
    full_world.session.compose(ComposeRequest(target_id="amb-1", type_id="unit.dispatch"))
    composer = panel.composer
    composer.show_confirm_step()
    assert not composer.is_confirming
    assert composer.form.destination.error() == "Choose a place"
    composer.form.destination.chooser.choose("p1")
    composer.form.destination._take_place("p1")
    composer.show_confirm_step()
    assert composer.is_confirming
    assert composer.effect.text().startswith("Send Ambulance 1 to Westeinde Hospital")
    composer.confirm.click()
    assert submitted[0].args == {"x_m": 400.0, "y_m": 120.0, "place": "Westeinde Hospital"}


def test_an_invalid_value_is_told_at_its_field(full_world, open_panel, submitted) -> None:
    panel = open_panel("commands")
    full_world.session.compose(ComposeRequest(target_id="gate-0", type_id="gate.set"))
    control = panel.composer.form.fields.controls["opening_pct"]
    control.editor.setRange(-1000.0, 1000.0)
    control.write(250.0)
    panel.composer.show_confirm_step()
    assert control.error() == "Opening must be at most 100 %"
    assert control._error.isVisible()
    assert not panel.composer.is_confirming
    control.write(25.0)
    panel.composer.show_confirm_step()
    assert control.error() == ""
    assert panel.composer.is_confirming
    assert submitted == []


def test_a_figure_starts_at_what_the_city_shows(full_world, open_panel) -> None:
    full_world.observe("gate-0/gate_opening", 65.0)
    panel = open_panel("commands")
    full_world.session.compose(ComposeRequest(target_id="gate-0", type_id="gate.set"))
    assert panel.composer.values() == {"opening_pct": 65.0}


def test_undo_composes_the_declared_inverse(full_world, open_panel, submitted) -> None:
    panel = open_panel("commands")
    row = [panel.model.index(r).data() for r in range(panel.model.rowCount())].index(
        "Close Harbour Street"
    )
    panel.list.setCurrentIndex(panel.model.index(row))
    assert panel.undo.full_text == "Undo: Open Harbour Street…"
    panel.undo.click()
    composed = full_world.session.compose_request
    assert (composed.type_id, composed.target_id) == ("road.open", "road-0")
    assert submitted == []
    panel.composer.show_confirm_step()
    panel.composer.confirm.click()
    assert submitted[0].type_id == "road.open"
    assert submitted[0].inverse_of == composed.inverse_of != ""


def test_undo_of_a_setting_restores_what_was_before(world, open_panel) -> None:
    world.fill(n_steps=3)
    world.observe("gate-0/gate_opening", 65.0)
    command_id = world.give("gate.set", "gate-0", "North gate", opening_pct=10.0)
    world.hub.move(command_id, *TO_EXECUTING)
    world.clock.advance_s(1.0)
    world.observe("gate-0/gate_opening", 10.0)
    world.hub.move(command_id, CommandState.VERIFIED, observed=10.0)
    world.session.poll()
    panel = open_panel("commands")
    panel.list.setCurrentIndex(panel.model.index(0))
    panel.undo.click()
    assert world.session.compose_request.args == {"opening_pct": 65.0}


def test_undo_trusts_what_the_hub_noted_where_the_history_is_too_short(world, open_panel) -> None:
    command_id = world.give("gate.set", "gate-0", "North gate", opening_pct=10.0)
    world.hub.move(command_id, *TO_EXECUTING, baseline=42.0)
    world.hub.move(command_id, CommandState.VERIFIED, observed=10.0)
    world.session.poll()
    panel = open_panel("commands")
    panel.list.setCurrentIndex(panel.model.index(0))
    panel.undo.click()
    assert world.session.compose_request.args == {"opening_pct": 42.0}


def test_undo_gives_the_command_before_again(world, open_panel) -> None:
    pump = "pump-0"
    first = world.give("pump.start", pump, "North pump", speed_pct=55.0)
    world.hub.move(first, *TO_EXECUTING, CommandState.VERIFIED, observed=1.0)
    refused = world.give("pump.start", pump, "North pump", speed_pct=99.0)
    world.hub.move(refused, CommandState.REJECTED)
    stop = world.give("pump.stop", pump, "North pump")
    world.hub.move(stop, *TO_EXECUTING, CommandState.VERIFIED, observed=0.0)
    later = world.give("pump.start", pump, "North pump", speed_pct=70.0)
    world.hub.move(later, *TO_EXECUTING)
    world.session.poll()
    compose = undo_request(world.session, world.session.hub.room.commands[stop])
    assert compose is not None
    assert (compose.type_id, compose.args) == ("pump.start", {"speed_pct": 55.0})
    assert compose.inverse_of == stop
    assert undo_request(world.session, world.session.hub.room.commands[refused]) is None
    assert undo_request(world.session, world.session.hub.room.commands[later]) is None


def test_a_running_command_can_be_cancelled(full_world, open_panel, monkeypatch) -> None:
    panel = open_panel("commands")
    wanted: list[str] = []
    monkeypatch.setattr(full_world.client, "cancel", wanted.append)
    for row in range(panel.model.rowCount()):
        index = panel.model.index(row)
        panel.list.setCurrentIndex(index)
        runs = index.data(StateRole) == CommandState.EXECUTING
        assert panel.cancel.isVisible() == runs
        if runs:
            panel.cancel.click()
            assert wanted == [panel._shown_id]
    assert len(wanted) == 1


def test_states_in_words(full_world, open_panel) -> None:
    assert captions(open_panel("commands")) == {
        "Stop Pump 2": "Waiting for the hub",
        "Open Station Road": "Unknown · The actuator lost its memory",
        "Open Market Street": "Cancelled · Cancelled by Ada (traffic)",
        "Dispatch Ambulance 1": "Running · On its way",
        "Set North gate": "Timed out · Not seen within 60 s",
        "Start Pump 1": "Failed · The pump reports a blocked inlet",
        "Close Harbour Street": "Verified · traffic flow 12 veh/h",
    }


def test_a_command_from_elsewhere_appears_and_moves_on(full_world, open_panel) -> None:
    panel = open_panel("commands")
    command_id = full_world.give("road.close", "road-4", "Canal Street")
    full_world.session.poll()
    assert panel.model.row_of(command_id) == 1
    full_world.hub.move(command_id, *TO_EXECUTING)
    full_world.session.poll()
    assert captions(panel)["Close Canal Street"] == "Running · Ada (traffic)"


def test_details_list_the_steps_and_what_was_seen(full_world, open_panel) -> None:
    panel = open_panel("commands")
    panel.list.setCurrentIndex(panel.model.index(panel.model.rowCount() - 1))
    facts = dict(panel.facts.facts._facts)
    assert facts["Given by"] == "Ada (traffic)"
    assert facts["Seen in the city"] == "traffic flow 12 veh/h"
    assert facts["Elapsed"] == "0:06"
    assert (
        list(facts).index("Submitted") < list(facts).index("Sent") < list(facts).index("Verified")
    )


def test_a_refusal_is_shown(full_world, open_panel) -> None:
    panel = open_panel("commands")
    request = full_world.client.pending[0]
    full_world.hub.refuse(request.id, "The pump is locked for repair")
    full_world.session.poll()
    assert panel._refusal.isVisible()
    assert panel._refusal.text() == "The hub refused: The pump is locked for repair"
    assert "Stop Pump 2" not in captions(panel)


def test_a_refusal_of_another_panel_is_told_there(full_world, open_panel) -> None:
    panel = open_panel("commands")
    lease = Act(id="a-lease", kind="lease.take", body={})
    batch = Act(id="a-batch", kind="batch.submit", body={})
    for act in (lease, batch):
        full_world.session.given.emit(act)
    full_world.hub.refuse("a-lease", "Ben holds it")
    full_world.session.poll()
    assert not panel._refusal.isVisible()
    full_world.hub.refuse("a-batch", "A batch holds 1 to 2 commands")
    full_world.session.poll()
    assert panel._refusal.text() == "The hub refused: A batch holds 1 to 2 commands"


def test_a_panel_opened_later_takes_the_request(full_world, open_panel) -> None:
    full_world.session.compose(ComposeRequest(target_id="road-1", type_id="road.close"))
    assert open_panel("commands").composer.review.full_text == "Close Mill Lane…"


def test_issue_command_gives_an_id_and_submits_once(full_world, submitted) -> None:
    request = issue_command(full_world.session, "pump.start", "pump-0", {}, reason="rain")
    assert submitted == [request]
    assert request.id[14] == "7"
    assert request.target_name == "Pump 1"


@pytest.mark.parametrize(
    ("type_id", "target_id", "args", "sentence"),
    [
        ("no.such", "road-0", {}, "knows no command"),
        ("road.close", "gone", {}, "Nothing called gone"),
        ("pump.start", "road-0", {}, "Harbour Street does not accept"),
        ("road.close", "road-0", {"cause": "aliens"}, "Cause must be one of"),
        ("gate.set", "gate-0", {}, "Opening is missing"),
        ("gate.set", "gate-0", {"opening_pct": float("nan")}, "must be a number"),
        ("road.close", "road-0", {"colour": 1}, "no field called colour"),
    ],
)
def test_issue_command_refuses_and_submits_nothing(
    full_world, submitted, type_id, target_id, args, sentence
) -> None:
    with pytest.raises(CommandRejected, match=sentence):
        issue_command(full_world.session, type_id, target_id, args)
    assert submitted == []


def test_the_target_follows_the_selection_until_somebody_composes(full_world, open_panel) -> None:
    select = full_world.session.select
    select(Selection(thing_id="road-0"))
    composer = open_panel("commands").composer
    assert composer.target.chosen_id() == "road-0", "opened after the selection"
    select(Selection(unit_id="amb-1"))
    assert composer.target.chosen_id() == "amb-1"
    select(Selection(thing_id="air-3"))
    assert composer.target.chosen_id() == "amb-1", "nothing can be told to an air station"
    select(Selection(thing_id="road-1"))
    assert composer.review.full_text == "Close Mill Lane…"
    composer.reason.setText("High water")
    select(Selection(thing_id="road-2"))
    assert composer.target.chosen_id() == "road-1"
    composer.back()
    select(Selection(thing_id="road-3"))
    assert composer.target.chosen_id() == "road-3"
    composer.form.fields.controls["cause"].write("flood")
    select(Selection(thing_id="road-4"))
    assert composer.target.chosen_id() == "road-3"
    full_world.session.compose(ComposeRequest(target_id="pump-0", type_id="pump.start"))
    select(Selection(thing_id="road-5"))
    assert composer.target.chosen_id() == "pump-0"


def test_the_newest_are_listed_and_what_is_chosen_stays(world, open_panel) -> None:
    world.fill(n_steps=2)
    for n in range(MOST_LISTED):
        world.give("road.close", f"road-{n % 6}", f"Street {n}", cause="works")
    world.session.poll()
    panel = open_panel("commands")
    assert panel.model.rowCount() == MOST_LISTED
    panel.list.setCurrentIndex(panel.model.index(3))
    chosen = panel.list.currentIndex().data(IdRole)
    oldest = panel.model.index(MOST_LISTED - 1).data(IdRole)
    world.give("road.close", "road-1", "Newest Street", cause="works")
    world.session.poll()
    assert panel.model.rowCount() == MOST_LISTED
    assert panel.model.index(0).data() == "Close Newest Street"
    assert panel.list.currentIndex().data(IdRole) == chosen
    assert panel.model.row_of(oldest) == -1
