"""Approvals in the core: M of N, bound to the exact arguments; denial, expiry, broken glass."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import to_builtins
from nacl.signing import SigningKey

from tests.twin.hub_bench import Bench, why
from tests.twin.hub_rig import request
from twin.hub.requests import Target
from twin.link.control import Acknowledged
from twin.room.model import CommandRequest, CommandState
from twin.room.parts.batches import Batches
from twin.room.parts.delegations import Delegations
from twin.room.parts.reviews import Reviews
from twin.security.policy_file import read_policy

S = CommandState
POLICY = b"""
version = 7
roles = ["operator", "shift_leader"]
[[allow]]
id = "all"
roles = ["operator"]

[[approval]]
id = "gates-by-fire"
text = "Gates change the water for everybody"
actions = ["gate.set"]
needed = 1
by_departments = ["fire"]
expires_s = 600

[[approval]]
id = "breakers-by-two"
actions = ["pump.start"]
needed = 2
distinct_departments = true

[[approval]]
id = "roads-by-leaders"
actions = ["road.close"]
needed = 1
by_roles = ["shift_leader"]

[[break_glass]]
id = "leaders"
roles = ["shift_leader"]
"""


def gate(opening: float = 10.0, **more: Any) -> CommandRequest:
    return request("gate.set", "gate-1", {"opening_pct": opening}, **more)


@pytest.fixture
def bench() -> Bench:
    bench = Bench(policy=read_policy(POLICY, "test"))
    bench.log_in("Ada", "water")
    bench.log_in("Ben", "fire")
    bench.log_in("Cleo", "police")
    bench.serve("gate-1", "gate-2", "pump-1")
    bench.announce(Target(id="gate-1", name="Gate 1", kind="gate", accepts=("gate.set",)))
    return bench


def digest(bench: Bench, command_id: str) -> str:
    approval = bench.command(command_id).approval
    assert approval is not None
    return approval.digest


def give(bench: Bench, session: str, command_id: str, **more: Any) -> Any:
    body = {"command_id": command_id, "digest": digest(bench, command_id), **more}
    return bench.act(session, "approval.give", body)


def test_a_command_waits_until_another_department_says_yes(bench: Bench) -> None:
    one = gate()
    assert isinstance(bench.submit(one, "ada"), Acknowledged)
    waiting = bench.command(one.id)
    assert waiting.state is S.AWAITING_APPROVAL
    assert "1 approval of fire" in waiting.state_text
    assert not bench.delivered(one.id)
    bench.wait(30.0)
    assert bench.state(one.id) is S.AWAITING_APPROVAL
    assert isinstance(give(bench, "ben", one.id, text="Quay is clear"), Acknowledged)
    assert bench.state(one.id) is S.SENT
    assert len(bench.delivered(one.id)) == 1
    grant = bench.command(one.id).approval.grants[0]  # type: ignore[union-attr]
    assert (grant.by.name, grant.department, grant.text) == ("Ben", "fire", "Quay is clear")
    assert bench.folded().state_hash() == bench.core.room.state_hash()


def test_who_may_not_approve_is_told_why(bench: Bench) -> None:
    one = gate()
    bench.submit(one, "ada")
    assert "Whoever issued a command cannot approve it" in why(give(bench, "ada", one.id))
    assert "is for fire to give" in why(give(bench, "cleo", one.id))
    wrong = {"command_id": one.id, "digest": "0" * 64}
    assert "for other arguments" in why(bench.act("ben", "approval.give", wrong))
    nothing = {"command_id": "no such", "digest": "0" * 64}
    assert "no such command" in why(bench.act("ben", "approval.give", nothing))
    bench.log_in("Dora", "fire", is_on_shift=False)
    assert "people on shift" in why(give(bench, "dora", one.id))
    assert bench.state(one.id) is S.AWAITING_APPROVAL
    refused = [e for e in bench.events if e.kind == "audit.refused"]
    assert len(refused) == 5, "each refusal is in the journal"
    assert refused[0].body["why"].startswith("Whoever issued")


def test_an_approval_for_a_role_is_given_by_nobody_else(bench: Bench) -> None:
    bench.serve("road-1", session="f2", name="Roads")
    one = request("road.close", "road-1", {})
    bench.submit(one, "ada")
    assert "for a shift leader to give" in why(give(bench, "ben", one.id))
    bench.log_in("Lea", "works", roles=("operator", "shift_leader"))
    assert isinstance(give(bench, "lea", one.id), Acknowledged)
    assert bench.state(one.id) is S.SENT


def test_the_same_person_on_another_console_is_still_the_issuer(bench: Bench) -> None:
    one = gate()
    bench.submit(one, "ada")
    bench.log_in("Ada", "fire", session="ada at the fire desk")
    answer = give(bench, "ada at the fire desk", one.id)
    assert "Whoever issued" in why(answer)


def test_two_yes_from_two_departments(bench: Bench) -> None:
    one = request("pump.start", "pump-1", {})
    bench.submit(one, "ada")
    assert isinstance(give(bench, "ben", one.id), Acknowledged)
    assert bench.state(one.id) is S.AWAITING_APPROVAL
    assert "approved it already" in why(give(bench, "ben", one.id))
    bench.log_in("Eli", "fire")
    assert "another department" in why(give(bench, "eli", one.id))
    bench.log_in("Ann", "water")
    assert "another department" in why(give(bench, "ann", one.id))
    assert isinstance(give(bench, "cleo", one.id), Acknowledged)
    assert bench.state(one.id) is S.SENT


def test_a_denied_command_is_over_and_needs_a_reason(bench: Bench) -> None:
    one = gate()
    bench.submit(one, "ada")
    body = {"command_id": one.id, "digest": digest(bench, one.id)}
    assert "Say why" in why(bench.act("ben", "approval.deny", body))
    bench.act("ben", "approval.deny", {**body, "text": "Divers in the lock"})
    assert bench.state(one.id) is S.DENIED
    assert bench.command(one.id).state_text == "Denied by Ben (fire): Divers in the lock"
    assert "any more (denied)" in why(give(bench, "ben", one.id))


def test_an_approval_that_comes_too_late(bench: Bench) -> None:
    one = gate()
    bench.submit(one, "ada")
    bench.now_ns += 600 * 10**9
    assert "time to approve it is over" in why(give(bench, "ben", one.id))
    bench.wait(0.1)
    assert bench.state(one.id) is S.EXPIRED
    assert "1 of 1 missing" in bench.command(one.id).state_text
    assert not bench.delivered(one.id)


def test_a_restart_keeps_what_waits_and_what_was_given(bench: Bench) -> None:
    one = request("pump.start", "pump-1", {})
    bench.submit(one, "ada")
    give(bench, "ben", one.id)
    later = bench.restarted()
    later.log_in("Cleo", "police")
    later.serve("pump-1")
    assert later.state(one.id) is S.AWAITING_APPROVAL
    assert isinstance(give(later, "cleo", one.id), Acknowledged)
    assert later.state(one.id) is S.SENT


def test_a_repeated_act_is_answered_once(bench: Bench) -> None:
    one = request("pump.start", "pump-1", {})
    bench.submit(one, "ada")
    body = {"command_id": one.id, "digest": digest(bench, one.id)}
    first = bench.act("ben", "approval.give", body, act_id="act-1")
    n = len(bench.events)
    assert bench.act("ben", "approval.give", body, act_id="act-1") == first
    assert len(bench.events) == n
    other = bench.act("ben", "approval.deny", {**body, "text": "no"}, act_id="act-1")
    assert "Another request has this id" in why(other)


def test_broken_glass_is_loud_and_somebody_else_closes_the_review(bench: Bench) -> None:
    one = gate()
    bench.submit(one, "ada")
    body = {"command_id": one.id, "digest": digest(bench, one.id), "reason": "Water is in the hall"}
    assert "No rule" in why(bench.act("ada", "approval.break_glass", body))
    bench.log_in("Lea", "water", roles=("operator", "shift_leader"))
    short = {**body, "reason": "!"}
    assert "needs a reason" in why(bench.act("lea", "approval.break_glass", short))
    assert isinstance(bench.act("lea", "approval.break_glass", body), Acknowledged)
    assert bench.state(one.id) is S.SENT
    (review,) = bench.core.room[Reviews].by_id.values()
    assert "broke the glass" in review.text
    close = {"id": review.id, "text": "Justified"}
    assert "Somebody else" in why(bench.act("lea", "review.close", close))
    assert isinstance(bench.act("ben", "review.close", close), Acknowledged)
    assert not bench.core.room[Reviews].by_id.values()


def test_delegation_passes_a_department_on_but_never_in_a_circle(bench: Bench) -> None:
    one = gate()
    bench.submit(one, "ada")
    until = bench.now_ns + 3_600 * 10**9
    passed = {"id": "d1", "to": "cleo", "to_name": "Cleo", "department": "fire", "until_ns": until}
    assert "cannot pass on" in why(bench.act("ada", "delegation.give", {**passed, "to": "cleo"}))
    assert isinstance(bench.act("ben", "delegation.give", passed), Acknowledged)
    circle = {**passed, "id": "d2", "to": "ben", "to_name": "Ben"}
    assert "circle" in why(bench.act("cleo", "delegation.give", circle))
    assert isinstance(give(bench, "cleo", one.id), Acknowledged)
    assert bench.command(one.id).approval.grants[0].department == "fire"  # type: ignore[union-attr]


def test_a_delegation_ends_by_itself_and_with_what_it_rests_on(bench: Bench) -> None:
    until = bench.now_ns + 60 * 10**9
    first = {"id": "d1", "to": "cleo", "to_name": "Cleo", "department": "fire", "until_ns": until}
    bench.act("ben", "delegation.give", first)
    bench.log_in("Gus", "works")
    second = {**first, "id": "d2", "to": "gus", "to_name": "Gus", "until_ns": until + 60 * 10**9}
    assert isinstance(bench.act("cleo", "delegation.give", second), Acknowledged)
    one = gate()
    bench.submit(one, "ada")
    bench.wait(61.0)
    assert "d1" not in bench.core.room[Delegations].by_id
    assert "is for fire to give" in why(give(bench, "gus", one.id))


def test_a_batch_is_approved_as_one_and_leaves_as_one(bench: Bench) -> None:
    ones = [
        gate(batch="b1"),
        request("gate.set", "gate-2", {"opening_pct": 20.0}, batch="b1"),
    ]
    body = {"id": "b1", "title": "Both gates", "requests": [to_builtins(one) for one in ones]}
    assert isinstance(bench.act("ada", "batch.submit", body), Acknowledged)
    assert [bench.state(one.id) for one in ones] == [S.AWAITING_APPROVAL] * 2
    assert isinstance(give(bench, "ben", ones[0].id), Acknowledged)
    assert bench.state(ones[0].id) is S.QUEUED, "it waits for its sibling"
    bench.wait(20.0)
    assert bench.state(ones[0].id) is S.QUEUED
    batch = bench.core.room[Batches].by_id.get("b1")
    assert batch is not None
    answer = {"batch_id": "b1", "digest": batch.digest}
    assert isinstance(bench.act("ben", "approval.give", answer), Acknowledged)
    bench.wait(0.1)
    assert [bench.state(one.id) for one in ones] == [S.SENT] * 2


def test_one_of_a_batch_that_is_denied_stops_the_others(bench: Bench) -> None:
    ones = [gate(batch="b1"), request("gate.set", "gate-2", {"opening_pct": 20.0}, batch="b1")]
    body = {"id": "b1", "title": "", "requests": [to_builtins(one) for one in ones]}
    bench.act("ada", "batch.submit", body)
    give(bench, "ben", ones[0].id)
    no = {"command_id": ones[1].id, "digest": digest(bench, ones[1].id), "text": "Not this one"}
    bench.act("ben", "approval.deny", no)
    bench.wait(0.1)
    assert bench.state(ones[0].id) is S.CANCELLED
    assert "batch was stopped" in bench.command(ones[0].id).state_text
    assert not bench.delivered(ones[0].id)


def test_what_is_not_signed_by_the_person_does_not_count() -> None:
    ada, ben, eve = SigningKey.generate(), SigningKey.generate(), SigningKey.generate()
    bench = Bench(policy=read_policy(POLICY, "test"))
    bench.log_in("Ada", "water", key=ada)
    bench.log_in("Ben", "fire", key=ben)
    bench.serve("gate-1")
    one = gate()
    bench.keys["ada"] = eve
    assert "not signed by Ada" in why(bench.submit(one, "ada"))
    bench.keys["ada"] = ada
    assert "not signed by Ada" in why(bench.submit(one, "ada")), "refused is refused"
    one = gate()
    assert isinstance(bench.submit(one, "ada"), Acknowledged)
    body = {"command_id": one.id, "digest": digest(bench, one.id)}
    assert "not signed" in why(bench.act("ben", "approval.give", body, signature="ab" * 64))
    given = bench.act("ben", "approval.give", body)
    assert isinstance(given, Acknowledged)
    grant = bench.command(one.id).approval.grants[0]  # type: ignore[union-attr]
    assert len(grant.signature) == 128
