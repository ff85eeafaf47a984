"""Tools on nine boxes: what shaders show must agree with rays, and numbers with the boxes."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pytest

from scenes.scene_input import NothingSelected
from scenes.tool import ModeVisual, ToolType, tool_registry
from scenes.tool_box import _Tool
from scenes.tool_controls import ToolControls
from tests.scenes.live import LiveRoom
from tests.scenes.tool_rig import GIVEN, change, draw
from tests.twin.box_city import BOX_M, HEIGHT_M
from twin.analysis.sun import moment_of, place_of_city, sun_at
from twin.city.frames import Origin
from twin.commands.params import fields_of
from twin.theme import load_theme


def pixel(scene, xyz):
    x, y = scene.pixel_from_local(tuple(map(float, xyz)))
    return x, y


def colour(scene, picture, xyz):
    x, y = pixel(scene, xyz)
    return picture[round(y), round(x)]


def test_records_are_complete_and_their_states_make_forms():
    ids, keys = set(), set()
    for record in tool_registry():
        assert isinstance(record, ToolType)
        assert record.help
        assert record.key not in keys
        ids.add(record.id)
        keys.add(record.key)
        state = record.state()
        for field in fields_of(type(state)):
            assert field.kind in (bool, float, str) or field.default in field.choices
            assert field.help or field.kind is bool
    assert {"sun", "section", "measure", "viewshed", "sightline", "profile", "lasso"} <= ids


def test_every_tool_comes_and_goes_and_leaves_the_picture_as_it_was(scene, target, tools):
    before = draw(scene, target)
    for record in tools.records:
        tools.switch(record.id, on=True)
        draw(scene, target, frames=2)
        scene.set_theme(load_theme("light"))
        draw(scene, target, frames=2)
        tools.switch(record.id, on=False)
    assert np.array_equal(draw(scene, target), before)


def test_one_pointer_tool_at_a_time_and_modes_stay(tools):
    tools.switch("sun", on=True)
    tools.switch("measure", on=True)
    tools.switch("profile", on=True)
    assert tools.pointer.id == "profile"
    assert not tools.is_on("measure")
    assert tools.leave()
    assert tools.is_on("sun")
    assert not tools.leave()
    assert not tools.click(10, 10)


def test_a_tool_that_fails_is_put_away_and_the_city_stays(scene, target, tools, caplog):
    class Broken(ModeVisual):
        def build(self, bench):
            self.bench = bench

        def update(self, given, view, state):
            raise ArithmeticError("no sum")

        def dispose(self):
            self.bench = None

    record = ToolType(
        id="broken", title="Broken", help="x", icon="", kind="mode", state=object, visual=Broken
    )
    tools._tools["broken"] = _Tool(record, None)
    tools.switch("broken", on=True)
    scene.update(GIVEN)
    assert tools.failures == {"broken": "no sum"}
    assert not tools.is_on("broken")
    assert "broken failed" in caplog.text
    caplog.clear()
    target.render()


# -- sun ---------------------------------------------------------------------------------------


def sun_on(scene, target, tools, hour=17.0):
    tools.switch("sun", on=True)
    change(tools, "sun", day="2026-06-21", hour=hour)
    return draw(scene, target)


def test_shadows_lie_where_rays_to_the_sun_are_blocked(scene, target, tools):
    plain = draw(scene, target)
    lit = sun_on(scene, target, tools)
    place = place_of_city(scene._stage.asset.origin, np.zeros(3))
    ray = sun_at(moment_of(date(2026, 6, 21), 17.0, 2.0), place).direction(place.turn_rad)
    ground = scene._stage.ground_z_m
    chance = np.random.default_rng(3)
    agree = []
    for x, y in chance.uniform(-85, 85, (150, 2)):
        if np.all(np.abs((np.array([x, y]) + 30) % 60 - 30) < BOX_M / 2 + 1.5):
            continue  # on or at a box
        if scene.pick(*pixel(scene, (x, y, ground))).feature >= 0:
            continue  # behind a box
        starts = [(x + dx, y + dy, ground + 0.1) for dx in (-1, 1) for dy in (-1, 1)]
        hits = [scene._picker.pick_ray(np.array(start), ray) for start in starts]
        blocked = {hit is not None and hit.feature >= 0 for hit in hits}
        if len(blocked) > 1:
            continue  # at the edge of a shadow
        is_dark = (
            colour(scene, lit, (x, y, ground)).sum()
            < 0.85 * colour(scene, plain, (x, y, ground)).sum()
        )
        agree.append({bool(is_dark)} == blocked)
    assert len(agree) > 80
    assert all(agree)


def test_the_map_is_drawn_anew_only_when_it_must(scene, target, tools):
    sun_on(scene, target, tools)
    depth = tools._tools["sun"].visual._map
    drawn = depth.n_drawn
    assert drawn >= 2
    draw(scene, target, frames=4)
    assert depth.n_drawn == drawn
    change(tools, "sun", hour=12.0)
    draw(scene, target)
    assert depth.n_drawn == drawn + 2
    assert not scene.update(GIVEN)  # and then nobody renders


def test_the_night_has_no_shadows_and_is_dark(scene, target, tools):
    day = sun_on(scene, target, tools, hour=14.0)
    night = sun_on(scene, target, tools, hour=1.0)
    roof = (0.0, 0.0, HEIGHT_M)
    assert colour(scene, night, roof).sum() < 0.7 * colour(scene, day, roof).sum()
    rows = {row.name: row.value for row in tools.finding("sun").rows}
    assert float(rows["Sun's height"]) < 0
    assert "Shadow of 10 m" not in rows
    assert colour(scene, night, roof).mean() > 70  # and yet a house is no black hole


def test_the_sun_is_that_of_the_place_looked_at(scene, target, tools):
    """A scene may hold cities far apart: noon in one is evening in the other."""
    scene._stage.asset = dataclasses.replace(
        scene._stage.asset, origin=Origin(crs="EPSG:32631", east_m=490_000.0, north_m=6_195_000.0)
    )
    scene._rebuild()
    sun_on(scene, target, tools, hour=12.0)
    rows = {row.name: row.value for row in tools.finding("sun").rows}
    assert rows["Place"].startswith("55.9")
    focal = dataclasses.replace(scene.camera.pose, focal_m=(3_000_000.0, 0.0, 0.0))
    scene.camera.set_pose(focal)
    draw(scene, target)
    there = {row.name: row.value for row in tools.finding("sun").rows}
    assert there["Place"] != rows["Place"]
    assert abs(float(there["Sun's direction"]) - float(rows["Sun's direction"])) > 20.0


def test_a_day_is_played(scene, target, tools):
    sun_on(scene, target, tools, hour=8.0)
    change(tools, "sun", play=True)
    scene.update(GIVEN)
    later = dataclasses.replace(GIVEN, now_ns=GIVEN.now_ns + 6_000_000_000)
    draw(scene, target, later)
    rows = {row.name: row.value for row in tools.finding("sun").rows}
    assert rows["Time"].endswith("11:00")  # 6 of 48 s are 3 of 24 h


# -- section -------------------------------------------------------------------------------------


def test_a_level_section_takes_the_roofs_away_and_hatches_the_lines(scene, target, tools):
    tools.switch("section", on=True)
    change(tools, "section", cut="level", height_m=15.0)
    draw(scene, target)
    rows = {row.name: row.value for row in tools.finding("section").rows}
    assert rows["Area cut through"] == f"{9 * BOX_M**2:,.0f}"
    ground = scene._stage.ground_z_m
    x, y = pixel(scene, (0.0, 0.0, 0.0))
    assert scene.pick(x, y).xyz_local_m[2] == pytest.approx(ground, abs=0.01)  # through the box
    tools.switch("section", on=False)
    assert scene.pick(x, y).xyz_local_m[2] == pytest.approx(HEIGHT_M, abs=0.01)


def test_an_upright_section_takes_the_side_of_the_eye_away(scene, target, tools):
    scene.camera.fly_to((0.0, 0.0, 10.0), 260.0, azimuth_rad=0.0, elevation_rad=0.7, animated=False)
    whole = draw(scene, target)
    south, north = (0.0, -60.0 - BOX_M / 2, 15.0), (0.0, 60.0, HEIGHT_M)
    tools.switch("section", on=True)
    draw(scene, target)
    assert "begins" in tools.finding("section").hint
    tools.click(*pixel(scene, (-80.0, -30.0, 0.0)))
    draw(scene, target)
    assert "ends" in tools.finding("section").hint
    tools.click(*pixel(scene, (80.0, -30.0, 0.0)))
    cut = draw(scene, target)
    assert tools.finding("section").hint == ""
    assert np.abs(colour(scene, cut, south) - colour(scene, whole, south)).sum() > 60
    assert np.abs(colour(scene, cut, north) - colour(scene, whole, north)).sum() < 12


def test_a_clip_box_leaves_what_is_inside(scene, target, tools):
    tools.switch("section", on=True)
    change(tools, "section", cut="box", size_m=50.0, height_m=100.0)
    draw(scene, target)
    tools.click(*pixel(scene, (0.0, 0.0, HEIGHT_M)))
    draw(scene, target)
    hit = scene.pick(*pixel(scene, (0.0, 0.0, HEIGHT_M)))
    assert hit.feature == 4
    for x, y in ((60.0, 0.0), (-60.0, 60.0)):
        assert scene.pick(*pixel(scene, (x, y, HEIGHT_M))).feature < 0


# -- measuring -----------------------------------------------------------------------------------


def test_measuring_snaps_to_corners(scene, target, tools):
    tools.switch("measure", on=True)
    draw(scene, target)
    for corner in ((-10, -10), (10, -10), (10, 10)):
        x, y = pixel(scene, (*corner, HEIGHT_M))
        tools.click(x + (2 if corner[0] < 0 else -2), y - 2)
        draw(scene, target, frames=1)
    rows = {row.name: row for row in tools.finding("measure").rows}
    assert rows["Distance"].value == "20.00"
    assert rows["Length of path"].value == "40.00"
    assert rows["Angle at last corner"].value == "90.0"
    assert rows["Area on the map"].value == "200.0"
    assert tools.key("Backspace")
    draw(scene, target, frames=1)
    assert "Length of path" not in {row.name for row in tools.finding("measure").rows}
    tools.double_click(0, 0)
    draw(scene, target, frames=1)
    assert "something else" in tools.finding("measure").hint


def test_a_line_of_sight_names_what_stands_in_it(scene, target, tools):
    tools.switch("sightline", on=True)
    draw(scene, target)
    tools.click(*pixel(scene, (-60.0, 0.0, HEIGHT_M)))
    tools.click(*pixel(scene, (60.0, 0.0, HEIGHT_M)))
    draw(scene, target)
    rows = {row.name: row.value for row in tools.finding("sightline").rows}
    assert rows["Line of sight"] == "free"  # from roof to roof, 1.7 m above the edge
    tools.click(*pixel(scene, (-30.0, 0.0, 0.0)))
    tools.click(*pixel(scene, (30.0, 0.0, 0.0)))
    draw(scene, target)
    rows = {row.name: row.value for row in tools.finding("sightline").rows}
    assert rows["Line of sight"] == "blocked"
    assert rows["Blocked by"] == "Building"
    assert float(rows["Blocked after"]) == pytest.approx(20.0, abs=1.5)


def test_a_profile_goes_over_a_roof(scene, target, tools):
    tools.switch("profile", on=True)
    draw(scene, target)
    for x in (-30.0, 30.0):
        tools.click(*pixel(scene, (x, 0.0, scene._stage.ground_z_m)))
    tools.key("Enter")
    tools.mark(30.0)
    draw(scene, target)
    curve = tools.finding("profile").curve
    roof = np.abs(curve.heights_m["Surface"] - HEIGHT_M) < 0.01
    width = roof.mean() * curve.distance_m[-1]
    assert width == pytest.approx(BOX_M, abs=1.0)
    assert np.allclose(curve.heights_m["Ground"], scene._stage.ground_z_m, atol=0.01)


# -- viewshed ------------------------------------------------------------------------------------


def test_a_viewshed_agrees_with_rays(scene, target, tools):
    tools.switch("viewshed", on=True)
    draw(scene, target)
    assert "click" in tools.finding("viewshed").hint
    change(tools, "viewshed", height_m=2.0, range_m=200.0)
    tools.click(*pixel(scene, (-60.0, 0.0, HEIGHT_M)))  # an eye over the edge of a roof
    picture = draw(scene, target, frames=45)
    eye = np.array([-60.0, 0.0, HEIGHT_M + 2.0])
    agree = []
    for x in (-60.0, 0.0, 60.0):
        for y in (-60.0, 0.0, 60.0):
            for dx, dy in ((-6.0, 5.0), (6.0, -5.0), (3.0, 6.0)):
                point = np.array([x + dx, y + dy, HEIGHT_M])
                seen = scene._picker.sees(eye, point[None].astype(np.float32))[0]
                red, _, blue = colour(scene, picture, point)
                agree.append(bool(red > blue) == bool(seen))
    assert np.mean(agree) > 0.95
    rows = {row.name: row.value for row in tools.finding("viewshed").rows}
    roofs, error = (float(part.replace(",", "")) for part in rows["Roofs seen"].split(" ± "))
    assert abs(roofs - 9 * BOX_M**2) < 4 * error + 0.05 * 9 * BOX_M**2
    assert {words for words, _ in tools.finding("viewshed").legend} == {"seen", "hidden"}


# -- selecting -----------------------------------------------------------------------------------


def test_a_lasso_takes_what_is_inside(scene, target, tools):
    controls = ToolControls(scene)
    tools.switch("lasso", on=True)
    draw(scene, target)
    controls.press("left", *pixel(scene, (-90.0, -30.0, 15.0)))
    for xy in ((-90.0, 90.0), (30.0, 90.0), (30.0, -30.0)):
        assert controls.move(*pixel(scene, (*xy, 15.0)))
    draw(scene, target, frames=1)
    controls.release()
    draw(scene, target, frames=1)
    assert tools.finding("lasso").features == (3, 4, 6, 7)
    assert controls.is_dragging  # hover cards wait while a tool is in hand
    change(tools, "lasso", outline="box", add=True)
    draw(scene, target, frames=1)
    controls.press("left", *pixel(scene, (30.0, -90.0, 15.0)))
    controls.move(*pixel(scene, (90.0, -30.0, 15.0)))
    controls.release()
    assert tools.finding("lasso").features == (2, 3, 4, 6, 7)


def test_a_lasso_takes_the_equipment_inside_along(scene, target, tools):
    room = LiveRoom([(-60.0, 0.0, 20.0), (0.0, 60.0, 20.0), (80.0, -80.0, 20.0)])
    room.report([1.0, 2.0, 3.0])
    given = room.given()
    controls = ToolControls(scene)
    tools.switch("lasso", on=True)
    draw(scene, target, given)
    controls.press("left", *pixel(scene, (-90.0, -30.0, 15.0)))
    for xy in ((-90.0, 90.0), (30.0, 90.0), (30.0, -30.0)):
        controls.move(*pixel(scene, (*xy, 15.0)))
    controls.release()
    finding = tools.finding("lasso")
    assert finding.things == ("t0", "t1")
    assert ("Sensors and equipment", "2") in [(row.name, row.value) for row in finding.rows]
    plain = draw(scene, target, given)
    ringed = dataclasses.replace(given, selection=NothingSelected(things=finding.things))
    assert (draw(scene, target, ringed) != plain).any(axis=2).sum() > 40, "each has a ring"


def test_isolating_hides_the_others_or_makes_ghosts(scene, target, tools):
    whole = draw(scene, target)
    chosen = dataclasses.replace(GIVEN, selection=NothingSelected(features=(4,)))
    tools.switch("isolate", on=True)
    draw(scene, target)
    assert "Nothing is selected" in tools.finding("isolate").hint
    change(tools, "isolate", others="hidden")
    draw(scene, target, chosen)
    assert scene.pick(*pixel(scene, (60.0, 0.0, HEIGHT_M))).feature < 0
    assert scene.pick(*pixel(scene, (0.0, 0.0, HEIGHT_M))).feature == 4
    change(tools, "isolate", others="ghost")
    ghosts = draw(scene, target, chosen)
    x, y = (round(value) for value in pixel(scene, (60.0, 0.0, HEIGHT_M)))
    patch = np.s_[y - 4 : y + 4, x - 4 : x + 4]
    assert 0.5 < (np.abs(ghosts[patch] - whole[patch]).sum(axis=2) > 3).mean() <= 1.0
    tools.switch("isolate", on=False)
    assert scene.pick(*pixel(scene, (60.0, 0.0, HEIGHT_M))).feature == 5
