"""Rules of a city: which are about a command, and which stand against it. Pure.

What is not known of a target (its kind, its place) counts as fitting: a rule is rather asked once
too often.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import msgspec

from twin.interlocks.expression import Expression, placeholders_of
from twin.interlocks.model import (
    MAX_AGE_S,
    STAGES,
    Blocked,
    Guard,
    IfUnknown,
    OtherCommand,
    Others,
    Reading,
    RuleCard,
    Stage,
    Subject,
)
from twin.interlocks.saying import filled, say
from twin.security.rules import Places, Question

_MOST_TYPES = 1_000
_log = logging.getLogger(__name__)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[interlock]]`` of the file (docs/interlocks.md).

    Attributes
    ----------
    id : names the rule in the journal
    text : for a person, what stands against what; ``{target}``, ``{other}``, inputs and links
    actions, kinds, targets : of the commands that it is about; ``*`` and ``?`` as usual, none = all
    areas : the target lies in one of them
    others : types of commands that ``others`` holds; none = all
    inputs : name -> datastream id, may hold ``{target}`` and names of links
    blocks_when : CEL, true = the command must not go on
    unknown : what to do where the expression cannot be decided
    max_age_s : older samples count as not known
    at : stages at which it is asked
    """

    id: str
    title: str
    text: str
    blocks_when: str
    actions: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    inputs: dict[str, str] = msgspec.field(default_factory=dict)
    unknown: IfUnknown = "block"
    max_age_s: float = MAX_AGE_S
    at: tuple[Stage, ...] = STAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A rule that is about a command, with its inputs' ids for this target."""

    rule: Rule
    expression: Expression
    ids: Mapping[str, str]
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of a city, checked. `twin.interlocks.rule_file.load_interlocks` makes them.

    Attributes
    ----------
    links : name -> target id -> id of the asset that it is linked with
    """

    fingerprint: str
    rules: tuple[Rule, ...]
    expressions: Mapping[str, Expression]
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    places: Places = field(default_factory=Places)
    name: str = ""
    _by_type: dict[str, tuple[Rule, ...]] = field(default_factory=dict, compare=False)

    @property
    def cards(self) -> tuple[RuleCard, ...]:
        """The rules as consoles show them."""
        return tuple(_card(rule) for rule in self.rules)

    @property
    def kept(self) -> tuple[str, ...]:
        """Datastreams that may be asked for and are not of the target itself."""
        found = {
            one
            for rule in self.rules
            for template in rule.inputs.values()
            if not (template.startswith("{target}/") and template.count("/") == 1)
            for one in self._patterns(template)
        }
        return tuple(sorted(found))

    def inputs(self, subject: Subject) -> tuple[str, ...]:
        """Ids of the datastreams whose last values `blocked` wants."""
        ids = (one for applied in self.applied(subject) for one in applied.ids.values())
        return tuple(dict.fromkeys(ids))

    def blocked(
        self,
        stage: Stage,
        subject: Subject,
        readings: Mapping[str, Reading],
        others: Others,
    ) -> tuple[Blocked, ...]:
        """Rules that stand against a command now."""
        found = []
        for applied in self.applied(subject):
            if stage not in applied.rule.at:
                continue
            try:
                is_asking = applied.expression.mentions("others")
                around = others(applied.rule.others) if is_asking else ()
                one = judge(applied, subject, readings, around)
            except Exception:  # noqa: BLE001 - it must stand in the way, not end the hub
                _log.exception("The interlock “%s” broke down", applied.rule.id)
                text = f"The interlock “{applied.rule.title}” broke down; the hub's log says why"
                one = Blocked(rule_id=applied.rule.id, title=applied.rule.title, text=text)
            if one is not None:
                found.append(one)
        return tuple(found)

    def guards(self, subject: Subject) -> tuple[Guard, ...]:
        """Rules that an adapter can check: those that look at no other commands."""
        return tuple(
            _guard(applied, subject)
            for applied in self.applied(subject)
            if "adapter" in applied.rule.at and not applied.expression.mentions("others")
        )

    def applied(self, subject: Subject) -> Iterator[Applied]:
        """Rules that are about a command."""
        for rule in self._about(subject.request.type_id):
            if not self.miss(rule, subject):
                links = self._links_of(rule, subject)
                yield Applied(
                    rule=rule,
                    expression=self.expressions[rule.id],
                    ids={n: filled(t, links) for n, t in rule.inputs.items()},
                    links=links,
                )

    def _about(self, type_id: str) -> tuple[Rule, ...]:
        """Rules about a command type."""
        found = self._by_type.get(type_id)
        if found is None:
            found = tuple(rule for rule in self.rules if is_like(type_id, rule.actions))
            if len(self._by_type) < _MOST_TYPES:
                self._by_type[type_id] = found
        return found

    def miss(self, rule: Rule, subject: Subject) -> str:
        """Why a rule is not about a command, "" if it is."""
        request = subject.request
        if not is_like(request.type_id, rule.actions):
            return f"it is about {', '.join(rule.actions)}"
        if not is_like(request.target_id, rule.targets):
            return f"it is about {', '.join(rule.targets)}"
        if subject.kind and not is_like(subject.kind, rule.kinds):
            return f"it is about {', '.join(rule.kinds)}, this is a {subject.kind}"
        if rule.areas and not any(self._is_in(name, subject) for name in rule.areas):
            return f"it is about assets in {', '.join(rule.areas)}"
        for name in link_names(rule):
            if request.target_id not in self.links[name]:
                return f"[links.{name}] does not hold {request.target_id}"
        return ""

    def _is_in(self, area: str, subject: Subject) -> bool:
        question = Question(
            action=subject.request.type_id, lon_lat=subject.lon_lat,
            xy_local=subject.xyz[:2] if subject.xyz else None,
        )  # fmt: skip
        return self.places.holds(area, question) is not False

    def _links_of(self, rule: Rule, subject: Subject) -> dict[str, str]:
        target_id = subject.request.target_id
        return {"target": target_id} | {n: self.links[n][target_id] for n in link_names(rule)}

    def _patterns(self, template: str) -> Iterator[str]:
        names = [name for name in placeholders_of(template) if name != "target"]
        if not names:
            yield template.replace("{target}", "*")
            return
        for target_id in self.links[names[0]]:
            if all(target_id in self.links[name] for name in names):
                linked = {name: self.links[name][target_id] for name in names}
                yield filled(template, {"target": target_id, **linked})


def judge(
    applied: Applied,
    subject: Subject,
    readings: Mapping[str, Reading],
    others: tuple[OtherCommand, ...],
) -> Blocked | None:
    """Ask one rule; None = nothing against it."""
    rule, expression = applied.rule, applied.expression
    entries = [entry_of(other, expression.other_keys) for other in others]
    known = known_inputs(applied.ids, readings, rule.max_age_s)
    facts = facts_of(subject)

    def ask(some: list[dict[str, Any]]) -> bool | str:
        return expression.ask(known, facts, some)

    answer = ask(entries)
    if answer is False or (isinstance(answer, str) and rule.unknown == "pass"):
        return None
    culprits = _culprits(ask, others, entries) if expression.mentions("others") else ()
    text = say(
        rule.text, target=subject.request.target_name, links=applied.links, ids=applied.ids,
        used=tuple(name for name in applied.ids if expression.mentions(name)), known=known,
        readings=readings, undecided=answer if isinstance(answer, str) else "",
        culprits=culprits, is_by_route=expression.mentions("others")
        and "route_distance_m" in rule.blocks_when,
    )  # fmt: skip
    return Blocked(
        rule_id=rule.id, title=rule.title, text=text,
        values={applied.ids[name]: value for name, value in known.items()},
        others=tuple(other.command.request.id for other in culprits),
    )  # fmt: skip


def _culprits(
    ask: Callable[[list[dict[str, Any]]], bool | str],
    others: tuple[OtherCommand, ...],
    entries: list[dict[str, Any]],
) -> tuple[OtherCommand, ...]:
    """Others that each alone would stand against it; none where it takes several, or none."""
    if ask([]) is not False:
        return ()
    pairs = zip(others, entries, strict=True)
    return tuple(other for other, entry in pairs if ask([entry]) is not False)


def known_inputs(
    ids: Mapping[str, str], readings: Mapping[str, Reading], max_age_s: float
) -> dict[str, float]:
    """Values by input's name of those that are there, finite, and not too old."""
    found = ((name, readings.get(datastream_id)) for name, datastream_id in ids.items())
    return {
        name: seen.value
        for name, seen in found
        if seen is not None and math.isfinite(seen.value) and abs(seen.age_s) <= max_age_s
    }


