"""Style, fields, clusters, trails, flow, water, night, areas and points: told by their pixels."""

import dataclasses

import numpy as np
import pytest

from scenes.city_scene import CityScene
from scenes.clustering import LEAST
from scenes.flow_ribbons import FlowRibbons
from scenes.lamps import EVERY_M, HEIGHT_M, lamps_of
from scenes.layers.clusters import count_text
from scenes.layers.flow_lines import spacing_m
from scenes.layers.trails import TrailsState
from scenes.layers.units import CROWD
from scenes.offscreen import OffscreenWindow
from scenes.scene_input import SceneInput
from scenes.splat_picture import disc
from scenes.trail_memory import MOMENTS, TrailMemory
from tests.scenes.frames import count_near, draw, only
from tests.scenes.live import LiveRoom
from tests.twin.box_city import city_of_boxes
from twin.city.areas import circle_area
from twin.city.asset import StreetNetwork
from twin.city.style import CityStyle, ColourRule, Condition, HeightRule
from twin.clock import NS_PER_S
from twin.ramps import ramp_table
from twin.sense.live_join import LiveJoin, LiveJoins
from twin.sense.model import Announcement, Datastream, Unit
from twin.sense.units import UnitStore
from twin.theme import load_theme
from twin.tiles.partition import tiles_from_asset

RED = (255, 0, 0)
GRID = [(x, y, 0.0) for x in (-60.0, 0.0, 60.0) for y in (-60.0, 0.0, 60.0)]


@pytest.fixture
def numbered(target):
    """Nine boxes with their number as an attribute, seen from straight above."""
    city = city_of_boxes(attributes={"number": np.arange(9.0)})
    made = CityScene(target.renderer, theme=load_theme("light"))
    made.set_city(city, tiles_from_asset(city))
    look_down(made)
    yield made
    made.dispose()


def look_down(scene, distance_m=500.0, elevation_rad=1.55):
    scene.camera.fly_to(
        (0.0, 0.0, 0.0), distance_m, azimuth_rad=0.0, elevation_rad=elevation_rad, animated=False
    )


def pixel_at(scene, image, xyz):
    x, y = scene.pixel_from_local(xyz)
    return image[round(y), round(x)]


def plain(scene, *layers):
    only(scene, "ground", "buildings", "city_style", *layers)


def conditions(*pairs):
    made = tuple(Condition(expression=text, colour=colour) for text, colour in pairs)
    return ColourRule(how="conditions", conditions=made)


def reddish(pixel):
    return bool(pixel[0] > 120 and pixel[1] < 70 and pixel[2] < 70)


# -- the operator's style ------------------------------------------------------------------------


def test_a_condition_colours_its_buildings_and_going_back_is_plain(target, numbered):
    plain(numbered)
    before = draw(target, numbered, SceneInput())
    style = CityStyle(colour=conditions(("number = 4", "#FF0000")))
    image = draw(target, numbered, SceneInput(style=style))
    assert reddish(pixel_at(numbered, image, (0.0, 0.0, 30.0)))
    assert not reddish(pixel_at(numbered, image, (60.0, 0.0, 30.0)))
    assert numbered.legend.classes == (("number = 4", RED),)
    after = draw(target, numbered, SceneInput())
    assert np.array_equal(before, after)
    assert numbered.legend is None


def test_a_filter_takes_buildings_out_of_picture_and_picks(target, numbered):
    plain(numbered)
    before = draw(target, numbered, SceneInput())
    roof = numbered.pixel_from_local((0.0, 0.0, 30.0))
    assert numbered.pick(*roof).feature == 4
    image = draw(target, numbered, SceneInput(style=CityStyle(filter="number <> 4")))
    assert np.abs(image - before)[round(roof[1]), round(roof[0])].max() > 5
    assert numbered.pick(*roof).feature != 4
    outcome = numbered.style_outcome
    assert (outcome.n_shown, outcome.n_total, outcome.error) == (8, 9, "")


