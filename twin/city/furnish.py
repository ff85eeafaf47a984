"""Give a real city that brings no streets and no equipment invented ones, so it can be operated.

Streets follow road surfaces where the file has them, else the open ground between buildings.
Their names ("Street 12") say plainly that they are not the real ones.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int64Array
from twin.city.asset import CityAsset, StreetNetwork, Surface, TriangleSoup
from twin.city.equipment import places_of
from twin.city.medial import ROAD_CLEARANCE_CELLS, Ways, ways_of
from twin.city.open_ground import built_triangles, open_ground
from twin.city.streets import streets_of_ways

#: Kinds of equipment without which there is little to operate.
OPERATED = frozenset(
    {
        "signal", "pump_station", "gate", "substation", "street_light", "parking",
        "message_sign", "siren", "camera",
    }
)  # fmt: skip

#: Road surfaces that give fewer metres of street, or fewer a square metre, are no network.
_LEAST_ROADS_M = 400.0
_LEAST_ROADS_PER_M = 0.002


def furnish(asset: CityAsset, seed: int = 1) -> CityAsset:
    """Add what is missing of streets and places; the same city and seed give the same result.

    Any thread; about a second for a thousand buildings. A city without buildings, and one that
    has all already, comes back as it is. Of equipment that the file tells (a map's hospitals and
    signals) none is invented; of kinds that it does not know (pumps, gauges) it is.
    """
    there = {place.kind for place in asset.places}
    if asset.streets is not None and there >= OPERATED:
        return asset
    built = built_triangles(asset.soup)
    if not len(built):
        return asset
    streets = asset.streets or street_network(asset.soup, built)
    invented = [one for one in places_of(asset, streets, seed) if one.kind not in there]
    return dataclasses.replace(asset, streets=streets, places=(*asset.places, *invented))


def street_network(soup: TriangleSoup, built: Float32Array) -> StreetNetwork:
    """A connected, drivable graph that stays off the buildings."""
    roads = soup.corners_local_m[soup.surfaces == int(Surface.ROAD)]
    if len(roads):
        ways = ways_of(open_ground(built, roads), ROAD_CLEARANCE_CELLS)
        extent = float(np.ptp(built[..., :2].reshape(-1, 2), axis=0).prod())
        if _length_m(ways) >= max(_LEAST_ROADS_M, _LEAST_ROADS_PER_M * extent):
            return streets_of_ways(ways, _heights(ways, soup))
    ways = ways_of(open_ground(built, roads[:0]))
    return streets_of_ways(ways, _heights(ways, soup))


def _length_m(ways: Ways) -> float:
    step = ways.nodes[ways.edges[:, 1]] - ways.nodes[ways.edges[:, 0]]
    return float(np.hypot(step[:, 0], step[:, 1]).sum())


def _heights(ways: Ways, soup: TriangleSoup) -> Float64Array:
    """(N,) z of the ground near each node: the lowest thing in its surroundings."""
    low = soup.corners_local_m[soup.surfaces != int(Surface.WATER)]
    lowest = low[np.arange(len(low)), low[:, :, 2].argmin(axis=1)].astype(np.float64)
    return lowest_near(ways.nodes, lowest)


def lowest_near(nodes: Float64Array, points: Float64Array, cell_m: float = 60.0) -> Float64Array:
    """(N,) the low end (fifth percentile) of the (P, 3) points' z in the cells round each node."""
    if not len(nodes):
        return np.zeros(0)
    origin = points[:, :2].min(axis=0)
    span = int((points[:, 0].max() - origin[0]) / cell_m) + 8
    order_of = _cell_numbers(points[:, :2] - origin, cell_m, span)
    order = np.lexsort((points[:, 2], order_of))
    cells, first, counts = np.unique(order_of[order], return_index=True, return_counts=True)
    low = points[order[first + counts // 20], 2]
    floor = float(np.percentile(points[:, 2], 5))
    out = np.full(len(nodes), np.inf)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            shifted = nodes - origin + cell_m * np.array([dx, dy])
            wanted = _cell_numbers(shifted, cell_m, span)
            at = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
            out = np.minimum(out, np.where(cells[at] == wanted, low[at], np.inf))
    return np.where(np.isfinite(out), out, floor)


def _cell_numbers(xy: Float64Array, cell_m: float, span: int) -> Int64Array:
    cell = np.floor(xy / cell_m).astype(np.int64) + 2
    return cell[:, 1] * span + cell[:, 0]
