"""Drones: they climb, fly straight to a place, hover, and come home to land."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float32Array, Float64Array
from twin.commands.fly_drone import CLIMB_MPS, CRUISE_MPS, OVER_PLACE_M, ROOF_GAP_M
from twin.sense.model import Unit
from twin.sim.acts import Act, Args, Point
from twin.sim.rhythm import Moment
from twin.sim.roster import Roster
from twin.sim.sites import Site, SiteMap

MAX_REACH_M = 8_000.0
GIVE_UP_S = 590.0
_HOMES = ("fire_station", "police_station", "depot")


@dataclass(slots=True)
class _Flight:
    """Where a drone is going; `lands` at its end or hovers there."""

    target: tuple[float, float]
    height_m: float
    place: str
    lands: bool = False


class Drones:
    """Units of kind "drone", numbered on from `first_index`. Each stands at home at first."""

    def __init__(self, city: SiteMap, roster: Roster, count: int, first_index: int) -> None:
        self._city = city
        homes = _homes(city, count)
        self.units: tuple[Unit, ...] = tuple(
            Unit(
                index=first_index + k,
                id=f"drone-{k + 1}",
                name=f"Drone {k + 1}",
                kind="drone",
                department="fire",
                accepts=("drone.fly", "drone.return_home"),
            )
            for k in range(count)
        )
        self._home = np.array([site.xyz for site in homes], dtype=np.float64).reshape(-1, 3)
        self._xyz = self._home.copy()
        self._heading = np.zeros(count)
        self._flights: dict[int, _Flight] = {}
        self._row_of = {unit.id: k for k, unit in enumerate(self.units)}
        streams = [roster.add_stream(u.id, u.name, "distance_to_target") for u in self.units]
        heights = [roster.add_stream(u.id, u.name, "flight_height") for u in self.units]
        self._distance_streams = np.array(streams, dtype=np.int64)
        self._height_streams = np.array(heights, dtype=np.int64)
        self.acts: Mapping[str, Act] = {
            "drone.fly": Act(
                refuse=self._refuse_fly,
                begin=self._fly,
                outcome=self._is_there,
                failure=self._was_called_off,
                cancel=self._go_home,
                route=self.route,
                delay_s=0.0,
                give_up_s=GIVE_UP_S,
            ),
            "drone.return_home": Act(
                refuse=self._refuse_return,
                begin=self._return,
                outcome=self._has_landed,
                route=self.route,
                give_up_s=GIVE_UP_S,
            ),
        }

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """Fly on."""
        for row, flight in list(self._flights.items()):
            self._advance(row, flight, dt_s)

    def write(self, now: Moment, values: Float64Array) -> None:  # noqa: ARG002
        """Write distances to the target (0 without one) and heights over the home (m)."""
        values[self._distance_streams] = 0.0
        for row, flight in self._flights.items():
            gap_m = math.dist(self._xyz[row, :2].tolist(), flight.target)
            values[self._distance_streams[row]] = gap_m
        values[self._height_streams] = self._xyz[:, 2] - self._home[:, 2]

    def xyz(self) -> Float64Array:
        """(n, 3) where the drones are."""
        return self._xyz

    def heading_rad(self) -> Float32Array:
        """(n,) where they face, clockwise from north."""
        return self._heading.astype(np.float32)

    def route(self, target: str) -> tuple[Point, ...]:
        """Corners of the way ahead: up, over, down."""
        row = self._row_of[target]
        flight = self._flights.get(row)
        if flight is None:
            return ()
        x, y, z = self._xyz[row].tolist()
        cruise_z = float(self._home[row, 2]) + flight.height_m
        corners: list[Point] = [(x, y, z), (x, y, cruise_z), (*flight.target, cruise_z)]
        if flight.lands:
            corners.append((*flight.target, float(self._home[row, 2])))
        return tuple(corners)

    def _advance(self, row: int, flight: _Flight, dt_s: float) -> None:
        here = self._xyz[row]
        gap = np.array(flight.target) - here[:2]
        distance = float(np.hypot(*gap))
        is_over = distance < 0.05
        cruise_z = self._home[row, 2] + flight.height_m
        wanted_z = self._home[row, 2] if flight.lands and is_over else cruise_z
        climb = float(np.clip(wanted_z - here[2], -CLIMB_MPS * dt_s, CLIMB_MPS * dt_s))
        if not is_over and abs(here[2] - cruise_z) < 0.5:
            step = min(CRUISE_MPS * dt_s, distance)
            here[:2] += gap / distance * step
            self._heading[row] = math.atan2(gap[0], gap[1]) % (2 * math.pi)
        here[2] += climb
        if flight.lands and is_over and here[2] == self._home[row, 2]:
            del self._flights[row]

    def _refuse_fly(self, target: str, args: Args) -> str:
        row = self._row_of[target]
        x, y, height = float(args["x_m"]), float(args["y_m"]), float(args["height_m"])
        if not (math.isfinite(x) and math.isfinite(y) and 0.0 < height <= 500.0):
            return "The destination is not a place in the air"
        gap_m = math.dist(self._home[row, :2].tolist(), (x, y))
        if gap_m > MAX_REACH_M:
            most_km = MAX_REACH_M / 1000
            return f"The place is {gap_m / 1000:.1f} km from home, it reaches {most_km:g} km"
        roof = self._city.highest_roof_m(self._xyz[row], np.array([x, y]), ROOF_GAP_M)
        room_m = self._home[row, 2] + height - roof
        if room_m < ROOF_GAP_M:
            least = math.ceil(height + ROOF_GAP_M - room_m)
            return f"A roof stands in the way; fly at {least} m or higher"
        return ""

    def _fly(self, target: str, args: Args) -> str:
        x, y = float(args["x_m"]), float(args["y_m"])
        place = str(args.get("place") or f"{x:.0f} m east, {y:.0f} m north")
        row = self._row_of[target]
        self._flights[row] = _Flight((x, y), float(args["height_m"]), place)
        return f"{self.units[row].name} is on its way to {place}"

    def _is_there(self, target: str, _: Args) -> str:
        row = self._row_of[target]
        flight = self._flights.get(row)
        if flight is None or flight.lands:
            return ""
        gap_m = math.dist(self._xyz[row, :2].tolist(), flight.target)
        is_there = gap_m < OVER_PLACE_M / 2
        return f"{self.units[row].name} hovers over {flight.place}" if is_there else ""

    def _was_called_off(self, target: str, _: Args) -> str:
        flight = self._flights.get(self._row_of[target])
        return "The drone was called home" if flight is None or flight.lands else ""

    def _refuse_return(self, target: str, _: Args) -> str:
        is_out = self._row_of[target] in self._flights
        name = self.units[self._row_of[target]].name
        return "" if is_out else f"{name} is at home"

    def _return(self, target: str, _: Args) -> str:
        self._go_home(target)
        return f"{self.units[self._row_of[target]].name} is on its way home"

    def _go_home(self, target: str) -> None:
        row = self._row_of[target]
        flight = self._flights.get(row)
        if flight is not None:
            x, y = self._home[row, :2].tolist()
            self._flights[row] = _Flight((x, y), flight.height_m, "home", lands=True)

    def _has_landed(self, target: str, _: Args) -> str:
        row = self._row_of[target]
        return "" if row in self._flights else f"{self.units[row].name} has landed"


def _homes(city: SiteMap, count: int) -> list[Site]:
    """Roofs of fire stations and the like; else the largest roofs; else the middle of the city."""
    sites = city.on_large_buildings(count, _HOMES)
    x, y, z = city.centre.tolist()
    fallback = [Site((x + 5.0 * k, y, z), "centre") for k in range(count - len(sites))]
    return sites + fallback