def test_hidden_by_the_filter_and_hidden_by_a_tool_add_up(target, numbered):
    plain(numbered)
    hidden = np.zeros(9, bool)
    hidden[0] = True
    numbered.set_hidden_features(hidden)
    draw(target, numbered, SceneInput(style=CityStyle(filter="number <> 4")))
    assert np.flatnonzero(numbered._stage.style.hidden).tolist() == [0, 4]
    draw(target, numbered, SceneInput())
    assert np.flatnonzero(numbered._stage.style.hidden).tolist() == [0]


def test_a_wrong_style_says_so_and_leaves_the_city_whole(target, numbered):
    plain(numbered)
    draw(target, numbered, SceneInput(style=CityStyle(filter="nmuber > 4")))
    assert "did you mean “number”" in numbered.style_outcome.error
    assert not numbered._stage.style.hidden.any()
    assert numbered.failures == {}


def test_height_by_value_lets_buildings_grow(target, numbered):
    only(numbered, "buildings", "city_style")
    look_down(numbered, 500.0, 0.1)
    before = draw(target, numbered, SceneInput())
    style = CityStyle(height=HeightRule(column="number", factor=20.0))
    image = draw(target, numbered, SceneInput(style=style))
    # Box 8, 160 m high now, stands where there was sky.
    x, y = numbered.pixel_from_local((60.0, 60.0, 120.0))
    assert np.abs(image - before)[round(y), round(x)].max() > 20
    assert np.array_equal(draw(target, numbered, SceneInput()), before)


def test_a_live_value_colours_and_filters_and_follows_the_sensors(target, numbered):
    plain(numbered)
    room = LiveRoom([GRID[4], (60.0, 60.0, 0.0)])
    room.report([80.0, 20.0])
    style = CityStyle(filter="noise > 50")
    given = dataclasses.replace(room.given(), style=style)
    draw(target, numbered, given)
    assert not numbered._stage.style.hidden[4]
    assert numbered._stage.style.hidden[8]
    room.clock.advance_s(1.0)
    room.report([20.0, 80.0])
    draw(target, numbered, dataclasses.replace(room.given(), style=style))
    assert numbered._stage.style.hidden[4]
    assert not numbered._stage.style.hidden[8]


def test_colour_by_goes_before_the_style_and_gives_way_again(target, numbered):
    plain(numbered)
    style = CityStyle(colour=conditions(("number >= 0", "#FF0000")))
    by_number = draw(target, numbered, SceneInput(style=style, colour_by="number"))
    assert not reddish(pixel_at(numbered, by_number, (0.0, 0.0, 30.0)))
    again = draw(target, numbered, SceneInput(style=style))
    assert reddish(pixel_at(numbered, again, (0.0, 0.0, 30.0)))


def test_a_style_at_rest_draws_nothing(target, numbered):
    plain(numbered)
    given = SceneInput(style=CityStyle(filter="number > 3", colour=ColourRule(column="number")))
    draw(target, numbered, given)
    assert not numbered.update(given)


# -- heat map ------------------------------------------------------------------------------------


def test_the_field_colours_roofs_and_ground_within_reach_and_nothing_beyond(target, scene):
    room = LiveRoom([(-30.0, 0.0, 0.0), (30.0, 0.0, 0.0), (0.0, 40.0, 0.0)])
    room.report([100.0, 100.0, 100.0])
    plain(scene, "heat_map")
    state = dataclasses.replace(scene.layer_state("heat_map"), reach_m=70.0, strength=1.0)
    scene.set_layer_state("heat_map", state)
    image = draw(target, scene, room.given())
    top = ramp_table("viridis")[255].astype(int)
    for xyz in ((0.0, 0.0, 30.0), (15.0, 25.0, 0.0)):  # a roof, the ground between
        shown = pixel_at(scene, image, xyz)
        assert shown[2] < 0.5 * shown[1], shown  # viridis ends in yellow
        assert np.abs(shown / shown.max() - top / top.max()).max() < 0.2
    far = pixel_at(scene, image, (-150.0, -100.0, 0.0))
    assert int(far.max() - far.min()) < 25
    legend = scene._stage.legends["field"]
    assert legend.note == "inverse distance, 70 m around 3 sensors"
    scene.set_layer_visible("heat_map", False)
    after = draw(target, scene, room.given())
    assert "field" not in scene._stage.legends
    only(scene, "ground", "buildings", "city_style")
    assert np.array_equal(after, draw(target, scene, room.given()))


