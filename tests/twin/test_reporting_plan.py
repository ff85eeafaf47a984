"""Reports of playbooks, the stage and what was passed over: a core of a hub on a made-up clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.twin.hub_bench import Bench
from tests.twin.playbook_samples import GOOD
from tests.twin.reports import POLICY, FloodRun, journalled
from twin.clock import NS_PER_S
from twin.commands.base import command_registry
from twin.link.control import Acknowledged
from twin.playbooks.reading import parse_playbook
from twin.reporting.composing import Findings, compose
from twin.reporting.deviations import deviations
from twin.reporting.html import html_of
from twin.reporting.making import ReportOptions, find
from twin.security.policy_file import read_policy


class Day:
    """A core with two people and an incident on which the playbook runs."""

    def __init__(self) -> None:
        self.bench = Bench(policy=read_policy(POLICY, "test"))
        self.start_ns = self.bench.now_ns
        self.bench.log_in("Ada", "water")
        self.bench.log_in("Lea", "control_room", roles=("operator", "shift_leader"), rank=3)
        self.act("lea", "incident.open", {
            "id": "i1", "title": "Underpass", "kind": "flood", "severity": "minor",
        })  # fmt: skip
        self.act("lea", "incident.command", {"id": "i1"})
        content = msgspec.to_builtins(parse_playbook(GOOD, Path("flood.yaml"), command_registry()))
        self.act("lea", "playbook.start", {"id": "r", "incident": "i1", "playbook": content})

    def at(self, seconds: float) -> None:
        self.bench.now_ns = self.start_ns + round(seconds * NS_PER_S)

    def act(self, who: str, kind: str, body: dict[str, Any]) -> None:
        reply = self.bench.act(who, kind, body)
        assert isinstance(reply, Acknowledged), reply

    def told(self, folder: Path) -> Findings:
        path = folder / "j.sqlite"
        end_ns = self.bench.now_ns
        journalled(path, FloodRun(tuple(self.bench.events), self.start_ns, end_ns, "", "", ""))
        return find(ReportOptions(where=str(path), incident="i1"))


@pytest.fixture
def day() -> Day:
    return Day()


def reading(value: float) -> dict[str, Any]:
    return {"name": "level", "datastream_id": "g1/water_level", "thing_name": "Quay gauge",
            "value": value, "unit": "m"}  # fmt: skip


def offs(found: Findings) -> dict[str, str]:
    scope = found.scope
    every = deviations(scope.incidents, scope.tasks, scope.end_ns, scope.runs)
    return {f"{one.kind}: {one.what}": one.text for one in every}


def test_a_playbook_is_told_plan_against_done(day: Day, tmp_path: Path) -> None:
    day.at(330)
    day.act("ada", "task.set", {
        "id": "r/measure", "status": "done", "found": "Ankle deep",
        "evidence": {"readings": [reading(0.12)], "choice": "no"},
    })  # fmt: skip
    day.at(400)
    day.act("lea", "task.set", {"id": "r/watch", "status": "done", "found": "A guard stands there"})
    found = day.told(tmp_path)
    said = offs(found)
    assert said["late: How deep is it?"] == "Done by Ada (water) 30 s late"
    assert not any(one.startswith("waiting") for one in said)
    page = html_of(compose(found))
    for words in ("Playbook “Flooded underpass”", "not needed", "Quay gauge: 0.12 m", "Answer: no",
                  "Started a playbook"):  # fmt: skip
        assert words in page, words


def test_what_had_to_hold_and_was_passed_over_is_a_deviation(day: Day, tmp_path: Path) -> None:
    day.at(10)
    day.act("ada", "task.set", {
        "id": "r/measure", "status": "done",
        "evidence": {"readings": [reading(0.2)], "choice": "no"},
    })  # fmt: skip
    day.act("lea", "task.set", {"id": "r/watch", "status": "done"})
    day.act("lea", "task.set", {
        "id": "r/open", "status": "done",
        "evidence": {"readings": [reading(0.2)], "override": "An ambulance has to go through"},
    })  # fmt: skip
    said = offs(day.told(tmp_path))
    text = said["guard: Open again"]
    assert text.endswith("by Lea (control room): An ambulance has to go through")


def test_a_playbook_that_was_ended_early_and_one_that_was_not_finished(
    day: Day, tmp_path: Path
) -> None:
    unfinished = offs(day.told(tmp_path))
    assert unfinished["waiting: Close the underpass"] == "Never came up; for Traffic"
    day.at(20)
    day.act("lea", "playbook.stop", {"id": "r", "reason": "It was a burst pipe"})
    (tmp_path / "later").mkdir()
    said = offs(day.told(tmp_path / "later"))
    assert said["ended: Playbook “Flooded underpass”"] == "Ended early: It was a burst pipe"
    assert "It was a burst pipe" in said["skipped: How deep is it?"]
    assert not any(one.startswith("waiting") for one in said)


def test_stage_and_rule_decisions_are_told_of_the_whole_room(day: Day, tmp_path: Path) -> None:
    stage = {"level": 3, "expected": 1, "reason": "The river rises"}
    reply = day.bench.act("lea", "stage.set", stage)
    path = tmp_path / "j.sqlite"
    journalled(path, FloodRun(tuple(day.bench.events), day.start_ns, day.bench.now_ns, "", "", ""))
    assert isinstance(reply, Acknowledged), reply
    found = find(ReportOptions(where=str(path)))
    set_ = next(one for one in found.scope.decisions if one.kind == "stage")
    assert set_.about.startswith("3 Alert")
    assert set_.why == "The river rises"
