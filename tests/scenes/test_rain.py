"""Rain is as dense as the gauges say, where they say it."""

from __future__ import annotations

import numpy as np
import pytest

from scenes.city_scene import CityScene
from scenes.layers.rain import CELLS, cells_around, noise_of, shares_of
from scenes.offscreen import OffscreenWindow
from tests.scenes.frames import draw, only
from tests.scenes.live import LiveRoom
from tests.twin.box_city import city_of_boxes
from twin.theme import load_theme
from twin.tiles.partition import tiles_from_asset


@pytest.fixture
def scene(target: OffscreenWindow) -> CityScene:
    city = city_of_boxes()
    made = CityScene(target.renderer, theme=load_theme("light"))
    made.set_city(city, tiles_from_asset(city))
    made.camera.fly_to((0.0, 0.0, 0.0), 500.0, azimuth_rad=0.0, elevation_rad=0.7, animated=False)
    only(made, "ground", "buildings", "rain")
    yield made
    made.dispose()


def wet(target: OffscreenWindow, scene: CityScene, room: LiveRoom, rate: float) -> int:
    """How many pixels the rain changes."""
    room.clock.advance_s(10.0)
    room.report([rate])
    scene.set_layer_visible("rain", False)
    dry = draw(target, scene, room.given())
    scene.set_layer_visible("rain", True)
    return int((np.abs(draw(target, scene, room.given()) - dry).max(axis=2) > 8).sum())


def room_at(x: float = 0.0) -> LiveRoom:
    return LiveRoom([(x, 0.0, 10.0)], kind="weather_station", name="rain")


def test_more_rain_is_denser_and_none_is_none(target, scene):
    room = room_at()
    seen = [wet(target, scene, room, rate) for rate in (0.0, 1.0, 8.0, 30.0)]
    assert seen[0] == 0
    assert 0 < seen[1] < seen[2] < seen[3]
    legend = scene._stage.legends["rain"]
    assert legend.classes[0][0] == "heavy: up to 30.0 mm/h"
    assert "inverse distance, 1 gauge" in legend.note


def test_it_rains_only_within_reach_of_a_gauge(target, scene):
    assert wet(target, scene, room_at(40_000.0), 20.0) == 0


def test_a_still_rain_costs_no_frame_and_stays_while_the_camera_pans(target, scene):
    room = room_at()
    wet(target, scene, room, 10.0)
    given = room.given()
    draw(target, scene, given)
    assert not scene.update(given)
    one, other = (noise_of(cells_around(middle)) for middle in ((0, 0), (8, 0)))
    by_cell = dict(zip(map(tuple, cells_around((0, 0)).tolist()), one.tolist(), strict=True))
    shared = [
        by_cell[tuple(cell)] == noise
        for cell, noise in zip(cells_around((8, 0)).tolist(), other.tolist(), strict=True)
        if tuple(cell) in by_cell
    ]
    assert len(shared) == CELLS * (CELLS - 8)
    assert all(shared)


def test_noise_is_even_and_shares_grow():
    noise = noise_of(cells_around((0, 0)))
    assert noise.min() >= 0.0
    assert noise.max() < 1.0
    assert np.abs(noise.mean(axis=0) - 0.5).max() < 0.03
    assert np.abs(np.corrcoef(noise.T) - np.eye(4)).max() < 0.06
    shares = shares_of(np.array([np.nan, 0.0, 0.05, 0.2, 3.0, 12.0, 60.0]))
    assert shares[:3].tolist() == [0.0, 0.0, 0.0]
    assert (np.diff(shares[2:]) > 0).all()
    assert shares[-1] == 1.0