def facts_of(subject: Subject) -> dict[str, Any]:
    """What expressions may ask of target and command; what is not known is absent."""
    request = subject.request
    facts = {
        "target.id": request.target_id,
        "target.name": request.target_name,
        "target.kind": subject.kind or None,
        "target.x": subject.xyz[0] if subject.xyz else None,
        "target.y": subject.xyz[1] if subject.xyz else None,
        "command.type": request.type_id,
        "command.args": request.args,
        "command.level": subject.level,
        "command.department": subject.issued_by.department,
        "command.drill": request.drill,
        "command.incident": request.incident,
    }
    return {name: value for name, value in facts.items() if value is not None}


def entry_of(other: OtherCommand, keys: Collection[str]) -> dict[str, Any]:
    """One entry of ``others``, of it what `keys` name.

    A command without an announced route is infinitely far by route.
    """
    return {key: value for key in keys if (value := _KEYS[key](other)) is not None}


def _route_distance_m(other: OtherCommand) -> float | None:
    return other.route_distance_m if other.command.route else math.inf


_KEYS: Mapping[str, Callable[[OtherCommand], Any]] = {
    "type": lambda other: other.command.request.type_id,
    "target": lambda other: other.command.request.target_id,
    "kind": lambda other: other.kind,
    "department": lambda other: other.command.issued_by.department,
    "state": lambda other: other.command.state.value,
    "level": lambda other: other.command.level,
    "args": lambda other: other.command.request.args,
    "batch": lambda other: other.command.request.batch,
    "incident": lambda other: other.command.request.incident,
    "drill": lambda other: other.command.request.drill,
    "distance_m": lambda other: other.distance_m,
    "route_distance_m": _route_distance_m,
}


