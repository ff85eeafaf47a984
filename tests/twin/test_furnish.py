"""Streets and equipment for real cities that bring none."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from twin.city.asset import CityAsset, FeatureTable, Surface
from twin.city.equipment import building_rows
from twin.city.frames import Origin
from twin.city.furnish import furnish
from twin.city.graph import components
from twin.city.open_ground import built_triangles, open_ground
from twin.generate.city import generate_city
from twin.generate.solids import Solids, soup_of_solids
from twin.readers.base import open_city

HAGUE = "cityjson/denhaag_01_lod2.v10.city.json"
REAL = [
    HAGUE,
    "footprints/manhattan_buildings_heights.json",
    "cityjson/delft_lod1.v20.city.json",
    "cityjson/rotterdam_delfshaven.v20.city.json",
]
NEEDED = {
    "hospital", "fire_station", "police_station", "pump_station", "gate", "signal", "street_light",
    "loop", "air_station", "noise_meter", "weather_station", "parking", "substation",
    "river_gauge", "depot", "station", "square",
}  # fmt: skip


def boxes(corners: list[tuple[float, float]], size_m: float = 20.0) -> CityAsset:
    """A city of upright boxes at the given low corners."""
    n = len(corners)
    at = np.array(corners, dtype=np.float64).reshape(-1, 1, 2)
    quads = at + size_m * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    none = np.zeros(n, dtype=bool)
    soup = soup_of_solids(
        Solids(
            quads=quads,
            base_m=np.full(n, 5.0),
            eaves_m=np.full(n, 15.0),
            rise_m=np.zeros(n),
            roofs=np.zeros(n, dtype=np.int64),
            features=np.arange(n),
            open_start=none,
            open_end=none,
        )
    )
    z = np.broadcast_to([5.0], (n, 1)), np.broadcast_to([15.0], (n, 1))
    bounds = np.hstack([quads[:, 0], z[0], quads[:, 2], z[1]]).astype(np.float32)
    return CityAsset(
        title="Boxes",
        format="test",
        version="1",
        origin=Origin(crs=None),
        features=FeatureTable(
            ids=[f"box-{k}" for k in range(n)],
            kind_names=("Building",),
            kind_codes=np.zeros(n, dtype=np.uint16),
            parents=np.full(n, -1, dtype=np.int32),
            bounds_min_max_local_m=bounds,
        ),
        soup=soup,
    )


def built_share(asset: CityAsset) -> float:
    """Share of points along the streets that lie on a cell with a building, finely rasterised."""
    streets = asset.streets
    assert streets is not None
    nodes = streets.nodes_local_m[:, :2].astype(np.float64)
    start, end = nodes[streets.edges[:, 0]], nodes[streets.edges[:, 1]]
    points = np.concatenate([start + t * (end - start) for t in np.linspace(0, 1, 9)])
    built = built_triangles(asset.soup)[..., :2].astype(np.float64)
    roofs = built[np.abs(area(built)) > 0.05]
    hit = 0
    for k in range(0, len(points), 100):
        hit += int(inside_any(points[k : k + 100], roofs).sum())
    return hit / len(points)


def area(t: np.ndarray) -> np.ndarray:
    u, v = t[:, 1] - t[:, 0], t[:, 2] - t[:, 0]
    return 0.5 * (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])


def inside_any(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    near = (triangles.max(axis=1) >= points.min(axis=0)).all(axis=1)
    near &= (triangles.min(axis=1) <= points.max(axis=0)).all(axis=1)
    t = triangles[near]
    sign = np.sign(area(t))
    out = np.ones((len(points), len(t)), dtype=bool)
    for k in range(3):
        a, b = t[:, k], t[:, (k + 1) % 3]
        to = points[:, None] - a[None]
        out &= ((b - a)[:, 0] * to[..., 1] - (b - a)[:, 1] * to[..., 0]) * sign > 1e-6
    return out.any(axis=1)


@pytest.mark.parametrize("name", REAL)
def test_a_real_city_gets_connected_streets_off_its_buildings(shared_data: Path, name: str) -> None:
    bare = open_city(shared_data / name)
    asset = furnish(dataclasses.replace(bare, streets=None, places=()))
    streets = asset.streets
    assert streets is not None
    assert len(streets.edges) > 40
    group = components(len(streets.nodes_local_m), streets.edges.astype(np.int64))
    assert (group == group[0]).all()
    assert built_share(asset) < 0.005
    low, high = bare.bounds_min_max_local_m()[:2], bare.bounds_min_max_local_m()[3:5]
    assert (streets.nodes_local_m[:, :2] > low - 40).all()
    assert (streets.nodes_local_m[:, :2] < high + 40).all()
    assert np.isfinite(streets.nodes_local_m).all()
    assert {place.kind for place in asset.places} >= NEEDED
    ids = [place.id for place in asset.places]
    assert len(ids) == len(set(ids))
    assert asset.soup is bare.soup


def test_services_stand_on_buildings_and_are_named_after_them(shared_data: Path) -> None:
    asset = furnish(open_city(shared_data / HAGUE))
    rows = set(building_rows(asset.features).tolist())
    for kind in ("hospital", "fire_station", "police_station", "substation"):
        for place in (p for p in asset.places if p.kind == kind):
            assert place.feature in rows
            assert asset.features.ids[place.feature] in place.name
            top = asset.features.bounds_min_max_local_m[place.feature, 5]
            assert place.xyz_local_m[2] == pytest.approx(top, abs=0.01)
    hospital = next(p for p in asset.places if p.kind == "hospital")
    bounds = asset.features.bounds_min_max_local_m
    areas = (bounds[:, 3] - bounds[:, 0]) * (bounds[:, 4] - bounds[:, 1])
    mine = areas[hospital.feature]
    assert mine > np.nanpercentile(areas[sorted(rows)], 80)


def test_furnishing_is_repeatable(shared_data: Path) -> None:
    bare = open_city(shared_data / "cityjson/delft_lod1.v20.city.json")
    first, second = furnish(bare, 4), furnish(bare, 4)
    assert first.streets is not None
    assert second.streets is not None
    assert np.array_equal(first.streets.nodes_local_m, second.streets.nodes_local_m)
    assert np.array_equal(first.streets.edges, second.streets.edges)
    assert first.places == second.places
    assert furnish(bare, 5).places != first.places


def test_streets_follow_road_surfaces_where_there_are_some(shared_data: Path) -> None:
    asset = furnish(open_city(shared_data / "cityjson/delft_lod1.v20.city.json"))
    roads = asset.soup.corners_local_m[asset.soup.surfaces == int(Surface.ROAD)]
    streets = asset.streets
    assert streets is not None
    nodes = streets.nodes_local_m[:, :2].astype(np.float64)
    middle = nodes[streets.edges].mean(axis=1)
    on_road = inside_any(middle, roads[..., :2].astype(np.float64))
    assert on_road.mean() > 0.6


def test_a_generated_city_is_left_as_it_is() -> None:
    city = generate_city(500, 1)
    assert furnish(city) is city


def test_places_are_added_to_streets_that_are_there() -> None:
    city = generate_city(500, 1)
    asset = furnish(dataclasses.replace(city, places=()))
    assert asset.streets is city.streets
    assert {place.kind for place in asset.places} >= NEEDED


def test_an_empty_city_is_returned_unchanged() -> None:
    empty = boxes([])
    assert furnish(empty) is empty


def test_one_building_gets_a_street_round_it() -> None:
    asset = furnish(boxes([(100.0, 50.0)]))
    streets = asset.streets
    assert streets is not None
    assert len(streets.edges) >= 3
    away = np.abs(streets.nodes_local_m[:, :2] - [110, 60]).max(axis=1)
    assert (away > 11).all()
    assert (away < 60).all()
    assert streets.nodes_local_m[:, 2] == pytest.approx(np.full(len(away), 5.0))
    assert {"hospital", "fire_station", "air_station", "loop"} <= {p.kind for p in asset.places}


def test_the_street_between_two_rows_of_houses_runs_in_the_middle() -> None:
    rows = [(20.0 * k, y) for k in range(12) for y in (0.0, 40.0)]
    asset = furnish(boxes(rows))
    streets = asset.streets
    assert streets is not None
    nodes = streets.nodes_local_m[:, :2].astype(np.float64)
    start, end = nodes[streets.edges[:, 0]], nodes[streets.edges[:, 1]]
    points = np.concatenate([start + t * (end - start) for t in np.linspace(0, 1, 40)])
    between = (np.abs(points[:, 1] - 30) < 10) & (np.abs(points[:, 0] - 120) < 90)
    assert between.sum() >= 20
    assert points[between, 1] == pytest.approx(np.full(between.sum(), 30.0), abs=2.0)
    assert len(set(streets.names)) <= 6
    assert all(name.startswith("Street ") for name in streets.names)


def test_the_raster_knows_the_nearest_block() -> None:
    built = built_triangles(boxes([(0.0, 0.0), (100.0, 0.0)]).soup)
    ground = open_ground(built, built[:0])
    far = np.flatnonzero(~ground.taken.ravel())[::37]
    i, j = far // ground.taken.shape[1], far % ground.taken.shape[1]
    taken = np.argwhere(ground.taken)
    exact = np.array(
        [np.hypot(*(taken - [a, b]).T).min() * ground.cell_m for a, b in zip(i, j, strict=True)]
    )
    assert ground.clearance_m(i, j) == pytest.approx(exact, abs=1.1 * ground.cell_m)
    assert len(np.unique(ground.block)) == 3  # two houses and the outside
