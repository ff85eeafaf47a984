"""The queue of what waits for a person agrees with what the hub lets that person do."""

from __future__ import annotations

import itertools

import pytest

from tests.twin.hub_bench import Bench
from tests.twin.hub_rig import request
from twin.link.control import Acknowledged
from twin.room.model import CommandState, Operator
from twin.security.canonical import digest_of
from twin.security.policy_file import read_policy
from twin.waiting import Queue, queue_of

POLICY = b"""
version = 1
roles = ["operator", "leader"]
[[allow]]
id = "all"
roles = ["operator"]
[[approval]]
id = "gates"
actions = ["gate.set"]
needed = 2
by_departments = ["fire", "police", "water"]
distinct_departments = true
expires_s = 300
[[approval]]
id = "roads"
actions = ["road.close"]
needed = 1
by_roles = ["leader"]
[[approval]]
id = "pumps"
actions = ["pump.start"]
needed = 1
expires_s = 60
"""
PEOPLE = (("Ada", "water"), ("Ben", "fire"), ("Cleo", "police"), ("Dora", "works"))


@pytest.fixture
def bench() -> Bench:
    bench = Bench(policy=read_policy(POLICY, "test"))
    for name, department in PEOPLE:
        roles = ("operator", "leader") if name == "Dora" else ("operator",)
        bench.log_in(name, department, roles=roles)
    bench.serve("gate-1", "gate-2", "pump-1", "pump-2", "road-1")
    return bench


def operator_of(bench: Bench, name: str) -> Operator:
    return bench.core.room.operators[f"id-{name}"]


def queue(bench: Bench, name: str) -> Queue:
    return queue_of(bench.folded(), operator_of(bench, name), bench.now_ns)


def test_whoever_the_queue_asks_is_whom_the_hub_believes(bench: Bench) -> None:
    made = [
        request("gate.set", "gate-1", {"opening_pct": 10.0}),
        request("pump.start", "pump-1", {}),
        request("road.close", "road-1", {}),
    ]
    bench.submit(made[0], "ada")
    bench.submit(made[1], "cleo")
    bench.submit(made[2], "ben")
    delegation = {"id": "d1", "to": "dora", "to_name": "Dora", "department": "fire"}
    bench.act("ben", "delegation.give", delegation | {"until_ns": bench.now_ns + 10**12})
    n_yes = 0
    for (name, _), one in itertools.product(PEOPLE, made):
        asked = {w.key: w for w in queue(bench, name).approvals}
        if one.id not in asked:
            assert bench.state(one.id) is not CommandState.AWAITING_APPROVAL
            continue
        body = {"command_id": one.id, "digest": asked[one.id].digest}
        believed = isinstance(bench.act(name.lower(), "approval.give", body), Acknowledged)
        assert asked[one.id].is_for_me is believed, (name, one.type_id, asked[one.id].why_not)
        assert asked[one.id].is_mine is (bench.command(one.id).issued_by.name == name)
        n_yes += believed
    assert n_yes == 4
    assert {bench.state(one.id) for one in made} == {CommandState.SENT}


def test_mine_first_then_what_i_asked_then_the_rest_the_most_pressing_first(bench: Bench) -> None:
    for target, by in (("gate-1", "ada"), ("gate-2", "ben")):
        bench.submit(request("gate.set", target, {"opening_pct": 1.0}), by)
    bench.submit(request("pump.start", "pump-1", {}), "cleo")
    told = [(w.first.request.target_id, w.is_for_me) for w in queue(bench, "Ben").approvals]
    assert told == [("pump-1", True), ("gate-1", True), ("gate-2", False)]
    bench.submit(request("pump.start", "pump-2", {}), "dora")
    assert [w.first.request.target_id for w in queue(bench, "Dora").approvals] == [
        "pump-1",
        "pump-2",
        "gate-1",
        "gate-2",
    ]
    dora = queue(bench, "Dora")
    assert dora.n_for_me == 1
    assert dora.level == dora.for_me[0].level
    assert dora.approvals[2].why_not == "This approval is for fire or police or water to give"


def test_a_batch_is_one_entry_bound_to_all_of_it(bench: Bench) -> None:
    targets = ("gate-1", "gate-2")
    requests = [request("gate.set", t, {"opening_pct": 5.0}, batch="b1") for t in targets]
    from msgspec import to_builtins

    body = {"id": "b1", "title": "Both gates", "requests": to_builtins(requests)}
    assert isinstance(bench.act("ada", "batch.submit", body), Acknowledged)
    (waiting,) = queue(bench, "Ben").approvals
    assert waiting.key == "b1"
    assert [c.request.target_id for c in waiting.commands] == list(targets)
    assert waiting.digest == digest_of([to_builtins(r) for r in requests])
    answer = {"batch_id": waiting.key, "digest": waiting.digest}
    assert isinstance(bench.act("ben", "approval.give", answer), Acknowledged)
    assert queue(bench, "Ben").for_me == ()
    assert queue(bench, "Cleo").for_me[0].approval.grants[0].by.name == "Ben"


def test_a_request_for_my_lease_waits_for_me(bench: Bench) -> None:
    bench.act("ada", "lease.take", {"asset_id": "gate-1", "asset_name": "Gate 1"})
    assert queue(bench, "Ada").n_for_me == 0
    bench.act("ben", "lease.ask", {"asset_id": "gate-1"})
    assert [one.asset_id for one in queue(bench, "Ada").lease_requests] == ["gate-1"]
    assert queue(bench, "Ben").lease_requests == ()
