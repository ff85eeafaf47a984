"""Sensors, labels, units, closures and the legend, fed from real stores."""

import numpy as np
import pytest

from scenes.detail import Detail, chosen, crowds, details_of
from scenes.label_layout import Line, TextCache, place_labels
from scenes.layer import layer_registry
from scenes.layers.closures import middle_of, striped
from scenes.layers.units import screen_heading
from scenes.scene_input import NothingSelected, SceneInput
from scenes.symbol_art import FAMILIES, FAMILY_OF_KIND
from scenes.view import View
from tests.scenes.frames import count_near, draw, only
from tests.scenes.live import LiveRoom
from twin.clock import NS_PER_S
from twin.ramps import ramp_table
from twin.sense.trust import SourceWatch
from twin.theme import load_theme, rgb_from_hex

GRID = [(x, y, 0.0) for x in (-60.0, 0.0, 60.0) for y in (-60.0, 0.0, 60.0)]


def priority_rgb(name):
    return np.array(rgb_from_hex(load_theme("light").priority[name])) * 255


def test_every_layer_state_has_defaults_and_a_title():
    records = list(layer_registry())
    assert {"buildings", "ground", "sensors", "labels", "units"} <= {r.id for r in records}
    for record in records:
        assert record.state() == record.state()
        assert record.title


def test_every_kind_of_thing_has_a_symbol():
    assert set(FAMILY_OF_KIND.values()) <= set(FAMILIES)


def test_a_sensor_is_drawn_and_picked_above_its_place(target, scene):
    room = LiveRoom([(30.0, 30.0, 0.0)])
    room.report([50.0])
    without = draw(target, scene, SceneInput())
    image = draw(target, scene, room.given())
    assert np.abs(image - without).max() > 100
    top = scene._layers._entries["sensors"].visual._places.tops_local_m[0]
    hit = scene.pick(*scene.pixel_from_local(tuple(top)))
    assert (hit.thing_id, hit.feature) == ("t0", -1)


def test_an_alarm_puts_a_ring_of_its_priority_around_the_symbol(target, scene):
    room = LiveRoom([(30.0, 30.0, 0.0)])
    room.report([50.0])
    only(scene, "ground", "sensors")
    red = priority_rgb("critical")
    assert count_near(draw(target, scene, room.given()), red) == 0
    assert count_near(draw(target, scene, room.given(alarms={"t0": "critical"})), red) > 20


def test_a_stale_sensor_turns_hollow_and_is_marked(target, scene):
    room = LiveRoom([(30.0, 30.0, 0.0)])
    room.report([50.0])
    only(scene, "sensors")
    scene.camera.fly_to((30.0, 30.0, 0.0), 90.0, animated=False)
    without = draw(target, scene, SceneInput())
    fresh = draw(target, scene, room.given())
    room.clock.advance_s(600.0)
    stale = draw(target, scene, room.given())
    x, y = scene.pixel_from_local(
        tuple(scene._layers._entries["sensors"].visual._places.tops_local_m[0])
    )
    inside = (round(y) - 5, round(x))  # on the plate, above the glyph
    panel = np.array(rgb_from_hex(load_theme("light").ui["panel"])) * 255
    assert np.allclose(fresh[inside], panel, atol=4)
    assert np.allclose(stale[inside], without[inside], atol=4)
    mark = priority_rgb("high")
    assert (count_near(fresh, mark), count_near(stale, mark) > 10) == (0, True)


def test_what_must_not_be_trusted_is_hatched_and_keeps_its_plate(target, scene):
    room = LiveRoom([(30.0, 30.0, 0.0)])
    room.report([50.0])
    only(scene, "sensors")
    scene.camera.fly_to((30.0, 30.0, 0.0), 90.0, animated=False)
    fresh = draw(target, scene, room.given())
    watch = SourceWatch(room.store)
    for step in range(12):
        room.clock.advance_s(1.0)
        now_ns, value = room.clock.now_ns(), np.array([50.0 + step])
        ahead_ns = np.array([now_ns + 120 * NS_PER_S])
        room.store.add(np.array([0]), ahead_ns, value, np.zeros(1, np.uint8), now_ns)
        watch.look(now_ns)
    doubted = draw(target, scene, room.given())
    x, y = scene.pixel_from_local(
        tuple(scene._layers._entries["sensors"].visual._places.tops_local_m[0])
    )
    column, row = round(x), round(y)
    crop = slice(row - 7, row + 8), slice(column - 7, column + 8)
    panel = np.array(rgb_from_hex(load_theme("light").ui["panel"])) * 255
    is_plate = (np.abs(doubted[crop].astype(float) - panel) < 12).all(axis=2)
    is_dark = doubted[crop].astype(float).sum(axis=2) < 330
    assert is_plate.sum() > 30, "the plate shows between the bands"
    assert is_dark.sum() > 30, "bands"
    assert (doubted[crop] != fresh[crop]).any()
    assert count_near(doubted, priority_rgb("medium")) > 10


