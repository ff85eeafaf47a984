"""What is told about one command: its steps with their times, and the command that undoes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.commanding import command_types
from twin.commands.base import CommandType
from twin.commands.params import fields_of
from twin.room.model import Command, CommandRequest, CommandState
from twin.session import ComposeRequest, TwinSession
from widgets.parts.command_list import seconds_taken
from widgets.parts.command_words import (
    STATE_WORDS,
    observed_text,
    operator_text,
    params_of,
    phrase,
)
from widgets.parts.wording import clock_text, elapsed_text

_UNDOABLE = {CommandState.VERIFIED, CommandState.TIMED_OUT, CommandState.UNKNOWN}


def facts_of(
    session: TwinSession, request: CommandRequest, command: Command | None
) -> list[tuple[str, str]]:
    """Rows of (name, value): who, why, each step with its time, what the city shows."""
    facts: list[tuple[str, str]] = []
    if command is not None:
        facts.append(("Given by", operator_text(command.issued_by)))
    if request.reason:
        facts.append(("Reason", request.reason))
    facts += [(title, text) for title, text in _args_text(request)]
    if command is None:
        facts.append(("State", "Waiting for the hub"))
        return facts
    if command.state_text:
        facts.append(("State", command.state_text))
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


def _args_text(request: CommandRequest) -> list[tuple[str, str]]:
    command_type = command_types().get(request.type_id)
    if command_type is None:
        return [(name, str(value)) for name, value in request.args.items()]
    rows = []
    for field in fields_of(command_type.params):
        if field.name in request.args:
            value = request.args[field.name]
            text = f"{value:,g}" if isinstance(value, float) else str(value)
            rows.append((field.title, f"{text} {field.unit}".rstrip()))
    return rows


def undo_request(session: TwinSession, command: Command) -> tuple[ComposeRequest, str] | None:
    """The declared inverse of a command that was acted on, and the text of its button.

    Returns
    -------
    None where nothing is declared, or the command did not (or not yet) act
    """
    command_type = command_types().get(command.request.type_id)
    inverse = command_types().get(command_type.inverse) if command_type else None
    if command_type is None or inverse is None or command.state not in _UNDOABLE:
        return None
    request = command.request
    compose = ComposeRequest(
        target_id=request.target_id,
        type_id=inverse.id,
        args=_args_before(session, command, command_type) if inverse is command_type else {},
        inverse_of=request.id,
    )
    return compose, f"Undo: {phrase(inverse, request.target_name)}…"


def present_args(session: TwinSession, command_type: CommandType, target_id: str) -> dict[str, Any]:
    """What a target reports now for the figure a command would set ({} where it sets none).

    A form that starts with it changes nothing by accident.
    """
    required = [field for field in fields_of(command_type.params) if field.default is None]
    if len(required) != 1 or required[0].kind not in (int, float):
        return {}
    field = required[0]
    params = params_of(command_type, {field.name: field.kind(field.min or 0)})
    effect = command_type.effect(target_id, params) if params is not None else None
    if effect is None or effect.relation != "equals":
        return {}
    slot = session.observations.slot_of(effect.datastream_id)
    values = session.observations.history_of(slot)[1] if slot >= 0 else np.empty(0)
    known = values[np.isfinite(values)]
    return {field.name: field.kind(known[-1])} if len(known) else {}


def _args_before(
    session: TwinSession, command: Command, command_type: CommandType
) -> dict[str, Any]:
    """Arguments that restore what the watched datastream showed before the command was sent."""
    params = params_of(command_type, command.request.args)
    if params is None:
        return {}
    effect = command_type.effect(command.request.target_id, params)
    sent_ns = command.times_ns.get(CommandState.SENT.value)
    slot = session.observations.slot_of(effect.datastream_id)
    if effect.relation != "equals" or sent_ns is None or slot < 0:
        return {}
    t_ns, values = session.observations.history_of(slot)
    known = np.flatnonzero((t_ns < sent_ns) & np.isfinite(values))
    if not len(known):
        return {}
    before = float(values[known[-1]])
    args: dict[str, Any] = {}
    for name, value in command.request.args.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        args[name] = type(value)(before) if is_number and value == effect.value else value
    return args
