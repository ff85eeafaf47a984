"""A moment on disk is the moment that was."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from scenes.city_scene import CityScene
from scenes.moment import Moment, MomentError, load_moment, save_moment
from scenes.offscreen import OffscreenWindow
from scenes.scene_input import NothingSelected, SceneInput
from tests.scenes.live import LiveRoom
from tests.twin.box_city import city_of_boxes
from twin.city.style import CityStyle, ColourRule
from twin.theme import load_theme
from twin.tiles.partition import tiles_from_asset


@pytest.fixture
def moment():
    room = LiveRoom([(0, 0, 32), (60, 0, 32), (-60, 0, 32)], units=[(30, 30, 0), (30, -30, 0)])
    for _ in range(3):
        room.report([10.0, 50.0, 90.0])
        room.clock.advance_s(1.0)
    given = room.given(
        colour_by="noise",
        selection=NothingSelected(thing_id="t1"),
        alarms={"t2": "high"},
        targets=frozenset({"u0"}),
    )
    return Moment(
        given=given,
        camera=(0.0, -300.0, 200.0, 0.0, 0.0, 0.0),
        theme="dark",
        layers={"labels": (False, {})},
    )


def picture_of(given: SceneInput):
    asset = city_of_boxes()
    target = OffscreenWindow(320, 200)
    scene = CityScene(target.renderer, theme=load_theme("light"))
    try:
        scene.set_city(asset, tiles_from_asset(asset))
        scene.camera.look_from((0.0, -300.0, 200.0), (0.0, 0.0, 0.0))
        scene.update(given)
        target.render()
        assert scene.failures == {}
        return target.pixels()
    finally:
        scene.dispose()
        target.close()


def test_the_picture_is_the_same(moment, tmp_path):
    save_moment(tmp_path / "a.moment", moment)
    back = load_moment(tmp_path / "a.moment")
    before, after = picture_of(moment.given), picture_of(back.given)
    np.testing.assert_array_equal(before, after)
    assert (before != picture_of(SceneInput())).any()


def test_everything_comes_back(moment, tmp_path):
    save_moment(tmp_path / "a.moment", moment)
    back = load_moment(tmp_path / "a.moment")
    assert (back.camera, back.theme) == (moment.camera, "dark")
    assert back.layers == {"labels": (False, {})}
    assert back.given.things == moment.given.things
    assert back.given.units == moment.given.units
    assert back.given.targets == {"u0"}
    assert back.given.selection == NothingSelected(thing_id="t1")
    np.testing.assert_array_equal(
        back.given.observations.declared.max, moment.given.observations.declared.max
    )


def test_a_style_comes_back(tmp_path):
    style = CityStyle(name="Tall", filter="height > 20", colour=ColourRule(column="height"))
    save_moment(
        tmp_path / "a.moment",
        Moment(given=SceneInput(style=style)),
    )
    assert load_moment(tmp_path / "a.moment").given.style == style


@pytest.mark.parametrize("content", [b"", b"\x80", b"{}", msgspec.msgpack.encode([1]), b"\xc1" * 9])
def test_other_files_are_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "b.moment"
    path.write_bytes(content)
    with pytest.raises(MomentError, match="moment of a scene"):
        load_moment(path)


def test_a_broken_moment_is_refused(moment, tmp_path):
    path = tmp_path / "a.moment"
    save_moment(path, moment)
    whole = path.read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(MomentError):
            load_moment(path)
