"""Tools and bookmarks in the real window: clicks, Esc, hints, tours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.twin.box_city import HEIGHT_M
from tests.viewer.desk_rig import desk_of_boxes, put_away
from twin.room.model import Operator
from viewer.desk import Desk
from viewer.settings import Settings
from viewer.view_driver import state_from
from widgets.tool_hint import ToolHint

pytestmark = pytest.mark.display


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    """Nine boxes in the console's window; nobody is at the other end of the hub's address."""
    operator = Operator(name="Op", department="control_room", console_id="here")
    made = desk_of_boxes("tcp://127.0.0.1:9", operator, tmp_path)
    made.show(size=(1280, 760))
    drawn: list[None] = []
    made.after_first_frame(lambda: drawn.append(None))
    qtbot.waitUntil(lambda: bool(drawn), timeout=20_000)
    yield made
    put_away(made)


def click(desk: Desk, qtbot: QtBot, xyz: tuple[float, float, float]) -> None:
    view = desk.views.main.viewport
    at = desk.views.main.scene.pixel_from_local(xyz)
    assert at is not None
    ratio = view.devicePixelRatioF()
    place = QPoint(round(at[0] / ratio), round(at[1] / ratio))
    qtbot.mouseClick(view.focusProxy(), Qt.MouseButton.LeftButton, pos=place)


def test_a_tool_takes_clicks_tells_and_is_left_by_esc(desk: Desk, qtbot: QtBot) -> None:
    tools = desk.window.tools
    hint = desk.views.main.viewport.findChild(ToolHint)
    assert hint is not None
    desk.window.actions_table.run("tool.measure")
    qtbot.waitUntil(lambda: "first point" in hint.text(), timeout=5000)
    for x in (-10.0, 10.0):
        click(desk, qtbot, (x, -10.0, HEIGHT_M))
    qtbot.waitUntil(lambda: bool(tools.finding("measure").rows), timeout=5000)
    rows = {row.name: row.value for row in tools.finding("measure").rows}
    assert rows["Distance"] == "20.00"
    assert desk.session.selection.is_empty  # the click was the tool's
    desk.window.back_out()
    assert tools.pointer is None
    qtbot.waitUntil(hint.isHidden, timeout=5000)
    click(desk, qtbot, (0.0, 0.0, HEIGHT_M))
    assert desk.session.selection.feature == 4


def test_a_bookmark_brings_camera_colours_and_tools_back(desk: Desk, qtbot: QtBot) -> None:
    tools, scene = desk.window.tools, desk.views.main.scene
    views = desk._view_driver._views
    scene.camera.fly_to((60.0, 0.0, 0.0), 150.0, animated=False)
    tools.switch("sun", on=True)
    tools.set_field("sun", "hour", 9.0)
    desk.window.actions_table.run("view.bookmark")
    first = views.book.bookmarks[0]
    assert first.name == "View 1"
    assert first.thumbnail
    scene.camera.fly_to((-60.0, 0.0, 0.0), 250.0, animated=False)
    tools.switch("sun", on=False)
    tools.set_field("sun", "hour", 20.0)
    views.take_requested.emit("West")
    views.go_requested.emit(first)
    assert tools.entry("sun").on
    assert tools.entry("sun").state.hour == 9.0
    qtbot.waitUntil(lambda: abs(scene.camera.pose.focal_m[0] - 60.0) < 1e-3, timeout=5000)
    again = Settings(desk.window.settings.path)
    desk.window.settings.save()
    assert "West" in again.views("Boxes")


def test_a_tour_is_played_to_its_end(desk: Desk, qtbot: QtBot) -> None:
    from twin.city.bookmarks import tour_of

    scene, views = desk.views.main.scene, desk._view_driver._views
    for name, x in (("a", -40.0), ("b", 40.0)):
        scene.camera.fly_to((x, 0.0, 0.0), 200.0, animated=False)
        views.take_requested.emit(name)
    views.play_requested.emit(tour_of("All", views.book.bookmarks, 2.0, 0.1))
    seen: list[float] = []
    views.changed.connect(lambda _nothing: seen.append(scene.camera.pose.focal_m[0]))
    qtbot.waitUntil(lambda: bool(seen) and not views.playing, timeout=10_000)
    assert seen[0] < 0.0
    assert any(-30.0 < x < 30.0 for x in seen)
    assert scene.camera.pose.focal_m[0] == pytest.approx(40.0, abs=0.01)


def test_settings_of_a_tool_that_has_changed_since_are_left_out() -> None:
    from scenes.tools.sun import SunState

    assert state_from(SunState(), {"hour": 3.0, "gone": 1}) == SunState(hour=3.0)
