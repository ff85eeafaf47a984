"""Water: the river and its gauges, sewers, pump stations with their basins, gates."""

from __future__ import annotations

import numpy as np

from twin.analysis.water_model import (
    FLOOR_M,
    GATE_RATE_PER_S,
    GATE_TAU_S,
    PUMP_RAMP_S,
    PUMP_RATE_MPS,
    gate_lift_m,
    gate_reach,
)
from twin.arrays import BoolArray, Float64Array
from twin.sense.model import Thing
from twin.sim.acts import Act, Args
from twin.sim.rhythm import Moment, relax
from twin.sim.roster import Roster
from twin.sim.sites import Site, SiteMap
from twin.sim.weather import Weather

FILL_TAU_S = 90.0
PUMPED_M = 0.1
TIDE_PERIOD_S = 6 * 3600.0


class Water:
    """Levels in metres at pump basins, gates, river gauges and sewer gauges."""

    def __init__(self, city: SiteMap, weather: Weather, roster: Roster, count: int) -> None:
        self._city, self._weather = city, weather
        pumps = self._place_pumps(roster, max(2, count // 6))
        gates = self._place_gates(roster, max(2, count // 10))
        river, sewer = self._place_gauges(roster, max(count - len(pumps) - len(gates), 0))
        things = [*pumps, *gates, *river, *sewer]
        is_river = np.zeros(len(things), dtype=np.bool_)
        is_river[len(pumps) : len(pumps) + len(gates) + len(river)] = True
        self._xyz = np.array([thing.xyz for thing in things])
        self._n_pumps, self._n_gates = len(pumps), len(gates)
        self._level_streams = roster.streams(things, "water_level")
        self._running_streams = roster.streams(pumps, "pump_running")
        self._opening_streams = roster.streams(gates, "gate_opening")
        self._name_of = {thing.id: thing.name for thing in things}
        self._pump_of = {thing.id: k for k, thing in enumerate(pumps)}
        self._gate_of = {thing.id: k for k, thing in enumerate(gates)}
        self._prepare_state(is_river)
        self.acts = {
            "pump.start": Act(
                refuse=self._refuse_start, begin=self._start, outcome=self._has_pumped
            ),
            "pump.stop": Act(refuse=self._refuse_stop, begin=self._stop, outcome=self._is_still),
            "gate.set": Act(refuse=self._refuse_set, begin=self._set, outcome=self._is_at),
        }

    @property
    def pump_xyz(self) -> Float64Array:
        """(n, 3) where the pump stations stand, local metres."""
        return np.asarray(self._xyz[: self._n_pumps])

    @property
    def pump_power(self) -> Float64Array:
        """(n,) how much each pump draws, 0 … 1 of what it can."""
        return self._power

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """Pump, fill, move gates and let the gates' effect travel downstream."""
        relax(self._power, self._running * self._speed, dt_s, PUMP_RAMP_S)
        self._drawn += self._power * PUMP_RATE_MPS * dt_s
        idle = self._running == 0
        self._drawn[idle] -= self._drawn[idle] * (1 - np.exp(-dt_s / FILL_TAU_S))
        room = np.maximum(self._undrawn(now)[: self._n_pumps] - FLOOR_M, 0.0)
        np.minimum(self._drawn, room, out=self._drawn)
        step = GATE_RATE_PER_S * dt_s
        self._opening += np.clip(self._opening_target - self._opening, -step, step)
        lift = self._gate_reach @ gate_lift_m(self._opening)
        relax(self._lift, lift, dt_s, GATE_TAU_S)

    def write(self, now: Moment, values: Float64Array) -> None:
        """Write levels (m), pumps (0/1) and openings (%)."""
        level = self._undrawn(now) + self._lift
        level[: self._n_pumps] -= self._drawn
        values[self._level_streams] = np.maximum(level, 0.05)
        values[self._running_streams] = self._running
        values[self._opening_streams] = self._opening

    def _undrawn(self, now: Moment) -> Float64Array:
        """Levels without pumps and gates: the day's wave, and rain that has run off."""
        wave = np.sin(2 * np.pi * now.model_s / TIDE_PERIOD_S + self._phase)
        return np.asarray(self._base + self._swing * wave + self._runoff * self._weather.wetness_mm)

    def _prepare_state(self, is_river: BoolArray) -> None:
        unlike = self._city.field.at(self._xyz * 3.0)
        self._base = np.where(is_river, 1.6 + 0.3 * unlike, 0.4 + 0.3 * unlike)
        self._base[: self._n_pumps] = 1.7 + 0.7 * unlike[: self._n_pumps]
        self._swing = np.where(is_river, 0.15, 0.03)
        self._runoff = np.where(is_river, 0.25, 0.45)
        self._phase = (self._xyz[:, :2] - self._city.centre[:2]).sum(axis=1) / 3000.0
        self._running, self._power = np.zeros(self._n_pumps), np.zeros(self._n_pumps)
        self._speed = np.ones(self._n_pumps)
        self._drawn = np.zeros(self._n_pumps)
        self._drawn_at_start = np.zeros(self._n_pumps)
        self._opening = np.full(self._n_gates, 50.0)
        self._opening_target = self._opening.copy()
        self._lift = np.zeros(len(is_river))
        gates = self._xyz[self._n_pumps : self._n_pumps + self._n_gates, :2]
        gaps = np.linalg.norm(self._xyz[:, None, :2] - gates[None], axis=2)
        self._gate_reach = gate_reach(gaps) * is_river[:, None]

    def _place_pumps(self, roster: Roster, most: int) -> list[Thing]:
        sites = self._city.at_places(("pump_station",), most)
        sites = sites or self._city.on_streets(most, height_m=1.0)
        return [
            self._thing(
                roster, site, "pump", "Pump station", "pump_station", "pump.start pump.stop"
            )
            for site in sites
        ]

    def _place_gates(self, roster: Roster, most: int) -> list[Thing]:
        sites = self._city.at_places(("gate",), most)
        sites = sites or self._city.at_places(("bridge",), most)
        sites = sites or self._city.on_streets(min(most, 6), height_m=1.0)
        return [self._thing(roster, site, "gate", "Gate", "gate", "gate.set") for site in sites]

    def _place_gauges(self, roster: Roster, count: int) -> tuple[list[Thing], list[Thing]]:
        """Gauges of the river (none in a city that knows of no river) and of sewers."""
        river = self._city.at_places(("river_gauge",), count)
        river = river or self._city.at_places(("bridge",), count)
        sewer = self._city.on_streets(count - len(river), height_m=0.5)
        return (
            [
                self._thing(roster, site, "gauge", "River gauge", "river_gauge", "")
                for site in river
            ],
            [
                self._thing(roster, site, "gauge", "Sewer gauge", "sewer_gauge", "")
                for site in sewer
            ],
        )

    @staticmethod
    def _thing(
        roster: Roster, site: Site, prefix: str, stem: str, kind: str, accepts: str
    ) -> Thing:
        is_its_own = site.place is not None and site.place.kind == kind
        name = site.label if is_its_own else roster.numbered(f"{stem} {site.label}")
        return roster.add_thing(
            Thing(
                id=f"{prefix}-{roster.number(prefix)}",
                name=name,
                kind=kind,
                xyz=site.xyz,
                feature_id=site.feature_id,
                accepts=tuple(accepts.split()),
                department="water",
            )
        )

    def _refuse_start(self, target: str, args: Args) -> str:
        k, name = self._pump_of[target], self._name_of[target]
        if not 0.0 < float(args.get("speed_pct", 100.0)) <= 100.0:
            return "A pump runs at more than 0 and at most 100 % of its speed"
        if self._running[k]:
            return f"{name} is already running"
        if self._base[k] - self._drawn[k] < FLOOR_M + 1.5 * PUMPED_M:
            return f"The basin of {name} is already at its lowest level"
        return ""

    def _start(self, target: str, args: Args) -> str:
        k = self._pump_of[target]
        self._running[k] = 1.0
        self._speed[k] = float(args.get("speed_pct", 100.0)) / 100.0
        self._drawn_at_start[k] = self._drawn[k]
        return f"{self._name_of[target]} is starting"

    def _has_pumped(self, target: str, _: Args) -> str:
        k = self._pump_of[target]
        fallen = self._drawn[k] - self._drawn_at_start[k]
        return f"{self._name_of[target]} has lowered its basin" if fallen > 1.2 * PUMPED_M else ""

    def _refuse_stop(self, target: str, _: Args) -> str:
        is_running = self._running[self._pump_of[target]]
        return "" if is_running else f"{self._name_of[target]} is not running"

    def _stop(self, target: str, _: Args) -> str:
        self._running[self._pump_of[target]] = 0.0
        return f"{self._name_of[target]} is stopping"

    def _is_still(self, target: str, _: Args) -> str:
        is_still = self._power[self._pump_of[target]] < 0.05
        return f"{self._name_of[target]} has stopped" if is_still else ""

    def _refuse_set(self, target: str, args: Args) -> str:
        k, opening = self._gate_of[target], float(args["opening_pct"])
        if not 0.0 <= opening <= 100.0:
            return "A gate opens from 0 to 100 %"
        if abs(self._opening[k] - opening) < 0.05:
            return f"{self._name_of[target]} is already {opening:g} % open"
        return ""

    def _set(self, target: str, args: Args) -> str:
        self._opening_target[self._gate_of[target]] = float(args["opening_pct"])
        return f"{self._name_of[target]} is moving to {float(args['opening_pct']):g} %"

    def _is_at(self, target: str, args: Args) -> str:
        k, opening = self._gate_of[target], float(args["opening_pct"])
        is_there = abs(self._opening[k] - opening) < 0.05
        return f"{self._name_of[target]} is {opening:g} % open" if is_there else ""
