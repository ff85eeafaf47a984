"""How a command is undone: what was there before it, and the command that brings that back.

An undo is a new command, linked by ``inverse_of``, under the same rules as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A command that was acted on at the same target before."""

    type_id: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What is known of a target from before a command was sent.

    Attributes
    ----------
    command_id : id of the command that is to be undone
    values : observed property -> last good value before it was sent; absent = not known
    earlier : commands that were acted on there before it, newest first
    """

    command_id: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    earlier: tuple[Earlier, ...] = ()

    def last(self, *type_ids: str) -> Earlier | None:
        """The newest earlier command of one of these types."""
        return next((one for one in self.earlier if one.type_id in type_ids), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The command that undoes another. Values left out of ``args`` are asked of the operator."""

    type_id: str
    args: Mapping[str, Any] = field(default_factory=dict)


def undo_to_value(
    type_id: str, field_name: str, observed_property: str, kind: type[Any] = float
) -> Callable[[Before], Undo]:
    """An `undo` for types that set one figure which the target reports: set it back.

    Without a known value the figure is left out, so that the operator is asked for it.
    """

    def undo(before: Before) -> Undo:
        value = before.values.get(observed_property)
        return Undo(type_id=type_id, args={} if value is None else {field_name: kind(value)})

    return undo


def undo_to_earlier(type_id: str) -> Callable[[Before], Undo | None]:
    """An `undo` that gives the newest earlier command of a type again; None where there is none."""

    def undo(before: Before) -> Undo | None:
        last = before.last(type_id)
        return None if last is None else Undo(type_id=type_id, args=dict(last.args))

    return undo
