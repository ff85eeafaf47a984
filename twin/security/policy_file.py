"""Reads a policy from TOML; what is wrong is said with file, line and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from shapely import Polygon

from twin.commands.base import DEPARTMENTS
from twin.errors import TwinError
from twin.near_names import near_names
from twin.security.policy import Policy, departments_of_types
from twin.security.rules import (
    HIGHEST_LEVEL,
    AllowRule,
    ApprovalRule,
    BreakGlassRule,
    DenyRule,
    LeaseRule,
    Places,
    RateRule,
    Rule,
    folded,
    words,
)
from twin.toml_lines import TomlFile, content_of, toml_file, unfit_field, unknown

MAX_POLICY_BYTES = 1 << 20
RULE_TABLES = ("deny", "allow", "approval", "break_glass", "lease", "rate")
_MOST_APPROVERS = 9
_PLAIN_KEYS = ("version", "name", "roles", "departments")
_R = TypeVar("_R", bound=Rule | LeaseRule)


class PolicyError(TwinError):
    """A policy cannot be used; nothing of it is."""


def ready_policy() -> Path:
    """The policy that comes with the program, for a hub with keys that is told none."""
    with as_file(files("resources") / "policies" / "city.toml") as path:
        return Path(path)


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises
    ------
    PolicyError
        It cannot be read, or something in it is wrong: the first such thing, with its place.
    """
    content = content_of(path, MAX_POLICY_BYTES, PolicyError, noun="policy")
    return read_policy(content, str(path))


