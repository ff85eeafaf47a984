"""Who may do what: a policy is data, its decisions are pure, and each says by which rule.

A question is answered by the first ``deny`` rule that matches, else by the first ``allow`` rule,
else no. The file is read by `twin.security.policy_file`; `twin.security.policy_explain` says why a
rule did not match. What a question does not tell (the place, the kind) fits no rule that allows
and every rule that forbids or wants approval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from twin.security.rules import (
    AllowRule,
    ApprovalRule,
    BreakGlassRule,
    DenyRule,
    LeaseRule,
    Misses,
    Places,
    Question,
    RateRule,
    Rule,
    Tried,
)

OPEN_FINGERPRINT = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether, why in one sentence, and by which rule ("" = none matched)."""

    allowed: bool
    text: str
    rule_id: str = ""

    @classmethod
    def no(cls, text: str) -> Self:
        """Refused for a reason that is no rule of the policy."""
        return cls(allowed=False, text=text)

    @property
    def why_not(self) -> str:
        """The sentence of a refusal, "" if there is none."""
        return "" if self.allowed else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A whole policy. Immutable, any thread.

    Attributes
    ----------
    version : of the city's policy, counted by whoever edits it
    fingerprint : SHA-256 (hex) of the file, so that a journal says which policy was in force
    is_open : the policy of a hub without keys, see `Policy.open`
    type_departments : command type id -> departments that it names itself, for ``own_commands``
    """

    version: int = 1
    name: str = ""
    fingerprint: str = ""
    is_open: bool = False
    places: Places = field(default_factory=Places)
    denies: tuple[DenyRule, ...] = ()
    allows: tuple[AllowRule, ...] = ()
    approvals: tuple[ApprovalRule, ...] = ()
    leases: tuple[LeaseRule, ...] = ()
    break_glass: tuple[BreakGlassRule, ...] = ()
    rates: tuple[RateRule, ...] = ()
    type_departments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def open(cls, type_departments: Mapping[str, tuple[str, ...]] | None = None) -> Self:
        """Policy of a hub without keys: each command type's own departments, nothing else.

        No approvals, no leases that must be held, no limits; shifts do not count.
        """
        own = departments_of_types() if type_departments is None else type_departments
        allow = AllowRule(
            id="open",
            text="The departments that a command type names may issue it",
            own_commands=True,
            off_shift=True,
        )
        return cls(
            name="open", fingerprint=OPEN_FINGERPRINT, is_open=True, allows=(allow,),
            type_departments=own,
        )  # fmt: skip

    def decide(self, question: Question) -> Decision:
        """Whether somebody may do something."""
        misses = self.misses_of(question)
        for deny in self.denies:
            if not misses.of(deny):
                return Decision(allowed=False, text=_by(deny, "forbids it"), rule_id=deny.id)
        for allow in self.allows:
            if not misses.of(allow):
                return Decision(allowed=True, text=_by(allow, "allows it"), rule_id=allow.id)
        return Decision(allowed=False, text=_nothing_allows(question, self.tried(question)))

    def approval_for(self, question: Question) -> ApprovalRule | None:
        """Which approvals a command needs before it may be queued, None for none.

        The first approval rule that matches counts; one with ``needed = 0`` is an exemption.
        """
        misses = self.misses_of(question)
        found = next((rule for rule in self.approvals if not misses.of(rule)), None)
        return found if found is not None and found.needed else None

    def lease_required(self, kind: str) -> LeaseRule | None:
        """Which lease somebody must hold on an asset of this kind to command it, None for none."""
        return next((rule for rule in self.leases if rule.is_for(kind)), None)

    def may_break_glass(self, question: Question) -> Decision:
        """Whether somebody may release a command without its approvals, loudly."""
        misses = self.misses_of(question)
        for rule in self.break_glass:
            if not misses.of(rule):
                return Decision(allowed=True, text=_by(rule, "allows it"), rule_id=rule.id)
        tried = [Tried(rule, misses.of(rule), True) for rule in self.break_glass]
        text = "No rule of the policy lets you release this without its approvals"
        return Decision.no(text + _nearest(tried))

    def rate_for(self, question: Question) -> RateRule | None:
        """How fast somebody may ask for this, None for no limit. The first match counts."""
        misses = self.misses_of(question)
        return next((rule for rule in self.rates if not misses.of(rule)), None)

    def tried(self, question: Question) -> tuple[Tried, ...]:
        """Each deny and allow rule with what keeps it from matching."""
        misses = self.misses_of(question)
        rules: Sequence[Rule] = (*self.denies, *self.allows)
        return tuple(Tried(rule, misses.of(rule), misses.is_about_this(rule)) for rule in rules)

    def misses_of(self, question: Question) -> Misses:
        """What keeps rules from matching one question."""
        return Misses(question, self.places, self.type_departments)


def departments_of_types() -> dict[str, tuple[str, ...]]:
    """Departments of every command type there is."""
    from twin.commands.base import command_registry

    return {one.id: tuple(one.departments) for one in command_registry()}


def _by(rule: Rule, what: str) -> str:
    return f"The rule “{rule.id}” {what}" + (f": {rule.text}" if rule.text else "")


def _nothing_allows(question: Question, tried: Sequence[Tried]) -> str:
    who = question.department.replace("_", " ") or "somebody without a department"
    text = f"No rule of the policy allows “{question.action}” to {who}"
    return text + _nearest([one for one in tried if isinstance(one.rule, AllowRule)])


def _nearest(tried: Sequence[Tried]) -> str:
    """Who may, as the rule says that is nearest to matching."""
    if not tried:
        return ""
    nearest = min(tried, key=lambda one: one.distance)
    return f"; the nearest, “{nearest.rule.id}”, is {nearest.misses[0]}"
