"""A script is a YAML file: seats, and steps that wait for the room or the city and then act.

Read with the line of every entry, so that whatever is wrong is told with file and line. Nothing is
executed while reading. The format is described in docs/scripts.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from twin.errors import TwinError
from twin.near_names import near_names
from twin.playback.verbs import VERBS
from twin.room.model import CommandState

MAX_BYTES = 1 << 20
MAX_STEPS = 5_000
CONDITION_KEYS = frozenset(
    {"label", "state", "says", "held", "by", "datastream", "below", "above", "falls_by",
     "rises_by", "operators", "message", "seconds"}
)  # fmt: skip
_LINE = "\0line"


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
        return " and ".join(parts) or "at once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that one seat does, or, without a seat, one that must come true."""

    line: int
    seat: str
    verb: str
    fields: dict[str, Any] = field(default_factory=dict)
    when: Condition = field(default_factory=Condition)
    within_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A whole script."""

    path: Path
    title: str
    seats: dict[str, Seat]
    steps: tuple[Step, ...]

    def of_seat(self, name: str) -> tuple[Step, ...]:
        """Steps of one seat, in order; "" = the expectations."""
        return tuple(step for step in self.steps if step.seat == name)


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
    reader = _Reader(path)
    top = reader.parse(text)
    reader.only(top, {"title", "version", "seats", "steps"}, "a script")
    if top.get("version", 1) != 1:
        raise reader.wrong(top, f"this version reads scripts of version 1, not {top['version']}")
    seats = reader.seats(top)
    listed = top.get("steps")
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_STEPS:
        raise reader.wrong(top, f"it needs a list “steps:” of 1 to {MAX_STEPS} entries")
    steps = tuple(reader.step(entry, seats) for entry in listed)
    reader.check_labels(steps)
    return Script(path=path, title=str(top.get("title", path.stem)), seats=seats, steps=steps)


class _Loader(yaml.SafeLoader):
    """Plain data, each map with the line it begins at; anchors are refused (they can explode)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="anchors are not used in scripts", problem_mark=mark)
        return super().compose_node(parent, index)