def read_policy(content: bytes, where: str) -> Policy:
    """Read a policy's text; `where` names it in errors. Raises `PolicyError`."""
    advice = "; no policy needs that"
    file = toml_file(content, where, MAX_POLICY_BYTES, PolicyError, advice=advice)
    return _Reading(file).policy()


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file while it is read."""

    file: TomlFile[PolicyError]

    def policy(self) -> Policy:
        """Everything in it, checked."""
        self.file.require_known((*_PLAIN_KEYS, "areas", *RULE_TABLES))
        version, name = self.file.version_and_name()
        places = self._places()
        policy = Policy(
            version=version,
            name=name,
            fingerprint=self.file.fingerprint,
            places=places,
            denies=self._rules("deny", DenyRule),
            allows=self._rules("allow", AllowRule),
            approvals=self._rules("approval", ApprovalRule),
            break_glass=self._rules("break_glass", BreakGlassRule),
            leases=self._rules("lease", LeaseRule),
            rates=self._rules("rate", RateRule),
            type_departments=departments_of_types(),
        )
        self._check(policy)
        return policy

    def _check(self, policy: Policy) -> None:
        rules = rules_of(policy)
        self._require_own_ids(rules)
        for key, rows in rules.items():
            for i, row in enumerate(rows):
                if isinstance(row, Rule):
                    self._check_names(key, i, row, policy.places)
                sentence = _unfit(row)
                if sentence:
                    raise self.file.wrong_rule(key, i, sentence)

    def _rules(self, key: str, kind: type[_R]) -> tuple[_R, ...]:
        rows = self.file.table.get(key, [])
        if not isinstance(rows, list):
            raise self.file.wrong(_two_brackets(key), field=key)
        return tuple(self._rule(key, i, row, kind) for i, row in enumerate(rows))

    def _rule(self, key: str, i: int, row: Any, kind: type[_R]) -> _R:
        if not isinstance(row, dict):
            raise self.file.wrong(_two_brackets(key), field=key)
        known = [one.name for one in msgspec.structs.fields(kind)]
        for name in row:
            if name not in known:
                raise self.file.wrong_rule(key, i, unknown(name, known), name)
        try:
            return msgspec.convert(_folded_departments(row), kind)
        except msgspec.ValidationError as error:
            raise self.file.wrong_rule(key, i, *unfit_field(error)) from error

    def _require_own_ids(self, rules: Mapping[str, Sequence[Rule | LeaseRule]]) -> None:
        seen: set[str] = set()
        for key, rows in rules.items():
            for i, row in enumerate(rows):
                if not row.id or row.id in seen:
                    what = f"a second rule has the id “{row.id}”; give each its own"
                    raise self.file.wrong_rule(key, i, what, "id")
                seen.add(row.id)

    def _check_names(self, key: str, i: int, rule: Rule, places: Places) -> None:
        areas = {*places.lon_lat, *places.local}
        roles = self._names("roles", ())
        departments = [folded(one) for one in self._names("departments", DEPARTMENTS)]
        asked: list[tuple[str, Sequence[str], Sequence[str]]] = [
            ("areas", rule.areas, sorted(areas)),
            ("roles", rule.roles, roles),
            ("departments", rule.departments, departments),
        ]
        if isinstance(rule, ApprovalRule):
            asked += [
                ("by_roles", rule.by_roles, roles),
                ("by_departments", rule.by_departments, departments),
            ]
        for field, names, known in asked:
            for name in names:
                if name not in known:
                    near = near_names(name, known)
                    hint = f"did you mean {near}" if near else "name it at the top of the file"
                    what = f"{field} names “{name}”, unknown here; {hint}"
                    raise self.file.wrong_rule(key, i, what, field)

    def _names(self, key: str, default: Sequence[str]) -> Sequence[str]:
        names = self.file.table.get(key, default)
        if not isinstance(names, list | tuple) or not all(isinstance(one, str) for one in names):
            raise self.file.wrong(f"{key} must be a list of texts", field=key)
        return names

    def _places(self) -> Places:
        areas = self.file.table.get("areas", {})
        if not isinstance(areas, dict):
            raise self.file.wrong("write [areas.NAME] for each area", field="areas")
        lon_lat: dict[str, Polygon] = {}
        local: dict[str, Polygon] = {}
        for name, area in areas.items():
            try:
                polygon, is_lon_lat = polygon_of(area)
            except PolicyError as error:
                place = self.file.place(f"areas.{name}")
                raise PolicyError(f"{place}, area “{name}”: {error}") from error
            (lon_lat if is_lon_lat else local)[name] = polygon
        return Places(lon_lat=lon_lat, local=local)


def polygon_of(area: Any) -> tuple[Polygon, bool]:
    """Outline of an ``[areas.NAME]`` table, and whether it is in degrees.

    Raises
    ------
    PolicyError
        It is no area; says what is wrong, without the place.
    """
    keys = set(area) if isinstance(area, dict) else set()
    if keys not in ({"lon_lat"}, {"local"}):
        raise PolicyError("it needs either lon_lat or local, a list of corners")
    corners, is_lon_lat = next(iter(area.values())), keys == {"lon_lat"}
    is_fit = isinstance(corners, list) and len(corners) >= 3 and all(map(_is_corner, corners))
    if not is_fit:
        raise PolicyError("it needs at least three corners [x, y]")
    polygon = Polygon(corners)
    if not polygon.is_valid or polygon.area == 0:
        raise PolicyError("its outline crosses itself or encloses nothing")
    west, south, east, north = polygon.bounds
    if is_lon_lat and not (west >= -180 and south >= -90 and east <= 180 and north <= 90):
        raise PolicyError("lon_lat are degrees, longitude first")
    return polygon, is_lon_lat


def _two_brackets(key: str) -> str:
    return f"write [[{key}]] with two brackets, once for each rule"


def rules_of(policy: Policy) -> dict[str, Sequence[Rule | LeaseRule]]:
    """All rules by the name of their table in the file."""
    return {
        "deny": policy.denies,
        "allow": policy.allows,
        "approval": policy.approvals,
        "break_glass": policy.break_glass,
        "lease": policy.leases,
        "rate": policy.rates,
    }


def _unfit(rule: Rule | LeaseRule) -> str:
    match rule:
        case LeaseRule(ttl_s=ttl_s):
            return "" if 1 <= ttl_s <= 86_400 else "ttl_s lies between 1 s and a day"
        case Rule(min_level=low, max_level=high) if not 0 <= low <= high <= HIGHEST_LEVEL:
            return f"min_level and max_level lie from 0 to {HIGHEST_LEVEL}, the lower one first"
        case ApprovalRule():
            return _unfit_approval(rule)
        case RateRule(per_s=per_s, burst=burst):
            is_fit = math.isfinite(per_s) and per_s > 0 and burst >= 1
            return "" if is_fit else "per_s must be more than 0 and burst at least 1"
    return ""


def _unfit_approval(rule: ApprovalRule) -> str:
    if not 0 <= rule.needed <= _MOST_APPROVERS:
        return f"needed is a number of people, 0 to {_MOST_APPROVERS}"
    if not 1 <= rule.expires_s <= 7 * 86_400:
        return "expires_s lies between 1 s and a week"
    n_departments = len(set(rule.by_departments))
    if rule.distinct_departments and 0 < n_departments < rule.needed:
        return (
            f"nobody can ever give {rule.needed} approvals from distinct departments when only"
            f" {words(rule.by_departments)} may approve"
        )
    return ""


def _folded_departments(row: Mapping[str, Any]) -> dict[str, Any]:
    def fold(value: Any) -> Any:
        if isinstance(value, list):
            return [folded(one) if isinstance(one, str) else one for one in value]
        return value

    return {
        key: fold(value) if key in ("departments", "by_departments") else value
        for key, value in row.items()
    }


def _is_corner(corner: Any) -> bool:
    return (
        isinstance(corner, list)
        and len(corner) == 2
        and all(isinstance(c, int | float) and not isinstance(c, bool) for c in corner)
        and all(math.isfinite(c) for c in corner)
    )


def unmatched_actions(policy: Policy, known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Action patterns that fit none of the known actions: (rule id, pattern), for a warning."""
    for rows in rules_of(policy).values():
        for rule in rows:
            for pattern in rule.actions if isinstance(rule, Rule) else ():
                if not any(fnmatchcase(one, pattern) for one in known):
                    yield rule.id, pattern
