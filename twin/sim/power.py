"""Electricity: meters of buildings, substations, and street lights that can be dimmed."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array
from twin.sense.model import Thing
from twin.sim.acts import Act, Args
from twin.sim.rhythm import Moment, relax
from twin.sim.roster import Roster
from twin.sim.sites import SiteMap

STANDBY_SHARE = 0.04
DIM_TAU_S = 1.5
KW_PER_M3 = 0.004
MAX_METER_KW = 380.0


class Power:
    """Loads in kilowatts."""

    def __init__(self, city: SiteMap, roster: Roster, count: int) -> None:
        self._city, self._roster = city, roster
        lights = self._place_lights(max(4, count // 8))
        substations = self._place_substations(max(2, count // 20))
        meters = self._place_meters(count - len(lights) - len(substations))
        things = [*lights, *substations, *meters]
        self._load_streams = roster.streams(things, "power_load")
        self._level_streams = roster.streams(lights, "dimming")
        unlike = city.field.at(np.array([thing.xyz for thing in things]) * 5.0)
        self._lamps_kw = 12.0 + 36.0 * unlike[: len(lights)]
        self._peak_kw = np.concatenate(
            [150.0 + 200.0 * unlike[len(lights) : len(lights) + len(substations)], self._meter_kw]
        )
        self._evening = 0.6 + 0.8 * unlike[len(lights) :]  # homes peak, offices fall off
        self._level_pct = np.full(len(lights), 100.0)
        self._target_pct = self._level_pct.copy()
        self._light_of = {thing.id: k for k, thing in enumerate(lights)}
        self._name_of = {thing.id: thing.name for thing in lights}
        self.acts = {
            "lights.dim": Act(refuse=self._refuse_dim, begin=self._dim, outcome=self._is_dimmed)
        }

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """Fade lamps."""
        relax(self._level_pct, self._target_pct, dt_s, DIM_TAU_S)
        is_near = np.abs(self._level_pct - self._target_pct) < 0.5
        self._level_pct[is_near] = self._target_pct[is_near]

    def write(self, now: Moment, values: Float64Array) -> None:
        """Write loads (kW) and light levels (%)."""
        burning = now.share("darkness") * self._level_pct / 100.0
        lamps = self._lamps_kw * (STANDBY_SHARE + (1.0 - STANDBY_SHARE) * burning)
        shape = now.share("power") ** self._evening
        values[self._load_streams] = np.concatenate([lamps, self._peak_kw * shape])
        values[self._level_streams] = self._level_pct

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
        level = float(args["level_pct"])
        if not 0.0 <= level <= 100.0:
            return "Street lights take a level from 0 to 100 %"
        if self._target_pct[self._light_of[target]] == level:
            return f"{self._name_of[target]} are already at {level:g} %"
        return ""

    def _dim(self, target: str, args: Args) -> str:
        self._target_pct[self._light_of[target]] = float(args["level_pct"])
        return f"{self._name_of[target]} are fading to {float(args['level_pct']):g} %"

    def _is_dimmed(self, target: str, args: Args) -> str:
        is_there = self._level_pct[self._light_of[target]] == float(args["level_pct"])
        return f"{self._name_of[target]} are at {float(args['level_pct']):g} %" if is_there else ""
