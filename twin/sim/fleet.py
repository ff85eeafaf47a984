"""The city's vehicles: bus lines, patrols, and units that are sent somewhere and arrive."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.street_graph import StreetPoint
from twin.commands.dispatch_unit import DISPATCHED
from twin.sense.model import Unit
from twin.sim.acts import Act, Args, Point
from twin.sim.movers import Leg, Movers
from twin.sim.rhythm import Moment
from twin.sim.roster import Roster
from twin.sim.sites import SiteMap
from twin.sim.traffic import Traffic
from twin.sim.transit import ACCEPTS, Transit
from twin.sim.ways import MAX_ACCESS_M, Ways

ON_SCENE_S = 60.0
GIVE_UP_S = 890.0
BUSES_A_LINE = 6
_SHARES = (("bus", 0.4), ("police", 0.18), ("ambulance", 0.15), ("works", 0.15), ("fire_engine", 1))
_TITLES = {
    "bus": "Bus",
    "police": "Police car",
    "ambulance": "Ambulance",
    "works": "Works vehicle",
    "fire_engine": "Fire engine",
}
_DEPARTMENTS = {"bus": "traffic", "police": "police", "works": "works"}
_HASTE = {"bus": 0.8, "police": 1.0, "ambulance": 1.0, "works": 0.7, "fire_engine": 0.9}
_BLUE_LIGHT_HASTE = 1.9


@dataclass(slots=True)
class _Mission:
    """A dispatch under way: where to, by which street point, and since when on scene."""

    target: tuple[float, float]
    place: str
    entry: StreetPoint
    last_leg: Leg | None = None
    is_cut_off: bool = False
    arrived_s: float = field(default=-1.0)

    @property
    def is_under_way(self) -> bool:
        return self.arrived_s < 0


class Fleet:
    """All units; deterministic from the seed of `rng`.

    Attributes
    ----------
    units : what is announced
    distance_streams : (d,) datastreams of the units that can be dispatched
    """

    def __init__(
        self,
        city: SiteMap,
        traffic: Traffic,
        roster: Roster,
        n_units: int,
        rng: np.random.Generator,
    ) -> None:
        self._graph, self._traffic = city.graph, traffic
        self._ways = Ways(city, rng)
        self.units = named_units(n_units)
        n_buses = sum(unit.kind == "bus" for unit in self.units)
        self._lines = [self._ways.bus_line() for _ in range(math.ceil(n_buses / BUSES_A_LINE))]
        self._stage: dict[int, int] = {u: u % BUSES_A_LINE for u in range(n_buses)}
        self._missions: dict[int, _Mission] = {}
        self._entries: dict[int, StreetPoint] = {}
        self._elapsed_s = 0.0
        self._first_nodes = self._ways.some_nodes(n_units)
        for unit in range(n_buses):
            line = self._line_of(unit)
            self._first_nodes[unit] = line[self._stage[unit] % len(line)]
        self._usual_haste = np.array([_HASTE[unit.kind] for unit in self.units])
        self.movers = Movers(
            self._graph.nodes[self._first_nodes], self._usual_haste.copy(), self._more_legs
        )
        self._index_of = {unit.id: unit.index for unit in self.units}
        self._transit = Transit(self, self._graph, self.units[:n_buses], roster)
        sent = [unit for unit in self.units if unit.kind in DISPATCHED]
        streams = [roster.add_stream(u.id, u.name, "distance_to_target") for u in sent]
        self.distance_streams: Int64Array = np.array(streams, dtype=np.int64)
        self._stream_of = {u.index: s for u, s in zip(sent, streams, strict=True)}
        self._known_closed = traffic.closed.copy()
        self.acts: Mapping[str, Act] = {
            "unit.dispatch": Act(
                refuse=self._refuse_dispatch,
                begin=self._dispatch,
                outcome=self._has_arrived,
                failure=self._is_stranded,
                cancel=self._recall,
                route=self.route,
                delay_s=0.0,
                give_up_s=GIVE_UP_S,
            ),
            "unit.recall": Act(
                refuse=self._refuse_recall, begin=self._call_back, outcome=self._is_back
            ),
            **self._transit.acts,
        }

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """Drive, mind new closures, arrive, go back to patrol."""
        self._elapsed_s = now.elapsed_s
        if (self._traffic.closed != self._known_closed).any():
            newly = np.flatnonzero(self._traffic.closed & ~self._known_closed)
            self._known_closed = self._traffic.closed.copy()
            self._avoid(set(newly.tolist()))
        self._transit.step()
        self.movers.step(dt_s, self._traffic.slowness)
        self._tend_missions()

    def write(self, now: Moment, values: Float64Array) -> None:  # noqa: ARG002
        """Write the straight-line distance to the target (0 without one), and service states."""
        self._transit.write(values)
        values[self.distance_streams] = 0.0
        if self._missions:
            xyz = self.movers.xyz()
            for unit, mission in self._missions.items():
                gap_m = math.dist(xyz[unit, :2].tolist(), mission.target)
                values[self._stream_of[unit]] = gap_m

    def route(self, target: str) -> tuple[Point, ...]:
        """Corners of the way ahead of a unit."""
        return self.movers.ahead(self._index_of[target])

    def way_between(self, start: int, goal: int) -> list[Leg]:
        """Legs over open streets between two nodes; [] where there is none."""
        edges = self._graph.route(start, goal, self._traffic.closed)
        return self._ways.along(start, edges or [])

    def send_on_usual_way(self, unit: int) -> None:
        """Let a unit go on along its line or patrol from the next node."""
        kept, node = self.pivot(unit)
        self.movers.replace_legs(unit, kept + self._usual_way(unit, node))

    def _more_legs(self, unit: int) -> list[Leg]:
        """Legs after the last one: none on a mission, else patrol or line."""
        if unit in self._missions:
            return []
        kept, node = self.pivot(unit)
        return kept + self._usual_way(unit, node)

    def _usual_way(self, unit: int, node: int) -> list[Leg]:
        closed = self._traffic.closed
        if self.units[unit].kind != "bus":
            return self._ways.patrol(node, closed)
        line = self._line_of(unit)
        for _ in line:  # a stop that is cut off is left out
            self._stage[unit] = (self._stage[unit] + 1) % len(line)
            legs = self._ways.with_stops(node, line[self._stage[unit]], closed)
            if legs:
                return legs
        return []

    def _line_of(self, unit: int) -> list[int]:
        return self._lines[unit // BUSES_A_LINE]

    def pivot(self, unit: int) -> tuple[list[Leg], int]:
        """Legs that must still be driven before another way can begin, and the node where."""
        leg = self.movers.current[unit]
        if leg is None:
            return [], self._first_nodes[unit]
        if leg.node >= 0:
            return [], leg.node
        kept = []
        for ahead in self.movers.legs[unit]:
            kept.append(ahead)
            if ahead.node >= 0:
                return kept, ahead.node
        here = kept[-1].end if kept else leg.end
        back = self._ways.back(here, self._entries[unit])
        return kept + back, back[-1].node

    def _avoid(self, closed: set[int]) -> None:
        """Give every unit whose way leads over a newly closed segment another one."""
        for unit, legs in enumerate(self.movers.legs):
            if not any(leg.edge in closed for leg in legs):
                continue
            mission = self._missions.get(unit)
            if mission is None:
                self._transit.forget(unit)
                self.send_on_usual_way(unit)
            elif mission.is_under_way:
                self._send(unit, mission)

    def _send(self, unit: int, mission: _Mission) -> None:
        """Put a unit on the way to its mission, or mark the mission as cut off."""
        kept, node = self.pivot(unit)
        way = self._ways.to_point(node, mission.entry, mission.target, self._traffic.closed)
        mission.is_cut_off = not way
        mission.last_leg = way[-1] if way else None
        self._entries[unit] = mission.entry if way else self._entries.get(unit, mission.entry)
        self.movers.replace_legs(unit, kept + way)

    def _refuse_dispatch(self, target: str, args: Args) -> str:
        unit = self.units[self._index_of[target]]
        x, y = float(args["x_m"]), float(args["y_m"])
        if not (math.isfinite(x) and math.isfinite(y)):
            return "The destination is not a place"
        mission = self._missions.get(unit.index)
        if mission is not None and mission.is_under_way:
            return f"{unit.name} is busy: it is on its way to {mission.place}"
        entry = self._graph.nearest(x, y)
        if entry.distance_m > MAX_ACCESS_M:
            return f"The destination is unreachable: {entry.distance_m:.0f} m from any street"
        _, node = self.pivot(unit.index)
        if not self._ways.to_point(node, entry, (x, y), self._traffic.closed):
            return "The destination is unreachable: no open street leads there"
        return ""

    def _dispatch(self, target: str, args: Args) -> str:
        unit = self._index_of[target]
        x, y = float(args["x_m"]), float(args["y_m"])
        place = str(args.get("place") or f"{x:.0f} m east, {y:.0f} m north")
        mission = _Mission((x, y), place, self._graph.nearest(x, y))
        self._missions[unit] = mission
        self.movers.haste[unit] = _BLUE_LIGHT_HASTE
        self._send(unit, mission)
        return f"{self.units[unit].name} is on its way to {place}"

    def _tend_missions(self) -> None:
        for unit, mission in list(self._missions.items()):
            if mission.is_under_way:
                is_last = mission.last_leg is not None
                is_last = is_last and self.movers.current[unit] is mission.last_leg
                if is_last and self.movers.is_at_end(unit):
                    mission.arrived_s = self._elapsed_s
                    self.movers.haste[unit] = self._usual_haste[unit]
            elif self._elapsed_s - mission.arrived_s > ON_SCENE_S:
                del self._missions[unit]

    def _has_arrived(self, target: str, _: Args) -> str:
        unit = self._index_of[target]
        mission = self._missions.get(unit)
        if mission is None or mission.is_under_way:
            return ""
        return f"{self.units[unit].name} has arrived at {mission.place}"

    def _is_stranded(self, target: str, _: Args) -> str:
        mission = self._missions.get(self._index_of[target])
        if mission is None:
            return "The unit was called off"
        if not mission.is_cut_off:
            return ""
        self._recall(target)
        return "Closed roads have cut off the destination"

    def _refuse_recall(self, target: str, _: Args) -> str:
        unit = self._index_of[target]
        return "" if unit in self._missions else f"{self.units[unit].name} is on no mission"

    def _call_back(self, target: str, _: Args) -> str:
        self._recall(target)
        return f"{self.units[self._index_of[target]].name} turns back"

    def _is_back(self, target: str, _: Args) -> str:
        unit = self._index_of[target]
        return "" if unit in self._missions else f"{self.units[unit].name} is on patrol again"

    def _recall(self, target: str) -> None:
        """Back to patrol from the next node; the last metres of a way are driven to their end."""
        unit = self._index_of[target]
        mission = self._missions.pop(unit, None)
        self.movers.haste[unit] = self._usual_haste[unit]
        leg = self.movers.current[unit]
        if mission is not None and mission.is_under_way and leg is not None and leg.node >= 0:
            self.movers.replace_legs(unit, [])


def _kinds(n_units: int) -> list[str]:
    kinds: list[str] = []
    for kind, share in _SHARES:
        kinds += [kind] * min(round(share * n_units), n_units - len(kinds))
    return kinds


def named_units(n_units: int) -> tuple[Unit, ...]:
    """Units of all kinds, buses first; called "Bus 3-2", "Ambulance 4" …"""
    counts: dict[str, int] = {}
    units = []
    for index, kind in enumerate(_kinds(n_units)):
        number = counts[kind] = counts.get(kind, 0) + 1
        label = f"{_TITLES[kind]} {number}"
        if kind == "bus":
            line = (number - 1) // BUSES_A_LINE + 1
            label = f"Bus {line}-{(number - 1) % BUSES_A_LINE + 1}"
        units.append(
            Unit(
                index=index,
                id=f"{kind.replace('_', '-')}-{number}",
                name=label,
                kind=kind,
                department=_DEPARTMENTS.get(kind, "fire"),
                accepts=ACCEPTS if kind == "bus" else ("unit.dispatch", "unit.recall"),
            )
        )
    return tuple(units)
