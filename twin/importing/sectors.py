"""A generated city of any size: many towns of a hundred thousand buildings side by side.

The generator is imported where a town is made up: processes that read files do without.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from twin.arrays import Float32Array, Int64Array
from twin.city.asset import (
    CityAsset,
    Column,
    FeatureTable,
    Place,
    StreetNetwork,
    Surface,
    TriangleSoup,
)
from twin.city.merging import table_of
from twin.errors import TwinError
from twin.importing.cutting import clipped

#: Buildings of one town.
SECTOR_BUILDINGS = 100_000
#: Half the width of the canal on each side of a border.
_CANAL_M = 35.0
#: How far a town reaches from its middle, by measure: metres for the root of its buildings, and
#: a belt of country around it.
_REACH_M, _BELT_M = 17.5, 400.0
MOST_BUILDINGS = 10_000_000


@dataclass(frozen=True, slots=True)
class Sector:
    """One town of a generated city.

    Attributes
    ----------
    index : place in the list of all
    n_buildings, seed : of the town
    centre_m : of its square, local frame
    side_m : of its square; 0 = the only one, nothing is cut off
    """

    index: int
    n_buildings: int
    seed: int
    centre_m: tuple[float, float]
    side_m: float

    def city(self) -> CityAsset:
        """Make the town up, in the frame of the whole city."""
        from twin.generate.city import generate_city

        city = generate_city(self.n_buildings, self.seed)
        if not self.side_m:
            return city
        return _moved(_framed(city, self.side_m), self)


def sectors_of(n_buildings: int, seed: int) -> list[Sector]:
    """Towns that together have exactly `n_buildings`.

    Raises
    ------
    TwinError
        There cannot be a city of so many buildings.
    """
    from twin.generate.city import LEAST_BUILDINGS

    if not LEAST_BUILDINGS <= n_buildings <= MOST_BUILDINGS:
        raise TwinError(
            f"A generated city has {LEAST_BUILDINGS} to {MOST_BUILDINGS:,} buildings, "
            f"not {n_buildings:,}; choose a number in that range"
        )
    count = math.ceil(n_buildings / SECTOR_BUILDINGS)
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    each, rest = divmod(n_buildings, count)
    most = each + (rest > 0)
    reach = _REACH_M * math.sqrt(most) + _BELT_M
    side = 0.0 if count == 1 else math.ceil(2 * reach / 100) * 100
    return [
        Sector(
            index=k,
            n_buildings=each + (k < rest),
            seed=seed + k,
            centre_m=(
                (k % columns - (columns - 1) / 2) * side,
                (k // columns - (rows - 1) / 2) * side,
            ),
            side_m=float(side),
        )
        for k in range(count)
    ]


def _framed(city: CityAsset, side_m: float) -> CityAsset:
    """Cut off what lies outside the square, and put a canal along its border."""
    half = side_m / 2 - _CANAL_M
    soup = city.soup
    corners, features, surfaces = soup.corners_local_m, soup.features, soup.surfaces
    for axis in (0, 1):
        for sign in (-1.0, 1.0):
            outside = (sign * corners[:, :, axis] > half).any(axis=1)
            if not outside.any():
                continue
            cut, sources = clipped(corners[outside], axis, sign * half, sign)
            corners = np.concatenate([corners[~outside], cut])
            features = np.concatenate([features[~outside], features[outside][sources]])
            surfaces = np.concatenate([surfaces[~outside], surfaces[outside][sources]])
    water = int(np.flatnonzero(_of_kind(table_of(city), "WaterBody"))[0])
    canal = _canal(side_m / 2, half - 2.0)
    n = len(canal)
    framed = TriangleSoup(
        corners_local_m=np.concatenate([corners, canal]),
        features=np.concatenate([features, np.full(n, water, np.int32)]),
        surfaces=np.concatenate([surfaces, np.full(n, Surface.WATER, np.uint8)]),
    )
    return _with_soup(city, framed)


def _canal(outer_m: float, inner_m: float) -> Float32Array:
    """(8, 3, 3) a square ring of water."""
    from twin.generate.river import WATER_Z_M

    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    outer = np.column_stack([signs * outer_m, np.full(4, WATER_Z_M)])
    inner = np.column_stack([signs * inner_m, np.full(4, WATER_Z_M)])
    after, inside = np.roll(outer, -1, axis=0), np.roll(inner, -1, axis=0)
    quads = np.stack([outer, after, inside, inner], axis=1)
    return quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3, 3).astype(np.float32)


def _with_soup(city: CityAsset, soup: TriangleSoup) -> CityAsset:
    """The city without features that have lost all their triangles."""
    from twin.generate.assemble import bounds_of

    table = table_of(city)
    kept = np.flatnonzero(np.bincount(soup.features, minlength=table.n_features) > 0)
    place = np.full(table.n_features, -1, np.int64)
    place[kept] = np.arange(len(kept))
    soup = replace(soup, features=place[soup.features].astype(np.int32))
    columns: dict[str, Column] = {name: one[kept] for name, one in table.attributes.items()}
    features = FeatureTable(
        ids=[table.ids[row] for row in kept.tolist()],
        kind_names=table.kind_names,
        kind_codes=table.kind_codes[kept],
        parents=np.full(len(kept), -1, np.int32),
        bounds_min_max_local_m=bounds_of(soup, len(kept)),
        attributes=columns,
    )
    places = tuple(
        replace(one, feature=int(place[one.feature]) if one.feature >= 0 else -1)
        for one in city.places
    )
    return replace(city, soup=soup, features=features, places=places)


def _of_kind(features: FeatureTable, kind: str) -> Int64Array:
    return np.array([name == kind for name in features.kind_names])[features.kind_codes]


def _moved(city: CityAsset, sector: Sector) -> CityAsset:
    """Into the frame of the whole city, with ids and names of its own."""
    from twin.generate.names import city_name

    shift = np.array([*sector.centre_m, 0.0], np.float32)
    prefix = f"s{sector.index + 1:03d}-"
    table = table_of(city)
    town = np.full(table.n_features, city_name(sector.seed), dtype=object)
    features = replace(
        table,
        ids=[prefix + one for one in table.ids],
        bounds_min_max_local_m=table.bounds_min_max_local_m + np.tile(shift, 2),
        attributes={**table.attributes, "town": town},
    )
    streets = city.streets
    return replace(
        city,
        features=features,
        soup=replace(city.soup, corners_local_m=city.soup.corners_local_m + shift),
        streets=None if streets is None else _moved_streets(streets, shift),
        places=tuple(_moved_place(one, shift, prefix) for one in city.places),
    )


def _moved_streets(streets: StreetNetwork, shift: Float32Array) -> StreetNetwork:
    return replace(streets, nodes_local_m=streets.nodes_local_m + shift)


def _moved_place(place: Place, shift: Float32Array, prefix: str) -> Place:
    x, y, z = (float(a + b) for a, b in zip(place.xyz_local_m, shift, strict=True))
    return replace(place, id=prefix + place.id, xyz_local_m=(x, y, z))
