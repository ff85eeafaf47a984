"""Cameras that turn to saved views, and report 0 while they turn."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array
from twin.commands.turn_camera import N_PRESETS
from twin.sense.model import Thing
from twin.sim.acts import Act, Args
from twin.sim.rhythm import Moment
from twin.sim.roster import Roster
from twin.sim.sites import SiteMap

_MOST = 12
#: A camera turns one preset further in this time.
STEP_S = 1.5


class Cameras:
    """Cameras at the city's own places, or over its streets; each looks at preset 1 at first."""

    def __init__(self, city: SiteMap, roster: Roster) -> None:
        sites = city.at_places(("camera",), _MOST)
        count = int(np.clip(city.graph.n_edges // 40, 2, _MOST))
        sites = sites or city.on_streets(count, height_m=8.0)
        things = [
            roster.add_thing(
                Thing(
                    id=f"camera-{k + 1}",
                    name=site.label if site.place else roster.numbered(f"Camera {site.label}"),
                    kind="camera",
                    xyz=site.xyz,
                    accepts=("camera.preset",),
                    department="police",
                )
            )
            for k, site in enumerate(sites)
        ]
        self._streams = roster.streams(things, "camera_preset")
        self._at = np.ones(len(things))
        self._wanted = np.ones(len(things))
        self._row_of = {thing.id: k for k, thing in enumerate(things)}
        self._name_of = {thing.id: thing.name for thing in things}
        self.acts = {
            "camera.preset": Act(refuse=self._refuse, begin=self._turn, outcome=self._looks)
        }

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """Turn towards the wanted preset."""
        most = dt_s / STEP_S
        self._at += np.clip(self._wanted - self._at, -most, most)

    def write(self, now: Moment, values: Float64Array) -> None:  # noqa: ARG002
        """Write presets; 0 while turning."""
        values[self._streams] = np.where(self._at == self._wanted, self._wanted, 0.0)

    def _refuse(self, target: str, args: Args) -> str:
        preset = int(args["preset"])
        if not 1 <= preset <= N_PRESETS:
            return f"{self._name_of[target]} has presets 1 to {N_PRESETS}, not {preset}"
        is_there = self._at[self._row_of[target]] == preset
        return f"{self._name_of[target]} already looks there" if is_there else ""

    def _turn(self, target: str, args: Args) -> str:
        self._wanted[self._row_of[target]] = int(args["preset"])
        return f"{self._name_of[target]} is turning"

    def _looks(self, target: str, args: Args) -> str:
        is_there = self._at[self._row_of[target]] == int(args["preset"])
        return f"{self._name_of[target]} looks at preset {int(args['preset'])}" if is_there else ""