def _map_with_line(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    found = loader.construct_mapping(node, deep=True)
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise yaml.MarkedYAMLError(
                problem=f"“{key}” stands here twice", problem_mark=key_node.start_mark
            )
        seen.add(key)
    plain = {str(key): value for key, value in found.items()}
    plain[_LINE] = node.start_mark.line + 1
    return plain


_Loader.add_constructor("tag:yaml.org,2002:map", _map_with_line)


def _suggestion(wrong: str, names: Iterable[str]) -> str:
    near = near_names(wrong, names)
    return f"; did you mean {near}?" if near else ""


class _Reader:
    """Checks entries and says what is wrong with file and line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def parse(self, text: str) -> dict[str, Any]:
        try:
            top = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise ScriptError(f"{self._path.name}, line {line}: {error.problem}") from error
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise ScriptError(f"{self._path.name} is not YAML: {error}") from error
        if not isinstance(top, dict):
            raise ScriptError(f"{self._path.name}, line 1: a script begins with “title:”")
        return top

    def wrong(self, entry: Any, what: str) -> ScriptError:
        line = entry.get(_LINE, 1) if isinstance(entry, dict) else 1
        return ScriptError(f"{self._path.name}, line {line}: {what}")

    def only(self, entry: dict[str, Any], known: set[str] | frozenset[str], where: str) -> None:
        for key in entry:
            if key != _LINE and key not in known:
                near = _suggestion(key, sorted(known))
                raise self.wrong(entry, f"{where} has no “{key}”{near}")

    def seats(self, top: dict[str, Any]) -> dict[str, Seat]:
        listed = top.get("seats", {})
        if not isinstance(listed, dict):
            raise self.wrong(top, "“seats:” is a map of names")
        found = {}
        for name, entry in listed.items():
            if name == _LINE:
                continue
            if not isinstance(entry, dict):
                raise self.wrong(listed, f"the seat “{name}” needs operator and department")
            self.only(entry, {"operator", "department", "person"}, f"the seat “{name}”")
            found[name] = Seat(
                name=name, operator=str(entry.get("operator", name)),
                department=str(entry.get("department", "")), person=str(entry.get("person", "")),
                line=entry[_LINE],
            )  # fmt: skip
        return found

    def step(self, entry: Any, seats: dict[str, Seat]) -> Step:
        if not isinstance(entry, dict):
            raise self.wrong(entry, "a step is a map such as “{seat: fire, do: approve}”")
        verb = str(entry.get("do", "expect" if "expect" in entry else ""))
        known = VERBS.get(verb)
        if known is None:
            near = _suggestion(verb, sorted(VERBS))
            raise self.wrong(entry, f"nobody can do “{verb}”{near}; say one of {', '.join(VERBS)}")
        seat = str(entry.get("seat", ""))
        if known.needs_seat and seat not in seats:
            raise self.wrong(entry, f"there is no seat “{seat}”{_suggestion(seat, sorted(seats))}")
        self.only(entry, known.fields | {"seat", "do", "when", "within_s", "expect"}, f"“{verb}”")
        for name in sorted(known.required - set(entry)):
            raise self.wrong(entry, f"“{verb}” needs “{name}”")
        condition = entry.get("expect" if verb == "expect" else "when", {})
        return Step(
            line=entry[_LINE], seat=seat, verb=verb,
            fields={k: _plain(v) for k, v in entry.items() if k in known.fields},
            when=self.condition(entry, condition),
            within_s=self.number(entry, "within_s", 60.0),
        )  # fmt: skip

    def condition(self, step: dict[str, Any], entry: Any) -> Condition:
        if not isinstance(entry, dict):
            raise self.wrong(
                step, "“when” and “expect” are maps such as “{label: gate, state: VERIFIED}”"
            )
        line = {_LINE: step[_LINE], **entry}
        self.only(entry, CONDITION_KEYS, "a condition")
        states = entry.get("state", [])
        states = states if isinstance(states, list) else [states]
        unknown = [one for one in states if one not in CommandState.__members__]
        if unknown:
            near = _suggestion(str(unknown[0]), sorted(CommandState.__members__))
            raise self.wrong(line, f"no command is ever “{unknown[0]}”{near}")
        relations = [key for key in ("below", "above", "falls_by", "rises_by") if key in entry]
        if bool(entry.get("datastream")) != (len(relations) == 1):
            raise self.wrong(line, "a datastream goes with one of below, above, falls_by, rises_by")
        if bool(entry.get("label")) != bool(states):
            raise self.wrong(line, "a label goes with a state")
        return Condition(
            line=line[_LINE], label=str(entry.get("label", "")),
            states=tuple(CommandState(one) for one in states), says=str(entry.get("says", "")),
            held=str(entry.get("held", "")), by=str(entry.get("by", "")),
            datastream=str(entry.get("datastream", "")),
            relation=relations[0] if relations else "",
            value=self.number(entry, relations[0], 0.0) if relations else 0.0,
            operators=int(self.number(entry, "operators", 0)),
            message=str(entry.get("message", "")), seconds=self.number(entry, "seconds", 0.0),
        )  # fmt: skip

    def number(self, entry: dict[str, Any], key: str, default: float) -> float:
        value = entry.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise self.wrong(entry, f"“{key}” is a number of 0 or more, not {value!r}")
        return float(value)

    def check_labels(self, steps: tuple[Step, ...]) -> None:
        made = {step.fields["label"] for step in steps if step.verb == "submit"}
        for step in steps:
            used = step.when.label or (step.fields.get("label") if step.verb != "submit" else "")
            if used and used not in made:
                near = _suggestion(str(used), sorted(made))
                at = {_LINE: step.line}
                raise self.wrong(at, f"no step submits a command labelled “{used}”{near}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if key != _LINE}
    return [_plain(one) for one in value] if isinstance(value, list) else value