def test_the_field_follows_new_values_but_not_every_frame(target, scene):
    room = LiveRoom(GRID)
    room.report([0.0] * 9)
    plain(scene, "heat_map")
    scene.set_layer_state(
        "heat_map", dataclasses.replace(scene.layer_state("heat_map"), support=False)
    )
    low = pixel_at(scene, draw(target, scene, room.given()), (0.0, 0.0, 30.0))
    assert not scene.update(room.given())
    room.clock.advance_s(0.5)
    room.report([100.0] * 9)
    scene.update(room.given())
    room.clock.advance_s(3.0)
    high = pixel_at(scene, draw(target, scene, room.given()), (0.0, 0.0, 30.0))
    assert np.abs(high - low).max() > 60


def test_a_silent_property_has_no_field(target, scene):
    plain(scene, "heat_map")
    draw(target, scene, SceneInput())
    assert "field" not in scene._stage.legends


# -- clusters ------------------------------------------------------------------------------------


def crowd_room():
    rng = np.random.default_rng(4)
    places = [(*xy, 0.0) for xy in rng.uniform(-8.0, 8.0, (30, 2)).tolist()]
    room = LiveRoom([*places, (150.0, 0.0, 0.0)])
    room.report([50.0] * 31)
    return room


def test_a_crowd_becomes_one_badge_and_what_needs_a_look_stays(target, scene):
    room = crowd_room()
    only(scene, "ground", "sensors", "clusters")
    draw(target, scene, room.given())
    symbols = scene._stage.symbols
    assert len(symbols.stood_for) == 30
    assert not set(symbols.ids("sensors")) & symbols.stood_for
    assert "t30" not in symbols.stood_for
    draw(target, scene, room.given(alarms={"t3": "critical"}))
    assert "t3" not in symbols.stood_for
    assert "t3" in symbols.ids("sensors")
    scene.set_layer_visible("clusters", False)
    draw(target, scene, room.given())
    assert symbols.stood_for == frozenset()


def test_a_badge_is_picked_and_tells_what_it_stands_for(target, scene):
    room = crowd_room()
    only(scene, "ground", "sensors", "clusters")
    draw(target, scene, room.given())
    (middle,) = scene._stage.symbols._badges.middles_local_m
    pick = scene.pick(*scene.pixel_from_local(tuple(middle.tolist())))
    assert (pick.n_stood_for, pick.thing_id, pick.is_ground) == (30, "", False)
    assert 7.0 < pick.spread_m < 14.0
    x, y = scene.pixel_from_local(tuple(middle.tolist()))
    assert scene.pick(x + 40.0, y).n_stood_for == 0


def test_a_cluster_stays_together_while_the_camera_pans(target, scene):
    room = crowd_room()
    only(scene, "clusters")
    sizes = []
    for x in (0.0, 13.0, 29.0, 41.0):
        scene.camera.fly_to(
            (x, 0.0, 0.0), 500.0, azimuth_rad=0.0, elevation_rad=1.55, animated=False
        )
        draw(target, scene, room.given())
        sizes.append(len(scene._stage.symbols.stood_for))
    assert len(set(sizes)) == 1
    assert sizes[0] >= LEAST


def test_numbers_on_badges_are_short():
    assert [count_text(n) for n in (4, 999, 1000, 1249, 34000)] == [
        "4", "999", "1.0k", "1.2k", "34k"
    ]  # fmt: skip


# -- trails and flow -----------------------------------------------------------------------------


def test_a_trail_remembers_so_many_seconds_and_forgets_jumps_of_time():
    memory = TrailMemory(length_s=32.0)
    step = int(32.0 * NS_PER_S / MOMENTS)
    for k in range(100):
        moved = memory.take(k * step, np.array([[2.0 * k, 0.0, 0.0]], np.float32))
        assert moved
        assert not memory.take(k * step + 1, np.zeros((1, 3), np.float32))
    ends, ages, units = memory.segments(np.array([0]))
    assert len(ends) == MOMENTS - 1
    assert set(units.tolist()) == {0}
    assert ends[0, 0, 0] == 198.0
    assert ages.min() == 0.0
    assert ages.max() < 1.0
    memory.take(0, np.zeros((1, 3), np.float32))
    assert memory.size == 1


