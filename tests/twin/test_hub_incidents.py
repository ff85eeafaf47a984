"""Incidents in the core: opening, asking departments in parallel, tasks, command, closing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.hub_bench import Bench, why
from twin.link.control import Acknowledged
from twin.room.fold import Room
from twin.room.parts.incidents import CLOSED_KEPT, LINES_KEPT, Incident, Incidents
from twin.security.policy_file import read_policy

POLICY = read_policy(
    b"""
version = 1
roles = ["operator"]
[[allow]]
id = "all"
roles = ["operator"]
""",
    "test",
)


@pytest.fixture
def bench() -> Bench:
    bench = Bench(policy=POLICY)
    bench.log_in("Ada", "water", rank=1)
    bench.log_in("Ben", "fire", rank=1)
    bench.log_in("Lea", "control_room", rank=3)
    return bench


def open_(bench: Bench, incident_id: str = "i1", who: str = "ada", **more: Any) -> Any:
    body = {
        "id": incident_id, "title": "Water in Quay Street", "kind": "flood", "severity": "severe",
        **more,
    }  # fmt: skip
    return bench.act(who, "incident.open", body)


def incident(bench: Bench, incident_id: str = "i1") -> Incident:
    found = bench.core.room[Incidents].by_id.get(incident_id)
    assert found is not None
    return found


def test_departments_are_asked_in_parallel_and_each_has_its_clock(bench: Bench) -> None:
    open_(bench, departments=["fire", "police"], xyz=[1.0, 2.0, 0.0], radius_m=50.0)
    asked = {one.department: one for one in incident(bench).departments}
    assert asked["water"].taken_by is not None, "whoever opens it takes part"
    assert asked["fire"].taken_by is None
    bench.now_ns += 40 * 10**9
    take = {"id": "i1", "department": "fire"}
    assert "answer for itself" in why(bench.act("ada", "incident.take_part", take))
    assert isinstance(bench.act("ben", "incident.take_part", take), Acknowledged)
    fire = next(one for one in incident(bench).departments if one.department == "fire")
    assert (fire.taken_ns - fire.asked_ns) / 1e9 == 40.0
    assert "somebody has answered" in why(bench.act("ben", "incident.take_part", take))
    more = {"id": "i1", "department": "works", "text": "Sandbags, please"}
    assert isinstance(bench.act("ada", "incident.ask", more), Acknowledged)
    assert "was asked already" in why(bench.act("ada", "incident.ask", more))


def test_one_commands_and_hands_over_or_is_outranked(bench: Bench) -> None:
    open_(bench)
    assert isinstance(bench.act("ada", "incident.command", {"id": "i1"}), Acknowledged)
    assert "commands it" in why(bench.act("ben", "incident.command", {"id": "i1"}))
    hand_over = {"id": "i1", "console_id": "id-Ben"}
    assert isinstance(bench.act("ada", "incident.command", hand_over), Acknowledged)
    assert incident(bench).commander.name == "Ben"  # type: ignore[union-attr]
    assert isinstance(bench.act("lea", "incident.command", {"id": "i1"}), Acknowledged)
    assert incident(bench).commander.name == "Lea"  # type: ignore[union-attr]


def test_tasks_are_taken_done_and_skipped_with_a_reason_only(bench: Bench) -> None:
    open_(bench)
    give = {"id": "t1", "incident": "i1", "title": "Close the quay", "department": "fire"}
    assert isinstance(bench.act("ada", "task.give", give), Acknowledged)
    assert "is for fire" in why(bench.act("ada", "task.set", {"id": "t1", "status": "done"}))
    assert isinstance(bench.act("ben", "task.set", {"id": "t1", "status": "taken"}), Acknowledged)
    assert "not done" in why(bench.act("ada", "incident.close", {"id": "i1", "cause": "Rain"}))
    skip = {"id": "t1", "status": "skipped"}
    assert "with a reason" in why(bench.act("ben", "task.set", skip))
    done = {"id": "t1", "status": "done", "found": "Closed at both ends"}
    assert isinstance(bench.act("ben", "task.set", done), Acknowledged)
    assert "done already" in why(bench.act("ben", "task.set", skip | {"found": "x"}))
    (task,) = bench.core.room[Incidents].tasks_of("i1")
    assert (task.status, task.found, task.by.name) == ("done", "Closed at both ends", "Ben")  # type: ignore[union-attr]


def test_it_is_closed_with_a_cause_and_then_left_alone(bench: Bench) -> None:
    open_(bench)
    assert "with its cause" in why(bench.act("ada", "incident.close", {"id": "i1", "cause": ""}))
    assert isinstance(
        bench.act("ada", "incident.close", {"id": "i1", "cause": "Blocked drain"}), Acknowledged
    )
    assert not incident(bench).is_open
    for kind, body in (
        ("incident.log", {"id": "i1", "text": "late"}),
        ("incident.change", {"id": "i1", "changes": {"title": "x"}}),
        ("incident.ask", {"id": "i1", "department": "fire"}),
        ("task.give", {"id": "t", "incident": "i1", "title": "x"}),
    ):
        assert "is closed" in why(bench.act("ada", kind, body))


def test_it_changes_as_an_incident_can(bench: Bench) -> None:
    open_(bench)
    change = {"id": "i1", "changes": {"objectives": ["Keep the hospital dry"], "severity": "minor"}}
    assert isinstance(bench.act("ben", "incident.change", change), Acknowledged)
    assert incident(bench).objectives == ("Keep the hospital dry",)
    bad = {"id": "i1", "changes": {"severity": "purple"}}
    assert "no incident" in why(bench.act("ben", "incident.change", bad))
    forged = {"id": "i1", "changes": {"opened_by": "me"}}
    assert "not changed so" in why(bench.act("ben", "incident.change", forged))
    unit = {"id": "i1", "unit_id": "fire-1", "name": "Engine 1", "status": "en_route", "eta_s": 90}
    assert isinstance(bench.act("ben", "incident.unit", unit), Acknowledged)
    assert isinstance(
        bench.act("ben", "incident.unit", unit | {"status": "on_scene"}), Acknowledged
    )
    assert [one.status for one in incident(bench).units] == ["on_scene"]


def test_lists_are_edited_by_several_at_once_without_losing_anything(bench: Bench) -> None:
    open_(bench, links=["thing:a"])

    def edit(who: str, field: str, **more: Any) -> Any:
        return bench.act(who, "incident.edit_list", {"id": "i1", "field": field, **more})

    assert isinstance(edit("ada", "links", add=["thing:b"]), Acknowledged)
    assert isinstance(edit("ben", "links", add=["thing:c"], remove=["thing:a"]), Acknowledged)
    assert incident(bench).links == ("thing:b", "thing:c")
    assert "Nothing changes" in why(edit("ben", "links", add=["thing:c"]))
    assert isinstance(edit("ben", "objectives", add=["Keep it dry"]), Acknowledged)
    assert incident(bench).objectives == ("Keep it dry",)
    assert "at most" in why(edit("ben", "attachments", add=[" "]))
    assert why(edit("ben", "commander", add=["me"]))
    assert bench.folded().state_hash() == bench.core.room.state_hash()


def test_old_closed_ones_leave_with_their_tasks_and_the_fold_agrees(bench: Bench) -> None:
    for i in range(CLOSED_KEPT + 3):
        open_(bench, f"i{i}")
        give = {"id": f"t{i}", "incident": f"i{i}", "title": "x"}
        bench.act("ada", "task.give", give)
        bench.act("ada", "task.set", {"id": f"t{i}", "status": "done"})
        bench.act("ada", "incident.close", {"id": f"i{i}", "cause": "over"})
    part = bench.core.room[Incidents]
    assert len(part.by_id) == len(part.tasks) == CLOSED_KEPT
    assert bench.folded().state_hash() == bench.core.room.state_hash()
    copy = Room.from_bytes(bench.core.room.to_bytes())
    assert copy.state_hash() == bench.core.room.state_hash()


def test_its_log_keeps_the_last_lines_until_it_leaves(bench: Bench) -> None:
    open_(bench)
    for i in range(LINES_KEPT + 3):
        bench.act("ben", "incident.log", {"id": "i1", "text": f"line {i}"})
    lines = bench.core.room[Incidents].lines_of("i1")
    assert [lines[0].text, lines[-1].text] == ["line 3", f"line {LINES_KEPT + 2}"]
    assert lines[0].by == "Ben (fire)"
    assert bench.folded().state_hash() == bench.core.room.state_hash()
    bench.act("ada", "incident.close", {"id": "i1", "cause": "over"})
    for i in range(CLOSED_KEPT):
        open_(bench, f"k{i}")
        bench.act("ada", "incident.close", {"id": f"k{i}", "cause": "over"})
    assert not bench.core.room[Incidents].lines
