"""The other operators of a room, with what they show of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twin.link.presence import Look, PresenceState, Present, point_m
from twin.room.model import Operator

_NOTHING = PresenceState()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody at another console.

    Attributes
    ----------
    shown : what they show; empty while nothing was heard
    is_heard : whether anything was heard lately
    """

    operator: Operator
    shown: PresenceState = _NOTHING
    is_heard: bool = False

    @property
    def console_id(self) -> str:
        """Id of their console."""
        return self.operator.console_id

    @property
    def look(self) -> Look | None:
        """Where they look, None if they do not show it."""
        return self.shown.look

    @property
    def pointer_m(self) -> tuple[float, float, float] | None:
        """Where they point, local metres, None if they do not."""
        return None if self.shown.pointer is None else point_m(self.shown.pointer)


def people_of(
    operators: Mapping[str, Operator], presences: Iterable[Present], own_id: str
) -> tuple[Person, ...]:
    """Everybody in the room but oneself, in the order they joined."""
    shown = {present.console_id: present.state for present in presences}
    return tuple(
        Person(
            operator=operator,
            shown=shown.get(console_id, _NOTHING),
            is_heard=console_id in shown,
        )
        for console_id, operator in operators.items()
        if console_id != own_id
    )


def is_called(state: PresenceState, operator: Operator) -> bool:
    """Whether an invitation is meant for an operator."""
    if not state.call:
        return False
    to = state.call_to
    return not to or to in (operator.console_id, f"department:{operator.department}")