def test_a_unit_that_drives_leaves_a_trail_that_fades(target, scene):
    room = LiveRoom([], units=[(0.0, -100.0, 0.0)])
    only(scene, "trails")
    scene.set_layer_state("trails", TrailsState(length_s=30.0))
    image = background = None
    for k in range(40):
        room._unit_places = np.array([[0.0, -100.0 + 5.0 * k, 0.0]], np.float32)
        room.report([])
        room.clock.advance_s(0.5)
        image = draw(target, scene, room.given())
        background = image if background is None else background
    changed = np.abs(image - background).max(axis=2)
    assert (changed > 40).sum() > 20
    newest = changed[:140].max()
    assert newest > 60


def flow_room(speed, flow):
    room = LiveRoom(
        [(-100.0, 30.0, 0.0)], kind="road_segment", name="traffic_speed", path=(100.0, 30.0, 0.0)
    )
    second = Datastream(
        index=1, id="t0/traffic_flow", thing_id="t0", observed_property="traffic_flow",
        unit="veh/h", min=0.0, max=1800.0, interval_s=1.0,
    )  # fmt: skip
    room.store.announce(
        Announcement(
            source="s", epoch="1", things=tuple(room.store.things.values()),
            datastreams=(room.store.datastreams[0], second),
        )
    )  # fmt: skip
    room.report([speed, flow])
    return room


def test_dashes_run_along_a_street_with_traffic_and_not_along_an_empty_one(target, scene):
    only(scene, "ground", "flow_lines")
    room = flow_room(40.0, 0.0)
    empty = draw(target, scene, room.given())
    room.clock.advance_s(1.0)
    room.report([36.0, 1200.0])
    first = draw(target, scene, room.given())
    assert (np.abs(first - empty).max(axis=2) > 25).sum() > 30
    room.clock.advance_s(0.5)
    assert scene.update(room.given())
    target.render()
    second = target.pixels().astype(int)
    assert (np.abs(second - first).max(axis=2) > 25).sum() > 20


def test_a_dash_stands_for_a_vehicle():
    speed, flow = np.array([36.0, 36.0, np.nan]), np.array([1200.0, 120.0, 100.0])
    assert spacing_m(speed, flow)[:2].tolist() == [60.0, 500.0]
    assert np.isfinite(spacing_m(speed, flow)).all()


def test_both_ways_of_a_street_are_cut_into_short_pieces(target):
    ribbons = FlowRibbons(target.renderer)
    path = np.array([[0, 0, 0], [60, 0, 0], [60, 30, 0]], np.float32)
    ribbons.set_paths([path])
    length = np.linalg.norm(np.diff(ribbons.ends_local_m, axis=1)[:, 0], axis=1)
    assert length.max() <= 25.0
    assert length.sum() == pytest.approx(180.0)
    ribbons.dispose()


# -- water, night, areas -------------------------------------------------------------------------


def test_water_rises_over_the_feet_of_the_buildings_and_counts_them(target, scene):
    plain(scene, "water_surface")
    state = scene.layer_state("water_surface")
    scene.set_layer_state("water_surface", dataclasses.replace(state, rise_m=-1.0))
    dry = draw(target, scene, SceneInput())
    assert "0 buildings" in scene._stage.legends["water"].classes[1][0]
    scene.set_layer_state("water_surface", dataclasses.replace(state, rise_m=6.0))
    wet = draw(target, scene, SceneInput())
    assert "9 buildings" in scene._stage.legends["water"].classes[1][0]
    for xyz in ((30.0, 30.0, 0.0), (0.0, 0.0, 30.0)):  # ground, roof of a flooded building
        was, now = pixel_at(scene, dry, xyz), pixel_at(scene, wet, xyz)
        assert now[2] - now[0] > was[2] - was[0] + 8
    assert not scene.update(SceneInput())


