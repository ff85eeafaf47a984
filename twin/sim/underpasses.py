"""An underpass beside a pump station: heavy rain collects there, the station's pump empties it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.sense.model import Thing
from twin.sim.acts import Act
from twin.sim.rhythm import Moment
from twin.sim.roster import Roster
from twin.sim.sites import SiteMap
from twin.sim.water import Water
from twin.sim.weather import Weather

_MOST = 1
#: Drains swallow so much rain; only what falls beyond it stays.
DRAINED_MM_H = 15.0
#: Metres a second that the water rises for each mm/h beyond it.
RISE_M_S = 0.00025
PUMPED_M_S = 0.02
SEEPED_M_S = 0.0004
DEEPEST_M = 2.5


class Underpasses:
    """Depth of water on the carriageway, metres, 0 = dry."""

    acts: Mapping[str, Act]

    def __init__(self, city: SiteMap, weather: Weather, water: Water, roster: Roster) -> None:
        self.acts = {}
        self._weather, self._water = weather, water
        rows, places = _beside(city, water.pump_xyz)
        things: list[Thing] = []
        for edge, xyz in places:
            street = roster.numbered(f"Underpass {city.graph.names[edge]}")
            things.append(
                roster.add_thing(
                    Thing(
                        id=f"underpass-{len(things) + 1}", name=street, kind="underpass", xyz=xyz,
                        department="water",
                    )
                )
            )  # fmt: skip
        self._pump_rows = rows
        self._streams = roster.streams(things, "flood_depth")
        self._xyz = np.array([thing.xyz for thing in things]).reshape(-1, 3)
        self._depth_m = np.zeros(len(things))

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """Rain comes in, the pump and the ground take it out."""
        rain = self._weather.rain_mm_h(now, self._xyz)
        rise = RISE_M_S * np.maximum(rain - DRAINED_MM_H, 0.0)
        fall = SEEPED_M_S + PUMPED_M_S * self._water.pump_power[self._pump_rows]
        self._depth_m = np.clip(self._depth_m + (rise - fall) * dt_s, 0.0, DEEPEST_M)

    def write(self, now: Moment, values: Float64Array) -> None:  # noqa: ARG002
        """Write depths (m)."""
        values[self._streams] = np.round(self._depth_m, 3)


def _beside(
    city: SiteMap, pump_xyz: Float64Array
) -> tuple[Int64Array, list[tuple[int, tuple[float, float, float]]]]:
    """Rows of the pump stations nearest to the centre, and the street beside each."""
    gaps = np.linalg.norm(pump_xyz[:, :2] - city.centre[:2], axis=1)
    rows = np.argsort(gaps, kind="stable")[:_MOST].astype(np.int64)
    places = []
    for x, y, _ in pump_xyz[rows].tolist():
        middles = city.graph.middles
        edge = int(np.argmin(((middles[:, :2] - (x, y)) ** 2).sum(axis=1)))
        places.append((edge, city.graph.point(edge, float(city.graph.length_m[edge]) / 2)))
    return rows, places
