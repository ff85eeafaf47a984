"""Alarms away from sensors in the picture, on nine boxes from above."""

from __future__ import annotations

import numpy as np

from scenes.moment import Moment, load_moment, save_moment
from scenes.scene_input import SceneInput
from tests.scenes.frames import draw
from twin.operations.alarm_places import AlarmSpot
from twin.room.parts.alarms import Priority
from twin.theme import load_theme, rgb_from_hex

SPOT = AlarmSpot(alarm_id="a7", priority=Priority.CRITICAL, xyz=(15.0, 15.0, 0.0), n_alarms=3)


def n_critical(image, pixel) -> int:
    """How many pixels about a place have the colour of critical alarms."""
    x, y = (round(c) for c in pixel)
    part = image[max(y - 20, 0) : y + 21, max(x - 20, 0) : x + 21]
    wanted = np.array(rgb_from_hex(load_theme("light").priority["critical"])) * 255
    return int((np.abs(part - wanted).max(axis=2) < 40).sum())


def test_a_spot_is_drawn_in_its_colour_and_goes_again(target, scene) -> None:
    before = draw(target, scene, SceneInput())
    pixel = scene.pixel_from_local(SPOT.xyz)
    assert n_critical(before, pixel) == 0
    image = draw(target, scene, SceneInput(alarm_spots=(SPOT,)))
    assert n_critical(image, pixel) > 20
    assert n_critical(draw(target, scene, SceneInput()), pixel) == 0


def test_a_click_finds_the_alarm_while_its_layer_is_shown(target, scene) -> None:
    draw(target, scene, SceneInput(alarm_spots=(SPOT,)))
    hit = scene.pick(*scene.pixel_from_local(SPOT.xyz))
    assert hit is not None
    assert (hit.alarm_id, hit.is_ground) == ("a7", False)
    scene.set_layer_visible("alarm_spots", visible=False)
    hidden = scene.pick(*scene.pixel_from_local(SPOT.xyz))
    assert hidden is None or not hidden.alarm_id


def test_a_saved_moment_keeps_the_spots(tmp_path) -> None:
    given = SceneInput(alarm_spots=(SPOT,), alarms={"pump": "high"})
    save_moment(tmp_path / "m", Moment(given=given))
    back = load_moment(tmp_path / "m").given
    assert back.alarm_spots == (SPOT,)
    assert back.alarms == {"pump": "high"}
