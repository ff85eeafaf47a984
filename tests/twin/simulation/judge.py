"""What must be true of a simulated shift, whatever failed in it."""

from __future__ import annotations

from tests.twin.simulation.histories import approval_history, lease_history
from tests.twin.simulation.hub import GATES
from tests.twin.simulation.linear import approval_model, is_linearizable, lease_model
from tests.twin.simulation.people import PEOPLE
from tests.twin.simulation.town import Run
from twin.room.fold import Room
from twin.room.model import CommandState

RANKS = {name: rank for name, _, rank in PEOPLE}


def judge(run_: Run) -> None:
    """All invariants of one run."""
    assert not run_.hub.breakdowns, run_.hub.breakdowns
    journal = list(run_.hub.journal.events())
    room = Room()
    at_work: dict[str, str] = {}
    for event in journal:
        room.apply(event)  # raises on an illegal move of a command
        _one_at_a_time(room, event.body.get("id", ""), at_work)
    assert room.state_hash() == run_.hub.core.room.state_hash()
    assert not run_.hub.writer.trouble, "calm, but the hub stores nothing"
    everybody = {console.name for console in run_.consoles}
    assert run_.there == everybody - {run_.away}, "who had gone was still in the room"
    assert set(room.operators) == everybody, "somebody who is there is not in the room"
    for console in run_.consoles:
        assert console.n_open == 0, f"{console.name} waits for an answer"
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
