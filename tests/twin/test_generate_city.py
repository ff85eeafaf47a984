"""The generated city: one seed is one city, and it could be a real one."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from twin.city.asset import CityAsset, Surface
from twin.city.frames import geographic_from_local
from twin.city.graph import components
from twin.errors import TwinError
from twin.generate.city import generate_city
from twin.generate.layout import layout_of
from twin.generate.names import street_names

ALL_PLACES = {
    "hospital", "fire_station", "police_station", "pump_station", "gate", "signal", "street_light",
    "bridge", "park", "district", "square", "station", "substation", "parking", "river_gauge",
    "air_station", "noise_meter", "weather_station", "loop", "depot", "siren", "message_sign",
    "camera",
}  # fmt: skip


def digest(asset: CityAsset) -> str:
    out = hashlib.sha256()
    streets = asset.streets
    assert streets is not None
    for array in (
        asset.soup.corners_local_m,
        asset.soup.features,
        asset.soup.surfaces,
        asset.features.bounds_min_max_local_m,
        streets.nodes_local_m,
        streets.edges,
        streets.widths_m,
    ):
        out.update(array.tobytes())
    for words in (asset.features.ids[:], list(streets.names), asset.places):
        out.update(repr(words).encode())
    out.update(repr([column.tolist() for column in asset.features.attributes.values()]).encode())
    return out.hexdigest()


@pytest.fixture(scope="module")
def city() -> CityAsset:
    return generate_city(5000, 1)


@pytest.fixture(scope="module")
def town() -> CityAsset:
    return generate_city(700, 3)


def covered(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Which points lie inside any of the triangles, seen from above."""
    a, b, c = (triangles[None, :, k, :2].astype(float) for k in range(3))
    out = np.zeros(len(points), dtype=bool)
    for k in range(0, len(points), 200):
        p = points[k : k + 200, None].astype(float)

        def side(q: np.ndarray, r: np.ndarray, p: np.ndarray = p) -> np.ndarray:
            return (r[..., 0] - q[..., 0]) * (p[..., 1] - q[..., 1]) - (r[..., 1] - q[..., 1]) * (
                p[..., 0] - q[..., 0]
            )

        inside = (side(a, b) > 1e-3) & (side(b, c) > 1e-3) & (side(c, a) > 1e-3)
        out[k : k + 200] = inside.any(axis=1)
    return out


