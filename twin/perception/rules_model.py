"""An event rule: what it is about, when its alarm comes and goes, and what the alarm says.

The same record stands in files, in the room and in acts. `compiled` checks it as a whole.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from twin.errors import TwinError
from twin.near_names import known_are
from twin.perception.rules_language import RESERVED, parse_condition
from twin.perception.rules_tokens import RuleTextError
from twin.perception.rules_tree import Condition
from twin.room.parts.alarms import Priority

MAX_TEXT = 500
MAX_ID = 64
MAX_ENTRIES = 2_000
MAX_INPUTS = 20
MAX_CORNERS = 1_000
LONGEST_S = 7 * 86_400.0
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_PLACE = re.compile(r"\{([^{}]*)\}")


class RuleError(TwinError):
    """A rule cannot be used.

    Attributes
    ----------
    field : of the rule where it is wrong, "" = as a whole
    line, column : within a condition, 0 = not in one
    """

    def __init__(self, what: str, field: str = "", line: int = 0, column: int = 0) -> None:
        super().__init__(what)
        self.field, self.line, self.column = field, line, column


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """A polygon, not closed.

    Attributes
    ----------
    points : [x, y] in local metres, or [longitude, latitude] in degrees
    """

    points: tuple[tuple[float, float], ...]
    frame: Literal["local", "geographic"] = "local"


class EventRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event rule.

    Attributes
    ----------
    title : what is wrong, without the thing's name
    open, close : conditions (`twin.perception.rules_language`); ``close`` "" = ``open`` is not true
    properties, kinds, things, datastreams : what it is about; ``*`` and ``?`` as usual, each that
        is named must fit
    areas : names of `places`; the thing stands in one of them
    per : "datastream" = an alarm for each, "area" = one for each area
    needs : of an area, how many of its datastreams: "any", "all" or a number
    open_for_s, close_for_s : the condition must hold so long without a break
    max_age_s : an older sample counts as not known; 0 = three intervals, at least a minute
    root : id of a rule whose alarm this one follows from
    latched : the alarm stays until somebody resets it
    suppress_when : while this holds its open alarms are suppressed
    thresholds : name -> id of thing or datastream (or "default") -> number
    inputs : name -> datastream id; ``{thing}`` and names of links are filled in
    links : name -> thing id -> id of another
    places : areas by name
    """

    id: str
    title: str
    open: str
    close: str = ""
    text: str = ""
    properties: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    datastreams: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    per: Literal["datastream", "area"] = "datastream"
    needs: Literal["any", "all"] | int = "any"
    open_for_s: float = 0.0
    close_for_s: float = 0.0
    max_age_s: float = 0.0
    priority: Priority = Priority.MEDIUM
    response: str = ""
    department: str = ""
    root: str = ""
    latched: bool = False
    suppress_when: str = ""
    thresholds: dict[str, dict[str, float]] = {}
    inputs: dict[str, str] = {}
    links: dict[str, dict[str, str]] = {}
    places: dict[str, Area] = {}


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its conditions parsed.

    Attributes
    ----------
    close, suppress : None where the rule says nothing
    names : columns that any of the conditions looks at
    """

    rule: EventRule
    open: Condition
    close: Condition | None = None
    suppress: Condition | None = None
    names: frozenset[str] = field(default_factory=frozenset)


def compiled(rule: EventRule) -> CompiledRule:
    """Check a rule and parse its conditions.

    Raises
    ------
    RuleError
        The first thing that is wrong with it.
    """
    _check_texts(rule)
    _check_numbers(rule)
    _check_tables(rule)
    _check_areas(rule)
    names = (*rule.thresholds, *rule.inputs)
    parsed = {
        name: _parsed(name, getattr(rule, name), names)
        for name in ("open", "close", "suppress_when")
    }
    used = frozenset[str]().union(*(one.names for one in parsed.values() if one))
    for what in ("thresholds", "inputs"):
        for name in getattr(rule, what):
            if name not in used:
                raise RuleError(f"“{name}” is not used in a condition", what)
    opened = parsed["open"]
    assert opened is not None  # noqa: S101 - it is not empty, see _check_texts
    return CompiledRule(rule, opened, parsed["close"], parsed["suppress_when"], used)


def input_names(rule: EventRule) -> Iterator[str]:
    """Names in braces of the rule's inputs."""
    return (match[1] for one in rule.inputs.values() for match in _PLACE.finditer(one))


