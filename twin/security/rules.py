"""The rules of a policy, and what keeps a rule from matching a question. Pure data.

A condition that a rule does not name fits everything. Texts in ``actions``, ``targets`` and
``kinds`` may hold ``*`` (anything) and ``?`` (one letter).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import msgspec
from shapely import Point, Polygon

HIGHEST_LEVEL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May this person do this to that?

    Attributes
    ----------
    action : id of a command type ("gate.set") or kind of an act ("approval.give")
    department : as in `twin.commands.base.DEPARTMENTS`; case and spaces do not matter
    target_id, kind : the asset and its class, "" when there is none or it is not known
    lon_lat : degrees, None when the place is not known
    xy_local : metres, space ``local`` of the scene, None when not known
    level : significance of the command type, 0 for acts that have none
    drill : whether the hub is a drill
    """

    action: str
    person_id: str = ""
    roles: tuple[str, ...] = ()
    department: str = ""
    rank: int = 0
    on_shift: bool = True
    target_id: str = ""
    kind: str = ""
    lon_lat: tuple[float, float] | None = None
    xy_local: tuple[float, float] | None = None
    level: int = 0
    drill: bool = False


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions that all rules have.

    Attributes
    ----------
    id : names the rule in decisions and in the journal
    text : the rule for a person, one sentence
    people, roles, departments : of whoever asks; one of each list is enough
    own_commands : only command types that name the person's department themselves
    areas : names of areas; the asset lies in one of them
    min_level, max_level : significance of the command
    min_rank : of the person
    drill : True only in drills, False only live, None both
    """

    id: str
    text: str = ""
    people: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    own_commands: bool = False
    actions: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    min_level: int = 0
    max_level: int = HIGHEST_LEVEL
    min_rank: int = 0
    drill: bool | None = None


class DenyRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Forbids, whatever an allow rule says."""


class AllowRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Allows, to people on shift; with ``off_shift`` to others as well."""

    off_shift: bool = False


class BreakGlassRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lets somebody on shift release a command without its approvals; a review follows."""


class ApprovalRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Wants approvals; the conditions are about the issuer and the command.

    Attributes
    ----------
    needed : how many different people, never the issuer; 0 = none (an exemption)
    by_roles, by_departments : who may approve; one of each list is enough, empty = everybody
    distinct_departments : each approver is of another department than the issuer and than the
        other approvers
    expires_s : after that the command is EXPIRED
    """

    needed: int = 1
    by_roles: tuple[str, ...] = ()
    by_departments: tuple[str, ...] = ()
    distinct_departments: bool = False
    expires_s: float = 900.0

    def wanted_text(self) -> str:
        """What is wanted, for a person: "2 approvals by fire or police, of distinct …"."""
        parts = [f"{self.needed} approval{'s' if self.needed > 1 else ''}"]
        if self.by_roles:
            parts.append(f"by {words(self.by_roles)}")
        if self.by_departments:
            parts.append(f"of {words(self.by_departments)}")
        if self.distinct_departments:
            parts.append("from another department")
        return " ".join(parts)


class LeaseRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whoever commands an asset of these kinds must hold its lease."""

    id: str
    kinds: tuple[str, ...]
    text: str = ""
    ttl_s: float = 30.0

    def is_for(self, kind: str) -> bool:
        """Whether assets of this kind need it."""
        return _is_like(kind, self.kinds)


class RateRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast one person may ask: ``per_s`` for long, ``burst`` at once."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class Places:
    """Named areas: polygons in degrees (lon, lat) or in metres of the scene's local space."""

    lon_lat: Mapping[str, Polygon] = field(default_factory=dict)
    local: Mapping[str, Polygon] = field(default_factory=dict)

    def holds(self, name: str, question: Question) -> bool | None:
        """Whether the asset lies in the area (edge included); None = its place is not known."""
        for polygons, position in (
            (self.lon_lat, question.lon_lat),
            (self.local, question.xy_local),
        ):
            if name in polygons and position is not None:
                return bool(polygons[name].covers(Point(position)))
        return None


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule and what kept it from matching, each as "for gate.*"; empty = it matches."""

    rule: Rule
    misses: tuple[str, ...]
    is_about_this: bool

    @property
    def distance(self) -> tuple[bool, int]:
        """Sorts the nearest first: rules about this action, then by how much is missing."""
        return not self.is_about_this, len(self.misses)


@dataclass(frozen=True, slots=True)
class Misses:
    """Compares rules with one question."""

    question: Question
    places: Places
    type_departments: Mapping[str, tuple[str, ...]]

    def of(self, rule: Rule) -> tuple[str, ...]:
        """What keeps the rule from matching, the most telling first; empty = it matches."""
        return tuple(self._misses(rule))

    def is_about_this(self, rule: Rule) -> bool:
        """Whether the rule is about the action that is asked for."""
        if rule.own_commands and self.question.action not in self.type_departments:
            return False
        return not rule.actions or _is_like(self.question.action, rule.actions)

    def _misses(self, rule: Rule) -> Iterator[str]:
        asked = self.question
        if rule.actions and not _is_like(asked.action, rule.actions):
            yield f"for {either(rule.actions)}"
        if rule.own_commands and not self._is_own_command():
            yield self._whose_command()
        yield from self._misses_of_person(rule)
        if rule.targets and not _is_like(asked.target_id, rule.targets):
            yield f"for the assets {either(rule.targets)}"
        if rule.kinds and not self._is_kind(rule):
            yield f"for assets of the kind {either(rule.kinds)}"
        if rule.areas and not self._is_in_area(rule):
            yield f"for assets in {either(rule.areas)}"
        if not rule.min_level <= asked.level <= rule.max_level:
            yield f"for significance {rule.min_level} to {rule.max_level}, this is {asked.level}"
        if rule.drill is not None and rule.drill is not asked.drill:
            yield "for drills only" if rule.drill else "for live operation only"

    def _misses_of_person(self, rule: Rule) -> Iterator[str]:
        asked = self.question
        if rule.people and asked.person_id not in rule.people:
            yield f"for {either(rule.people)}"
        if rule.departments and folded(asked.department) not in rule.departments:
            yield f"for the department {words(rule.departments)}"
        if rule.roles and not set(rule.roles) & set(asked.roles):
            yield f"for the role {words(rule.roles)}"
        if asked.rank < rule.min_rank:
            yield f"for rank {rule.min_rank} and above, theirs is {asked.rank}"
        must_be_on_shift = isinstance(rule, BreakGlassRule) or (
            isinstance(rule, AllowRule) and not rule.off_shift
        )
        if must_be_on_shift and not asked.on_shift:
            yield "for people on shift"

    def _is_own_command(self) -> bool:
        own = self.type_departments.get(self.question.action)
        return own is not None and (not own or folded(self.question.department) in own)

    def _whose_command(self) -> str:
        own = self.type_departments.get(self.question.action)
        if own is None:
            return f"for commands, and “{self.question.action}” is none"
        return f"for the departments that the command names: {words(own)}"

    def _is_in_area(self, rule: Rule) -> bool:
        answers = [self.places.holds(name, self.question) for name in rule.areas]
        return any(one is True for one in answers) or (None in answers and _is_strict(rule))

    def _is_kind(self, rule: Rule) -> bool:
        kind = self.question.kind
        return _is_like(kind, rule.kinds) if kind else _is_strict(rule)


def folded(department: str) -> str:
    """How a department is compared: "Control room" is "control_room"."""
    return department.strip().casefold().replace(" ", "_")


def _is_strict(rule: Rule) -> bool:
    """Whether a rule makes things harder, so that what is not known counts as a match."""
    return isinstance(rule, DenyRule) or (isinstance(rule, ApprovalRule) and rule.needed > 0)


def _is_like(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def either(names: Sequence[str]) -> str:
    """Names as "a, b or c"."""
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def words(names: Iterable[str]) -> str:
    """Departments or roles as "fire, control room or police"."""
    return either([name.replace("_", " ") for name in names])
