"""Forms built from what the fields of a dataclass say of themselves."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QComboBox, QPlainTextEdit

from tests.twin.cap_samples import ARGS, FRENCH
from tests.twin.command_samples import valid_args
from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.city.areas import Area
from twin.commanding import command_types
from twin.commands.base import CommandType
from twin.commands.params import field_errors, fields_of
from twin.commands.publish_alert import DESCRIPTION_LETTERS, PublishAlert, outline_points
from twin.room.model import CommandState
from twin.sense.model import Announcement, Datastream, Thing
from twin.session import ComposeRequest
from widgets.parts.session_controls import session_editors
from widgets.parts.value_form import ValueForm

TO_ACCEPTED = (
    CommandState.QUEUED,
    CommandState.RELEASED,
    CommandState.SENT,
    CommandState.ACCEPTED,
)
GATEWAY = Thing(
    id="alerts-1",
    name="Gateway",
    kind="alert_gateway",
    accepts=("alert.publish", "alert.cancel"),
)


@pytest.fixture
def alert_world(world):
    world.session.observations.announce(
        Announcement(
            source="gateway",
            epoch="1",
            things=(GATEWAY,),
            datastreams=(
                Datastream(
                    index=0,
                    id="alerts-1/alert_active",
                    thing_id="alerts-1",
                    observed_property="alert_active",
                ),
            ),
        )
    )
    return world


@pytest.fixture
def submitted(alert_world, monkeypatch) -> list:
    """Requests that reached the hub client from now on."""
    found: list = []
    real = alert_world.client.submit
    monkeypatch.setattr(alert_world.client, "submit", lambda r: (found.append(r), real(r)))
    return found


@pytest.mark.parametrize("command_type", list(command_types()), ids=lambda t: t.id)
def test_every_command_has_a_form_that_gives_back_what_it_was_given(
    qtbot, world, command_type: CommandType
) -> None:
    fields = fields_of(command_type.params)
    args = valid_args(command_type)
    form = ValueForm(fields, args, editors=session_editors(world.session, "x"))
    qtbot.addWidget(form)
    values = form.values()
    assert {k: v for k, v in values.items() if v != args[k]} == {}
    assert not field_errors(command_type.params, values)
    for field in fields:
        assert form.controls[field.name].editor.toolTip() == field.help


def test_a_long_text_counts_its_letters_and_says_when_there_are_too_many(qtbot) -> None:
    fields = [f for f in fields_of(PublishAlert) if f.name == "description"]
    form = ValueForm(fields, {})
    qtbot.addWidget(form)
    control = form.controls["description"]
    assert isinstance(control.editor, QPlainTextEdit)
    edited = []
    form.edited.connect(edited.append)
    control.editor.setPlainText("Two\nlines")
    assert edited == ["description"]
    assert control.counter.text() == f"9 of {DESCRIPTION_LETTERS:,} letters"
    control.editor.setPlainText("x" * (DESCRIPTION_LETTERS + 3))
    assert control.counter.text().endswith("letters: 3 too many")
    control.write("short")
    assert control.counter.text().startswith("5 of")
    assert form.values() == {"description": "short"}


def test_what_is_rarely_wanted_is_folded_until_it_is_filled_or_wrong(qtbot) -> None:
    fields = fields_of(PublishAlert)
    form = ValueForm(fields, ARGS)
    qtbot.addWidget(form)
    assert not any(fold.is_open for fold in form.folds.values())
    assert list(form.folds) == ["Codes, language, Cancel", "Second language"]
    form.folds["Second language"].heading.click()
    assert form.folds["Second language"].is_open
    filled = ValueForm(fields, ARGS | FRENCH)
    qtbot.addWidget(filled)
    assert filled.folds["Second language"].is_open
    wrong = ValueForm(fields, ARGS)
    qtbot.addWidget(wrong)
    wrong.show_errors({"language": "Language must be a code"})
    assert wrong.folds["Codes, language, Cancel"].is_open
    assert wrong.controls["language"].error() == "Language must be a code"


def test_an_alert_is_composed_with_a_drawn_area_and_told_what_is_wrong(
    alert_world, open_panel, submitted
) -> None:
    session = alert_world.session
    ring = ((0.0, 0.0), (250.0, 0.0), (250.0, 120.04), (0.0, 0.0))
    session.set_areas((Area(id="a", name="Old Harbour", rings=(ring,)),))
    panel = open_panel("commands")
    session.compose(ComposeRequest(target_id="alerts-1", type_id="alert.publish"))
    composer = panel.composer
    composer.show_confirm_step()
    assert not composer.is_confirming
    assert composer.form.fields.controls["event"].error() or composer.form.destination.error()
    controls = composer.form.fields.controls
    for name in ("event", "headline", "description"):
        controls[name].write(ARGS[name])
    composer.form.destination.chooser.choose("p2")
    composer.form.destination.chooser.chosen.emit("p2")
    outline = controls["outline"].editor
    assert isinstance(outline, QComboBox)
    assert [outline.itemText(k) for k in range(outline.count())] == [
        "Circle",
        "Old Harbour",
    ]
    outline.setCurrentIndex(1)
    controls["headline_2"].write("Inondation")
    composer.show_confirm_step()
    assert controls["language_2"].error() == "Say in which language the second texts are"
    controls["headline_2"].write("")
    composer.show_confirm_step()
    assert composer.is_confirming
    assert "everybody in a drawn area Town Square" in composer.effect.text()
    composer.confirm.click()
    args = submitted[0].args
    assert outline_points(args["outline"]) == ((0.0, 0.0), (250.0, 0.0), (250.0, 120.0))
    assert (args["x_m"], args["place"]) == (10.0, "Town Square")


def test_the_alert_to_cancel_is_chosen_among_those_that_were_published(
    alert_world, open_panel, submitted
) -> None:
    first = alert_world.give("alert.publish", "alerts-1", "Gateway", **ARGS)
    alert_world.hub.move(first, *TO_ACCEPTED, CommandState.VERIFIED, observed=1.0)
    refused = alert_world.give("alert.publish", "alerts-1", "Gateway", **ARGS)
    alert_world.hub.move(refused, CommandState.REJECTED)
    alert_world.session.poll()
    panel = open_panel("commands")
    alert_world.session.compose(ComposeRequest(target_id="alerts-1", type_id="alert.cancel"))
    chooser = panel.composer.form.fields.controls["alert"].editor
    assert isinstance(chooser, QComboBox)
    assert chooser.count() == 1
    assert ARGS["headline"] in chooser.itemText(0)
    panel.composer.show_confirm_step()
    panel.composer.confirm.click()
    assert submitted[0].args["alert"] == first


def test_a_place_is_chosen_by_a_click_in_the_view(alert_world, open_panel) -> None:
    session = alert_world.session
    panel = open_panel("commands")
    session.compose(ComposeRequest(target_id="alerts-1", type_id="alert.publish"))
    destination = panel.composer.form.destination
    assert not session.give_point((1.0, 2.0, 3.0))  # nobody asked
    destination.point.click()
    assert session.give_point((30.0, -50.0, 4.0))
    assert destination.values() == {"x_m": 30.0, "y_m": -50.0, "place": "near Town Square"}
    destination.point.click()
    assert session.give_point((5_000.0, 0.0, 0.0))
    assert destination.values()["place"] == ""
    assert destination.chooser.currentText() == "5000 m east, 0 m north"
    destination.point.click()
    panel.composer.back()  # the form goes, and wants no place any more
    assert session.point_taker is None
