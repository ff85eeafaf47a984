"""Where things can stand in any city: its places, its buildings, its streets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.asset import CityAsset, Place
from twin.city.building_boxes import building_boxes, highest_roof_m
from twin.city.street_graph import StreetGraph
from twin.errors import TwinError
from twin.sim.rhythm import SmoothField

_NAMING_EDGES = 3_000
_MIN_RADIUS_M = 150.0


@dataclass(frozen=True, slots=True)
class Site:
    """A spot for a thing.

    Attributes
    ----------
    label : what to call the spot: a street, a place, a building
    feature_id : the building it stands on, "" for none
    edge : the street segment it stands on, -1 for none
    """

    xyz: tuple[float, float, float]
    label: str
    feature_id: str = ""
    edge: int = -1
    place: Place | None = None


class SiteMap:
    """The city as the simulator sees it. Deterministic from the seed of `rng`.

    Attributes
    ----------
    centre : (3,) local metres; radius_m : holds nine tenths of the streets
    bustle : (M,) how busy each street segment is, 0 … 1; busier in the centre, alike nearby
    importance : (M,) share of its neighbourhood's traffic that a street takes, 0.35 … 1
    """

    def __init__(self, asset: CityAsset, rng: np.random.Generator) -> None:
        if asset.streets is None:
            raise TwinError(
                "The city has neither streets nor buildings to lay them between,"
                " so there is nothing to simulate"
            )
        self.graph = StreetGraph(asset.streets)
        self._rng = rng
        self._features = asset.features
        self._places = asset.places
        self._rows, self._boxes = building_boxes(asset.features)
        middles = self.graph.middles
        self.centre = np.median(middles, axis=0)
        gaps = np.linalg.norm(middles[:, :2] - self.centre[:2], axis=1)
        self.radius_m = max(float(np.quantile(gaps, 0.9)), _MIN_RADIUS_M)
        self.field = SmoothField(rng, self.radius_m * 0.8)
        self.bustle = self.bustle_at(middles)
        self.importance = self._importance_of_streets()
        self._naming = np.unique(
            np.linspace(0, self.graph.n_edges - 1, _NAMING_EDGES).astype(np.int64)
        )
        self._naming_xy = middles[self._naming, :2]

    def bustle_at(self, xyz: Float64Array) -> Float64Array:
        """How busy the city is (K,) at (K, 3) points, 0 … 1."""
        gap = np.linalg.norm(xyz[:, :2] - self.centre[:2], axis=1) / self.radius_m
        bustle = 0.18 + 0.5 * np.exp(-((gap / 0.8) ** 2)) + 0.32 * self.field.at(xyz)
        return np.asarray(np.clip(bustle, 0.0, 1.0))

    def _importance_of_streets(self) -> Float64Array:
        """Main streets and quiet ones: (M,) 0.35 … 1, the same along a street."""
        names = sorted(set(self.graph.names))
        share = dict(zip(names, self._rng.beta(1.2, 1.0, len(names)).tolist(), strict=True))
        return np.array([0.35 + 0.65 * share[name] for name in self.graph.names])

    def street_near(self, x: float, y: float) -> str:
        """Name of a street close to a point."""
        gaps = ((self._naming_xy - (x, y)) ** 2).sum(axis=1)
        return self.graph.names[int(self._naming[np.argmin(gaps)])]

    def at_places(self, kinds: tuple[str, ...], most: int) -> list[Site]:
        """Sites at the city's own places of these kinds; spread evenly where there are more."""
        found = [place for place in self._places if place.kind in kinds]
        if len(found) > most:
            found = [found[k * len(found) // most] for k in range(most)]
        return [
            Site(place.xyz_local_m, place.name, self._feature_id(place.feature), place=place)
            for place in found
        ]

    def on_buildings(self, count: int) -> list[Site]:
        """Sites on roofs, more of them in the centre; several a building where there are few."""
        if not len(self._rows):
            return self.on_streets(count)
        middles = (self._boxes[:, :3] + self._boxes[:, 3:]) / 2
        chosen = self._pick(self.bustle_at(middles), count)
        visits: dict[int, int] = {}
        sites = []
        for k in chosen.tolist():
            visits[k] = visits.get(k, -1) + 1
            sites.append(self._roof_site(k, visits[k]))
        return sites

    def on_streets(
        self, count: int, height_m: float = 3.0, places: tuple[str, ...] = ()
    ) -> list[Site]:
        """Sites along the streets, on a segment of their own while there are enough.

        Places of the kinds `places` come first, moved onto their street.
        """
        known = [self.graph.nearest(*site.xyz[:2]) for site in self.at_places(places, count)]
        sites = [Site(point.xyz, self.graph.names[point.edge], edge=point.edge) for point in known]
        count -= len(sites)
        weights = (0.15 + self.bustle) * np.minimum(self.graph.length_m, 200.0)
        if not self.graph.below.all():
            weights = np.where(self.graph.below, 0.0, weights)
        for edge in self._pick(weights, count).tolist():
            along_m = float(self._rng.uniform(0.2, 0.8) * self.graph.length_m[edge])
            x, y, z = self.graph.point(edge, along_m)
            sites.append(Site((x, y, z + height_m), self.graph.names[edge], edge=edge))
        return sites

    @property
    def n_buildings(self) -> int:
        """How many buildings have a body."""
        return len(self._rows)

    def on_large_buildings(self, count: int, places: tuple[str, ...] = ()) -> list[Site]:
        """Sites on the largest buildings; the city's own places of some kinds come first."""
        known = [site for site in self.at_places(places, count) if site.feature_id]
        known = list({site.feature_id: site for site in known}.values())
        taken = {site.feature_id for site in known}
        by_size = np.argsort(-np.prod(self._boxes[:, 3:] - self._boxes[:, :3], axis=1))
        free = [k for k in by_size.tolist() if self._features.ids[self._rows[k]] not in taken]
        return known + [self._roof_site(k, 0) for k in free[: count - len(known)]]

    def highest_roof_m(self, start: Float64Array, end: Float64Array, width_m: float) -> float:
        """The highest roof within some metres of a straight line, -inf where there is none."""
        return highest_roof_m(self._boxes, start, end, width_m)

    def volumes_m3(self, sites: list[Site]) -> Float64Array:
        """Rough volume of the building under each site, 0 where there is none."""
        box_of = {self._features.ids[r]: b for r, b in zip(self._rows, self._boxes, strict=True)}
        sizes = [
            np.prod(box_of[s.feature_id][3:] - box_of[s.feature_id][:3])
            if s.feature_id in box_of
            else 0.0
            for s in sites
        ]
        return np.array(sizes, dtype=np.float64)

    def _roof_site(self, k: int, visit: int) -> Site:
        low, high = self._boxes[k, :3], self._boxes[k, 3:]
        corner = ((0.5, 0.5), (0.3, 0.3), (0.7, 0.7), (0.3, 0.7), (0.7, 0.3))[visit % 5]
        x, y = (low[:2] + (high[:2] - low[:2]) * corner).tolist()
        label = self.street_near(x, y)
        return Site((x, y, float(high[2])), label, self._features.ids[self._rows[k]])

    def _pick(self, weights: Float64Array, count: int) -> Int64Array:
        """`count` picks by weight; every item once before any is taken again."""
        picks: list[Int64Array] = []
        left = count
        while left > 0:
            keys = np.log(np.maximum(weights, 1e-9)) + self._rng.gumbel(size=len(weights))
            picks.append(np.argsort(-keys, kind="stable")[:left])
            left -= len(picks[-1])
        return np.concatenate(picks) if picks else np.zeros(0, dtype=np.int64)

    def _feature_id(self, row: int) -> str:
        return self._features.ids[row] if 0 <= row < self._features.n_features else ""