def test_what_is_fine_is_a_dot_from_afar_and_what_is_odd_never(target, scene):
    """Far away only the suspect, the alarmed, the selected and the commanded are whole symbols."""
    places = [(x, 60.0, 0.0) for x in (-400.0, -200.0, 0.0, 200.0, 400.0)]
    room = LiveRoom(places)
    room.report([50.0, 5000.0, 50.0, 50.0, 50.0])
    scene.camera.fly_to((0.0, 0.0, 0.0), 2500.0, animated=False)
    shown = scene._stage.symbols._sets
    draw(target, scene, room.given())
    assert shown["sensors"].ids == ["t1"]
    assert sorted(shown["sensor dots"].ids) == ["t0", "t2", "t3", "t4"]
    selection = NothingSelected(thing_id="t0")
    alarms = {"t2": "low"}
    draw(target, scene, room.given(selection=selection, alarms=alarms, targets=frozenset({"t3"})))
    assert sorted(shown["sensors"].ids) == ["t0", "t1", "t2", "t3"]


def test_icons_need_room():
    """Symbols that crowd a cell of the screen are dots, however near they are."""
    few = np.array([[40.0, 40.0, 100.0], [60.0, 60.0, 100.0]])
    many = np.concatenate([few, few + 5.0, few + 10.0])
    view = View(
        matrix=np.eye(4),
        position_m=np.zeros(3),
        forward=np.array([0.0, 1.0, 0.0]),
        size_px=(800, 600),
        pixel_ratio=1.0,
        view_angle_rad=0.7,
    )
    assert set(details_of(view, few, np.ones(2, bool))) == {Detail.NEAR}
    assert set(details_of(view, many, np.ones(6, bool))) == {Detail.MIDDLE}
    assert set(details_of(view, few * [1, 1, 50], np.ones(2, bool))) == {Detail.FAR}
    assert crowds(many, np.array([True] * 5 + [False]), 88.0).tolist() == [5, 5, 5, 5, 5, 0]


def test_symbols_never_share_a_cell_and_alarms_win():
    pixels = np.array([[10.0, 10.0, 5.0], [12.0, 12.0, 3.0], [200.0, 10.0, 9.0]])
    inside = np.array([True, True, True])
    assert chosen(pixels, inside, np.zeros(3), 30.0).tolist() == [False, True, True]
    assert chosen(pixels, inside, np.array([1.0, 0, 0]), 30.0).tolist() == [True, False, True]


def test_buildings_take_the_colour_of_the_nearest_sensor(target, scene):
    room = LiveRoom(GRID, name="noise")
    values = [0.0] * 4 + [100.0] + [0.0] * 4
    room.report(values)
    only(scene, "buildings")
    draw(target, scene, room.given(colour_by="noise"))
    style = scene._stage.style
    table = ramp_table("cividis")
    assert style.colour_of(4) == (*table[255].tolist(), 255)
    assert style.colour_of(0) == (*table[0].tolist(), 255)
    assert scene.legend.title == "Noise"
    assert (scene.legend.vmin, scene.legend.vmax, scene.legend.unit) == (0.0, 100.0, "dB(A)")


def test_colours_turn_to_hatching_when_the_sensor_falls_silent(target, scene):
    room = LiveRoom(GRID)
    room.report([50.0] * 9)
    draw(target, scene, room.given(colour_by="noise"))
    assert scene._stage.style.colour_of(4)[3] == 255
    room.clock.advance_s(600.0)
    draw(target, scene, room.given(colour_by="noise"))
    assert scene._stage.style.colour_of(4)[3] == 128


def test_a_sensor_out_of_reach_means_no_data(target, scene):
    room = LiveRoom([(5000.0, 0.0, 0.0)])
    room.report([50.0])
    draw(target, scene, room.given(colour_by="noise"))
    no_data = np.round(np.array(rgb_from_hex(load_theme("light").scene["no_data"])) * 255)
    assert scene._stage.style.colour_of(4)[:3] == tuple(no_data.astype(int).tolist())


def test_the_legend_shows_the_ramp_and_goes_away(target, scene):
    room = LiveRoom(GRID)
    room.report([50.0] * 9)
    only(scene, "buildings", "ground", "legend")
    corner = (slice(170, 300), slice(160, 400))
    plain = draw(target, scene, room.given())[corner]
    image = draw(target, scene, room.given(colour_by="noise"))[corner]
    high = ramp_table("cividis")[253]
    assert count_near(image, high, 14) > 15
    assert count_near(plain, high, 14) == 0
    draw(target, scene, room.given())
    assert scene.legend is None


