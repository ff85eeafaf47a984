"""Where the alarms of a room are in the scene: at their things, or at spots of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from twin.operations.alarm_groups import RANK
from twin.room.parts.alarms import Alarm, Priority

#: Spots in a scene; the most urgent are kept.
MOST_SPOTS = 500


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
    """The most urgent priority of each thing that has an annunciated alarm."""
    worst: dict[str, Priority] = {}
    for alarm in alarms:
        if alarm.thing_id and alarm.is_annunciated:
            known = worst.get(alarm.thing_id)
            if known is None or RANK[alarm.priority] < RANK[known]:
                worst[alarm.thing_id] = alarm.priority
    return worst


def alarm_spots(alarms: Iterable[Alarm], things: Collection[str]) -> tuple[AlarmSpot, ...]:
    """Annunciated alarms that have a place but no thing of the catalogue, together by the metre."""
    at: dict[tuple[int, int], list[Alarm]] = {}
    for alarm in alarms:
        if alarm.xyz is not None and alarm.is_annunciated and alarm.thing_id not in things:
            at.setdefault((round(alarm.xyz[0]), round(alarm.xyz[1])), []).append(alarm)
    spots = []
    for found in at.values():
        worst = min(found, key=lambda one: (RANK[one.priority], one.raised_ns, one.id))
        if worst.xyz is not None:
            spots.append(
                AlarmSpot(
                    alarm_id=worst.id, priority=worst.priority, xyz=worst.xyz, n_alarms=len(found)
                )
            )
    spots.sort(key=lambda spot: RANK[spot.priority])
    return tuple(spots[:MOST_SPOTS])
