"""The composer: batches, schedules, templates, previews, alerts; all over the real core."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from PySide6.QtCore import Qt

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.clock import NS_PER_S
from twin.commanding import AT_ONCE, Timing
from twin.room.model import CommandState
from twin.room.parts.batches import Batches
from twin.room.parts.templates import Templates
from twin.session import ComposeRequest, Selection
from widgets.parts.schedule_field import next_at, timing_text

S = CommandState
ROADS = ("road-0", "road-1", "road-2")


def compose_roads(world: Any) -> None:
    world.session.compose(
        ComposeRequest(
            target_ids=ROADS, type_id="road.close", args={"cause": "flood"}, title="3 streets"
        )
    )


# --- batches -------------------------------------------------------------------------------------


def test_one_form_many_targets_one_review(hub_world, open_panel) -> None:
    composer = open_panel("commands").composer
    compose_roads(hub_world)
    assert composer.is_many
    assert not composer.target.isVisible()
    assert composer.review.full_text == "Close road: 3 streets…"
    composer.reason.setText("High water")
    composer.show_confirm_step()
    assert composer.effect.text() == "3 commands as one batch: none leaves unless all may leave."
    assert composer.page.listed.text().splitlines()[0] == "1. Close Harbour Street (flood)"
    assert composer.confirm.full_text == "Close road: 3 streets"
    assert set(hub_world.session.preview.things) >= set(ROADS)
    composer.confirm.click()
    hub_world.sync()
    (batch,) = hub_world.session.hub.room[Batches].by_id.values()
    commands = [hub_world.session.hub.room.commands[one] for one in batch.command_ids]
    assert [c.request.target_id for c in commands] == list(ROADS)
    assert {c.request.args["cause"] for c in commands} == {"flood"}
    assert {c.request.reason for c in commands} == {"High water"}
    assert batch.title == "Close road: 3 streets"
    assert not composer.is_many
    assert composer.target.isVisible()


def test_single_targets_can_be_left_out(hub_world, open_panel) -> None:
    composer = open_panel("commands").composer
    compose_roads(hub_world)
    composer.many.list.item(1).setCheckState(Qt.CheckState.Unchecked)
    assert composer.values() == {"cause": "flood"}, "what was chosen stays"
    assert composer.review.full_text == "Close road: 2 targets…"
    composer.show_confirm_step()
    composer.confirm.click()
    hub_world.sync()
    (batch,) = hub_world.session.hub.room[Batches].by_id.values()
    assert len(batch.command_ids) == 2
    compose_roads(hub_world)
    composer.many.single.click()
    assert not composer.is_many
    assert not composer.is_composing


def test_only_what_all_targets_accept_is_offered(hub_world, open_panel) -> None:
    composer = open_panel("commands").composer
    hub_world.session.compose(ComposeRequest(target_ids=("road-0", "pump-0"), title="Odd pair"))
    assert composer.type.count() == 0
    assert composer._problem.text() == (
        "These targets together accept no command that this console knows"
    )
    assert not composer.review.isVisible()


def test_a_batch_that_the_hub_refuses_is_told(hub_world, open_panel, monkeypatch) -> None:
    panel = open_panel("commands")
    compose_roads(hub_world)
    panel.composer.show_confirm_step()
    monkeypatch.setattr("twin.hub.desks.batches.MAX_COMMANDS", 2)
    panel.composer.confirm.click()
    hub_world.session.poll()
    assert panel._refusal.text() == "The hub refused: A batch holds 1 to 2 commands"


def test_what_the_lasso_took_can_be_commanded_at_once(hub_world, open_panel) -> None:
    composer = open_panel("commands").composer
    hub_world.session.select(Selection(features=(0,), things=(*ROADS, "pump-0", "air-1")))
    assert [b.full_text for b in composer.selected.buttons] == ["Command 3 road segments selected…"]
    composer.selected.buttons[0].click()
    assert composer.many.ids() == ROADS
    hub_world.session.select(Selection())
    assert composer.selected.buttons == []


# --- schedules -----------------------------------------------------------------------------------


def test_a_scheduled_command_waits_for_its_time(hub_world, open_panel) -> None:
    composer = open_panel("commands").composer
    hub_world.session.compose(ComposeRequest(target_id="road-0", type_id="road.close"))
    schedule = composer.schedule
    schedule.start.setCurrentIndex(schedule.start.findText("In 5 minutes"))
    schedule.deadline.setCurrentIndex(schedule.deadline.findText("Within 30 minutes"))
    composer.show_confirm_step()
    assert "in 5 min, not before" in composer.page.schedule.text()
    assert "dropped if it has not left" in composer.page.schedule.text()
    composer.confirm.click()
    hub_world.sync()
    (command,) = hub_world.session.hub.room.commands.values()
    now_ns = hub_world.world.clock.now_ns()
    assert command.request.not_before_ns == now_ns + 300 * NS_PER_S
    assert command.request.deadline_ns == now_ns + 2_100 * NS_PER_S
    hub_world.wait(299.0)
    assert hub_world.bench.state(command.request.id) is S.QUEUED
    hub_world.wait(2.0)
    assert hub_world.bench.state(command.request.id) is S.SENT
    assert not composer.schedule.is_set


def test_the_next_time_of_day_is_today_or_tomorrow() -> None:
    noon = datetime(2026, 3, 28, 12, 0, 0).astimezone()
    now_ns = round(noon.timestamp()) * NS_PER_S
    for at, days in ((time(12, 0, 1), 0), (time(11, 59, 59), 1), (time(12, 0, 0), 1)):
        moment = datetime.fromtimestamp(next_at(at, now_ns) / NS_PER_S).astimezone()
        assert moment.time() == at
        assert (moment.date() - noon.date()).days == days
    assert timing_text(AT_ONCE, now_ns) == ""
    only_late = timing_text(Timing(deadline_ns=now_ns + NS_PER_S), now_ns)
    assert only_late == "It is dropped if it has not left by 12:00:01."


# --- templates -----------------------------------------------------------------------------------


def keep(composer: Any, title: str, *, any_target: bool = False) -> None:
    composer.templates.ask_for_name()
    composer.templates.title.setText(title)
    composer.templates.any_target.setChecked(any_target)
    composer.templates.keep.click()


def test_what_is_in_the_form_is_kept_and_used_again(hub_world, open_panel) -> None:
    composer = open_panel("commands").composer
    assert composer.template_items() == ()
    hub_world.session.compose(
        ComposeRequest(target_id="gate-0", type_id="gate.set", args={"opening_pct": 15.0})
    )
    keep(composer, "Storm position")
    hub_world.sync()
    (template,) = hub_world.session.hub.room[Templates].by_id.values()
    assert (template.title, template.by.name) == ("Storm position", "Ada")
    composer.back()
    composer.templates.use(template)
    assert composer.target.chosen_id() == "gate-0"
    assert composer.values() == {"opening_pct": 15.0}
    composer.templates.remove(template)
    hub_world.sync()
    assert not hub_world.session.hub.room[Templates].by_id.entries


def test_a_template_for_any_target_fills_in_once_it_is_chosen(hub_world, open_panel) -> None:
    composer = open_panel("commands").composer
    hub_world.session.compose(
        ComposeRequest(target_id="road-0", type_id="road.close", args={"cause": "flood"})
    )
    keep(composer, "Close for flood", any_target=True)
    hub_world.sync()
    (template,) = hub_world.session.hub.room[Templates].by_id.values()
    assert template.items[0].target_id == ""
    composer.templates.use(template)
    assert composer.target.chosen_id() == ""
    composer.target.choose("road-2")
    composer._choose_target("road-2")
    assert composer.type.currentData() == "road.close"
    assert composer.values() == {"cause": "flood"}


def test_a_mixed_template_goes_to_the_review_as_it_is(hub_world, open_panel) -> None:
    composer = open_panel("commands").composer
    hub_world.session.hub.act(
        "template.save",
        {
            "id": "t1",
            "title": "Flood plan",
            "items": [
                {"type_id": "road.close", "args": {"cause": "flood"}, "target_id": "road-0"},
                {"type_id": "pump.stop", "args": {}, "target_id": "pump-1"},
            ],
        },
    )
    hub_world.sync()
    (template,) = hub_world.session.hub.room[Templates].by_id.values()
    composer.templates.use(template)
    assert composer.is_confirming
    assert composer.page.listed.text().splitlines() == [
        "1. Close Harbour Street (flood)",
        "2. Stop Pump 2",
    ]
    composer.back()
    assert not composer.is_confirming
    composer.templates.use(template)
    composer.confirm.click()
    hub_world.sync()
    (batch,) = hub_world.session.hub.room[Batches].by_id.values()
    assert (batch.title, len(batch.command_ids)) == ("Flood plan", 2)


def test_a_template_whose_target_is_gone_says_so(hub_world, open_panel) -> None:
    composer = open_panel("commands").composer
    items = [
        {"type_id": "road.close", "args": {}, "target_id": "road-0"},
        {"type_id": "gate.set", "args": {"opening_pct": 400.0}, "target_id": "gate-0"},
    ]
    hub_world.session.hub.act("template.save", {"id": "t", "title": "Old", "items": items})
    hub_world.sync()
    composer.templates.use(hub_world.session.hub.room[Templates].by_id.get("t"))
    assert not composer.is_confirming
    assert "does not fit any more" in composer._problem.text()


# --- previews ------------------------------------------------------------------------------------


def test_the_preview_follows_what_is_typed_and_goes_with_the_form(hub_world, open_panel) -> None:
    panel = open_panel("commands")
    composer = panel.composer
    hub_world.session.select(Selection(thing_id="gate-0"))
    panel.refresh()
    assert hub_world.session.preview is None, "nobody composes yet"
    composer.form.fields.controls["opening_pct"].write(35.0)
    panel.refresh()
    assert hub_world.session.preview.things[0] == "gate-0"
    assert any("35 %" in note for note in _told(hub_world.session.preview))
    composer.form.fields.controls["opening_pct"].write(55.0)
    panel.refresh()
    assert any("55 %" in note for note in _told(hub_world.session.preview))
    composer.show_confirm_step()
    assert "55 %" in composer.page.preview.text()
    composer.back()
    composer.back()
    panel.refresh()
    assert hub_world.session.preview is None


def _told(preview: Any) -> list[str]:
    return [*preview.notes, *(f"{one.text} {one.change}" for one in preview.predictions)]


def test_a_preview_that_fails_keeps_no_command_back(
    hub_world, open_panel, monkeypatch, caplog
) -> None:
    from dataclasses import replace

    from twin.commanding import command_types

    def broken(*_given: object) -> None:
        raise RuntimeError("no model")

    types = command_types()
    monkeypatch.setitem(types._records, "road.close", replace(types["road.close"], preview=broken))
    composer = open_panel("commands").composer
    hub_world.session.compose(ComposeRequest(target_id="road-0", type_id="road.close"))
    composer.show_confirm_step()
    assert composer.is_confirming
    assert hub_world.session.preview.things == ("road-0",)
    caplog.clear()


# --- drills --------------------------------------------------------------------------------------


def test_a_command_of_a_drill_is_marked_as_one(hub_world, open_panel) -> None:
    import msgspec

    from tests.twin.hub_bench import INFO

    drill = msgspec.structs.replace(INFO, drill=True)
    hub_world.world.client.hub_info = lambda: drill
    composer = open_panel("commands").composer
    hub_world.session.compose(ComposeRequest(target_id="road-0", type_id="road.close"))
    composer.show_confirm_step()
    assert composer.page.drill.text() == "Drill: nothing real is commanded"
    composer.confirm.click()
    hub_world.sync()
    (command,) = hub_world.session.hub.room.commands.values()
    assert command.request.drill
    assert command.state is S.REJECTED, "this hub is live"
    assert "can never be released live" in command.state_text
