"""Arguments that fit each command type, made from what its fields say of themselves."""

from __future__ import annotations

from typing import Any

from twin.commands.base import CommandType
from twin.commands.params import example_args


def valid_args(command_type: CommandType) -> dict[str, Any]:
    """A value for every field."""
    return example_args(command_type.params)
