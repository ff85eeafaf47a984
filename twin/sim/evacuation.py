"""Large buildings with evacuation speakers: who is inside, and how they leave and come back."""

from __future__ import annotations

import numpy as np

from twin.analysis.people_model import LEAVE_TAU_S, M3_A_VISITOR, REACTION_S, STAY_SHARE
from twin.arrays import Float64Array
from twin.sense.model import Thing
from twin.sim.acts import Act, Args
from twin.sim.rhythm import Moment, relax
from twin.sim.roster import Roster
from twin.sim.sites import SiteMap

_MOST = 10
_KINDS = ("hospital", "station", "police_station", "fire_station", "depot")
MOST_PEOPLE = 1_500.0
LEAST_PEOPLE = 40.0
RETURN_TAU_S = 300.0


class Evacuation:
    """Occupancy in persons, counted at the doors."""

    def __init__(self, city: SiteMap, roster: Roster) -> None:
        count = int(np.clip(city.n_buildings // 60, 2, _MOST))
        sites = city.on_large_buildings(count, _KINDS)
        things = [
            roster.add_thing(
                Thing(
                    id=f"speakers-{k + 1}",
                    name=f"{site.label} speakers"
                    if site.place
                    else roster.numbered(f"Speakers {site.label}"),
                    kind="evacuation_speakers",
                    xyz=site.xyz,
                    feature_id=site.feature_id,
                    accepts=("building.evacuate", "building.all_clear"),
                    department="fire",
                )
            )
            for k, site in enumerate(sites)
        ]
        self._occupancy_streams = roster.streams(things, "occupancy")
        self._message_streams = roster.streams(things, "speaker_message")
        holds = city.volumes_m3(sites) / M3_A_VISITOR
        self._holds = np.round(np.clip(holds, LEAST_PEOPLE, MOST_PEOPLE))
        self._people = np.full(len(things), -1.0)
        self._told_s = np.full(len(things), -1.0)
        self._row_of = {thing.id: k for k, thing in enumerate(things)}
        self._name_of = {thing.id: thing.name for thing in things}
        self.acts = {
            "building.evacuate": Act(
                refuse=self._refuse_evacuate,
                begin=self._evacuate,
                outcome=self._is_empty,
                give_up_s=300.0,
            ),
            "building.all_clear": Act(
                refuse=self._refuse_clear, begin=self._clear, outcome=self._is_clear
            ),
        }

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:  # noqa: ARG002
        """People leave where they were told to, and come back where they may."""
        usual = np.asarray(self._holds * (0.15 + 0.85 * now.share("parking")), dtype=np.float64)
        if (self._people[:1] < 0).any():
            self._people = usual.copy()
        self._told_s[self._told_s >= 0] += dt_s
        leaving = self._told_s > REACTION_S
        staying = self._told_s < 0
        self._people[leaving] += (self._holds[leaving] * STAY_SHARE - self._people[leaving]) * (
            1.0 - np.exp(-dt_s / LEAVE_TAU_S)
        )
        back = self._people[staying]
        relax(back, usual[staying], dt_s, RETURN_TAU_S)
        self._people[staying] = back

    def write(self, now: Moment, values: Float64Array) -> None:  # noqa: ARG002
        """Write how many are inside, and whether the speakers speak."""
        values[self._occupancy_streams] = np.round(self._people)
        values[self._message_streams] = self._told_s >= 0

    def _refuse_evacuate(self, target: str, _: Args) -> str:
        is_told = self._told_s[self._row_of[target]] >= 0
        return f"{self._name_of[target]} already ask people to leave" if is_told else ""

    def _evacuate(self, target: str, args: Args) -> str:
        self._told_s[self._row_of[target]] = 0.0
        cause = str(args.get("cause", "fire"))
        return f"{self._name_of[target]} ask everybody to leave ({cause})"

    def _is_empty(self, target: str, _: Args) -> str:
        row = self._row_of[target]
        is_empty = self._people[row] < max(2.5 * STAY_SHARE * self._holds[row], 5.0)
        return f"Nearly everybody has left ({self._people[row]:.0f} inside)" if is_empty else ""

    def _refuse_clear(self, target: str, _: Args) -> str:
        is_told = self._told_s[self._row_of[target]] >= 0
        return "" if is_told else f"{self._name_of[target]} say nothing just now"

    def _clear(self, target: str, _: Args) -> str:
        self._told_s[self._row_of[target]] = -1.0
        return f"{self._name_of[target]} give the all clear"

    def _is_clear(self, target: str, _: Args) -> str:
        is_told = self._told_s[self._row_of[target]] >= 0
        return "" if is_told else f"{self._name_of[target]} gave the all clear; people go back in"
