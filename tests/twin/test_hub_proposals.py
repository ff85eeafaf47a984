"""Verdicts and answers to proposals in the core: shared, remembered, with rights, nothing twice."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.twin.hub_bench import Bench, why
from twin.clock import NS_PER_S, FakeClock
from twin.generate.city import generate_city
from twin.judging import graph_of
from twin.link.control import Acknowledged
from twin.operations.asset_graph import AssetGraph
from twin.operations.correlation import IncidentProposal
from twin.operations.proposing import (
    departments_of,
    kind_of,
    pairs_of,
    proposals_of,
    severity_of,
    title_of,
)
from twin.room.fold import Room
from twin.room.parts.incidents import Incidents
from twin.room.parts.proposals import ANSWERS_KEPT, Proposals
from twin.room.parts.verdicts import KEPT, Verdicts
from twin.security.policy_file import read_policy
from twin.sense.model import Announcement, Thing
from twin.sense.store import ObservationStore
from twin.sim.world import World, WorldOptions

NO_GRAPH = AssetGraph({}, {})


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.greet()
    bench.greet("b1", "Ben", "fire")
    return bench


def raise_(bench: Bench, name: str, x: float = 0.0, **more: Any) -> str:
    one = {
        "id": name, "title": f"{name} is high", "priority": "high", "xyz": (x, 0.0, 0.0),
        "thing_id": f"t-{name}", "thing_name": f"Gauge {name}", "rule": f"level-{name}",
        "department": "water", **more,
    }  # fmt: skip
    assert isinstance(bench.act("a1", "alarm.raise", {"alarms": [one]}), Acknowledged)
    return f"alarm:{name}"


def proposed(bench: Bench) -> tuple[IncidentProposal, ...]:
    return proposals_of(bench.core.room, NO_GRAPH, bench.now_ns)


def accept(bench: Bench, members: list[str], who: str = "a1", **more: Any) -> Any:
    body = {"members": members, "incident": "i1", "title": "Flood", "kind": "flood", **more}
    return bench.act(who, "proposal.accept", body)


def verdict(bench: Bench, key: str = "e1", **more: Any) -> Any:
    body = {
        "id": key, "datastream_id": "gauge/level", "is_anomaly": True, "start_ns": bench.now_ns,
        "end_ns": bench.now_ns, "strength": 9.0, "threshold": 7.8, **more,
    }  # fmt: skip
    return bench.act("a1", "verdict.give", body)


def test_yes_opens_one_incident_that_links_all_of_them(bench: Bench) -> None:
    members = [raise_(bench, "a"), raise_(bench, "b", 100.0), raise_(bench, "far", 9_000.0)][:2]
    (one,) = proposed(bench)
    assert [member.id for member in one.members] == members
    assert (kind_of(one), severity_of(one).value) == ("flood", "severe")
    assert (title_of(one), departments_of(one)) == ("a is high, Gauge a", ("water",))
    n_raised = sum(event.kind == "alarm.raised" for event in bench.events)
    assert isinstance(accept(bench, members, departments=["water"]), Acknowledged)
    (incident,) = bench.core.room[Incidents].open
    assert incident.links == tuple(members)
    assert {ask.department for ask in incident.departments} == {"control_room", "water"}
    assert sum(event.kind == "alarm.raised" for event in bench.events) == n_raised
    assert proposed(bench) == ()
    answered = next(event for event in bench.events if event.kind == "incident.opened")
    assert answered.body["act"]["kind"] == "proposal.accept"


def test_of_two_who_answer_at_once_the_second_is_told(bench: Bench) -> None:
    members = [raise_(bench, "a"), raise_(bench, "b", 100.0)]
    assert isinstance(accept(bench, members), Acknowledged)
    refused = why(accept(bench, members, "b1", incident="i2"))
    assert refused == "Some of them belong to “Flood” already, opened by Ada (control room)"
    assert len(bench.core.room[Incidents].open) == 1


def test_what_comes_later_is_added_to_the_open_incident(bench: Bench) -> None:
    members = [raise_(bench, "a"), raise_(bench, "b", 100.0)]
    accept(bench, members, xyz=(50.0, 0.0, 0.0), radius_m=300.0)
    late = raise_(bench, "c", 300.0)
    (one,) = proposed(bench)
    assert one.incident is not None
    assert one.incident.id == "incident:i1"
    assert isinstance(accept(bench, [late], title="", kind=""), Acknowledged)
    (incident,) = bench.core.room[Incidents].open
    assert incident.links == (*members, late)
    assert proposed(bench) == ()


def test_a_closed_incident_is_not_proposed_again_but_new_alarms_are(bench: Bench) -> None:
    members = [raise_(bench, "a"), raise_(bench, "b", 100.0)]
    accept(bench, members)
    bench.act("a1", "incident.close", {"id": "i1", "cause": "Rain"})
    assert proposed(bench) == ()
    bench.wait(60.0)
    for name in ("a", "b"):
        bench.act("a1", "alarm.return", {"ids": [name]})
        raise_(bench, name, 100.0 * (name == "b"))
    assert len(proposed(bench)) == 1


def test_split_keeps_groups_together_and_others_apart(bench: Bench) -> None:
    members = [raise_(bench, name, i * 50.0) for i, name in enumerate("abc")]
    assert len(proposed(bench)) == 1
    body = {"members": members, "groups": [members[:2]]}
    assert isinstance(bench.act("b1", "proposal.split", body), Acknowledged)
    (one,) = proposed(bench)
    assert [member.id for member in one.members] == members[:2]
    bench.act("b1", "proposal.split", {"members": members})
    assert proposed(bench) == ()


def test_never_is_remembered_and_can_be_taken_back(bench: Bench) -> None:
    raise_(bench, "a")
    raise_(bench, "b", 50.0)
    kinds = {kind for kind, _, _ in pairs_of(proposed(bench)[0])}
    assert kinds == {"rule", "asset"}
    body = {"kind": "rule", "a": "level-b", "b": "level-a", "a_name": "B", "b_name": "A"}
    assert isinstance(bench.act("a1", "proposal.never", body), Acknowledged)
    assert proposed(bench) == ()
    (pair,) = bench.core.room[Proposals].never.values()
    assert (pair.a, pair.a_name, pair.b, pair.b_name) == ("level-a", "A", "level-b", "B")
    assert "already" in why(bench.act("b1", "proposal.never", body))
    assert isinstance(bench.act("b1", "proposal.allow", {"id": pair.id}), Acknowledged)
    assert len(proposed(bench)) == 1
    assert why(bench.act("b1", "proposal.allow", {"id": pair.id})) == "There is no such pair"


def test_shelved_and_returned_alarms_are_not_proposed(bench: Bench) -> None:
    raise_(bench, "a")
    raise_(bench, "c", 20.0)
    raise_(bench, "d", 30.0)
    bench.act("a1", "alarm.shelve", {"ids": ["c"], "seconds": 600.0, "reason": "Test"})
    bench.act("a1", "alarm.return", {"ids": ["d"]})
    assert proposed(bench) == ()


def test_the_flood_of_the_demo_city_is_one_proposal_and_two_fires_are_none(bench: Bench) -> None:
    world = World(generate_city(2_000), WorldOptions())
    store = ObservationStore(capacity=20_000, history=2, clock=FakeClock())
    store.announce(
        Announcement(source="s", epoch="e", things=world.things, datastreams=world.datastreams)
    )

    def nearest(kind: str, x: float, y: float, *, last: bool = False) -> Thing:
        of = [one for one in world.things if one.kind == kind]
        return sorted(of, key=lambda o: math.hypot(o.xyz[0] - x, o.xyz[1] - y))[-1 if last else 0]

    underpass = next(one for one in world.things if one.kind == "underpass")
    x, y, _ = underpass.xyz
    flood = {
        "river-high": nearest("river_gauge", x, y),
        "underpass-flooded": underpass,
        "pump-fault": nearest("pump_station", x, y),
    }
    far = nearest("air_station", x, y, last=True)

    def gap_m(one: Thing) -> float:
        return min(math.dist(one.xyz[:2], other.xyz[:2]) for other in (far, *flood.values()))

    fires = {"fire-a": far, "fire-b": max((o for o in world.things if o.kind == "loop"), key=gap_m)}
    assert gap_m(fires["fire-b"]) > 400.0
    for rule, thing in (flood | fires).items():
        raise_(bench, rule, xyz=thing.xyz, thing_id=thing.id, thing_name=thing.name, rule=rule)
        bench.wait(120.0)
    (one,) = proposals_of(bench.core.room, graph_of(store), bench.now_ns)
    assert {member.rule for member in one.members} == set(flood)
    assert kind_of(one) == "flood"


def test_what_follows_from_another_goes_with_it_wherever_it_is(bench: Bench) -> None:
    raise_(bench, "rain", thing_id="", xyz=None)
    raise_(bench, "b", 5_000.0, root="rain")
    bench.wait(3_600.0)
    raise_(bench, "c", 9_000.0, root="rain")
    (one,) = proposed(bench)
    assert [member.id for member in one.members] == ["alarm:rain", "alarm:b", "alarm:c"]
    assert "2 follow from “rain is high”, says their rule" in one.reasons
    accept(bench, ["alarm:rain", "alarm:b"])
    assert proposed(bench) == (), "c belongs to it with its root"


def test_several_alarms_of_one_thing_are_no_proposal(bench: Bench) -> None:
    raise_(bench, "high", thing_id="gauge")
    raise_(bench, "flood", thing_id="gauge", root="high")
    assert proposed(bench) == ()
    raise_(bench, "other", 40.0)
    assert len(proposed(bench)[0].members) == 3


def test_an_anomaly_that_somebody_confirmed_is_proposed_with_an_alarm(bench: Bench) -> None:
    alarm = raise_(bench, "a")
    assert isinstance(verdict(bench, thing_id="t9", xyz=(30.0, 0.0, 0.0)), Acknowledged)
    (one,) = proposed(bench)
    assert {member.id for member in one.members} == {alarm, "anomaly:e1"}
    assert isinstance(accept(bench, [alarm, "anomaly:e1"]), Acknowledged)
    assert proposed(bench) == ()
    verdict(bench, "e2", is_anomaly=False, xyz=(30.0, 0.0, 0.0))
    assert proposed(bench) == ()


@pytest.mark.parametrize(
    ("kind", "body", "sentence"),
    [
        ("proposal.accept", {"members": ["alarm:x", "alarm:y"]}, "no alarm or anomaly"),
        ("proposal.accept", {"members": ["alarm:a"]}, "2 to 400 members"),
        ("proposal.accept", {"members": ["alarm:a", "alarm:a"]}, "each once"),
        ("proposal.accept", {"members": ["alarm:a", "alarm:b"], "title": " "}, "a title"),
        ("proposal.split", {"members": ["alarm:a", "alarm:b"], "groups": [["alarm:c"]]}, "group"),
        ("proposal.never", {"kind": "rule", "a": "", "b": "x"}, "A pair names"),
        ("proposal.never", {"kind": "place", "a": "x", "b": "x"}, "cannot be read"),
        ("verdict.give", {"id": "", "datastream_id": "d"}, "names its episode"),
        ("verdict.give", {"id": "e", "datastream_id": "d", "start_ns": 9}, "ends after"),
        ("verdict.give", {"id": "e", "datastream_id": "d", "strength": 1e400}, "finite"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_no_trace(
    bench: Bench, kind: str, body: dict[str, Any], sentence: str
) -> None:
    raise_(bench, "a")
    raise_(bench, "b", 100.0)
    if kind == "proposal.accept":
        body = {"incident": "i1", "title": "Flood", "kind": "flood", **body}
    if kind == "verdict.give":
        body = {"is_anomaly": True, "start_ns": 1, "end_ns": 2, **body}
    before = bench.core.room.state_hash()
    assert sentence in why(bench.act("a1", kind, body))
    assert bench.core.room.state_hash() == before


POLICY = b"""
version = 1
roles = ["watcher", "leader"]
[[allow]]
id = "answer"
roles = ["watcher", "leader"]
actions = ["alarm.*", "proposal.*"]
[[allow]]
id = "lead"
roles = ["leader"]
actions = ["incident.*", "verdict.*"]
"""


def test_who_may_not_open_an_incident_may_not_do_it_by_a_proposal() -> None:
    bench = Bench(policy=read_policy(POLICY, "test"))
    bench.log_in("Ada", "water", roles=("watcher",), session="a1")
    bench.log_in("Cleo", "fire", roles=("leader",), session="c1")
    members = [raise_(bench, "a"), raise_(bench, "b", 100.0)]
    assert why(accept(bench, members))
    assert why(verdict(bench))
    assert bench.core.room[Incidents].open == ()
    assert isinstance(accept(bench, members, "c1"), Acknowledged)


def test_another_verdict_takes_the_place_of_the_first_and_old_ones_leave(bench: Bench) -> None:
    verdict(bench)
    verdict(bench, is_anomaly=False)
    (one,) = bench.core.room[Verdicts].by_id.values()
    assert (one.is_anomaly, one.by.name) == (False, "Ada")
    for i in range(KEPT + 3):
        verdict(bench, f"more-{i}")
    kept = list(bench.core.room[Verdicts].by_id)
    assert (len(kept), kept[0]) == (KEPT, "more-3")
    assert Room.from_bytes(bench.core.room.to_bytes()).state_hash() == (
        bench.core.room.state_hash()
    )
    assert ANSWERS_KEPT < KEPT
    bench.wait(7 * 3_600.0)
    assert bench.now_ns > NS_PER_S
    assert proposed(bench) == ()
