"""Arguments that fit each command type, made from what its fields say of themselves."""

from __future__ import annotations

from typing import Any

from twin.commands.base import CommandType
from twin.commands.params import fields_of


def valid_args(command_type: CommandType) -> dict[str, Any]:
    args: dict[str, Any] = {}
    for field in fields_of(command_type.params):
        if field.example is not None:
            args[field.name] = field.example
        elif field.choices:
            args[field.name] = field.choices[-1]
        elif field.kind in (int, float):
            args[field.name] = field.kind(field.max if field.max is not None else 7)
        else:
            args[field.name] = {str: "text", bool: True}[field.kind]
    return args
