"""Reads event rules from TOML; what is wrong is said with file, line, rule and what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from twin.errors import TwinError
from twin.near_names import known_are
from twin.perception.rules_language import parse_condition
from twin.perception.rules_model import (
    Area,
    CompiledRule,
    EventRule,
    RuleError,
    compiled,
    input_names,
)
from twin.perception.rules_tokens import RuleTextError
from twin.security.policy_file import PolicyError, polygon_of
from twin.toml_lines import TomlFile, content_of, toml_file, unfit_field, unknown

MAX_BYTES = 1 << 19
MAX_RULES = 200
_KEYS = ("version", "name", "links", "areas", "thresholds", "rule")
#: Fields of a rule that stand in tables of their own.
_SHARED = ("links", "thresholds", "places")
_CONDITIONS = ("open", "close", "suppress_when")


class RuleFileError(TwinError):
    """A file of event rules cannot be used; nothing of it is."""


@dataclass(frozen=True, slots=True)
class RuleSheet:
    """The rules of one file.

    Attributes
    ----------
    file : its name without folders
    fingerprint : SHA-256 of its content, hexadecimal
    """

    file: str
    fingerprint: str
    name: str
    version: int
    rules: tuple[CompiledRule, ...]


def load_rules(path: Path) -> RuleSheet:
    """Read a file of event rules.

    Raises
    ------
    RuleFileError
        It cannot be read, or something in it is wrong: the first such thing, with its place.
    """
    return read_rules(content_of(path, MAX_BYTES, RuleFileError, noun="rules"), str(path))


def read_rules(content: bytes, where: str) -> RuleSheet:
    """Read the text of a file; `where` names it in errors. Raises `RuleFileError`."""
    advice = "; make several files of it"
    return _Reading(toml_file(content, where, MAX_BYTES, RuleFileError, advice=advice)).sheet()


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file while it is read."""

    file: TomlFile[RuleFileError]

    def sheet(self) -> RuleSheet:
        """Everything in it, checked."""
        self.file.require_known(_KEYS)
        version, name = self.file.version_and_name()
        shared = _Shared(self._tables("links", str), self._tables("thresholds", float), {})
        shared.places.update(self._places())
        rules: list[CompiledRule] = []
        for i, row in enumerate(self.file.rows("rule", MAX_RULES)):
            rules.append(self._rule(i, row, shared))
            if any(one.rule.id == rules[-1].rule.id for one in rules[:-1]):
                what = f"a second rule has the id “{rules[-1].rule.id}”"
                raise self._wrong(i, what, "id")
        self._check_roots(rules)
        fingerprint = self.file.fingerprint
        return RuleSheet(Path(self.file.where).name, fingerprint, name, version, tuple(rules))

    def _rule(self, i: int, row: dict[str, Any], shared: _Shared) -> CompiledRule:
        known = tuple(
            one.name for one in msgspec.structs.fields(EventRule) if one.name not in _SHARED
        )
        for name in row:
            if name not in known:
                raise self._wrong(i, unknown(name, known), name)
        for name in ("id", "title", "open"):
            if not isinstance(row.get(name), str) or not row[name].strip():
                raise self._wrong(i, f'it needs {name} = "…"', name)
        try:
            rule = msgspec.convert(row | shared.of(row), EventRule)
        except msgspec.ValidationError as error:
            raise self._wrong(i, *unfit_field(error)) from error
        self._check_names(i, rule, shared)
        try:
            return compiled(rule)
        except RuleError as error:
            if error.field in _CONDITIONS:
                raise self._wrong_condition(i, error) from error
            raise self._wrong(i, str(error), error.field) from error

    def _wrong(self, i: int, what: str, field: str = "") -> RuleFileError:
        return self.file.wrong_rule("rule", i, what, field)

    def _wrong_condition(self, i: int, error: RuleError) -> RuleFileError:
        line, column = error.line, error.column
        return self.file.wrong_text("rule", i, str(error), error.field, line=line, column=column)

    def _check_names(self, i: int, rule: EventRule, shared: _Shared) -> None:
        """Names that only the file as a whole knows, so that the hint can be the right one."""
        for name in rule.areas:
            if name not in shared.places:
                what = f"there is no [areas.{name}]; {known_are(name, tuple(shared.places))}"
                raise self._wrong(i, what, "areas")
        links = ("thing", *shared.links)
        for name in input_names(rule):
            if name not in links:
                what = f"there is no [links.{name}]; {known_are(name, links)}"
                raise self._wrong(i, what, "inputs")
        for name in _CONDITIONS:
            source = getattr(rule, name)
            try:
                if source.strip():
                    parse_condition(source, (*shared.thresholds, *rule.inputs))
            except RuleTextError as error:
                wrong = RuleError(str(error), name, error.line, error.column)
                raise self._wrong_condition(i, wrong) from error

    def _check_roots(self, rules: Sequence[CompiledRule]) -> None:
        ids = tuple(one.rule.id for one in rules)
        for i, one in enumerate(rules):
            root = one.rule.root
            if root and root not in ids:
                what = f"there is no rule “{root}”; {known_are(root, ids)}"
                raise self._wrong(i, what, "root")

    # --- tables ---------------------------------------------------------------------------------

    def _tables(self, head: str, of: type[str] | type[float]) -> dict[str, dict[str, Any]]:
        tables = self.file.table.get(head, {})
        if not isinstance(tables, dict):
            raise self.file.wrong(f"write [{head}.NAME] for each")
        accepted = (int, float) if of is float else str
        example = '"gauge-3" = 2.9' if of is float else '"gate-1" = "pump-2"'
        for name, table in tables.items():
            is_fit = isinstance(table, dict) and all(
                isinstance(one, accepted) and one is not True and one is not False
                for one in table.values()
            )
            is_fit = is_fit and (of is str or all(map(math.isfinite, table.values())))
            if not is_fit:
                raise self.file.wrong(
                    f"[{head}.{name}] holds lines like {example}", f"{head}.{name}"
                )
        return tables

    def _places(self) -> dict[str, dict[str, Any]]:
        areas = self.file.table.get("areas", {})
        if not isinstance(areas, dict):
            raise self.file.wrong("write [areas.NAME] for each area")
        found: dict[str, dict[str, Any]] = {}
        for name, area in areas.items():
            try:
                polygon, is_lon_lat = polygon_of(area)
            except PolicyError as error:
                raise self.file.wrong(f"area “{name}”: {error}", f"areas.{name}") from error
            corners = tuple((float(x), float(y)) for x, y, *_ in polygon.exterior.coords)[:-1]
            placed = Area(points=corners, frame="geographic" if is_lon_lat else "local")
            found[name] = msgspec.to_builtins(placed)
        return found


@dataclass(frozen=True, slots=True)
class _Shared:
    """Tables that all rules of a file may name."""

    links: Mapping[str, Any]
    thresholds: Mapping[str, Any]
    places: dict[str, dict[str, Any]]

    def of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Those that one rule names: a threshold by its name in a condition."""
        conditions = " ".join(str(row.get(name, "")) for name in _CONDITIONS)
        words = set(_words(conditions))
        inputs = row.get("inputs", {})
        in_braces = " ".join(map(str, inputs.values())) if isinstance(inputs, dict) else ""
        areas = row.get("areas", ())
        named = areas if isinstance(areas, list) else ()
        return {
            "thresholds": {name: one for name, one in self.thresholds.items() if name in words},
            "links": {n: one for n, one in self.links.items() if f"{{{n}}}" in in_braces},
            "places": {name: one for name, one in self.places.items() if name in named},
        }


def _words(text: str) -> list[str]:
    return "".join(one if one.isalnum() or one == "_" else " " for one in text).split()
