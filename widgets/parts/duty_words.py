"""Sentences of the activity for what happens on duty: stage, shift, units, workspaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin.room.model import Event
from twin.room.parts.stage import STAGE_WORDS
from twin.session import TwinSession

_Said = Callable[[TwinSession, str, dict[str, Any]], str]


def duty_sentence(session: TwinSession, event: Event) -> str:
    """What happened, for a person; "" for kinds that are told elsewhere."""
    say = DUTY_SAID.get(event.kind)
    return say(session, event.actor, event.body) if say is not None else ""


def _stage(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    level = int(body.get("level", 0))
    return f"{actor} set stage {level} ({STAGE_WORDS.get(level, '')}) – {body.get('reason', '')}"


def _handed(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    to = (body.get("handover", {}).get("to") or {}).get("name", "")
    return f"{actor} hands the shift over" + (f" to {to}" if to else "")


def _offered(session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    to = session.hub.room.operators.get(str(body.get("offer", {}).get("to", "")))
    return f"{actor} offers a workspace" + (f" to {to.name}" if to is not None else "")


def _with_text(actor: str, did: str, body: dict[str, Any]) -> str:
    return f"{actor} {did}" + (f" – {body['text']}" if body.get("text") else "")


DUTY_SAID: dict[str, _Said] = {
    "stage.set": _stage,
    "shift.noted": lambda _s, actor, body: f"{actor} noted for the shift: {body.get('text', '')}",
    "shift.taken": lambda _s, actor, _body: f"{actor} leads the shift now",
    "shift.offered": _handed,
    "shift.accepted": lambda _s, actor, body: _with_text(actor, "accepted the shift", body),
    "shift.sent_back": lambda _s, actor, body: _with_text(actor, "sent the handover back", body),
    "unit.out_of_service": lambda _s, actor, body: (
        f"{actor} took {body.get('name')} out of service – {body.get('reason', '')}"
    ),
    "unit.in_service": lambda _s, actor, body: f"{actor} put {body.get('name')} back in service",
    "workspace.offered": _offered,
    "workspace.taken": lambda _s, actor, body: (
        f"{actor} took over the workspace of {body.get('by', {}).get('name', 'somebody')}"
    ),
    "workspace.withdrawn": lambda _s, actor, body: (
        f"An offered workspace ended: {body.get('reason', '')}"
        if actor == "hub"
        else f"{actor} ended the offer of a workspace"
    ),
}
