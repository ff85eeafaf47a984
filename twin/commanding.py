"""Issuing a command from a console: check it, give it its id, hand it to the outbox.

The one path for the button and for scripted runs. The hub checks everything again.
"""

from __future__ import annotations

import dataclasses
import math
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from twin.commands.base import CommandType, command_registry
from twin.errors import CommandRejected
from twin.registry import Registry
from twin.room.model import CommandRequest
from twin.session import TwinSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A thing or unit that a command can be sent to."""

    id: str
    name: str
    kind: str
    department: str
    accepts: tuple[str, ...]


@cache
def command_types() -> Registry[CommandType]:
    """All command types, loaded once."""
    return command_registry()


def uuid7(now_ns: int, random_bytes: bytes) -> str:
    """An RFC 9562 version 7 UUID: 48 bits of Unix milliseconds, then 74 random bits.

    Parameters
    ----------
    now_ns : UTC, nanoseconds since 1970
    random_bytes : 10 bytes
    """
    milliseconds = (now_ns // 1_000_000) & 0xFFFF_FFFF_FFFF
    noise = int.from_bytes(random_bytes, "big")
    value = milliseconds << 80 | 0x7 << 76 | (noise >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | (noise & 0x3FFF_FFFF_FFFF_FFFF)
    return str(uuid.UUID(int=value))


def target_of(session: TwinSession, target_id: str) -> Target | None:
    """The thing or unit of that id, None if nothing of that id was announced."""
    thing = session.observations.things.get(target_id)
    if thing is not None:
        return Target(
            id=thing.id,
            name=thing.name,
            kind=thing.kind,
            department=thing.department,
            accepts=thing.accepts,
        )
    slot = session.units.slot_of(target_id)
    if slot < 0:
        return None
    unit = session.units.units[slot]
    return Target(
        id=unit.id,
        name=unit.name,
        kind=unit.kind,
        department=unit.department,
        accepts=unit.accepts,
    )


def targets(session: TwinSession) -> list[Target]:
    """Everything that accepts a command, by name."""
    ids = [t.id for t in session.observations.things.values() if t.accepts]
    ids += [unit.id for unit in session.units.units if unit.accepts]
    found = (target_of(session, target_id) for target_id in ids)
    return sorted((t for t in found if t is not None), key=lambda target: target.name)


def accepted_types(target: Target) -> list[CommandType]:
    """The command types `target` acts on and this console knows, in its own order."""
    found = (command_types().get(type_id) for type_id in target.accepts)
    return [command_type for command_type in found if command_type is not None]


def field_title(field: dataclasses.Field[Any]) -> str:
    """How a parameter is called on the screen."""
    title = str(field.metadata.get("title") or field.name.replace("_", " "))
    return title[:1].upper() + title[1:]


def field_errors(params: type[Any], args: Mapping[str, Any]) -> dict[str, str]:
    """Check `args` against a params dataclass; a sentence for each field that is wrong.

    Names that the dataclass does not have are reported too.
    """
    fields = {field.name: field for field in dataclasses.fields(params)}
    errors = {name: f"There is no field called {name}" for name in args if name not in fields}
    for name, field in fields.items():
        if name not in args:
            has_default = (
                field.default is not dataclasses.MISSING
                or field.default_factory is not dataclasses.MISSING
            )
            sentence = "" if has_default else f"{field_title(field)} is missing"
        else:
            sentence = _value_error(field, args[name])
        if sentence:
            errors[name] = sentence
    return errors


def _value_error(field: dataclasses.Field[Any], value: Any) -> str:
    title, meta = field_title(field), field.metadata
    choices = tuple(meta.get("choices", ()))
    if choices and value not in choices:
        return f"{title} must be one of {', '.join(str(choice) for choice in choices)}"
    kind = field.type if isinstance(field.type, str) else field.type.__name__
    if kind in ("int", "float"):
        return _number_error(title, kind, meta, value)
    if kind == "str" and not isinstance(value, str):
        return f"{title} must be a text"
    if kind == "bool" and not isinstance(value, bool):
        return f"{title} must be yes or no"
    if meta.get("required") and value == "":
        return f"{title} is missing"
    return ""


def _number_error(title: str, kind: str, meta: Mapping[str, Any], value: Any) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        return f"{title} must be a number"
    if kind == "int" and value != int(value):
        return f"{title} must be a whole number"
    unit = f" {meta['unit']}" if meta.get("unit") else ""
    low, high = meta.get("min"), meta.get("max")
    if low is not None and value < low:
        return f"{title} must be at least {low:g}{unit}"
    if high is not None and value > high:
        return f"{title} must be at most {high:g}{unit}"
    return ""


def issue_command(
    session: TwinSession,
    type_id: str,
    target_id: str,
    args: Mapping[str, Any],
    reason: str = "",
    inverse_of: str = "",
) -> CommandRequest:
    """Check a command, give it its id and hand it to the hub client's outbox.

    Returns
    -------
    CommandRequest
        What was submitted; its id stays the same through every retry.

    Raises
    ------
    CommandRejected
        The type or target is unknown, the target does not accept it, or a value is wrong.
        Nothing was submitted.
    """
    command_type = command_types().get(type_id)
    if command_type is None:
        raise CommandRejected(f"This console knows no command called {type_id}")
    target = target_of(session, target_id)
    if target is None:
        raise CommandRejected(f"Nothing called {target_id} is known; wait for its source to appear")
    if type_id not in target.accepts:
        raise CommandRejected(f"{target.name} does not accept “{command_type.title}”")
    errors = field_errors(command_type.params, args)
    if errors:
        raise CommandRejected("; ".join(errors.values()))
    request = CommandRequest(
        id=uuid7(session.clock.now_ns(), secrets.token_bytes(10)),
        type_id=type_id,
        type_version=command_type.version,
        target_id=target_id,
        target_name=target.name,
        args=dict(args),
        reason=reason.strip(),
        inverse_of=inverse_of,
    )
    session.hub.submit(request)
    return request
