"""Checks the entries of a script and says what is wrong with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from twin.near_names import near_names
from twin.playback.script import (
    MAX_STEPS,
    CitySetup,
    Condition,
    SceneThing,
    Script,
    ScriptError,
    Seat,
    Step,
)
from twin.playback.verbs import SHORT_VERBS, VERBS, Verb
from twin.room.model import CommandState
from twin.yaml_lines import LINE, YamlError, keys_of, parse_yaml, plain

CONDITION_KEYS = frozenset(
    {"label", "state", "says", "held", "by", "datastream", "below", "above", "falls_by",
     "rises_by", "operators", "message", "seconds", "alarm", "incident", "task", "is"}
)  # fmt: skip
#: What an alarm, an incident or a task can be waited for to be.
BEINGS: dict[str, tuple[str, ...]] = {
    "alarm": ("active", "unacknowledged", "acknowledged", "gone"),
    "incident": ("open", "closed"),
    "task": ("open", "taken", "done", "skipped"),
}
_STEP_KEYS = {"seat", "do", "when", "within_s", "at", "by"}
_TOP_KEYS = {
    "title", "version", "summary", "seats", "steps", "city", "things", "pace", "length", "rules",
}  # fmt: skip
_THING_KEYS = {
    "datastream", "name", "kind", "unit", "department", "near", "xyz", "value", "max",
}  # fmt: skip
_TIME = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")
_DEEPEST = 8
_LARGEST = 1e9


def suggestion(wrong: str, names: Iterable[str]) -> str:
    """A hint at what was meant, "" if nothing is near."""
    near = near_names(wrong, names)
    return f"; did you mean {near}?" if near else ""


class ScriptReader:
    """Reads one file. One use."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def script(self, text: str) -> Script:
        """The whole script, raises `ScriptError`."""
        top = self._parse(text)
        self._only(top, _TOP_KEYS, "a script")
        if top.get("version", 1) != 1:
            raise self._wrong(top, f"this version reads scripts of version 1, not {top['version']}")
        seats = self._seats(top)
        steps = self._steps(top, top.get("steps"), seats, "steps")
        script = Script(
            path=self._path, title=str(top.get("title", self._path.stem)), seats=seats,
            steps=steps, summary=str(top.get("summary", "")), city=self._city(top),
            things=tuple(self._thing(top, one) for one in self._list(top, "things")),
            pace=self._number(top, "pace", 1.0), length_s=self._time(top, "length") or 0.0,
            rules=str(top.get("rules", "")),
        )  # fmt: skip
        if not 0.05 <= script.pace <= 100.0:
            raise self._wrong(top, "“pace” is 0.05 to 100 seconds of the scene a second")
        self._check_labels(script.all_steps())
        return script

    # --- entries ----------------------------------------------------------------------------------

    def _parse(self, text: str) -> dict[str, Any]:
        try:
            top = parse_yaml(text)
        except YamlError as error:
            raise self._at(max(error.line, 1), str(error)) from error
        if not isinstance(top, dict):
            raise self._at(1, "a script begins with “title:”")
        return top

    def _wrong(self, entry: Any, what: str) -> ScriptError:
        return self._at(entry.get(LINE, 1) if isinstance(entry, dict) else 1, what)

    def _at(self, line: int, what: str) -> ScriptError:
        return ScriptError(f"{self._path.name}, line {line}: {' '.join(what.split())}")

    def _only(self, entry: dict[str, Any], known: Iterable[str], where: str) -> None:
        names = sorted(known)
        for key in keys_of(entry):
            if key not in names:
                raise self._wrong(entry, f"{where} has no “{key}”{suggestion(key, names)}")

    def _seats(self, top: dict[str, Any]) -> dict[str, Seat]:
        listed = top.get("seats", {})
        if not isinstance(listed, dict):
            raise self._wrong(top, "“seats:” is a map of names")
        found = {}
        for name in keys_of(listed):
            entry = listed[name]
            if not isinstance(entry, dict):
                raise self._wrong(listed, f"the seat “{name}” needs operator and department")
            self._only(entry, {"operator", "department", "person"}, f"the seat “{name}”")
            found[name] = Seat(
                name=name, operator=str(entry.get("operator", name)),
                department=str(entry.get("department", "")), person=str(entry.get("person", "")),
                line=entry[LINE],
            )  # fmt: skip
        return found

    def _city(self, top: dict[str, Any]) -> CitySetup:
        entry = top.get("city", {})
        if not isinstance(entry, dict):
            raise self._wrong(top, "“city:” is a map such as “{buildings: 1500, weather: clear}”")
        kinds = {one.name: type(one.default) for one in fields(CitySetup)}
        self._only(entry, kinds, "a city")
        for name, value in plain(entry).items():
            kind = kinds[name]
            is_fit = isinstance(value, (int, float) if kind is float else kind)
            if not is_fit or isinstance(value, bool):
                raise self._wrong(entry, f"“{name}” of a city is not written as {value!r}")
        if not 500 <= entry.get("buildings", 800) <= 100_000:
            raise self._wrong(entry, "a city has 500 to 100,000 buildings")
        return CitySetup(**plain(entry))

    def _list(self, entry: dict[str, Any], key: str) -> list[Any]:
        value = entry.get(key, [])
        if not isinstance(value, list):
            raise self._wrong(entry, f"“{key}:” is a list")
        return value

    def _thing(self, top: dict[str, Any], entry: Any) -> SceneThing:
        if not isinstance(entry, dict):
            raise self._wrong(top, "a thing is a map with “datastream” and “name”")
        self._only(entry, _THING_KEYS, "a thing")
        found = plain(entry)
        for name in ("datastream", "name", "kind"):
            if not isinstance(found.get(name), str) or not found[name]:
                raise self._wrong(entry, f"a thing needs “{name}”")
        if "/" not in found["datastream"]:
            raise self._wrong(entry, "a datastream is written thing/property")
        if bool(found.get("near")) == ("xyz" in found):
            raise self._wrong(entry, "a thing stands “near” another, or at “xyz”")
        if "xyz" in found:
            found["xyz"] = self._point(entry, found["xyz"])
        for name in ("value", "max"):
            found[name] = self._number(entry, name, 0.0 if name == "value" else 1.0)
        return SceneThing(**found, line=entry[LINE])

    def _point(self, entry: dict[str, Any], value: Any) -> tuple[float, float, float]:
        is_point = isinstance(value, list) and len(value) in (2, 3)
        if not is_point or not all(
            isinstance(one, int | float) and not isinstance(one, bool) for one in value
        ):
            raise self._wrong(entry, f"a place is written [x, y] or [x, y, z], not {value!r}")
        x, y, z = [*map(float, value), 0.0][:3]
        return x, y, z

    # --- steps ------------------------------------------------------------------------------------

    def _steps(
        self, entry: dict[str, Any], listed: Any, seats: dict[str, Seat], key: str,
        *, default: str = "", depth: int = 0,
    ) -> tuple[Step, ...]:  # fmt: skip
        if not isinstance(listed, list) or not 0 < len(listed) <= MAX_STEPS or depth > _DEEPEST:
            raise self._wrong(entry, f"it needs a list “{key}:” of 1 to {MAX_STEPS} entries")
        return tuple(self._step(one, seats, default, depth) for one in listed)

    def _step(self, entry: Any, seats: dict[str, Seat], default: str, depth: int) -> Step:
        if not isinstance(entry, dict):
            raise self._wrong(entry, "a step is a map such as “{seat: fire, do: approve}”")
        verb, given = self._verb_of(entry)
        known = VERBS[verb]
        seat = str(entry.get("seat", default if known.who != "stage" else ""))
        if known.needs_seat or seat:
            if known.who == "stage":
                raise self._wrong(entry, f"“{verb}” is nobody's: leave the seat out")
            if seat not in seats:
                raise self._wrong(entry, f"there is no seat “{seat}”{suggestion(seat, seats)}")
        for name in sorted(known.required - set(given)):
            raise self._wrong(entry, f"“{verb}” needs “{name}”")
        condition = entry.get({"expect": "expect", "if": "if"}.get(verb, "when"), {})
        branches = {
            name: self._steps(entry, entry[key], seats, key, default=seat, depth=depth + 1)
            for name, key in (("then", "then"), ("otherwise", "else"))
            if key in entry
        }
        step = Step(
            line=entry[LINE], seat=seat, verb=verb, fields=self._checked(entry, verb, given),
            when=self._condition(entry, condition),
            within_s=self._number(entry, "within_s", 60.0), at_s=self._time(entry, "at"),
            by_s=self._time(entry, "by"), **branches,
        )  # fmt: skip
        if verb == "if" and "then" not in branches:
            raise self._wrong(entry, "“if” needs “then:”, a list of steps")
        return step

    def _verb_of(self, entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The verb of a step, and its own fields."""
        named = [key for key in (*SHORT_VERBS, "expect", "if") if key in entry]
        verb = str(entry.get("do", named[0] if named else ""))
        known = VERBS.get(verb)
        if known is None:
            near = suggestion(verb, sorted(VERBS))
            raise self._wrong(entry, f"nobody can do “{verb}”{near}; say one of {', '.join(VERBS)}")
        allowed = set(_STEP_KEYS) | known.fields
        if "do" not in entry and known.short:
            return verb, self._short_fields(entry, verb, known)
        allowed |= {"expect"} if verb == "expect" else set()
        allowed |= {"if", "then", "else"} if verb == "if" else set()
        self._only(entry, allowed, f"“{verb}”")
        return verb, {key: plain(value) for key, value in entry.items() if key in known.fields}

    def _short_fields(self, entry: dict[str, Any], verb: str, known: Verb) -> dict[str, Any]:
        """Fields of ``{caption: …}``: those of the map there, or the value and those beside it."""
        value = entry[verb]
        if isinstance(value, dict):
            self._only(entry, {*_STEP_KEYS, verb}, f"“{verb}”")
            self._only(value, known.fields, f"“{verb}”")
            return dict(plain(value))
        self._only(entry, {*_STEP_KEYS, verb, *known.fields}, f"“{verb}”")
        beside = {key: plain(one) for key, one in entry.items() if key in known.fields}
        return {known.short: plain(value), **beside}

    def _checked(self, entry: dict[str, Any], verb: str, given: dict[str, Any]) -> dict[str, Any]:
        """Fields of a verb with their kinds made sure of."""
        from twin.playback.stage_fields import FieldError, checked_fields

        try:
            return checked_fields(verb, given)
        except FieldError as error:
            raise self._wrong(entry, str(error)) from error

    def _condition(self, step: dict[str, Any], entry: Any) -> Condition:
        if not isinstance(entry, dict):
            raise self._wrong(
                step, "“when” and “expect” are maps such as “{label: gate, state: VERIFIED}”"
            )
        line = {LINE: step[LINE], **entry}
        self._only(entry, CONDITION_KEYS, "a condition")
        states = entry.get("state", [])
        states = states if isinstance(states, list) else [states]
        unknown = [one for one in states if str(one) not in CommandState.__members__]
        if unknown:
            near = suggestion(str(unknown[0]), sorted(CommandState.__members__))
            raise self._wrong(line, f"no command is ever “{unknown[0]}”{near}")
        relations = [key for key in ("below", "above", "falls_by", "rises_by") if key in entry]
        if bool(entry.get("datastream")) != (len(relations) == 1):
            raise self._wrong(
                line, "a datastream goes with one of below, above, falls_by, rises_by"
            )
        if bool(entry.get("label")) != bool(states):
            raise self._wrong(line, "a label goes with a state")
        return Condition(
            line=line[LINE], label=str(entry.get("label", "")),
            states=tuple(CommandState(str(one)) for one in states), says=str(entry.get("says", "")),
            held=str(entry.get("held", "")), by=str(entry.get("by", "")),
            datastream=str(entry.get("datastream", "")),
            relation=relations[0] if relations else "",
            value=self._number(entry, relations[0], 0.0) if relations else 0.0,
            operators=int(self._number(entry, "operators", 0)),
            message=str(entry.get("message", "")), seconds=self._number(entry, "seconds", 0.0),
            **self._being(line, entry),
        )  # fmt: skip

    def _being(self, line: dict[str, Any], entry: dict[str, Any]) -> dict[str, str]:
        """What an alarm, incident or task must be."""
        named = [what for what in BEINGS if what in entry]
        if len(named) != ("is" in entry):
            raise self._wrong(line, "one of alarm, incident, task goes with “is”")
        found: dict[str, str] = {}
        for what in named:
            state = str(entry["is"])
            if state not in BEINGS[what]:
                words = ", ".join(BEINGS[what])
                raise self._wrong(line, f"“is” of an {what} is one of {words}, not “{state}”")
            found |= {what: str(entry[what]), f"{what}_is": state}
        return found

    def _number(self, entry: dict[str, Any], key: str, default: float) -> float:
        value = entry.get(key, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= _LARGEST:
            raise self._wrong(entry, f"“{key}” is a number of 0 or more, not {value!r}")
        return float(value)

    def _time(self, entry: dict[str, Any], key: str) -> float | None:
        """Seconds of “00:01:30”, “1:30” or 90; None if it is not there."""
        value = entry.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            match = _TIME.fullmatch(value.strip())
            if match is None:
                what = f"“{key}” is a time such as “00:01:30”, not {value!r}"
                raise self._wrong(entry, what)
            hours, minutes, seconds = match.groups()
            return int(hours or 0) * 3600.0 + int(minutes) * 60.0 + float(seconds)
        return self._number(entry, key, 0.0)

    def _check_labels(self, steps: tuple[Step, ...]) -> None:
        made = {step.fields["label"] for step in steps if step.verb == "submit"}
        for step in steps:
            used = step.when.label or (step.fields.get("label") if step.verb != "submit" else "")
            if used and used not in made:
                at = {LINE: step.line}
                near = suggestion(str(used), sorted(made))
                raise self._wrong(at, f"no step submits a command labelled “{used}”{near}")
