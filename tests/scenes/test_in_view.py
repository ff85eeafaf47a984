"""The picture in words: what is named is what is seen."""

from __future__ import annotations

import numpy as np
import pytest

from scenes.city_scene import CityScene
from scenes.in_view import items_in_view
from scenes.offscreen import OffscreenWindow
from scenes.picker import Picker
from scenes.scene_input import SceneInput
from scenes.view import view_of
from tests.twin.box_city import city_of_boxes
from twin.city.asset import Place
from twin.sense.model import Unit
from twin.sense.units import UnitsNow
from twin.theme import load_theme
from twin.tiles.partition import tiles_from_asset


@pytest.fixture(scope="module")
def world():
    asset = city_of_boxes()
    tiles = tiles_from_asset(asset)
    target = OffscreenWindow(800, 600)
    scene = CityScene(target.renderer, theme=load_theme("light"))
    scene.set_city(asset, tiles)
    scene.camera.look_from((0.0, -300.0, 120.0), (0.0, 0.0, 0.0))
    scene.update(SceneInput())
    picker = Picker()
    picker.set_tiles(tiles, 0.0)
    yield asset, view_of(target.renderer), picker
    scene.dispose()
    target.close()


def told(world, given=SceneInput(), places=()):  # noqa: B008 - frozen
    asset, view, picker = world
    return items_in_view(
        view,
        given,
        features=asset.features,
        places=places,
        name_of=lambda row: f"House {row}",
        sees=picker.sees,
    )


def test_buildings_come_in_reading_order(world):
    asset, view, _picker = world
    items = told(world)
    assert {item.feature for item in items} == set(range(asset.features.n_features))
    pixels = view.project(np.array([item.xyz_local_m for item in items]))
    bands = (pixels[:, 1] / 600 * 4).astype(int)
    assert bands.tolist() == sorted(bands.tolist())
    for band in np.unique(bands):
        across = pixels[bands == band, 0]
        assert (np.diff(across) > -1e-6).all()


def test_what_stands_behind_a_house_is_left_out(world):
    before = Place(id="a", name="Kiosk", kind="square", xyz_local_m=(0.0, -120.0, 0.0))
    behind = Place(id="b", name="Yard", kind="square", xyz_local_m=(0.0, -48.0, 0.0))
    far = Place(id="c", name="Elsewhere", kind="square", xyz_local_m=(0.0, -900.0, 0.0))
    names = {item.name for item in told(world, places=[before, behind, far])}
    assert "Kiosk" in names
    assert "Elsewhere" not in names
    assert "Yard" not in names  # behind the front row of boxes, which stands at y = -60


def test_directions_and_places_in_the_picture(world):
    unit = Unit(index=0, id="u", name="Bus 7", kind="bus")
    now = UnitsNow(
        xyz_local_m=np.array([[70.0, -110.0, 0.0]], np.float32),
        heading_rad=np.zeros(1, np.float32),
        age_s=np.zeros(1, np.float32),
    )
    [bus] = [i for i in told(world, SceneInput(units=(unit,), units_now=now)) if i.group == "unit"]
    assert (bus.name, bus.kind, bus.id) == ("Bus 7", "bus", "u")
    assert bus.direction == "north"
    assert bus.where.endswith("right")
    assert bus.distance_m == pytest.approx(np.hypot(np.hypot(70, 190), 118), abs=2)
