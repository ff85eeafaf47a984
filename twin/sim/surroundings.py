"""Air, noise, rain and car parks: what only senses and cannot be commanded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from twin.analysis.sound_model import louder_together
from twin.arrays import Float64Array
from twin.sense.model import Thing
from twin.sim.acts import Act
from twin.sim.rhythm import Moment, relax
from twin.sim.roster import Roster
from twin.sim.sites import Site, SiteMap
from twin.sim.weather import Weather

NO_ACTS: Mapping[str, Act] = {}
WASH_TAU_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """How the things of one series are called and counted."""

    prefix: str
    stem: str
    kind: str
    department: str


_AIR = _Series(prefix="air", stem="Air sensor", kind="air_station", department="environment")
_NOISE = _Series(prefix="noise", stem="Noise meter", kind="noise_meter", department="environment")
_RAIN = _Series(prefix="rain", stem="Rain gauge", kind="weather_station", department="environment")
_PARK = _Series(prefix="parking", stem="Car park", kind="parking", department="traffic")


def _things(roster: Roster, sites: list[Site], series: _Series) -> list[Thing]:
    things = []
    for k, site in enumerate(sites):
        name = site.label if site.place else roster.numbered(f"{series.stem} {site.label}")
        things.append(
            roster.add_thing(
                Thing(
                    id=f"{series.prefix}-{k + 1}",
                    name=name,
                    kind=series.kind,
                    xyz=site.xyz,
                    feature_id=site.feature_id,
                    department=series.department,
                )
            )
        )
    return things


def _mixed_sites(city: SiteMap, places: tuple[str, ...], count: int, roofs: float) -> list[Site]:
    """The city's own places first, then roofs (a share of the rest) and streets."""
    sites = city.at_places(places, count)
    n_roofs = round((count - len(sites)) * roofs)
    return [
        *sites,
        *city.on_buildings(n_roofs),
        *city.on_streets(count - len(sites) - n_roofs),
    ]


class Air:
    """PM2.5: traffic and calm air raise it, rain washes it out."""

    acts = NO_ACTS

    def __init__(self, city: SiteMap, weather: Weather, roster: Roster, count: int) -> None:
        things = _things(roster, _mixed_sites(city, ("air_station",), count, 0.6), _AIR)
        self._weather = weather
        self._streams = roster.streams(things, "pm25")
        self._xyz = np.array([thing.xyz for thing in things]).reshape(-1, 3)
        self._bustle = city.bustle_at(self._xyz)
        self._washed = np.zeros(len(things))

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """Let rain wash the air."""
        rain = self._weather.rain_mm_h(now, self._xyz)
        relax(self._washed, rain / (rain + 3.0), model_dt_s, WASH_TAU_S)

    def write(self, now: Moment, values: Float64Array) -> None:
        """Write PM2.5 (µg/m³)."""
        source = 4.0 + 30.0 * self._bustle * (0.35 + 0.65 * now.share("traffic"))
        values[self._streams] = source * (1.0 - 0.6 * self._washed)


class Noise:
    """Sound level: follows traffic and rain."""

    acts = NO_ACTS

    def __init__(self, city: SiteMap, weather: Weather, roster: Roster, count: int) -> None:
        things = _things(roster, _mixed_sites(city, ("noise_meter",), count, 0.4), _NOISE)
        self._weather = weather
        self._streams = roster.streams(things, "noise")
        self._xyz = np.array([thing.xyz for thing in things]).reshape(-1, 3)
        self._bustle = city.bustle_at(self._xyz)
        #: What else is heard: level (K,) dB(A) at (K, 3) places, 0 for silence.
        self.heard_db: Callable[[Float64Array], Float64Array] = lambda xyz: np.zeros(len(xyz))

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:
        """Noise has no memory."""

    def write(self, now: Moment, values: Float64Array) -> None:
        """Write sound levels (dB)."""
        loudness = 27.0 * self._bustle * now.share("traffic") ** 0.35
        rain = 2.5 * np.log1p(self._weather.rain_mm_h(now, self._xyz))
        street = 50.0 + loudness + rain
        values[self._streams] = louder_together(street, self.heard_db(self._xyz))


class Rain:
    """Rain gauges on roofs."""

    acts = NO_ACTS

    def __init__(self, city: SiteMap, weather: Weather, roster: Roster, count: int) -> None:
        things = _things(roster, _mixed_sites(city, ("weather_station",), count, 0.8), _RAIN)
        self._weather = weather
        self._streams = roster.streams(things, "rain")
        self._xyz = np.array([thing.xyz for thing in things]).reshape(-1, 3)

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:
        """Rain comes from the weather."""

    def write(self, now: Moment, values: Float64Array) -> None:
        """Write intensities (mm/h)."""
        values[self._streams] = self._weather.rain_mm_h(now, self._xyz)


class Parking:
    """Car parks: cars come and go one by one around the day's curve."""

    acts = NO_ACTS

    def __init__(self, city: SiteMap, roster: Roster, count: int, rng: np.random.Generator) -> None:
        things = _things(roster, _mixed_sites(city, ("parking",), count, 0.3), _PARK)
        self._streams = roster.streams(things, "parking_occupancy")
        self._rng = rng
        self._bays = rng.integers(20, 240, len(things)).astype(np.float64)
        xyz = np.array([thing.xyz for thing in things]).reshape(-1, 3)
        self._pull = rng.uniform(0.3, 0.7, len(things)) + 0.5 * city.bustle_at(xyz)
        self._cars = np.full(len(things), -1.0)

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """Cars arrive and leave; towards what is usual at this time."""
        usual = np.clip(now.share("parking") * self._pull, 0.02, 0.99) * self._bays
        if self._cars[:1] < 0:
            self._cars = np.round(usual)
        arrivals = self._rng.poisson(usual * min(model_dt_s / 2400.0, 1.0))
        leaving = self._rng.poisson(self._cars * min(model_dt_s / 2400.0, 1.0))
        self._cars = np.clip(self._cars + arrivals - leaving, 0.0, self._bays)

    def write(self, now: Moment, values: Float64Array) -> None:  # noqa: ARG002
        """Write occupancies (%)."""
        values[self._streams] = 100.0 * self._cars / self._bays
