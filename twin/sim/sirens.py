"""Sirens on roofs: they sound for a while, and noise meters all around hear them."""

from __future__ import annotations

import numpy as np

from twin.analysis.sound_model import SIREN_DB, siren_db_at
from twin.arrays import Float64Array
from twin.sense.model import Thing
from twin.sim.acts import Act, Args
from twin.sim.rhythm import Moment, relax
from twin.sim.roster import Roster
from twin.sim.sites import SiteMap

_MOST = 8
QUIET_DB = 52.0
RISE_TAU_S = 1.2
#: How much louder than at its first moment a siren gets.
SWELL_DB = SIREN_DB - QUIET_DB


class Sirens:
    """Sirens at the city's own places, or on roofs."""

    def __init__(self, city: SiteMap, roster: Roster) -> None:
        sites = city.at_places(("siren",), _MOST)
        sites = sites or city.on_buildings(int(np.clip(city.n_buildings // 150, 2, _MOST)))
        things = [
            roster.add_thing(
                Thing(
                    id=f"siren-{k + 1}",
                    name=site.label if site.place else roster.numbered(f"Siren {site.label}"),
                    kind="siren",
                    xyz=site.xyz,
                    feature_id=site.feature_id,
                    accepts=("siren.sound", "siren.silence"),
                    department="fire",
                )
            )
            for k, site in enumerate(sites)
        ]
        self._streams = roster.streams(things, "sound_level")
        self._xy = np.array([thing.xyz for thing in things])[:, :2]
        self._left_s = np.zeros(len(things))
        self._strength = np.zeros(len(things))
        self._row_of = {thing.id: k for k, thing in enumerate(things)}
        self._name_of = {thing.id: thing.name for thing in things}
        self.acts = {
            "siren.sound": Act(
                refuse=self._refuse_sound,
                begin=self._sound,
                outcome=self._sounds,
                cancel=self._stop,
            ),
            "siren.silence": Act(
                refuse=self._refuse_silence, begin=self._silence, outcome=self._is_silent
            ),
        }

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """Swell, sound, die away."""
        np.maximum(self._left_s - dt_s, 0.0, out=self._left_s)
        relax(self._strength, (self._left_s > 0).astype(np.float64), dt_s, RISE_TAU_S)
        self._strength[self._strength < 0.001] = 0.0

    def write(self, now: Moment, values: Float64Array) -> None:  # noqa: ARG002
        """Write the level at each siren (dB(A))."""
        values[self._streams] = QUIET_DB + (SIREN_DB - QUIET_DB) * self._strength

    def heard_db(self, xyz: Float64Array) -> Float64Array:
        """Level (K,) of all sirens together at (K, 2 or 3) places; 0 where none sounds."""
        energy = np.zeros(len(xyz))
        for row in np.flatnonzero(self._strength).tolist():
            gap = np.hypot(*(xyz[:, :2] - self._xy[row]).T)
            level = siren_db_at(gap) - SWELL_DB * (1.0 - self._strength[row])
            energy += 10.0 ** (level / 10.0)
        return np.where(energy > 1.0, 10.0 * np.log10(np.maximum(energy, 1.0)), 0.0)

    def _refuse_sound(self, target: str, args: Args) -> str:
        seconds = float(args.get("seconds", 60))
        if not 0.0 < seconds <= 3600.0:
            return "A siren sounds for more than 0 and at most 3600 s"
        sounds = self._left_s[self._row_of[target]] > 0
        return f"{self._name_of[target]} already sounds" if sounds else ""

    def _sound(self, target: str, args: Args) -> str:
        self._left_s[self._row_of[target]] = float(args.get("seconds", 60))
        return f"{self._name_of[target]} is starting up"

    def _sounds(self, target: str, _: Args) -> str:
        is_loud = self._strength[self._row_of[target]] > 0.95
        return f"{self._name_of[target]} sounds" if is_loud else ""

    def _stop(self, target: str) -> None:
        self._left_s[self._row_of[target]] = 0.0

    def _refuse_silence(self, target: str, _: Args) -> str:
        sounds = self._left_s[self._row_of[target]] > 0
        return "" if sounds else f"{self._name_of[target]} is silent already"

    def _silence(self, target: str, _: Args) -> str:
        self._stop(target)
        return f"{self._name_of[target]} is dying away"

    def _is_silent(self, target: str, _: Args) -> str:
        is_quiet = self._strength[self._row_of[target]] < 0.05
        return f"{self._name_of[target]} is silent" if is_quiet else ""
