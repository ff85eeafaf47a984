"""The window of a scene's audience: a real hub, a director's client, a window that follows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.twin.hub_rig import console, running_hub
from tests.viewer.desk_rig import desk_of_boxes
from twin.link.client import HubClient
from twin.room.model import Operator
from viewer.audience_driver import AudienceOptions
from viewer.desk import Desk
from widgets.caption_strip import CaptionStrip

pytestmark = pytest.mark.display
WAIT_MS = 20_000


@pytest.fixture
def director(tmp_path: Path) -> Iterator[HubClient]:
    """Who shows cues, and the hub."""
    with (
        running_hub(tmp_path / "journal.sqlite") as hub,
        console(hub.addresses.control, tmp_path, "Mara", "control_room") as client,
    ):
        yield client


@pytest.fixture
def desk(director: HubClient, qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    """Nine boxes on the whole screen, joined to the hub."""
    audience = Operator(name="Audience", department="control_room", console_id="audience")
    made = desk_of_boxes(director.status().endpoint, audience, tmp_path)
    made.look_on(AudienceOptions(kiosk=True))
    made.show(size=(1280, 760))
    qtbot.waitUntil(lambda: bool(made.window.findChildren(CaptionStrip)), timeout=WAIT_MS)
    yield made
    made.window.close()
    made.close()


def test_caption_camera_and_layers_follow_the_cues(
    director: HubClient, desk: Desk, qtbot: QtBot
) -> None:
    (strip,) = desk.window.findChildren(CaptionStrip)
    cue = {"scene_s": 1.0, "pace": 1.0}
    director.act("cue.show", cue | {"kind": "scene", "title": "Rain", "text": "begun"})
    stop = [20.0, 30.0, 0.0, 321.0, 0.7, 0.5, 0.0, 0.0]
    director.act("cue.show", cue | {"kind": "camera", "stops": [stop]})
    director.act("cue.show", cue | {"kind": "look", "layers_off": ["labels", "compass"]})
    director.act("cue.show", cue | {"kind": "caption", "title": "Rain", "text": "It pours"})

    def is_shown() -> bool:
        director.poll()
        return strip.words.text == "It pours"

    qtbot.waitUntil(is_shown, timeout=WAIT_MS)
    pane = strip.parentWidget()
    assert pane is not None
    assert strip.geometry() == pane.rect()
    scene = desk.main_scene
    qtbot.waitUntil(lambda: scene.camera.pose.distance_m == pytest.approx(321.0), timeout=WAIT_MS)
    assert scene.camera.pose.focal_m == pytest.approx((20.0, 30.0, 0.0))
    qtbot.waitUntil(lambda: not scene.is_layer_visible("labels"), timeout=WAIT_MS)
    assert not scene.is_layer_visible("compass")
    director.act("cue.show", cue | {"kind": "look"})
    qtbot.waitUntil(lambda: scene.is_layer_visible("labels"), timeout=WAIT_MS)
    director.act("cue.show", cue | {"kind": "caption", "text": "Gone", "seconds": 0.5})
    qtbot.waitUntil(lambda: strip.words.text == "", timeout=WAIT_MS)


def test_a_kiosk_shows_the_city_alone_hears_a_key_and_leaves_with_escape(
    desk: Desk, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    window = desk.window
    qtbot.waitUntil(lambda: window.isFullScreen(), timeout=WAIT_MS)
    assert not window.menuWidget().isVisible()
    assert not window.statusBar().isVisible()
    assert not any(dock.isVisible() for dock in window.docks.values())
    qtbot.keyClick(window, Qt.Key.Key_Space)
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said == [{"go_on": True}]
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT_MS)
