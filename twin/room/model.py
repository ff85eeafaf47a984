"""The records that all parts of the room share: events, commands, operators. Plain data."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from twin.commands.base import Effect


class CommandState(enum.StrEnum):
    """Life of a command (design section 7); what may follow what is in `transitions`."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    REJECTED = "REJECTED"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    DENIED = "DENIED"
    EXPIRED = "EXPIRED"
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
        CommandState.DENIED,
        CommandState.EXPIRED,
        CommandState.VERIFIED,
        CommandState.FAILED,
        CommandState.TIMED_OUT,
        CommandState.CANCELLED,
        CommandState.UNKNOWN,
    }
)


class Operator(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who sits at a console. Taken from the connection by the hub, never from a message body.

    Attributes
    ----------
    person : id of the person who logged in, "" where the hub believes the hello
    rank : who may take an asset over from whom; higher wins
    roles : of the person who logged in, as the hub's keys name them
    """

    name: str
    department: str
    console_id: str
    person: str = ""
    rank: int = 0
    roles: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """Who that is, for "not the same human": the person, else the console."""
        return self.person or self.console_id


class CommandRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a console submits. ``id`` is a uuid7 made once: the idempotency key.

    Attributes
    ----------
    inverse_of : id of the command that this one undoes
    batch : id of the batch it belongs to
    not_before_ns : hub time before which it is not released, 0 = at once
    deadline_ns : hub time after which it is not released any more, 0 = none
    incident : id of the incident it belongs to
    drill : meant for a drill; a live hub refuses it and the other way round
    """

    id: str
    type_id: str
    type_version: int
    target_id: str
    target_name: str
    args: dict[str, Any]
    reason: str = ""
    inverse_of: str = ""
    batch: str = ""
    not_before_ns: int = 0
    deadline_ns: int = 0
    incident: str = ""
    drill: bool = False


class Grant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person's yes to a command.

    Attributes
    ----------
    by : who said it
    department : for which department; another than the person's own when it was delegated
    signature : hex Ed25519 over the canonical approval, "" in the open mode
    """

    by: Operator
    department: str
    t_ns: int
    text: str = ""
    signature: str = ""


class Approval(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a command waits for, and who has said yes.

    Attributes
    ----------
    needed : how many people, none of them the issuer
    departments, roles : whose yes counts; empty = everybody's whom the policy lets approve
    is_distinct : each yes from another department
    digest : SHA-256 of the exact request, hex; a yes is bound to it
    expires_ns : hub time
    rule, text : the policy's rule and its reason
    """

    needed: int
    digest: str
    expires_ns: int
    departments: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    is_distinct: bool = False
    rule: str = ""
    text: str = ""
    grants: tuple[Grant, ...] = ()

    @property
    def is_satisfied(self) -> bool:
        """Whether nobody's yes is missing any more."""
        return len(self.grants) >= self.needed


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The last good sample of the effect's datastream before a command was sent."""

    t_ns: int
    value: float


class BlockedBy(msgspec.Struct, frozen=True, kw_only=True):
    """A rule between departments that stands, or stood last, against a command.

    Attributes
    ----------
    rule, title : of the rule in force
    text : which rule and which values, one sentence for a person
    values : what it looked at, by the names of its inputs
    """

    rule: str
    title: str
    text: str
    values: dict[str, float] = msgspec.field(default_factory=dict)


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command as the room knows it. All fields are always written: see `Table`.

    Attributes
    ----------
    state, state_text : where it stands and why, one sentence for a person
    effect_text, effect : what must be observed, from the command type
    times_ns : state name -> hub time at which it was first reached
    observed : the value that verified it, NaN-free; None until then
    level : significance, 1 to 4
    approval : what it waits or waited for, None where nobody had to approve
    n_sent, n_failed : how often it was sent, how often an attempt failed
    sent_ns : hub time at which it was sent last, 0 = not yet
    moved_ns : hub time of its last sign of life
    actuator : who it was sent to
    baseline : what the effect is compared with
    route : the way an actuator announced for it: vertices in local metres
    lease_token : fencing token it was sent with, 0 = none
    ended_seq : event that ended it, 0 = it is not over
    interlocks : rules that hold it back or have ended it, () = none
    """

    request: CommandRequest
    issued_by: Operator
    state: CommandState
    state_text: str = ""
    effect_text: str = ""
    effect: Effect | None = None
    times_ns: dict[str, int] = msgspec.field(default_factory=dict)
    observed: float | None = None
    level: int = 1
    approval: Approval | None = None
    n_sent: int = 0
    n_failed: int = 0
    sent_ns: int = 0
    moved_ns: int = 0
    actuator: str = ""
    baseline: Baseline | None = None
    route: tuple[tuple[float, float, float], ...] = ()
    lease_token: int = 0
    ended_seq: int = 0
    interlocks: tuple[BlockedBy, ...] = ()

    @property
    def is_terminal(self) -> bool:
        """Whether it is over for good."""
        return self.state in TERMINAL_STATES

    @property
    def occupies(self) -> bool:
        """Whether nobody else may command its target meanwhile."""
        waits = self.state in (CommandState.SUBMITTED, CommandState.AWAITING_APPROVAL)
        return not (self.is_terminal or waits)


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
