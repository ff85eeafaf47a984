"""Telling pixels: what is recoloured, hidden, picked or selected shows where it stands."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from vtkmodules.vtkRenderingCore import vtkActor

from scenes.city_scene import CityScene
from scenes.scene_input import NothingSelected, SceneInput
from scenes.stage import Stage
from scenes.style_texture import Alpha
from tests.twin.box_city import HEIGHT_M, city_of_boxes
from twin.theme import load_theme, rgb_from_hex
from twin.tiles.light import SUN
from twin.tiles.partition import tiles_from_asset

#: Light on a flat roof: full hemisphere plus sun, before the slight tint of each building.
ROOF_LIGHT = 0.28 + 0.42 + 0.55 * float(SUN[2])
#: The same on a roof in a colour of data, which keeps nearer to its legend.
DATA_LIGHT = 0.40 + 0.55 * ROOF_LIGHT
CENTRE = (0.0, 0.0, HEIGHT_M)


def pixel(target, scene, point):
    """Red, green, blue 0..255 where a point is drawn."""
    x, y = scene.pixel_from_local(point)
    return target.pixels()[round(y), round(x)].astype(int)


def draw(target, scene, given=None):
    scene.update(given or SceneInput())
    assert scene.failures == {}
    target.render()


def roof_colour(rgb, light=DATA_LIGHT):
    return np.minimum(np.array(rgb) * light, 255)


def test_a_recoloured_building_has_that_colour_and_its_neighbour_not(target, scene):
    draw(target, scene)
    plain = pixel(target, scene, CENTRE)
    rgba = np.zeros((9, 4), np.uint8)
    rgba[4] = (30, 140, 200, Alpha.DATA)
    scene.set_feature_colours(rgba)
    draw(target, scene)
    assert np.allclose(pixel(target, scene, CENTRE), roof_colour((30, 140, 200)), atol=10)
    assert np.allclose(pixel(target, scene, (60.0, 0.0, HEIGHT_M)), plain, atol=16)


def test_plain_roofs_have_the_theme_shade(target, scene):
    draw(target, scene)
    shade = np.array(rgb_from_hex(load_theme("light").surface["roof"])) * 255
    assert np.allclose(pixel(target, scene, CENTRE), roof_colour(shade, ROOF_LIGHT), atol=12)


def test_a_hidden_building_shows_the_ground_and_is_not_picked(target, scene):
    draw(target, scene)
    beside = pixel(target, scene, (30.0, 30.0, 0.0))
    assert not np.allclose(pixel(target, scene, CENTRE), beside, atol=8)
    hidden = np.zeros(9, bool)
    hidden[4] = True
    scene.set_hidden_features(hidden)
    draw(target, scene)
    assert np.allclose(pixel(target, scene, CENTRE), beside, atol=3)
    assert scene.pick(*scene.pixel_from_local(CENTRE)).is_ground


def test_stale_buildings_are_striped(target, scene):
    rgba = np.zeros((9, 4), np.uint8)
    rgba[4] = (200, 40, 40, Alpha.STALE)
    scene.set_feature_colours(rgba)
    draw(target, scene)
    x, y = scene.pixel_from_local(CENTRE)
    row = target.pixels()[round(y), round(x) - 7 : round(x) + 8].astype(int)
    redness = row[:, 0] - row[:, 2]
    assert redness.max() > 100
    assert redness.min() < 30


@pytest.mark.parametrize(("feature", "x"), [(3, -60.0), (4, 0.0), (5, 60.0)])
def test_a_pick_returns_the_building_and_the_point(target, scene, feature, x):
    draw(target, scene)
    hit = scene.pick(*scene.pixel_from_local((x, 0.0, HEIGHT_M)))
    assert hit.feature == feature
    assert hit.xyz_local_m == pytest.approx((x, 0.0, HEIGHT_M), abs=0.6)


def test_every_box_is_picked_where_it_is_seen_in_an_oblique_view(target, scene):
    scene.camera.home(animated=False)
    rgba = np.zeros((9, 4), np.uint8)
    rgba[:, 0] = 20 * np.arange(9) + 40
    rgba[:, 3] = Alpha.DATA
    scene.set_feature_colours(rgba)
    draw(target, scene)
    for feature in range(9):
        x, y = divmod(feature, 3)[1], divmod(feature, 3)[0]
        place = scene.pixel_from_local(((x - 1) * 60.0, (y - 1) * 60.0, HEIGHT_M))
        assert scene.pick(*place).feature == feature
        red, green, blue = target.pixels()[round(place[1]), round(place[0])].astype(int)
        assert max(green, blue) <= 2
        assert red == pytest.approx(rgba[feature, 0] * DATA_LIGHT, abs=12)


def test_the_sky_is_nothing(target, scene):
    scene.camera.look_from((0.0, -300.0, 50.0), (0.0, 0.0, 60.0))
    draw(target, scene)
    assert scene.pick(200, 2) is None


@pytest.mark.parametrize(("kind", "is_painted"), [("PlantCover", False), ("Building", True)])
def test_ground_is_ringed_and_framed_where_it_was_picked_and_not_painted(target, kind, is_painted):
    boxes = city_of_boxes()
    codes = boxes.features.kind_codes.copy()
    codes[4] = 1
    features = replace(boxes.features, kind_names=("Building", kind), kind_codes=codes)
    city = replace(boxes, features=features)
    scene = CityScene(target.renderer, theme=load_theme("light"))
    scene.set_city(city, tiles_from_asset(city))
    scene.camera.fly_to((0.0, 0.0, 0.0), 500.0, azimuth_rad=0.0, elevation_rad=1.55, animated=False)
    draw(target, scene)
    plain = pixel(target, scene, CENTRE)
    corner = (8.0, 8.0, HEIGHT_M)
    hit = scene.pick(*scene.pixel_from_local(corner))
    scene.keep_picked(hit)
    draw(target, scene, SceneInput(selection=NothingSelected(feature=hit.feature)))
    assert hit.feature == 4
    assert (np.abs(pixel(target, scene, CENTRE) - plain).max() > 40) == is_painted
    place, distance_m = scene._stage.place_of(scene._given)
    if not is_painted:
        assert place == hit.xyz_local_m
        assert distance_m == 250.0
    draw(target, scene, SceneInput())
    assert scene.frame_selection() is False
    scene.dispose()


def test_a_road_across_the_city_is_ground_and_a_short_one_is_not(target, boxes):
    codes = boxes.features.kind_codes.copy()
    codes[:2] = 1
    bounds = boxes.features.bounds_min_max_local_m.copy()
    bounds[0] = (-100.0, 0.0, 0.0, 100.0, 5.0, 0.0)
    bounds[1] = (-10.0, 0.0, 0.0, 10.0, 5.0, 0.0)
    features = replace(
        boxes.features,
        kind_names=("Building", "Road"),
        kind_codes=codes,
        bounds_min_max_local_m=bounds,
    )
    stage = Stage(target.renderer, theme=load_theme("light"), pixel_ratio=1.0)
    stage.set_city(replace(boxes, features=features), ())
    assert [stage.is_marked(row) for row in (-1, 0, 1, 2)] == [False, False, True, True]


def test_the_selected_building_takes_the_accent(target, scene):
    draw(target, scene, SceneInput(selection=NothingSelected(feature=4)))
    accent = np.array(rgb_from_hex(load_theme("light").ui["accent"])) * 255
    assert np.allclose(pixel(target, scene, CENTRE), roof_colour(accent), atol=10)
    draw(target, scene)
    assert not np.allclose(pixel(target, scene, CENTRE), roof_colour(accent), atol=60)


def test_another_theme_changes_roofs_ground_and_sky_but_no_colour_of_data(target, scene):
    rgba = np.zeros((9, 4), np.uint8)
    rgba[5] = (30, 140, 200, Alpha.DATA)
    scene.set_feature_colours(rgba)
    draw(target, scene)
    light = target.pixels().astype(int)
    data = pixel(target, scene, (60.0, 0.0, HEIGHT_M))
    scene.set_theme(load_theme("dark"))
    draw(target, scene)
    dark = target.pixels().astype(int)
    assert dark.mean() < 0.5 * light.mean()
    assert np.allclose(pixel(target, scene, (60.0, 0.0, HEIGHT_M)), data, atol=2)


def test_nothing_new_asks_for_no_frame(target, scene):
    given = SceneInput()
    assert scene.update(given)
    target.render()
    assert not scene.update(given)
    scene.camera.turn(0.1, 0.0)
    assert scene.update(given)
    assert not scene.update(given)


def test_a_failing_layer_is_switched_off_and_named(target, scene, monkeypatch, caplog):
    entry = scene._layers._entries["compass"]
    monkeypatch.setattr(entry.visual, "update", lambda *_: 1 / 0, raising=False)
    assert scene.update(SceneInput())
    assert scene.failures == {"compass": "division by zero"}
    assert "compass" in caplog.text
    target.render()
    assert not scene.update(SceneInput())


def test_layers_can_be_switched_off_and_on(target, scene):
    draw(target, scene)
    before = target.pixels()
    scene.set_layer_visible("buildings", False)
    draw(target, scene)
    without = target.pixels()
    assert np.abs(before.astype(int) - without).max() > 30
    scene.set_layer_visible("buildings", True)
    draw(target, scene)
    assert np.array_equal(target.pixels(), before)


def test_dispose_leaves_no_prop_and_no_actor_alive(target, boxes):
    scene = CityScene(target.renderer, theme=load_theme("light"))
    scene.set_city(boxes, tiles_from_asset(boxes))
    draw(target, scene)
    props = target.renderer.GetViewProps()
    assert props.GetNumberOfItems() > 3
    alive = [weakref.ref(prop) for prop in props if isinstance(prop, vtkActor)]
    assert alive
    scene.dispose()
    assert props.GetNumberOfItems() == 0
    del scene
    gc.collect()
    assert [ref() for ref in alive if ref() is not None] == []


def test_another_city_replaces_the_first(target, scene):
    scene.camera.home(animated=False)  # near enough for edge lines, as with the second city
    draw(target, scene)
    n = target.renderer.GetViewProps().GetNumberOfItems()
    other = city_of_boxes(2, 1)
    scene.set_city(other, tiles_from_asset(other))
    draw(target, scene)
    assert target.renderer.GetViewProps().GetNumberOfItems() <= n
    assert scene.pick(*scene.pixel_from_local((30.0, 0.0, HEIGHT_M))).feature == 1


def test_a_scene_without_a_city_draws_ground_and_sky(target):
    scene = CityScene(target.renderer, theme=load_theme("dark"))
    draw(target, scene)
    assert scene.pick(10.0, 290.0) is None or scene.pick(10.0, 290.0).is_ground
    scene.dispose()


def test_ground_looks_the_same_as_sheet_and_as_background(target, scene):
    """Near views clear the window in the ground's colour; wide ones draw the sheet."""
    beside = (30.0, 30.0, 0.0)
    colours, sheets = [], []
    for distance in (90.0, 500.0):
        scene.camera.fly_to((30.0, 30.0, 0.0), distance, elevation_rad=1.5, animated=False)
        draw(target, scene)
        colours.append(pixel(target, scene, beside))
        sheets.append(scene._layers._entries["ground"].visual._ground._actor.GetVisibility())
    assert sheets == [0, 1]
    assert np.allclose(colours[0], colours[1], atol=2)
