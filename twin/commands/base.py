"""The record of a command type: one file, one `COMMAND`, no I/O (design section 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from twin.commands.preview import CityView, Preview, PreviewTarget
from twin.commands.undo import Before, Undo
from twin.registry import Registry

#: Departments of a city. The control room may issue every command.
DEPARTMENTS = (
    "control_room",
    "traffic",
    "water",
    "energy",
    "fire",
    "police",
    "works",
    "environment",
)

Relation = Literal["below", "above", "falls_by", "rises_by", "falls_by_share", "equals"]

#: Relations that compare with the last good value before the command was sent.
RELATIVE = frozenset({"falls_by", "rises_by", "falls_by_share"})
#: What "equals" allows where the effect does not say: a share of the value, and at least as much.
EQUALS_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the city must show for a command to count as VERIFIED.

    Attributes
    ----------
    datastream_id : whose observations are watched
    relation : how they are compared; those in `RELATIVE` are against the last good value before
        the command was sent
    value : threshold, in the datastream's unit; of "falls_by_share" a share, 0 … 1
    deadline_s : from ACCEPTED on; not seen by then = TIMED_OUT
    text : the effect for a person, e.g. "traffic flow on Harbour Street falls below 30 veh/h"
    tolerance : how far off "equals" may be; 0 = 1 % of the value, at least 0.01. Codes (the text
        of a sign) need one below the distance of two codes
    """

    datastream_id: str
    relation: Relation
    value: float
    deadline_s: float
    text: str
    tolerance: float = 0.0

    @property
    def is_relative(self) -> bool:
        """Whether it needs a value from before the command."""
        return self.relation in RELATIVE

    def is_shown_by(self, value: float, before: float) -> bool:
        """Whether an observed value shows the effect; `before` is NaN where none is known."""
        match self.relation:
            case "below":
                return value < self.value
            case "above":
                return value > self.value
            case "falls_by":
                return before - value >= self.value
            case "rises_by":
                return value - before >= self.value
            case "falls_by_share":
                return before - value >= self.value * before
            case "equals":
                usual = EQUALS_SHARE * max(1.0, abs(self.value))
                return abs(value - self.value) <= (self.tolerance or usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Time windows of the steps between SENT and the observed effect, seconds; 0 = no window.

    Attributes
    ----------
    start_s : from ACCEPTED to EXECUTING, then TIMED_OUT
    progress_s : longest silence while EXECUTING, then TIMED_OUT
    """

    start_s: float = 0.0
    progress_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandType:
    """Record of one command type (upper-case ``COMMAND`` of a module in `twin.commands`).

    Attributes
    ----------
    id : dotted and permanent, e.g. "road.close"
    title : verb and object, sentence case, e.g. "Close road"
    called : the same with the target's name in it, "Show a text on {target}"; "" = the name takes
        the place of the object: "Close Harbour Street"
    params : frozen dataclass of JSON-able fields; each field's metadata has ``help`` and, where
        they make sense, ``unit``, ``min``, ``max``, ``choices``. The form is built from it
    target_kinds : kinds of things or units it may be sent to
    departments : who may issue it; empty = everybody
    significance : 1 routine, 2 needs a confirm step, 3 serious, 4 touches many people at once. Who
        must approve what from which level on is said by the policy
    effect : (target id, params) -> what must be observed
    describe : (target name, params) -> the confirm sentence naming the effect
    inverse : id of the command that undoes it, "" for none
    before : observed properties of the target whose values before it was sent tell how to undo it
    undo : what was before -> the command that restores it, None where that is not known; no
        function = the inverse with its defaults
    is_idempotent : doing it twice is the same as doing it once: a failed attempt may be repeated
    windows : how long each step before the effect may take
    preview : (target, params, city) -> what it would change, from the type's own model; None = the
        target only
    """

    id: str
    version: int
    title: str
    params: type[Any]
    target_kinds: tuple[str, ...]
    departments: tuple[str, ...]
    significance: int
    effect: Callable[[str, Any], Effect]
    describe: Callable[[str, Any], str]
    called: str = ""
    inverse: str = ""
    before: tuple[str, ...] = ()
    undo: Callable[[Before], Undo | None] | None = None
    icon: str = ""
    is_idempotent: bool = False
    windows: Windows = Windows()
    preview: Callable[[PreviewTarget, Any, CityView], Preview] | None = None


def undo_of(command_type: CommandType, before: Before) -> Undo | None:
    """The command that undoes one of this type; None where none is declared or known."""
    if command_type.undo is not None:
        return command_type.undo(before)
    return Undo(type_id=command_type.inverse) if command_type.inverse else None


def may_issue(command_type: CommandType, department: str) -> bool:
    """Whether somebody of `department` may issue it; case and spaces do not matter."""
    wanted = department.strip().casefold().replace(" ", "_")
    return not command_type.departments or wanted in command_type.departments


def command_registry() -> Registry[CommandType]:
    """All command types."""
    return Registry(CommandType).load_all("twin.commands")
