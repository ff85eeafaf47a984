"""The plan: one scale everywhere, north up, and all that asks for pixels or rays works in it."""

import numpy as np
import pytest

from scenes.controls import PointerControls
from scenes.layers.scale_bar import bar_length, depth_of_ground
from scenes.pose import axes_of
from scenes.scene_input import SceneInput
from tests.twin.box_city import HEIGHT_M
from twin.tiles.look import Look


@pytest.fixture
def plan(scene):
    scene.camera.set_plan(True, animated=False)
    scene.update(SceneInput())
    return scene


def test_a_plan_has_one_scale_whatever_the_height(plan):
    view = plan._view()
    points = np.array([[x, 40.0, z] for x in (-60.0, 60.0) for z in (0.0, HEIGHT_M)])
    x, y, depth = view.project(points).T
    assert x[0] == pytest.approx(x[1])
    assert x[2] == pytest.approx(x[3])
    assert np.ptp(y) == pytest.approx(0.0, abs=1e-6)
    assert 120.0 / (x[2] - x[0]) == pytest.approx(view.metres_per_px(depth[0]))
    # The scale is that of the ground before: the city does not jump.
    assert plan.camera.pose.distance_m == pytest.approx(500.0, rel=0.01)


def test_rays_begin_above_their_pixel_and_come_back(plan):
    view = plan._view()
    for point in ((12.0, -30.0, 0.0), (-55.0, 41.0, HEIGHT_M)):
        x, y = view.pixel_of(point)
        begin, ray = view.ray_from(x, y)
        assert ray == pytest.approx([0.0, 0.0, -1.0])
        assert begin[:2] == pytest.approx(point[:2], abs=1e-3)
        assert begin[2] > HEIGHT_M
        assert view.eyes_of(np.array([point]))[0] == pytest.approx(begin, abs=1e-3)


def test_picks_find_roofs_and_ground_at_the_rim_of_the_picture(plan):
    hit = plan.pick(*plan.pixel_from_local((0.0, 0.0, HEIGHT_M)))
    assert hit.feature == 4
    assert hit.xyz_local_m[2] == pytest.approx(HEIGHT_M)
    ground = plan.pick(*plan.pixel_from_local((-120.0, 90.0, 0.0)))
    assert ground.is_ground
    assert ground.xyz_local_m[:2] == pytest.approx((-120.0, 90.0), abs=0.5)


def test_what_is_seen_from_above_is_asked_straight_down(plan):
    view = plan._view()
    points = np.array([[0.0, 0.0, HEIGHT_M + 1], [0.0, 0.0, 2.0], [-25.0, 0.0, 2.0]], np.float32)
    seen = plan._stage.sees(view.eyes_of(points), points)
    assert seen.tolist() == [True, False, True]


def test_the_scale_bar_says_what_the_picture_measures(plan):
    view = plan._view()
    length_m, width_px = bar_length(view.metres_per_px(depth_of_ground(view, 0.0)), view)
    left, right = view.project(np.array([[0.0, 0.0, 5.0], [length_m, 0.0, 5.0]]))[:, 0]
    assert right - left == pytest.approx(width_px, abs=1.0)


def test_drags_pan_and_nothing_turns_it(plan):
    controls = PointerControls(plan)
    x, y = 200.0, 150.0
    held = plan.ground_point(x, y)
    controls.press("left", x, y)
    controls.move(x + 60, y - 25)
    controls.release()
    plan.update(SceneInput())
    assert plan.pixel_from_local(held) == pytest.approx((x + 60, y - 25), abs=0.5)
    for key in ("[", "]", "PageUp", "PageDown"):
        controls.key(key)
    pose = plan.camera.pose
    assert (pose.azimuth_rad, pose.elevation_rad) == (0.0, pytest.approx(np.pi / 2))
    assert axes_of(pose)[0] == pytest.approx([1.0, 0.0, 0.0])


def test_zoom_keeps_its_point_and_changes_the_scale_only(plan):
    controls = PointerControls(plan)
    held = plan.ground_point(320.0, 60.0)
    before = plan._view().metres_per_px(plan._view().flat_depth_m)
    controls.wheel(2, 320.0, 60.0)
    plan.update(SceneInput())
    view = plan._view()
    assert plan.pixel_from_local(held) == pytest.approx((320.0, 60.0), abs=0.5)
    assert view.metres_per_px(view.flat_depth_m) < 0.8 * before
    controls.release()
    assert plan._view().flat_depth_m == pytest.approx(view.flat_depth_m)


def test_home_shows_everything_and_the_way_back_looks_aslant(plan):
    plan.camera.home(animated=False)
    plan.update(SceneInput())
    x, y, _ = plan._view().project(np.array([[-70.0, -70.0, 0.0], [70.0, 70.0, 0.0]])).T
    assert 0 < x[0] < x[1] < 400
    assert 0 < y[1] < y[0] < 300
    plan.camera.set_plan(False, animated=False)
    plan.update(SceneInput())
    assert not plan._view().is_parallel
    assert plan.camera.pose.elevation_rad == pytest.approx(1.55)


def test_the_flight_to_a_plan_ends_as_one(scene):
    scene.camera.fly_to((0.0, 0.0, 0.0), 400.0, elevation_rad=0.6, animated=False)
    controls = PointerControls(scene)
    assert controls.key("P")
    assert scene.camera.is_plan
    while controls.tick(0.1):
        scene.update(SceneInput())
    scene.update(SceneInput())
    assert scene._view().is_parallel
    assert controls.key("P")
    while controls.tick(0.1):
        scene.update(SceneInput())
    assert scene.camera.pose.elevation_rad == pytest.approx(0.6)


def test_streamed_tiles_are_chosen_as_from_an_eye_over_the_middle(plan):
    from scenes.view import look_of

    look: Look = look_of(plan._view())
    x, y, z = plan.camera.pose.focal_m
    assert look.eye_m == pytest.approx([x, y, z + plan.camera.pose.distance_m])
    centre = np.array([[0.0, 0.0, 5.0], [5000.0, 0.0, 5.0]])
    assert look.sees(centre, np.tile(np.eye(3) * 5, (2, 1, 1))).tolist() == [True, False]


def test_roofs_cover_what_is_under_them_and_edges_are_drawn(plan, target):
    target.render()
    plain = target.pixels()
    x, y = plan.pixel_from_local((0.0, 0.0, HEIGHT_M))
    roof = plain[round(y), round(x)].astype(int)
    assert np.ptp(plain[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3, 0]) == 0
    edge_x, _ = plan.pixel_from_local((-20.0, 0.0, HEIGHT_M))
    row = plain[round(y), round(edge_x) - 3 : round(edge_x) + 4].astype(int)
    assert np.abs(row - roof).max() > 12
