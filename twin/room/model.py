"""The records of the room: events, commands, operators. Plain data; the fold is in `fold.py`."""

from __future__ import annotations

import enum
from typing import Any

import msgspec


class CommandState(enum.StrEnum):
    """Life of a command. The last five are terminal and final."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    REJECTED = "REJECTED"
    QUEUED = "QUEUED"
    RELEASED = "RELEASED"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    EXECUTING = "EXECUTING"
    VERIFIED = "VERIFIED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


TERMINAL_STATES = frozenset(
    {
        CommandState.REJECTED,
        CommandState.VERIFIED,
        CommandState.FAILED,
        CommandState.TIMED_OUT,
        CommandState.CANCELLED,
        CommandState.UNKNOWN,
    }
)


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """Who sits at a console. Taken from the connection by the hub, never from a message body."""

    name: str
    department: str
    console_id: str


class CommandRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a console submits. ``id`` is a uuid7 made once: the idempotency key."""

    id: str
    type_id: str
    type_version: int
    target_id: str
    target_name: str
    args: dict[str, Any]
    reason: str = ""
    inverse_of: str = ""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command as the room knows it.

    Attributes
    ----------
    state, state_text : where it stands and why, one sentence for a person
    effect_text : what must be observed, from the command type
    times_ns : state name -> hub time at which it was reached
    observed : the value that verified it, NaN-free; None until then
    """

    request: CommandRequest
    issued_by: Operator
    state: CommandState
    state_text: str = ""
    effect_text: str = ""
    times_ns: dict[str, int] = msgspec.field(default_factory=dict)
    observed: float | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether it is over for good."""
        return self.state in TERMINAL_STATES


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One fact of the journal.

    Attributes
    ----------
    seq : contiguous from 1 within a journal
    t_ns : hub time, UTC
    kind : "command.submitted", "command.state", "operator.joined", "operator.left",
        "hub.started", "note.added" …
    actor : who did it, for the activity list ("Ada (traffic)", "hub", "simulator")
    body : fields of the kind
    key : id of the request that caused it (of a command, an act, a note), "" for none: the
        idempotency key under which it is found again
    """

    seq: int
    t_ns: int
    kind: str
    actor: str
    body: dict[str, Any]
    key: str = ""