def test_labels_do_not_overlap_each_other(target, scene):
    rng = np.random.default_rng(4)
    room = LiveRoom([(x, y, 0.0) for x, y in rng.uniform(-90, 90, (400, 2))])
    room.report(rng.uniform(0, 100, 400))
    alarms = {f"t{i}": "high" for i in range(300)}
    draw(target, scene, room.given(alarms=alarms))
    boxes = np.array(scene._layers._entries["labels"].visual.boxes)
    assert len(boxes) > 5
    left, top, right, bottom = boxes.T
    apart_x = (left[:, None] >= right) | (left >= right[:, None])
    apart_y = (top[:, None] >= bottom) | (top >= bottom[:, None])
    overlapping = ~(apart_x | apart_y)
    np.fill_diagonal(overlapping, val=False)
    assert not overlapping.any()


def test_a_selected_thing_is_labelled_before_all_others(target, scene):
    places = [(0.0, 0.0, 0.0)] * 20
    room = LiveRoom(places)
    room.report([50.0] * 20)
    given = room.given(selection=NothingSelected(thing_id="t13"))
    draw(target, scene, given)
    visual = scene._layers._entries["labels"].visual
    texts = [[line.text for line in key[0]] for key in visual._texts._blocks]
    assert texts[0] == ["Station 13", "50 dB(A)"]


def test_no_label_covers_the_selected_symbol(scene):
    cache = TextCache(scene._stage.atlas, (0, 0, 0), (0.5, 0.5, 0.5), (1, 1, 1))
    blocks = [cache.block((Line("A rather long name"),)) for _ in range(2)]
    pixels = np.array([[60.0, 100.0, 5.0], [60.0, 200.0, 5.0]])
    selected = np.array([[100.0, 100.0]])
    kept = place_labels(
        pixels, blocks, [(0.0, 0.0)] * 2, scene._view(), 10, np.zeros((0, 2)), kept_free_px=selected
    )
    assert [row for row, _ in kept] == [1]
    corner = (0, 150, 200, 300)
    kept = place_labels(
        pixels, blocks, [(0.0, 0.0)] * 2, scene._view(), 10, np.zeros((0, 2)), reserved=[corner]
    )
    assert [row for row, _ in kept] == [0]


def test_a_selected_building_is_called_by_its_name_or_its_kind(target, scene):
    draw(target, scene, SceneInput(selection=NothingSelected(feature=4)))
    texts = [
        [line.text for line in key[0]]
        for key in scene._layers._entries["labels"].visual._texts._blocks
    ]
    assert texts == [["Building"]]


def test_labels_outside_the_screen_are_left_out(scene):
    cache = TextCache(scene._stage.atlas, (0, 0, 0), (0.5, 0.5, 0.5), (1, 1, 1))
    blocks = [cache.block((Line(name), Line("1 m"))) for name in ("Inside", "Beyond", "Behind")]
    pixels = np.array([[100.0, 100.0, 5.0], [395.0, 100.0, 5.0], [200.0, 200.0, -5.0]])
    kept = place_labels(pixels, blocks, [(0.0, 0.0)] * 3, scene._view(), 10, np.zeros((0, 2)))
    assert [row for row, _ in kept] == [0]


def test_a_label_that_is_nowhere_is_left_out(scene):
    cache = TextCache(scene._stage.atlas, (0, 0, 0), (0.5, 0.5, 0.5), (1, 1, 1))
    blocks = [cache.block((Line(name),)) for name in ("Nowhere", "Here")]
    pixels = np.array([[np.nan, np.nan, 10.0], [100.0, 100.0, 10.0]])
    kept = place_labels(pixels, blocks, [(0.0, 0.0)] * 2, scene._view(), 10, np.zeros((0, 2)))
    assert [row for row, _ in kept] == [1]


def test_units_are_drawn_where_they_are_and_picked(target, scene):
    room = LiveRoom([], units=[(30.0, 30.0, 0.0)])
    for _ in range(4):
        room.report([])
        room.clock.advance_s(1.0)
    only(scene, "ground", "units")
    given = room.given()
    draw(target, scene, given)
    hit = scene.pick(*scene.pixel_from_local((30.0, 30.0, 4.0)))
    assert hit.unit_id == "u0"
    assert scene.frame_selection() is False
    scene.update(room.given(selection=NothingSelected(unit_id="u0")))
    assert scene.frame_selection() is True


