"""Small cities and an off-screen window (EGL, no display needed)."""

import os

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import pytest

from benchmarks.box_stream import BoxStream
from scenes.city_scene import CityScene
from scenes.offscreen import OffscreenWindow
from scenes.stage import empty_city
from tests.scenes.tool_rig import GIVEN
from tests.twin.box_city import city_of_boxes
from twin.city.residents import resident_city
from twin.theme import load_theme
from twin.tiles.partition import tiles_from_asset


@pytest.fixture
def target():
    """An off-screen window of 400 x 300 pixels."""
    window = OffscreenWindow(400, 300)
    yield window
    window.close()


@pytest.fixture
def boxes():
    """Nine boxes; number 4 stands at the origin."""
    return city_of_boxes()


@pytest.fixture
def scene(target, boxes):
    """The nine boxes in the light theme, seen from straight above, the ground layer on."""
    made = CityScene(target.renderer, theme=load_theme("light"))
    made.set_city(boxes, tiles_from_asset(boxes))
    made.camera.fly_to((0.0, 0.0, 0.0), 500.0, azimuth_rad=0.0, elevation_rad=1.55, animated=False)
    yield made
    made.dispose()


@pytest.fixture
def tools(scene, target):
    """The scene's tool box, a first frame drawn."""
    scene.update(GIVEN)
    target.render()
    return scene.tools


@pytest.fixture
def streamed(target):
    """Makes scenes with a streamed city of boxes, and ends them."""
    scenes = []

    def make(source=None, *, whole=None, **more):
        made = CityScene(target.renderer, theme=load_theme("light"), **more)
        scenes.append(made)
        asset = resident_city(whole or empty_city())
        tiles = tiles_from_asset(whole) if whole else ()
        made.set_city(asset, tiles, (source or BoxStream(3),))
        return made

    yield make
    for scene in scenes:
        assert scene.failures == {}
        scene.dispose()
