"""Cutting a city into tiles: nothing lost, light baked, edges found."""

import numpy as np
import pytest

from tests.twin.box_city import city_of_boxes
from twin.city.asset import CityAsset, FeatureTable, Surface, TriangleSoup
from twin.city.frames import Origin
from twin.tiles.light import FOOT_LIGHT
from twin.tiles.partition import tiles_from_asset
from twin.tiles.tile import LIGHT_MAX, LIGHT_SCALE
from twin.tiles.weld import equal_rows


def sorted_corners(corners):
    flat = np.asarray(corners).reshape(len(corners), -1)
    return flat[np.lexsort(flat.T)]


def asset_of(corners, features, surfaces, parents=None):
    corners = np.asarray(corners, np.float32)
    n = int(np.max(features)) + 1
    bounds = np.full((n, 6), np.nan, np.float32)
    table = FeatureTable(
        ids=[str(i) for i in range(n)],
        kind_names=("Building",),
        kind_codes=np.zeros(n, np.uint16),
        parents=np.full(n, -1, np.int32) if parents is None else np.array(parents, np.int32),
        bounds_min_max_local_m=bounds,
    )
    soup = TriangleSoup(
        corners_local_m=corners,
        features=np.asarray(features, np.int32),
        surfaces=np.asarray(surfaces, np.uint8),
    )
    return CityAsset(
        title="", format="", version="", origin=Origin(crs=None), features=table, soup=soup
    )


def test_no_triangle_is_lost_changed_or_given_to_another_feature():
    asset = city_of_boxes(9, 7)
    tiles = tiles_from_asset(asset, features_per_tile=5)
    assert len(tiles) > 10
    corners = np.concatenate([tile.corners_local_m for tile in tiles])
    assert np.array_equal(sorted_corners(corners), sorted_corners(asset.soup.corners_local_m))
    soup = asset.soup
    pairs = zip(soup.corners_local_m, soup.features, strict=True)
    keyed = {tuple(corner.ravel()): feature for corner, feature in pairs}
    for tile in tiles:
        assert len(np.unique(tile.features)) <= 5
        for corner, feature in zip(tile.corners_local_m, tile.features, strict=True):
            assert keyed[tuple(corner.ravel())] == feature
        assert np.array_equal(
            tile.point_features[tile.triangles], np.repeat(tile.features, 3).reshape(-1, 3)
        )


def test_small_features_stay_whole_and_wide_ones_are_cut():
    small = city_of_boxes(12, 12)
    x = np.linspace(-400, 400, 41)
    ground = [[[a, b, 0], [a + 20, b, 0], [a + 20, b + 20, 0]] for a in x[:-1] for b in x[:-1]]
    soup = small.soup
    corners = np.concatenate([soup.corners_local_m, np.array(ground, np.float32)])
    features = np.concatenate([soup.features, np.full(len(ground), 144)])
    surfaces = np.concatenate([soup.surfaces, np.full(len(ground), Surface.TERRAIN)])
    tiles = tiles_from_asset(asset_of(corners, features, surfaces), features_per_tile=20)
    homes = [np.unique(tile.features) for tile in tiles]
    for feature in range(144):
        assert sum(feature in home for home in homes) == 1
    assert sum(144 in home for home in homes) > 3


def test_points_are_shared_between_triangles_that_look_alike():
    tiles = tiles_from_asset(city_of_boxes(3, 3))
    assert sum(len(tile.points_local_m) for tile in tiles) <= 9 * 20 < 9 * 30


def decoded(tile):
    surface = np.floor(tile.code_light).astype(int)
    return surface, (tile.code_light - surface) / LIGHT_SCALE * LIGHT_MAX


def test_light_follows_sun_sky_and_height_above_the_base():
    (tile,) = tiles_from_asset(city_of_boxes(1, 1))
    surface, light = decoded(tile)
    roof = light[surface == Surface.ROOF]
    assert roof == pytest.approx(
        0.28 + 0.42 + 0.55 * 0.66 / np.linalg.norm([0.45, 0.6, 0.66]), rel=0.04
    )
    feet = light[(surface == Surface.WALL) & (tile.points_local_m[:, 2] == 0)]
    tops = light[(surface == Surface.WALL) & (tile.points_local_m[:, 2] > 9)]
    assert feet.max() == pytest.approx(FOOT_LIGHT * tops.max(), rel=0.01)
    assert tops.max() > 1.4 * tops.min()  # the south is lit, the north is not
    assert tile.code_light.max() < Surface.ROOF + 1


def test_a_part_stands_on_its_buildings_ground():
    low = [[[0, 0, 0], [10, 0, 0], [10, 0, 10]]]
    high = [[[0, 0, 10], [10, 0, 10], [10, 0, 20]]]
    asset = asset_of([*low, *high], [1, 2], [0, 0], parents=[-1, 0, 0])
    (tile,) = tiles_from_asset(asset)
    _, light = decoded(tile)
    at_ten = light[tile.points_local_m[:, 2] == 10]
    assert at_ten.min() == pytest.approx(at_ten.max(), rel=0.08)  # only the tint differs


def test_a_box_has_twelve_edges_and_its_diagonals_none():
    (tile,) = tiles_from_asset(city_of_boxes(1, 1))
    lengths = np.linalg.norm(tile.edges_local_m[:, 1] - tile.edges_local_m[:, 0], axis=1)
    assert sorted(np.round(lengths).tolist()) == [20.0] * 8 + [30.0] * 4
    assert set(tile.edge_features.tolist()) == {0}


def test_flat_ground_has_no_edges():
    square = [[[0, 0, 0], [9, 0, 0], [9, 9, 0]], [[0, 0, 0], [9, 9, 0], [0, 9, 0]]]
    (tile,) = tiles_from_asset(asset_of(square, [0, 0], [Surface.ROAD] * 2))
    assert len(tile.edges_local_m) == 0


def test_a_city_without_triangles_has_no_tiles():
    asset = asset_of(np.zeros((0, 3, 3)), [0], [0])
    empty = TriangleSoup(
        corners_local_m=np.zeros((0, 3, 3), np.float32),
        features=np.zeros(0, np.int32),
        surfaces=np.zeros(0, np.uint8),
    )
    object.__setattr__(asset, "soup", empty)
    assert tiles_from_asset(asset) == []


def test_progress_rises_to_one_and_may_stop_the_work():
    seen = []
    tiles_from_asset(city_of_boxes(5, 5), 5, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiles_from_asset(city_of_boxes(5, 5), 5, stop)


def test_slivers_do_no_harm():
    sliver = [[[0, 0, 0], [5, 0, 0], [10, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]]
    (tile,) = tiles_from_asset(asset_of(sliver, [0, 0], [0, 0]))
    assert np.isfinite(tile.code_light).all()


def test_equal_rows_survive_a_hash_collision(monkeypatch):
    columns = np.array([[1, 2, 1, 3], [5, 5, 5, 5]], np.uint32)
    monkeypatch.setattr("twin.tiles.weld._hashes", lambda c: np.zeros(c.shape[1], np.uint64))
    first, group = equal_rows(columns)
    assert np.array_equal(columns[:, first][:, group], columns)
    assert len(first) == 3
