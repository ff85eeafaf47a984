"""Marks and messages for a person."""

from __future__ import annotations

from twin.marking import KIND_WORDS
from twin.room.fold import Room
from twin.room.model import Event
from twin.room.parts.incidents import Incidents
from twin.room.parts.marks import Mark
from twin.theme import Theme, department_colour
from widgets.parts.command_words import operator_text
from widgets.parts.row_list import ListRow
from widgets.parts.wording import age_text, duration_text, lower_first

KIND_ICONS = {
    "note": "note",
    "arrow": "arrow",
    "sketch": "sketch",
    "area": "area",
    "circle": "area",
}


def mark_title(mark: Mark) -> str:
    """What a mark is called: its title, the beginning of its text, or its kind and owner."""
    if mark.title or mark.text:
        return mark.title or mark.text.splitlines()[0]
    purpose = mark.purpose.capitalize() or KIND_WORDS[mark.kind]
    return f"{purpose} by {mark.owner.name}"


def mark_row(mark: Mark, theme: Theme, now_ns: int, room: Room | None = None) -> ListRow:
    """A mark in the list."""
    parts = [mark.purpose.capitalize() if mark.purpose else KIND_WORDS[mark.kind]]
    parts.append(operator_text(mark.owner))
    if mark.by != mark.owner:
        parts.append(f"changed by {mark.by.name}")
    if mark.incident:
        parts.append(incident_words(room, mark.incident))
    if mark.expires_ns:
        parts.append(f"gone in {duration_text((mark.expires_ns - now_ns) / 1e9)}")
    return ListRow(
        key=mark.id,
        title=mark_title(mark),
        detail=" · ".join(parts),
        icon=KIND_ICONS[mark.kind],
        colour=department_colour(theme, mark.owner.department),
        note=age_text((now_ns - mark.changed_ns) / 1e9),
    )


def incident_words(room: Room | None, incident_id: str) -> str:
    """An incident for a person: its title where the room knows it."""
    incident = None if room is None else room[Incidents].by_id.get(incident_id)
    return f"incident {incident_id}" if incident is None else incident.title


def channel_words(channel: str, room: Room | None = None) -> str:
    """A channel for a person; incidents by their title where the room is given."""
    kind, _, name = channel.partition(":")
    if kind == "department":
        words = name.replace("_", " ")
        return words[:1].upper() + words[1:]
    if kind == "incident":
        words = incident_words(room, name)
        return words[:1].upper() + words[1:]
    return "Everybody in the room"


def together_sentence(event: Event) -> str:
    """What happened to a mark, or what somebody wrote."""
    body = event.body
    if event.kind == "message.posted":
        channel = channel_words(str(body.get("channel", "")))
        to = channel if channel.startswith("Incident") else lower_first(channel)
        to = channel if str(body.get("channel", "")).startswith("department:") else to
        return f"{event.actor} wrote to {to}: {body.get('text', '')}"
    title = f" “{body['title']}”" if body.get("title") else ""
    if event.kind == "mark.removed":
        if body.get("reason"):
            return f"A mark was removed: {lower_first(str(body['reason']))}"
        return f"{event.actor} removed the mark{title}"
    kind = lower_first(KIND_WORDS.get(body.get("kind", "note"), "Mark"))
    did = "marked" if body.get("rev", 1) == 1 else "changed"
    return f"{event.actor} {did} the {kind}{title}"


def mark_fits(mark: Mark, words: list[str]) -> bool:
    """Whether a mark holds every word."""
    told = " ".join(
        (mark.title, mark.text, mark.purpose, mark.incident, mark.kind, operator_text(mark.owner))
    ).casefold()
    return all(word in told for word in words)
