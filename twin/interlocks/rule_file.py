"""Reads interlocks from TOML; what is wrong is said with file, line, rule and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
from shapely import Polygon

from twin.errors import TwinError
from twin.interlocks.expression import (
    RESERVED,
    Expression,
    ExpressionError,
    expression_of,
    placeholders_of,
)
from twin.interlocks.rules import Rule, Rules, link_names
from twin.near_names import known_are
from twin.security.policy_file import PolicyError, polygon_of
from twin.security.rules import Places
from twin.toml_lines import TomlFile, content_of, toml_file, unfit_field, unknown

MAX_BYTES = 1 << 18
MAX_RULES = 200
MAX_TEXT = 500
MAX_INPUTS = 20
_LONGEST_AGE_S = 7 * 86_400.0
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_KEYS = ("version", "name", "links", "areas", "interlock")


class InterlocksError(TwinError):
    """A file of interlocks cannot be used; nothing of it is."""


def load_interlocks(path: Path) -> Rules:
    """Read a file of interlocks.

    Raises
    ------
    InterlocksError
        It cannot be read, or something in it is wrong: the first such thing, with its place.
    """
    content = content_of(path, MAX_BYTES, InterlocksError, noun="interlocks")
    return read_interlocks(content, str(path))


def read_interlocks(content: bytes, where: str) -> Rules:
    """Read the text of a file; `where` names it in errors. Raises `InterlocksError`."""
    advice = "; no city needs that many rules"
    return _Reading(toml_file(content, where, MAX_BYTES, InterlocksError, advice=advice)).rules()


def unmatched_actions(rules: Rules, known: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Action patterns that fit no known command type: (rule id, pattern), for a warning."""
    types = tuple(known)
    return tuple(
        (rule.id, pattern)
        for rule in rules.rules
        for pattern in (*rule.actions, *rule.others)
        if not any(fnmatchcase(one, pattern) for one in types)
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file while it is read."""

    file: TomlFile[InterlocksError]

    def rules(self) -> Rules:
        """Everything in it, checked."""
        self.file.require_known(_KEYS)
        _version, name = self.file.version_and_name()
        links, places = self._links(), self._places()
        rules = tuple(
            self._rule(i, row) for i, row in enumerate(self.file.rows("interlock", MAX_RULES))
        )
        expressions: dict[str, Expression] = {}
        for i, rule in enumerate(rules):
            if rule.id in expressions:
                raise self._wrong(i, f"a second rule has the id “{rule.id}”", "id")
            self._check(i, rule, links, places)
            expressions[rule.id] = self._expression(i, rule)
        return Rules(
            fingerprint=self.file.fingerprint, rules=rules, expressions=expressions, links=links,
            places=places, name=name,
        )  # fmt: skip

    # --- rules ----------------------------------------------------------------------------------

    def _rule(self, i: int, row: dict[str, Any]) -> Rule:
        known = [one.name for one in msgspec.structs.fields(Rule)]
        for name in row:
            if name not in known:
                raise self._wrong(i, unknown(name, known), name)
        for name in ("id", "title", "text", "blocks_when"):
            if not isinstance(row.get(name), str) or not row[name].strip():
                raise self._wrong(i, f'it needs {name} = "…"', name)
        try:
            return msgspec.convert(row, Rule)
        except msgspec.ValidationError as error:
            raise self._wrong(i, *unfit_field(error)) from error

    def _wrong(self, i: int, what: str, field: str = "") -> InterlocksError:
        return self.file.wrong_rule("interlock", i, what, field)

    def _check(
        self, i: int, rule: Rule, links: Mapping[str, Mapping[str, str]], places: Places
    ) -> None:
        for name in ("id", "title", "text"):
            if len(getattr(rule, name)) > MAX_TEXT:
                raise self._wrong(i, f"{name} has over {MAX_TEXT} letters", name)
        if not 0 < rule.max_age_s <= _LONGEST_AGE_S:
            raise self._wrong(i, "max_age_s lies between 0 and a week", "max_age_s")
        if not rule.at:
            raise self._wrong(i, "at names no stage; then the rule would never be asked", "at")
        self._check_inputs(i, rule, ("target", *links))
        self._check_names(i, rule, sorted({*places.lon_lat, *places.local}))

    def _check_inputs(self, i: int, rule: Rule, known: Sequence[str]) -> None:
        if len(rule.inputs) > MAX_INPUTS:
            raise self._wrong(i, f"it has over {MAX_INPUTS} inputs", "inputs")
        for name in rule.inputs:
            if not _NAME.fullmatch(name) or name in RESERVED:
                what = f"an input cannot be called “{name}”; use small letters and _, no CEL word"
                raise self._wrong(i, what, "inputs")
        for name in link_names(rule):
            if name not in known:
                what = f"inputs name “{{{name}}}”, but there is no [links.{name}]"
                raise self._wrong(i, f"{what}; {known_are(name, known)}", "inputs")

    def _check_names(self, i: int, rule: Rule, areas: Sequence[str]) -> None:
        named = {*rule.inputs, *link_names(rule), "target", "other"}
        for name in placeholders_of(rule.text):
            if name not in named:
                raise self._wrong(i, f"text: {unknown(name, sorted(named))}", "text")
        for name in rule.areas:
            if name not in areas:
                what = f"there is no [areas.{name}]"
                raise self._wrong(i, f"{what}; {known_are(name, areas)}", "areas")

    def _expression(self, i: int, rule: Rule) -> Expression:
        try:
            expression = expression_of(rule.blocks_when, tuple(rule.inputs))
        except ExpressionError as error:
            raise self.file.wrong_text(
                "interlock", i, str(error), "blocks_when", line=error.line, column=error.column
            ) from error
        if rule.others and not expression.mentions("others"):
            raise self._wrong(i, "it names others, but blocks_when does not look at them", "others")
        unused = [name for name in rule.inputs if not expression.mentions(name)]
        if unused:
            what = f"the input “{unused[0]}” is not used in blocks_when"
            raise self._wrong(i, what, "inputs")
        return expression

    # --- links and areas --------------------------------------------------------------------------

    def _links(self) -> dict[str, dict[str, str]]:
        links = self.file.table.get("links", {})
        if not isinstance(links, dict):
            raise self.file.wrong("write [links.NAME] for each kind of link")
        for name, pairs in links.items():
            if not _NAME.fullmatch(name) or name in ("target", "other"):
                raise self.file.wrong(f"a link cannot be called “{name}”", f"links.{name}")
            is_fit = isinstance(pairs, dict) and all(isinstance(one, str) for one in pairs.values())
            if not is_fit:
                what = f'[links.{name}] holds lines like "gate-1" = "pump-2"'
                raise self.file.wrong(what, f"links.{name}")
        return links

    def _places(self) -> Places:
        areas = self.file.table.get("areas", {})
        if not isinstance(areas, dict):
            raise self.file.wrong("write [areas.NAME] for each area")
        lon_lat: dict[str, Polygon] = {}
        local: dict[str, Polygon] = {}
        for name, area in areas.items():
            try:
                polygon, is_lon_lat = polygon_of(area)
            except PolicyError as error:
                raise self.file.wrong(f"area “{name}”: {error}", f"areas.{name}") from error
            (lon_lat if is_lon_lat else local)[name] = polygon
        return Places(lon_lat=lon_lat, local=local)
