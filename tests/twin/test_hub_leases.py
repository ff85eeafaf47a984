"""Leases, queues, schedules, deadlines, retries and time windows in the core."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.twin.hub_bench import TYPES, Bench, why
from tests.twin.hub_rig import request
from twin.commands.base import CommandType, Windows
from twin.commands.params import example_args
from twin.hub.options import HubTimes
from twin.hub.requests import Target
from twin.link.control import Acknowledged, Revoke
from twin.registry import Registry
from twin.room.model import CommandRequest, CommandState
from twin.room.parts.holds import Holds
from twin.room.parts.leases import Leases
from twin.room.parts.templates import Templates
from twin.security.policy_file import read_policy

S = CommandState
POLICY = b"""
version = 1
roles = ["operator"]
[[allow]]
id = "all"
roles = ["operator"]
[[lease]]
id = "gates"
kinds = ["gate"]
ttl_s = 20
"""


def gate(opening: float = 10.0, **more: Any) -> CommandRequest:
    return request("gate.set", "gate-1", {"opening_pct": opening}, **more)


@pytest.fixture
def bench() -> Bench:
    bench = Bench(policy=read_policy(POLICY, "test"))
    bench.log_in("Ada", "water", rank=1)
    bench.log_in("Ben", "fire", rank=2)
    bench.serve("gate-1", "signal-1")
    bench.announce(Target(id="gate-1", name="Gate 1", kind="gate", accepts=("gate.set",)))
    return bench


def holder(bench: Bench, asset_id: str = "gate-1") -> str:
    found = bench.core.room[Leases].holder(asset_id)
    return found.name if found else ""


def test_a_command_takes_the_lease_that_its_asset_needs(bench: Bench) -> None:
    one = gate()
    bench.submit(one, "ada")
    assert holder(bench) == "Ada"
    assert bench.delivered(one.id)[0].lease_token == 1
    bench.see(10.0, "gate-1/gate_opening")
    bench.says(one.id, "accepted")
    bench.see(10.0, "gate-1/gate_opening")
    assert bench.state(one.id) is S.VERIFIED
    other = gate(30.0)
    bench.submit(other, "ben")
    assert bench.state(other.id) is S.REJECTED
    assert "held by Ada (water)" in bench.command(other.id).state_text


def test_by_consent_by_rank_and_never_by_force(bench: Bench) -> None:
    take = {"asset_id": "gate-1", "asset_name": "Gate 1"}
    assert isinstance(bench.act("ben", "lease.take", take), Acknowledged)
    assert "held by Ben" in why(bench.act("ada", "lease.take", take))
    seize = {"asset_id": "gate-1", "reason": "I need it"}
    assert "has rank 2, you have 1" in why(bench.act("ada", "lease.seize", seize))
    consent = {"asset_id": "gate-1", "to_console": "id-Ada"}
    assert "have not asked" in why(bench.act("ben", "lease.consent", consent))
    assert isinstance(bench.act("ada", "lease.ask", take), Acknowledged)
    assert "only they can hand it over" in why(bench.act("ada", "lease.consent", consent))
    assert isinstance(bench.act("ben", "lease.consent", consent), Acknowledged)
    assert holder(bench) == "Ada"
    assert "needs a reason" in why(bench.act("ben", "lease.seize", {**seize, "reason": " "}))
    assert isinstance(bench.act("ben", "lease.seize", seize), Acknowledged)
    assert holder(bench) == "Ben"
    assert "only they can let it go" in why(bench.act("ada", "lease.release", take))
    assert isinstance(bench.act("ben", "lease.release", take), Acknowledged)
    assert holder(bench) == ""
    tokens = [e.body["token"] for e in bench.events if e.kind == "lease.taken"]
    assert tokens == [1, 2, 3]


def test_a_lease_outlives_its_holders_connection_for_its_time_only(bench: Bench) -> None:
    bench.act("ada", "lease.take", {"asset_id": "gate-1"})
    bench.lose("ada")
    bench.wait(0.0)
    bench.wait(15.0)
    assert holder(bench) == "Ada"
    bench.log_in("Ada", "water")
    bench.wait(10.0)
    assert holder(bench) == "Ada"
    bench.lose("ada")
    bench.wait(0.1)
    bench.wait(20.1)
    assert holder(bench) == ""
    assert isinstance(bench.act("ben", "lease.take", {"asset_id": "gate-1"}), Acknowledged)
    assert bench.core.room[Leases].token("gate-1") == 2


def test_what_was_taken_over_meanwhile_is_not_released(bench: Bench) -> None:
    one = gate(not_before_ns=bench.now_ns + 60 * 10**9)
    bench.submit(one, "ada")
    bench.wait(1.0)
    assert bench.command(one.id).state_text == "Scheduled"
    bench.act("ben", "lease.seize", {"asset_id": "gate-1", "reason": "Fire at the lock"})
    bench.wait(60.0)
    assert bench.state(one.id) is S.FAILED
    assert "taken by Ben (fire)" in bench.command(one.id).state_text
    assert not bench.delivered(one.id)


@pytest.mark.parametrize("queue", ["all", "department:water", "type:gate.set", "target:gate-1"])
def test_a_held_queue_keeps_commands_until_it_is_let_go(bench: Bench, queue: str) -> None:
    held = bench.act("ben", "queue.hold", {"queue": queue, "reason": "Divers below"})
    assert isinstance(held, Acknowledged)
    assert "held already" in why(bench.act("ben", "queue.hold", {"queue": queue}))
    one = gate()
    bench.submit(one, "ada")
    bench.wait(0.1)
    assert bench.state(one.id) is S.QUEUED
    assert bench.command(one.id).state_text == "Held by Ben (fire): Divers below"
    bench.wait(100.0)
    assert bench.state(one.id) is S.QUEUED
    bench.act("ada", "queue.release", {"queue": queue})
    bench.wait(0.1)
    assert bench.state(one.id) is S.SENT
    assert not len(bench.core.room[Holds].by_queue)


def test_queues_have_names(bench: Bench) -> None:
    assert "There is no queue" in why(bench.act("ada", "queue.hold", {"queue": "everything"}))
    assert "not held" in why(bench.act("ada", "queue.release", {"queue": "all"}))


def test_a_deadline_that_passes_while_it_waits_is_the_end(bench: Bench) -> None:
    bench.act("ben", "queue.hold", {"queue": "all"})
    one = gate(deadline_ns=bench.now_ns + 10 * 10**9)
    bench.submit(one, "ada")
    bench.wait(11.0)
    assert bench.state(one.id) is S.EXPIRED
    bench.act("ben", "queue.release", {"queue": "all"})
    bench.wait(1.0)
    assert not bench.delivered(one.id), "not executed on heal"
    late = gate(deadline_ns=bench.now_ns - 1)
    bench.submit(late, "ada")
    assert "deadline is over already" in bench.command(late.id).state_text


def test_a_deadline_waits_longer_for_an_actuator(bench: Bench) -> None:
    bench.lose("f1")
    one = gate(deadline_ns=bench.now_ns + 60 * 10**9)
    bench.submit(one, "ada")
    bench.wait(4.0)
    bench.serve("gate-1", session="f2")
    assert bench.state(one.id) is S.SENT


def test_a_scheduled_command_leaves_when_its_time_has_come(bench: Bench) -> None:
    one = gate(not_before_ns=bench.now_ns + 3_600 * 10**9)
    bench.submit(one, "ada")
    later = bench.restarted()
    later.log_in("Ada", "water")
    later.serve("gate-1")
    later.wait(3_599.0)
    assert later.state(one.id) is S.QUEUED
    later.wait(1.1)
    assert later.state(one.id) is S.SENT


def test_somebody_who_lost_their_right_meanwhile_is_stopped(bench: Bench) -> None:
    one = gate(not_before_ns=bench.now_ns + 10 * 10**9)
    bench.submit(one, "ada")
    bench.log_in("Ada", "water", is_on_shift=False)
    bench.wait(11.0)
    assert bench.state(one.id) is S.FAILED
    assert "on shift" in bench.command(one.id).state_text


def types_with(**more: Any) -> Registry[CommandType]:
    """All types, the signal plan with other properties."""
    types: Registry[CommandType] = Registry(CommandType)
    for one in TYPES:
        types._add(replace(one, **more) if one.id == "signal.set_plan" else one, module="test")
    return types


class OtherTypes(Bench):
    def __init__(self, **more: Any) -> None:
        super().__init__(times=HubTimes())
        from twin.hub.core import HubCore

        self.core = HubCore(types=types_with(**more), **self.more)
        self.events = list(self.core.start(self.now_ns).events)
        self.greet()
        self.serve()


def test_what_may_be_repeated_is_tried_again_and_then_given_up() -> None:
    bench = OtherTypes(is_idempotent=True)
    one = request()
    bench.submit(one)
    for attempt in (1, 2):
        assert [d.attempt for d in bench.delivered(one.id)] == list(range(1, attempt + 1))
        bench.says(one.id, "accepted")
        bench.says(one.id, "failed", "Lamp broken")
        assert bench.state(one.id) is S.SENT
        assert bench.command(one.id).n_failed == attempt
    bench.says(one.id, "failed", "Lamp broken")
    assert bench.state(one.id) is S.FAILED


def test_what_may_not_be_repeated_is_not() -> None:
    bench = OtherTypes(is_idempotent=False)
    one = request()
    bench.submit(one)
    bench.says(one.id, "failed", "Lamp broken")
    assert bench.state(one.id) is S.FAILED


def test_each_step_has_its_time_window() -> None:
    bench = OtherTypes(windows=Windows(start_s=5.0, progress_s=8.0))
    slow = request()
    bench.submit(slow)
    bench.says(slow.id, "accepted")
    bench.wait(5.0)
    assert bench.state(slow.id) is S.TIMED_OUT
    assert "not begun within 5 s" in bench.command(slow.id).state_text
    one = request()
    bench.submit(one)
    bench.says(one.id, "accepted")
    bench.says(one.id, "executing", "Half way")
    bench.wait(7.0)
    bench.says(one.id, "executing", "Half way")
    bench.wait(7.0)
    assert bench.state(one.id) is S.EXECUTING, "a repeated word is a sign of life"
    bench.wait(1.0)
    assert bench.state(one.id) is S.TIMED_OUT
    assert "without a sign of progress" in bench.command(one.id).state_text


def test_a_drills_command_is_never_released_live_and_the_other_way_round() -> None:
    live, drill = Bench(), Bench(drill=True)
    for bench in (live, drill):
        bench.greet()
        bench.serve()
    meant_for_drill, meant_live = request(drill=True), request()
    live.submit(meant_for_drill)
    drill.submit(meant_live)
    assert "never be released live" in live.command(meant_for_drill.id).state_text
    assert "runs a drill" in drill.command(meant_live.id).state_text
    both = (live.state(meant_for_drill.id), drill.state(meant_live.id))
    assert both == (S.REJECTED, S.REJECTED)
    fit = request(drill=True)
    drill.submit(fit)
    assert drill.state(fit.id) is S.SENT


def test_templates_are_kept_for_everybody(bench: Bench) -> None:
    item = {"type_id": "gate.set", "args": {"opening_pct": 0.0}, "target_id": "gate-1"}
    body = {"id": "t1", "title": "Shut the gate", "items": [item]}
    assert isinstance(bench.act("ada", "template.save", body), Acknowledged)
    unknown = {**body, "items": [{**item, "type_id": "city.evacuate"}]}
    assert "knows no command" in why(bench.act("ada", "template.save", unknown))
    assert list(bench.core.room[Templates].by_id) == ["t1"]
    assert isinstance(bench.act("ben", "template.remove", {"id": "t1"}), Acknowledged)
    assert not list(bench.core.room[Templates].by_id)


def test_acts_that_cannot_be_read_leave_the_room_alone(bench: Bench) -> None:
    before = bench.core.room.to_bytes()
    n = len([e for e in bench.events if e.kind != "audit.refused"])
    for kind, body in (
        ("lease.take", {}),
        ("lease.take", {"asset_id": 7}),
        ("lease.take", {"asset_id": "", "asset_name": ""}),
        ("lease.take", {"asset_id": "x", "holder": "me"}),
        ("no.such", {}),
        ("batch.submit", {"id": "b", "title": "", "requests": []}),
        ("delegation.give", {"id": "d"}),
        ("template.save", {"id": "t", "title": "T", "items": []}),
    ):
        assert why(bench.act("ada", kind, body))
    assert len([e for e in bench.events if e.kind != "audit.refused"]) == n
    picture = msgspec.msgpack.decode(before)["tables"]
    assert msgspec.msgpack.decode(bench.core.room.to_bytes())["tables"] == picture


def test_what_runs_gives_way_to_its_declared_inverse_and_to_nothing_else() -> None:
    bench = Bench()
    bench.greet()
    bench.serve("siren-1")
    sound = request("siren.sound", "siren-1", example_args(TYPES["siren.sound"].params))
    bench.submit(sound)
    bench.says(sound.id, "accepted")
    assert bench.state(sound.id) is S.ACCEPTED
    other = request("siren.silence", "siren-1", {})
    bench.submit(other)
    assert bench.state(other.id) is S.REJECTED, "it does not say what it undoes"
    silence = request("siren.silence", "siren-1", {}, inverse_of=sound.id)
    bench.submit(silence)
    assert bench.state(sound.id) is S.CANCELLED
    assert "Overtaken by “Silence siren”" in bench.command(sound.id).state_text
    assert any(isinstance(one.message, Revoke) for one in bench.sent)
    assert bench.state(silence.id) is S.SENT


# --- tokens and attempts --------------------------------------------------------------------------


@pytest.fixture
def patient() -> Bench:
    bench = Bench(policy=read_policy(POLICY, "test"), times=HubTimes(n_tries=3))
    bench.log_in("Ada", "water", rank=1)
    bench.log_in("Ben", "fire", rank=2)
    bench.serve("gate-1")
    bench.announce(Target(id="gate-1", name="Gate 1", kind="gate", accepts=("gate.set",)))
    return bench


def test_a_retry_keeps_the_token_of_its_release(patient: Bench) -> None:
    one = gate()
    patient.submit(one, "ada")
    patient.says(one.id, "failed")
    patient.wait(30.0)
    assert [m.attempt for m in patient.delivered(one.id)] == [1, 2, 2]
    assert {m.lease_token for m in patient.delivered(one.id)} == {1}


@pytest.mark.parametrize("word", ["failed", "unknown"])
def test_after_a_takeover_it_is_not_tried_again(patient: Bench, word: str) -> None:
    """A retry under the new holder's token would get past the fence."""
    one = gate()
    patient.submit(one, "ada")
    patient.says(one.id, "executing")
    seized = patient.act("ben", "lease.seize", {"asset_id": "gate-1", "reason": "Flood"})
    assert isinstance(seized, Acknowledged)
    patient.says(one.id, word, "Stuck")
    assert [m.attempt for m in patient.delivered(one.id)] == [1]
    patient.wait(0.1)
    patient.wait(20.0)
    assert patient.state(one.id) is (S.FAILED if word == "failed" else S.UNKNOWN)
    said = patient.command(one.id).state_text
    assert "Stuck; not tried again: Name of gate-1 has meanwhile been taken by Ben" in said


def test_after_its_deadline_it_is_not_tried_again(patient: Bench) -> None:
    one = gate(deadline_ns=patient.now_ns + 5 * 10**9)
    patient.submit(one, "ada")
    patient.says(one.id, "accepted")
    patient.now_ns += 6 * 10**9
    patient.says(one.id, "failed", "Stuck")
    assert patient.state(one.id) is S.FAILED
    assert patient.command(one.id).state_text == "Stuck; not tried again: its deadline is over"
