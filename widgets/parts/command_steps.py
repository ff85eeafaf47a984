"""What is told about one command: its steps with their times, and the command that undoes it."""

from __future__ import annotations

from twin.commanding import command_types
from twin.room.model import Command, CommandRequest, CommandState
from twin.session import ComposeRequest, TwinSession
from twin.undoing import undo_request
from widgets.parts.approval_words import args_rows, given_text, grants_text, wanted_text
from widgets.parts.command_list import seconds_taken
from widgets.parts.command_words import (
    STATE_WORDS,
    observed_text,
    operator_text,
    phrase,
)
from widgets.parts.wording import clock_text, elapsed_text


def facts_of(
    session: TwinSession, request: CommandRequest, command: Command | None
) -> list[tuple[str, str]]:
    """Rows of (name, value): who, why, each step with its time, what the city shows."""
    facts: list[tuple[str, str]] = []
    if command is not None:
        facts.append(("Given by", operator_text(command.issued_by)))
    if request.reason:
        facts.append(("Reason", request.reason))
    facts += args_rows(request)
    if command is None:
        facts.append(("State", "Waiting for the hub"))
        return facts
    if command.state_text:
        facts.append(("State", command.state_text))
    if command.approval is not None:
        approval = command.approval
        facts.append(("Approvals", f"{given_text(approval)}, {wanted_text(approval)}"))
        if approval.grants:
            facts.append(("Approved by", grants_text(approval)))
    if request.not_before_ns:
        facts.append(("Not before", clock_text(request.not_before_ns)))
    if request.deadline_ns:
        facts.append(("Deadline", clock_text(request.deadline_ns)))
    seen = observed_text(session, command)
    if seen:
        facts.append(("Seen in the city", seen))
    elif command.effect_text:
        facts.append(("Done when", command.effect_text))
    facts += _steps(command)
    facts.append(("Elapsed", elapsed_text(seconds_taken(command, session.clock.now_ns()))))
    return facts


def _steps(command: Command) -> list[tuple[str, str]]:
    reached = sorted(command.times_ns.items(), key=lambda item: item[1])
    return [
        (STATE_WORDS[CommandState(name)] if name in STATE_WORDS else name, clock_text(t_ns))
        for name, t_ns in reached
    ]


def undo_step(session: TwinSession, command: Command) -> tuple[ComposeRequest, str] | None:
    """The command that undoes one that was acted on, and the text of its button."""
    compose = undo_request(session, command)
    if compose is None:
        return None
    inverse = command_types().get(compose.type_id)
    return compose, f"Undo: {phrase(inverse, command.request.target_name)}…"
