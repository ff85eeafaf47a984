"""Says what a city's rules say about a command, rule by rule, without a hub."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from twin.errors import TwinError
from twin.interlocks.model import OtherCommand, Reading, Subject
from twin.interlocks.rules import Rules, is_like, judge
from twin.room.model import Command, CommandRequest, CommandState, Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What `explained` is asked about.

    Attributes
    ----------
    values : last samples by datastream id, or by the name of an input
    others : other commands under way, each "TYPE@METRES"
    """

    type_id: str
    target_id: str
    kind: str = ""
    department: str = "control_room"
    level: int = 1
    drill: bool = False
    args: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    other_kind: str = ""


def explained(rules: Rules, asked: Asked) -> tuple[list[str], bool]:
    """Lines for a person, and whether anything stands against it. Raises `TwinError`."""
    subject = _subject(asked)
    others = tuple(_other(text, asked.other_kind) for text in asked.others)
    applied = {one.rule.id: one for one in rules.applied(subject)}
    readings = _readings(asked.values, [one.ids for one in applied.values()])
    lines, n_blocked = [], 0
    for rule in rules.rules:
        one = applied.get(rule.id)
        if one is None:
            lines.append(f"  -       {rule.id}: {rules.miss(rule, subject)}")
            continue
        around = tuple(o for o in others if is_like(o.command.request.type_id, rule.others))
        blocked = judge(one, subject, readings, around)
        n_blocked += blocked is not None
        what = f"BLOCKED {rule.id}: {blocked.text}" if blocked else f"passes  {rule.id}"
        lines.append(f"  {what} ({', '.join(rule.at)})")
    verdict = (
        f"is blocked by {n_blocked} rule{'' if n_blocked == 1 else 's'}"
        if n_blocked
        else "may go on"
    )
    return [f"{asked.type_id} on {asked.target_id} {verdict}:", *lines], n_blocked > 0


def values_of(texts: Sequence[str], option: str) -> dict[str, Any]:
    """Read "NAME=VALUE" texts; a value is JSON, else a text. Raises `TwinError`."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise TwinError(f"{option} takes NAME=VALUE, not “{text}”")
        try:
            found[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            found[name] = value
    return found


def _readings(values: Mapping[str, Any], ids: Sequence[Mapping[str, str]]) -> dict[str, Reading]:
    readings = {}
    for name, value in values.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            raise TwinError(f"--value {name} takes a number, not “{value}”")
        by_name = [one[name] for one in ids if name in one]
        for datastream_id in by_name or [name]:
            readings[datastream_id] = Reading(float(value))
    return readings


def _subject(asked: Asked) -> Subject:
    return Subject(
        request=_request(asked.type_id, asked.target_id, dict(asked.args), drill=asked.drill),
        issued_by=_operator(asked.department), kind=asked.kind, level=asked.level,
    )  # fmt: skip


def _other(text: str, kind: str) -> OtherCommand:
    type_id, _, metres = text.partition("@")
    try:
        distance_m = float(metres)
    except ValueError:
        raise TwinError(f"--other takes COMMAND@METRES, not “{text}”") from None
    command = Command(
        request=_request(type_id, "other", {}), issued_by=_operator("control_room"),
        state=CommandState.EXECUTING, route=((0.0, 0.0, 0.0),),
    )  # fmt: skip
    return OtherCommand(
        command=command, kind=kind, distance_m=distance_m, route_distance_m=distance_m
    )


def _request(
    type_id: str, target_id: str, args: dict[str, Any], *, drill: bool = False
) -> CommandRequest:
    return CommandRequest(
        id=type_id, type_id=type_id, type_version=1, target_id=target_id, target_name=target_id,
        args=args, drill=drill,
    )  # fmt: skip


def _operator(department: str) -> Operator:
    return Operator(name="somebody", department=department, console_id="")
