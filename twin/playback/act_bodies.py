"""What stands in the body of an act of a script for something that is known only while it plays.

``{in_s: 300}`` a time so many seconds from now · ``{place_of: gate-1}`` where a thing is ·
``{alarms: underpass-1}`` ids of alarms · ``{incident: Flood}``, ``{task: Barrier}`` the id of the
newest of that name · ``{command: gate}`` the id of a labelled command · ``{console_of: fire}`` the
console of a seat · ``{playbook: flooded-underpass}`` the content of one that comes along ·
``{handover: evening}`` the digest of a handover · ``{value_of: pump-1/water_level}`` its value ·
``{learned_above: feeder-1/power_load}`` a condition: above the threshold that the operators'
verdicts on a datastream speak for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.perception.labels import advice_of
from twin.playback.conditions import alarms_called, incidents_called, tasks_called
from twin.playback.script import Seat
from twin.playbooks.library import bundled_playbook
from twin.room.parts.shifts import Shifts
from twin.room.parts.verdicts import Verdicts
from twin.session import TwinSession

_Point = tuple[float, float, float]


class NotYetError(TwinError):
    """A step cannot be done yet; it is tried again."""


#: Names of what is filled in.
FILLED = (
    "in_s", "place_of", "alarms", "incident", "task", "command", "console_of", "playbook",
    "handover", "value_of", "learned_above",
)  # fmt: skip


def is_filled(value: Any) -> bool:
    """Whether something is filled in for this value while the script plays."""
    return (
        isinstance(value, dict)
        and len(value) == 1
        and next(iter(value)) in FILLED
        and not isinstance(next(iter(value.values())), dict | list)
    )


class BodyFiller:
    """Fills the bodies of one seat's acts."""

    def __init__(
        self,
        session: TwinSession,
        seats: dict[str, Seat],
        *,
        command_id: Callable[[str], str],
        place_of: Callable[[str], _Point],
    ) -> None:
        self._session, self._seats = session, seats
        self._fills: dict[str, Callable[[Any], Any]] = {
            "in_s": self._time, "place_of": lambda thing: list(place_of(str(thing))),
            "alarms": self._alarms, "incident": self._incident, "task": self._task,
            "command": command_id, "console_of": self._console, "playbook": _playbook,
            "handover": self._digest, "value_of": self._value, "learned_above": self._learned,
        }  # fmt: skip

    def filled(self, value: Any) -> Any:
        """The same with what is known by now; raises `NotYetError` where something is not."""
        if is_filled(value):
            (name, inner), *_ = value.items()
            return self._fills[name](inner)
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        return [self.filled(one) for one in value] if isinstance(value, list) else value

    def _time(self, seconds: Any) -> int:
        return self._session.clock.now_ns() + round(float(seconds) * NS_PER_S)

    def _alarms(self, name: Any) -> list[str]:
        found = [alarm.id for alarm in alarms_called(self._session.hub.room, str(name))]
        if not found:
            raise NotYetError(f"there is no alarm “{name}”")
        return found

    def _incident(self, name: Any) -> str:
        found = incidents_called(self._session.hub.room, str(name))
        if not found:
            raise NotYetError(f"there is no incident “{name}”")
        return found[0].id

    def _task(self, name: Any) -> str:
        found = tasks_called(self._session.hub.room, str(name))
        if not found:
            raise NotYetError(f"there is no task “{name}”")
        return found[0].id

    def _console(self, seat: Any) -> str:
        wanted = self._seats.get(str(seat))
        name = wanted.operator if wanted else str(seat)
        operators = self._session.hub.room.operators.values()
        found = [one.console_id for one in operators if one.name == name]
        if not found:
            raise NotYetError(f"{name} is not there")
        return found[0]

    def _digest(self, handover: Any) -> str:
        waiting = self._session.hub.room[Shifts].handovers.get(str(handover))
        if waiting is None:
            raise NotYetError(f"no handover “{handover}” waits")
        return waiting.digest

    def _value(self, datastream: Any) -> float:
        value = self._session.city_view.last_value(str(datastream))
        if value is None:
            raise NotYetError(f"{datastream} is not observed")
        return value

    def _learned(self, datastream: Any) -> str:
        """A condition from the verdicts on a datastream; their strength is what was observed."""
        given = self._session.hub.room[Verdicts].by_id.values()
        told = [one for one in given if one.datastream_id == datastream]
        current = max((one.threshold for one in told), default=0.0)
        advice = advice_of(told, current)
        if advice is None:
            raise NotYetError(f"the verdicts on {datastream} speak for no other threshold")
        return f"value > {advice.threshold:.1f}"


def _playbook(name: Any) -> Any:
    return msgspec.to_builtins(bundled_playbook(str(name)))
