"""How assets hang together as far as the city knows it: one thing, one building, one street,
the same water, supplied by. Pure; any thread.

Only pairs that are asked about are looked at, so nothing of the size of the city is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from twin.analysis.power_model import feeder_of
from twin.analysis.water_model import GATE_REACH_M
from twin.arrays import Float64Array
from twin.sense.model import Thing
from twin.street_names import streets_in, without_number

#: Along a street and below a cabinet nothing is related further away than this.
STREET_REACH_M, FEEDER_REACH_M = 1_000.0, 1_500.0
WATER_KINDS = frozenset({"river_gauge", "sewer_gauge", "pump_station", "gate"})
Pair = frozenset[str]


class AssetGraph:
    """Relations between the things of a city, made anew when others are announced.

    Parameters
    ----------
    things : by id
    xyz_of : local metres by thing id, for those that can be placed
    street_names : of the city; those of road segments are known besides
    """

    def __init__(
        self,
        things: Mapping[str, Thing],
        xyz_of: Mapping[str, Sequence[float]],
        street_names: Iterable[str] = (),
    ) -> None:
        self._things, self._xyz_of = things, xyz_of
        self._streets = {name.casefold(): name for name in street_names if name}
        for thing in things.values():
            if thing.kind == "road_segment":
                name = without_number(thing.name)
                self._streets[name.casefold()] = name
        self._feeders = [
            thing.id for thing in things.values() if thing.kind == "feeder" and thing.id in xyz_of
        ]

    def relations(self, ids: Iterable[str]) -> dict[Pair, str]:
        """Which of the things hang together, and why in a few words, the nearest reason first."""
        known = [self._things[one] for one in dict.fromkeys(ids) if one in self._things]
        streets = {one.id: set(streets_in(one.name, self._streets)) for one in known}
        fed_by = self._feeders_of(known)
        found: dict[Pair, str] = {}
        for a, b in combinations(known, 2):
            gap_m = self._gap_m(a.id, b.id)
            reason = _same_building(a, b) or _same_water(a, b, gap_m)
            reason = reason or self._supply(a, b, fed_by, gap_m)
            shared = sorted(streets[a.id] & streets[b.id])
            if not reason and shared and gap_m <= STREET_REACH_M:
                reason = f"both on {shared[0]}"
            if reason:
                found[frozenset((a.id, b.id))] = reason
        return found

    def _gap_m(self, a: str, b: str) -> float:
        first, second = self._xyz_of.get(a), self._xyz_of.get(b)
        if first is None or second is None:
            return float("inf")
        return float(np.hypot(first[0] - second[0], first[1] - second[1]))

    def _feeders_of(self, things: Sequence[Thing]) -> dict[str, str]:
        placed = [one.id for one in things if one.id in self._xyz_of and one.kind != "feeder"]
        rows = feeder_of(self._flat(placed), self._flat(self._feeders))
        return {
            one: self._feeders[row]
            for one, row in zip(placed, rows.tolist(), strict=True)
            if row >= 0
        }

    def _flat(self, ids: Sequence[str]) -> Float64Array:
        return np.array([self._xyz_of[one][:2] for one in ids], np.float64).reshape(-1, 2)

    def _supply(self, a: Thing, b: Thing, fed_by: Mapping[str, str], gap_m: float) -> str:
        for feeder, fed in ((a, b), (b, a)):
            if feeder.kind == "feeder" and fed_by.get(fed.id) == feeder.id:
                return f"supplied by {feeder.name}" if gap_m <= FEEDER_REACH_M else ""
        return ""


def _same_building(a: Thing, b: Thing) -> str:
    return "in the same building" if a.feature_id and a.feature_id == b.feature_id else ""


def _same_water(a: Thing, b: Thing, gap_m: float) -> str:
    is_water = a.kind in WATER_KINDS and b.kind in WATER_KINDS
    return "on the same water" if is_water and gap_m <= GATE_REACH_M else ""
