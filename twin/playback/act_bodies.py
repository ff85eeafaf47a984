"""What stands in the body of an act of a script for something that is known only while it plays.

``{in_s: 300}`` a time so many seconds from now · ``{place_of: gate-1}`` where a thing is ·
``{alarms: underpass-1}`` ids of alarms · ``{incident: Flood}``, ``{task: Barrier}`` the id of the
newest of that name · ``{command: gate}`` the id of a labelled command · ``{console_of: fire}`` the
console of a seat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.playback.conditions import alarms_called, incidents_called, tasks_called
from twin.playback.script import Seat
from twin.session import TwinSession

_Point = tuple[float, float, float]


class NotYetError(TwinError):
    """A step cannot be done yet; it is tried again."""


#: Names of what is filled in.
FILLED = ("in_s", "place_of", "alarms", "incident", "task", "command", "console_of")


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
            "command": command_id, "console_of": self._console,
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
