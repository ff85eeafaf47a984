"""The camera: home fills the view, zoom and orbit keep their point, nothing goes underground."""

import numpy as np
import pytest

from scenes.colouring import building_points
from scenes.controls import PointerControls
from scenes.home_view import home_pose
from scenes.pose import VIEW_ANGLE_DEG, axes_of
from scenes.scene_input import SceneInput
from tests.twin.box_city import HEIGHT_M, city_of_boxes


@pytest.fixture
def controls(scene):
    scene.camera.home(animated=False)
    scene.update(SceneInput())
    return PointerControls(scene)


def corners_px(scene):
    view = scene._view()
    points = [[x, y, z] for x in (-70, 70) for y in (-70, 70) for z in (0.0, HEIGHT_M)]
    return view.project(np.array(points, float))


def test_home_shows_the_whole_city_and_fills_the_view(scene, controls):
    x, y, _ = corners_px(scene).T
    width, height = scene._view().size_px
    assert x.min() > 0
    assert x.max() < width
    assert y.min() > 0
    assert y.max() < height
    assert max((x.max() - x.min()) / width, (y.max() - y.min()) / height) > 0.7


@pytest.mark.parametrize("size", [(1600, 700), (900, 1000)])
def test_home_fills_the_width_or_the_height_of_any_window(size):
    """A long city in a wide and in a tall window, a lone far building left out of the samples."""
    rng = np.random.default_rng(3)
    points = rng.uniform((-900, -300, 0), (900, 300, 40), (2000, 3))
    pose = home_pose(points, size)
    local = (points - pose.eye()) @ axes_of(pose).T
    tall = np.tan(np.radians(VIEW_ANGLE_DEG) / 2)
    seen = local[:, :2] / local[:, 2:] / np.array([tall * size[0] / size[1], tall])
    assert np.abs(seen).max() < 1.0
    assert max(*np.ptp(seen, axis=0) / 2) > 0.72
    assert np.degrees(pose.elevation_rad) == pytest.approx(19.0)


def test_a_farm_far_outside_does_not_shrink_the_home_view():
    city = city_of_boxes(30, 30)
    bounds = city.features.bounds_min_max_local_m
    bounds[0] += np.float32(50_000.0)
    assert building_points(city).max() < 5_000


def test_home_looks_at_a_point_on_the_ground(scene, controls):
    assert scene.camera.pose.focal_m[2] == pytest.approx(0.0, abs=0.5)


def test_home_follows_the_window_until_somebody_moves(target, scene):
    scene.camera.home(animated=False)
    before = scene.camera.pose
    target.window.SetSize(300, 400)
    scene.update(SceneInput())
    assert scene.camera.pose != before
    scene.camera.turn(0.1, 0.0)
    moved = scene.camera.pose
    target.window.SetSize(400, 300)
    scene.update(SceneInput())
    assert scene.camera.pose == moved


def test_the_wheel_zooms_to_the_pointer(scene, controls):
    point = (60.0, 60.0, HEIGHT_M)
    place = scene.pixel_from_local(point)
    before = scene.camera.distance_m
    for _ in range(3):
        assert controls.wheel(1.0, *place)
        scene.update(SceneInput())
    assert scene.camera.distance_m < 0.7 * before
    assert scene.pixel_from_local(point) == pytest.approx(place, abs=1.0)


def test_an_orbit_keeps_the_point_under_the_pointer(scene, controls):
    point = (60.0, -60.0, HEIGHT_M)
    x, y = scene.pixel_from_local(point)
    controls.press("left", x, y)
    assert controls.move(x + 90, y - 20)
    scene.update(SceneInput())
    assert scene.pixel_from_local(point) == pytest.approx((x, y), abs=1.5)
    assert controls.release() is False


def test_letting_go_does_not_move_the_picture(scene, controls):
    x, y = scene.pixel_from_local((60.0, -60.0, HEIGHT_M))
    controls.press("left", x, y)
    controls.move(x + 50, y + 30)
    scene.update(SceneInput())
    before = corners_px(scene)
    controls.release()
    scene.update(SceneInput())
    assert corners_px(scene)[:, :2] == pytest.approx(before[:, :2], abs=0.5)


def test_a_pan_carries_the_ground_with_the_pointer(scene, controls):
    x, y = scene.pixel_from_local((30.0, 30.0, 0.0))
    grabbed = scene.ground_point(x, y)
    controls.press("right", x, y)
    controls.move(x + 40, y + 25)
    scene.update(SceneInput())
    assert scene.pixel_from_local(grabbed) == pytest.approx((x + 40, y + 25), abs=1.5)


def test_a_press_without_a_drag_is_a_click(controls):
    controls.press("left", 100, 100)
    assert not controls.move(101, 101)
    assert controls.release() is True
    assert controls.release() is False


def test_a_flight_ends_after_its_time_and_lands_where_it_should(scene, controls):
    scene.camera.fly_to((60.0, 60.0, 10.0), 150.0)
    assert controls.tick(0.2)
    assert scene.camera.is_flying
    flown_s = 0.2
    while scene.camera.is_flying:
        controls.tick(0.05)
        flown_s += 0.05
    assert flown_s <= 0.651
    assert scene.camera.pose.focal_m == pytest.approx((60.0, 60.0, 10.0))
    assert scene.camera.distance_m == pytest.approx(150.0)
    assert not controls.tick(0.05)


def test_with_reduced_motion_it_jumps(scene, controls):
    scene.camera.reduced_motion = True
    scene.camera.fly_to((60.0, 60.0, 10.0), 150.0)
    assert not scene.camera.is_flying
    assert scene.camera.distance_m == pytest.approx(150.0)


def test_the_eye_stays_above_the_ground(scene, controls):
    for _ in range(60):
        controls.press("left", 200, 280)
        controls.move(200, 100)
        controls.release()
        scene.camera.zoom_at(0.8, (0.0, 0.0, -40.0))
    assert scene.camera.pose.eye()[2] >= scene._stage.ground_z_m + 1.9


@pytest.mark.parametrize("name", ["Home", "N", "T", "Left", "Up", "+", "-", "PageUp", "["])
def test_keys_are_known(controls, name):
    assert controls.key(name)


def test_other_keys_are_left_to_others(controls):
    assert not controls.key("Q")
    assert not controls.key("F")  # nothing is selected


def test_near_and_far_planes_hold_the_city(scene, controls):
    for distance in (20.0, 200.0, 3000.0):
        scene.camera.fly_to((0.0, 0.0, 10.0), distance, animated=False)
        scene.update(SceneInput())
        near, far = scene._stage.renderer.GetActiveCamera().GetClippingRange()
        depth = corners_px(scene)[:, 2]
        assert near < max(depth.min(), 1.0)
        assert far > depth.max()
