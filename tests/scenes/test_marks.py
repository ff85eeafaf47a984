"""Marks and people in the picture, and the tools that draw marks; on nine boxes from above."""

from __future__ import annotations

import numpy as np
import pytest

from scenes.draping import LIFT_M, arrow_head, densified, draped
from scenes.scene_input import SceneInput
from scenes.tool_controls import ToolControls
from tests.scenes.frames import draw, near
from tests.twin.box_city import HEIGHT_M
from twin.analysis.pose import Pose
from twin.link.presence import Look, PresenceState, point_cm
from twin.marking import Draft
from twin.people import Person
from twin.room.model import Operator
from twin.room.parts.marks import Mark
from twin.theme import department_colour, load_theme, rgb_from_hex

FIRE = Operator(name="Ben", department="fire", console_id="c2")
NS = 1_000_000_000


def mark(mark_id, kind, points, **more):
    return Mark(
        id=mark_id, kind=kind, points=tuple(tuple(map(float, p)) for p in points), owner=FIRE,
        by=FIRE, made_ns=1, changed_ns=1, **more,
    )  # fmt: skip


def fire_rgb():
    return np.array(rgb_from_hex(department_colour(load_theme("light"), "fire"))) * 255


@pytest.fixture
def cast(scene, target):
    draw(target, scene, SceneInput())
    return scene.stage.cast


def test_a_line_over_a_box_climbs_its_roof(scene, cast):
    line = draped(np.array([[-30.0, 0.0, 0.0], [30.0, 0.0, 0.0]]), cast, on_top=True)
    inside = np.abs(line[:, 0]) < 9.0
    assert line[inside, 2] == pytest.approx(HEIGHT_M + LIFT_M, abs=0.01)
    assert line[np.abs(line[:, 0]) > 11.0, 2] == pytest.approx(
        scene.stage.ground_z_m + LIFT_M, abs=0.01
    )


def test_a_line_on_a_wall_stays_there(cast):
    wall = np.array([[-10.0, -5.0, 12.0], [-10.0, 5.0, 14.0]])
    line = draped(wall, cast, on_top=False)
    assert line[:, 2].min() == pytest.approx(12.0 + LIFT_M)
    assert line[:, 2].max() == pytest.approx(14.0 + LIFT_M)


def test_lines_have_points_enough_and_not_too_many():
    path = np.array([[0.0, 0.0, 0.0], [100.0, 0.0, 0.0], [100.0, 10.0, 0.0]])
    points = densified(path, 4.0, 400)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert steps.max() <= 4.0 + 1e-9
    assert any((points == path[1]).all(axis=1)), "corners stay"
    assert len(densified(path * 1e5, 4.0, 400)) < 420
    assert len(densified(np.zeros((2, 3)), 4.0, 400)) >= 1


def test_an_arrow_of_no_length_has_a_head():
    assert np.isfinite(arrow_head(np.zeros((2, 3)))).all()
    barbs = arrow_head(np.array([[0.0, 0.0, 0.0], [100.0, 0.0, 0.0]]))
    assert barbs[1] == pytest.approx([100.0, 0.0, 0.0])
    assert (barbs[[0, 2], 0] < 100.0).all()


@pytest.mark.parametrize(
    ("one", "at"),
    [
        (mark("m", "sketch", [(-25, 30, 0), (25, 30, 0)]), (5.0, 30.0, 0.0)),
        (mark("m", "arrow", [(-25, 30, 0), (25, 30, 0)]), (5.0, 30.0, 0.0)),
        (mark("m", "area", [(-25, -25, 0), (25, -25, 0), (0, 35, 0)]), (5.0, -25.0, 0.0)),
        (mark("m", "circle", [(0, 0, 0)], radius_m=28.0), (28.0, 0.0, 0.0)),
    ],
)
def test_each_kind_is_drawn_in_the_colour_of_its_department(target, scene, one, at):
    before = draw(target, scene, SceneInput())
    pixel = scene.pixel_from_local(at)
    assert not near(before, pixel, fire_rgb())
    image = draw(target, scene, SceneInput(marks=(one,)))
    assert near(image, pixel, fire_rgb())
    assert not near(draw(target, scene, SceneInput()), pixel, fire_rgb()), "and goes again"


def test_a_note_stands_above_its_place_and_is_picked_with_its_words(target, scene):
    note = mark("m7", "note", [(30, 30, 0)], title="Leak")
    draw(target, scene, SceneInput(marks=(note,)))
    visual = scene._layers._entries["marks"].visual
    top = visual._placed["m7"].anchor_m
    assert top[2] > 10.0
    hit = scene.pick(*scene.pixel_from_local(tuple(top)))
    assert hit is not None
    assert hit.mark_id == "m7"
    assert not hit.is_ground
    assert len(scene.stage.reserved["marks"]) == 1, "other labels keep off its words"
    scene.set_layer_visible("marks", visible=False)
    hidden = scene.pick(*scene.pixel_from_local(tuple(top)))
    assert hidden is None or not hidden.mark_id
    assert "marks" not in scene.stage.reserved


