"""Whether what a step waits for has come true. Pure functions over a room and last values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twin.playback.script import Condition, Seat
from twin.room.fold import Room
from twin.room.parts.alarms import Alarm, Alarms
from twin.room.parts.incidents import Incident, Incidents, Task
from twin.room.parts.leases import Leases
from twin.room.parts.messages import Messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What conditions look at.

    Attributes
    ----------
    last_value : last good observation of a datastream, None if there is none
    command_id : id of the command of a label in this run
    now_s, since_s : the scene's time, and when the seat did its previous step
    """

    room: Room
    last_value: Callable[[str], float | None]
    command_id: Callable[[str], str]
    seats: dict[str, Seat]
    now_s: float
    since_s: float


class Waiting:
    """One condition being waited for; remembers the value that falls or rises are measured from."""

    def __init__(self, condition: Condition) -> None:
        self._condition = condition
        self._base: float | None = None

    def is_met(self, scene: Scene) -> bool:
        """Whether everything that the condition names holds now."""
        wanted = self._condition
        return (
            scene.now_s - scene.since_s >= wanted.seconds
            and len(scene.room.operators) >= wanted.operators
            and (not wanted.label or self._is_command_there(scene))
            and (not wanted.held or self._is_held(scene))
            and (not wanted.message or self._is_written(scene))
            and (not wanted.alarm or is_alarm(scene.room, wanted.alarm, wanted.alarm_is))
            and (not wanted.incident or _is_incident(scene.room, wanted))
            and (not wanted.task or _is_task(scene.room, wanted))
            and (not wanted.datastream or self._is_observed(scene))
        )

    def _is_command_there(self, scene: Scene) -> bool:
        wanted = self._condition
        command = scene.room.commands.get(scene.command_id(wanted.label))
        return (
            command is not None
            and command.state in wanted.states
            and wanted.says.casefold() in command.state_text.casefold()
        )

    def _is_held(self, scene: Scene) -> bool:
        holder = scene.room[Leases].holder(self._condition.held)
        by = self._condition.by
        if holder is None or not by:
            return holder is None and not by
        seat = scene.seats.get(by)
        return holder.name == (seat.operator if seat else by)

    def _is_written(self, scene: Scene) -> bool:
        texts = (message.text for message in scene.room[Messages].by_id.values())
        return any(self._condition.message.casefold() in text.casefold() for text in texts)

    def _is_observed(self, scene: Scene) -> bool:
        value = scene.last_value(self._condition.datastream)
        if value is None:
            return False
        if self._base is None:
            self._base = value
        match self._condition.relation:
            case "below":
                return value < self._condition.value
            case "above":
                return value > self._condition.value
            case "falls_by":
                self._base = max(self._base, value)
                return self._base - value >= self._condition.value
            case _:
                self._base = min(self._base, value)
                return value - self._base >= self._condition.value


def alarms_called(room: Room, name: str) -> list[Alarm]:
    """Alarms by id, thing or a part of their title."""
    found = room[Alarms].by_id.values()
    return [
        alarm
        for alarm in found
        if name in (alarm.id, alarm.thing_id) or name.casefold() in alarm.title.casefold()
    ]


def is_alarm(room: Room, name: str, state: str) -> bool:
    """Whether an alarm is "active", "unacknowledged", "acknowledged" or "gone"."""
    active = [alarm for alarm in alarms_called(room, name) if alarm.is_active]
    if state == "gone":
        return not active
    if state == "active":
        return bool(active)
    wants_acked = state == "acknowledged"
    return any(bool(alarm.acked_ns) is wants_acked for alarm in active)


def incidents_called(room: Room, name: str) -> list[Incident]:
    """Incidents by id or a part of their title, the newest first."""
    found = reversed(room[Incidents].by_id.values())
    return [one for one in found if name == one.id or name.casefold() in one.title.casefold()]


def tasks_called(room: Room, name: str) -> list[Task]:
    """Tasks by id or a part of their title, the newest first."""
    found = reversed(room[Incidents].tasks.values())
    return [one for one in found if name == one.id or name.casefold() in one.title.casefold()]


def _is_incident(room: Room, wanted: Condition) -> bool:
    is_open = wanted.incident_is == "open"
    return any(one.is_open is is_open for one in incidents_called(room, wanted.incident))


def _is_task(room: Room, wanted: Condition) -> bool:
    return any(one.status == wanted.task_is for one in tasks_called(room, wanted.task))
