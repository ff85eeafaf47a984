"""Lines of the shift's log and things that are handed over, for a person."""

from __future__ import annotations

from twin.commanding import command_types
from twin.room.model import CommandState
from twin.room.parts.shifts import Handover, HandoverItem, Shift, ShiftLine
from twin.room.parts.stage import STAGE_WORDS
from widgets.parts.command_words import STATE_WORDS, operator_text
from widgets.parts.section_list import Row, Section
from widgets.parts.wording import clock_text, count_text
from widgets.shape_mark import Level
from widgets.stage_button import LEVEL_OF_STAGE, stage_text

GROUP_TITLES = {
    "notes": "Notes",
    "incidents": "Incidents",
    "alarms": "Alarms",
    "commands": "Commands",
    "stage": "Stage",
}
ITEM_TITLES = {
    "stage": "Stage of the city",
    "incident": "Open incidents",
    "alarm": "Alarms set aside or not acknowledged",
    "queue": "Held queues",
    "lease": "Leases",
    "sensor": "Sensors not to be trusted",
    "note": "Notes of this shift",
}
_LEVELS: dict[str, Level] = {"critical": "alarm", "high": "warning"}
_GRAVE: dict[str, Level] = {"extreme": "alarm", "severe": "warning"}
_COUNTED = (
    ("alarms", "alarm"),
    ("acknowledged", "acknowledged"),
    ("incidents", "incident"),
    ("commands", "command"),
    ("commands.troubled", "went wrong"),
    ("notes", "note"),
)


def line_title(line: ShiftLine) -> str:
    """What happened, one line without who and when."""
    match line.kind:
        case "alarm.raised":
            name = f"{line.name}: " if line.name else ""
            return f"{line.what.capitalize()} alarm, {name}{line.text}"
        case "alarm.acknowledged":
            return f"{count_text(int(line.what or 0), 'alarm')} acknowledged"
        case "incident.opened":
            return f"{line.what.capitalize()} incident: {line.name}"
        case "incident.closed":
            return f"Closed: {line.name or 'an incident'} – {line.text}"
        case "command.submitted":
            known = command_types().get(line.what)
            return f"{known.title if known is not None else line.what}: {line.name}"
        case "command.state":
            is_known = line.what in CommandState.__members__
            word = STATE_WORDS[CommandState(line.what)] if is_known else line.what
            return f"{word}: {line.name or 'a command'}" + (f" – {line.text}" if line.text else "")
        case "stage.set":
            level = int(line.what) if line.what.isdigit() else 0
            words = stage_text(level) if level in STAGE_WORDS else line.what
            return f"Stage {words} – {line.text}"
    return line.text


def line_level(line: ShiftLine) -> Level | None:
    """How pressing a line looks; calm ones have no mark."""
    if line.kind == "alarm.raised":
        return _LEVELS.get(line.what)
    if line.kind == "incident.opened":
        return _GRAVE.get(line.what)
    if line.kind == "command.state":
        return "notice"
    if line.kind == "stage.set" and line.what.isdigit():
        return LEVEL_OF_STAGE.get(int(line.what))
    return None


def line_row(line: ShiftLine) -> Row:
    """A line of the log as a row."""
    return Row(
        key=f"line {line.seq}",
        title=line_title(line),
        caption=f"{GROUP_TITLES.get(line.group, line.group)} · {line.actor}",
        right=clock_text(line.t_ns),
        level=line_level(line),
    )


def shift_words(shift: Shift | None) -> str:
    """Who leads since when."""
    if shift is None:
        return "No shift has begun"
    since = f"since {clock_text(shift.began_ns)}"
    if shift.leader is None:
        return f"Nobody leads the shift, {since}"
    return f"{operator_text(shift.leader)} leads the shift, {since}"


def counts_words(shift: Shift | None) -> str:
    """What has happened in a shift, in figures."""
    counts = {} if shift is None else shift.counts
    parts = []
    for name, word in _COUNTED:
        n = counts.get(name, 0)
        if name in ("acknowledged", "commands.troubled"):
            if n:
                parts.append(f"{n:,} {word}")
        else:
            parts.append(count_text(n, word))
    return " · ".join(parts)


def handover_words(handover: Handover) -> str:
    """A handover with both names and times."""
    given = f"{operator_text(handover.by)}, {clock_text(handover.at_ns)}"
    if handover.state == "open":
        to = operator_text(handover.to) if handover.to is not None else "whoever accepts it"
        return f"From {given} to {to}; waits for an answer"
    by = operator_text(handover.answered_by) if handover.answered_by is not None else "somebody"
    did = "accepted by" if handover.state == "accepted" else "sent back by"
    words = f"From {given}; {did} {by}, {clock_text(handover.answered_ns)}"
    return f"{words}: {handover.answer}" if handover.answer else words


def item_sections(items: tuple[HandoverItem, ...]) -> list[Section]:
    """Things that are handed over, under what they are."""
    sections: list[Section] = []
    for kind, title in ITEM_TITLES.items():
        rows = [
            Row(key=f"{n} {item.kind} {item.key}", title=item.title, caption=item.detail)
            for n, item in enumerate(items)
            if item.kind == kind
        ]
        sections.append((title, rows))
    return sections
