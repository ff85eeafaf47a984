"""Everything a console asks of the hub besides commands: answers, leases, queues, delegations.

Each function sends one act and gives its id; a refusal comes back under that id.
"""

from __future__ import annotations

import msgspec

from twin.ids import uuid7
from twin.room.model import Operator
from twin.room.parts.templates import TemplateItem
from twin.session import TwinSession
from twin.waiting import Waiting


def refusal_of(session: TwinSession, act_id: str) -> str:
    """Why the hub refused an act, "" if it did not (or not yet)."""
    found = (one.text for one in reversed(session.hub.refusals) if one.id == act_id)
    return next(found, "") if act_id else ""


# --- approvals ----------------------------------------------------------------------------------


def approve(session: TwinSession, waiting: Waiting, text: str = "") -> str:
    """Say yes to exactly what was shown."""
    return session.hub.act("approval.give", _answer(waiting, text))


def deny(session: TwinSession, waiting: Waiting, text: str) -> str:
    """Say no, and why."""
    return session.hub.act("approval.deny", _answer(waiting, text))


def break_glass(session: TwinSession, waiting: Waiting, reason: str) -> str:
    """Release one command without its approvals; everybody sees it, and a review follows."""
    body = {"command_id": waiting.first.request.id, "digest": waiting.approval.digest}
    return session.hub.act("approval.break_glass", body | {"reason": reason})


def close_review(session: TwinSession, review_id: str, text: str) -> str:
    """Say what a review found."""
    return session.hub.act("review.close", {"id": review_id, "text": text})


def _answer(waiting: Waiting, text: str) -> dict[str, str]:
    which = "batch_id" if waiting.batch else "command_id"
    return {which: waiting.key, "digest": waiting.digest, "text": text}


# --- leases -------------------------------------------------------------------------------------


def take_lease(session: TwinSession, asset_id: str, asset_name: str) -> str:
    """Take a free asset: nobody else commands it from then on."""
    return session.hub.act("lease.take", {"asset_id": asset_id, "asset_name": asset_name})


def release_lease(session: TwinSession, asset_id: str) -> str:
    """Let an asset go."""
    return session.hub.act("lease.release", {"asset_id": asset_id})


def ask_for_lease(session: TwinSession, asset_id: str) -> str:
    """Ask its holder for an asset."""
    return session.hub.act("lease.ask", {"asset_id": asset_id})


def hand_over(session: TwinSession, asset_id: str, to: Operator) -> str:
    """Give an asset to whoever asked for it."""
    return session.hub.act("lease.consent", {"asset_id": asset_id, "to_console": to.console_id})


def take_over(session: TwinSession, asset_id: str, reason: str) -> str:
    """Take an asset over from its holder, by rank."""
    return session.hub.act("lease.seize", {"asset_id": asset_id, "reason": reason})


# --- queues -------------------------------------------------------------------------------------


def hold_queue(session: TwinSession, queue: str, reason: str = "") -> str:
    """Hold a queue: nothing in it is released until somebody lets it go."""
    return session.hub.act("queue.hold", {"queue": queue, "reason": reason})


def release_queue(session: TwinSession, queue: str) -> str:
    """Let a held queue go."""
    return session.hub.act("queue.release", {"queue": queue})


# --- delegations --------------------------------------------------------------------------------


def give_delegation(session: TwinSession, to: Operator, department: str, until_ns: int) -> str:
    """Let somebody approve for a department for a while."""
    body = {"id": uuid7(session.clock), "to": to.identity, "to_name": to.name}
    return session.hub.act(
        "delegation.give", body | {"department": department, "until_ns": until_ns}
    )


def withdraw_delegation(session: TwinSession, delegation_id: str) -> str:
    """Take a delegation back."""
    return session.hub.act("delegation.withdraw", {"id": delegation_id})


# --- templates ----------------------------------------------------------------------------------


def save_template(
    session: TwinSession, title: str, items: tuple[TemplateItem, ...], text: str = ""
) -> str:
    """Keep prepared commands for everybody."""
    body = {
        "id": uuid7(session.clock),
        "title": title,
        "items": msgspec.to_builtins(items),
        "text": text,
    }
    return session.hub.act("template.save", body)


def remove_template(session: TwinSession, template_id: str) -> str:
    """Take a template away, for everybody."""
    return session.hub.act("template.remove", {"id": template_id})
