"""Whose approval counts. Pure; the desk of approvals asks this for each approval that comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin.security.rules import ApprovalRule, folded, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Somebody who approves, approved or issued."""

    person_id: str
    department: str
    roles: tuple[str, ...] = ()


def why_not_by(
    rule: ApprovalRule, *, approver: Approver, issuer: Approver, given: Sequence[Approver]
) -> str:
    """Why somebody's approval does not count, "" if it does.

    Parameters
    ----------
    given : whose approvals count already
    """
    if approver.person_id == issuer.person_id:
        return "Nobody approves their own command"
    if any(one.person_id == approver.person_id for one in given):
        return "You have approved this already; another person is needed"
    if rule.by_roles and not set(rule.by_roles) & set(approver.roles):
        return f"This is approved by the role {words(rule.by_roles)}"
    mine = folded(approver.department)
    if rule.by_departments and mine not in rule.by_departments:
        return f"This is approved by {words(rule.by_departments)}"
    if rule.distinct_departments:
        if mine == folded(issuer.department):
            return "This is approved by another department than the issuer's"
        if any(mine == folded(one.department) for one in given):
            return "Your department has approved this already; another department is needed"
    return ""
