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
WATER_KINDS = frozenset({"river_gauge", "sewer_gauge", "pump_station", "gate", "underpass"})
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
        gap_m = _gaps_m([self._xyz_of.get(one.id) for one in known])
        found: dict[Pair, str] = {}
        buildings = _groups((one.feature_id, row) for row, one in enumerate(known))
        for rows in buildings.values():
            self._relate(found, known, combinations(rows, 2), "in the same building")
        water = [row for row, one in enumerate(known) if one.kind in WATER_KINDS]
        near = _near_pairs(water, gap_m, GATE_REACH_M)
        self._relate(found, known, near, "on the same water")
        self._relate_supply(found, known, gap_m)
        streets = _groups(
            (street, row)
            for row, one in enumerate(known)
            for street in streets_in(one.name, self._streets)
        )
        for street, rows in sorted(streets.items()):
            near = _near_pairs(rows, gap_m, STREET_REACH_M)
            self._relate(found, known, near, f"both on {street}")
        return found

    def _relate(
        self,
        found: dict[Pair, str],
        known: Sequence[Thing],
        pairs: Iterable[tuple[int, int]],
        reason: str,
    ) -> None:
        for a, b in pairs:
            found.setdefault(frozenset((known[a].id, known[b].id)), reason)

    def _relate_supply(
        self, found: dict[Pair, str], known: Sequence[Thing], gap_m: Float64Array
    ) -> None:
        """What hangs on a feeder that is among them too."""
        asked = {one.id: row for row, one in enumerate(known) if one.kind == "feeder"}
        if not asked or not self._feeders:
            return
        fed = [row for row, one in enumerate(known) if one.kind != "feeder"]
        fed = [row for row in fed if known[row].id in self._xyz_of]
        nearest = feeder_of(
            self._flat([known[row].id for row in fed]), self._flat(self._feeders)
        ).tolist()
        for row, at in zip(fed, nearest, strict=True):
            feeder = asked.get(self._feeders[at], -1)
            if feeder >= 0 and gap_m[feeder, row] <= FEEDER_REACH_M:
                reason = f"supplied by {known[feeder].name}"
                self._relate(found, known, [(feeder, row)], reason)

    def _flat(self, ids: Sequence[str]) -> Float64Array:
        return np.array([self._xyz_of[one][:2] for one in ids], np.float64).reshape(-1, 2)


def _groups(rows: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    """Rows by name, those without one left out."""
    found: dict[str, list[int]] = {}
    for name, row in rows:
        if name:
            found.setdefault(name, []).append(row)
    return found


def _gaps_m(places: Sequence[Sequence[float] | None]) -> Float64Array:
    """(n, n) metres on the ground; infinite where one of them is nowhere."""
    nowhere = (np.nan, np.nan)
    xy = np.array([nowhere if one is None else one[:2] for one in places]).reshape(-1, 2)
    gap = np.hypot(*(xy[:, None, :] - xy[None, :, :]).transpose(2, 0, 1))
    return np.where(np.isfinite(gap), gap, np.inf)


def _near_pairs(
    rows: Sequence[int], gap_m: Float64Array, reach_m: float
) -> Iterable[tuple[int, int]]:
    """Pairs of these rows that are no further apart than that."""
    of = np.array(rows, np.intp)
    a, b = np.nonzero(np.triu(gap_m[np.ix_(of, of)] <= reach_m, 1))
    return zip(of[a].tolist(), of[b].tolist(), strict=True)
