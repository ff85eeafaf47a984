"""Sentences of the activity for what people do together: approvals, leases, queues, reviews."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin.room.model import Command, Event
from twin.room.parts.incidents import Incidents
from twin.session import TwinSession
from widgets.parts.command_words import request_phrase
from widgets.parts.queue_bar import queue_title
from widgets.parts.wording import clock_text, count_text, lower_first

_Said = Callable[[TwinSession, str, dict[str, Any]], str]


def room_sentence(session: TwinSession, event: Event) -> str:
    """What happened, for a person; "" for kinds that are told elsewhere."""
    say = _SAID.get(event.kind)
    return say(session, event.actor, event.body) if say is not None else ""


def _granted(session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    command: Command | None = session.hub.room.commands.get(str(body.get("id")))
    what = f": {lower_first(request_phrase(command.request))}" if command is not None else ""
    text = body.get("grant", {}).get("text", "")
    return f"{actor} approved{what}" + (f" – {text}" if text else "")


def _batch(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    n = count_text(len(body.get("command_ids", ())), "command")
    return f"{actor} asked for “{body.get('title') or 'a batch'}”, {n} at once"


def _taken(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    how, name = str(body.get("how", "")), body.get("asset_name")
    holder = body.get("holder", {}).get("name", "")
    if how == "consent":
        return f"{actor} handed {name} over to {holder}"
    if how.startswith("rank"):
        return f"{actor} took {name} over by {how}"
    return f"{actor} took {name}"


def _released(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    reason = str(body.get("reason") or "")
    name = _asset(_session, body)
    if actor == "hub":
        return f"{name} is free: {reason}"
    return f"{actor} released {name}"


def _asset(session: TwinSession, body: dict[str, Any]) -> str:
    asset_id = str(body.get("asset_id"))
    thing = session.observations.things.get(asset_id)
    return thing.name if thing is not None else asset_id


def _held(session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    reason = f" – {body['reason']}" if body.get("reason") else ""
    return f"{actor} holds {queue_title(session, str(body.get('queue')))}{reason}"


def _delegated(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    department = str(body.get("department", "")).replace("_", " ")
    until = clock_text(int(body.get("until_ns", 0)))
    return f"{actor} lets {body.get('to_name')} approve for {department} until {until}"


def _refused(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    more = int(body.get("n_left_out") or 0)
    also = f" (and {more:,} times more)" if more else ""
    return f"{actor} was refused {body.get('what')}: {body.get('why')}{also}"


def _rules(_session: TwinSession, _actor: str, body: dict[str, Any]) -> str:
    n = len(body.get("rules", ()))
    return f"{count_text(n, 'rule')} between departments {'is' if n == 1 else 'are'} in force"


def _verdict(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    verdict = body.get("verdict", {})
    what = "an anomaly" if verdict.get("is_anomaly") else "not an anomaly"
    name = verdict.get("thing_name") or verdict.get("datastream_id", "")
    return f"{actor} says: values of {name} were {what}"


def _answered(session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    answer = body.get("answer", {})
    n = count_text(len(answer.get("members", ())), "alarm")
    if not answer.get("is_one"):
        return f"{actor} says: {n} belong apart"
    incident = session.hub.room[Incidents].by_id.get(str(answer.get("incident")))
    title = f" “{incident.title}”" if incident is not None else ""
    return f"{actor} made {n} the incident{title}"


def _forbidden(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    pair = body.get("pair", {})
    names = " and ".join(str(pair.get(f"{k}_name") or pair.get(k)) for k in "ab")
    return f"{actor} says: {names} are not proposed as one again"


def _rule(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    return f"{actor}: {lower_first(str(body.get('text', '')))}"


def _cue(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    if body.get("kind") == "scene":
        has = "is over" if body.get("text") == "over" else "begins"
        return f"The scene “{body.get('title')}” {has}"
    text = body.get("text") or body.get("title")
    return f"{actor}: {text}" if text else f"{actor} moved the audience's view"


_SAID: dict[str, _Said] = {
    "verdict.given": _verdict,
    "proposal.answered": _answered,
    "proposal.forbidden": _forbidden,
    "proposal.allowed": lambda _s, actor, body: (
        f"{actor} lets {body.get('names')} be proposed as one again"
    ),
    "rule.put": _rule,
    "rule.removed": _rule,
    "rule.switched": _rule,
    "rule.loaded": _rule,
    "command.granted": _granted,
    "batch.submitted": _batch,
    "lease.taken": _taken,
    "lease.released": _released,
    "lease.asked": lambda session, actor, body: f"{actor} asked for {_asset(session, body)}",
    "queue.held": _held,
    "queue.released": lambda session, actor, body: (
        f"{actor} let {queue_title(session, str(body.get('queue')))} go"
    ),
    "delegation.given": _delegated,
    "delegation.withdrawn": lambda _s, actor, body: (
        f"A delegation ended: {body.get('reason', '')}"
        if actor == "hub"
        else f"{actor} withdrew a delegation"
    ),
    "review.opened": lambda _s, _actor, body: f"To be reviewed: {body.get('text', '')}",
    "review.closed": lambda _s, actor, body: f"{actor} closed a review: {body.get('text', '')}",
    "template.saved": lambda _s, actor, body: f"{actor} kept the template “{body.get('title')}”",
    "template.removed": lambda _s, actor, _body: f"{actor} removed a template",
    "interlocks.loaded": _rules,
    "policy.changed": lambda _s, _actor, _body: "Another policy is in force",
    "audit.refused": _refused,
    "cue.shown": _cue,
}
