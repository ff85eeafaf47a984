"""A flood that a hub's core worked through on a made-up clock, with its samples, for reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.twin.hub_bench import Bench
from tests.twin.hub_rig import request
from twin.clock import NS_PER_S
from twin.journal.sqlite import SqliteJournal
from twin.link.control import EventMessage, Heartbeat, HubAddresses, HubInfo, Snapshot
from twin.link.wire import encode_announcement, encode_batch
from twin.recording.keeping import Keeper
from twin.room.fold import Room
from twin.room.model import Event
from twin.security.policy_file import read_policy
from twin.sense.model import Announcement, Datastream, Thing

EPOCH = "epoch"
POLICY = b"""
version = 3
roles = ["operator", "shift_leader"]
[[allow]]
id = "all"
roles = ["operator", "shift_leader"]
[[approval]]
id = "gates-by-fire"
text = "Gates change the water for everybody"
actions = ["gate.set"]
needed = 1
by_departments = ["fire"]
expires_s = 600
[[break_glass]]
id = "leaders"
roles = ["shift_leader"]
"""
NOWHERE = HubAddresses(control="", events="", samples_in="", samples_out="")


class FloodRun(NamedTuple):
    """What happened: facts, and when it began; gate commands by what became of them."""

    events: tuple[Event, ...]
    start_ns: int
    end_ns: int
    denied: str
    glass: str
    approved: str


def _alarm(alarm_id: str, priority: str, title: str, **more: Any) -> dict[str, Any]:
    return {"id": alarm_id, "title": title, "priority": priority, "department": "water", **more}


def flood_run() -> FloodRun:
    """Two alarms, an incident, three gate commands: denied, without approval, approved."""
    bench = Bench(policy=read_policy(POLICY, "test"))
    start_ns = bench.now_ns
    at = lambda seconds: setattr(bench, "now_ns", start_ns + round(seconds * NS_PER_S))  # noqa: E731
    bench.serve("gate-1")
    bench.log_in("Ada", "water")
    bench.log_in("Ben", "fire")
    bench.log_in("Lea", "control_room", roles=("operator", "shift_leader"), rank=3)
    at(10)
    level = _alarm("level", "critical", "Water level is high", thing_id="g1",
                   thing_name="Quay gauge", xyz=[100.0, 50.0, 0.0], value_text="2.4 m",
                   datastream_id="g1/water_level", response="Open the gate")  # fmt: skip
    bench.act("ada", "alarm.raise", {"alarms": [level]})
    at(14)
    rain = _alarm("rain", "low", "Heavy rain", thing_id="g2", thing_name="Rain gauge",
                  xyz=[300.0, 250.0, 0.0])  # fmt: skip
    bench.act("ada", "alarm.raise", {"alarms": [rain]})
    at(30)
    bench.act("ada", "alarm.acknowledge", {"ids": ["level"]})
    at(40)
    bench.act("lea", "incident.open", {
        "id": "i1", "title": "Water in Quay Street", "kind": "flood", "severity": "severe",
        "xyz": [120.0, 60.0, 0.0], "radius_m": 150.0, "departments": ["water", "fire", "police"],
        "links": ["alarm:level", "alarm:rain"],
    })  # fmt: skip
    at(45)
    bench.act("lea", "incident.command", {"id": "i1"})
    at(50)
    bench.act("ada", "incident.take_part", {"id": "i1", "department": "water"})
    at(70)
    bench.act("ben", "incident.take_part", {"id": "i1", "department": "fire"})
    for n, (title, department, due) in enumerate(
        (("Close the quay", "fire", 200), ("Call the divers", "fire", 90), ("Sandbags", "", 0)), 1
    ):
        task = {"id": f"t{n}", "incident": "i1", "title": title, "department": department,
                "due_ns": start_ns + due * NS_PER_S if due else 0, "step": f"s{n}"}  # fmt: skip
        bench.act("lea", "task.give", task)
    at(72)
    unit = {"id": "i1", "unit_id": "engine-1", "name": "Engine 1"}
    bench.act("ben", "incident.unit", {**unit, "status": "assigned"})
    at(75)
    bench.act("ben", "message.post", {"channel": "incident:i1", "text": "Divers are in the lock"})
    denied = _gate(bench, 80, "Let it out")
    at(95)
    _answer(bench, "ben", "approval.deny", denied, text="Divers are in the lock")
    glass = _gate(bench, 110, "It rises")
    at(120)
    _answer(
        bench, "lea", "approval.break_glass", glass, reason="Cellars are filling, divers are out"
    )
    _done(bench, glass, 125, 35.0)
    approved = _gate(bench, 160, "More", opening=60.0)
    at(185)
    _answer(bench, "ben", "approval.give", approved, text="Divers are out")
    _done(bench, approved, 190, 60.0)
    at(222)
    bench.act("ben", "incident.unit", {**unit, "status": "on_scene"})
    at(230)
    bench.act("ben", "task.set", {"id": "t1", "status": "done", "found": "Closed at both ends"})
    bench.act("ben", "task.set", {"id": "t2", "status": "skipped", "found": "They were there"})
    at(240)
    bench.act("ada", "alarm.return", {"ids": ["level"]})
    bench.act("lea", "task.set", {"id": "t3", "status": "done", "found": "200"})
    bench.act("lea", "incident.log", {"id": "i1", "text": "The street is dry"})
    at(300)
    bench.act("lea", "incident.close", {"id": "i1", "cause": "A cloudburst; the gate stood shut"})
    at(310)
    bench.wait(0)
    return FloodRun(tuple(bench.events), start_ns, bench.now_ns, denied, glass, approved)


def _gate(bench: Bench, seconds: float, reason: str, opening: float = 35.0) -> str:
    bench.now_ns = bench.events[0].t_ns + round(seconds * NS_PER_S)
    one = request("gate.set", "gate-1", {"opening_pct": opening}, reason=reason, incident="i1")
    bench.submit(one, "ada")
    return one.id


def _answer(bench: Bench, who: str, kind: str, command_id: str, **more: str) -> None:
    approval = bench.command(command_id).approval
    assert approval is not None
    bench.act(who, kind, {"command_id": command_id, "digest": approval.digest, **more})


def _done(bench: Bench, command_id: str, seconds: float, opening: float) -> None:
    bench.wait(0)
    bench.now_ns = bench.events[0].t_ns + round(seconds * NS_PER_S)
    bench.says(command_id, "accepted")
    bench.now_ns += 5 * NS_PER_S
    stream = bench.command(command_id).effect
    assert stream is not None
    bench.see(opening, stream.datastream_id)


def announcement() -> Announcement:
    """Two gauges, a gate, a street."""
    return Announcement(
        source="town", epoch="e1",
        things=(
            Thing(id="g1", name="Quay gauge", kind="sensor", xyz=(100.0, 50.0, 0.0)),
            Thing(id="g2", name="Rain gauge", kind="sensor", xyz=(300.0, 250.0, 0.0)),
            Thing(id="gate-1", name="Name of gate-1", kind="gate", xyz=(160.0, 90.0, 0.0)),
            Thing(id="s1", name="Quay Street", kind="road_segment", xyz=(0.0, 0.0, 0.0),
                  path=(400.0, 200.0, 0.0)),
        ),
        datastreams=(
            Datastream(index=0, id="g1/water_level", thing_id="g1", unit="m",
                       observed_property="water_level"),
            Datastream(index=1, id="gate-1/gate_opening", thing_id="gate-1", unit="%",
                       observed_property="gate_opening"),
        ),
    )  # fmt: skip


def samples(second: int, t_ns: int) -> list[bytes]:
    """The gauge shows 2 + second / 1000, the gate stands shut until second 130."""
    values = np.array([2 + second / 1000, 0.0 if second < 130 else 35.0])
    return encode_batch("town", "e1", second, np.arange(2, dtype=np.uint32), np.full(2, t_ns),
                        values, np.zeros(2, np.uint8), t_ns)  # fmt: skip


def heard(run: FloodRun) -> Iterator[tuple[Any, int]]:
    """What a recorder hears: all facts, a batch and a heartbeat a second."""
    yield (
        HubInfo(epoch=EPOCH, scene="Old town", version="1", seq=0, addresses=NOWHERE),
        run.start_ns,
    )
    room, left = Room(), list(run.events)
    yield Snapshot(epoch=EPOCH, seq=0, room=room.to_bytes()), run.start_ns
    yield encode_announcement(announcement()), run.start_ns
    for second in range((run.end_ns - run.start_ns) // NS_PER_S + 1):
        t_ns = run.start_ns + second * NS_PER_S
        while left and left[0].t_ns <= t_ns:
            room.apply(left[0])
            yield EventMessage(epoch=EPOCH, event=left[0]), left.pop(0).t_ns
        yield samples(second, t_ns), t_ns
        yield Heartbeat(epoch=EPOCH, seq=room.seq, state_hash=room.state_hash(), t_ns=t_ns), t_ns
    for event in left:
        yield EventMessage(epoch=EPOCH, event=event), event.t_ns


def recorded(path: Path, run: FloodRun, *, city: str = "") -> None:
    """Write it as a recording."""
    keeper = Keeper(path, with_sync=False, city=city)
    for message, t_ns in heard(run):
        if isinstance(message, list):
            keeper.take_samples(message, t_ns)
        else:
            keeper.take_fact(message, t_ns)
    keeper.close()


def journalled(path: Path, run: FloodRun) -> None:
    """Write its facts as a journal."""
    journal = SqliteJournal(path)
    journal.append(list(run.events))
    journal.close()
