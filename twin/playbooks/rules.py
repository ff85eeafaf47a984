"""What a playbook must be like. Pure; the same checks for files and for what comes by wire."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from twin.commands.base import DEPARTMENTS, CommandType, may_issue
from twin.commands.params import field_errors
from twin.interlocks.expression import (
    FACTS,
    RESERVED,
    Expression,
    ExpressionError,
    expression_of,
)
from twin.near_names import near_names
from twin.playbooks.model import TAKES, Order, Playbook, Source, Step
from twin.registry import Registry

MOST_STEPS: Final = 60
MOST_SOURCES: Final = 12
MOST_CHOICES: Final = 8
MOST_DEPARTMENTS: Final = 20
MOST_LETTERS: Final = 2_000
LONGEST_TITLE: Final = 200
FURTHEST_M: Final = 20_000.0
LONGEST_S: Final = 7 * 86_400.0
#: Numbers about the incident that every guard may use.
ROOM_FACTS: Final = ("minutes", "severity", "units_on_scene", "departments_waiting")
_ID = re.compile(r"[a-z][a-z0-9_-]{0,23}")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,23}")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_STANDS_FOR: Final[Mapping[str, Any]] = {
    "incident.x": 0.0, "incident.y": 0.0, "incident.title": "Incident"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong; `step` is its number in the playbook, -1 = the playbook as a whole.

    ``key`` is what of the step is wrong, as files call it, "" = all of it.
    """

    step: int
    what: str
    key: str = ""


def first_fault(playbook: Playbook, types: Registry[CommandType]) -> Fault | None:
    """The first thing that is wrong with a playbook, None if nothing is."""
    return next(faults(playbook, types), None)


def faults(playbook: Playbook, types: Registry[CommandType]) -> Iterator[Fault]:
    """Everything that is wrong, in the order of the steps."""
    whole = _whole_fault(playbook)
    if whole:
        yield Fault(-1, whole)
        return
    seen: set[str] = set()
    for number, step in enumerate(playbook.steps):
        for key, what in _step_faults(playbook, step, types):
            yield Fault(number, what, key)
        if step.id in seen:
            yield Fault(number, f"a second step is called “{step.id}”", "id")
        seen.add(step.id)
    circle = circle_of(playbook)
    if circle:
        number = [step.id for step in playbook.steps].index(circle[0])
        what = f"it waits for itself: {' after '.join((*circle, circle[0]))}"
        yield Fault(number, what, "after")


def unknown_departments(playbook: Playbook) -> list[tuple[str, str]]:
    """Departments that no command type names, with names that are spelled much like them."""
    named = (*playbook.departments, *(step.department for step in playbook.steps))
    unknown = (name for name in dict.fromkeys(named) if name and name not in DEPARTMENTS)
    return [(name, near_names(name, DEPARTMENTS)) for name in unknown]


def guard_of(step: Step) -> Expression | None:
    """The compiled guard of a sound step, None if it has none."""
    return expression_of(step.guard, names_of(step)) if step.guard else None


def names_of(step: Step) -> tuple[str, ...]:
    """Names that the expressions of a step may use."""
    return (*(one.name for one in step.collect if one.take != "every"), *ROOM_FACTS)