def link_names(rule: Rule) -> tuple[str, ...]:
    """Names of the links that a rule's inputs go through."""
    return _link_names(tuple(rule.inputs.values()))


@lru_cache(maxsize=1_000)
def _link_names(templates: tuple[str, ...]) -> tuple[str, ...]:
    names = (name for template in templates for name in placeholders_of(template))
    return tuple(dict.fromkeys(name for name in names if name != "target"))


def _guard(applied: Applied, subject: Subject) -> Guard:
    rule = applied.rule
    facts = {n: v for n, v in facts_of(subject).items() if _is_told(n, applied.expression)}
    words = {**applied.links, "target": subject.request.target_name}
    return Guard(
        id=rule.id, title=rule.title, blocks_when=rule.blocks_when, inputs=dict(applied.ids),
        text=filled(rule.text, words), unknown=rule.unknown, max_age_s=rule.max_age_s, facts=facts,
    )  # fmt: skip


def _is_told(fact: str, expression: Expression) -> bool:
    """Whether a guard must carry a fact: used, and not in the request that goes with it."""
    own = ("target.kind", "target.x", "target.y", "command.level", "command.department")
    return fact in own and expression.mentions(fact)


def _card(rule: Rule) -> RuleCard:
    told = msgspec.structs.asdict(rule)
    del told["max_age_s"]
    return RuleCard(**told)


def is_like(text: str, patterns: tuple[str, ...]) -> bool:
    """Whether a text fits one of the patterns; none = everything fits."""
    return not patterns or any(fnmatchcase(text, pattern) for pattern in patterns)