def test_river_gauges_set_the_level(target, scene):
    room = LiveRoom([(0.0, 0.0, 0.0)], kind="river_gauge", name="water_level")
    room.report([4.0])
    plain(scene, "water_surface")
    state = dataclasses.replace(
        scene.layer_state("water_surface"), level_from="river gauges", normal_m=1.0
    )
    scene.set_layer_state("water_surface", state)
    draw(target, scene, room.given())
    legend = scene._stage.legends["water"]
    assert legend.title == "Water +3.00 m"
    assert legend.note.startswith("median of 1 river gauge;")


@pytest.mark.parametrize(("theme", "is_lit"), [("dark", True), ("light", False)])
def test_windows_are_lit_at_night_only(target, boxes, theme, is_lit):
    scene = CityScene(target.renderer, theme=load_theme(theme))
    scene.set_city(boxes, tiles_from_asset(boxes))
    look_down(scene, 160.0, 0.25)
    plain(scene)
    before = draw(target, scene, SceneInput())
    scene.set_layer_visible("night_lights", True)
    state = dataclasses.replace(scene.layer_state("night_lights"), windows=0.5)
    scene.set_layer_state("night_lights", state)
    after = draw(target, scene, SceneInput())
    assert bool(((after - before)[:, :, 0] > 60).sum() > 200) == is_lit
    scene.dispose()


def test_lamps_stand_along_both_sides_of_the_streets():
    streets = StreetNetwork(
        nodes_local_m=np.array([[0, 0, 0], [320, 0, 2]], np.float32),
        edges=np.array([[0, 1]], np.int32),
        names=("A",),
        widths_m=np.array([10.0], np.float32),
        speeds_mps=np.array([13.9], np.float32),
    )
    lamps = lamps_of(streets)
    assert len(lamps) == int(320 / EVERY_M)
    assert set(np.round(lamps[:, 1], 3).tolist()) == {4.5, -4.5}
    assert lamps[:, 2].min() > HEIGHT_M
    assert len(lamps_of(None)) == 0


def test_a_street_is_named_on_its_longest_piece_when_it_is_near_and_seen(target):
    streets = StreetNetwork(
        nodes_local_m=np.array(
            [[-90, 30, 0], [-60, 30, 0], [90, 30, 0], [-10, 0, 0], [10, 0, 0]], np.float32
        ),
        edges=np.array([[0, 1], [1, 2], [3, 4]], np.int32),
        names=("Long Street", "Long Street", ""),
        widths_m=np.full(3, 8.0, np.float32),
        speeds_mps=np.full(3, 13.9, np.float32),
    )
    city = dataclasses.replace(city_of_boxes(), streets=streets)
    scene = CityScene(target.renderer, theme=load_theme("light"))
    scene.set_city(city, tiles_from_asset(city))
    only(scene, "buildings", "labels")
    look_down(scene, 150.0)
    draw(target, scene, SceneInput())
    names = scene._layers._entries["labels"].visual._streets
    assert names.names == ["Long Street"]
    ((name, at, _per_px),) = names.near(scene._view())
    assert (name, at[:2]) == ("Long Street", (15.0, 30.0))
    boxes = scene._layers._entries["labels"].visual.boxes
    x, y = scene.pixel_from_local(at)
    assert [left < x < right and top < y < bottom for left, top, right, bottom in boxes] == [True]
    look_down(scene, 5000.0)
    draw(target, scene, SceneInput())
    assert scene._layers._entries["labels"].visual.boxes == []
    scene.dispose()


def test_an_area_is_hatched_and_bordered_on_ground_and_roofs(target, scene):
    plain(scene, "areas")
    before = draw(target, scene, SceneInput())
    cordon = circle_area("a", "Cordon", (0.0, 0.0), 60.0, "#FF0000")
    given = SceneInput(areas=(cordon,))
    image = draw(target, scene, given)
    for xyz in ((-7.0, -7.0, 30.0), (30.0, 0.0, 0.0)):  # a roof beside the name, the ground
        more = pixel_at(scene, image, xyz) - pixel_at(scene, before, xyz)
        assert more[0] - more[2] > 20
    assert np.array_equal(
        pixel_at(scene, image, (100.0, 70.0, 0.0)), pixel_at(scene, before, (100.0, 70.0, 0.0))
    )
    look_down(scene, 150.0)
    image = draw(target, scene, given)
    edge = [pixel_at(scene, image, (59.7 * np.cos(a), 59.7 * np.sin(a), 0.0)) for a in (0.5, 0.6)]
    assert all(pixel[0] - pixel[2] > 120 for pixel in edge)
    assert not scene.update(given)
    look_down(scene)
    assert np.array_equal(draw(target, scene, SceneInput()), before)


