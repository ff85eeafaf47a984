"""Areas from a GeoJSON file are opened in the window and stay with the scene."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.twin.box_city import city_of_boxes
from tests.viewer.console_parts import small_session
from twin.city.areas import areas_of_scene, circle_area
from twin.city.frames import Origin
from twin.city.scene_file import SceneFile, load_scene
from twin.clock import SystemClock
from twin.session import TwinSession
from viewer.area_driver import AreaDriver
from widgets.actions import ActionTable
from widgets.bridge import Bridge

ORIGIN = Origin(crs="EPSG:28992", east_m=78_600.0, north_m=457_900.0, height_m=0.0)
LON, LAT = 4.2635, 52.1064


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.close()


@pytest.fixture
def session(tmp_path: Path) -> TwinSession:
    import dataclasses

    city = dataclasses.replace(city_of_boxes(), origin=ORIGIN)
    made = small_session(SystemClock(), city)
    made.scene_file = SceneFile(path=tmp_path / "scene.toml", title="Town")
    made.set_areas((circle_area("own", "Own", (0.0, 0.0), 50.0),))
    return made


def square(path: Path, *, size_deg: float = 0.001, name: str = "Market") -> Path:
    west, south, east, north = LON, LAT, LON + size_deg, LAT + size_deg
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"name": name}, "geometry": geometry}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def test_a_file_is_opened_shown_kept_and_removed(
    qtbot: QtBot, bridge: Bridge, session: TwinSession, tmp_path: Path
) -> None:
    file = square(tmp_path / "cordon.geojson")
    looks: list[tuple[float, ...]] = []
    session.fly_to_requested.connect(looks.append)
    driver = AreaDriver(session=session, bridge=bridge, window=None, ask=lambda: str(file))  # type: ignore[arg-type]
    table = ActionTable()
    driver.add_actions(table)
    table.run("areas.open")
    qtbot.waitUntil(lambda: len(session.areas) == 2)
    assert [area.name for area in session.areas] == ["Own", "Market"]
    assert len(looks) == 1
    assert 130.0 < looks[0][3] < 400.0
    square(file, name="Market, larger", size_deg=0.002)
    table.run("areas.open")  # the file has changed: read anew, not twice there
    qtbot.waitUntil(lambda: session.areas[1].name == "Market, larger")
    assert len(session.areas) == 2
    scene = session.scene_file
    assert scene is not None
    elsewhere = tmp_path / "kept"
    elsewhere.mkdir()
    scene.save(elsewhere / "scene.toml")
    again, complaints = areas_of_scene(load_scene(elsewhere / "scene.toml"), ORIGIN)
    assert ([area.name for area in again], complaints) == (["Market, larger"], [])
    assert table.run("areas.remove")
    assert [area.name for area in session.areas] == ["Own"]
    assert "area" not in scene.tables
    assert not table.run("areas.remove")


def test_a_file_without_areas_is_told_in_one_sentence(
    qtbot: QtBot, bridge: Bridge, session: TwinSession, tmp_path: Path
) -> None:
    file = tmp_path / "points.geojson"
    file.write_text('{"type": "FeatureCollection", "features": []}')
    said: list[str] = []
    session.message.connect(said.append)
    driver = AreaDriver(session=session, bridge=bridge, window=None, ask=lambda: "")  # type: ignore[arg-type]
    driver.open(file)
    qtbot.waitUntil(lambda: bool(said))
    assert "holds no polygon" in said[0]
    assert len(session.areas) == 1
