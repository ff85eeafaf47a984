"""The places of a report, numbered once: the same on maps, in pictures and in the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from twin.reporting.known import PastValues
from twin.reporting.scope import Scope
from twin.reporting.words import ask_text
from twin.room.model import Command
from twin.room.parts.alarms import PRIORITIES

#: More are not numbered: a picture with a hundred numbers shows nothing.
MOST_PLACES = 24
Point = tuple[float, float, float]


@dataclass(slots=True, kw_only=True)
class Place:
    """One affected thing.

    Attributes
    ----------
    number : from 1, by time
    thing_id : "" for the middle of an incident
    priority : highest of its alarms, "" = none
    since_ns : when it was first touched
    """

    number: int
    thing_id: str
    name: str
    xyz: Point | None
    priority: str = ""
    since_ns: int = 0
    why: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment worth a picture, and why."""

    t_ns: int
    text: str


def places_of(scope: Scope, past: PastValues | None) -> tuple[Place, ...]:
    """Things that had an alarm or a command, and incidents, by time; at most `MOST_PLACES`."""
    found: dict[str, Place] = {}

    def touch(key: str, name: str, xyz: Point | None, t_ns: int, why: str) -> Place:
        place = found.get(key)
        if place is None:
            place = found[key] = Place(number=0, thing_id=key, name=name, xyz=xyz, since_ns=t_ns)
        place.xyz = place.xyz or xyz
        place.since_ns = min(place.since_ns, t_ns)
        if why not in place.why:
            place.why.append(why)
        return place

    for incident in scope.incidents:
        if incident.xyz is not None:
            touch(f"incident:{incident.id}", incident.title, incident.xyz, incident.opened_ns,
                  "Incident")  # fmt: skip
    for line in scope.alarms:
        alarm = line.alarm
        if not line.is_annunciated or not (alarm.thing_id or alarm.xyz):
            continue
        place = touch(alarm.thing_id or alarm.id, alarm.thing_name or alarm.title, alarm.xyz,
                      line.raised_ns, f"Alarm, {alarm.priority.value}: {alarm.title}")  # fmt: skip
        ranks = [one.value for one in PRIORITIES]
        ranked = sorted((p for p in (place.priority, alarm.priority.value) if p), key=ranks.index)
        place.priority = ranked[0]
    for command in scope.commands:
        t_ns = min(command.times_ns.values(), default=command.moved_ns)
        asked = command.request
        why = (
            f"{ask_text(asked).partition(':')[0]}, {command.state.value.lower().replace('_', ' ')}"
        )
        touch(asked.target_id, asked.target_name or asked.target_id, None, t_ns, why)
    _locate(found.values(), past)
    by_weight = sorted(found.values(), key=_weight)[:MOST_PLACES]
    by_time = sorted(by_weight, key=lambda one: (one.since_ns, one.name))
    for number, place in enumerate(by_time, 1):
        place.number = number
    return tuple(by_time)


def moments_of(scope: Scope, most: int = 3) -> tuple[Moment, ...]:
    """The moments to show, by time: the first alarm, the decisions that count, the end."""
    found: list[Moment] = []
    loud = [a for a in scope.alarms if a.is_annunciated and a.raised_ns >= scope.start_ns]
    grave = min(loud, key=lambda a: (_rank(a.alarm.priority.value), a.raised_ns), default=None)
    if grave is not None:
        name = grave.alarm.thing_name or grave.alarm.title
        found.append(Moment(grave.raised_ns, f"Alarm, {grave.alarm.priority.value}: {name}"))
    first = min(scope.commands, key=_begun, default=None)
    if first is not None and _begun(first) >= scope.start_ns:
        found.append(Moment(_begun(first), f"First command: {ask_text(first.request)}"))
    closed = [i for i in scope.incidents if i.closed_ns]
    if closed:
        last = max(closed, key=lambda one: one.closed_ns)
        found.append(Moment(last.closed_ns, f"Closed: {last.title}"))
    else:
        found.append(Moment(scope.end_ns, "The end"))
    return tuple(sorted(found, key=lambda one: one.t_ns))[:most]


def _locate(places: Iterable[Place], past: PastValues | None) -> None:
    if past is None:
        return
    for place in places:
        if place.xyz is None:
            past.seek(place.since_ns)
            place.xyz = past.place_of(place.thing_id)


def _weight(place: Place) -> tuple[int, int, int]:
    is_incident = place.thing_id.startswith("incident:")
    return (0 if is_incident else 1, _rank(place.priority), place.since_ns)


def _rank(priority: str) -> int:
    ranks = [one.value for one in PRIORITIES]
    return ranks.index(priority) if priority in ranks else len(ranks)


def _begun(command: Command) -> int:
    return min(command.times_ns.values(), default=command.moved_ns)
