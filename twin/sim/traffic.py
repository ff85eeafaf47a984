"""Traffic on every street segment: rhythm, weather, closures, signals; and its sensors."""

from __future__ import annotations

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.sense.model import Thing
from twin.sim.acts import Act, Args
from twin.sim.rhythm import Moment, relax
from twin.sim.roster import Roster
from twin.sim.signals import Signals
from twin.sim.sites import SiteMap
from twin.sim.weather import Weather

QUIET_FLOW = 50.0  # vehicles an hour on the quietest open street at night
LANE_FLOW = 620.0
CLOSE_TAU_S = 1.1
OPEN_TAU_S = 3.0
SHIFT_TAU_S = 3.0
PLAN_TAU_S = 4.0
#: Flow that stays on the rest of a street of which a segment is closed.
ACCESS_SHARE = 0.06
CLOSED_FLOW = 25.0  # what counts as closed in the actuator's own report
#: Share of a closed segment's flow that its neighbours take, first and second ring.
_RING_SHARES = (0.8, 0.3)
_QUEUE_DRAG = (0.35, 0.12)


class Traffic:
    """Flow and speed of every segment, road segments, loops and signals.

    Attributes
    ----------
    flow_vph, slowness : (M,) vehicles an hour; share of the free speed that is driven, 0 … 1
    closed : (M,) bool
    """

    def __init__(self, city: SiteMap, weather: Weather, roster: Roster, n_sensors: int) -> None:
        graph = city.graph
        self._city, self._weather, self._graph = city, weather, graph
        lanes = np.maximum(np.round(graph.width_m / 3.5), 1.0)
        self._capacity = np.minimum(LANE_FLOW * lanes, 1800.0)
        self._busy_flow = self._capacity * 0.9 * (0.2 + 0.8 * city.bustle) * city.importance
        self.closed: BoolArray = np.zeros(graph.n_edges, dtype=np.bool_)
        self._openness = np.ones(graph.n_edges)
        self._open_target = np.ones(graph.n_edges)
        self._shifted = np.zeros(graph.n_edges)
        self._drag = np.zeros(graph.n_edges)
        self._plan_gain = np.ones(graph.n_edges)
        self._rings: dict[int, tuple[list[int], list[int]]] = {}
        self.flow_vph = np.full(graph.n_edges, QUIET_FLOW)
        self.slowness = np.ones(graph.n_edges)
        self._place_sensors(roster, n_sensors)
        self._signals = Signals(city, roster)
        self.acts = {
            "road.close": Act(refuse=self._refuse_close, begin=self._close, outcome=self._is_empty),
            "road.open": Act(refuse=self._refuse_open, begin=self._open, outcome=self._is_flowing),
            **self._signals.acts,
        }

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """Let closures, detours and signal plans take hold; then read off flow and speed."""
        shut = np.flatnonzero((self._open_target < 1.0) | (self._openness < 0.999))
        target = self._open_target[shut]
        tau = np.where(target < self._openness[shut], CLOSE_TAU_S, OPEN_TAU_S)
        self._openness[shut] += (target - self._openness[shut]) * (1 - np.exp(-dt_s / tau))
        rhythm = now.share("traffic")
        base = QUIET_FLOW + (self._busy_flow - QUIET_FLOW) * rhythm
        shifted, drag = self._detours(base)
        relax(self._shifted, shifted, dt_s, SHIFT_TAU_S)
        relax(self._drag, drag, dt_s, SHIFT_TAU_S)
        relax(self._plan_gain, self._signals.gains, dt_s, PLAN_TAU_S)
        self.flow_vph = (base + self._shifted) * self._openness * self._plan_gain
        self.flow_vph = np.minimum(self.flow_vph, self._capacity * 1.15)
        self.slowness = self._slowness(rhythm)

    def write(self, now: Moment, values: Float64Array) -> None:  # noqa: ARG002
        """Write speeds (km/h), flows (veh/h), closures, plans and what is forced on signals."""
        edges = self._sensor_edges
        speed = self._graph.speed_mps[edges] * 3.6 * self.slowness[edges]
        passable = np.where(self.closed[edges], self._openness[edges], 1.0)
        values[self._speed_streams] = speed * passable * self._gain
        values[self._flow_streams] = self.flow_vph[edges] * self._gain
        values[self._closed_streams] = self.closed[self._road_edges]
        self._signals.write(values)

    def _slowness(self, rhythm: float) -> Float64Array:
        load = self.flow_vph / self._capacity
        congestion = 0.55 * np.minimum(load, 1.3) ** 2 + 0.25 * rhythm * self._city.bustle
        wet = 0.18 * min(self._weather.mean_mm_h / 8.0, 1.0)
        plan = np.minimum(self._plan_gain, 1.1)
        return np.clip((1.0 - congestion) * (1.0 - wet) * (1.0 - self._drag) * plan, 0.12, 1.0)

    def _detours(self, base: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Flow that closed segments push onto others, and how much that slows them."""
        shifted, drag = np.zeros(len(base)), np.zeros(len(base))
        for edge, rings in list(self._rings.items()):
            blocked = 1.0 - self._openness[edge]
            if not self.closed[edge] and blocked < 0.001:
                del self._rings[edge]
                continue
            for ring, share, queue in zip(rings, _RING_SHARES, _QUEUE_DRAG, strict=True):
                if ring:
                    shifted[ring] += share * base[edge] * blocked / max(len(ring) / 2, 1.0)
                    drag[ring] = np.maximum(drag[ring], queue * blocked)
        return shifted, drag

    def _place_sensors(self, roster: Roster, count: int) -> None:
        n_roads = min(self._graph.n_edges, count // 2)
        weights = (0.1 + self._city.bustle) * np.minimum(self._graph.length_m, 80.0)
        roads = np.sort(np.argsort(-weights, kind="stable")[:n_roads])
        things = [self._road_thing(roster, int(edge)) for edge in roads]
        loops = self._city.on_streets(count - n_roads, height_m=0.3, places=("loop",))
        for site in loops:
            thing = Thing(
                id=f"loop-{len(things) + 1}",
                name=roster.numbered(f"Loop {site.label}"),
                kind="loop",
                xyz=site.xyz,
                department="traffic",
            )
            things.append(roster.add_thing(thing))
        self._road_edges: Int64Array = roads.astype(np.int64)
        edges = [*roads.tolist(), *(site.edge for site in loops)]
        self._sensor_edges: Int64Array = np.array(edges, dtype=np.int64)
        self._speed_streams = roster.streams(things, "traffic_speed")
        self._flow_streams = roster.streams(things, "traffic_flow")
        self._closed_streams = roster.streams(things[:n_roads], "closed")
        self._gain = 0.96 + 0.08 * self._city.field.at(self._city.graph.middles[edges] * 7.0)
        self._edge_of = {t.id: int(e) for t, e in zip(things[:n_roads], roads, strict=True)}
        self._name_of = {t.id: t.name for t in things}

    def _road_thing(self, roster: Roster, edge: int) -> Thing:
        length = float(self._graph.length_m[edge])
        trim = min(12.0, length / 4)  # off the crossing, where several segments meet
        return roster.add_thing(
            Thing(
                id=f"road-{edge + 1}",
                name=roster.numbered(self._graph.names[edge]),
                kind="road_segment",
                xyz=self._graph.point(edge, trim),
                path=self._graph.point(edge, length - trim),
                accepts=("road.close", "road.open"),
                department="traffic",
            )
        )

    def _refuse_close(self, target: str, _: Args) -> str:
        is_closed = self.closed[self._edge_of[target]]
        return f"{self._name_of[target]} is already closed" if is_closed else ""

    def _close(self, target: str, _: Args) -> str:
        edge = self._edge_of[target]
        self._set_closed(edge, is_closed=True)
        self._rings[edge] = self._rings_around(edge)
        return f"Barriers are closing on {self._name_of[target]}"

    def _set_closed(self, edge: int, *, is_closed: bool) -> None:
        self.closed[edge] = is_closed
        self._open_target[:] = 1.0
        for shut in np.flatnonzero(self.closed).tolist():
            self._open_target[self._graph.chain_of(shut)] = ACCESS_SHARE
        self._open_target[self.closed] = 0.0

    def _rings_around(self, edge: int) -> tuple[list[int], list[int]]:
        """Segments one and two junctions away from the chain that `edge` is part of."""
        inner = set(self._graph.chain_of(edge))
        first = {beside for e in inner for beside in self._graph.edges_beside(e)} - inner
        second = {beside for e in first for beside in self._graph.edges_beside(e)}
        return sorted(first), sorted(second - first - inner)

    def _is_empty(self, target: str, _: Args) -> str:
        flow = self.flow_vph[self._edge_of[target]]
        return f"{self._name_of[target]} is closed and empty" if flow < CLOSED_FLOW else ""

    def _refuse_open(self, target: str, _: Args) -> str:
        is_closed = self.closed[self._edge_of[target]]
        return "" if is_closed else f"{self._name_of[target]} is already open"

    def _open(self, target: str, _: Args) -> str:
        self._set_closed(self._edge_of[target], is_closed=False)
        return f"Barriers are opening on {self._name_of[target]}"

    def _is_flowing(self, target: str, _: Args) -> str:
        is_open = self._openness[self._edge_of[target]] > 0.9
        return f"Traffic is moving on {self._name_of[target]}" if is_open else ""
