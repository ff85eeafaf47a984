"""Alarms for a person: what is wrong, where it stands, what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence

from twin.clock import NS_PER_S
from twin.operations.alarm_book import AlarmBook, Listing, Shown
from twin.operations.alarm_groups import AlarmGroup
from twin.operations.alarm_rates import Flood, is_chattering, is_stale
from twin.room.fold import Room
from twin.room.model import Event
from twin.room.parts.alarms import Alarm, Alarms, AlarmState, Priority
from widgets.parts.command_words import operator_text
from widgets.parts.wording import age_text, clock_text, count_text, duration_text

PRIORITY_TITLES = {
    Priority.CRITICAL: "Critical",
    Priority.HIGH: "High",
    Priority.MEDIUM: "Medium",
    Priority.LOW: "Low",
}
PRIORITY_LETTERS = {
    Priority.CRITICAL: "C",
    Priority.HIGH: "H",
    Priority.MEDIUM: "M",
    Priority.LOW: "L",
}
STATE_TITLES = {
    AlarmState.UNACKNOWLEDGED: "Not acknowledged",
    AlarmState.ACKNOWLEDGED: "Acknowledged",
    AlarmState.RETURNED: "Over, not acknowledged",
    AlarmState.LATCHED: "Over, to be reset",
    AlarmState.SHELVED: "Shelved",
    AlarmState.SUPPRESSED: "Suppressed",
    AlarmState.OUT_OF_SERVICE: "Out of service",
}
SHOWN_TITLES = {
    Shown.IN_SIGHT: "In sight",
    Shown.UNACKNOWLEDGED: "Not acknowledged",
    Shown.ACKNOWLEDGED: "Acknowledged",
    Shown.RETURNED: "Over, not acknowledged",
    Shown.LATCHED: "Over, to be reset",
    Shown.SHELVED: "Shelved",
    Shown.SUPPRESSED: "Suppressed by design",
    Shown.OUT_OF_SERVICE: "Out of service",
    Shown.CHATTERING: "Chattering",
    Shown.STALE: "Active for more than a day",
}


def department_title(department: str) -> str:
    """A department for a person."""
    return department.replace("_", " ").capitalize()


def age_s(alarm: Alarm, now_ns: int) -> float:
    """Seconds since it came."""
    return max(now_ns - alarm.raised_ns, 0) / NS_PER_S


def state_text(alarm: Alarm, now_ns: int) -> str:
    """Where it stands, short, with the time that is left on a shelf."""
    state = alarm.state
    if state is AlarmState.SHELVED:
        left_s = max(alarm.shelved_until_ns - now_ns, 0) / NS_PER_S
        return f"Shelved, {duration_text(left_s)} left"
    text = STATE_TITLES[state]
    if is_chattering(alarm, now_ns):
        return f"{text}, chattering"
    return f"{text}, stale" if is_stale(alarm, now_ns) else text


def group_title(group: AlarmGroup) -> str:
    """What an entry says in one line."""
    head, n = group.head, len(group.alarms)
    if n == 1:
        return head.title
    others = count_text(n - 1, "other")
    if group.cause == "root" and head.id == group.root:
        return f"{head.title}, and {count_text(n - 1, 'alarm')} that follow"
    if group.cause == "rule":
        return f"{head.title}, and {others} of its kind"
    if group.cause == "place":
        return f"{head.title}, and {others} near by"
    return f"{head.title}, and {others} of one cause"


def group_state(group: AlarmGroup, now_ns: int) -> str:
    """Where the alarms of an entry stand, short."""
    if len(group.alarms) == 1:
        return state_text(group.alarms[0], now_ns)
    n = group.n_unacknowledged
    return f"{n:,} not acknowledged" if n else "All acknowledged"


def flood_sentence(flood: Flood, n_alarms: int, n_entries: int, n_operators: int) -> str:
    """That there is a flood, and what has become of it."""
    shared = "" if n_operators <= 1 else f" for {n_operators} operators"
    return (
        f"Alarm flood since {clock_text(flood.start_ns)}{shared}: "
        f"{count_text(n_alarms, 'alarm')} are shown as "
        f"{count_text(n_entries, 'entry', 'entries')}. What is critical stays in sight; begin with "
        "what came first"
    )


def count_line(book: AlarmBook, listing: Listing, listed: Shown, now_ns: int) -> str:
    """How many are listed, and how many are set aside; "" where there are none at all."""
    if not book.alarms:
        return ""
    entries = count_text(len(listing.groups), "entry", "entries")
    told = [
        f"{count_text(listing.n_alarms, 'alarm')} in {entries}",
        f"{listing.n_unacknowledged:,} not acknowledged",
    ]
    for shown in (Shown.SHELVED, Shown.SUPPRESSED, Shown.OUT_OF_SERVICE, Shown.CHATTERING):
        n = book.n_of(shown, now_ns)
        if n and shown is not listed:
            told.append(f"{n:,} {SHOWN_TITLES[shown].lower()}")
    return " · ".join(told)


def place_text(alarm: Alarm) -> str:
    """Where it is."""
    if alarm.thing_name or alarm.thing_id:
        return alarm.thing_name or alarm.thing_id
    if alarm.xyz is not None:
        return f"{alarm.xyz[0]:,.0f} m east, {alarm.xyz[1]:,.0f} m north"
    return ""


_DONE_TO = {
    "alarm.acknowledged": "acknowledged",
    "alarm.shelved": "shelved",
    "alarm.unshelved": "took off the shelf",
    "alarm.suppressed": "suppressed",
    "alarm.unsuppressed": "no longer suppresses",
    "alarm.out_of_service": "took out of service",
    "alarm.in_service": "put back into service",
    "alarm.reset": "reset",
}


def alarm_sentence(room: Room, event: Event) -> str:
    """What happened to alarms, for the activity list; "" for what is told elsewhere."""
    body = event.body
    if event.kind == "alarm.raised":
        alarm = body["alarm"]
        where = alarm.get("thing_name") or alarm.get("thing_id") or ""
        told = f"{alarm['title']} at {where}" if where else str(alarm["title"])
        return f"Alarm ({alarm['priority']}): {told}"
    what = _those(room, body.get("ids", ()))
    if event.kind == "alarm.returned":
        return f"Over: {what}"
    if event.kind == "alarm.unshelved" and event.actor == "hub":
        return f"Back from the shelf: {what}"
    done = _DONE_TO.get(event.kind)
    if done is None:
        return ""
    reason = f" – {body['reason']}" if body.get("reason") else ""
    return f"{event.actor} {done} {what}{reason}"


def _those(room: Room, ids: Sequence[str]) -> str:
    """One alarm by its name, several by their number."""
    if len(ids) != 1:
        return count_text(len(ids), "alarm")
    alarm = room[Alarms].by_id.get(ids[0])
    if alarm is None:
        return "an alarm that is normal again"
    place = place_text(alarm)
    return f"“{alarm.title}” at {place}" if place else f"“{alarm.title}”"


def facts_of_alarm(alarm: Alarm, now_ns: int) -> list[tuple[str, str]]:
    """Name and value of what is known of one alarm."""
    facts = [("Priority", PRIORITY_TITLES[alarm.priority]), ("State", state_text(alarm, now_ns))]
    facts.append(("Where", place_text(alarm)))
    facts.append(("Value", alarm.value_text))
    came = f"{clock_text(alarm.raised_ns)}, {age_text(age_s(alarm, now_ns))} ago"
    facts.append(("Came", came if age_s(alarm, now_ns) >= 1 else clock_text(alarm.raised_ns)))
    if alarm.n_raised > 1:
        facts.append(("How often", f"{count_text(alarm.n_raised, 'time')} since it was normal"))
    facts.append(("Over since", clock_text(alarm.returned_ns)))
    if alarm.acked_by is not None:
        seen = f"{operator_text(alarm.acked_by)} at {clock_text(alarm.acked_ns)}"
        facts.append(("Acknowledged", seen))
    if alarm.shelved_by is not None:
        shelved = f"until {clock_text(alarm.shelved_until_ns)} by {operator_text(alarm.shelved_by)}"
        facts.append(("Shelved", f"{shelved}: {alarm.shelve_reason}"))
    facts.append(("Suppressed", f"by {alarm.suppressed_by}" if alarm.suppressed_by else ""))
    facts.append(("Out of service", alarm.service_reason))
    facts.append(("Department", department_title(alarm.department)))
    facts.append(("Rule", alarm.rule))
    return [(name, value) for name, value in facts if value]


def facts_of_group(group: AlarmGroup) -> list[tuple[str, str]]:
    """Name and value of what is known of several alarms together."""
    first = group.first_up
    counts = [
        f"{n:,} {PRIORITY_TITLES[p].lower()}" for p in Priority if (n := group.counts.get(p, 0))
    ]
    return [
        ("First up", f"{first.title}, {place_text(first)} at {clock_text(first.raised_ns)}"),
        ("Last", clock_text(group.newest_ns)),
        ("Priorities", ", ".join(counts)),
        ("Not acknowledged", f"{group.n_unacknowledged:,} of {len(group.alarms):,}"),
    ]
