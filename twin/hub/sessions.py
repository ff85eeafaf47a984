"""Who is connected just now. Not journalled: connections come back by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin.hub.who import Who
from twin.room.model import Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class ActuatorSession:
    """A connected actuator and the assets it serves."""

    session: str
    name: str
    asset_ids: frozenset[str]


class Sessions:
    """Consoles and actuators by connection. Where two serve the same, the newer one counts."""

    def __init__(self) -> None:
        self._consoles: dict[str, Who] = {}
        self._actuators: dict[str, ActuatorSession] = {}

    def add_console(self, session: str, who: Who) -> None:
        """A console said hello; an older connection of the same console is forgotten."""
        self.remove(session)
        for old, known in tuple(self._consoles.items()):
            if known.operator.console_id == who.operator.console_id:
                del self._consoles[old]
        self._consoles[session] = who

    def add_actuator(self, session: str, name: str, asset_ids: Sequence[str]) -> ActuatorSession:
        """An actuator said hello."""
        self.remove(session)
        actuator = ActuatorSession(session=session, name=name, asset_ids=frozenset(asset_ids))
        self._actuators[session] = actuator
        return actuator

    def remove(self, session: str) -> Operator | ActuatorSession | None:
        """A connection ended; says who it was."""
        who = self._consoles.pop(session, None)
        return who.operator if who else self._actuators.pop(session, None)

    def who(self, session: str) -> Who | None:
        """Who sits at a connection."""
        return self._consoles.get(session)

    def who_at(self, console_id: str) -> Who | None:
        """Who sits at a console."""
        found = (who for who in self._consoles.values() if who.operator.console_id == console_id)
        return next(found, None)

    def actuator(self, session: str) -> ActuatorSession | None:
        """Which actuator a connection is."""
        return self._actuators.get(session)

    def actuator_of(self, target_id: str) -> ActuatorSession | None:
        """The newest connected actuator that serves a target."""
        found = (a for a in reversed(self._actuators.values()) if target_id in a.asset_ids)
        return next(found, None)

    def actuators(self) -> tuple[ActuatorSession, ...]:
        """All connected actuators."""
        return tuple(self._actuators.values())

    def operators(self) -> dict[str, Operator]:
        """Who is there, by console id."""
        return {who.operator.console_id: who.operator for who in self._consoles.values()}

    def has_console(self, console_id: str) -> bool:
        """Whether some connection belongs to this console."""
        return self.who_at(console_id) is not None

    def has_actuator_named(self, name: str) -> bool:
        """Whether some connection belongs to an actuator of this name."""
        return any(actuator.name == name for actuator in self._actuators.values())
