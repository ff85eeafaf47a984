"""What an interlock is asked and what it answers. Plain records, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import msgspec

from twin.commands.preview import Point
from twin.room.model import Command, CommandRequest, Operator

Stage = Literal["submit", "release"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The command that is about to be accepted or released.

    Attributes
    ----------
    kind : of the target thing, "" = not known
    xyz : of the target, local metres, None = not known
    """

    request: CommandRequest
    issued_by: Operator
    kind: str = ""
    xyz: Point | None = None
    level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherCommand:
    """Another command that is not over, or whose effect still lasts.

    Attributes
    ----------
    distance_m : from its target to the subject's, on the ground; None = not known
    route_distance_m : from its announced route to the subject's target; None = no route
    """

    command: Command
    kind: str = ""
    distance_m: float | None = None
    route_distance_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """One rule that stands against it, with the values that it looked at.

    Attributes
    ----------
    text : for a person: which rule, which value
    """

    rule_id: str
    title: str
    text: str
    values: Mapping[str, float] = field(default_factory=dict)


class Guard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A condition that the adapter evaluates once more before it acts.

    Attributes
    ----------
    blocks_when : CEL over the inputs' names
    inputs : name -> datastream id
    """

    id: str
    title: str
    blocks_when: str
    inputs: dict[str, str]
    text: str = ""


class Interlocks(Protocol):
    """All rules of a city."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the rules' text, "" for none."""

    def inputs(self, subject: Subject) -> tuple[str, ...]:
        """Ids of the datastreams whose last values `blocked` wants."""

    def blocked(
        self,
        stage: Stage,
        subject: Subject,
        values: Mapping[str, float],
        others: tuple[OtherCommand, ...],
    ) -> tuple[Blocked, ...]:
        """Rules that stand against a command now; none = it may go on. Never raises."""

    def guards(self, subject: Subject) -> tuple[Guard, ...]:
        """What the adapter must check itself."""


class NoInterlocks:
    """A city without rules."""

    fingerprint = ""

    def inputs(self, subject: Subject) -> tuple[str, ...]:  # noqa: ARG002
        """Give nothing."""
        return ()

    def blocked(
        self,
        stage: Stage,  # noqa: ARG002
        subject: Subject,  # noqa: ARG002
        values: Mapping[str, float],  # noqa: ARG002
        others: tuple[OtherCommand, ...],  # noqa: ARG002
    ) -> tuple[Blocked, ...]:
        """Give nothing."""
        return ()

    def guards(self, subject: Subject) -> tuple[Guard, ...]:  # noqa: ARG002
        """Give nothing."""
        return ()
