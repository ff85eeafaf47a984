"""The kept picture of a city at rest: same pixels, and never an old city."""

from __future__ import annotations

import numpy as np
import pytest
from vtkmodules.vtkFiltersSources import vtkCubeSource
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from scenes.offscreen import OffscreenWindow
from scenes.stage import renderer_above
from scenes.still_picture import StillPicture


class World:
    """A red cube in layer 0, a small green one above, and the kept picture."""

    def __init__(self) -> None:
        self.view = OffscreenWindow(200, 150)
        self.cube = self.make_cube((1.0, 0.0, 0.0))
        self.view.renderer.AddActor(self.cube)
        self.view.renderer.SetBackground(0.2, 0.4, 0.6)
        self.view.renderer.ResetCamera()
        self.above = renderer_above(self.view.renderer)
        self.mark = self.make_cube((0.0, 1.0, 0.0))
        self.mark.SetScale(0.2)
        self.above.AddActor(self.mark)
        self.still = StillPicture(self.view.window, self.view.renderer)

    @staticmethod
    def make_cube(colour) -> vtkActor:
        source = vtkCubeSource()
        mapper = vtkPolyDataMapper()
        mapper.SetInputConnection(source.GetOutputPort())
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.GetProperty().SetColor(*colour)
        actor.GetProperty().LightingOff()
        return actor

    def frame(self, style_version: int = 0) -> np.ndarray:
        self.still.choose(style_version)
        self.view.render()
        return self.view.pixels()


@pytest.fixture
def world():
    made = World()
    yield made
    made.still.dispose()
    made.view.close()


def rest(world: World) -> np.ndarray:
    for _ in range(4):
        picture = world.frame()
    assert world.still.is_shown
    return picture


def test_the_kept_picture_is_the_same_to_the_pixel(world):
    first = world.frame()
    assert np.array_equal(rest(world), first)


def test_what_lies_above_goes_on_moving_over_the_kept_picture(world):
    before = rest(world)
    world.mark.SetPosition(0.3, 0.0, 0.0)
    after = world.frame()
    assert world.still.is_shown
    assert not np.array_equal(after, before)
    world.mark.VisibilityOff()
    bare = world.frame()
    assert (bare == (255, 0, 0)).all(axis=2).any()
    assert not (bare == (0, 255, 0)).all(axis=2).any()


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.cube.GetProperty().SetColor(0.0, 0.0, 1.0),
        lambda world: world.cube.VisibilityOff(),
        lambda world: world.cube.SetScale(0.5),
        lambda world: world.view.renderer.GetActiveCamera().Azimuth(40.0),
        lambda world: world.view.renderer.SetBackground(0.9, 0.9, 0.9),
        lambda world: world.view.renderer.RemoveActor(world.cube),
        lambda world: world.view.window.SetSize(220, 160),
    ],
)
def test_any_change_of_the_city_is_drawn_at_once(world, change):
    before = rest(world)
    change(world)
    after = world.frame()
    assert before.shape != after.shape or not np.array_equal(before, after)


def test_a_new_style_is_drawn_at_once(world):
    rest(world)
    world.still.choose(1)
    assert not world.still.is_shown
    world.frame(1)
    assert world.still.is_shown


def test_a_moving_camera_never_reads_back(world):
    for _ in range(6):
        world.view.renderer.GetActiveCamera().Azimuth(2.0)
        world.frame()
        assert not world.still.is_shown
