"""The point cloud layer: colours by class, photograph and height; hidden with its source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scenes.layers.points import LEGEND, PointsState
from scenes.scene_input import SceneInput
from scenes.stage import empty_city
from twin.city.asset import CityAsset, FeatureTable, PointCloud


def city_of_points(*, rgb: bool) -> CityAsset:
    """A level carpet of points 100 m wide: class 9 (water) in the west, 2 (ground) in the east."""
    x, y = np.meshgrid(np.linspace(-50, 50, 400), np.linspace(-50, 50, 400))
    xyz = np.column_stack([x.ravel(), y.ravel(), np.zeros(x.size)]).astype(np.float32)
    table = FeatureTable(
        ids=("west", "east"),
        kind_names=("PointCloud",),
        kind_codes=np.zeros(2, np.uint16),
        parents=np.full(2, -1, np.int32),
        bounds_min_max_local_m=np.array(
            [[-50, -50, 0, 0, 50, 1], [0, -50, 0, 50, 50, 1]], np.float32
        ),
    )
    east = xyz[:, 0] > 0
    red = np.tile(np.array([220, 10, 10], np.uint8), (len(xyz), 1))
    points = PointCloud(
        xyz_local_m=xyz,
        rgb=red if rgb else None,
        classes=np.where(east, 2, 9).astype(np.uint8),
        features=east.astype(np.int32),
    )
    return replace(empty_city(), title="points", features=table, points=points)


def colour_at(target, scene, x_m: float) -> np.ndarray:
    scene.update(SceneInput())
    assert scene.failures == {}
    target.render()
    x, y = scene.pixel_from_local((x_m, 0.0, 0.0))
    patch = target.pixels()[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4]
    return np.median(patch.reshape(-1, patch.shape[-1]), axis=0).astype(int)


@pytest.fixture
def carpet(target, scene):
    """A scene that looks down on the carpet."""

    def show(*, rgb: bool):
        scene.set_city(city_of_points(rgb=rgb), ())
        scene.camera.look_from((0.0, -1.0, 130.0), (0.0, 0.0, 0.0))
        scene.set_layer_state("points", PointsState(size_px=4.0))
        return scene

    return show


def test_points_without_a_photograph_show_their_class(target, carpet) -> None:
    scene = carpet(rgb=False)
    west, east = colour_at(target, scene, -25.0), colour_at(target, scene, 25.0)
    assert west[2] > west[0] + 40  # water is blue
    assert east[0] > east[2] + 10  # ground is brown


def test_a_photograph_comes_first_and_height_on_demand(target, carpet) -> None:
    scene = carpet(rgb=True)
    assert colour_at(target, scene, 25.0)[:3].tolist() == pytest.approx([220, 10, 10], abs=6)
    scene.set_layer_state("points", PointsState(colour="height", size_px=4.0))
    assert abs(colour_at(target, scene, 25.0)[0] - 220) > 60


def test_the_points_of_a_source_that_is_off_are_gone(target, carpet) -> None:
    scene = carpet(rgb=True)
    scene.set_hidden_features(np.array([False, True]))
    assert colour_at(target, scene, -25.0)[0] > 200
    assert abs(colour_at(target, scene, 25.0)[0] - colour_at(target, scene, 25.0)[1]) < 30


def test_the_legend_goes_with_the_layer(target, carpet) -> None:
    scene = carpet(rgb=False)
    colour_at(target, scene, 0.0)
    stage = scene._stage
    assert [name for name, _ in stage.legends[LEGEND].classes] == ["Ground", "Water"]
    scene.set_layer_visible("points", False)
    assert LEGEND not in stage.legends


def test_points_count_in_the_memory_budget(target, carpet) -> None:
    scene = carpet(rgb=False)
    colour_at(target, scene, 20.0)
    held = scene.budget.held["photographs and points"]
    assert 160_000 * 40 < held < 160_000 * 80
    scene.set_city(empty_city(), ())
    scene.update(SceneInput())
    assert scene.budget.held["photographs and points"] == 0