def test_a_draft_is_drawn_in_place_of_its_mark(target, scene):
    old = mark("m1", "sketch", [(-25, 30, 0), (25, 30, 0)])
    new = Draft(id="m1", kind="sketch", points=((-25.0, -30.0, 0.0), (25.0, -30.0, 0.0)), rev=1)
    accent = np.array(rgb_from_hex(load_theme("light").ui["accent"])) * 255
    image = draw(target, scene, SceneInput(marks=(old,), draft=new))
    assert near(image, scene.pixel_from_local((5.0, -30.0, 0.0)), accent)
    assert not near(image, scene.pixel_from_local((5.0, 30.0, 0.0)), fire_rgb())


def test_nothing_is_drawn_again_while_nothing_moves(target, scene):
    marks = (mark("m", "note", [(30, 30, 0)], title="Leak"),)
    given = SceneInput(marks=marks, people=(person(pointer=(5.0, 30.0, 0.0)),), now_ns=NS)
    draw(target, scene, given)
    draw(target, scene, given)
    assert not scene.update(given)


def test_hundreds_of_marks_are_drawn(target, scene):
    rng = np.random.default_rng(4)
    marks = tuple(
        mark(f"m{i}", "note", [(*rng.uniform(-90, 90, 2), 0.0)], title=f"Note {i}")
        for i in range(400)
    )
    given = SceneInput(marks=marks)
    n_frames = 1
    while scene.update(given):
        n_frames += 1
        assert n_frames < 50
    assert n_frames > 2, "not all at once: each costs rays"
    visual = scene._layers._entries["marks"].visual
    assert len(visual._placed) == 400
    assert visual._lines._n == 400
    assert len(scene.stage.reserved["marks"]) <= 60
    draw(target, scene, SceneInput(marks=marks[:3]))
    assert visual._lines._n == 3


# -- people -------------------------------------------------------------------------------------


def person(pointer=None, focal=None, operator=FIRE):
    look = None
    if focal is not None:
        pose = Pose(focal_m=focal, distance_m=100.0, azimuth_rad=0.0, elevation_rad=1.0)
        look = Look.of(pose)
    state = PresenceState(look=look, pointer=None if pointer is None else point_cm(pointer))
    return Person(operator=operator, shown=state, is_heard=True)


def test_a_pointer_is_drawn_with_its_tip_at_the_place_and_fades_when_it_rests(target, scene):
    at = (5.0, 30.0, 0.0)
    draw(target, scene, SceneInput())
    x, y = scene.pixel_from_local(at)
    body = (x + 3, y + 6)
    image = draw(target, scene, SceneInput(people=(person(at),), now_ns=NS))
    assert near(image, body, fire_rgb(), reach=2)
    rested = draw(target, scene, SceneInput(people=(person(at),), now_ns=6 * NS))
    assert not near(rested, body, fire_rgb(), reach=2, within=12), "it has faded"
    moved = (6.0, 30.0, 0.0)
    image = draw(target, scene, SceneInput(people=(person(moved),), now_ns=7 * NS))
    x, y = scene.pixel_from_local(moved)
    assert near(image, (x + 3, y + 6), fire_rgb(), reach=2)
    gone = draw(target, scene, SceneInput(now_ns=8 * NS))
    assert not near(gone, (x + 3, y + 6), fire_rgb(), reach=2, within=12)


def test_where_somebody_looks_is_shown_unless_we_look_there_too(target, scene):
    far = (100.0, 30.0, 0.0)
    draw(target, scene, SceneInput())
    pixel = scene.pixel_from_local(far)
    image = draw(target, scene, SceneInput(people=(person(focal=far),)))
    assert near(image, pixel, fire_rgb(), reach=7)
    here = (0.0, 30.0, 0.0)
    image = draw(target, scene, SceneInput(people=(person(focal=here),)))
    assert not near(image, scene.pixel_from_local(here), fire_rgb(), reach=7)


def test_a_hundred_people_cost_at_most_a_dozen_signs(target, scene):
    people = tuple(
        person(
            focal=(float(x), 70.0, 0.0),
            operator=Operator(name=f"P{x}", department="fire", console_id=f"c{x}"),
        )
        for x in range(-50, 50)
    )
    draw(target, scene, SceneInput(people=people))
    visual = scene._layers._entries["people"].visual
    assert visual._signs._n <= 12 * 2 + 12 * 2 * 3


