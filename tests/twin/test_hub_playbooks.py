"""Playbooks in the core: starting, ticking, guards, commands, ending; and everything in the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.twin.hub_bench import Bench, why
from tests.twin.playbook_samples import GOOD
from twin.clock import NS_PER_S
from twin.commands.base import command_registry
from twin.hub.requests import Target
from twin.ids import uuid7
from twin.link.control import Acknowledged
from twin.playbooks.model import Playbook, task_id
from twin.playbooks.reading import parse_playbook
from twin.room.fold import Room
from twin.room.model import CommandRequest
from twin.room.parts.incidents import Incident, Incidents, Task
from twin.security.policy_file import read_policy

POLICY = read_policy(
    b"""
version = 1
roles = ["operator"]
[[allow]]
id = "all"
roles = ["operator"]
[[approval]]
id = "closures"
text = "Closing a road needs the police"
actions = ["road.close"]
needed = 1
by_departments = ["police"]
expires_s = 600
""",
    "test",
)
ROAD = Target(id="road-1", name="Quay Street", kind="road_segment", accepts=("road.close",))


@pytest.fixture
def bench() -> Bench:
    bench = Bench(policy=POLICY)
    bench.log_in("Ada", "water", rank=1)
    bench.log_in("Tom", "traffic", rank=1)
    bench.log_in("Pia", "police", rank=1)
    bench.log_in("Lea", "control_room", rank=3)
    bench.serve("road-1")
    bench.announce(ROAD)
    opened = {"id": "i1", "title": "Quay", "kind": "flood", "severity": "severe"}
    assert isinstance(bench.act("ada", "incident.open", opened), Acknowledged)
    return bench


def playbook(text: str = GOOD) -> Playbook:
    return parse_playbook(text, Path("flood.yaml"), command_registry())


def start(bench: Bench, run_id: str = "r", who: str = "ada", **changes: Any) -> Any:
    content = {**msgspec.to_builtins(playbook()), **changes}
    return bench.act(who, "playbook.start", {"id": run_id, "incident": "i1", "playbook": content})


def part(bench: Bench) -> Incidents:
    return bench.core.room[Incidents]


def step_task(bench: Bench, step: str) -> Task:
    found = part(bench).tasks.get(task_id("r", step))
    assert found is not None, step
    return found


def tick(bench: Bench, who: str, step: str, status: str = "done", **more: Any) -> Any:
    return bench.act(who, "task.set", {"id": task_id("r", step), "status": status, **more})


def close_road(bench: Bench) -> str:
    request = CommandRequest(
        id=uuid7(), type_id="road.close", type_version=1, target_id="road-1",
        target_name="Quay Street", args={"cause": "flood"}, incident="i1",
    )  # fmt: skip
    assert isinstance(bench.submit(request, "tom"), Acknowledged)
    return request.id


def level(value: float) -> dict[str, Any]:
    one = {"name": "level", "datastream_id": "g/l", "thing_name": "G", "value": value}
    return {"readings": [one]}


def test_it_asks_its_departments_in_parallel_and_opens_its_first_steps(bench: Bench) -> None:
    assert isinstance(start(bench), Acknowledged)
    incident = part(bench).by_id.get("i1")
    assert isinstance(incident, Incident)
    assert incident.playbook == "flood"
    asked = {one.department: one.taken_by is None for one in incident.departments}
    assert asked == {"water": False, "traffic": True}
    task = step_task(bench, "measure")
    assert (task.title, task.department, task.status) == ("How deep is it?", "water", "open")
    assert task.due_ns == bench.now_ns + 300 * NS_PER_S
    assert "is worked on it already" in why(start(bench, "r2"))
    assert "new id" in why(start(bench))


def test_from_start_to_close_with_a_command_that_needs_approval(bench: Bench) -> None:
    start(bench)
    assert "is a question" in why(tick(bench, "ada", "measure"))
    answer = {"choice": "yes", **level(0.6)}
    assert isinstance(tick(bench, "ada", "measure", evidence=answer), Acknowledged)
    assert set(part(bench).runs.get("r").passed) == {"watch"}  # type: ignore[union-attr]
    assert "is for traffic" in why(tick(bench, "ada", "close"))
    assert "was not given" in why(tick(bench, "tom", "close"))

    command_id = close_road(bench)
    given = {"commands": [command_id]}
    assert isinstance(tick(bench, "tom", "close", "taken", evidence=given), Acknowledged)
    refused = why(tick(bench, "tom", "close"))
    assert "Quay Street is AWAITING_APPROVAL" in refused, "no way round the approval"
    digest = bench.command(command_id).approval.digest  # type: ignore[union-attr]
    yes = {"command_id": command_id, "digest": digest, "text": ""}
    assert isinstance(bench.act("pia", "approval.give", yes), Acknowledged)
    bench.see(200.0, "road-1/traffic_flow")
    bench.says(command_id, "accepted")
    bench.see(2.0, "road-1/traffic_flow")
    assert bench.state(command_id) == "VERIFIED"
    assert isinstance(tick(bench, "tom", "close"), Acknowledged)
    assert step_task(bench, "close").evidence.commands == (command_id,)  # type: ignore[union-attr]

    assert "Water under 10 cm" in why(tick(bench, "ada", "open", evidence=level(0.5)))
    assert "not done" in why(bench.act("ada", "incident.close", {"id": "i1", "cause": "Rain"}))
    assert isinstance(tick(bench, "ada", "open", evidence=level(0.02)), Acknowledged)
    run = part(bench).runs.get("r")
    assert run is not None
    assert run.ended_text == "3 of 4 steps were done, 1 not needed"
    assert isinstance(
        bench.act("ada", "incident.close", {"id": "i1", "cause": "Rain"}), Acknowledged
    )


def test_a_step_is_passed_over_with_a_reason_and_a_command_can_follow_a_taken_step(
    bench: Bench,
) -> None:
    start(bench)
    tick(bench, "ada", "measure", evidence={"choice": "yes"})
    assert "with a reason" in why(tick(bench, "tom", "close", "skipped"))
    assert isinstance(tick(bench, "tom", "close", "taken"), Acknowledged)
    assert "becomes one of" in why(tick(bench, "tom", "close", "taken"))
    more = {"commands": [close_road(bench)]}
    assert isinstance(tick(bench, "tom", "close", "taken", evidence=more), Acknowledged)
    by_hand = {"override": "Police stand across the road"}
    assert isinstance(tick(bench, "tom", "close", evidence=by_hand), Acknowledged)
    assert step_task(bench, "close").evidence.override == by_hand["override"]  # type: ignore[union-attr]


def test_it_is_ended_early_by_whoever_leads(bench: Bench) -> None:
    bench.act("ada", "incident.command", {"id": "i1"})
    start(bench)
    stop = {"id": "r", "reason": "False alarm"}
    assert "leads it" in why(bench.act("tom", "playbook.stop", stop))
    assert "with a reason" in why(bench.act("ada", "playbook.stop", {"id": "r", "reason": " "}))
    assert isinstance(bench.act("lea", "playbook.stop", stop), Acknowledged)
    assert step_task(bench, "measure").status == "skipped"
    assert "is not worked" in why(bench.act("ada", "playbook.stop", stop))
    assert isinstance(start(bench, "r3"), Acknowledged), "it can be started again"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"steps": []}, "it needs 1 to 60 steps"),
        ({"steps": [{"id": "a", "title": "A", "after": [{"step": "a"}]}]}, "waits for itself"),
        ({"steps": [{"id": "a", "title": "A", "guard": "x >"}]}, "step 1: its guard"),
        ({"text": "x" * 70_000}, "at most 65,536 bytes"),
    ],
)
def test_what_is_no_playbook_is_refused_and_nothing_of_it_is_begun(
    bench: Bench, changes: dict[str, Any], says: str
) -> None:
    before = bench.core.room[Incidents].by_id.get("i1")
    assert says in why(start(bench, **changes))
    assert not part(bench).runs
    assert not part(bench).tasks
    assert part(bench).by_id.get("i1") == before


def test_where_it_cannot_be_started(bench: Bench) -> None:
    content = msgspec.to_builtins(playbook())
    nowhere = {"id": "r", "incident": "i9", "playbook": content}
    assert "no such incident" in why(bench.act("ada", "playbook.start", nowhere))
    slash = {"id": "r/1", "incident": "i1", "playbook": content}
    assert "without “/”" in why(bench.act("ada", "playbook.start", slash))
    bench.act("ada", "incident.close", {"id": "i1", "cause": "over"})
    assert "is closed" in why(start(bench))


def test_the_fold_agrees_and_a_replay_needs_no_file(bench: Bench) -> None:
    start(bench)
    tick(bench, "ada", "measure", evidence={"choice": "no", **level(0.1)})
    tick(bench, "ada", "watch")
    room = bench.folded()
    assert room.state_hash() == bench.core.room.state_hash()
    run = room[Incidents].runs.get("r")
    assert run is not None
    assert run.playbook == playbook()
    copy = Room.from_bytes(bench.core.room.to_bytes())
    assert copy.state_hash() == bench.core.room.state_hash()
    again = Bench(history=tuple(bench.events), policy=POLICY)
    again.log_in("Ada", "water", rank=1)
    assert isinstance(tick(again, "ada", "open", evidence=level(0.0)), Acknowledged)
    assert again.core.room[Incidents].runs.get("r").ended_ns  # type: ignore[union-attr]
