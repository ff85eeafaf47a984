"""Incidents in the picture: ring or outline, sign and title; on nine boxes from above."""

from __future__ import annotations

import numpy as np
import pytest

from scenes.layers.incidents import PRIORITY_OF
from scenes.scene_input import SceneInput
from tests.scenes.frames import draw, near
from twin.room.model import Operator
from twin.room.parts.incidents import Incident, Severity
from twin.theme import load_theme, rgb_from_hex

ADA = Operator(name="Ada", department="water", console_id="c1")


def incident(severity: Severity = Severity.SEVERE, **more) -> Incident:
    return Incident(
        id="i1", title="Water in Quay Street", kind="flood", severity=severity, opened_by=ADA,
        opened_ns=1, **more,
    )  # fmt: skip


def colour(severity: Severity) -> np.ndarray:
    return np.array(rgb_from_hex(load_theme("light").priority[PRIORITY_OF[severity]])) * 255


@pytest.mark.parametrize(
    ("more", "at"),
    [
        ({"xyz": (0.0, 0.0, 0.0), "radius_m": 28.0}, (-28.0, 0.0, 0.0)),
        ({"ring": ((-25.0, -25.0, 0.0), (25.0, -25.0, 0.0), (0.0, 35.0, 0.0))}, (5.0, -25.0, 0.0)),
    ],
)
def test_its_area_is_drawn_in_the_colour_of_its_severity(target, scene, more, at):
    before = draw(target, scene, SceneInput())
    pixel = scene.pixel_from_local(at)
    severe = colour(Severity.SEVERE)
    assert not near(before, pixel, severe)
    assert near(draw(target, scene, SceneInput(incidents=(incident(**more),))), pixel, severe)
    graver = incident(Severity.EXTREME, **more)
    image = draw(target, scene, SceneInput(incidents=(graver,)))
    assert near(image, pixel, colour(Severity.EXTREME)), "it follows a change"
    assert not near(draw(target, scene, SceneInput()), pixel, severe), "and goes when it is closed"


def test_its_sign_is_picked_and_its_title_keeps_others_off(target, scene):
    draw(target, scene, SceneInput(incidents=(incident(xyz=(30.0, 30.0, 0.0)),)))
    top = scene._layers._entries["incidents"].visual._placed["i1"].anchor_m
    hit = scene.pick(*scene.pixel_from_local(tuple(top)))
    assert hit is not None
    assert hit.incident_id == "i1"
    assert not hit.is_ground
    assert len(scene.stage.reserved["incidents"]) == 1
    scene.set_layer_visible("incidents", visible=False)
    hidden = scene.pick(*scene.pixel_from_local(tuple(top)))
    assert hidden is None or not hidden.incident_id


def test_one_without_a_place_draws_nothing(target, scene):
    before = draw(target, scene, SceneInput())
    assert (draw(target, scene, SceneInput(incidents=(incident(),))) == before).all()
