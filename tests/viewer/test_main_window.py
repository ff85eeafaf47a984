"""The window: workspaces, docks that fail alone, themes, layouts, and nothing left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListView, QPushButton, QVBoxLayout
from pytestqt.qtbot import QtBot

from tests.viewer.console_parts import ToldHub, small_session
from tests.viewer.window_rig import PANELS, Console, make, show, shown_panels
from twin.clock import SystemClock
from twin.session import NOTHING, ComposeRequest, Selection
from twin.theme import load_theme
from viewer.dock_layout import dock_sizes
from viewer.figures import FigureTaker, memory_mb
from viewer.settings import Settings
from widgets.frame_times import FrameTimes
from widgets.viewport import Viewport

__all__ = ["make"]  # the fixture


def test_workspaces_open_what_they_need(make: Callable[[], Console], qtbot: QtBot) -> None:
    window = show(make(), qtbot)
    assert shown_panels(window) == {"layers", "sensors", "inspector", "commands"}
    window.show_workspace("command")
    assert shown_panels(window) == {"inspector", "commands", "activity"}
    qtbot.keyClick(window, Qt.Key.Key_3)
    assert window.workspace == "incidents"
    assert shown_panels(window) == {"inspector", "commands", "activity"}
    qtbot.keyClick(window, Qt.Key.Key_5)
    assert window.workspace == "review"
    assert shown_panels(window) == {"inspector", "activity"}
    qtbot.keyClick(window, Qt.Key.Key_4)
    assert window.workspace == "command"
    qtbot.keyClick(window, Qt.Key.Key_2)
    assert window.workspace == "monitor"
    assert shown_panels(window) == {name for name, _area in PANELS}


def test_a_floating_panel_is_seen_apart_and_taken_back(
    make: Callable[[], Console], qtbot: QtBot
) -> None:
    window = show(make(), qtbot)
    dock = window.docks["inspector"]
    was_at = dock.mapToGlobal(QPoint(0, 0))
    window.float_panel("inspector")
    assert dock.isFloating()
    assert dock.pos() != was_at
    window.reset_layout()
    assert not dock.isFloating()
    assert not dock.isWindow()
    assert shown_panels(window) == {"layers", "sensors", "inspector", "commands"}
    window.float_panel("inspector")
    window.float_panel("inspector")
    assert not dock.isFloating()


def test_a_layout_is_remembered_for_each_workspace(
    make: Callable[[], Console], qtbot: QtBot
) -> None:
    first = make()
    window = show(first, qtbot)
    window.docks["layers"].close()
    window.show_workspace("monitor")
    assert not window.docks["layers"].isHidden()
    window.docks["activity"].close()
    first.close()
    second = make()
    window = second.open()
    window.show()
    assert window.workspace == "monitor"
    assert window.docks["activity"].isHidden()
    assert not window.docks["layers"].isHidden()
    window.show_workspace("overview")
    assert window.docks["layers"].isHidden()
    window.reset_layout()
    assert not window.docks["layers"].isHidden()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (3840, 2160)])
def test_the_view_keeps_its_share(
    make: Callable[[], Console], qtbot: QtBot, width: int, height: int
) -> None:
    console = make()
    window = show(console, qtbot, width, height)
    for workspace in ("overview", "monitor", "incidents", "command", "review"):
        window.show_workspace(workspace)
        window.reset_layout()
        qtbot.waitUntil(lambda: console.view.width() >= 0.45 * window.width())
    left, right, _bottom = dock_sizes(width, height)
    assert left + right <= 0.5 * width


def test_the_inspector_has_the_larger_part_of_its_column(
    make: Callable[[], Console], qtbot: QtBot
) -> None:
    window = show(make(), qtbot, 1920, 1080)
    inspector, commands = window.docks["inspector"], window.docks["commands"]
    qtbot.waitUntil(lambda: 1.1 < inspector.height() / commands.height() < 1.35)


def test_a_window_made_small_narrows_its_docks(make: Callable[[], Console], qtbot: QtBot) -> None:
    console = make()
    window = show(console, qtbot, 1920, 1080)
    docks = [window.docks["layers"], window.docks["inspector"]]
    window.resizeDocks(docks, [400, 400], Qt.Orientation.Horizontal)
    window.resize(1280, 720)
    qtbot.waitUntil(lambda: console.view.width() >= 0.45 * window.width())


def test_a_panel_that_cannot_be_made_harms_nobody(
    make: Callable[[], Console], qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    console = make()
    console.logs["sensors"].fail_making = True
    window = show(console, qtbot)
    dock = window.docks["sensors"]
    assert dock.failure == "Sensors stopped: no such table"
    assert "The panel failed: sensors" in caplog.text
    qtbot.waitUntil(
        lambda: console.logs["layers"].refreshed + console.logs["inspector"].refreshed > 1
    )
    console.logs["sensors"].fail_making = False
    retry = dock.widget().findChild(QPushButton)
    qtbot.mouseClick(retry, Qt.MouseButton.LeftButton)
    assert dock.failure == ""
    assert console.logs["sensors"].made == 1
    dock.raise_()
    qtbot.waitUntil(lambda: console.logs["sensors"].refreshed > 0)


def test_a_panel_that_fails_later_is_replaced_by_a_sentence(
    make: Callable[[], Console], qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    console = make()
    window = show(console, qtbot)
    qtbot.waitUntil(lambda: console.logs["inspector"].refreshed > 0)
    console.logs["inspector"].fail_refreshing = True
    dock = window.docks["inspector"]
    qtbot.waitUntil(lambda: dock.failure != "")
    assert console.logs["inspector"].released == 1
    words = " ".join(label.text() for label in dock.widget().findChildren(QLabel))
    assert "Inspector stopped: the query failed" in words
    before = console.logs["layers"].refreshed
    qtbot.waitUntil(lambda: console.logs["layers"].refreshed > before)
    assert sum("The panel failed" in r.message for r in caplog.records) == 1


def test_only_panels_in_front_are_refreshed(make: Callable[[], Console], qtbot: QtBot) -> None:
    console = make()
    window = show(console, qtbot)
    window.show_panel("layers")
    qtbot.waitUntil(lambda: console.logs["layers"].refreshed > 0)
    window.show_panel("sensors")
    qtbot.waitUntil(lambda: console.logs["sensors"].refreshed > 0)
    seen = console.logs["layers"].refreshed
    before = console.logs["sensors"].refreshed
    qtbot.waitUntil(lambda: console.logs["sensors"].refreshed >= before + 3)
    assert console.logs["layers"].refreshed == seen
    assert console.logs["activity"].refreshed == 0


def test_keys_menus_and_find_come_from_one_table(make: Callable[[], Console], qtbot: QtBot) -> None:
    console = make()
    window = show(console, qtbot)
    qtbot.keyClick(window, Qt.Key.Key_F)
    qtbot.keyClick(window, Qt.Key.Key_Home)
    assert console.view.keys == ["F", "Home"]
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.find_box.isVisible()
    line = window.find_box.findChild(QLineEdit)
    flights: list[tuple[float, float, float, float]] = []
    console.session.fly_to_requested.connect(flights.append)
    line.setText("harbour")
    qtbot.waitUntil(lambda: len(window.find_box.results()) >= 2)
    headings = [found.group.heading for found in window.find_box.results()]
    assert headings[:2] == ["Places", "Sensors and equipment"]
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert flights == [(10.0, 20.0, 0.0, 300.0)]
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    line.setText("pump 3")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert console.session.selection == Selection(thing_id="pump.3")
    for query, wanted in (("House 7", Selection(feature=7)), ("ambu", Selection(unit_id="amb.1"))):
        window.find_box.open()
        line.setText(query)
        qtbot.keyClick(line, Qt.Key.Key_Return)
        assert console.session.selection == wanted
    titles = {action.title for action in window.actions_table}
    assert {"Show Layers", "Workspace Monitor", "Switch between light and dark"} <= titles


def test_escape_backs_out_step_by_step(make: Callable[[], Console], qtbot: QtBot) -> None:
    console = make()
    window = show(console, qtbot)
    console.session.select(Selection(feature=3))
    console.session.message.emit("The pump does not answer")
    assert window.toast.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.toast.isVisible()
    assert console.session.selection == Selection(feature=3)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert console.session.selection == NOTHING


def test_home_in_a_list_stays_in_the_list(make: Callable[[], Console], qtbot: QtBot) -> None:
    console = make()
    window = show(console, qtbot)
    listing = QListView()
    panel = window.docks["inspector"].panel
    assert panel is not None
    layout = panel.layout()
    assert isinstance(layout, QVBoxLayout)
    layout.addWidget(listing)
    listing.show()
    listing.setFocus()
    qtbot.keyClick(listing, Qt.Key.Key_Home)
    assert console.view.keys == []


def test_a_wish_for_a_command_brings_the_commands_panel(
    make: Callable[[], Console], qtbot: QtBot
) -> None:
    console = make()
    window = show(console, qtbot)
    window.docks["commands"].close()
    console.session.compose(ComposeRequest(target_id="pump.3"))
    assert not window.docks["commands"].isHidden()


def test_themes_change_and_are_remembered(make: Callable[[], Console], qtbot: QtBot) -> None:
    console = make()
    window = show(console, qtbot)
    told: list[str] = []
    window.theme_changed.connect(lambda theme: told.append(theme.name))
    window.toggle_theme()
    assert told == ["dark"]
    dark = window.grab().toImage().pixelColor(300, 8)
    window.toggle_theme()
    light = window.grab().toImage().pixelColor(300, 8)
    assert dark.lightness() < 60 < 200 < light.lightness()
    window.toggle_theme()
    console.close()
    assert Settings(console.settings.path).theme == "dark"


def test_a_drill_and_a_replay_have_frame_and_word(
    make: Callable[[], Console], qtbot: QtBot
) -> None:
    window = show(make(), qtbot)
    seen = {}
    for frame in ("drill", "replay", "live"):
        window.set_frame(frame)  # type: ignore[arg-type]
        words = " ".join(label.text() for label in window.top_bar.findChildren(QLabel))
        assert (frame.upper() in words) == (frame != "live")
        picture = window.grab().toImage()
        seen[frame] = picture.pixelColor(1, picture.height() // 2).name()
    assert len(set(seen.values())) == 3
    assert seen["drill"] == load_theme("light").frame["drill"].lower()


def test_a_lost_hub_and_stale_sensors_are_shown(make: Callable[[], Console], qtbot: QtBot) -> None:
    console = make()
    now_ns = console.session.clock.now_ns()
    console.session.observations.add(
        np.array([0, 1]),
        np.array([now_ns - 600_000_000_000, now_ns]),
        np.array([1.2, 300.0]),
        np.zeros(2, np.uint8),
        now_ns,
    )
    window = show(console, qtbot)
    buttons = window.top_bar.findChildren(QPushButton)
    qtbot.waitUntil(lambda: "1 stale" in [b.text() for b in buttons])
    hub = console.session.hub
    assert isinstance(hub, ToldHub)
    hub.go_offline()

    def says_offline() -> bool:
        return any("OFFLINE" in label.text() for label in window.strip.findChildren(QLabel))

    qtbot.waitUntil(says_offline)


def test_closing_leaves_nothing_behind(make: Callable[[], Console], qtbot: QtBot) -> None:
    console = make()
    window = show(console, qtbot)
    window.docks["layers"].setFloating(True)
    order: list[str] = []
    window.closed.connect(lambda _n: order.append("closed"))
    window.close()
    assert order == ["closed"]
    assert console.view.is_closed
    assert {log.released for log in console.logs.values()} == {1}
    qtbot.waitUntil(lambda: console.bridge.jobs == ())
    assert console.bridge.n_timers == 0
    assert console.session.message.n_handlers == 0
    assert console.session.compose_requested.n_handlers == 0
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    window.close()
    assert order == ["closed"]


def test_figures_are_rates_over_the_time_between(qtbot: QtBot) -> None:
    session = small_session()
    taker = FigureTaker(session, FrameTimes())
    figures = taker.strip()
    assert figures.samples_per_s == 0
    assert figures.lag_ms is None
    assert figures.frame_ms is None
    assert taker.counts().n_pending == 0
    assert memory_mb() >= 0


@pytest.mark.display
def test_the_real_view_in_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    console = Console(tmp_path / "console.ini")
    view = Viewport(bridge=console.bridge, clock=SystemClock())
    view.renderer.SetBackground(0, 1, 0)
    console.view = type("", (), {"as_viewport": lambda _self: view})()  # type: ignore[assignment]
    window = show(console, qtbot, 1280, 720)
    qtbot.waitUntil(lambda: view.frame_times.n_frames > 0, timeout=15_000)
    assert view.width() >= 0.45 * window.width()
    picture = window.grab().toImage()
    middle = view.mapTo(window, view.rect().center())
    ratio = picture.devicePixelRatio()
    colour = picture.pixelColor(round(middle.x() * ratio), round(middle.y() * ratio))
    assert (colour.red(), colour.green(), colour.blue()) == (0, 255, 0)
    window.toggle_theme()
    console.close()
    assert view.render_window is None
    assert console.bridge.n_timers == 0
    window.deleteLater()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setStyleSheet("")
