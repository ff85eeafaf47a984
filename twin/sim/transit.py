"""Public transport under command: buses that are held at a stop, sent round, and let go again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.street_graph import StreetGraph
from twin.commands.hold_transit import DIVERTED, HELD, IN_SERVICE
from twin.sense.model import Unit
from twin.sim.acts import Act, Args, Point
from twin.sim.movers import Leg, Movers
from twin.sim.roster import Roster
from twin.sim.ways import MAX_ACCESS_M

GIVE_UP_S = 295.0
ACCEPTS = ("transit.hold", "transit.divert", "transit.resume")


class Driving(Protocol):
    """What the fleet lends: its movers, and the ways it finds."""

    @property
    def movers(self) -> Movers:
        """All units."""
        ...

    def pivot(self, unit: int) -> tuple[list[Leg], int]:
        """Legs that must still be driven before another way can begin, and the node where."""
        ...

    def way_between(self, start: int, goal: int) -> list[Leg]:
        """Legs over open streets; [] where there is none."""
        ...

    def send_on_usual_way(self, unit: int) -> None:
        """Let a unit go on as it would without any command."""
        ...


class Transit:
    """The buses among the units; each reports its ``service_state``."""

    def __init__(
        self,
        fleet: Driving,
        graph: StreetGraph,
        buses: tuple[Unit, ...],
        roster: Roster,
    ) -> None:
        self._fleet, self._graph = fleet, graph
        self._bus_of = {unit.id: unit for unit in buses}
        streams = [roster.add_stream(u.id, u.name, "service_state") for u in buses]
        self._streams: Int64Array = np.array(streams, dtype=np.int64)
        self._rows: Int64Array = np.array([unit.index for unit in buses], dtype=np.int64)
        self._held: set[int] = set()
        self._ways_round: dict[int, tuple[Leg, str]] = {}
        self.acts: Mapping[str, Act] = {
            "transit.hold": Act(
                refuse=self._refuse_hold,
                begin=self._hold,
                outcome=self._stands,
                cancel=self._release,
                give_up_s=GIVE_UP_S,
            ),
            "transit.divert": Act(
                refuse=self._refuse_divert,
                begin=self._divert,
                outcome=self._is_round,
                cancel=self._release,
                route=self.route,
                delay_s=0.0,
                give_up_s=GIVE_UP_S,
            ),
            "transit.resume": Act(
                refuse=self._refuse_resume, begin=self._resume, outcome=self._is_in_service
            ),
        }

    def step(self) -> None:
        """Keep held buses at their stop; note those that have come round."""
        for unit in self._held:
            self._fleet.movers.keep_waiting(unit)
        for unit, (last, _) in list(self._ways_round.items()):
            if not self._is_ahead(unit, last):
                del self._ways_round[unit]

    def write(self, values: Float64Array) -> None:
        """Write what each bus is doing."""
        values[self._streams] = [self._state(unit) for unit in self._rows.tolist()]

    def forget(self, unit: int) -> None:
        """A closed road has given the unit another way: it is on its line again."""
        self._ways_round.pop(unit, None)

    def route(self, target: str) -> tuple[Point, ...]:
        """Corners of the way ahead, as far as it is known."""
        return self._fleet.movers.ahead(self._bus_of[target].index)

    def _state(self, unit: int) -> float:
        if unit in self._held and self._fleet.movers.is_waiting(unit):
            return HELD
        return DIVERTED if unit in self._ways_round else IN_SERVICE

    def _is_ahead(self, unit: int, last: Leg) -> bool:
        movers = self._fleet.movers
        is_on_it = movers.current[unit] is last and not movers.is_at_end(unit)
        return is_on_it or any(leg is last for leg in movers.legs[unit])

    def _refuse_hold(self, target: str, _: Args) -> str:
        bus = self._bus_of[target]
        return f"{bus.name} is held already" if bus.index in self._held else ""

    def _hold(self, target: str, _: Args) -> str:
        bus = self._bus_of[target]
        self._held.add(bus.index)
        return f"{bus.name} waits at its next stop"

    def _stands(self, target: str, _: Args) -> str:
        bus = self._bus_of[target]
        return f"{bus.name} stands and waits" if self._state(bus.index) == HELD else ""

    def _refuse_divert(self, target: str, args: Args) -> str:
        bus = self._bus_of[target]
        x, y = float(args["x_m"]), float(args["y_m"])
        if not (math.isfinite(x) and math.isfinite(y)):
            return "The place to go round by is not a place"
        point = self._graph.nearest(x, y)
        if point.distance_m > MAX_ACCESS_M:
            return f"The place is {point.distance_m:.0f} m from any street"
        if not self._way_by(bus.index, x, y)[1]:
            return f"No open street leads {bus.name} there, or it is there already"
        return ""

    def _divert(self, target: str, args: Args) -> str:
        bus = self._bus_of[target]
        x, y = float(args["x_m"]), float(args["y_m"])
        kept, way = self._way_by(bus.index, x, y)
        place = str(args.get("place") or f"{x:.0f} m east, {y:.0f} m north")
        self._held.discard(bus.index)
        self._ways_round[bus.index] = (way[-1], place)
        self._fleet.movers.replace_legs(bus.index, kept + way)
        return f"{bus.name} drives by way of {place}"

    def _way_by(self, unit: int, x: float, y: float) -> tuple[list[Leg], list[Leg]]:
        """Legs that are kept, and those to the end of the street nearest to a place."""
        kept, node = self._fleet.pivot(unit)
        point = self._graph.nearest(x, y)
        is_near_first = point.along_m < self._graph.length_m[point.edge] / 2
        ends = self._graph.first if is_near_first else self._graph.second
        return kept, self._fleet.way_between(node, int(ends[point.edge]))

    def _is_round(self, target: str, args: Args) -> str:
        bus = self._bus_of[target]
        if bus.index in self._ways_round:
            return ""
        return f"{bus.name} has passed {args.get('place') or 'the place'} and is on its line again"

    def _refuse_resume(self, target: str, _: Args) -> str:
        bus = self._bus_of[target]
        is_bound = bus.index in self._held or bus.index in self._ways_round
        return "" if is_bound else f"{bus.name} is in service already"

    def _resume(self, target: str, _: Args) -> str:
        self._release(target)
        return f"{self._bus_of[target].name} goes on along its line"

    def _release(self, target: str) -> None:
        unit = self._bus_of[target].index
        self._held.discard(unit)
        if self._ways_round.pop(unit, None) is not None:
            self._fleet.send_on_usual_way(unit)

    def _is_in_service(self, target: str, _: Args) -> str:
        bus = self._bus_of[target]
        is_free = self._state(bus.index) == IN_SERVICE
        return f"{bus.name} is in service" if is_free else ""
