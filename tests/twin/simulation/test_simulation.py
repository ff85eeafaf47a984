"""Seeds of trouble: whatever fails when, what was acknowledged stays, and nothing runs unasked.

A failing seed is printed; ``run(seed)`` replays it exactly. ``CIVITWIN_SEEDS=from:to`` chooses.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.twin.simulation.linear import (
    Operation,
    approval_model,
    is_linearizable,
    lease_model,
)
from tests.twin.simulation.town import GATES, PEOPLE, Run, approval_history, lease_history, run
from twin.room.fold import Room
from twin.room.model import CommandState

RANKS = {name: rank for name, _, rank in PEOPLE}
BATCH = 50
FAST, LONG = 500, 10_000


def _seeds() -> range:
    chosen = os.environ.get("CIVITWIN_SEEDS", "")
    if chosen:
        first, last = map(int, chosen.split(":"))
        return range(first, last)
    return range(FAST)


def judge(run_: Run) -> None:
    """All invariants of one run."""
    journal = list(run_.hub.journal.events())
    room = Room()
    at_work: dict[str, str] = {}
    for event in journal:
        room.apply(event)  # raises on an illegal move of a command
        _one_at_a_time(room, event.body.get("id", ""), at_work)
    assert room.state_hash() == run_.hub.core.room.state_hash()
    for console in run_.consoles:
        assert console.room.state_hash() == room.state_hash(), f"{console.name} sees another room"
        lost = [key for key in console.acked if run_.hub.journal.lookup(key) is None]
        assert not [k for k in lost if console.calls[k] != ("cancel",)], "acknowledged, but lost"
    _executions(run_, room)
    # A command for a later hour waits for it, also if the clock was set back meanwhile.
    now_ns = run_.hub.core._hall.now_ns
    due = [c for c in room.commands.values() if c.request.not_before_ns <= now_ns]
    late = [c.request.id for c in due if not c.is_terminal]
    assert not late, f"not over in calm: {[(i, room.commands[i].state) for i in late]}"
    for gate in GATES:
        assert is_linearizable(lease_history(run_, gate), lease_model(RANKS), ""), (
            f"lease of {gate}"
        )
    for command in room.commands.values():
        if command.approval is not None:
            model = approval_model(command.approval.needed, command.issued_by.name)
            history = approval_history(run_, command.request.id)
            assert is_linearizable(history, model, (frozenset(), False)), command.request.id


def _one_at_a_time(room: Room, command_id: str, at_work: dict[str, str]) -> None:
    command = room.commands.get(command_id)
    if command is None:
        return
    target = command.request.target_id
    working = (CommandState.RELEASED, CommandState.SENT, CommandState.ACCEPTED)
    if command.state in working:
        assert at_work.setdefault(target, command_id) == command_id, f"two at once on {target}"
    elif command.is_terminal and at_work.get(target) == command_id:
        del at_work[target]


def _executions(run_: Run, room: Room) -> None:
    done = [(command_id, attempt) for command_id, attempt, *_ in run_.actuator.executed]
    assert len(set(done)) == len(done), "executed twice"
    highest: dict[str, int] = {}
    journal = list(run_.hub.journal.events())
    glass = {e.body["command_id"] for e in journal if e.kind == "review.opened"}
    for command_id, _, gate, token, _ in run_.actuator.executed:
        command = room.commands[command_id]
        assert token >= highest.get(gate, 0), "an old lease acted"
        highest[gate] = token
        approval = command.approval
        if approval is not None and command_id not in glass:
            people = {grant.by.identity for grant in approval.grants}
            assert len(people) >= approval.needed, "executed without its approvals"
            assert command.issued_by.identity not in people, "approved by its issuer"


def judge_seeds(seeds: range) -> None:
    """Play seeds one after the other; the first that breaks an invariant is named."""
    for seed in seeds:
        try:
            judge(run(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error


@pytest.mark.parametrize("first", range(0, len(_seeds()), BATCH))
def test_seeds(first: int) -> None:
    judge_seeds(_seeds()[first : first + BATCH])


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_many_seeds() -> None:
    batches = [range(first, first + BATCH) for first in range(FAST, LONG, BATCH)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as workers:
        assert sum(1 for _ in workers.map(judge_seeds, batches)) == len(batches)


def test_the_same_seed_is_the_same_story() -> None:
    one, other = run(7), run(7)
    assert list(one.hub.journal.events()) == list(other.hub.journal.events())
    assert one.actuator.executed == other.actuator.executed


def test_the_seeds_hold_trouble() -> None:
    """A simulation in which nothing goes wrong proves nothing."""
    runs = [run(seed) for seed in range(40)]
    assert sum(one.hub.n_crashes for one in runs) > 20
    assert sum(len(one.actuator.executed) for one in runs) > 40
    kinds = {e.body.get("state") for one in runs for e in one.hub.journal.events()}
    wanted = {"VERIFIED", "UNKNOWN", "REJECTED", "DENIED", "EXPIRED", "CANCELLED", "FAILED"}
    assert wanted <= kinds, wanted - kinds


def op(who: str, what: str, called: int, answered: int, result: bool | None) -> Operation:
    return Operation(who, (what,), called, answered, result)


def test_the_checker_knows_right_from_wrong() -> None:
    model = lease_model({"a": 1, "b": 2})
    both = [op("a", "take", 0, 1, True), op("b", "take", 2, 3, True)]
    assert not is_linearizable(both, model, "")
    at_once = [op("a", "take", 0, 5, True), op("b", "take", 1, 4, False)]
    assert is_linearizable(at_once, model, "")
    unsure = [op("a", "take", 0, 1 << 62, None), op("b", "take", 2, 3, False)]
    assert is_linearizable(unsure, model, "")
    none_there = [op("b", "take", 2, 3, False)]
    assert not is_linearizable(none_there, model, "")
    seized = [
        op("a", "take", 0, 1, True),
        op("b", "seize", 2, 3, True),
        op("a", "release", 4, 5, True),
    ]
    assert not is_linearizable(seized, model, "")
    approved = approval_model(1, "a")
    assert not is_linearizable([op("a", "yes", 0, 1, True)], approved, (frozenset(), False))
    twice = [op("b", "yes", 0, 1, True), op("b", "yes", 2, 3, True)]
    assert not is_linearizable(twice, approval_model(3, "a"), (frozenset(), False))
