"""A playbook from start to close on a real hub with keys: two people, a city, an approval."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.twin.hub_bench import room_of
from tests.twin.hub_rig import FakeCity, HubProcess, console, polled, until
from tests.twin.security.secure_rig import SecureHub, secure_hub
from tests.twin.session_city import small_city
from twin.acting import approve, refusal_of
from twin.clock import SystemClock
from twin.commands.base import command_registry
from twin.errors import CommandRejected
from twin.incident_working import NewIncident, close, open_incident, take_part
from twin.link.client import HubClient
from twin.playbooks.engine import progress_of
from twin.playbooks.library import bundled_playbook
from twin.playbooks.model import PlaybookRun
from twin.playbooks.reading import parse_playbook
from twin.playbooks.working import (
    collected,
    command_step,
    finish_step,
    order_now,
    start_playbook,
    step_now,
)
from twin.room.fold import Room
from twin.room.model import CommandState
from twin.room.parts.incidents import Incident, Incidents, Severity, Task
from twin.security.client_security import ClientSecurity
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.session import TwinSession
from twin.waiting import queue_of, whoami

CLOCK = SystemClock()
POLICY = """
version = 1
roles = ["operator", "approver"]
[[allow]]
id = "own"
roles = ["operator"]
own_commands = true
[[allow]]
id = "act"
actions = ["approval.*", "incident.*", "task.*", "playbook.*"]
[[approval]]
id = "signals"
text = "Signals need the fire service"
actions = ["signal.*"]
needed = 1
by_roles = ["approver"]
distinct_departments = true
expires_s = 60
"""
PLAYBOOK = """
title: Green for the engines
kind: fire
departments: [traffic, fire]
steps:
  - id: green
    title: Longer green at the place
    department: traffic
    deadline: 2 min
    collect:
      plan: {kind: signal, property: signal_plan, within_m: 900}
    guard: plan < 3.0
    guard_text: the signal is in a plan of the day
    command: {type: signal.set_plan, kind: signal, within_m: 900, args: {plan: 4}}
  - id: check
    title: The engines are through
    after: green
    department: fire
    deadline: 5 min after start
