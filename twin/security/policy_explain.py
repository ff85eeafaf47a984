"""Why a policy says yes or no, for a person who edits it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from twin.security.policy import Policy
from twin.security.rules import AllowRule, DenyRule, Question, Tried, words

N_NEAREST = 3


def explained(policy: Policy, question: Question) -> list[str]:
    """The decision, what else the policy wants, and why the nearest rules did not match."""
    decision = policy.decide(question)
    lines = [f"{'Allowed' if decision.allowed else 'Denied'}: {decision.text}"]
    if decision.allowed:
        lines += _further(policy, question)
    lines += _nearest(policy, question, decision.rule_id)
    lines.append(f"Asked of policy “{policy.name}” version {policy.version}: {_asked(question)}")
    return lines


def _further(policy: Policy, question: Question) -> Iterator[str]:
    approval = policy.approval_for(question)
    if approval is None:
        yield "Approval: none needed"
    else:
        yield (
            f"Approval: {approval.wanted_text()}, within {approval.expires_s:g} s"
            f" (rule “{approval.id}”: {approval.text})"
        )
        glass = policy.may_break_glass(question)
        yield f"Without it in an emergency: {'yes' if glass.allowed else 'no'}, {glass.text}"
    lease = policy.lease_required(question.kind) if question.kind else None
    if lease is not None:
        yield f"Lease: must be held, {lease.ttl_s:g} s at a time (rule “{lease.id}”: {lease.text})"
    rate = policy.rate_for(question)
    if rate is not None:
        yield f"At most {rate.per_s:g} a second, {rate.burst} at once (rule “{rate.id}”)"


def _nearest(policy: Policy, question: Question, rule_id: str) -> Iterator[str]:
    tried = [one for one in policy.tried(question) if one.misses and one.rule.id != rule_id]
    for kind, name in ((DenyRule, "forbid"), (AllowRule, "allow")):
        rules = [one for one in tried if isinstance(one.rule, kind) and one.is_about_this]
        for one in sorted(rules, key=lambda one: one.distance)[:N_NEAREST]:
            yield f"“{one.rule.id}” does not {name} it: it is {_misses(one)}"


def _misses(one: Tried) -> str:
    return "; ".join(one.misses)


def _asked(question: Question) -> str:
    place = ""
    if question.lon_lat is not None:
        place = " at {:g}, {:g}".format(*question.lon_lat)
    elif question.xy_local is not None:
        place = " at {:g} m, {:g} m".format(*question.xy_local)
    who = words([question.department]) or "no department"
    parts = [
        f"{question.person_id or 'somebody'} of {who} as {words(question.roles) or 'nobody'}",
        f"rank {question.rank}, {'on' if question.on_shift else 'off'} shift",
        f"“{question.action}” (significance {question.level})",
        f"on {question.target_id or 'no asset'} of the {_kind(question)}{place}",
        "in a drill" if question.drill else "live",
    ]
    return ", ".join(parts)


def _kind(question: Question) -> str:
    return f"kind {question.kind}" if question.kind else "unknown kind"
