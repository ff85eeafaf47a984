"""Where the alarms of a room are in the scene: at their things, or at spots of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from twin.operations.alarm_groups import RANK
from twin.room.parts.alarms import Alarm, Priority

#: Spots in a scene; the most urgent are kept.
MOST_SPOTS = 500
#: Things that are ringed at a time.
MOST_RINGS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSpot:
    """Alarms at one place where no thing of the catalogue stands.

    Attributes
    ----------
    alarm_id, priority : the most urgent of them
    xyz : local metres
    """

    alarm_id: str
    priority: Priority
    xyz: tuple[float, float, float]
    n_alarms: int = 1


def alarms_of_things(alarms: Iterable[Alarm]) -> dict[str, Priority]:
    """The most urgent priority of each thing that has an annunciated alarm.

    In a flood the `MOST_RINGS` most urgent are kept, unacknowledged before others, so that the
    city stays readable; all of them are in the list.
    """
    worst: dict[str, Alarm] = {}
    for alarm in alarms:
        if alarm.thing_id and alarm.is_annunciated:
            known = worst.get(alarm.thing_id)
            if known is None or _urgency(alarm) < _urgency(known):
                worst[alarm.thing_id] = alarm
    kept = sorted(worst.values(), key=_urgency)[:MOST_RINGS]
    return {alarm.thing_id: alarm.priority for alarm in kept}


def _urgency(alarm: Alarm) -> tuple[int, bool, int, str]:
    return RANK[alarm.priority], bool(alarm.acked_ns), alarm.raised_ns, alarm.id


def alarm_spots(alarms: Iterable[Alarm], things: Collection[str]) -> tuple[AlarmSpot, ...]:
    """Annunciated alarms that have a place but no thing of the catalogue, together by the metre."""
    at: dict[tuple[int, int], list[Alarm]] = {}
    for alarm in alarms:
        if alarm.xyz is not None and alarm.is_annunciated and alarm.thing_id not in things:
            at.setdefault((round(alarm.xyz[0]), round(alarm.xyz[1])), []).append(alarm)
    spots = []
    for found in at.values():
        worst = min(found, key=_urgency)
        if worst.xyz is not None:
            spots.append(
                AlarmSpot(
                    alarm_id=worst.id, priority=worst.priority, xyz=worst.xyz, n_alarms=len(found)
                )
            )
    spots.sort(key=lambda spot: RANK[spot.priority])
    return tuple(spots[:MOST_SPOTS])
