"""What an interlock is asked and what it answers. Plain records, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from twin.commands.preview import Point
from twin.room.model import Command, CommandRequest, Operator

Stage = Literal["submit", "release", "adapter"]
IfUnknown = Literal["block", "pass"]
#: Where a rule is looked at unless it says otherwise.
STAGES: tuple[Stage, ...] = ("submit", "release", "adapter")
#: Older samples count as not known unless the rule says otherwise, seconds.
MAX_AGE_S = 60.0


@dataclass(frozen=True, slots=True)
class Reading:
    """The last good sample of a datastream.

    Attributes
    ----------
    age_s : how long ago it was taken, by the clock of whoever asks; negative = in the future
    """

    value: float
    age_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The command that is about to be accepted, released or carried out.

    Attributes
    ----------
    kind : of the target thing, "" = not known
    xyz : of the target, local metres, None = not known
    lon_lat : of the target, degrees, None = not known
    """

    request: CommandRequest
    issued_by: Operator
    kind: str = ""
    xyz: Point | None = None
    lon_lat: tuple[float, float] | None = None
    level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherCommand:
    """Another command that is not over, or whose effect still lasts.

    Attributes
    ----------
    title : of its type, for a person
    distance_m : from its target to the subject's, on the ground; None = not known
    route_distance_m : from its announced route to the subject's target; None = no route, or not
        known where the subject's target is
    """

    command: Command
    title: str = ""
    kind: str = ""
    distance_m: float | None = None
    route_distance_m: float | None = None


#: Other commands of some types (``*`` and ``?`` as usual, empty = all).
Others: TypeAlias = Callable[[tuple[str, ...]], tuple[OtherCommand, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """One rule that stands against it, with what it looked at.

    Attributes
    ----------
    text : for a person: which rule, which value
    values : by datastream id
    others : ids of the commands that stand against it
    """

    rule_id: str
    title: str
    text: str
    values: Mapping[str, float] = field(default_factory=dict)
    others: tuple[str, ...] = ()


class Guard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A condition that the adapter evaluates once more before it acts.

    Attributes
    ----------
    blocks_when : CEL over the inputs' names, ``target`` and ``command``
    inputs : name -> datastream id
    text : for a person; may hold ``{input}`` for a value
    unknown : what to do when the adapter's own values do not decide it
    max_age_s : older samples count as not known
    facts : what the hub knows of target and command: "target.kind" -> "gate"
    """

    id: str
    title: str
    blocks_when: str
    inputs: dict[str, str]
    text: str = ""
    unknown: IfUnknown = "block"
    max_age_s: float = MAX_AGE_S
    facts: dict[str, Any] = msgspec.field(default_factory=dict)


class RuleCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule in force, as every console shows it."""

    id: str
    title: str
    text: str
    blocks_when: str
    actions: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    inputs: dict[str, str] = msgspec.field(default_factory=dict)
    unknown: IfUnknown = "block"
    at: tuple[Stage, ...] = STAGES


class Interlocks(Protocol):
    """All rules of a city."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the rules' text, "" for none."""

    @property
    def cards(self) -> tuple[RuleCard, ...]:
        """The rules as consoles show them."""

    @property
    def kept(self) -> tuple[str, ...]:
        """Datastreams whose last samples must be at hand: ids, ``*`` stands for anything.

        Those of things that take commands are at hand anyway.
        """

    def inputs(self, subject: Subject) -> tuple[str, ...]:
        """Ids of the datastreams whose last values `blocked` wants."""

    def blocked(
        self,
        stage: Stage,
        subject: Subject,
        readings: Mapping[str, Reading],
        others: Others,
    ) -> tuple[Blocked, ...]:
        """Rules that stand against a command now; none = it may go on. Never raises.

        Parameters
        ----------
        readings : by datastream id; one that is absent is not known
        others : called only where a rule looks at other commands
        """

    def guards(self, subject: Subject) -> tuple[Guard, ...]:
        """What the adapter must check itself."""


class NoInterlocks:
    """A city without rules."""

    fingerprint = ""
    cards: tuple[RuleCard, ...] = ()
    kept: tuple[str, ...] = ()

    def inputs(self, subject: Subject) -> tuple[str, ...]:  # noqa: ARG002
        """Give nothing."""
        return ()

    def blocked(
        self,
        stage: Stage,  # noqa: ARG002
        subject: Subject,  # noqa: ARG002
        readings: Mapping[str, Reading],  # noqa: ARG002
        others: Others,  # noqa: ARG002
    ) -> tuple[Blocked, ...]:
        """Give nothing."""
        return ()

    def guards(self, subject: Subject) -> tuple[Guard, ...]:  # noqa: ARG002
        """Give nothing."""
        return ()
