"""Several views of one console: apart in what they show, together in what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from scenes.pose import Pose
from tests.twin.box_city import city_of_boxes
from tests.viewer.console_parts import small_session
from tests.viewer.views_rig import Console, SteppedClock, opened_console, wait_for_rest
from twin.city.bookmarks import Bookmark
from twin.city.style import CityStyle
from twin.clock import NS_PER_S
from twin.sense.model import Announcement, Datastream, Thing
from viewer.city_pane import CityPane
from viewer.city_pane_time import SharedPast, behind_text
from viewer.scene_driver import SOFTWARE_MOTION_SHARE
from viewer.view_driver import kept_pose
from viewer.wall import dress, parts_of
from widgets.actions import ActionTable

ELSEWHERE = Pose(focal_m=(30.0, 20.0, 0.0), distance_m=240.0, azimuth_rad=0.9, elevation_rad=0.7)


@pytest.fixture
def console(qtbot: QtBot) -> Iterator[Console]:
    yield from opened_console(qtbot)


def open_second(console: Console, qtbot: QtBot, *, plan: bool = False) -> CityPane:
    pane = console.docks.open(plan=plan)
    qtbot.waitUntil(lambda: pane.viewport.frame_times.n_frames > 0, timeout=15_000)
    return pane


def press(pane: CityPane) -> None:
    at = QPointF(40.0, 40.0)
    view = pane.viewport.focusProxy()
    for kind, buttons in (
        (QEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton),
        (QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton),
    ):
        event = QMouseEvent(
            kind, at, at, Qt.MouseButton.LeftButton, buttons, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(view, event)


@pytest.mark.display
def test_a_second_view_shares_the_city_and_draws_it(console: Console, qtbot: QtBot) -> None:
    second = open_second(console, qtbot, plan=True)
    assert second.scene.stage.geometry is console.first.scene.stage.geometry
    assert second.scene.budget is console.first.scene.budget
    assert second.scene.camera.is_plan
    assert not console.first.scene.camera.is_plan
    assert second.frame.isVisible()
    assert second.viewport.width() > 250
    picture = second.viewport.grab_image()
    middle = picture.height() // 2
    colours = {picture.pixel(x, middle) for x in range(0, picture.width(), 3)}
    assert len(colours) > 1


@pytest.mark.display
def test_layers_a_city_has_nothing_for_are_not_listed(console: Console) -> None:
    listed = {entry.id for entry in console.layers.entries}
    assert {"buildings", "units"} <= listed
    assert not {"photographs", "points"} & listed


@pytest.mark.display
def test_panels_act_on_the_view_that_was_taken_up(console: Console, qtbot: QtBot) -> None:
    second = open_second(console, qtbot)
    first, layers = console.first, console.layers
    assert console.panes.active is second
    console.session.colour_city_by("height_m")
    layers.set_visible("compass", False)
    style = CityStyle(filter="id = 'box-1'")
    console.session.set_style(style)
    assert (first.look.colour_by, second.look.colour_by) == ("", "height_m")
    assert first.scene.is_layer_visible("compass")
    press(first)
    assert console.panes.active is first
    assert console.session.colour_by == ""
    assert console.session.style != style
    assert layers.entry("compass").visible
    layers.set_visible("scale_bar", False)
    assert second.scene.is_layer_visible("scale_bar")
    press(second)
    assert console.session.colour_by == "height_m"
    assert console.session.style == style
    assert not layers.entry("compass").visible
    assert layers.entry("scale_bar").visible
    third = console.docks.open()
    assert (third.look.colour_by, third.look.style) == ("height_m", style)
    assert not third.scene.is_layer_visible("compass")


@pytest.mark.display
def test_at_rest_no_view_draws_and_a_hidden_one_never(console: Console, qtbot: QtBot) -> None:
    second = open_second(console, qtbot)
    wait_for_rest(qtbot, console.first, second)
    before = second.viewport.frame_times.n_frames
    console.first.scene.camera.set_pose(ELSEWHERE)
    seen = console.first.viewport.frame_times.n_frames
    qtbot.waitUntil(lambda: console.first.viewport.frame_times.n_frames > seen)
    wait_for_rest(qtbot, console.first, second)
    assert second.viewport.frame_times.n_frames == before  # only the one that moved
    dock = second.frame.parentWidget()
    assert dock is not None
    dock.hide()
    assert not second.is_showing
    second.scene.camera.set_pose(ELSEWHERE)
    seen = console.first.viewport.frame_times.n_frames
    console.session.selection_changed.emit(console.session.selection)
    console.first.viewport.request_frame()
    qtbot.waitUntil(lambda: console.first.viewport.frame_times.n_frames > seen)
    assert second.viewport.frame_times.n_frames == before
    assert console.panes.share(console.panes.active) > 0


@pytest.mark.display
def test_views_share_the_time_the_active_one_first(console: Console, qtbot: QtBot) -> None:
    panes = console.panes
    assert panes.share(console.first) == pytest.approx(SOFTWARE_MOTION_SHARE)
    second = open_second(console, qtbot)
    third = open_second(console, qtbot)
    shares = {pane.name: panes.share(pane) for pane in (console.first, second, third)}
    assert panes.active is third
    assert shares["View 3"] > 2 * shares["View 2"]
    assert shares["View 2"] == shares["Main view"]
    assert sum(shares.values()) == pytest.approx(SOFTWARE_MOTION_SHARE)


@pytest.mark.display
def test_a_camera_is_followed_until_it_is_moved_by_hand(console: Console, qtbot: QtBot) -> None:
    second = open_second(console, qtbot)
    second.follow(console.first)
    console.first.scene.camera.set_pose(ELSEWHERE)
    qtbot.waitUntil(lambda: second.scene.camera.pose == ELSEWHERE)
    second.press_key("P")
    qtbot.waitUntil(lambda: not second.scene.camera.is_flying)
    qtbot.waitUntil(lambda: second.scene.camera.pose.focal_m[0] == ELSEWHERE.focal_m[0])
    assert second.leader is console.first
    assert second.scene.camera.pose.azimuth_rad == 0.0  # a plan stays one
    second.scene.camera.pan_by_px(50.0, 0.0)
    qtbot.waitUntil(lambda: second.leader is None)
    assert second.scene.camera.pose.focal_m[0] > ELSEWHERE.focal_m[0]
    second.follow(console.first)
    console.session.fly_to_requested.emit((5.0, 5.0, 0.0, 200.0))
    assert second.leader is None  # to be taken somewhere ends it too


@pytest.mark.display
def test_a_view_behind_live_shows_what_was(console: Console, qtbot: QtBot) -> None:
    session, slot = console.session, np.array([0])

    def tell(value: float) -> None:
        now_ns = console.clock.now_ns()
        session.observations.add(
            slot, np.array([now_ns]), np.array([value]), np.zeros(1, np.uint8), now_ns
        )
        console.past.note()

    tell(1.0)
    console.clock.ahead_ns += 60 * NS_PER_S
    tell(2.0)
    second = open_second(console, qtbot)
    second.set_behind(40 * NS_PER_S)

    def value(pane: CityPane) -> float:
        given = pane.driver.given
        if given is None or given.observations is None:
            return float("nan")
        return float(given.observations.values[0])

    qtbot.waitUntil(lambda: value(second) == 1.0)
    qtbot.waitUntil(lambda: value(console.first) == 2.0)
    assert second.driver.behind_ns == 40 * NS_PER_S
    second.set_behind(500 * NS_PER_S)  # farther than anything is kept
    assert 59 * NS_PER_S < second.driver.behind_ns < 70 * NS_PER_S
    second.bar.live_requested.emit(None)
    assert second.driver.behind_ns == 0
    qtbot.waitUntil(lambda: value(second) == 2.0)


def test_a_moment_is_as_wide_as_the_catalogue_of_now() -> None:
    """A datastream announced within the second in which a moment was taken has its place too."""
    clock = SteppedClock()
    session = small_session(clock, city_of_boxes())
    past = SharedPast(session)
    t_ns = clock.now_ns()
    n_before = len(past.at(t_ns).observations.values)
    session.observations.announce(
        Announcement(
            source="late",
            epoch="e",
            things=(Thing(id="late", name="Late", kind="loop", xyz=(0.0, 0.0, 0.0)),),
            datastreams=(
                Datastream(
                    index=0, id="late/flow", thing_id="late", observed_property="flow", unit="1"
                ),
            ),
        )
    )
    assert len(past.at(t_ns).observations.values) == n_before + 1


@pytest.mark.display
def test_closing_a_view_harms_nobody(console: Console, qtbot: QtBot) -> None:
    second = open_second(console, qtbot)
    console.first.follow(second)
    console.session.colour_city_by("height_m")
    second.bar.close_requested.emit(None)
    assert console.panes.all == (console.first,)
    assert console.panes.active is console.first
    assert console.first.leader is None
    assert console.session.colour_by == ""
    assert second.viewport.render_window is None
    seen = console.first.viewport.frame_times.n_frames
    console.first.scene.camera.set_pose(ELSEWHERE)
    qtbot.waitUntil(lambda: console.first.viewport.frame_times.n_frames > seen)
    held = console.first.scene.budget.held
    assert sum(n for name, n in held.items() if name.startswith("view")) == 0


@pytest.mark.display
def test_a_view_floats_over_a_screen_and_comes_back(console: Console, qtbot: QtBot) -> None:
    second = open_second(console, qtbot)
    screen = QApplication.primaryScreen()
    assert console.docks.toggle_full_screen()
    dock = second.frame.parentWidget()
    assert dock is not None
    qtbot.waitUntil(lambda: dock.size() == screen.size())
    seen = second.viewport.frame_times.n_frames
    qtbot.waitUntil(lambda: second.viewport.frame_times.n_frames > seen, timeout=15_000)
    assert console.docks.back_out()
    assert not dock.isWindow()
    assert not console.docks.back_out()
    seen = second.viewport.frame_times.n_frames
    second.scene.camera.set_pose(ELSEWHERE)
    qtbot.waitUntil(lambda: second.viewport.frame_times.n_frames > seen, timeout=15_000)


@pytest.mark.display
def test_actions_and_menus_reach_every_view(console: Console, qtbot: QtBot) -> None:
    table = ActionTable()
    console.docks.add_actions(table)
    assert table.run("view.new_plan")
    (plan,) = [pane for pane in console.panes.all if pane is not console.first]
    assert plan.name == "Plan 2"
    assert plan.scene.camera.is_plan
    qtbot.waitUntil(lambda: plan.is_showing)
    table.run("view.next")
    assert console.panes.active is console.first
    assert not table.run("view.close")  # the first view stays
    table.run("view.next")
    menu = QMenu()
    plan.bar.menu_requested.emit(menu)
    texts = [a.text() for a in menu.actions()]
    assert "Plan, north up" in texts
    assert "Close Plan 2" in texts
    follow = next(a.menu() for a in menu.actions() if a.text() == "Follow the camera of")
    assert isinstance(follow, QMenu)
    assert [a.text() for a in follow.actions()] == ["No other view", "Main view"]
    console.past.note()
    console.clock.ahead_ns += 25 * NS_PER_S
    console.past.note()
    table.run("view.earlier")
    assert plan.look.behind_ns == pytest.approx(10 * NS_PER_S, abs=NS_PER_S)
    assert table.run("view.live")
    assert plan.look.behind_ns == 0
    assert table.run("view.close")
    assert console.panes.all == (console.first,)
    menu.deleteLater()


@pytest.mark.display
def test_the_wall_fills_an_area_and_gives_it_back(
    console: Console, qtbot: QtBot, tmp_path: Path
) -> None:
    console.wall.enter(QRect(0, 0, 1200, 400))
    left, right = console.wall.shown
    assert right.scene.camera.is_plan
    assert not console.area.isVisible()
    for pane in (left, right):
        qtbot.waitUntil(lambda one=pane: one.viewport.frame_times.n_frames > 0, timeout=15_000)
        assert pane.viewport.width() == 600
    seen = console.first.viewport.frame_times.n_frames
    picture = console.wall.grab()
    assert (picture.width(), picture.height()) == (1200, 400)
    columns = {picture.pixel(x, 200) for x in range(610, 1190, 7)}
    assert len(columns) > 2
    assert console.first.viewport.frame_times.n_frames == seen
    window = left.frame.window()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not console.wall.is_on)
    assert console.area.isVisible()
    assert console.panes.all == (console.first,)


@pytest.mark.display
def test_a_view_is_dressed_as_its_bookmark_says(console: Console) -> None:
    straight = Pose(
        focal_m=(1.0, 2.0, 0.0), distance_m=300.0, azimuth_rad=0.0, elevation_rad=np.pi / 2
    )
    dress(
        console.first,
        Bookmark(
            name="A", pose=straight, colour_by="height_m", layers={"compass": False, "?": True}
        ),
    )
    assert console.first.scene.camera.is_plan
    assert console.first.look.colour_by == "height_m"
    assert not console.first.scene.is_layer_visible("compass")
    dress(console.first, Bookmark(name="B", pose=ELSEWHERE))
    assert console.first.scene.camera.pose == ELSEWHERE
    assert not console.first.scene.camera.is_plan


def test_a_wide_desktop_is_two_monitors() -> None:
    wide, tall = QRect(0, 0, 3840, 1080), QRect(3840, 0, 1080, 1920)
    assert parts_of([wide]) == [QRect(0, 0, 1920, 1080), QRect(1920, 0, 1920, 1080)]
    assert parts_of([QRect(0, 0, 2560, 1440)]) == [QRect(0, 0, 2560, 1440)]
    assert parts_of([wide, tall]) == [wide, tall]


def test_how_far_behind_is_told_in_minutes_and_seconds() -> None:
    assert behind_text(0) == ""
    assert behind_text(40 * NS_PER_S) == "00:40 behind live"
    assert behind_text(615 * NS_PER_S) == "10:15 behind live"


def test_a_pose_is_kept_in_numbers_that_can_be_written() -> None:
    turned = Pose(
        focal_m=(np.float64(1.0), 2.0, np.float32(3.0)),  # type: ignore[arg-type]
        distance_m=np.float64(200.0),
        azimuth_rad=0.1,
        elevation_rad=np.radians(36.0),
    )
    assert msgspec.json.decode(msgspec.json.encode(kept_pose(turned)), type=Pose) == turned
