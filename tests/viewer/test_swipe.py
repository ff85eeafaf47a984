"""Before and after: one picture of two times or styles, with a line that is dragged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from scenes.pose import Pose
from tests.viewer.views_rig import Console, opened_console, wait_for_rest
from twin.city.style import PLAIN, CityStyle
from twin.clock import NS_PER_S
from viewer.city_pane import CityPane
from widgets.actions import ActionTable
from widgets.view_frame import BAR_PX

ELSEWHERE = Pose(focal_m=(30.0, 20.0, 0.0), distance_m=240.0, azimuth_rad=0.9, elevation_rad=0.7)
#: The line hides so many pixels on each side of it.
LINE_PX = 8


@pytest.fixture
def console(qtbot: QtBot) -> Iterator[Console]:
    yield from opened_console(qtbot)


def opened(console: Console, qtbot: QtBot) -> CityPane:
    for layer in ("compass", "scale_bar"):  # they have a place in each view
        console.first.scene.set_layer_visible(layer, False)
    console.swipe.toggle()
    left = console.swipe.left
    assert left is not None
    qtbot.waitUntil(lambda: left.viewport.frame_times.n_frames > 0, timeout=15_000)
    wait_for_rest(qtbot, console.first, left)
    return left


def drawn(view: QWidget) -> np.ndarray:
    """(H, W, 3) what a widget shows, its children too."""
    image = view.grab().toImage().convertToFormat(view.grab().toImage().Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


@pytest.mark.display
@pytest.mark.parametrize("plan", [False, True])
def test_one_picture_goes_on_in_the_other(console: Console, qtbot: QtBot, plan: bool) -> None:
    first = console.first
    left = opened(console, qtbot)
    cover = console.swipe.cover
    assert cover is not None
    first.scene.camera.set_pose(ELSEWHERE)
    first.scene.camera.set_plan(plan, animated=False)
    qtbot.waitUntil(lambda: left.scene.camera.is_flat == plan)
    for share in (0.3, 0.62):
        cover.set_share(share)
        left.frame.hide()
        wait_for_rest(qtbot, first)
        alone = drawn(first.viewport)
        left.frame.show()
        qtbot.waitUntil(left.viewport.isVisible)
        at = round(cover.share * first.viewport.width())
        half = np.s_[BAR_PX + 2 :, : at - LINE_PX]
        assert alone[half].std() > 10  # there is something to see

        def differing(alone: np.ndarray = alone, half: tuple[slice, slice] = half) -> float:
            away = np.abs(drawn(first.viewport)[half] - alone[half]).max(axis=2)
            return float((away > 24).mean())

        qtbot.waitUntil(lambda of=differing: of() < 0.01, timeout=10_000)


@pytest.mark.display
def test_the_left_half_keeps_its_style_while_the_right_takes_another(
    console: Console, qtbot: QtBot
) -> None:
    left = opened(console, qtbot)
    console.panes.activate(console.first)
    wait_for_rest(qtbot, console.first, left)
    plain = drawn(left.viewport)
    style = CityStyle(filter="id = 'box-1'")
    console.session.set_style(style)
    wait_for_rest(qtbot, console.first, left)
    assert (left.look.style, console.first.look.style) == (PLAIN, style)
    assert np.abs(drawn(left.viewport) - plain).max() < 24
    console.panes.activate(left)
    console.session.set_style(style)
    wait_for_rest(qtbot, console.first, left)
    assert np.abs(drawn(left.viewport) - plain).max() > 60


@pytest.mark.display
def test_the_left_half_shows_what_was(console: Console, qtbot: QtBot) -> None:
    session, slot = console.session, np.array([0])
    for value, ahead_s in ((1.0, 90), (2.0, 0)):
        now_ns = console.clock.now_ns()
        session.observations.add(
            slot, np.array([now_ns]), np.array([value]), np.zeros(1, np.uint8), now_ns
        )
        console.past.note()
        console.clock.ahead_ns += ahead_s * NS_PER_S
    console.past.note()
    left = opened(console, qtbot)

    def value(pane: CityPane) -> float:
        given = pane.driver.given
        seen = None if given is None else given.observations
        return float("nan") if seen is None else float(seen.values[0])

    assert left.driver.behind_ns == 60 * NS_PER_S
    qtbot.waitUntil(lambda: (value(left), value(console.first)) == (1.0, 2.0))
    menu = QMenu()
    left.bar.menu_requested.emit(menu)
    assert "00:30 behind live" in [action.text() for action in menu.actions()]
    left.bar.live_requested.emit(None)
    qtbot.waitUntil(lambda: value(left) == 2.0)
    menu.deleteLater()


def mouse(view: QWidget, kind: QEvent.Type, x: float, buttons: Qt.MouseButton) -> None:
    at = QPointF(x, 200.0)
    held = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(kind, at, at, Qt.MouseButton.LeftButton, buttons, held)
    QApplication.sendEvent(view, event)


@pytest.mark.display
def test_the_pointer_moves_one_camera_from_either_half(console: Console, qtbot: QtBot) -> None:
    left, first = opened(console, qtbot), console.first
    before = first.scene.camera.pose
    view = left.viewport.focusProxy()
    assert view is not None
    mouse(view, QEvent.Type.MouseButtonPress, 100.0, Qt.MouseButton.LeftButton)
    mouse(view, QEvent.Type.MouseMove, 160.0, Qt.MouseButton.LeftButton)
    mouse(view, QEvent.Type.MouseButtonRelease, 160.0, Qt.MouseButton.NoButton)
    assert first.scene.camera.pose != before
    qtbot.waitUntil(lambda: left.scene.camera.pose == first.scene.camera.pose)
    assert left.leader is first
    assert console.panes.active is left
    console.session.fly_to_requested.emit((5.0, 5.0, 0.0, 200.0))
    qtbot.waitUntil(lambda: first.scene.camera.pose.focal_m[:2] == (5.0, 5.0), timeout=10_000)
    qtbot.waitUntil(lambda: left.scene.camera.pose == first.scene.camera.pose)
    assert left.leader is first


@pytest.mark.display
def test_the_line_is_dragged_and_moved_by_keys(console: Console, qtbot: QtBot) -> None:
    left = opened(console, qtbot)
    cover, width = console.swipe.cover, console.first.viewport.width()
    assert cover is not None
    handle = cover.handle
    mouse(handle, QEvent.Type.MouseButtonPress, 5.0, Qt.MouseButton.LeftButton)
    mouse(handle, QEvent.Type.MouseMove, 105.0, Qt.MouseButton.LeftButton)
    assert cover.share == pytest.approx(0.5 + 100 / width, abs=0.01)
    mouse(handle, QEvent.Type.MouseMove, 5000.0, Qt.MouseButton.LeftButton)
    assert cover.share < 1.0  # the right half is not lost
    mouse(handle, QEvent.Type.MouseButtonRelease, 5.0, Qt.MouseButton.NoButton)
    share = cover.share
    qtbot.keyClick(handle, Qt.Key.Key_Left)
    assert cover.share < share
    assert left.frame.width() == round(cover.share * width)
    assert handle.accessibleName()


@pytest.mark.display
def test_it_ends_with_its_action_and_with_the_view_below(console: Console, qtbot: QtBot) -> None:
    table = ActionTable()
    console.swipe.add_actions(table)
    opened(console, qtbot)
    table.run("view.swipe")
    assert console.swipe.left is None
    assert console.panes.all == (console.first,)
    second = console.docks.open()
    qtbot.waitUntil(lambda: second.viewport.frame_times.n_frames > 0, timeout=15_000)
    table.run("view.swipe")
    assert len(console.panes.all) == 3
    console.docks.close_all()
    assert console.swipe.left is None
    assert console.panes.all == (console.first,)
    held = console.first.scene.budget.held
    assert sum(n for name, n in held.items() if name.startswith("view")) == 0