def test_the_same_seed_gives_the_same_city_and_another_seed_another() -> None:
    first, again, other = (digest(generate_city(900, seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize(("n", "seed"), [(500, 0), (733, 12), (2600, 3), (12_000, 2)])
def test_the_number_of_buildings_is_met(n: int, seed: int) -> None:
    asset = generate_city(n, seed)
    assert asset.features.counts_by_kind()["Building"] == n
    assert not np.isnan(asset.features.bounds_min_max_local_m[:n]).any()


@pytest.mark.parametrize(("n", "seed"), [(499, 1), (1_000_001, 1), (5000, -1)])
def test_impossible_wishes_are_refused_in_one_sentence(n: int, seed: int) -> None:
    with pytest.raises(TwinError, match="choose"):
        generate_city(n, seed)


def test_progress_rises_and_may_cancel() -> None:
    seen: list[float] = []
    generate_city(500, 1, seen.append)
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert seen[-1] == 1.0

    class Stopped(Exception):
        pass

    def stop(fraction: float) -> None:
        if fraction > 0:
            raise Stopped

    with pytest.raises(Stopped):
        generate_city(500, 1, stop)


@pytest.mark.parametrize("seed", [1, 15, 30])
def test_triangles_are_sound(seed: int) -> None:
    asset = generate_city(2500, seed)
    corners = asset.soup.corners_local_m.astype(np.float64)
    assert np.isfinite(corners).all()
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert np.linalg.norm(normal, axis=1).min() > 1e-4
    lying = [Surface.ROOF, Surface.TERRAIN, Surface.WATER, Surface.ROAD, Surface.MARKING]
    assert (normal[np.isin(asset.soup.surfaces, [*lying, Surface.PAVED]), 2] > 0).all()
    assert asset.soup.features.min() >= 0
    assert asset.soup.features.max() < asset.features.n_features
    assert len(np.unique(asset.soup.features)) >= 0.99 * asset.features.n_features


def test_walls_look_outwards(town: CityAsset) -> None:
    """The front wall of a building looks away from its middle."""
    walls = (town.soup.surfaces == Surface.WALL) & (town.soup.features < 700)
    corners = town.soup.corners_local_m[walls].astype(np.float64)
    bounds = town.features.bounds_min_max_local_m[town.soup.features[walls]]
    middle = (bounds[:, :2] + bounds[:, 3:5]) / 2
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outwards = ((corners.mean(axis=1)[:, :2] - middle) * normal[:, :2]).sum(axis=1) > 0
    assert outwards.mean() > 0.95  # buildings round a corner have inner walls too


def test_triangles_a_building_stay_few(city: CityAsset) -> None:
    buildings = city.soup.features < 5000
    assert 8 < np.count_nonzero(buildings) / 5000 < 15
    assert city.soup.n_triangles < 25 * 5000


def test_the_ground_has_no_gaps_and_no_overlaps() -> None:
    """Carriageways, pavements and yards together have the area of the blocks."""
    asset, layout = generate_city(1500, 4), layout_of(1500, 4)
    corners = asset.soup.corners_local_m.astype(np.float64)
    kinds = np.array(asset.features.kind_names)[asset.features.kind_codes][asset.soup.features]
    flat = (np.abs(corners[:, :, 2]).max(axis=1) == 0) & np.isin(
        kinds, ["Road", "LandUse", "PlantCover"]
    )
    u, v = (corners[flat, k, :2] - corners[flat, 0, :2] for k in (1, 2))
    area = 0.5 * (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).sum()
    assert area == pytest.approx(layout.blocks.cells.areas().sum(), rel=0.003)


def test_streets_keep_off_the_buildings(town: CityAsset) -> None:
    streets = town.streets
    assert streets is not None
    nodes = streets.nodes_local_m[:, :2].astype(np.float64)
    start, end = nodes[streets.edges[:, 0]], nodes[streets.edges[:, 1]]
    along = (end - start) / np.hypot(*(end - start).T)[:, None]
    side = np.stack([-along[:, 1], along[:, 0]], axis=1) * streets.widths_m[:, None] * 0.45
    share = np.linspace(0.15, 0.85, 5)[:, None, None]
    middle = start + share * (end - start)
    points = np.concatenate([middle, middle + side, middle - side]).reshape(-1, 2)
    roofs = town.soup.corners_local_m[
        (town.soup.surfaces == Surface.ROOF) & (town.soup.features < 700)
    ]
    assert covered(points, roofs).mean() < 0.002
    inside = roofs[::50].mean(axis=1)[:, :2]
    assert covered(inside, roofs).all()  # the check itself can see a building


@pytest.mark.parametrize(("n", "seed"), [(600, 5), (5000, 1), (5000, 9)])
def test_the_streets_hang_together_over_the_river(n: int, seed: int) -> None:
    asset, layout = generate_city(n, seed), layout_of(n, seed)
    streets = asset.streets
    assert streets is not None
    group = components(len(streets.nodes_local_m), streets.edges.astype(np.int64))
    assert np.bincount(group).max() >= 0.98 * len(group)
    side = layout.river.side_m(streets.nodes_local_m[:, :2].astype(np.float64))
    assert (side > 30).mean() > 0.05
    assert (side < -30).mean() > 0.05
    assert (streets.edges[:, 0] != streets.edges[:, 1]).all()
    assert len(streets.names) == len(streets.edges) == len(streets.widths_m)
    assert (streets.speeds_mps > 3).all()
    assert all(streets.names)


def test_street_names_are_all_different() -> None:
    names = street_names(np.arange(60_000) % 4, 1)
    assert len(set(names)) == 60_000


def test_streets_are_called_as_their_roads(city: CityAsset) -> None:
    streets = city.streets
    assert streets is not None
    names = city.features.attributes["name"]
    kinds = np.array(city.features.kind_names)[city.features.kind_codes]
    assert set(streets.names) <= set(names[kinds == "Road"])
    assert len(set(streets.names)) > 200


def test_places_are_all_there_and_stand_where_they_should(city: CityAsset) -> None:
    layout = layout_of(5000, 1)
    assert {place.kind for place in city.places} == ALL_PLACES
    ids = [place.id for place in city.places]
    assert len(ids) == len(set(ids))
    bounds = city.features.bounds_min_max_local_m
    for place in city.places:
        x, y, z = place.xyz_local_m
        side = abs(float(layout.river.side_m(np.array([[x, y]]))[0]))
        half = layout.river.half_width_m
        if place.kind in ("pump_station", "gate"):
            assert half < side < half + 30, place
        elif place.kind == "river_gauge":
            assert side < half, place
        elif place.kind == "bridge":
            assert side < half, place
            assert city.features.kind(place.feature) == "Bridge"
        elif place.kind in ("hospital", "fire_station", "police_station", "substation"):
            assert city.features.kind(place.feature) == "Building"
            low, high = bounds[place.feature, :2], bounds[place.feature, 3:5]
            assert (low - 1 <= [x, y]).all(), place
            assert ([x, y] <= high + 1).all(), place
        elif place.kind not in ("district", "square", "park"):
            assert side > half, place
        assert np.hypot(x, y) < 1.5 * layout.radius_m
        assert -3.5 < z < 200
        assert place.name
        assert place.district


def test_the_city_falls_from_its_centre_to_its_edge(city: CityAsset) -> None:
    heights = city.features.attributes["height_m"][:5000].astype(float)
    bounds = city.features.bounds_min_max_local_m[:5000]
    away = np.hypot(bounds[:, 0], bounds[:, 1])
    near, far = heights[away < np.percentile(away, 30)], heights[away > np.percentile(away, 75)]
    assert near.mean() > 1.4 * far.mean()
    assert heights.max() > 70
    assert bounds[:, 5] == pytest.approx(heights, abs=6.0)


def test_facts_of_buildings(city: CityAsset) -> None:
    facts = city.features.attributes
    assert {"residential", "office", "retail", "industrial", "civic"} == set(facts["use"][:5000])
    assert "Town Hall" in facts["name"][:5000]
    assert any(str(name).endswith("Hospital") for name in facts["name"][:5000])
    assert len(set(facts["name"][:5000])) > 4990
    years = facts["year"][:5000].astype(float)
    assert years.min() >= 1600
    assert years.max() <= 2026
    assert (facts["storeys"][:5000].astype(float) >= 1).all()


def test_it_lies_in_the_north_sea(city: CityAsset) -> None:
    lon, lat = geographic_from_local(np.zeros((1, 2)), city.origin)[0]
    assert 2 < lon < 4
    assert 55 < lat < 57


def test_ids_are_found_again(city: CityAsset) -> None:
    ids = city.features.ids
    assert len(ids) == city.features.n_features
    for row in (0, 4999, 5000, len(ids) - 1):
        assert city.features.row_of(ids[row]) == row
    assert city.features.row_of("building-5001") == -1
    assert city.features.row_of("nothing") == -1
    assert ids[0] == "building-0001"
    assert ids[-1] in ids
    assert 7 not in ids  # type: ignore[comparison-overlap]
    with pytest.raises(IndexError):
        ids[len(ids)]


@pytest.mark.long
def test_a_hundred_thousand_buildings() -> None:
    asset = generate_city(100_000, 2)
    assert asset.features.counts_by_kind()["Building"] == 100_000
    assert asset.soup.n_triangles < 2_000_000