def test_a_silent_unit_is_a_faint_arrow_without_a_body(target, scene):
    room = LiveRoom([], units=[(0.0, -95.0, 0.0)])
    for _ in range(4):
        room.report([])
        room.clock.advance_s(1.0)
    only(scene, "units")
    scene.camera.look_from((0.0, -130.0, 12.0), (0.0, 0.0, 2.0))
    draw(target, scene, room.given())
    assert scene._stage.symbols.ids("unit bodies") == ["u0"]
    scene.camera.fly_to((0.0, -95.0, 0.0), 900.0, elevation_rad=1.55, animated=False)
    without = draw(target, scene, SceneInput())
    seen = np.abs(draw(target, scene, room.given()) - without).max()
    room.clock.advance_s(12.0)
    silent = np.abs(draw(target, scene, room.given()) - without).max()
    assert seen > 60
    assert 0 < silent < 0.7 * seen
    scene.camera.look_from((0.0, -130.0, 12.0), (0.0, 0.0, 2.0))
    draw(target, scene, room.given())
    assert scene._stage.symbols.ids("unit bodies") == []
    assert scene._stage.symbols.ids("small units") == ["u0"]


@pytest.mark.parametrize(("y", "body"), [(-95.0, ["u0"]), (-30.0, [])])
def test_a_unit_has_a_body_only_where_no_house_stands_before_it(target, scene, y, body):
    room = LiveRoom([], units=[(0.0, y, 0.0)])
    for _ in range(4):
        room.report([])
        room.clock.advance_s(1.0)
    scene.camera.look_from((0.0, -130.0, 12.0), (0.0, 0.0, 2.0))
    draw(target, scene, room.given())
    symbols = scene._stage.symbols
    assert symbols.ids("unit bodies") == body
    assert len(symbols.ids("small units")) == 1 - len(body)


def test_who_answers_calls_is_told_by_a_letter_and_the_selected_by_the_accent(target, scene):
    room = LiveRoom([], units=[(0.0, 30.0, 0.0), (40.0, 30.0, 0.0)], unit_kind="police")
    for _ in range(4):
        room.report([])
        room.clock.advance_s(1.0)
    scene.camera.fly_to((20.0, 30.0, 0.0), 150.0, animated=False)
    accent = np.array(rgb_from_hex(load_theme("light").ui["accent"])) * 255
    assert count_near(draw(target, scene, room.given()), accent) == 0
    assert sorted(scene._stage.symbols.ids("units")) == ["u0", "u1"]
    given = room.given(selection=NothingSelected(unit_id="u0"))
    assert count_near(draw(target, scene, given), accent) > 60


def test_arrows_turn_with_the_heading(scene):
    scene.update(SceneInput())
    heading = np.array([0.0, np.pi / 2, np.pi, -np.pi / 2], np.float32)
    turn = screen_heading(scene._view(), np.zeros((4, 3), np.float32), heading)
    assert np.cos(turn - heading) == pytest.approx(1.0, abs=1e-3)  # north is up in this view


def test_a_closed_road_is_barred_and_opens_again(target, scene):
    path = (30.0, 40.0, 0.0)
    room = LiveRoom([(30.0, -40.0, 0.0)], kind="road_segment", name="closed", path=path)
    room.report([0.0])
    only(scene, "ground", "closures")
    red = priority_rgb("critical")
    assert count_near(draw(target, scene, room.given()), red, 20) == 0
    room.report([1.0])
    assert count_near(draw(target, scene, room.given()), red, 20) > 60
    room.clock.advance_s(1.0)
    room.report([0.0])
    assert count_near(draw(target, scene, room.given()), red, 20) == 0


def test_stripes_cover_the_whole_path_in_alternating_colours():
    path = np.array([[0, 0, 0], [30, 0, 0], [30, 40, 0]], np.float32)
    ends, is_red = striped(path)
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    assert length.sum() == pytest.approx(70.0, abs=1e-3)
    assert length[is_red].sum() == pytest.approx(35.0, abs=1e-3)
    assert middle_of(path) == pytest.approx([30.0, 5.0, 0.0], abs=1e-4)


def test_new_samples_alone_do_not_redraw_the_plain_city(target, scene):
    room = LiveRoom([(30.0, 30.0, 0.0)])
    room.report([50.0])
    draw(target, scene, room.given())
    assert not scene.update(room.given())
    room.clock.advance_s(0.05)
    room.report([51.0])
    assert not scene.update(room.given())  # within the refresh time of labels
    room.clock.advance_s(2.0)
    room.report([52.0])
    assert scene.update(room.given())  # the label shows the new value
