"""A model of the life of commands beside the real core: any order of anything, and they agree."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.twin.hub_bench import Bench
from tests.twin.hub_rig import request
from twin.hub.options import HubTimes
from twin.hub.requests import Asked, Target
from twin.ids import uuid7
from twin.link.control import Acknowledged, Cancel, HelloNeeded, Refused
from twin.room.model import TERMINAL_STATES, CommandState
from twin.room.parts.leases import Leases
from twin.room.transitions import is_allowed
from twin.security.policy_file import read_policy

STEPS = 50
STATUSES = ("accepted", "executing", "done", "failed", "rejected", "forgotten")
FAST_EXAMPLES, LONG_EXAMPLES = 200, 2_000
GATES = ("gate-1", "gate-2", "gate-3")
PEOPLE = (("Ada", "water"), ("Ben", "fire"), ("Cleo", "police"))
SESSIONS = st.sampled_from([name.lower() for name, _ in PEOPLE])
POLICY = read_policy(
    b"""
version = 1
roles = ["operator"]
[[allow]]
id = "all"
roles = ["operator"]
[[approval]]
id = "two"
targets = ["gate-1"]
needed = 2
expires_s = 60
[[approval]]
id = "one"
targets = ["gate-2"]
needed = 1
distinct_departments = true
expires_s = 60
[[lease]]
id = "gates"
kinds = ["gate"]
ttl_s = 10
""",
    "model",
)


class Life(RuleBasedStateMachine):
    """What the model knows: who issued, who said yes, which states each command has been in."""

    commands: Bundle[str] = Bundle("commands")

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(policy=POLICY, times=HubTimes())
        self.issuer: dict[str, str] = {}
        self.yes: dict[str, set[str]] = {}
        self.seen: dict[str, CommandState] = {}
        self.delivered: set[str] = set()
        self.tokens: dict[str, int] = {}
        self._all_there()

    def _all_there(self) -> None:
        for name, department in PEOPLE:
            self.bench.log_in(name, department)
        self.bench.serve(*GATES)
        self.bench.announce(
            *(Target(id=gate, name=gate, kind="gate", accepts=("gate.set",)) for gate in GATES)
        )

    @rule(target=commands, who=SESSIONS, gate=st.sampled_from(GATES), opening=st.integers(0, 4))
    def submit(self, who: str, gate: str, opening: int) -> Any:
        one = request("gate.set", gate, {"opening_pct": opening * 25.0})
        answer = self.bench.submit(one, who)
        if not isinstance(answer, Acknowledged):
            return multiple()
        self.issuer[one.id] = who
        self.yes[one.id] = set()
        return one.id

    @rule(who=SESSIONS, command_id=commands)
    def submit_again_with_other_arguments(self, who: str, command_id: str) -> None:
        other = request("gate.set", "gate-3", {"opening_pct": 33.0}, id=command_id)
        assert isinstance(self.bench.submit(other, who), Refused | HelloNeeded)

    @rule(who=SESSIONS, command_id=commands, is_exact=st.booleans())
    def approve(self, who: str, command_id: str, *, is_exact: bool) -> None:
        command = self.bench.core.room.commands.get(command_id)
        approval = command.approval if command else None
        digest = approval.digest if approval and is_exact else "0" * 64
        answer = self.bench.act(who, "approval.give", {"command_id": command_id, "digest": digest})
        if isinstance(answer, Acknowledged):
            assert is_exact
            assert who != self.issuer[command_id]
            assert who not in self.yes[command_id]
            self.yes[command_id].add(who)

    @rule(who=SESSIONS, command_id=commands)
    def deny(self, who: str, command_id: str) -> None:
        command = self.bench.core.room.commands.get(command_id)
        digest = command.approval.digest if command and command.approval else ""
        body = {"command_id": command_id, "digest": digest, "text": "No"}
        self.bench.act(who, "approval.deny", body)

    @rule(who=SESSIONS, command_id=commands)
    def cancel(self, who: str, command_id: str) -> None:
        self.bench.do(Asked(who, Cancel(id=uuid7(), command_id=command_id)))

    @rule(
        command_id=commands,
        status=st.sampled_from(
            ["accepted", "executing", "done", "failed", "rejected", "forgotten"]
        ),
    )
    def actuator_says(self, command_id: str, status: str) -> None:
        self.bench.says(command_id, status, "so")

    @rule(
        gate=st.sampled_from(GATES), opening=st.integers(0, 4), quality=st.sampled_from([0, 0, 1])
    )
    def city_shows(self, gate: str, opening: int, quality: int) -> None:
        self.bench.see(opening * 25.0, f"{gate}/gate_opening", quality=quality)

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 20.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.bench.wait(seconds)

    @rule(
        who=SESSIONS, gate=st.sampled_from(GATES),
        what=st.sampled_from(["take", "release", "ask", "seize"]),
    )  # fmt: skip
    def lease(self, who: str, gate: str, what: str) -> None:
        body = {"asset_id": gate, "reason": "x"} if what == "seize" else {"asset_id": gate}
        self.bench.act(who, f"lease.{what}", body)

    @rule(who=SESSIONS, is_hold=st.booleans())
    def queue(self, who: str, *, is_hold: bool) -> None:
        kind = "queue.hold" if is_hold else "queue.release"
        self.bench.act(who, kind, {"queue": "target:gate-3"})

    @rule(who=SESSIONS)
    def console_goes(self, who: str) -> None:
        self.bench.lose(who)

    @rule()
    def everybody_is_there(self) -> None:
        self._all_there()

    @rule()
    def actuator_goes(self) -> None:
        self.bench.lose("f1")

    @rule()
    def hub_restarts(self) -> None:
        before = self.bench
        self.bench = before.restarted()
        self.bench.sent = before.sent
        self._all_there()

    @rule(command_id=consumes(commands))
    def forget(self, command_id: str) -> None:
        """Older commands leave the model's attention, not the room."""

    @invariant()
    def commands_move_as_the_table_allows(self) -> None:
        for command_id, command in self.bench.core.room.commands.items():
            before = self.seen.get(command_id, command.state)
            if before in TERMINAL_STATES:
                assert command.state is before, "a terminal state is final"
            assert before is command.state or _leads_to(before, command.state)
            self.seen[command_id] = command.state

    @invariant()
    def nothing_leaves_without_its_approvals(self) -> None:
        for one in self.bench.sent:
            command_id = getattr(getattr(one.message, "request", None), "id", "")
            command = self.bench.core.room.commands.get(command_id)
            if command is not None and command.approval is not None:
                assert len(self.yes.get(command_id, ())) >= command.approval.needed

    @invariant()
    def tokens_only_grow(self) -> None:
        leases = self.bench.core.room[Leases]
        for gate in GATES:
            assert leases.token(gate) >= self.tokens.get(gate, 0)
            self.tokens[gate] = leases.token(gate)

    @invariant()
    def verified_was_seen(self) -> None:
        for command in self.bench.core.room.commands.values():
            if command.state is CommandState.VERIFIED:
                assert command.observed is not None
                assert "ACCEPTED" in command.times_ns

    def teardown(self) -> None:
        assert self.bench.folded().state_hash() == self.bench.core.room.state_hash()


def _leads_to(old: CommandState, new: CommandState) -> bool:
    """Whether some way of allowed moves goes from one to the other (a step may make several)."""
    seen, todo = {old}, [old]
    while todo:
        one = todo.pop()
        for after in CommandState:
            if is_allowed(one, after) and after not in seen:
                seen.add(after)
                todo.append(after)
    return new in seen


def _check(examples: int) -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=examples, stateful_step_count=STEPS, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_the_core_lives_by_the_model() -> None:
    _check(FAST_EXAMPLES)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.skipif(not os.environ.get("CIVITWIN_LONG"), reason="make test-long")
def test_the_core_lives_by_the_model_for_a_hundred_thousand_steps() -> None:
    _check(LONG_EXAMPLES)
