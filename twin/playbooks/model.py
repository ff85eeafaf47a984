"""What a playbook is: steps with who, by when, what to collect, guards, commands and branches.

The same records stand on the wire and in the journal, so that a replay needs no file.
"""

from __future__ import annotations

from typing import Any

import msgspec

from twin.room.model import Operator

#: Which of several datastreams is meant: the nearest one, or the one with such a value.
TAKES = ("nearest", "highest", "lowest", "every")
#: How far around the incident datastreams and assets are looked for, metres.
USUAL_REACH_M = 500.0


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Data that belongs to a step; the twin attaches the values that are known then.

    Attributes
    ----------
    name : under which a guard knows the value
    kind, property : of the thing and of what it observes, ``*`` and ``?`` as usual
    take : one of `TAKES`
    """

    name: str
    kind: str = "*"
    property: str = "*"
    within_m: float = USUAL_REACH_M
    take: str = "nearest"


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command that a step asks for, under the same rules as one given by hand.

    Attributes
    ----------
    type_id : command type
    target_id : id of its asset; "" = the nearest free one of a ``kind`` that takes the command
    args : ``{incident.x}``, ``{incident.y}`` and ``{incident.title}`` stand for the incident's
    """

    type_id: str
    target_id: str = ""
    kind: str = "*"
    within_m: float = USUAL_REACH_M
    args: dict[str, Any] = msgspec.field(default_factory=dict)


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer to the question of a step; ``when`` is CEL that proposes it."""

    id: str
    title: str
    when: str = ""


class After(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step that ends before another one opens; with a ``choice``: only if it was that one."""

    step: str
    choice: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step.

    Attributes
    ----------
    department : who does it, "" = whoever works the incident
    deadline_s : 0 = none
    deadline_of : what the deadline is counted from: "" = the moment the step opens, "start", or
        the id of a step before it
    guard : CEL that must hold before its command is asked for, or, without one, before it is done
    guard_text : what the guard means, for a person
    choices : answers, of which one is given when it is done
    """

    id: str
    title: str
    text: str = ""
    department: str = ""
    after: tuple[After, ...] = ()
    deadline_s: float = 0.0
    deadline_of: str = ""
    collect: tuple[Source, ...] = ()
    guard: str = ""
    guard_text: str = ""
    command: Order | None = None
    choices: tuple[Choice, ...] = ()


class Playbook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole playbook.

    Attributes
    ----------
    kind : type of incident it is made for, "" = any
    departments : that are asked to take part when it starts
    """

    id: str
    title: str
    steps: tuple[Step, ...]
    kind: str = ""
    text: str = ""
    departments: tuple[str, ...] = ()

    def step(self, step_id: str) -> Step | None:
        """The step of that id, None if there is none."""
        return next((one for one in self.steps if one.id == step_id), None)


class PlaybookRun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A playbook that is or was worked on an incident, with its whole content.

    Its steps are tasks of the incident from the moment they open; see `task_id`.

    Attributes
    ----------
    passed : steps that were never opened -> why
    ended_ns : hub time, 0 = it is worked
    ended_text : how it ended
    """

    id: str
    incident: str
    playbook: Playbook
    started_by: Operator
    started_ns: int
    passed: dict[str, str] = msgspec.field(default_factory=dict)
    ended_ns: int = 0
    ended_text: str = ""


class Reading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value that was attached to a task.

    Attributes
    ----------
    name : of the `Source`
    t_ns : when it was observed
    """

    name: str
    datastream_id: str
    thing_name: str
    value: float
    unit: str = ""
    t_ns: int = 0


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What goes with a task beside words.

    Attributes
    ----------
    readings : values as whoever moved the task saw them
    commands : ids of the commands that were given for it
    choice : which answer was given
    override : why a guard was passed over, "" = it was not
    """

    readings: tuple[Reading, ...] = ()
    commands: tuple[str, ...] = ()
    choice: str = ""
    override: str = ""


def task_id(run_id: str, step_id: str) -> str:
    """Id of the task that a step becomes."""
    return f"{run_id}/{step_id}"
