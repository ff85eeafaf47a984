"""Electricity: meters of buildings, substations with their feeders, street lights that dim."""

from __future__ import annotations

import numpy as np

from twin.analysis.power_model import STANDBY_SHARE, feeder_of
from twin.arrays import Float64Array
from twin.sense.model import Thing
from twin.sim.acts import Act, Args
from twin.sim.rhythm import Moment, relax
from twin.sim.roster import Roster
from twin.sim.sites import SiteMap

DIM_TAU_S = 1.5
KW_PER_M3 = 0.004
MAX_METER_KW = 380.0
#: Feeders of a substation stand on either side of it.
FEEDERS = ("west", "east")
FEEDER_GAP_M = 6.0


class Power:
    """Loads in kilowatts. What hangs on an open feeder has none."""

    def __init__(self, city: SiteMap, roster: Roster, count: int) -> None:
        self._city, self._roster = city, roster
        lights = self._place_lights(max(4, count // 8))
        substations = self._place_substations(max(2, count // 30))
        feeders = self._place_feeders(substations)
        n_meters = count - len(lights) - len(substations) - len(feeders)
        meters = self._place_meters(n_meters)
        things = [*lights, *substations, *feeders, *meters]
        self._load_streams = roster.streams(things, "power_load")
        self._level_streams = roster.streams(lights, "dimming")
        self._closed_streams = roster.streams(feeders, "breaker_closed")
        xyz = np.array([thing.xyz for thing in things])
        unlike = city.field.at(xyz * 5.0)
        self._n_lights, self._n_substations = len(lights), len(substations)
        self._lamps_kw = 12.0 + 36.0 * unlike[: len(lights)]
        rest = unlike[len(lights) + len(substations) :]
        self._peak_kw = np.concatenate([60.0 + 100.0 * rest[: len(feeders)], self._meter_kw])
        self._evening = 0.6 + 0.8 * rest  # homes peak, offices fall off
        cabinets = np.array([thing.xyz for thing in feeders])[:, :2]
        self._feeder_of_light = feeder_of(xyz[: len(lights), :2], cabinets)
        self._feeder_of_meter = feeder_of(xyz[len(things) - len(meters) :, :2], cabinets)
        self._closed = np.ones(len(feeders))
        self._level_pct = np.full(len(lights), 100.0)
        self._target_pct = self._level_pct.copy()
        self._light_of = {thing.id: k for k, thing in enumerate(lights)}
        self._feeder_row = {thing.id: k for k, thing in enumerate(feeders)}
        self._name_of = {thing.id: thing.name for thing in (*lights, *feeders)}
        self._feeder_names = [thing.name for thing in feeders]
        self.acts = {
            "lights.dim": Act(refuse=self._refuse_dim, begin=self._dim, outcome=self._is_dimmed),
            "power.open_breaker": Act(
                refuse=self._refuse_open, begin=self._open, outcome=self._is_open
            ),
            "power.close_breaker": Act(
                refuse=self._refuse_close, begin=self._close, outcome=self._is_closed
            ),
        }

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """Fade lamps."""
        relax(self._level_pct, self._target_pct, dt_s, DIM_TAU_S)
        is_near = np.abs(self._level_pct - self._target_pct) < 0.5
        self._level_pct[is_near] = self._target_pct[is_near]

    def write(self, now: Moment, values: Float64Array) -> None:
        """Write loads (kW), light levels (%) and breakers (0/1)."""
        level_pct = self._level_pct * self._closed[self._feeder_of_light]
        burning = now.share("darkness") * level_pct / 100.0
        powered = self._closed[self._feeder_of_light]
        lamps = self._lamps_kw * (STANDBY_SHARE * powered + (1.0 - STANDBY_SHARE) * burning)
        loads = self._peak_kw * now.share("power") ** self._evening
        n_feeders = len(self._closed)
        feeders = loads[:n_feeders] * self._closed
        feeders += np.bincount(self._feeder_of_light, lamps, n_feeders)
        substations = feeders.reshape(self._n_substations, len(FEEDERS)).sum(axis=1)
        meters = loads[n_feeders:] * self._closed[self._feeder_of_meter]
        values[self._load_streams] = np.concatenate([lamps, substations, feeders, meters])
        values[self._level_streams] = level_pct
        values[self._closed_streams] = self._closed

    def _place_lights(self, most: int) -> list[Thing]:
        sites = self._city.at_places(("street_light",), most)
        sites = sites or self._city.on_streets(most, height_m=7.0)
        things = []
        for k, site in enumerate(sites):
            street = self._city.street_near(*site.xyz[:2])
            stem = f"Street lights {street}"
            things.append(
                self._roster.add_thing(
                    Thing(
                        id=f"lights-{k + 1}",
                        name=self._roster.numbered(stem),
                        kind="street_light_group",
                        xyz=site.xyz,
                        accepts=("lights.dim",),
                        department="energy",
                    )
                )
            )
        return things

    def _place_substations(self, most: int) -> list[Thing]:
        sites = self._city.at_places(("substation",), most)
        sites = sites or self._city.on_buildings(most)
        return [
            self._roster.add_thing(
                Thing(
                    id=f"substation-{k + 1}",
                    name=site.label
                    if site.place
                    else self._roster.numbered(f"Substation {site.label}"),
                    kind="substation",
                    xyz=site.xyz,
                    feature_id=site.feature_id,
                    department="energy",
                )
            )
            for k, site in enumerate(sites)
        ]

    def _place_feeders(self, substations: list[Thing]) -> list[Thing]:
        """Two at each substation, each with its cabinet beside it."""
        return [
            self._roster.add_thing(
                Thing(
                    id=f"feeder-{len(FEEDERS) * k + n + 1}",
                    name=f"{substation.name} feeder {side}",
                    kind="feeder",
                    xyz=(substation.xyz[0] + (2 * n - 1) * FEEDER_GAP_M, *substation.xyz[1:]),
                    feature_id=substation.feature_id,
                    accepts=("power.open_breaker", "power.close_breaker"),
                    department="energy",
                )
            )
            for k, substation in enumerate(substations)
            for n, side in enumerate(FEEDERS)
        ]

    def _place_meters(self, count: int) -> list[Thing]:
        sites = self._city.on_buildings(max(count, 0))
        volumes = self._city.volumes_m3(sites)
        self._meter_kw = np.clip(volumes * KW_PER_M3, 1.5, MAX_METER_KW)
        return [
            self._roster.add_thing(
                Thing(
                    id=f"meter-{k + 1}",
                    name=self._roster.numbered(f"Smart meter {site.label}"),
                    kind="building" if site.feature_id else "substation",
                    xyz=site.xyz,
                    feature_id=site.feature_id,
                    department="energy",
                )
            )
            for k, site in enumerate(sites)
        ]

    def _refuse_dim(self, target: str, args: Args) -> str:
        level, row = float(args["level_pct"]), self._light_of[target]
        if not 0.0 <= level <= 100.0:
            return "Street lights take a level from 0 to 100 %"
        feeder = self._feeder_of_light[row]
        if not self._closed[feeder]:
            return f"{self._name_of[target]} have no power: {self._feeder_names[feeder]} is open"
        if self._target_pct[row] == level:
            return f"{self._name_of[target]} are already at {level:g} %"
        return ""

    def _dim(self, target: str, args: Args) -> str:
        self._target_pct[self._light_of[target]] = float(args["level_pct"])
        return f"{self._name_of[target]} are fading to {float(args['level_pct']):g} %"

    def _is_dimmed(self, target: str, args: Args) -> str:
        is_there = self._level_pct[self._light_of[target]] == float(args["level_pct"])
        return f"{self._name_of[target]} are at {float(args['level_pct']):g} %" if is_there else ""

    def _refuse_open(self, target: str, _: Args) -> str:
        is_closed = self._closed[self._feeder_row[target]]
        return "" if is_closed else f"The breaker of {self._name_of[target]} is already open"

    def _open(self, target: str, _: Args) -> str:
        self._closed[self._feeder_row[target]] = 0.0
        return f"The breaker of {self._name_of[target]} opens"

    def _is_open(self, target: str, _: Args) -> str:
        is_closed = self._closed[self._feeder_row[target]]
        return "" if is_closed else f"{self._name_of[target]} is dead"

    def _refuse_close(self, target: str, _: Args) -> str:
        is_closed = self._closed[self._feeder_row[target]]
        return f"The breaker of {self._name_of[target]} is already closed" if is_closed else ""

    def _close(self, target: str, _: Args) -> str:
        self._closed[self._feeder_row[target]] = 1.0
        return f"The breaker of {self._name_of[target]} closes"

    def _is_closed(self, target: str, _: Args) -> str:
        is_closed = self._closed[self._feeder_row[target]]
        return f"{self._name_of[target]} is under power" if is_closed else ""