def filled_args(args: Mapping[str, Any], stands_for: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a command with the incident's values in the places of ``{incident.…}``."""
    return {name: _filled(value, stands_for) for name, value in args.items()}


def ancestors_of(playbook: Playbook, step_id: str) -> frozenset[str]:
    """All steps that have ended when a step opens."""
    found: set[str] = set()
    waiting = [step_id]
    while waiting:
        step = playbook.step(waiting.pop())
        for one in step.after if step is not None else ():
            if one.step not in found:
                found.add(one.step)
                waiting.append(one.step)
    return frozenset(found)


def circle_of(playbook: Playbook) -> tuple[str, ...]:
    """Steps that wait for each other, () if there are none."""
    for step in playbook.steps:
        if step.id in ancestors_of(playbook, step.id):
            return _way_back(playbook, step.id)
    return ()


def _way_back(playbook: Playbook, start: str) -> tuple[str, ...]:
    ways: list[tuple[str, ...]] = [(start,)]
    while ways:
        way = ways.pop(0)
        step = playbook.step(way[-1])
        for one in step.after if step is not None else ():
            if one.step == start:
                return way
            if one.step not in way:
                ways.append((*way, one.step))
    return (start,)


def _whole_fault(playbook: Playbook) -> str:
    if not _ID.fullmatch(playbook.id):
        return f"its id “{playbook.id[:40]}” is no word of 1 to 24 small letters, digits and dashes"
    if not 0 < len(playbook.title.strip()) <= LONGEST_TITLE:
        return f"it needs a title of 1 to {LONGEST_TITLE} letters"
    if not 0 < len(playbook.steps) <= MOST_STEPS:
        return f"it needs 1 to {MOST_STEPS} steps"
    if len(playbook.text) > MOST_LETTERS or len(playbook.kind) > 64:
        return f"its text has over {MOST_LETTERS:,} letters, or its kind over 64"
    if len(playbook.departments) > MOST_DEPARTMENTS:
        return f"it asks over {MOST_DEPARTMENTS} departments"
    if not all(0 < len(name) <= 64 for name in playbook.departments):
        return "a department has a name of 1 to 64 letters"
    return ""


def _step_faults(
    playbook: Playbook, step: Step, types: Registry[CommandType]
) -> Iterator[tuple[str, str]]:
    """What of a step is wrong, and how."""
    if not _ID.fullmatch(step.id):
        what = f"the id “{step.id[:40]}” is no word of 1 to 24 small letters, digits and dashes"
        yield "id", what
    if not 0 < len(step.title.strip()) <= LONGEST_TITLE:
        yield "title", f"a step needs a title of 1 to {LONGEST_TITLE} letters"
    if max(len(step.text), len(step.guard_text)) > MOST_LETTERS or len(step.department) > 64:
        yield "text", f"it has over {MOST_LETTERS:,} letters in a text, or over 64 in a department"
    for what in _after_faults(playbook, step):
        yield "after", what
    for what in _deadline_faults(playbook, step):
        yield "deadline", what
    for what in _source_faults(step.collect):
        yield "collect", what
    for what in _choice_faults(step):
        yield "choices", what
    yield from _expression_faults(step)
    if step.command is not None:
        what = _command_fault(step, step.command, types)
        if what:
            yield "command", what


def _after_faults(playbook: Playbook, step: Step) -> Iterator[str]:
    ids = [one.id for one in playbook.steps]
    for one in step.after:
        other = playbook.step(one.step)
        if other is None:
            yield f"it waits for a step “{one.step[:40]}” that is not there{_near(one.step, ids)}"
        elif one.choice and one.choice not in [choice.id for choice in other.choices]:
            known = [choice.id for choice in other.choices]
            yield f"“{one.step}” has no choice “{one.choice[:40]}”{_near(one.choice, known)}"


def _deadline_faults(playbook: Playbook, step: Step) -> Iterator[str]:
    if not 0 <= step.deadline_s <= LONGEST_S:
        yield "a deadline is at most seven days"
    of, before = step.deadline_of, ancestors_of(playbook, step.id)
    if of not in ("", "start") and of not in before:
        near = _near(of, sorted(before))
        yield f"its deadline counts from “{of[:40]}”, which is no step before it{near}"


def _source_faults(sources: tuple[Source, ...]) -> Iterator[str]:
    if len(sources) > MOST_SOURCES:
        yield f"it collects over {MOST_SOURCES} values"
    seen: set[str] = set()
    for one in sources:
        if not _NAME.fullmatch(one.name) or one.name in RESERVED or one.name in ROOM_FACTS:
            yield f"a value cannot be called “{one.name[:40]}”; take small letters, digits and _"
        if one.name in seen:
            yield f"two values are called “{one.name}”"
        if one.take not in TAKES:
            yield f"“take” is one of {', '.join(TAKES)}, not “{one.take[:40]}”"
        if not 0 < one.within_m <= FURTHEST_M:
            yield f"values are looked for within 1 to {FURTHEST_M:,.0f} m"
        if max(len(one.kind), len(one.property)) > 64:
            yield "a kind or property has at most 64 letters"
        seen.add(one.name)


def _choice_faults(step: Step) -> Iterator[str]:
    ids = [one.id for one in step.choices]
    if step.choices and not 2 <= len(ids) <= MOST_CHOICES:
        yield f"a question has 2 to {MOST_CHOICES} choices"
    if len(set(ids)) < len(ids):
        yield "two choices have the same id"
    for one in step.choices:
        if not _ID.fullmatch(one.id) or not 0 < len(one.title.strip()) <= LONGEST_TITLE:
            yield f"a choice has an id of small letters and a title, not “{one.id[:40]}”"


def _expression_faults(step: Step) -> Iterator[tuple[str, str]]:
    told = [("guard", "guard", step.guard)] if step.guard else []
    told += [("choices", f"choice “{one.id}”", one.when) for one in step.choices if one.when]
    for key, where, source in told:
        what = _expression_fault(source, names_of(step))
        if what:
            yield key, f"its {where}: {what}"


def _expression_fault(source: str, names: tuple[str, ...]) -> str:
    try:
        expression = expression_of(source, names)
    except ExpressionError as error:
        place = f" (letter {error.column})" if error.column else ""
        text = str(error)
        if text.startswith("nothing is called “"):
            text = f"{text.partition(';')[0]}; known are {', '.join(names)}"
        return text + place
    foreign = [name for name in (*FACTS, "others", "inputs") if expression.mentions(name)]
    return f"“{foreign[0]}” is for interlocks; known are {', '.join(names)}" if foreign else ""


def _command_fault(step: Step, order: Order, types: Registry[CommandType]) -> str:
    command_type = types.get(order.type_id)
    if command_type is None:
        return f"no command is called “{order.type_id[:40]}”{_near(order.type_id, types.ids())}"
    is_known = step.department in DEPARTMENTS
    if is_known and not may_issue(command_type, step.department):
        able = ", ".join(command_type.departments)
        return f"{step.department} may not give “{command_type.title}”; that is for {able}"
    if not 0 < order.within_m <= FURTHEST_M or max(len(order.kind), len(order.target_id)) > 200:
        return f"an asset is looked for within 1 to {FURTHEST_M:,.0f} m, by a kind or an id"
    unknown = [name for name in _placeholders(order.args) if name not in _STANDS_FOR]
    if unknown:
        return f"nothing stands for “{{{unknown[0][:40]}}}”; known are {', '.join(_STANDS_FOR)}"
    wrong = field_errors(command_type.params, filled_args(order.args, _STANDS_FOR))
    return f"“{order.type_id}”: {'; '.join(wrong.values())}" if wrong else ""


def _filled(value: Any, stands_for: Mapping[str, Any]) -> Any:
    if not isinstance(value, str):
        return value
    alone = _PLACEHOLDER.fullmatch(value.strip())
    if alone and alone[1] in stands_for:
        return stands_for[alone[1]]
    return _PLACEHOLDER.sub(lambda match: str(stands_for.get(match[1], match[0])), value)


def _placeholders(args: Mapping[str, Any]) -> list[str]:
    texts = [value for value in args.values() if isinstance(value, str)]
    return [name for text in texts for name in _PLACEHOLDER.findall(text)]


def _near(wrong: str, known: Iterable[str]) -> str:
    near = near_names(wrong, list(known))
    return f"; did you mean {near}?" if near else ""