# -- tools --------------------------------------------------------------------------------------


@pytest.fixture
def tools(scene, target):
    draw(target, scene, SceneInput())
    return scene.tools


def click(scene, xyz):
    scene.tools.click(*scene.pixel_from_local(xyz))
    scene.update(SceneInput())


def drawn(tools, tool_id):
    return tools.finding(tool_id).drawn


def test_a_note_takes_one_click(scene, tools):
    tools.switch("mark_note", on=True)
    click(scene, (5.0, 30.0, 0.0))
    note = drawn(tools, "mark_note")
    assert note.kind == "note"
    assert note.points_m[0] == pytest.approx((5.0, 30.0, 0.0), abs=0.6)


def test_an_arrow_takes_two_clicks_and_each_arrow_is_another(scene, tools):
    tools.switch("mark_arrow", on=True)
    for x in (0.0, 20.0):
        assert drawn(tools, "mark_arrow") is None
        click(scene, (x, 30.0, 0.0))
    first = drawn(tools, "mark_arrow")
    assert len(first.points_m) == 2
    for x in (-20.0, 20.0):
        click(scene, (x, -30.0, 0.0))
    assert drawn(tools, "mark_arrow") is not first
    click(scene, (0.0, 30.0, 0.0))
    click(scene, (0.0, 30.0, 0.0))
    assert drawn(tools, "mark_arrow").points_m[0][1] == pytest.approx(-30.0, abs=0.6)


def test_a_sketch_is_a_drag(scene, tools):
    tools.switch("mark_sketch", on=True)
    controls = ToolControls(scene)
    begin = scene.pixel_from_local((-25.0, 30.0, 0.0))
    end = scene.pixel_from_local((25.0, 30.0, 0.0))
    before = scene.camera.pose
    controls.press("left", *begin)
    for share in np.linspace(0, 1, 20):
        x = begin[0] + share * (end[0] - begin[0])
        controls.move(x, begin[1] + share * (end[1] - begin[1]))
    controls.release()
    scene.update(SceneInput())
    line = drawn(tools, "mark_sketch")
    assert line.kind == "sketch"
    assert 2 <= len(line.points_m) <= 256
    assert line.points_m[0] == pytest.approx((-25.0, 30.0, 0.0), abs=0.6)
    assert line.points_m[-1] == pytest.approx((25.0, 30.0, 0.0), abs=0.6)
    assert scene.camera.pose == before
    controls.press("left", *begin)
    controls.release()
    scene.update(SceneInput())
    assert drawn(tools, "mark_sketch") is line, "a click alone is no line"


def test_an_area_ends_at_its_first_corner_or_with_a_double_click(scene, tools):
    tools.switch("mark_area", on=True)
    corners = [(-25.0, -30.0, 0.0), (25.0, -30.0, 0.0), (25.0, 30.0, 0.0)]
    for corner in (*corners, corners[0]):
        click(scene, corner)
    area = drawn(tools, "mark_area")
    assert (area.kind, len(area.points_m), area.purpose) == ("area", 3, "cordon")
    for corner in (*corners, (-25.0, 30.0, 0.0)):
        click(scene, corner)
    scene.tools.key("Backspace")
    scene.tools.double_click(*scene.pixel_from_local(corners[-1]))
    scene.update(SceneInput())
    assert drawn(tools, "mark_area") is not area
    assert len(drawn(tools, "mark_area").points_m) == 3
    click(scene, corners[0])
    click(scene, corners[1])
    scene.tools.key("Enter")
    scene.update(SceneInput())
    assert len(drawn(tools, "mark_area").points_m) == 3, "two corners are no area"


def test_a_circle_takes_middle_and_rim(scene, tools):
    import dataclasses

    state = dataclasses.replace(tools.state("mark_area"), outline="circle", purpose="staging")
    tools.set_state("mark_area", state)
    tools.switch("mark_area", on=True)
    scene.update(SceneInput())
    click(scene, (0.0, 30.0, 0.0))
    click(scene, (25.0, 30.0, 0.0))
    circle = drawn(tools, "mark_area")
    assert (circle.kind, circle.purpose, len(circle.points_m)) == ("circle", "staging", 1)
    assert circle.radius_m == pytest.approx(25.0, abs=1.0)


def test_the_sky_takes_no_point(scene, tools, target):
    scene.camera.look_from((0.0, -200.0, 20.0), (0.0, 0.0, 60.0))
    draw(target, scene, SceneInput())
    tools.switch("mark_note", on=True)
    scene.tools.click(200.0, 5.0)
    scene.update(SceneInput())
    assert drawn(tools, "mark_note") is None
