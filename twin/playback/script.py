"""A script is a YAML file: seats, and steps that wait for room, city or time and then act.

Nothing is executed while reading. The format is described in docs/scripts.md and docs/scenes.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.room.model import CommandState

MAX_BYTES = 1 << 20
MAX_STEPS = 5_000


class ScriptError(TwinError):
    """A script cannot be used; the text names file, line and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One operator of a script."""

    name: str
    operator: str
    department: str
    person: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a step waits for; all that is named must hold.

    Attributes
    ----------
    label, states, says : the command of that label is in one of the states, its text holds `says`
    held, by : the asset is leased, by the operator of that seat or name ("" = nobody holds it)
    datastream : with one of below, above, falls_by, rises_by; the last two since the seat's
        previous step
    operators : that many operators are there
    message : some message of the room holds this text
    seconds : so long after the seat's previous step
    alarm, incident, task : id, or a part of the title (of an alarm also the thing), with what it is
        in `alarm_is`, `incident_is`, `task_is`
    """

    line: int = 0
    label: str = ""
    states: tuple[CommandState, ...] = ()
    says: str = ""
    held: str = ""
    by: str = ""
    datastream: str = ""
    relation: str = ""
    value: float = 0.0
    operators: int = 0
    message: str = ""
    seconds: float = 0.0
    alarm: str = ""
    alarm_is: str = ""
    incident: str = ""
    incident_is: str = ""
    task: str = ""
    task_is: str = ""

    def text(self) -> str:
        """The condition for a person."""
        parts = []
        if self.label:
            states = " or ".join(self.states)
            parts.append(f"{self.label} is {states}" + (f" (“{self.says}”)" * bool(self.says)))
        if self.held:
            parts.append(f"{self.held} is held by {self.by}" if self.by else f"{self.held} is free")
        if self.datastream:
            parts.append(f"{self.datastream} {self.relation.replace('_', ' ')} {self.value:g}")
        if self.operators:
            parts.append(f"{self.operators} operators are there")
        if self.message:
            parts.append(f"somebody writes “{self.message}”")
        if self.seconds:
            parts.append(f"{self.seconds:g} s have passed")
        for what in ("alarm", "incident", "task"):
            name, state = getattr(self, what), getattr(self, f"{what}_is")
            if name:
                parts.append(f"the {what} “{name}” is {state}")
        return " and ".join(parts) or "at once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that one seat does, or, without a seat, the stage, or one that must come true.

    Attributes
    ----------
    within_s : how long it waits before it has failed, from when it may begin
    at_s : time of the scene before which it does not begin, None = when its turn comes
    by_s : time of the scene by which it must have come true, None = `within_s` counts
    then, otherwise : of "if": the steps when the condition holds at that moment, and when not
    """

    line: int
    seat: str
    verb: str
    fields: dict[str, Any] = field(default_factory=dict)
    when: Condition = field(default_factory=Condition)
    within_s: float = 60.0
    at_s: float | None = None
    by_s: float | None = None
    then: tuple[Step, ...] = ()
    otherwise: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneThing:
    """A thing that a scene brings along, with one datastream that its steps inject into.

    Attributes
    ----------
    datastream : id, ``thing/property``
    near : id of a thing of the city that it stands beside, "" = `xyz` is its place
    value : what is observed there before anything is injected
    """

    datastream: str
    name: str
    kind: str
    unit: str = ""
    department: str = ""
    near: str = ""
    xyz: tuple[float, float, float] = (0.0, 0.0, 0.0)
    value: float = 0.0
    max: float = 1.0
    line: int = 0

    @property
    def thing_id(self) -> str:
        """Id of the thing."""
        return self.datastream.rpartition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class CitySetup:
    """The city that a scene plays in: the generated one, and how it lives."""

    buildings: int = 800
    seed: int = 1
    datastreams: int = 2_400
    units: int = 200
    speed: float = 1.0
    weather: str = "rain"
    time_of_day: str = "17:30"
    sensor_faults: float = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A whole script.

    Attributes
    ----------
    pace : seconds of the scene a second, where nobody asks for another
    length_s : of the scene, 0 = until its last step
    summary : what it shows, for lists
    rules : file of event rules that watch the city, as `civitwin watch` takes them; "" = none
    """

    path: Path
    title: str
    seats: dict[str, Seat]
    steps: tuple[Step, ...]
    summary: str = ""
    city: CitySetup = field(default_factory=CitySetup)
    things: tuple[SceneThing, ...] = ()
    pace: float = 1.0
    length_s: float = 0.0
    rules: str = ""

    def of_seat(self, name: str) -> tuple[Step, ...]:
        """Steps of one seat, in order; "" = those without one that follow each other."""
        return tuple(step for step in self.steps if step.seat == name and not is_watched(step))

    def watched(self) -> tuple[Step, ...]:
        """Expectations with a time, which are watched beside everything else."""
        return tuple(step for step in self.steps if is_watched(step))

    def all_steps(self) -> tuple[Step, ...]:
        """Every step, those of branches too."""
        return tuple(_flat(self.steps))


def is_watched(step: Step) -> bool:
    """Whether a step is an expectation with a time."""
    return step.verb == "expect" and step.by_s is not None


def _flat(steps: tuple[Step, ...]) -> list[Step]:
    found = []
    for step in steps:
        found += [step, *_flat(step.then), *_flat(step.otherwise)]
    return found


def read_script(path: Path) -> Script:
    """Read and check a script.

    Raises
    ------
    ScriptError
        With file and line.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ScriptError(f"A script has at most {MAX_BYTES:,} bytes: {path}")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"The script cannot be read ({error}): {path}") from error
    return parse_script(text, path)


def parse_script(text: str, path: Path) -> Script:
    """Check the text of a script, raises `ScriptError`."""
    from twin.playback.script_reader import ScriptReader

    return ScriptReader(path).script(text)
