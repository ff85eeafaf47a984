"""The panels of operators, marks and messages."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QApplication

from tests.widgets.panel_fixtures import *  # noqa: F403
from tests.widgets.panel_world import ADA, BEN, CLEO, World
from twin.link.control import Acknowledged
from twin.link.presence import PresenceState
from twin.marking import new_draft
from twin.session import Selection
from widgets.parts.message_html import AGAIN_SCHEME
from widgets.together_list import Call, TogetherList

CORNER = [(0.0, 0.0, 0.0), (9.0, 0.0, 0.0), (9.0, 9.0, 0.0)]


def titles(panel) -> list[str]:
    return [row.title for row in panel.list.rows.rows]


def details(panel) -> list[str]:
    return [row.detail for row in panel.list.rows.rows]


def sent(world: World, kind: str) -> list[dict]:
    return [act.body for act in world.client.pending_acts if act.kind == kind]


def join(world: World, *operators) -> None:
    for operator in operators:
        world.hub.happen("operator.joined", msgspec.to_builtins(operator), actor=operator.name)
    world.session.poll()


# -- operators ----------------------------------------------------------------------------------


def test_operators_with_what_they_do(world, context, open_panel) -> None:
    panel = open_panel("operators")
    assert panel._stack.currentWidget() is panel._empty
    assert not panel.call.isEnabled()
    join(world, ADA, BEN, CLEO)
    assert titles(panel) == ["Ben", "Cleo"]
    assert panel.list.rows.rows[0].is_quiet
    world.show(BEN, PresenceState(selected="Pump 3", following=ADA.console_id))
    world.show(CLEO, PresenceState(following=BEN.console_id, panel="Marks", incident="7"))
    panel.refresh()
    assert details(panel) == [
        "Water · looks at Pump 3",
        "Fire · follows Ben · incident 7 · in Marks",
    ]
    together = context.together
    call = Call(by=CLEO, number=4)
    together.show(
        following=None, followers=(BEN,), calls=(call,), is_pointing=False, is_calling=False
    )
    assert [row.note for row in panel.list.rows.rows] == ["follows you", "asks you to look"]
    assert [panel.to.itemText(i) for i in range(panel.to.count())] == [
        "Everybody", "Water", "Fire", "Ben", "Cleo",
    ]  # fmt: skip


def test_following_and_calling_are_asked_of_the_app(full_world, context, open_panel) -> None:
    asked: list[tuple[str, object]] = []
    together = context.together
    for name in ("follow_requested", "jump_requested", "call_requested", "point_requested"):
        getattr(together, name).connect(lambda value, n=name: asked.append((n, value)))
    panel = open_panel("operators")
    panel.refresh()
    assert not panel.follow_view.isEnabled()
    assert panel.list.choose(BEN.console_id)
    panel.show_people()
    panel.follow_view.click()
    panel.look.click()
    panel.to.setCurrentIndex(panel.to.findData("department:water"))
    panel.call.click()
    panel.point.click()
    together.show(following=BEN, followers=(), calls=(), is_pointing=True, is_calling=False)
    assert panel.follow_view.text() == "Stop following"
    panel.follow_view.click()
    assert asked == [
        ("follow_requested", BEN.console_id),
        ("jump_requested", BEN.console_id),
        ("call_requested", "department:water"),
        ("point_requested", True),
        ("follow_requested", ""),
    ]


def test_esc_leaves_whom_one_follows_then_declines() -> None:
    together = TogetherList()
    left: list[object] = []
    together.follow_requested.connect(left.append)
    together.answer_requested.connect(left.append)
    call = Call(by=BEN, number=1)
    now = {"followers": (), "calls": (call,), "is_pointing": False, "is_calling": False}
    together.show(following=BEN, **now)
    assert together.leave()
    together.show(following=None, **now)
    assert together.leave()
    assert left == ["", (call, False)]
    together.show(following=None, **(now | {"calls": ()}))
    assert not together.leave()


# -- marks --------------------------------------------------------------------------------------


def test_a_draft_is_shared_with_its_words(world, open_panel) -> None:
    panel = open_panel("marks")
    draft = new_draft(world.session, "area", CORNER, purpose="cordon")
    world.session.set_draft(draft)
    assert panel.form.isVisible()
    panel.form.title.setText(" Cordon east ")
    panel.form.text.setPlainText("Keep out")
    panel.form.incident.setEditText("2026 7")
    panel.form.time.setCurrentIndex(panel.form.time.findData(3_600))
    panel.form.share.click()
    (body,) = sent(world, "mark.put")
    now_ns = world.clock.now_ns()
    assert (body["title"], body["text"], body["incident"]) == (
        "Cordon east", "Keep out", "2026-7",
    )  # fmt: skip
    assert body["purpose"] == "cordon"
    assert body["expected_rev"] == 0
    assert body["expires_ns"] == now_ns + 3_600_000_000_000
    assert world.session.draft is None
    assert not panel.form.isVisible()


def test_open_incidents_are_offered_by_their_titles(world, open_panel) -> None:
    operator = msgspec.to_builtins(BEN)
    incident = {
        "id": "i-7", "title": "Harbour fire", "kind": "fire", "severity": "severe",
        "opened_by": operator, "opened_ns": 1,
    }  # fmt: skip
    world.hub.happen("incident.opened", {"incident": incident}, actor="Ben (water)")
    world.session.poll()
    marks, messages = open_panel("marks"), open_panel("messages")
    world.session.set_draft(new_draft(world.session, "note", CORNER[:1], title="Leak"))
    marks.form.incident.setCurrentIndex(marks.form.incident.findText("Harbour fire"))
    marks.form.share.click()
    assert sent(world, "mark.put")[0]["incident"] == "i-7"
    messages.show_messages()
    words = [messages.channels.itemText(i) for i in range(messages.channels.count())]
    assert "Harbour fire" in words
    messages.open_channel("incident:i-7")
    assert world.session.incident == "i-7", "the others see what is worked on"
    messages.open_channel("room")
    assert world.session.incident == ""
    world.put_mark("m9", "note", [[0, 0, 0]], title="Leak", incident="i-7")
    world.session.poll()
    marks.show_marks()
    assert "Harbour fire" in details(marks)[0]


def test_a_note_without_words_is_not_shared(world, open_panel) -> None:
    panel = open_panel("marks")
    world.session.set_draft(new_draft(world.session, "note", CORNER[:1]))
    panel.form.share.click()
    assert sent(world, "mark.put") == []
    assert "needs a title or a text" in panel.form.problem.text()
    panel.form.discard.click()
    assert world.session.draft is None


def test_drawing_again_keeps_what_was_typed(world, open_panel) -> None:
    panel = open_panel("marks")
    draft = new_draft(world.session, "note", CORNER[:1])
    world.session.set_draft(draft)
    panel.form.title.setText("Leak")
    world.session.set_draft(_moved(draft))
    assert panel.form.title.text() == "Leak"
    panel.form.share.click()
    assert sent(world, "mark.put")[0]["points"] == [[5.0, 5.0, 5.0]]


def _moved(draft):
    import dataclasses

    return dataclasses.replace(draft, points=((5.0, 5.0, 5.0),))


def test_a_refused_change_comes_back_on_top_of_what_is_there_now(full_world, open_panel) -> None:
    world, panel = full_world, open_panel("marks")
    panel.list.choose("m2")
    panel.change.click()
    assert world.session.draft.rev == 1
    panel.form.title.setText("Gas leak")
    panel.form.share.click()
    world.put_mark("m2", "note", [[10, 10, 0]], title="Theirs")
    now = world.session.hub.room
    (act,) = [act for act in world.client.pending_acts if act.kind == "mark.put"]
    world.hub.refuse(act.id, "Ben (water) changed “Theirs” first")
    world.session.poll()
    assert now is world.session.hub.room
    draft = world.session.draft
    assert (draft.id, draft.rev, draft.title) == ("m2", 1, "Gas leak")
    assert panel.form.title.text() == "Gas leak"
    assert "changed “Theirs” first" in panel.form.problem.text()


def test_a_change_of_a_gone_mark_becomes_a_new_one(full_world, open_panel) -> None:
    world, panel = full_world, open_panel("marks")
    panel.list.choose("m2")
    panel.change.click()
    panel.form.share.click()
    (act,) = [act for act in world.client.pending_acts if act.kind == "mark.put"]
    world.hub.happen("mark.removed", {"id": "m2"}, actor="Ben (water)")
    world.hub.refuse(act.id, "“Leak” is gone: Ben (water) removed it")
    world.session.poll()
    draft = world.session.draft
    assert draft.rev == 0
    assert draft.id != "m2"
    assert draft.title == "Leak"


def test_removing_names_its_effect_and_needs_a_second_step(full_world, open_panel) -> None:
    world, panel = full_world, open_panel("marks")
    panel.list.choose("m1")
    panel.remove.click()
    assert sent(world, "mark.remove") == []
    assert panel.effect.text() == "“Cordon east” disappears from everybody's city."
    panel.really.click()
    assert sent(world, "mark.remove") == [{"id": "m1", "expected_rev": 1}]
    assert not panel.confirm.isVisible()


def test_a_confirm_step_is_for_the_row_it_names(full_world, open_panel) -> None:
    world, panel = full_world, open_panel("marks")
    panel.list.choose("m1")
    panel.remove.click()
    panel.list.choose("m2")
    panel.show_marks()
    assert not panel.confirm.isVisible()
    panel._remove()
    assert sent(world, "mark.remove") == []


def test_marks_are_filtered_flown_to_and_exported(full_world, open_panel, tmp_path: Path) -> None:
    world, panel = full_world, open_panel("marks")
    assert set(titles(panel)) == {"Cordon east", "Leak"}
    panel.filter.setText("GAS")
    assert titles(panel) == ["Leak"]
    flown: list[tuple] = []
    world.session.fly_to_requested.connect(flown.append)
    panel.list.choose("m2")
    panel.show_marks()
    panel.fly.click()
    assert flown == [(10.0, 10.0, 0.0, 160.0)]
    panel.export_to(tmp_path / "marks.geojson")
    document = json.loads((tmp_path / "marks.geojson").read_text())
    assert [f["properties"]["name"] for f in document["features"]] == ["Leak"]
    said: list[str] = []
    world.session.message.connect(said.append)
    panel.export_to(tmp_path / "no such folder" / "marks.geojson")
    assert said == ["The marks were not exported: No such file or directory"]
    world.session.mark_inspected.emit("m1")
    assert panel.list.current_key == "m1"
    panel.filter.setText("nothing like it")
    assert "Clear it" in panel._empty.sentence()


# -- messages -----------------------------------------------------------------------------------


def page(panel) -> str:
    return panel.page.toPlainText()


def test_messages_of_a_channel_and_what_is_new(full_world, open_panel) -> None:
    panel = open_panel("messages")
    panel.refresh()
    assert "Fire at the harbour" in page(panel)
    assert "Close Harbour Street" not in page(panel)
    assert "New" in page(panel).splitlines()[0]
    reader = full_world.session.reader
    assert reader.unread("room") == 0, "it was seen"
    assert reader.unread("department:traffic") == 1
    words = [panel.channels.itemText(i) for i in range(panel.channels.count())]
    assert words[:2] == ["Everybody in the room", "Traffic (1 new)"]
    assert "Fire" in words
    assert words[-1] == "About another incident…"
    panel.open_channel("department:traffic")
    panel.refresh()
    assert "Close Harbour Street" in page(panel)
    assert reader.n_unread() == 0


def test_a_message_waits_until_the_hub_has_it(full_world, open_panel, qtbot) -> None:
    world, panel = full_world, open_panel("messages")
    qtbot.keyClicks(panel.text, "Look at @Pump 1 and @nobody")
    panel.text.completer.popup().hide()
    qtbot.keyClick(panel.text, Qt.Key.Key_Return)
    (body,) = sent(world, "message.post")
    assert body["channel"] == "room"
    assert body["links"] == [{"kind": "thing", "name": "Pump 1", "target_id": "pump-0"}]
    assert "Waiting for the hub" in page(panel)
    (act,) = [a for a in world.client.pending_acts if a.kind == "message.post"]
    posted = {"id": act.id, "by": msgspec.to_builtins(ADA), **body}
    world.hub.happen("message.posted", posted, actor="Ada (traffic)")
    world.client._unanswered.hear(Acknowledged(id=act.id, seq=1))
    world.session.poll()
    assert "Waiting for the hub" not in page(panel)
    assert page(panel).count("Look at @Pump 1") == 1
    assert panel.text.toPlainText() == ""


def test_a_refused_message_says_why_and_can_be_edited(full_world, open_panel) -> None:
    world, panel = full_world, open_panel("messages")
    panel.text.setPlainText("Hello")
    panel.send()
    (act,) = [a for a in world.client.pending_acts if a.kind == "message.post"]
    world.hub.refuse(act.id, "You posted 20 messages within 10 s; wait a moment")
    world.session.poll()
    assert "Not sent: You posted 20 messages" in page(panel)
    panel._follow_link(QUrl(f"{AGAIN_SCHEME}{act.id}"))
    assert panel.text.toPlainText() == "Hello"
    assert "Not sent" not in page(panel)


def test_shift_enter_begins_a_line_and_nothing_is_sent_empty(full_world, open_panel, qtbot) -> None:
    panel = open_panel("messages")
    qtbot.keyClick(panel.text, Qt.Key.Key_Return)
    qtbot.keyClicks(panel.text, "one")
    qtbot.keyClick(panel.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(panel.text, "two")
    assert sent(full_world, "message.post") == []
    panel.button.click()
    assert sent(full_world, "message.post")[0]["text"] == "one\ntwo"


def test_names_are_offered_and_taken(full_world, open_panel, qtbot) -> None:
    panel = open_panel("messages")
    qtbot.keyClicks(panel.text, "to @Harb")
    popup = panel.text.completer.popup()
    assert popup.isVisible()
    names = [popup.model().index(i, 0).data() for i in range(popup.model().rowCount())]
    assert names == ["Harbour Street"]
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert panel.text.toPlainText() == "to @Harbour Street "
    assert sent(full_world, "message.post") == []


def test_a_link_selects_and_flies(full_world, open_panel) -> None:
    world, panel = full_world, open_panel("messages")
    flown: list[tuple] = []
    world.session.fly_to_requested.connect(flown.append)
    panel._follow_link(QUrl("link:0"))
    assert world.session.selection == Selection(thing_id="pump-0")
    assert flown[0][:3] == (0.0, -80.0, 0.0)
    panel._go_to(panel._index.links()["Westeinde Hospital"])
    assert flown[1][:3] == (400.0, 120.0, 0.0)
    inspected: list[str] = []
    world.session.mark_inspected.connect(inspected.append)
    panel._go_to(panel._index.links()["Leak"])
    assert inspected == ["m2"]
    world.hub.happen("mark.removed", {"id": "m2"}, actor="Ben")
    world.session.poll()
    said: list[str] = []
    world.session.message.connect(said.append)
    panel._go_to(msgspec.convert({"kind": "mark", "name": "Leak", "target_id": "m2"}, _link_type()))
    assert said == ["The mark Leak is not there any more"]


def _link_type():
    from twin.room.parts.messages import Link

    return Link


def test_what_is_selected_can_be_mentioned(full_world, open_panel) -> None:
    panel = open_panel("messages")
    assert not panel.mention.isEnabled()
    full_world.session.select(Selection(thing_id="gate-0"))
    panel.mention.click()
    assert panel.text.toPlainText() == "@North gate "


def test_a_channel_for_an_incident_is_opened_by_its_name(full_world, open_panel, qtbot) -> None:
    panel = open_panel("messages")
    panel.channels.activated.emit(panel.channels.count() - 1)
    assert panel.incident.isVisible()
    qtbot.keyClicks(panel.incident, "fire 7")
    qtbot.keyClick(panel.incident, Qt.Key.Key_Return)
    assert panel.channel == "incident:fire-7"
    assert "Nothing was written to “Incident fire-7”" in panel._empty.sentence()


def test_text_of_others_is_never_taken_as_markup(world, open_panel) -> None:
    panel = open_panel("messages")
    body = {"id": "x", "channel": "room", "by": msgspec.to_builtins(BEN)}
    text = '<img src="x"><b>bold</b> & <a href="again:x">click</a>'
    world.hub.happen("message.posted", {**body, "text": text}, actor="Ben")
    world.session.poll()
    assert text in page(panel)


@pytest.mark.parametrize("panel_id", ["operators", "marks", "messages"])
def test_fits_a_narrow_dock(panel_id, open_panel, full_world) -> None:
    panel = open_panel(panel_id)
    panel.resize(300, 500)
    QApplication.processEvents()
    assert panel.minimumSizeHint().width() <= 300
