"""Exports in a child process: progress, its last words, and nothing half written."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget

from scenes.city_scene import CityScene
from scenes.offscreen import OffscreenWindow
from scenes.pose import Pose
from scenes.scene_input import NothingSelected, SceneInput
from tests.viewer.console_parts import small_session
from tests.widgets.panel_world import World
from twin.city.bookmarks import BookmarkBook
from twin.city.scene_file import scene_of_files
from twin.session import Selection
from twin.theme import load_theme
from viewer.city_source import CityLoading, CitySource
from viewer.export_child import DrawingFailedError, fraction_in, run_drawing
from viewer.export_units import UnitRecording
from viewer.export_view import orbit_film, pieces_of, shown_view, tour_film
from viewer.exports import ExportDriver
from viewer.picture_arguments import LOADING_SHARE
from widgets.actions import ActionTable
from widgets.bridge import Bridge, JobCancelled

SOURCE = CitySource(n_buildings=500)


@pytest.fixture(scope="module")
def window():
    made = OffscreenWindow(160, 120)
    yield made
    made.close()


@pytest.fixture(scope="module")
def scene(window):
    loaded = CityLoading(SOURCE).result()
    made = CityScene(window.renderer, theme=load_theme("dark"))
    made.set_city(loaded.asset, loaded.tiles)
    yield made
    made.dispose()


def test_lines_of_progress_are_told_from_others():
    assert fraction_in(b'{"fraction": 0.25}\n') == 0.25
    for line in (b"a.png  16 x 16\n", b"[1]\n", b'{"fraction": "x"}', b'{"ready": true}'):
        assert fraction_in(line) is None


def test_another_process_draws_the_same_picture(scene, window, tmp_path: Path):
    session = small_session(city=scene.stage.asset)
    scene.set_layer_visible("labels", visible=False)
    given = SceneInput(selection=NothingSelected(feature=5))
    shown = shown_view(session, scene, given, source=SOURCE, theme="dark")
    assert shown.moment.layers["labels"][0] is False
    told: list[float] = []
    output = tmp_path / "a.png"
    arguments = ["snapshot", *shown.arguments(tmp_path), "--size", "160x120", "-o", str(output)]
    run_drawing(arguments, told.append)
    assert told[-1] == 1.0
    assert told == sorted(told)
    from PIL import Image

    with Image.open(output) as image:
        drawn = np.asarray(image.convert("RGB")).astype(int)
    for _ in range(8):
        scene.update(given)
    window.render()
    assert np.abs(drawn - window.pixels()).mean() < 1.0


@pytest.mark.parametrize("patience_s", [30.0, 0.0], ids=["tidies up", "is killed"])
def test_a_cancelled_film_leaves_nothing(scene, tmp_path: Path, monkeypatch, patience_s: float):
    monkeypatch.setattr("viewer.export_child.STOP_TIMEOUT_S", patience_s)
    session = small_session(city=scene.stage.asset)
    shown = shown_view(session, scene, SceneInput(), source=SOURCE, theme="light")
    city = orbit_film(shown).arguments(tmp_path)
    output = tmp_path / "out"
    output.mkdir()

    def report(fraction: float) -> None:
        if fraction > LOADING_SHARE + 0.03:  # it is being filmed
            assert [path.name for path in output.iterdir()] == [".f.mp4.part"]
            raise JobCancelled

    film = ["film", *city, "--size", "64x48", "--seconds", "120", "-o", str(output / "f.mp4")]
    with pytest.raises(JobCancelled):
        run_drawing(film, report)
    assert list(output.iterdir()) == []


def test_the_person_hears_why_nothing_was_drawn(tmp_path: Path):
    with pytest.raises(DrawingFailedError, match="no folder"):
        run_drawing(["snapshot", "--demo", "-o", str(tmp_path / "no" / "a.png")], lambda _f: None)


def test_a_scene_travels_as_it_is_now(scene, tmp_path: Path):
    session = small_session(city=scene.stage.asset)
    session.scene_file = scene_of_files([tmp_path / "a.city.json", tmp_path / "b.city.json"])
    source = CitySource(path=tmp_path / "a.city.json", further=(tmp_path / "b.city.json",))
    shown = shown_view(session, scene, SceneInput(), source=source, theme="light")
    first = session.scene_file.sources[0]
    folder = tmp_path / "private"
    folder.mkdir()
    path, *_moment = shown.arguments(folder)
    text = Path(path).read_text()
    assert str(tmp_path / "b.city.json") in text
    assert session.scene_file.path is None  # the console's own scene was not moved
    assert session.scene_file.sources[0] is first


def test_a_tour_brings_a_camera_for_each_frame(scene):
    class Straight:
        def frames(self, fps: int) -> list[Pose]:
            pose = {"distance_m": 9.0, "azimuth_rad": 0.0, "elevation_rad": 1.0}
            return [Pose(focal_m=(float(k), 0.0, 0.0), **pose) for k in range(fps)]

    session = small_session(city=scene.stage.asset)
    shown = shown_view(session, scene, SceneInput(), source=SOURCE, theme="light")
    film = tour_film(shown, Straight(), 5)  # type: ignore[arg-type]
    assert [pose[0] for pose in film.moment.flight] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_all_tiles_of_a_city_that_was_read_whole_are_one_piece(scene):
    (piece,) = pieces_of(scene)
    assert piece.table is scene.stage.asset.features
    assert len(piece.tiles) == len(scene.stage.geometry.tiles) > 0


def test_units_are_recorded_until_they_are_written(qtbot, tmp_path: Path):
    world = World(tmp_path)
    world.fill()
    bridge = Bridge(world.clock)
    try:
        recording = UnitRecording(world.session, bridge, tmp_path / "u.czml", lambda: None)
        recording.stop()
        said = recording.write()
        packets = json.loads((tmp_path / "u.czml").read_text())
        assert {one["id"] for one in packets[1:]} == {unit.id for unit in world.units.units}
        assert said.startswith("u.czml holds 2 units")
        assert bridge.n_timers == 0
    finally:
        bridge.close()
        world.close()


class Bench:
    """A driver of exports over a room with sensors, without a 3D view."""

    def __init__(self, qtbot, tmp_path: Path, scene) -> None:
        self.qtbot, self.world = qtbot, World(tmp_path)
        self.world.fill()
        self.bridge = Bridge(self.world.clock)
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.said: list[str] = []
        self.world.session.message.connect(self.said.append)
        self.actions = ActionTable()
        pane = SimpleNamespace(scene=scene, driver=SimpleNamespace(given=None))
        self.driver = ExportDriver(
            session=self.world.session,
            bridge=self.bridge,
            window=self.window,
            source=SOURCE,
            pane=lambda: pane,  # type: ignore[arg-type, return-value]
            book=lambda: BookmarkBook(None),
            theme=lambda: "light",
        )
        self.driver.add_actions(self.actions)

    def save(self, action_id: str, path: Path) -> str:
        """Choose an action and a file; what the person is told then."""
        assert self.actions.run(action_id)
        dialog = self.driver.dialog
        assert dialog is not None
        dialog.file.setText(str(path))
        n_said = len(self.said)
        dialog.save.click()
        self.qtbot.waitUntil(lambda: len(self.said) > n_said, timeout=30_000)
        return self.said[-1]

    def close(self) -> None:
        self.driver.close()
        self.bridge.close()
        self.world.close()


@pytest.fixture
def bench(qtbot, tmp_path: Path, scene):
    made = Bench(qtbot, tmp_path, scene)
    yield made
    made.close()


def test_sensors_and_the_selection_are_saved_as_tables(bench: Bench, tmp_path: Path):
    assert bench.save("export.sensors", tmp_path / "s.csv").startswith("Saved s.csv")
    lines = (tmp_path / "s.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(bench.world.store.datastreams)
    assert not bench.actions.run("export.table")  # nothing is selected
    bench.world.session.select(Selection(features=(0, 1)))
    assert "2 rows" in bench.save("export.table", tmp_path / "t.csv")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_file_that_cannot_be_written_is_one_sentence(bench: Bench, tmp_path: Path):
    bench.world.session.select(Selection(feature=0))
    (tmp_path / "t.csv").mkdir()
    assert bench.actions.run("export.table")
    dialog = bench.driver.dialog
    assert dialog is not None
    dialog.file.setText(str(tmp_path / "t.csv"))
    assert not dialog.save.isEnabled()
    dialog.close()
    (tmp_path / "full.csv").symlink_to("/dev/full")
    said = bench.save("export.table", tmp_path / "full.csv")
    assert said == "It could not be saved: No space left on device"


def test_a_recording_is_begun_ended_and_never_lost(bench: Bench, tmp_path: Path):
    assert "being recorded" in bench.save("export.units", tmp_path / "a.czml")
    action = bench.actions.get("export.units")
    assert action is not None
    assert action.checked is not None
    assert action.checked()
    assert bench.actions.run("export.units")
    bench.qtbot.waitUntil(lambda: (tmp_path / "a.czml").exists(), timeout=10_000)
    assert not action.checked()
    bench.save("export.units", tmp_path / "b.czml")
    bench.driver.close()  # the window was closed meanwhile
    assert (tmp_path / "b.czml").exists()
