"""Reads interlocks from TOML; what is wrong is said with file, line, rule and what to do."""

from __future__ import annotations

import hashlib
import re
import tomllib
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
from twin.near_names import near_names
from twin.security.policy_file import PolicyError, polygon_of
from twin.security.rules import Places
from twin.toml_lines import line_of

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
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InterlocksError(
            f"The interlocks cannot be read ({error.strerror}): {path}"
        ) from error
    return read_interlocks(content, str(path))


def read_interlocks(content: bytes, where: str) -> Rules:
    """Read the text of a file; `where` names it in errors. Raises `InterlocksError`."""
    if len(content) > MAX_BYTES:
        raise InterlocksError(
            f"{where} has over {MAX_BYTES:,} bytes; no city needs that many rules"
        )
    try:
        text = content.decode("utf-8")
        table = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InterlocksError(f"{where} is not TOML: {error}") from error
    reading = _Reading(where=where, lines=text.splitlines(), table=table)
    return reading.rules(hashlib.sha256(content).hexdigest())


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

    where: str
    lines: Sequence[str]
    table: Mapping[str, Any]

    def rules(self, fingerprint: str) -> Rules:
        """Everything in it, checked."""
        self._require_known(self.table, _KEYS, "")
        version, name = self.table.get("version"), self.table.get("name", "")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            what = "version must be a whole number from 1 on; count it up by hand"
            raise self._error(what, field="version")
        if not isinstance(name, str):
            raise self._error("name must be a text", field="name")
        links, places = self._links(), self._places()
        rules = tuple(self._rule(i, row) for i, row in enumerate(self._rows()))
        expressions: dict[str, Expression] = {}
        for i, rule in enumerate(rules):
            if rule.id in expressions:
                raise self._rule_error(i, f"a second rule has the id “{rule.id}”", "id")
            self._check(i, rule, links, places)
            expressions[rule.id] = self._expression(i, rule)
        return Rules(
            fingerprint=fingerprint, rules=rules, expressions=expressions, links=links,
            places=places, name=name,
        )  # fmt: skip

    # --- rules ----------------------------------------------------------------------------------

    def _rows(self) -> Sequence[Any]:
        rows = self.table.get("interlock", [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._error("write [[interlock]] with two brackets, once for each rule")
        if len(rows) > MAX_RULES:
            raise self._error(f"there are over {MAX_RULES} rules; nobody could oversee them")
        return rows

    def _rule(self, i: int, row: dict[str, Any]) -> Rule:
        known = [one.name for one in msgspec.structs.fields(Rule)]
        for name in row:
            if name not in known:
                raise self._rule_error(i, _unknown(name, known), name)
        for name in ("id", "title", "text", "blocks_when"):
            if not isinstance(row.get(name), str) or not row[name].strip():
                raise self._rule_error(i, f'it needs {name} = "…"', name)
        try:
            return msgspec.convert(row, Rule)
        except msgspec.ValidationError as error:
            what, _, place = str(error).partition(" - at ")
            name = place.strip("`").removeprefix("$.").partition("[")[0]
            raise self._rule_error(i, f"{name or 'the rule'}: {what}", name) from error

    def _check(
        self, i: int, rule: Rule, links: Mapping[str, Mapping[str, str]], places: Places
    ) -> None:
        for name in ("id", "title", "text"):
            if len(getattr(rule, name)) > MAX_TEXT:
                raise self._rule_error(i, f"{name} has over {MAX_TEXT} letters", name)
        if not 0 < rule.max_age_s <= _LONGEST_AGE_S:
            raise self._rule_error(i, "max_age_s lies between 0 and a week", "max_age_s")
        if not rule.at:
            raise self._rule_error(i, "at names no stage; then the rule would never be asked", "at")
        self._check_inputs(i, rule, ("target", *links))
        self._check_names(i, rule, sorted({*places.lon_lat, *places.local}))

    def _check_inputs(self, i: int, rule: Rule, known: Sequence[str]) -> None:
        if len(rule.inputs) > MAX_INPUTS:
            raise self._rule_error(i, f"it has over {MAX_INPUTS} inputs", "inputs")
        for name in rule.inputs:
            if not _NAME.fullmatch(name) or name in RESERVED:
                what = f"an input cannot be called “{name}”; use small letters and _, no CEL word"
                raise self._rule_error(i, what, "inputs")
        for name in link_names(rule):
            if name not in known:
                what = f"inputs name “{{{name}}}”, but there is no [links.{name}]"
                raise self._rule_error(i, f"{what}; {_known(name, known)}", "inputs")

    def _check_names(self, i: int, rule: Rule, areas: Sequence[str]) -> None:
        named = {*rule.inputs, *link_names(rule), "target", "other"}
        for name in placeholders_of(rule.text):
            if name not in named:
                raise self._rule_error(i, f"text: {_unknown(name, sorted(named))}", "text")
        for name in rule.areas:
            if name not in areas:
                what = f"there is no [areas.{name}]"
                raise self._rule_error(i, f"{what}; {_known(name, areas)}", "areas")

    def _expression(self, i: int, rule: Rule) -> Expression:
        try:
            expression = expression_of(rule.blocks_when, tuple(rule.inputs))
        except ExpressionError as error:
            line = line_of(self.lines, "interlock", i, "blocks_when")
            place = f", letter {error.column}" if error.column else ""
            if line is not None and error.line:
                opens_below = self.lines[line - 1].rstrip().endswith(('"""', "'''"))
                line += error.line - 1 + opens_below
            at = self.where if line is None else f"{self.where}, line {line}"
            raise InterlocksError(
                f"{at}, [[interlock]] “{rule.id}”, blocks_when{place}: {error}"
            ) from error
        if rule.others and not expression.mentions("others"):
            raise self._rule_error(
                i, "it names others, but blocks_when does not look at them", "others"
            )
        unused = [name for name in rule.inputs if not expression.mentions(name)]
        if unused:
            what = f"the input “{unused[0]}” is not used in blocks_when"
            raise self._rule_error(i, what, "inputs")
        return expression

    # --- links and areas --------------------------------------------------------------------------

    def _links(self) -> dict[str, dict[str, str]]:
        links = self.table.get("links", {})
        if not isinstance(links, dict):
            raise self._error("write [links.NAME] for each kind of link")
        for name, pairs in links.items():
            if not _NAME.fullmatch(name) or name in ("target", "other"):
                raise self._error(f"a link cannot be called “{name}”", f"links.{name}")
            is_fit = isinstance(pairs, dict) and all(isinstance(one, str) for one in pairs.values())
            if not is_fit:
                what = f'[links.{name}] holds lines like "gate-1" = "pump-2"'
                raise self._error(what, f"links.{name}")
        return links

    def _places(self) -> Places:
        areas = self.table.get("areas", {})
        if not isinstance(areas, dict):
            raise self._error("write [areas.NAME] for each area")
        lon_lat: dict[str, Polygon] = {}
        local: dict[str, Polygon] = {}
        for name, area in areas.items():
            try:
                polygon, is_lon_lat = polygon_of(area)
            except PolicyError as error:
                raise self._error(f"area “{name}”: {error}", f"areas.{name}") from error
            (lon_lat if is_lon_lat else local)[name] = polygon
        return Places(lon_lat=lon_lat, local=local)

    # --- errors ---------------------------------------------------------------------------------

    def _require_known(self, table: Mapping[str, Any], known: Sequence[str], head: str) -> None:
        for name in table:
            if name not in known:
                raise self._error(_unknown(name, known), head, name)

    def _rule_error(self, i: int, what: str, field: str = "") -> InterlocksError:
        rows = self.table["interlock"]
        title = rows[i].get("id")
        rule = f"“{title}”" if isinstance(title, str) and title else f"number {i + 1}"
        line = line_of(self.lines, "interlock", i, field)
        at = self.where if line is None else f"{self.where}, line {line}"
        return InterlocksError(f"{at}, [[interlock]] {rule}: {what}")

    def _error(self, what: str, head: str = "", field: str = "") -> InterlocksError:
        line = line_of(self.lines, head, field=field)
        if line is None and field:
            line = line_of(self.lines, field)
        at = self.where if line is None else f"{self.where}, line {line}"
        return InterlocksError(f"{at}: {what}")


def _unknown(name: str, known: Sequence[str]) -> str:
    return f"nothing is called “{name}”; {_known(name, known)}"


def _known(name: str, known: Sequence[str]) -> str:
    near = near_names(name, known)
    return f"did you mean {near}" if near else f"known are {', '.join(known)}"
