"""The last look: an adapter asks the hub's guards with its own values before it acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twin.interlocks.expression import ExpressionError, expression_of
from twin.interlocks.model import Guard, Reading
from twin.interlocks.rules import known_inputs
from twin.interlocks.saying import say
from twin.room.model import CommandRequest

Values = Callable[[str], Reading | None]


def refusal_of(
    guards: tuple[Guard, ...], request: CommandRequest, own: Callable[[str], bool], values: Values
) -> str:
    """Why a command must not be carried out here and now, "" = nothing stands against it.

    A guard that only values of other adapters could decide lets it pass: the hub has asked them
    when it released the command.

    Parameters
    ----------
    own : whether a datastream is of this adapter
    values : its last sample, None = not known
    """
    for guard in guards:
        text = _refusal(guard, request, own, values)
        if text:
            return text
    return ""


def _refusal(
    guard: Guard, request: CommandRequest, own: Callable[[str], bool], values: Values
) -> str:
    try:
        expression = expression_of(guard.blocks_when, tuple(guard.inputs))
    except ExpressionError as error:
        text = f"The rule “{guard.title}” cannot be asked here: {error}"
        return text if guard.unknown == "block" else ""
    found = {name: values(name) for name in guard.inputs.values() if own(name)}
    readings = {name: seen for name, seen in found.items() if seen is not None}
    known = known_inputs(guard.inputs, readings, guard.max_age_s)
    answer = expression.ask(known, _facts(guard, request))
    is_decided_elsewhere = not all(own(name) for name in guard.inputs.values())
    if answer is False or (
        isinstance(answer, str) and (guard.unknown == "pass" or is_decided_elsewhere)
    ):
        return ""
    used = tuple(name for name, one in guard.inputs.items() if own(one))
    return say(
        guard.text or guard.title, target=request.target_name, links={}, ids=guard.inputs,
        used=used, known=known, readings=readings,
        undecided=answer if isinstance(answer, str) else "",
    )  # fmt: skip


def _facts(guard: Guard, request: CommandRequest) -> Mapping[str, Any]:
    return {
        **guard.facts,
        "target.id": request.target_id,
        "target.name": request.target_name,
        "command.type": request.type_id,
        "command.args": request.args,
        "command.drill": request.drill,
        "command.incident": request.incident,
    }