"""


class Desk:
    """A console of one person without a window: real stores, real sockets."""

    def __init__(self, rig: SecureHub, client: HubClient, security: ClientSecurity) -> None:
        store = ObservationStore(capacity=100, history=8, clock=CLOCK)
        units = UnitStore(capacity=10, history=8, clock=CLOCK)
        ingest = SampleIngest(
            endpoint=rig.hub.addresses.samples_out, store=store, units=units, clock=CLOCK,
            configure=security.apply,
        )  # fmt: skip
        self.session = TwinSession(
            city=small_city(), clock=CLOCK, observations=store, units=units, ingest=ingest,
            hub=client,
        )  # fmt: skip
        ingest.start()

    @property
    def room(self) -> Room:
        self.session.poll()
        return self.session.hub.room

    @property
    def part(self) -> Incidents:
        return self.room[Incidents]

    def incident(self) -> Incident:
        return until(lambda: next(iter(self.part.by_id.values()), None), what="the incident")

    def run(self) -> PlaybookRun:
        return until(lambda: next(iter(self.part.runs.values()), None), what="the run")

    def task(self, step: str, *statuses: str) -> Task:
        def look() -> Task | None:
            tasks = self.part.tasks.values()
            found = next((task for task in tasks if task.step == step), None)
            return found if found is not None and found.status in statuses else None

        return until(look, what=f"{step} in {statuses}")

    def refused(self, act_id: str) -> str:
        def look() -> str:
            self.session.poll()
            return refusal_of(self.session, act_id)

        return until(look, what="a refusal")


@contextlib.contextmanager
def desk(rig: SecureHub, name: str, department: str, role: str) -> Iterator[Desk]:
    security = rig.security(f"desk-{name}")
    client = rig.console(rig.person(name, department, role), security)
    made = Desk(rig, client, security)
    try:
        yield made
    finally:
        made.session.ingest.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[SecureHub]:
    with secure_hub(tmp_path, policy=POLICY) as made:
        yield made


def city_of(rig: SecureHub) -> FakeCity:
    return rig.city(rig.security("city", "actuator", "source"))


def test_from_start_to_close_with_an_approval_on_the_way(rig: SecureHub) -> None:
    with (
        desk(rig, "tom", "traffic", "operator") as tom,
        desk(rig, "fay", "fire", "approver") as fay,
    ):
        city = city_of(rig)

        def seen() -> float | None:
            city.announce()
            city.show_plan("signal-0", 1.0)
            return tom.session.city_view.last_value("signal-0/signal_plan")

        until(lambda: seen() == 1.0, what="the signal on Tom's console")
        new = NewIncident(
            title="Fire in Mill Lane", kind="fire", severity=Severity.SEVERE, xyz=(5.0, 5.0, 0.0)
        )
        open_incident(tom.session, new)
        incident = tom.incident()
        playbook = parse_playbook(PLAYBOOK, Path("green.yaml"), command_registry())
        start_playbook(tom.session, incident.id, playbook)
        task = tom.task("green", "open")
        fay.task("green", "open")
        assert fay.run().playbook == playbook, "the content travels, no file is needed"
        take_part(fay.session, fay.incident())
        until(
            lambda: all(one.taken_by for one in tom.incident().departments), what="fire took part"
        )

        step = playbook.step("green")
        assert step is not None
        assert step.command is not None
        now = step_now(tom.session, incident, step)
        assert (now.guard, now.readings[0].value) == (True, 1.0), "attached by itself"
        refused = tom.refused(finish_step(tom.session, task))
        assert "was not given" in refused
        ordered = order_now(tom.session, incident, step.command)
        assert ordered.target_name == "Name of signal-0"
        request, _ = command_step(tom.session, task, step, ordered)
        task = tom.task("green", "taken")
        assert request.incident == incident.id

        def state() -> CommandState | None:
            command = tom.room.commands.get(request.id)
            return command.state if command is not None else None

        until(lambda: state() is CommandState.AWAITING_APPROVAL, what="it waits for approval")
        assert "AWAITING_APPROVAL" in tom.refused(finish_step(tom.session, task))
        assert city.executed == [], "nothing goes round the approval"
        waiting = until(
            lambda: queue_of(fay.room, whoami(fay.session), CLOCK.now_ns()).for_me, what="her turn"
        )
        approve(fay.session, waiting[0])
        until(lambda: state() is CommandState.VERIFIED, what="the city shows it")
        assert city.executed == [request.id]
        finish_step(tom.session, task, found="Green since now")

        check = fay.task("check", "open")
        refused = tom.refused(finish_step(tom.session, tom.task("check", "open")))
        assert "is for fire" in refused
        finish_step(fay.session, check)
        until(lambda: tom.run().ended_ns, what="the playbook has ended")
        rows = progress_of(tom.run(), tom.part.tasks.get)
        assert [row.status for row in rows] == ["done", "done"]
        assert rows[0].evidence is not None
        assert rows[0].evidence.commands == (request.id,)
        assert all(row.planned_ns for row in rows)

        close(tom.session, tom.incident(), "Burnt food")
        until(lambda: not fay.incident().is_open, what="closed for both")
        events = rig.events()
        room = room_of(events)
        assert room[Incidents].runs.get(tom.run().id) == tom.run()
        signed = [e for e in events if e.kind in ("playbook.started", "incident.opened")]
        assert all(event.body["act"]["signature"] for event in signed)


def test_a_guard_that_does_not_hold_lets_no_command_out(rig: SecureHub) -> None:
    with desk(rig, "tom", "traffic", "operator") as tom:
        city = city_of(rig)

        def seen() -> float | None:
            city.announce()
            city.show_plan("signal-0", 4.0)
            return tom.session.city_view.last_value("signal-0/signal_plan")

        until(lambda: seen() == 4.0, what="the signal on Tom's console")
        new = NewIncident(title="Fire", kind="fire", severity=Severity.MINOR, xyz=(0.0, 0.0, 0.0))
        open_incident(tom.session, new)
        incident = tom.incident()
        playbook = parse_playbook(PLAYBOOK, Path("green.yaml"), command_registry())
        start_playbook(tom.session, incident.id, playbook)
        task, step = tom.task("green", "open"), playbook.step("green")
        assert step is not None
        assert step.command is not None
        assert step_now(tom.session, incident, step).guard is False
        ordered = order_now(tom.session, incident, step.command)
        with pytest.raises(CommandRejected, match="It waits: the signal is in a plan of the day"):
            command_step(tom.session, task, step, ordered)
        body = {"readings": [], "commands": ["made-up"]}
        act_id = tom.session.hub.act(
            "task.set", {"id": task.id, "status": "taken", "evidence": body}
        )
        assert "plan is not known" in tom.refused(act_id), "nor does the hub believe it without"
        assert not tom.room.commands
        far = NewIncident(
            title="Far", kind="fire", severity=Severity.MINOR, xyz=(9_000.0, 0.0, 0.0)
        )
        incident_id, _ = open_incident(tom.session, far)
        until(lambda: incident_id in tom.part.by_id)
        away = tom.part.by_id.get(incident_id)
        assert away is not None
        assert collected(tom.session, away, step) == ()
        with pytest.raises(CommandRejected, match="No signal within 900 m is free"):
            order_now(tom.session, away, step.command)


def test_a_hub_that_is_killed_while_a_playbook_is_worked_loses_nothing(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    playbook = bundled_playbook("road-accident")
    with HubProcess(journal, "--ephemeral") as hub:
        with console(hub.addresses.control, tmp_path, "Ada", "police") as ada:
            body = {"id": "i1", "title": "Crash", "kind": "accident", "severity": "severe"}
            ada.act("incident.open", body)
            content = {"id": "r", "incident": "i1", "playbook": msgspec.to_builtins(playbook)}
            until(lambda: "i1" in polled(ada).room[Incidents].by_id)
            ada.act("playbook.start", content)
            until(lambda: "r/patrol" in polled(ada).room[Incidents].tasks)
            ada.act("task.set", {"id": "r/patrol", "status": "taken"})
            until(lambda: polled(ada).room[Incidents].tasks.get("r/patrol").status == "taken")
            known = ada.room[Incidents].tasks_of("i1")
        hub.kill()
    with (
        HubProcess(journal, "--ephemeral") as hub,
        console(hub.addresses.control, tmp_path, "Ada", "police") as ada,
    ):
        until(lambda: "i1" in polled(ada).room[Incidents].by_id)
        part = ada.room[Incidents]
        assert part.tasks_of("i1") == known
        assert part.runs.get("r").playbook == playbook
        done = {"id": "r/patrol", "status": "done", "evidence": {"override": "By radio"}}
        ada.act("task.set", done)
        until(lambda: polled(ada).room[Incidents].tasks.get("r/patrol").status == "done")
