"""Placing a source with the mouse, and what switches of the Sources panel do to the scene."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from scenes.city_scene import CityScene
from scenes.offscreen import OffscreenWindow
from scenes.scene_input import SceneInput
from scenes.view import view_of
from tests.twin.scene_samples import EAST, NORTH, footprints, obj_box
from tests.twin.tileset_samples import BOX, square_glb, tileset, write_tileset
from twin.city.compose import compose
from twin.city.residents import resident_city
from twin.city.scene_file import Placement, SceneFile, SceneSource
from twin.city.scene_sources import SceneSources
from twin.clock import SystemClock
from twin.signals import Signal
from twin.theme import load_theme
from twin.tiles.partition import tiles_from_asset
from viewer.carry_controls import Carried, CarryControls
from viewer.recent import RecentScenes
from viewer.sources_driver import GROUP, SourcesDriver
from widgets.actions import ActionTable
from widgets.bridge import Bridge


class Room:
    """A scene of two sources, drawn off screen, with the driver between."""

    def __init__(self, tmp_path: Path, *more: SceneSource) -> None:
        plots = footprints(tmp_path / "plots.geojson", {"a": (EAST, NORTH)})
        box = obj_box(tmp_path / "box.obj")
        scene_file = SceneFile(
            sources=(
                SceneSource(id="plots", path=str(plots)),
                SceneSource(id="box", path=str(box), place=Placement(east_m=60.0)),
                *more,
            )
        )
        composed = compose(scene_file)
        self.window = OffscreenWindow(400, 300)
        self.scene = CityScene(self.window.renderer, theme=load_theme("light"))
        tiles, streams = tiles_from_asset(composed.asset), composed.streams
        city = resident_city(composed.asset) if streams else composed.asset
        self.scene.set_city(city, tiles, streams)
        self.controls = CarryControls(self.scene, lambda: view_of(self.window.renderer))
        self.session = SimpleNamespace(
            city=city,
            sources=SceneSources(composed.reports, scene_file),
            message=Signal(),
        )
        self.bridge = Bridge(SystemClock())
        self.driver = SourcesDriver(
            session=self.session,
            scene=self.scene,
            viewport=SimpleNamespace(renderer=self.window.renderer, request_frame=lambda: None),
            controls=self.controls,
            bridge=self.bridge,
            theme=load_theme("light"),
            is_streamed=bool(streams),
        )
        self.scene.update(SceneInput())

    def close(self) -> None:
        self.driver.close()
        self.scene.dispose()
        self.bridge.close()
        self.window.close()


@pytest.fixture
def room(tmp_path: Path, qapp) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


def hits(room: Room, x_m: float) -> bool:
    """Whether something stands 10 m above a place on the east axis, as picking sees it."""
    room.scene.camera.look_from((x_m, -30.0, 60.0), (x_m, 0.0, 10.0))
    room.scene.update(SceneInput())
    while room.scene.prepare_picking():
        pass
    pick = room.scene.pick(200, 150)
    return pick is not None and pick.feature == 1


def test_a_source_that_is_switched_off_is_not_picked(room: Room) -> None:
    assert hits(room, 60.0)
    room.session.sources.set_visible("box", False)
    assert not hits(room, 60.0)
    room.session.sources.set_visible("box", True)
    assert hits(room, 60.0)


def test_a_streamed_source_is_switched_off_from_the_start_and_on_again(tmp_path, qapp) -> None:
    folder = write_tileset(
        tmp_path / "tiles",
        tileset({"boundingVolume": BOX, "geometricError": 0, "content": {"uri": "a.glb"}}),
        {"a.glb": square_glb()},
    )
    room = Room(tmp_path, SceneSource(id="tiles", path=str(folder), visible=False))
    try:
        streamer = room.scene.streamed.streamer
        assert len(streamer.tree.shown_roots()) == 0
        room.session.sources.set_visible("tiles", True)
        assert len(streamer.tree.shown_roots()) == 1
    finally:
        room.close()


def test_dragging_carries_over_the_ground_and_shift_turns(room: Room) -> None:
    tried: list[Placement] = []
    room.controls.carried = Carried(Placement(east_m=60.0), 0.0, tried.append)
    room.scene.camera.look_from((60.0, -0.1, 200.0), (60.0, 0.0, 0.0))
    room.scene.update(SceneInput())
    pose = room.scene.camera.pose
    east = room.scene.pixel_from_local((90.0, 0.0, 0.0))
    middle = room.scene.pixel_from_local((60.0, 0.0, 0.0))
    assert east is not None
    assert middle is not None
    room.controls.press("left", *middle)
    assert room.controls.move(*east)
    assert not room.controls.release()
    assert (tried[-1].east_m, tried[-1].north_m) == pytest.approx((90.0, 0.0), abs=0.3)
    room.controls.press("left", 100, 100, shift=True)
    room.controls.move(150, 100)
    room.controls.release()
    assert tried[-1].turn_deg == pytest.approx(20.0)
    assert room.scene.camera.pose == pose
    room.controls.carried = None
    room.controls.press("left", 100, 100)
    room.controls.move(160, 100)
    room.controls.release()
    room.scene.update(SceneInput())
    assert room.scene.camera.pose != pose  # the camera again


def test_a_chosen_place_moves_the_source_and_keeps_the_camera(room: Room, qtbot) -> None:
    room.scene.camera.look_from((0.0, -200.0, 150.0), (0.0, 0.0, 0.0))
    pose = room.scene.camera.pose
    sources = room.session.sources
    sources.preview_place("box", Placement(east_m=-80.0))
    assert room.controls.carried is not None
    assert not hits(room, 60.0)  # what is carried is only a ghost
    room.scene.camera.set_pose(pose)
    sources.choose_place("box", Placement(east_m=-80.0))
    assert room.controls.carried is None
    qtbot.waitUntil(lambda: room.session.city.features.bounds_min_max_local_m[1, 0] < -60)
    assert room.scene.camera.pose == pose
    assert hits(room, -80.0)
    assert not hits(room, 60.0)
    west, _, _, east, _, _ = sources.report("box").bounds_min_max_local_m
    assert (west, east) == pytest.approx((-90.0, -70.0), abs=0.01)
    assert np.isfinite(room.session.city.soup.corners_local_m).all()


def test_what_was_opened_last_is_offered(room: Room, tmp_path: Path) -> None:
    recent = RecentScenes(tmp_path / "recent.json")
    recent.note(["/data/monaco/scene.toml"])
    recent.note(["/data/a.json", "https://example.org/city/tileset.json"])
    table = ActionTable()
    room.driver.add_actions(table, recent)
    assert [action.title for action in table.in_group(GROUP)] == [
        "Open a.json, tileset.json in a new window",
        "Open monaco in a new window",
    ]
