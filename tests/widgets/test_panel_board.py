"""The command board: lanes, filters, batches, held queues; ten thousand commands."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.acting import hold_queue
from twin.commanding import Draft, issue_batch, issue_command
from twin.room.model import CommandState
from twin.room.parts.holds import Holds
from twin.session import Selection
from widgets.parts.board import LANES, Board, BoardFilter

S = CommandState


def titles(panel, lane: int) -> list[str]:
    model = panel.lanes[lane].model
    return [str(model.index(row).data()) for row in range(model.rowCount())]


@pytest.fixture
def panel(hub_world, open_panel):
    """A board with something in each lane."""
    hub_world.submit("ben", "gate.set", "gate-0", opening_pct=80.0)
    hub_world.session.hub.act("queue.hold", {"queue": "type:road.open", "reason": "Parade"})
    hub_world.submit("cleo", "road.open", "road-1")
    hub_world.submit("ada", "road.close", "road-0", cause="works")
    failed = hub_world.submit("ada", "road.close", "road-2", cause="works")
    hub_world.bench.says(failed, "failed", "No crew")
    hub_world.sync()
    made = open_panel("board")
    made.resize(1200, 260)
    return made


def test_each_command_stands_in_its_lane(panel) -> None:
    assert [titles(panel, lane) for lane in range(4)] == [
        ["Set North gate"],
        ["Open Mill Lane"],
        ["Close Harbour Street"],
        ["Close Market Street"],
    ]
    assert [lane.label.text() for lane in panel.lanes] == [f"{title}  1" for title in LANES]
    held = panel.lanes[1].model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Held by Ada (traffic): Parade" in held


def test_commands_move_on_with_the_next_look(hub_world, panel) -> None:
    command = panel.lanes[2].model.command_at(0)
    hub_world.bench.says(command.request.id, "failed", "The barrier is stuck")
    hub_world.sync()
    panel.refresh()
    assert titles(panel, 2) == []
    assert titles(panel, 3) == ["Close Harbour Street", "Close Market Street"], "newest first"


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        (lambda p: p.text.setText("harbour"), ["Close Harbour Street"]),
        (lambda p: p.text.setText("no crew"), ["Close Market Street"]),
        (lambda p: p.text.setText("ben opening"), []),
        (lambda p: p.mine.setChecked(True), ["Close Harbour Street", "Close Market Street"]),
        (lambda p: p.department.setCurrentIndex(p.department.findData("fire")), ["Open Mill Lane"]),
        (lambda p: p.type.setCurrentIndex(p.type.findData("gate.set")), ["Set North gate"]),
    ],
)
def test_filters(panel, setting, left) -> None:
    setting(panel)
    assert [title for lane in range(4) for title in titles(panel, lane)] == left
    panel.text.clear()
    panel.mine.setChecked(False)
    panel.department.setCurrentIndex(0)
    panel.type.setCurrentIndex(0)
    assert sum(len(titles(panel, lane)) for lane in range(4)) == 4


def test_only_what_is_selected_in_the_city(hub_world, panel) -> None:
    panel.selected.setChecked(True)
    hub_world.session.select(Selection(thing_id="road-1"))
    assert [titles(panel, lane) for lane in range(4)] == [[], ["Open Mill Lane"], [], []]


def test_a_batch_is_one_row_that_opens(hub_world, open_panel) -> None:
    drafts = [
        Draft(type_id="road.close", target_id=f"road-{n}", args={"cause": "event"})
        for n in range(3)
    ]
    issue_batch(hub_world.session, "Parade route", drafts)
    hub_world.sync()
    panel = open_panel("board")
    assert titles(panel, 2) == ["▸ Parade route"]
    assert panel.lanes[2].label.text() == "Under way  3"
    model = panel.lanes[2].model
    model.toggle(0)
    assert titles(panel, 2) == [
        "▾ Parade route",
        "Close Harbour Street",
        "Close Mill Lane",
        "Close Market Street",
    ]
    panel.lanes[2].list.setCurrentIndex(model.index(2))
    assert panel.details.title.text() == "Close Mill Lane"
    first = model.command_at(1)
    hub_world.bench.says(first.request.id, "failed", "No crew")
    hub_world.sync()
    panel.refresh()
    assert titles(panel, 3)[0] == "▸ Parade route"
    assert (
        panel.lanes[3]
        .model.index(0)
        .data(Qt.ItemDataRole.AccessibleTextRole)
        .startswith("▸ Parade route: Failed, 1 of 3 commands")
    )
    assert panel.details.title.text() == "Close Mill Lane", "what is open stays open"


def test_queues_are_held_with_a_reason_and_let_go(hub_world, panel) -> None:
    assert [button.full_text for button in panel.queues.held] == ["Let go “Open road”"]
    assert "Held by Ada (traffic) since" in panel.queues.held[0].toolTip()
    panel.lanes[2].list.setCurrentIndex(panel.lanes[2].model.index(0))
    panel.queues.fill()
    offered = [action.text() for action in panel.queues.menu.actions()]
    assert "Hold everything…" in offered
    assert "Hold Harbour Street…" in offered
    panel.queues.ask("target:road-0")
    panel.queues.reason.setText("Crane")
    panel.queues.confirm.click()
    hub_world.sync()
    hold = hub_world.session.hub.room[Holds].by_queue.get("target:road-0")
    assert hold.reason == "Crane"
    panel.refresh()
    panel.queues.held[0].click()
    hub_world.wait(0.2)
    hub_world.sync()
    panel.refresh()
    assert [button.full_text for button in panel.queues.held] == ["Let go Harbour Street"]
    assert titles(panel, 1) == [], "it left as soon as its queue was let go"


def test_cancel_and_undo_from_the_details(hub_world, panel) -> None:
    queue = panel.lanes[1].list
    queue.setCurrentIndex(queue.model().index(0, 0))
    assert panel.details.cancel.isVisible()
    panel.details.cancel.click()
    hub_world.sync()
    panel.refresh()
    assert titles(panel, 1) == []
    assert "Cancelled by Ada" in panel.details.facts.facts._facts[1][1]
    assert not panel.details.cancel.isVisible()


def test_only_one_row_is_chosen_and_arrows_go_between_lanes(panel, qtbot) -> None:
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    first, second = panel.lanes[0].list, panel.lanes[1].list
    first.setFocus()
    first.setCurrentIndex(first.model().index(0, 0))
    assert panel.details.title.text() == "Set North gate"
    qtbot.keyClick(panel, Qt.Key.Key_Right)
    assert second.hasFocus()
    assert panel.details.title.text() == "Open Mill Lane"
    assert not first.selectionModel().hasSelection()
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert not panel.details.isVisible()


def test_ten_thousand_commands_are_sorted_and_looked_up_once_each(hub_world, monkeypatch) -> None:
    session, hold = hub_world.session, hold_queue
    hold(session, "all", "Load")
    command = issue_command(session, "road.close", "road-0", {"cause": "works"})
    hub_world.sync()
    room = session.hub.room
    import msgspec

    from twin.room.parts.commands import Commands

    template = room.commands[command.id]
    table = room[Commands].by_id
    for n in range(10_000):
        request = msgspec.structs.replace(template.request, id=f"c{n}", target_name=f"Street {n}")
        table.put(msgspec.structs.replace(template, request=request))
    board = Board()
    calls: list[int] = []
    from widgets.parts import board as module

    real = module._text_of
    monkeypatch.setattr(module, "_text_of", lambda c: (calls.append(1), real(c))[1])
    wanted = BoardFilter(words=("street", "9999"))
    assert [len(lane) for lane in board.lanes(room, wanted)] == [0, 1, 0, 0]
    assert len(calls) == 10_001
    board.lanes(room, wanted)
    assert len(calls) == 10_001, "what is known of a command is not told again"
    assert [len(lane) for lane in board.lanes(room, BoardFilter())] == [0, 10_001, 0, 0]
