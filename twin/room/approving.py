"""Whose yes to a command counts, as far as the room tells. Pure.

The hub's desk of approvals decides by it (and asks the policy besides); a console sorts by it what
waits for the person who sits there.
"""

from __future__ import annotations

from twin.room.fold import Room
from twin.room.model import Command, CommandState, Operator
from twin.room.parts.delegations import Delegations


def own_obstacle(who: Operator, command: Command) -> str:
    """Why somebody cannot answer at all, whatever their department; "" if they can."""
    approval = command.approval
    if approval is None:
        return "It needs no approval"
    if who.identity == command.issued_by.identity:
        return "Whoever issued a command cannot approve it; another person has to"
    if any(grant.by.identity == who.identity for grant in approval.grants):
        return "You have approved it already"
    return ""


def free_department(room: Room, who: Operator, command: Command, now_ns: int) -> tuple[str, str]:
    """For which department the yes of somebody with these roles would count, or why for none.

    Returns
    -------
    department, sentence
        One of the two is empty.
    """
    approval = command.approval
    if approval is None:
        return "", "It needs no approval"
    if approval.roles and not set(approval.roles) & set(who.roles):
        names = " or ".join(role.replace("_", " ") for role in approval.roles)
        article = "an" if names[0] in "aeiou" else "a"
        return "", f"This approval is for {article} {names} to give"
    able = room[Delegations].departments_of(who, now_ns)
    wanted = [d for d in able if not approval.departments or d in approval.departments]
    if not wanted:
        names = " or ".join(d.replace("_", " ") for d in approval.departments)
        return "", f"This approval is for {names} to give"
    taken = {command.issued_by.department, *(g.department for g in approval.grants)}
    if approval.is_distinct:
        wanted = [d for d in wanted if d not in taken]
    if not wanted:
        return "", "Each approval has to come from another department"
    return wanted[0], ""


def answer_counts(room: Room, who: Operator, command: Command, now_ns: int) -> tuple[str, str]:
    """The same with everything the room knows; what the policy says comes on top."""
    if command.state is not CommandState.AWAITING_APPROVAL:
        return "", f"It does not wait for an approval any more ({command.state.lower()})"
    obstacle = own_obstacle(who, command)
    return ("", obstacle) if obstacle else free_department(room, who, command, now_ns)
