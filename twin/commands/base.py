"""The record of a command type: one file, one `COMMAND`, no I/O (design section 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from twin.commands.preview import CityView, Preview, PreviewTarget
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

Relation = Literal["below", "above", "falls_by", "rises_by", "equals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the city must show for a command to count as VERIFIED.

    Attributes
    ----------
    datastream_id : whose observations are watched
    relation : how they are compared; "falls_by" and "rises_by" are against the last good value
        before the command was sent
    value : threshold, in the datastream's unit
    deadline_s : from ACCEPTED on; not seen by then = TIMED_OUT
    text : the effect for a person, e.g. "traffic flow on Harbour Street falls below 30 veh/h"
    """

    datastream_id: str
    relation: Relation
    value: float
    deadline_s: float
    text: str


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
    params : frozen dataclass of JSON-able fields; each field's metadata has ``help`` and, where
        they make sense, ``unit``, ``min``, ``max``, ``choices``. The form is built from it
    target_kinds : kinds of things or units it may be sent to
    departments : who may issue it; empty = everybody
    significance : 1 routine, 2 needs a confirm step, 3 serious, 4 touches many people at once. Who
        must approve what from which level on is said by the policy
    effect : (target id, params) -> what must be observed
    describe : (target name, params) -> the confirm sentence naming the effect
    inverse : id of the command that undoes it, "" for none
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
    inverse: str = ""
    icon: str = ""
    is_idempotent: bool = False
    windows: Windows = Windows()
    preview: Callable[[PreviewTarget, Any, CityView], Preview] | None = None


def may_issue(command_type: CommandType, department: str) -> bool:
    """Whether somebody of `department` may issue it; case and spaces do not matter."""
    wanted = department.strip().casefold().replace(" ", "_")
    return not command_type.departments or wanted in command_type.departments


def command_registry() -> Registry[CommandType]:
    """All command types."""
    return Registry(CommandType).load_all("twin.commands")
