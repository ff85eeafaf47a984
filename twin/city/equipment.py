"""Invented equipment for a real city: services in its buildings, devices on its streets."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.city.asset import CityAsset, Features, Place, StreetNetwork, Surface
from twin.city.spread import spread_rows

_NAME_COLUMNS = ("name", "Name", "NAME", "naam", "address", "addr")
_ID_WORDS = {"street_light": "lights"}
#: kind, words, buildings for each, least, most, and whether large buildings are wanted
_SERVICES: tuple[tuple[str, str, int, int, int, bool], ...] = (
    ("hospital", "Hospital", 6000, 1, 12, True),
    ("fire_station", "Fire station", 1500, 2, 60, True),
    ("police_station", "Police station", 1800, 2, 60, True),
    ("depot", "Works depot", 4000, 1, 20, True),
    ("station", "Station", 1200, 2, 60, True),
    ("substation", "Substation", 350, 3, 300, False),
    ("air_station", "Air station", 250, 3, 300, False),
    ("noise_meter", "Noise meter", 180, 3, 400, False),
    ("weather_station", "Weather station", 2500, 1, 20, True),
    ("siren", "Siren", 700, 2, 60, True),
)
_MOST_SIGNALS, _MOST_LOOPS, _MOST_LIGHTS = 800, 2000, 2000
_MOST_SIGNS, _MOST_CAMERAS = 200, 200


def places_of(asset: CityAsset, streets: StreetNetwork, seed: int) -> tuple[Place, ...]:
    """Places on buildings, streets and water; ids count up by kind, nothing is random."""
    maker = _Maker(asset=asset, streets=streets.on_the_ground(), seed=seed)
    maker.in_buildings()
    maker.on_streets()
    maker.by_water()
    return tuple(maker.found)


def building_rows(features: Features) -> Int64Array:
    """Rows of buildings with geometry; all features with geometry where none is called so."""
    names = np.array([name.startswith("Building") for name in features.kind_names], dtype=bool)
    whole = ~np.isnan(features.bounds_min_max_local_m[:, 0])
    is_building: BoolArray = names[features.kind_codes] if len(names) else np.zeros(0, dtype=bool)
    rows = np.flatnonzero(is_building & whole)
    return rows if len(rows) else np.flatnonzero(whole)


@dataclass(slots=True, kw_only=True)
class _Maker:
    asset: CityAsset
    streets: StreetNetwork
    seed: int
    found: list[Place] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)

    def _add(
        self, kind: str, name: str, xyz: Float64Array, feature: int = -1, *, numbered: bool = False
    ) -> None:
        number = self._counts.get(kind, 0) + 1
        self._counts[kind] = number
        x, y, z = (round(float(v), 2) for v in xyz)
        self.found.append(
            Place(
                id=f"{_ID_WORDS.get(kind, kind.replace('_', '-'))}-{number:02d}",
                name=f"{name} {number}" if numbered else name,
                kind=kind,
                xyz_local_m=(x, y, z),
                feature=feature,
            )
        )

    def in_buildings(self) -> None:
        """Large buildings house services; meters stand on roofs all over the city."""
        rows = building_rows(self.asset.features)
        bounds = self.asset.features.bounds_min_max_local_m[rows].astype(np.float64)
        middle = (bounds[:, :3] + bounds[:, 3:]) / 2
        area = (bounds[:, 3] - bounds[:, 0]) * (bounds[:, 4] - bounds[:, 1])
        by_size = np.argsort(-area, kind="stable")
        centre = middle[:, :2].mean(axis=0)
        span = np.ptp(middle[:, :2], axis=0)
        free = np.ones(len(rows), dtype=bool)
        for k, (kind, words, each, least, most, large) in enumerate(_SERVICES):
            count = int(np.clip(len(rows) // each, least, most))
            pool = by_size[: max(12, 4 * count, len(rows) // 12)] if large else np.arange(len(rows))
            pool = pool[free[pool]] if free[pool].any() else pool
            turn = 2.4 * (k + self.seed)
            start = centre + 0.3 * span * np.array([np.cos(turn), np.sin(turn)])
            for row in spread_rows(middle[:, :2], np.sort(pool), count, start).tolist():
                free[row] = False
                name = f"{words} {self._building_name(int(rows[row]))}"
                roof = np.array([middle[row, 0], middle[row, 1], bounds[row, 5]])
                self._add(kind, name, roof, int(rows[row]))

    def _building_name(self, row: int) -> str:
        for column in _NAME_COLUMNS:
            values = self.asset.features.attributes.get(column)
            if values is not None and values.dtype == object and values[row]:
                return str(values[row])
        return f"in {self.asset.features.ids[row]}"

    def on_streets(self) -> None:
        """Signals where streets meet, lights and loops along them, car parks beside them."""
        streets = self.streets
        if not len(streets.edges):
            return
        nodes = streets.nodes_local_m.astype(np.float64)
        edges = streets.edges.astype(np.int64)
        start, end = nodes[edges[:, 0]], nodes[edges[:, 1]]
        middle, length = (start + end) / 2, np.hypot(*(end - start)[:, :2].T)
        names = np.array(streets.names, dtype=object)
        self._signals(nodes, edges, names)
        order = np.lexsort((-length, names.astype(str)))
        _, first = np.unique(names[order].astype(str), return_index=True)
        longest = order[first]
        total = np.bincount(np.unique(names.astype(str), return_inverse=True)[1], weights=length)
        by_length = longest[np.argsort(-total, kind="stable")]
        for edge in by_length[:_MOST_LIGHTS].tolist():
            self._add("street_light", f"{names[edge]} lights", middle[edge] + [0, 0, 6.0])
        count = int(np.clip(len(edges) // 6, min(6, len(edges)), _MOST_LOOPS))
        wide = np.flatnonzero(length > min(12.0, float(length.max()) / 2))
        for edge in spread_rows(middle[:, :2], wide, count, nodes[:, :2].mean(axis=0)).tolist():
            self._add("loop", f"{names[edge]} loop", middle[edge])
        self._overhead("message_sign", "sign", middle, names, min(len(edges) // 25, _MOST_SIGNS))
        self._overhead("camera", "camera", middle, names, min(len(edges) // 40, _MOST_CAMERAS))
        self._named_spread("parking", "Car park", nodes, max(3, len(nodes) // 120), 1.0)
        self._named_spread("square", "Square", nodes, max(1, len(nodes) // 400), 2.0)

    def _overhead(
        self, kind: str, word: str, middle: Float64Array, names: NDArray[np.object_], count: int
    ) -> None:
        """Things on masts over streets that lie far from each other; at least two."""
        count = min(max(count, 2), len(middle))
        centre = middle[:, :2].mean(axis=0)
        start = centre + np.array([40.0 * len(kind), 0.0])  # not all kinds at the same places
        seen: dict[str, int] = {}
        for edge in spread_rows(middle[:, :2], np.arange(len(middle)), count, start).tolist():
            number = seen[names[edge]] = seen.get(names[edge], 0) + 1
            name = f"{names[edge]} {word}" + (f" {number}" if number > 1 else "")
            self._add(kind, name, middle[edge] + [0, 0, 6.0])

    def _signals(self, nodes: Float64Array, edges: Int64Array, names: NDArray[np.object_]) -> None:
        ways = np.bincount(edges.ravel(), minlength=len(nodes))
        junctions = np.flatnonzero(ways >= 3)
        count = int(np.clip(len(junctions) // 2, min(8, len(junctions)), _MOST_SIGNALS))
        middle = nodes[:, :2].mean(axis=0)
        for node in spread_rows(nodes[:, :2], junctions, count, middle).tolist():
            touching = np.flatnonzero((edges == node).any(axis=1))
            crossing = list(dict.fromkeys(str(names[k]) for k in touching))
            self._add("signal", " / ".join(crossing[:2]), nodes[node])

    def _named_spread(
        self, kind: str, words: str, nodes: Float64Array, count: int, turn: float
    ) -> None:
        span = np.ptp(nodes[:, :2], axis=0)
        start = nodes[:, :2].mean(axis=0) + 0.25 * span * [np.cos(turn), np.sin(turn)]
        for node in spread_rows(
            nodes[:, :2], np.arange(len(nodes)), min(count, 80), start
        ).tolist():
            self._add(kind, words, nodes[node], numbered=True)

    def by_water(self) -> None:
        """Pumps, gates and gauges by the water, or on the lowest ground where there is none."""
        nodes = self.streets.nodes_local_m.astype(np.float64)
        soup = self.asset.soup
        water = soup.corners_local_m[soup.surfaces == int(Surface.WATER)].mean(axis=1)
        if not len(nodes):
            return
        count = int(np.clip(len(building_rows(self.asset.features)) // 200, 3, 30))
        if len(water):
            shore = water.astype(np.float64)
            spots = shore[spread_rows(shore[:, :2], np.arange(len(shore)), 3 * count, shore[0, :2])]
        else:
            low = np.argsort(nodes[:, 2], kind="stable")[: max(3 * count, len(nodes) // 5)]
            spots = nodes[spread_rows(nodes[:, :2], np.sort(low), 3 * count, nodes[low[0], :2])]
        for k, spot in enumerate(spots):
            kind, words = (
                ("pump_station", "Pump station"),
                ("gate", "Gate"),
                ("river_gauge", "Water gauge"),
            )[k % 3]
            at = spot
            if kind == "pump_station":
                at = nodes[np.hypot(*(nodes[:, :2] - spot[:2]).T).argmin()]
            self._add(kind, words, at, numbered=True)
