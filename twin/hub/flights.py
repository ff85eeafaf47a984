"""Commands that are not over: what the hub must remember of each beyond the room.

Like the room it is a fold over the journal, so a restarted hub knows what its predecessor knew.
What only the running hub can know (is the actuator there?) is not part of the fold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from twin.clock import NS_PER_S
from twin.commands.base import Effect
from twin.hub.requests import Observation
from twin.room.fold import Room
from twin.room.model import Command, CommandState, Event

MAX_CLOCK_ERROR_NS = 86_400 * NS_PER_S


@dataclass(slots=True, kw_only=True)
class Flight:
    """One command under way.

    Attributes
    ----------
    effect : what must be observed, None when it was rejected at once
    baseline : last good sample before it was sent
    n_attempts : how often it was sent
    first_sent_ns, last_sent_ns, accepted_ns : hub time, 0 = not yet
    lost_ns : since when nobody can say how it goes, None = somebody can; not journalled
    last_seen : newest sample since it was accepted; not journalled
    """

    command_id: str
    target_id: str
    effect: Effect | None
    baseline: Observation | None = None
    n_attempts: int = 0
    first_sent_ns: int = 0
    last_sent_ns: int = 0
    accepted_ns: int = 0
    lost_ns: int | None = None
    has_forgotten: bool = False
    last_seen: Observation | None = None

    def is_met_by(self, seen: Observation) -> bool:
        """Whether a good sample shows the effect. The first one may serve as the baseline."""
        if self.effect is None:
            return False
        if self.baseline is None and self.effect.is_relative:
            self.baseline = seen
            return False
        before = self.baseline.value if self.baseline else math.nan
        return self.effect.is_shown_by(seen.value, before)


class Flights:
    """All flights, in the order the commands were submitted. Not thread safe."""

    def __init__(self) -> None:
        self._by_id: dict[str, Flight] = {}

    def apply(self, event: Event, room: Room) -> None:
        """Follow an event that `room` has just applied."""
        if event.kind == "command.submitted":
            self._start(event)
        elif event.kind == "command.state":
            self._follow(event, room.commands[event.body["id"]])

    def __iter__(self) -> Iterator[Flight]:
        return iter(tuple(self._by_id.values()))

    def get(self, command_id: str) -> Flight | None:
        """The flight of a command, None when it is over or unknown."""
        return self._by_id.get(command_id)

    def on_target(self, target_id: str) -> Flight | None:
        """The flight that has a target busy."""
        found = (flight for flight in self._by_id.values() if flight.target_id == target_id)
        return next(found, None)

    def watched(self) -> frozenset[str]:
        """Ids of the datastreams whose samples matter now."""
        return frozenset(f.effect.datastream_id for f in self._by_id.values() if f.effect)

    def _start(self, event: Event) -> None:
        request, effect = event.body["request"], event.body.get("effect")
        self._by_id[request["id"]] = Flight(
            command_id=request["id"],
            target_id=request["target_id"],
            effect=msgspec.convert(effect, Effect) if effect else None,
        )

    def _follow(self, event: Event, command: Command) -> None:
        if command.is_terminal:
            del self._by_id[command.request.id]
            return
        flight = self._by_id[command.request.id]
        if command.state is CommandState.SENT:
            self._sent(flight, event)
        elif command.state is CommandState.ACCEPTED:
            flight.accepted_ns = event.t_ns

    @staticmethod
    def _sent(flight: Flight, event: Event) -> None:
        flight.n_attempts += 1
        flight.first_sent_ns = flight.first_sent_ns or event.t_ns
        flight.last_sent_ns = event.t_ns
        baseline = event.body.get("baseline")
        if baseline and flight.effect:
            flight.baseline = Observation(
                datastream_id=flight.effect.datastream_id,
                t_ns=baseline["t_ns"],
                value=baseline["value"],
            )


def is_good(seen: Observation, now_ns: int) -> bool:
    """Whether a sample may count: good quality, finite, its time not over a day off."""
    is_timely = abs(seen.t_ns - now_ns) <= MAX_CLOCK_ERROR_NS
    return seen.quality == 0 and math.isfinite(seen.value) and is_timely
