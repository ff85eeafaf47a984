"""Two scenes of one city: one geometry, one streamer, one budget; looks and cameras apart."""

import time
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.box_stream import BoxStream
from scenes.city_scene import CityScene
from scenes.offscreen import OffscreenWindow
from scenes.pose import Pose
from scenes.scene_input import SceneInput
from scenes.stage import empty_city
from tests.twin.box_city import HEIGHT_M, city_of_boxes
from twin.city.residents import resident_city
from twin.theme import load_theme
from twin.tiles.partition import tiles_from_asset

NEAR = Pose(focal_m=(0.0, 0.0, 5.0), distance_m=300.0, azimuth_rad=0.4, elevation_rad=0.6)
AWAY = replace(NEAR, focal_m=(1500.0, 1500.0, 5.0))


@pytest.fixture
def beside(scene):
    """A second scene of the nine boxes, in a window of its own."""
    window = OffscreenWindow(320, 240)
    made = CityScene(window.renderer, theme=load_theme("dark"))
    made.share_city(scene)
    yield made, window
    made.dispose()
    window.close()


def test_meshes_edges_and_locators_are_the_same_objects(scene, beside):
    other, _ = beside
    assert other.stage.geometry is scene.stage.geometry
    assert other.stage.roofs is scene.stage.roofs
    assert other.budget is scene.budget
    scene.update(SceneInput())
    other.update(SceneInput())
    while scene.prepare_picking():
        pass
    locators = [mesh.locator for mesh in scene.stage.geometry.picks]
    assert None not in locators
    assert not other.prepare_picking() or locators == [
        mesh.locator for mesh in other.stage.geometry.picks
    ]


def test_each_has_its_own_camera_layers_and_colours(scene, beside, target):
    other, window = beside
    other.camera.set_plan(True, animated=False)
    other.set_layer_visible("compass", False)
    red = np.zeros((9, 4), np.uint8)
    red[:] = (255, 0, 0, 255)
    other.set_feature_colours(red)
    for drawn, seen in ((scene, target), (other, window)):
        drawn.update(SceneInput())
        seen.render()
    assert scene.is_layer_visible("compass")
    assert not scene._view().is_parallel
    pixels = []
    for drawn, seen in ((scene, target), (other, window)):
        x, y = drawn.pixel_from_local((0.0, 0.0, HEIGHT_M))
        pixels.append(seen.pixels()[round(y), round(x)].astype(int))
    assert np.ptp(pixels[0]) < 30  # the plain model
    assert pixels[1][0] > 3 * max(pixels[1][1], 1)
    x, y = other.pixel_from_local((0.0, 0.0, HEIGHT_M))
    assert other.pick(x, y).feature == 4


def test_a_new_city_is_followed_and_the_first_scene_may_end_first(scene, beside):
    other, _ = beside
    scene.set_city(bigger := city_of_boxes(5, 5), tiles_from_asset(bigger))
    other.update(SceneInput())
    assert other.stage.asset is bigger
    assert other.stage.geometry is scene.stage.geometry
    scene.dispose()
    other.set_layer_visible("compass", False)
    assert other.update(SceneInput())


def test_only_buffers_on_the_card_are_counted_twice(scene, beside):
    other, _ = beside
    own = scene.stage.geometry.window_bytes
    held = scene.budget.held
    assert held["city read whole"] == scene.stage.geometry.n_bytes
    assert sorted(n for name, n in held.items() if name.startswith("view")) == [own]
    other.dispose()
    assert scene.budget.used_bytes == held["city read whole"]


def settle(*pairs):
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        changed = False
        for scene, target in pairs:
            if scene.update(SceneInput()):
                target.render()
                changed = True
        streamer = pairs[0][0].streamed.streamer
        if not changed and streamer.is_idle and all(s.is_settled for s, _ in pairs):
            return
        time.sleep(0.001)
    raise AssertionError("The pictures were never complete")


@pytest.fixture
def streamed(target):
    """Two scenes of one streamed city and their windows."""
    window = OffscreenWindow(320, 240)
    scenes = [CityScene(t.renderer, theme=load_theme("light")) for t in (target, window)]
    scenes[0].set_city(resident_city(empty_city()), (), (BoxStream(4),))
    scenes[1].share_city(scenes[0])
    yield list(zip(scenes, (target, window), strict=True))
    for scene in scenes:
        assert scene.failures == {}
        scene.dispose()
    window.close()


def test_streamed_tiles_are_loaded_once_for_both(streamed):
    (first, _), (second, _) = streamed
    for scene in (first, second):
        scene.camera.set_pose(NEAR)
    settle(*streamed)
    streamer = first.streamed.streamer
    assert second.streamed.streamer is streamer
    alone = set(streamer.loaded)
    second.camera.set_pose(AWAY)
    settle(*streamed)
    assert alone < set(streamer.loaded)  # what both look at, in one place
    ours = {id(mesh.tile) for mesh in first.streamed.pick_meshes}
    theirs = {id(mesh.tile) for mesh in second.streamed.pick_meshes}
    assert ours - theirs
    assert theirs - ours
    held = first.budget.held
    assert held["streamed tiles"] == sum(t.n_bytes for t in streamer.loaded.values())
    assert second.streamed.graphics_bytes in held.values()


def test_a_resting_view_holds_no_tiles_and_wakes_up_complete(streamed):
    (first, _), (second, _) = streamed
    first.camera.set_pose(NEAR)
    second.camera.set_pose(AWAY)
    settle(*streamed)
    assert first.streamed.streamer.figures(viewer=second.streamed.viewer).n_drawn > 0
    second.rest()
    assert first.streamed.streamer.figures(viewer=second.streamed.viewer).n_drawn == 0
    settle(streamed[0])
    settle(*streamed)
    assert first.streamed.streamer.figures(viewer=second.streamed.viewer).n_drawn > 0


def test_the_streaming_ends_with_its_last_view(streamed):
    (first, _), (second, _) = streamed
    settle(*streamed)
    streamer = first.streamed.streamer
    first.dispose()
    assert streamer.loaded
    second.camera.set_pose(AWAY)
    settle(streamed[1])
    second.dispose()
    assert not streamer.loaded
    assert streamer.is_idle
