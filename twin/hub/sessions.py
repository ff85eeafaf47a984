"""Who is connected just now. Not journalled: connections come back by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
        self._consoles: dict[str, Operator] = {}
        self._actuators: dict[str, ActuatorSession] = {}

    def add_console(self, session: str, operator: Operator) -> None:
        """A console said hello; an older connection of the same console is forgotten."""
        self.remove(session)
        for old, known in tuple(self._consoles.items()):
            if known.console_id == operator.console_id:
                del self._consoles[old]
        self._consoles[session] = operator

    def add_actuator(self, session: str, name: str, asset_ids: Sequence[str]) -> ActuatorSession:
        """An actuator said hello."""
        self.remove(session)
        actuator = ActuatorSession(session=session, name=name, asset_ids=frozenset(asset_ids))
        self._actuators[session] = actuator
        return actuator

    def remove(self, session: str) -> Operator | ActuatorSession | None:
        """A connection ended; says who it was."""
        operator = self._consoles.pop(session, None)
        return operator or self._actuators.pop(session, None)

    def operator(self, session: str) -> Operator | None:
        """Who sits at a connection."""
        return self._consoles.get(session)

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
        return {operator.console_id: operator for operator in self._consoles.values()}

    def has_console(self, console_id: str) -> bool:
        """Whether some connection belongs to this console."""
        return any(operator.console_id == console_id for operator in self._consoles.values())

    def has_actuator_named(self, name: str) -> bool:
        """Whether some connection belongs to an actuator of this name."""
        return any(actuator.name == name for actuator in self._actuators.values())
