"""Interlocks inside the hub: at submit, at release, in the room, and after a change of the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.twin.hub_bench import T0, Bench
from tests.twin.hub_rig import CLOCK, QUICK, console, polled, request, running_hub, until
from tests.twin.interlocks.samples import GATE_RULE, rules
from twin.hub.neighbours import distance_m, others_near
from twin.hub.requests import Asked, Observation, PolicyChanged, RulesUnreadable, Target
from twin.hub.watching import Watching
from twin.link.control import ActuatorReply
from twin.link.wire_json import decode_json_lane
from twin.room.fold import Room
from twin.room.model import CommandRequest, CommandState
from twin.room.parts.interlocks import InterlockRules
from twin.sense.model import Announcement, Datastream, Thing

S = CommandState
RUNNING = "pump-2/pump_running"
ROAD_RULE = """
version = 1
[[interlock]]
id = "road"
title = "Closure against ambulance"
text = "{target} stays open: {other} is on its way through"
actions = ["road.close"]
blocks_when = '''
others.exists(o, o.type == "unit.dispatch" && o.state != "VERIFIED" && o.route_distance_m < 25)'''
"""
LASTING_RULE = """
version = 1
[[interlock]]
id = "lasting"
title = "Signals against a closed road"
text = "{target} keeps its plan"
actions = ["signal.set_plan"]
blocks_when = 'others.exists(o, o.type == "road.close" && o.distance_m < 100)'
"""


def gate(opening: float = 10.0, **more: Any) -> CommandRequest:
    return request("gate.set", "gate-1", {"opening_pct": opening}, **more)


def pump_is(bench: Bench, value: float, age_s: float = 0.0) -> None:
    seen = Observation(datastream_id=RUNNING, t_ns=bench.now_ns - round(age_s * 1e9), value=value)
    bench.last[RUNNING] = seen


def target(
    target_id: str, kind: str, *accepts: str, xy: tuple[float, float] = (0.0, 0.0)
) -> Target:
    return Target(
        id=target_id, name=target_id, kind=kind, accepts=accepts, frame="local", xyz=(*xy, 0.0)
    )


@pytest.fixture
def bench() -> Bench:
    bench = Bench(interlocks=rules(GATE_RULE))
    bench.greet()
    bench.serve("gate-1")
    return bench


def test_a_command_against_a_rule_is_rejected_with_rule_and_value(bench: Bench) -> None:
    pump_is(bench, 1.0)
    one = gate()
    bench.submit(one)
    assert bench.state(one.id) is S.REJECTED
    text = "Name of gate-1 stays shut while pump-2 runs (pump-2/pump_running = 1)"
    assert bench.command(one.id).state_text == text
    (facts,) = bench.events[-1].body["interlocks"]
    assert facts == {
        "rule": "gate-pump", "title": "Gate against pump", "text": text,
        "values": {RUNNING: 1.0}, "others": [],
    }  # fmt: skip


@pytest.mark.parametrize("age_s", [None, 90.0, -90.0])
def test_what_the_hub_does_not_know_for_certain_blocks(bench: Bench, age_s: float | None) -> None:
    if age_s is not None:
        pump_is(bench, 0.0, age_s)
    one = gate()
    bench.submit(one)
    assert bench.state(one.id) is S.REJECTED
    assert "pump-2/pump_running is not known" in bench.command(one.id).state_text


def test_a_bad_sample_is_no_sample(bench: Bench) -> None:
    bench.last[RUNNING] = Observation(datastream_id=RUNNING, t_ns=T0, value=0.0, quality=2)
    one = gate()
    bench.submit(one)
    assert bench.state(one.id) is S.REJECTED


def test_release_looks_again_and_waits_until_the_rule_lets_go(bench: Bench) -> None:
    pump_is(bench, 0.0)
    bench.lose("f1")
    one = gate(deadline_ns=T0 + 600 * 10**9)
    bench.submit(one)
    assert bench.state(one.id) is S.QUEUED
    pump_is(bench, 1.0)
    bench.serve("gate-1")
    bench.wait(1.0)
    assert bench.state(one.id) is S.QUEUED
    assert "(pump-2/pump_running = 1)" in bench.command(one.id).state_text
    n = len(bench.events)
    bench.wait(1.0)
    assert len(bench.events) == n, "the same reason is journalled once"
    pump_is(bench, 0.0)
    bench.wait(1.0)
    assert bench.state(one.id) is S.SENT
    (guard,) = bench.delivered(one.id)[0].guards
    assert (guard.id, guard.inputs) == ("gate-pump", {"running": RUNNING})


def test_what_is_to_happen_later_is_asked_at_its_release_only(bench: Bench) -> None:
    pump_is(bench, 1.0)
    one = gate(not_before_ns=T0 + 100 * 10**9)
    bench.submit(one)
    assert bench.state(one.id) is S.QUEUED
    bench.wait(99.95)
    pump_is(bench, 1.0)
    bench.wait(0.1)
    bench.wait(0.1)
    assert bench.state(one.id) is S.QUEUED
    assert "stays shut" in bench.command(one.id).state_text


def ambulance_under_way(bench: Bench) -> CommandRequest:
    drive = request("unit.dispatch", "ambulance-1", {"x_m": 300.0, "y_m": 0.0})
    bench.submit(drive)
    route = ((0.0, 0.0, 0.0), (300.0, 0.0, 0.0))
    bench.do(Asked("f1", ActuatorReply(command_id=drive.id, status="accepted", route=route)))
    return drive


def test_a_road_stays_open_for_an_ambulance_that_announced_its_route() -> None:
    bench = Bench(interlocks=rules(ROAD_RULE))
    bench.greet()
    bench.serve("road-1", "road-2", "ambulance-1")
    bench.announce(
        target("road-1", "road_segment", "road.close", xy=(150.0, 10.0)),
        target("road-2", "road_segment", "road.close", xy=(150.0, 400.0)),
        target("ambulance-1", "ambulance", "unit.dispatch"),
    )
    drive = ambulance_under_way(bench)
    near, far = request("road.close", "road-1", {}), request("road.close", "road-2", {})
    bench.submit(near)
    bench.submit(far)
    assert bench.state(far.id) is S.SENT
    assert bench.state(near.id) is S.REJECTED
    assert bench.command(near.id).state_text == (
        "Name of road-1 stays open: Name of ambulance-1 is on its way through"
        " (“Dispatch unit” for Name of ambulance-1, its route 10 m away)"
    )
    (facts,) = next(e.body["interlocks"] for e in bench.events[1:] if e.body.get("interlocks"))
    assert facts["others"] == [drive.id]
    stream = "ambulance-1/distance_to_target"
    bench.see(10.0, stream)
    assert bench.state(drive.id) is S.VERIFIED
    again = request("road.close", "road-1", {})
    bench.submit(again)
    assert bench.state(again.id) is S.SENT, "the ambulance has arrived"


def close_and_open(bench: Bench, type_id: str, flow: float) -> None:
    one = request(type_id, "road-1", {})
    bench.submit(one)
    bench.says(one.id, "accepted")
    effect = bench.command(one.id).effect
    assert effect is not None
    bench.see(flow, effect.datastream_id)
    assert bench.state(one.id) is S.VERIFIED, bench.command(one.id).state_text


def test_an_effect_lasts_until_its_inverse_is_verified() -> None:
    bench = Bench(interlocks=rules(LASTING_RULE))
    bench.greet()
    bench.serve("road-1", "signal-1")
    bench.announce(
        target("road-1", "road_segment", "road.close", "road.open", xy=(10.0, 0.0)),
        target("signal-1", "signal", "signal.set_plan"),
    )
    close_and_open(bench, "road.close", 0.0)
    first = request()
    bench.submit(first)
    assert bench.state(first.id) is S.REJECTED
    close_and_open(bench, "road.open", 400.0)
    second = request()
    bench.submit(second)
    assert bench.state(second.id) is S.SENT
    names = [
        o.command.request.type_id for o in others_near(bench.core._hall, bench.command(second.id))
    ]
    assert names == ["road.open"], "the closure does not last any more"


def test_distances_in_either_frame() -> None:
    here = Target(id="a", name="", kind="", accepts=(), frame="geographic", xyz=(4.3, 52.0, 0.0))
    there = Target(id="b", name="", kind="", accepts=(), frame="geographic", xyz=(4.3, 52.01, 0.0))
    found = distance_m(here, there)
    assert found is not None
    assert 1_100 < found < 1_120
    local = target("c", "x")
    assert distance_m(local, target("d", "x", xy=(3.0, 4.0))) == 5.0
    for one, two in ((here, local), (None, local), (local, None), (local, Target(
        id="m", name="", kind="", accepts=(), frame="local"))):  # fmt: skip
        assert distance_m(one, two) is None


# --- the rules in the room ----------------------------------------------------------------------


def test_every_console_has_the_rules_in_force(bench: Bench) -> None:
    room = bench.folded()
    assert [card.id for card in room[InterlockRules].rules] == ["gate-pump"]
    assert Room.from_bytes(room.to_bytes()).state_hash() == room.state_hash()
    again = bench.restarted()
    assert [e.kind for e in again.events[len(bench.events) :]] == ["hub.started"], "nothing is new"
    two = GATE_RULE.replace("gate-pump", "other-id")
    bench.do(PolicyChanged(interlocks=rules(two)))
    assert [card.id for card in bench.folded()[InterlockRules].rules] == ["other-id"]
    assert bench.events[-1].body["text"] == "1 interlock in force"
    bench.do(RulesUnreadable("city.toml, line 3: …"))
    assert bench.events[-1].kind == "rules.unreadable"


def test_rules_go_when_the_hub_is_started_without(bench: Bench) -> None:
    bench.more.pop("interlocks")
    assert bench.restarted().folded()[InterlockRules].rules == ()


def test_a_running_hub_follows_its_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(GATE_RULE)
    with (
        running_hub(tmp_path / "j.sqlite", interlocks=path, times=QUICK) as hub,
        console(hub.addresses.control, tmp_path) as ada,
    ):
        until(lambda: polled(ada).room[InterlockRules].rules, what="the rules")
        _rewrite(path, GATE_RULE.replace("gate-pump", "changed"))
        until(lambda: [r.id for r in polled(ada).room[InterlockRules].rules] == ["changed"])
        _rewrite(path, "version = 1\n[[interlock]]\n")
        until(lambda: "rules.unreadable" in [e.kind for e in polled(ada).room.activity])
        assert [r.id for r in polled(ada).room[InterlockRules].rules] == ["changed"]
    assert "the former rules stay in force" in caplog.text


def _rewrite(path: Path, text: str) -> None:
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_samples_that_rules_look_at_are_kept_at_hand() -> None:
    watching = Watching()
    watching.keep(("river/level", "*-box/t"))
    streams = [
        Datastream(index=i, id=name, thing_id=name.split("/")[0], observed_property="x")
        for i, name in enumerate(("river/level", "gate-1-box/t", "other/level"))
    ]
    things = tuple(Thing(id=s.thing_id, name="", kind="gauge") for s in streams)
    watching.announce(
        Announcement(source="src", epoch="e", things=things, datastreams=tuple(streams))
    )
    kept = [bool(watching._sources["src"].is_kept[i]) for i in range(3)]
    assert kept == [True, True, False]
    watching.keep(("other/level",))
    kept = [bool(watching._sources["src"].is_kept[i]) for i in range(3)]
    assert kept == [False, False, True]
    body = b'[{"datastream":"far/away","result":3}]'
    list(watching.look_json(decode_json_lane("j", body), CLOCK.now_ns()))
    assert watching.last("far/away") is not None