# -- many symbols --------------------------------------------------------------------------------


def test_every_sensor_is_a_point_in_the_colour_of_its_value(target, scene):
    rng = np.random.default_rng(2)
    room = LiveRoom([(*xy, 0.0) for xy in rng.uniform(-120, 120, (400, 2)).tolist()])
    room.report([100.0] * 400)
    only(scene, "sensor_points")
    image = draw(target, scene, room.given())
    top, bottom = ramp_table("viridis")[255], ramp_table("viridis")[0]
    assert count_near(image, top, 12) > 1500
    room.clock.advance_s(0.3)
    room.report([0.0] * 400)
    image = draw(target, scene, room.given())
    assert count_near(image, top, 12) == 0
    assert count_near(image, bottom, 12) > 1500
    assert not scene.update(room.given())


def test_a_crowd_of_far_units_is_dots_that_can_be_picked():
    target = OffscreenWindow(400, 300)
    city = city_of_boxes()
    scene = CityScene(target.renderer, theme=load_theme("light"))
    scene.set_city(city, tiles_from_asset(city))
    look_down(scene, 4000.0)
    rng = np.random.default_rng(3)
    n = CROWD + 400
    places = np.column_stack([rng.uniform(-500, 500, n), rng.uniform(-400, 400, n), np.zeros(n)])
    room = LiveRoom([])
    room.units = UnitStore(capacity=n, history=8, clock=room.clock)
    units = tuple(Unit(index=i, id=f"u{i}", name=f"U{i}", kind="taxi") for i in range(n))
    room.units.announce(Announcement(source="s", epoch="1", units=units))
    room._unit_places = places.astype(np.float32)
    room.report([])
    only(scene, "units")
    draw(target, scene, room.given())
    visual = scene._layers._entries["units"].visual
    assert visual._arrows._n == 0
    assert visual._dots._n == n
    x, y = scene.pixel_from_local(tuple(places[7] + [0.0, 0.0, 4.0]))
    assert scene.pick(x, y).unit_id.startswith("u")
    scene.dispose()
    target.close()


def test_discs_are_round_and_as_wide_as_asked():
    assert disc(1.0) == [(0, 0)]
    assert len(disc(2.0)) == 4
    for size in (3, 4, 5, 6, 9):
        xs = [dx for dx, _ in disc(size)]
        assert max(xs) - min(xs) + 1 == size
        assert 0.6 * size**2 < len(disc(size)) <= size**2


# -- live joins ------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_style", [False, True])
def test_a_joined_value_colours_its_building_alone(target, numbered, by_style):
    """An ordinary sensor speaks for what stands around it; a joined one for its feature."""
    plain(numbered)
    room = LiveRoom([(0.0, 0.0, 0.0)])
    room.report([90.0])
    rule = ColourRule(how="ramp", column="noise", ramp="viridis")
    style = CityStyle(colour=rule) if by_style else CityStyle()

    def picture():
        given = room.given("" if by_style else "noise")
        return draw(target, numbered, dataclasses.replace(given, style=style))

    roofs = [(0.0, 0.0, 30.0), (60.0, 0.0, 30.0), (-60.0, 60.0, 30.0)]
    spread = [pixel_at(numbered, image, xyz) for image in [picture()] for xyz in roofs]
    assert np.abs(spread[0] - spread[1]).max() < 8  # the nearest sensor speaks for all
    joins = LiveJoins(
        (LiveJoin(topic="s", key="name", attribute="number"),),
        lambda _attribute, names, _source: dict.fromkeys(names, "box-7"),
    )
    room.store.set_joins(joins)
    joins.resolve()
    room.store.set_joins(joins)
    image = picture()
    middle, joined = (
        pixel_at(numbered, image, xyz) for xyz in ((0.0, 0.0, 30.0), (0.0, 60.0, 30.0))
    )
    assert np.abs(joined - spread[0]).max() < 8
    assert np.abs(middle - spread[0]).max() > 30
