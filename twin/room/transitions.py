"""The one table of what may follow what in the life of a command (design section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from twin.errors import TwinError
from twin.room.model import TERMINAL_STATES, CommandState

S = CommandState
_OPEN_ENDS = frozenset({S.FAILED, S.CANCELLED, S.UNKNOWN})

#: State -> the states that may follow. A state may follow itself where only its text moves on.
ALLOWED: Mapping[CommandState, frozenset[CommandState]] = MappingProxyType(
    {
        S.DRAFT: frozenset({S.SUBMITTED}),
        S.SUBMITTED: frozenset({S.AWAITING_APPROVAL, S.QUEUED, S.REJECTED, S.CANCELLED}),
        S.AWAITING_APPROVAL: frozenset({S.QUEUED, S.DENIED, S.EXPIRED, S.CANCELLED}),
        S.QUEUED: frozenset({S.QUEUED, S.RELEASED, S.EXPIRED, S.FAILED, S.CANCELLED}),
        S.RELEASED: frozenset({S.SENT, S.FAILED, S.CANCELLED}),
        S.SENT: frozenset({S.SENT, S.ACCEPTED, S.REJECTED}) | _OPEN_ENDS,
        # Back to SENT: an attempt failed, and the type says that it may be repeated.
        S.ACCEPTED: frozenset({S.SENT, S.EXECUTING, S.VERIFIED, S.TIMED_OUT}) | _OPEN_ENDS,
        S.EXECUTING: frozenset({S.SENT, S.EXECUTING, S.VERIFIED, S.TIMED_OUT}) | _OPEN_ENDS,
    }
    | {state: frozenset() for state in TERMINAL_STATES}
)


class IllegalTransitionError(TwinError):
    """A command cannot go from where it stands to where it was told to go."""


def is_allowed(old: CommandState, new: CommandState) -> bool:
    """Whether `new` may follow `old`."""
    return new in ALLOWED[old]


def require_allowed(old: CommandState, new: CommandState) -> None:
    """Raise `IllegalTransitionError` unless `new` may follow `old`."""
    if not is_allowed(old, new):
        raise IllegalTransitionError(f"A command cannot go from {old} to {new}")
