"""What was before a command, as a console knows it, and the command that brings it back."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.commanding import command_types
from twin.commands.base import CommandType, undo_of
from twin.commands.undo import Before, Earlier
from twin.room.model import Command, CommandState
from twin.session import ComposeRequest, TwinSession

_UNDOABLE = {CommandState.VERIFIED, CommandState.TIMED_OUT, CommandState.UNKNOWN}


def undo_request(session: TwinSession, command: Command) -> ComposeRequest | None:
    """The declared inverse of a command that was acted on, ready for the form.

    Returns
    -------
    None where nothing is declared or known, or the command did not (or not yet) act
    """
    request = command.request
    command_type = command_types().get(request.type_id)
    if command_type is None or command.state not in _UNDOABLE:
        return None
    undo = undo_of(command_type, before_of(session, command, command_type))
    if undo is None or undo.type_id not in command_types().ids():
        return None
    return ComposeRequest(
        target_id=request.target_id,
        type_id=undo.type_id,
        args=dict(undo.args),
        inverse_of=request.id,
    )


def present_args(session: TwinSession, command_type: CommandType, target_id: str) -> dict[str, Any]:
    """What a target shows now for what a command would set ({} where it sets nothing).

    A form that starts with it changes nothing by accident.
    """
    if command_type.undo is None:
        return {}
    now = Before(
        values=_values(session, target_id, command_type.before),
        earlier=_earlier(session, target_id),
    )
    undo = command_type.undo(now)
    return dict(undo.args) if undo is not None and undo.type_id == command_type.id else {}


def before_of(session: TwinSession, command: Command, command_type: CommandType) -> Before:
    """What is known of a command's target from before it was sent."""
    request = command.request
    sent_ns = command.times_ns.get(CommandState.SENT.value)
    values: dict[str, float] = {}
    if sent_ns is not None:
        values = _values(session, request.target_id, command_type.before, before_ns=sent_ns)
    return Before(
        command_id=request.id,
        values=_baseline(command, command_type) | values,
        earlier=_earlier(session, request.target_id, before_ns=sent_ns),
    )


def _baseline(command: Command, command_type: CommandType) -> dict[str, float]:
    """What the hub noted before it sent the command; holds however long ago that was."""
    if command.effect is None or command.baseline is None:
        return {}
    name = command.effect.datastream_id.removeprefix(f"{command.request.target_id}/")
    return {name: command.baseline.value} if name in command_type.before else {}


def _values(
    session: TwinSession, target_id: str, names: tuple[str, ...], before_ns: int | None = None
) -> dict[str, float]:
    """The last finite value of each property, before a time or of all times."""
    found = {}
    for name in names:
        slot = session.observations.slot_of(f"{target_id}/{name}")
        if slot < 0:
            continue
        t_ns, values = session.observations.history_of(slot)
        is_known = np.isfinite(values)
        if before_ns is not None:
            is_known &= t_ns < before_ns
        known = np.flatnonzero(is_known)
        if len(known):
            found[name] = float(values[known[-1]])
    return found


def _earlier(
    session: TwinSession, target_id: str, before_ns: int | None = None
) -> tuple[Earlier, ...]:
    """Commands that this target accepted, newest first."""
    accepted = CommandState.ACCEPTED.value
    found = [
        (command.times_ns[accepted], command.request)
        for command in session.hub.room.commands.values()
        if command.request.target_id == target_id and accepted in command.times_ns
    ]
    found.sort(key=lambda item: item[0], reverse=True)
    return tuple(
        Earlier(type_id=request.type_id, args=request.args)
        for t_ns, request in found
        if before_ns is None or t_ns < before_ns
    )
