"""The simulated city as one pure model: no sockets, no clock, no randomness but its seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int64Array, UInt8Array
from twin.cap.prepared import Mode
from twin.city.asset import CityAsset
from twin.errors import TwinError
from twin.room.model import CommandRequest
from twin.sense.model import Datastream, Thing, Unit
from twin.sim.acts import Act, JobReport, Jobs, Verdict
from twin.sim.alert_store import AlertStore, MemoryAlerts
from twin.sim.cameras import Cameras
from twin.sim.drones import Drones
from twin.sim.evacuation import Evacuation
from twin.sim.faults import FAULT_NAMES, FAULT_SHARE, Faults, plan_faults
from twin.sim.fleet import Fleet
from twin.sim.gateway import Gateway
from twin.sim.injecting import Shape
from twin.sim.power import Power
from twin.sim.rhythm import DAY_S, Moment
from twin.sim.roster import Roster
from twin.sim.sampling import Sampler
from twin.sim.signs import Signs
from twin.sim.sirens import Sirens
from twin.sim.sites import SiteMap
from twin.sim.subsystem import Subsystem
from twin.sim.surroundings import Air, Noise, Parking, Rain
from twin.sim.traffic import Traffic
from twin.sim.underpasses import Underpasses
from twin.sim.water import Water
from twin.sim.weather import Weather, WeatherKind

SLOW_STEP_S = 0.5
DEFAULT_DATASTREAMS = 2_400
MIN_DATASTREAMS = 100
DEFAULT_UNITS = 200
#: One unit in so many is a drone, at most so many.
UNITS_A_DRONE = 40
MOST_DRONES = 6
EVENING_PEAK_S = 17.5 * 3600.0
#: Shares of the datastreams of the eight observed properties; power takes what is left.
_SHARES = {
    "traffic": 0.46,
    "air": 0.11,
    "noise": 0.11,
    "rain": 0.03,
    "water": 0.04,
    "parking": 0.07,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldOptions:
    """How the city is simulated.

    Attributes
    ----------
    n_datastreams : of the eight observed properties; actuators' own states come on top
    n_units : moving units of all kinds, drones among them
    speed : how fast the day and the weather run; vehicles and actuators keep real time
    rate : samples per usual sample
    mode : of the hub it serves: public alerts of a drill say that they are one
    fault_share : share of the datastreams whose sensors fail by chance
    """

    seed: int = 1
    n_datastreams: int = DEFAULT_DATASTREAMS
    n_units: int = DEFAULT_UNITS
    speed: float = 1.0
    rate: float = 1.0
    time_of_day_s: float = EVENING_PEAK_S
    weather: WeatherKind = "rain"
    mode: Mode = "live"
    fault_share: float = FAULT_SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Observations of one step, columns of length k; ``indices`` are `Datastream.index`."""

    indices: Int64Array
    t_ns: Int64Array
    values: Float64Array
    quality: UInt8Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one step brought: observations and news of commands."""

    samples: Samples
    reports: tuple[JobReport, ...]


class World:
    """A living city. One thread.

    Parameters
    ----------
    city : with streets (see `twin.city.furnish`)
    alerts : where published alerts go; None = they are kept in memory

    Raises
    ------
    TwinError
        The city has no streets.
    """

    def __init__(
        self, city: CityAsset, options: WorldOptions, alerts: AlertStore | None = None
    ) -> None:
        self.options = options
        seeds = np.random.SeedSequence(options.seed).spawn(4)
        layout_rng, weather_rng, self._rng, fleet_rng = (np.random.default_rng(s) for s in seeds)
        sites = SiteMap(city, layout_rng)
        self.sites = sites
        self.weather = Weather(weather_rng, options.weather, sites.centre, sites.radius_m)
        roster = Roster(options.rate)
        counts = _counts(max(options.n_datastreams, MIN_DATASTREAMS))
        self.traffic = Traffic(sites, self.weather, roster, counts["traffic"] // 2)
        air = Air(sites, self.weather, roster, counts["air"])
        noise = Noise(sites, self.weather, roster, counts["noise"])
        self._slow: list[Subsystem] = [
            self.traffic,
            air,
            noise,
            Rain(sites, self.weather, roster, counts["rain"]),
            Parking(sites, roster, counts["parking"], self._rng),
        ]
        n_drones = min(options.n_units // UNITS_A_DRONE, MOST_DRONES)
        n_vehicles = options.n_units - n_drones
        self.fleet = Fleet(sites, self.traffic, roster, n_vehicles, fleet_rng)
        water = Water(sites, self.weather, roster, counts["water"])
        power = Power(sites, roster, counts["power"])
        self.drones = Drones(sites, roster, n_drones, n_vehicles)
        sirens = Sirens(sites, roster)
        noise.heard_db = sirens.heard_db
        self.gateway = Gateway(sites, city.origin, roster, alerts or MemoryAlerts(), options.mode)
        self._quick: list[Subsystem] = [
            water,
            power,
            self.fleet,
            self.drones,
            sirens,
            Signs(sites, roster),
            Cameras(sites, roster),
            Evacuation(sites, roster),
            self.gateway,
            Underpasses(sites, self.weather, water, roster),
        ]
        self.things: tuple[Thing, ...] = tuple(roster.things)
        self.datastreams: tuple[Datastream, ...] = tuple(roster.datastreams)
        self._jobs = Jobs(self._all_acts(), self._all_accepts())
        self._elapsed_s = self._slow_s = 0.0
        self._truth = np.zeros(len(self.datastreams))
        columns = roster.habit_columns()
        passive = {thing.id for thing in self.things if not thing.accepts}
        may_fail = np.array([s.thing_id in passive for s in self.datastreams]) & ~columns.is_state
        ranges = np.array([stream.max - stream.min for stream in self.datastreams])
        faults = Faults(plan_faults(self._rng, may_fail, options.fault_share), ranges, self._rng)
        self.sampler = Sampler(columns, faults, self._rng)
        self._step_slow(SLOW_STEP_S)
        for part in self._quick:
            part.step(self.now, 0.0, 0.0)

    @property
    def units(self) -> tuple[Unit, ...]:
        """The moving units."""
        return (*self.fleet.units, *self.drones.units)

    @property
    def asset_ids(self) -> tuple[str, ...]:
        """Everything that takes commands."""
        return tuple(self._all_accepts())

    @property
    def now(self) -> Moment:
        """Where the simulation stands."""
        model_s = self._elapsed_s * self.options.speed
        time_of_day_s = (self.options.time_of_day_s + model_s) % DAY_S
        return Moment(self._elapsed_s, model_s, time_of_day_s)

    def step(self, t_ns: int, dt_s: float) -> Tick:
        """Advance by `dt_s` seconds and observe.

        Parameters
        ----------
        t_ns : wall time at the end of the step; the newest samples bear it
        """
        self.gateway.now_ns = t_ns
        self._elapsed_s += dt_s
        self._slow_s += dt_s
        if self._slow_s >= SLOW_STEP_S:
            self._step_slow(self._slow_s)
            self._slow_s = 0.0
        now = self.now
        reports = self._jobs.step(self._elapsed_s)
        for part in self._quick:
            part.step(now, dt_s, dt_s * self.options.speed)
        for part in self._quick:
            part.write(now, self._truth)
        if reports:  # a closure shows at once, not at the next slow step
            self.traffic.write(now, self._truth)
            for report in reports:
                self.sampler.hasten(self._streams_of(report.target_id))
        return Tick(samples=self._observe(t_ns, now), reports=reports)

    def command(self, request: CommandRequest) -> Verdict:
        """Take a command on, or refuse it with the reason."""
        verdict = self._jobs.give(request, self._elapsed_s)
        if verdict.is_accepted:
            self.sampler.hasten(self._streams_of(request.target_id))
        return verdict

    def cancel(self, command_id: str) -> None:
        """Forget a command that an operator cancelled."""
        self._jobs.cancel(command_id)

    def break_down(self, target: str, kind: str) -> None:
        """Break something from now on, or mend it.

        Parameters
        ----------
        target : a datastream, or a thing for all of its datastreams; for "actuator" an asset
        kind : "silent", "stuck", "drift" or "spikes" of sensors, "actuator", or "well"

        Raises
        ------
        TwinError
            There is no such thing or kind.
        """
        if kind == "actuator" and target in self._jobs.accepts:
            self._jobs.broken.add(target)
            return
        fault = FAULT_NAMES.get(kind)
        rows = self._rows_called(target)
        if fault is None or not rows:
            raise TwinError(f"The city cannot break “{target}” in the way of “{kind}”")
        for row in rows:
            self.sampler.faults.begin(row, fault, self._elapsed_s)
        if kind == "well":
            self._jobs.broken.discard(target)

    def inject(self, datastream_id: str, shape: Shape, by: float, seconds: float) -> None:
        """Add to what a datastream observes from now on, see `twin.sim.injecting`.

        Raises
        ------
        TwinError
            There is no such datastream.
        """
        rows = self._rows_called(datastream_id)
        if not rows:
            raise TwinError(f"The city has no datastream “{datastream_id}”")
        for row in rows:
            self.sampler.injections.add(row, shape, by, seconds, self._elapsed_s)

    def positions(self) -> tuple[Float64Array, Float32Array]:
        """(n, 3) local metres and (n,) headings of the units, radians clockwise from north."""
        movers, drones = self.fleet.movers, self.drones
        return (
            np.concatenate([movers.xyz(), drones.xyz()]),
            np.concatenate([movers.heading_rad(), drones.heading_rad()]),
        )

    def value_of(self, datastream_id: str) -> float:
        """The true value of a datastream at this moment (linear; for inspection)."""
        index = next(s.index for s in self.datastreams if s.id == datastream_id)
        return float(self._truth[index])

    def _observe(self, t_ns: int, now: Moment) -> Samples:
        indices, ages_s, values, quality = self.sampler.take(self._truth, now.elapsed_s)
        return Samples(
            indices=indices,
            t_ns=t_ns - np.round(ages_s * 1e9).astype(np.int64),
            values=values,
            quality=quality,
        )

    def _step_slow(self, dt_s: float) -> None:
        model_dt_s = dt_s * self.options.speed
        now = self.now
        self.weather.step(now, dt_s, model_dt_s)
        for part in self._slow:
            part.step(now, dt_s, model_dt_s)
            part.write(now, self._truth)

    def _all_acts(self) -> Mapping[str, Act]:
        acts: dict[str, Act] = {}
        for part in (*self._slow, *self._quick):
            acts |= part.acts
        return acts

    def _all_accepts(self) -> dict[str, tuple[str, ...]]:
        assets: tuple[Thing | Unit, ...] = (*self.things, *self.units)
        return {asset.id: asset.accepts for asset in assets if asset.accepts}

    def _rows_called(self, name: str) -> list[int]:
        """Indices of a datastream, or of all of a thing or unit."""
        return [s.index for s in self.datastreams if name in (s.id, s.thing_id)]

    def _streams_of(self, thing_id: str) -> Int64Array:
        return np.array(
            [s.index for s in self.datastreams if s.thing_id == thing_id], dtype=np.int64
        )


def _counts(n_datastreams: int) -> dict[str, int]:
    counts = {name: round(share * n_datastreams) for name, share in _SHARES.items()}
    counts["traffic"] -= counts["traffic"] % 2  # speed and flow of each
    counts["power"] = n_datastreams - sum(counts.values())
    return counts
