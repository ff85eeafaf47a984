"""Small cities and an off-screen window (EGL, no display needed)."""

import os

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import pytest

from scenes.city_scene import CityScene
from scenes.offscreen import OffscreenWindow
from tests.twin.box_city import city_of_boxes
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
