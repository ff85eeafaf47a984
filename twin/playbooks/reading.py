"""Reads playbooks from YAML; what is wrong is said with file and line. Nothing is executed.

The format is described in docs/playbooks.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from twin.commands.base import CommandType
from twin.errors import TwinError
from twin.near_names import near_names
from twin.playbooks.model import (
    USUAL_REACH_M,
    After,
    Choice,
    Order,
    Playbook,
    Source,
    Step,
)
from twin.playbooks.rules import first_fault
from twin.registry import Registry
from twin.yaml_lines import LINE, YamlError, keys_of, line_of_key, parse_yaml, plain

MAX_BYTES = 1 << 18
_TOP = ("id", "title", "version", "kind", "text", "departments", "steps")
_STEP = (
    "id", "title", "text", "department", "after", "deadline", "collect", "guard", "guard_text",
    "command", "choices",
)  # fmt: skip
_SOURCE = ("kind", "property", "within_m", "take")
_ORDER = ("type", "target", "kind", "within_m", "args")
_CHOICE = ("title", "when")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3_600.0}
_DEADLINE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h)(?:\s+after\s+(\S+))?")


class PlaybookError(TwinError):
    """A playbook cannot be used; the text names file, line and what to do."""


def read_playbook(path: Path, types: Registry[CommandType]) -> Playbook:
    """Read and check a playbook; its id is the file's name unless it says another.

    Raises
    ------
    PlaybookError
        With file and line.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        text = content.decode("utf-8")
    except OSError as error:
        raise PlaybookError(f"The playbook cannot be read ({error.strerror}): {path}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PlaybookError(f"{path}, line {line}: this is no UTF-8 text") from error
    if len(content) > MAX_BYTES:
        raise PlaybookError(f"{path} has over {MAX_BYTES:,} bytes; make several playbooks of it")
    return parse_playbook(text, path, types)


def parse_playbook(text: str, path: Path, types: Registry[CommandType]) -> Playbook:
    """Check the text of a playbook, raises `PlaybookError`."""
    reading = _Reading(path)
    top = reading.top(text)
    playbook = reading.playbook(top)
    fault = first_fault(playbook, types)
    if fault is not None:
        entry = top["steps"][fault.step] if fault.step >= 0 else top
        raise reading.wrong(line_of_key(entry, fault.key), fault.what)
    return playbook


class _Reading:
    """One file while it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def top(self, text: str) -> dict[str, Any]:
        try:
            top = parse_yaml(text)
        except YamlError as error:
            raise self.wrong(max(error.line, 1), str(error)) from error
        if not isinstance(top, dict):
            raise self.wrong(1, "a playbook begins with “title:”")
        return top

    def playbook(self, top: dict[str, Any]) -> Playbook:
        self._only(top, _TOP, "a playbook")
        if top.get("version", 1) != 1:
            version = top["version"]
            what = f"this program reads playbooks of version 1, not {version!r}"
            raise self._at(top, what, "version")
        listed = top.get("steps")
        if not isinstance(listed, list) or not listed:
            raise self._at(top, "it needs a list “steps:”")
        steps = [self._map(top, entry, "a step", "{id: …, title: …}", "steps") for entry in listed]
        return Playbook(
            id=self._text(top, "id", self._path.stem), title=self._text(top, "title"),
            kind=self._text(top, "kind"), text=self._text(top, "text"),
            departments=self._texts(top, "departments"),
            steps=tuple(self._step(entry) for entry in steps),
        )  # fmt: skip

    def _step(self, entry: dict[str, Any]) -> Step:
        self._only(entry, _STEP, "a step")
        deadline_s, deadline_of = self._deadline(entry)
        return Step(
            id=self._text(entry, "id"), title=self._text(entry, "title"),
            text=self._text(entry, "text"), department=self._text(entry, "department"),
            after=tuple(self._after(one) for one in self._texts(entry, "after")),
            deadline_s=deadline_s, deadline_of=deadline_of,
            collect=self._sources(entry), choices=self._choices(entry),
            guard=self._text(entry, "guard"), guard_text=self._text(entry, "guard_text"),
            command=self._order(entry),
        )  # fmt: skip

    def _after(self, text: str) -> After:
        step, _, choice = text.partition("=")
        return After(step=step.strip(), choice=choice.strip())

    def _deadline(self, entry: dict[str, Any]) -> tuple[float, str]:
        said = self._text(entry, "deadline")
        if not said:
            return 0.0, ""
        found = _DEADLINE.fullmatch(said.strip())
        if found is None:
            what = (
                f"a deadline is like “5 min”, “90 s after start” or “1 h after STEP”, not “{said}”"
            )
            raise self._at(entry, what, "deadline")
        return float(found[1]) * _SECONDS[found[2]], found[3] or ""

    def _sources(self, entry: dict[str, Any]) -> tuple[Source, ...]:
        found = []
        for name, one in self._named(entry, "collect", "{level: {kind: gate}}"):
            self._only(one, _SOURCE, f"“{name}”")
            found.append(
                Source(
                    name=name, kind=self._text(one, "kind", "*"),
                    property=self._text(one, "property", "*"),
                    within_m=self._number(one, "within_m", USUAL_REACH_M),
                    take=self._text(one, "take", "nearest"),
                )
            )  # fmt: skip
        return tuple(found)

    def _choices(self, entry: dict[str, Any]) -> tuple[Choice, ...]:
        listed = entry.get("choices", {})
        if isinstance(listed, dict):  # a title alone will do
            around = listed
            listed = {
                name: {"title": one, LINE: line_of_key(around, name)}
                if isinstance(one, str)
                else one
                for name, one in around.items()
            }
        found = []
        for name, one in self._named({**entry, "choices": listed}, "choices", "{yes: Over 1 m}"):
            self._only(one, _CHOICE, f"the choice “{name}”")
            title, when = self._text(one, "title"), self._text(one, "when")
            found.append(Choice(id=name, title=title, when=when))
        return tuple(found)

    def _order(self, entry: dict[str, Any]) -> Order | None:
        if "command" not in entry:
            return None
        example = "{type: road.close, kind: …}"
        told = self._map(entry, entry["command"], "“command”", example, "command")
        self._only(told, _ORDER, "a command")
        args = told.get("args", {})
        if not isinstance(args, dict):
            raise self._at(told, "“args” is a map of the command's arguments", "args")
        return Order(
            type_id=self._text(told, "type"), target_id=self._text(told, "target"),
            kind=self._text(told, "kind", "*"),
            within_m=self._number(told, "within_m", USUAL_REACH_M), args=plain(args),
        )  # fmt: skip

    # --- entries ----------------------------------------------------------------------------------

    def _named(
        self, entry: dict[str, Any], key: str, example: str
    ) -> Iterable[tuple[str, dict[str, Any]]]:
        listed = entry.get(key, {})
        if not isinstance(listed, dict):
            raise self._at(entry, f"“{key}” is a map such as {example}", key)
        for name in keys_of(listed):
            yield name, self._map(listed, listed[name], f"“{name}”", example, name)

    def _map(
        self, around: dict[str, Any], entry: Any, what: str, example: str, key: str
    ) -> dict[str, Any]:
        if not isinstance(entry, dict):
            wrong = f"{what} is a map such as {example}, not {plain(entry)!r:.60}"
            raise self._at(around, wrong, key)
        return entry

    def _text(self, entry: dict[str, Any], key: str, default: str = "") -> str:
        value = entry.get(key, default)
        if value is None:
            return default
        if not isinstance(value, str):
            what = f"“{key}” is a text, not {plain(value)!r:.60}; put it in quotes"
            raise self._at(entry, what, key)
        return value.strip()

    def _texts(self, entry: dict[str, Any], key: str) -> tuple[str, ...]:
        value = entry.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise self._at(entry, f"“{key}” is a list of names, not {plain(value)!r:.60}", key)
        return tuple(one.strip() for one in listed)

    def _number(self, entry: dict[str, Any], key: str, default: float) -> float:
        value = entry.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._at(entry, f"“{key}” is a number, not {plain(value)!r:.60}", key)
        return float(value)

    def _only(self, entry: dict[str, Any], known: Sequence[str], where: str) -> None:
        for key in keys_of(entry):
            if key not in known:
                near = near_names(key, known)
                hint = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
                raise self._at(entry, f"{where} has no “{key}”; {hint}", key)

    def _at(self, entry: dict[str, Any], what: str, key: str = "") -> PlaybookError:
        return self.wrong(line_of_key(entry, key), what)

    def wrong(self, line: int, what: str) -> PlaybookError:
        return PlaybookError(f"{self._path}, line {line}: {what}")