def input_of(rule: EventRule, name: str, thing_id: str) -> str:
    """Id of the datastream that an input means at a thing; "" where a link does not name it."""
    text = rule.inputs[name].replace("{thing}", thing_id)
    for link in set(_PLACE.findall(text)):
        other = rule.links.get(link, {}).get(thing_id, "")
        if not other:
            return ""
        text = text.replace(f"{{{link}}}", other)
    return text


def threshold_of(table: Mapping[str, float], thing_id: str, datastream_id: str) -> float | None:
    """The threshold of one datastream, None where there is none."""
    for key in (datastream_id, thing_id, "default"):
        if key in table:
            return table[key]
    return None


def _parsed(field: str, source: str, names: tuple[str, ...]) -> Condition | None:
    if not source.strip():
        return None
    try:
        return parse_condition(source, names)
    except RuleTextError as error:
        raise RuleError(str(error), field, error.line, error.column) from error


def _check_texts(rule: EventRule) -> None:
    if not _ID.fullmatch(rule.id) or len(rule.id) > MAX_ID:
        what = f"an id has 1 to {MAX_ID} letters, digits, - _ and ."
        raise RuleError(what, "id")
    for name in ("title", "open"):
        if not getattr(rule, name).strip():
            raise RuleError(f'it needs {name} = "…"', name)
    for name in ("title", "text", "response", "department", "root"):
        if len(getattr(rule, name)) > MAX_TEXT:
            raise RuleError(f"{name} has over {MAX_TEXT} letters", name)
    if rule.root == rule.id:
        raise RuleError("a rule is not its own root", "root")
    targets = ("properties", "kinds", "things", "datastreams")
    if not any(getattr(rule, name) for name in targets):
        raise RuleError(f"it must say what it is about: {', '.join(targets[:-1])} or datastreams")
    for name in (*targets, "areas"):
        many = getattr(rule, name)
        if len(many) > MAX_ENTRIES or any(not one or len(one) > MAX_TEXT for one in many):
            raise RuleError(f"{name} holds at most {MAX_ENTRIES:,} names of letters", name)


def _check_numbers(rule: EventRule) -> None:
    for name in ("open_for_s", "close_for_s", "max_age_s"):
        if not 0 <= getattr(rule, name) <= LONGEST_S:
            raise RuleError(f"{name} lies between 0 and a week", name)
    if isinstance(rule.needs, int) and not 1 <= rule.needs <= 1_000_000:
        raise RuleError("needs is “any”, “all” or a number from 1 on", "needs")
    if rule.per == "datastream" and rule.needs != "any":
        raise RuleError('needs goes with per = "area"', "needs")


def _check_tables(rule: EventRule) -> None:
    for what in ("thresholds", "inputs"):
        tables = getattr(rule, what)
        if len(tables) > MAX_INPUTS:
            raise RuleError(f"it has over {MAX_INPUTS} {what}", what)
        for name in tables:
            if not _NAME.fullmatch(name) or name in RESERVED:
                text = f"nothing can be called “{name}” here; use small letters and _, no CEL word"
                raise RuleError(text, what)
    twice = set(rule.thresholds) & set(rule.inputs)
    if twice:
        raise RuleError(f"“{twice.pop()}” is both a threshold and an input", "inputs")
    if not all(math.isfinite(one) for table in rule.thresholds.values() for one in table.values()):
        raise RuleError("a threshold is a finite number", "thresholds")
    for tables in (rule.thresholds, rule.links):
        for name, table in tables.items():
            if len(table) > MAX_ENTRIES:
                raise RuleError(f"“{name}” has over {MAX_ENTRIES:,} entries")
    for name in input_names(rule):
        if name != "thing" and name not in rule.links:
            known = ("thing", *rule.links)
            raise RuleError(f"there is no [links.{name}]; {known_are(name, known)}", "inputs")


def _check_areas(rule: EventRule) -> None:
    for name in rule.areas:
        if name not in rule.places:
            what = f"there is no [areas.{name}]; {known_are(name, tuple(rule.places))}"
            raise RuleError(what, "areas")
    for name, area in rule.places.items():
        if not 3 <= len(area.points) <= MAX_CORNERS:
            raise RuleError(f"the area “{name}” has 3 to {MAX_CORNERS:,} corners", "areas")
