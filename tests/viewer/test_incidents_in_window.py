"""The panel of incidents in a window: opened from anywhere, and Esc is its own while it is open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.viewer.console_parts import PlainView, small_session
from tests.viewer.window_rig import ADA
from twin.room.parts.incidents import Incident, Incidents, Severity
from twin.session import Selection
from twin.theme import load_theme
from viewer.main_window import MainWindow
from viewer.settings import Settings
from widgets.bridge import Bridge
from widgets.panel import panel_registry
from widgets.panels.incidents import IncidentsPanel


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    session, bridge = small_session(), Bridge()
    made = MainWindow(
        session=session, bridge=bridge, theme=load_theme("light"),
        viewport=PlainView().as_viewport(), settings=Settings(tmp_path / "w.ini"), operator=ADA,
        panels=[panel_registry()[name] for name in ("incidents", "activity")],
    )  # fmt: skip
    made.resize(1280, 720)
    made.show()
    qtbot.waitExposed(made)
    made.show_workspace("overview")
    yield made
    made.close()
    bridge.close()


def panel_of(window: MainWindow) -> IncidentsPanel:
    panel = window.docks["incidents"].panel
    assert isinstance(panel, IncidentsPanel)
    return panel


def test_it_comes_by_name_by_place_and_by_a_click_on_a_sign(
    window: MainWindow, qtbot: QtBot
) -> None:
    dock = window.docks["incidents"]
    assert not dock.isVisible()
    assert window.actions_table.run("incident.new")
    qtbot.waitUntil(dock.isVisible)
    panel = panel_of(window)
    assert panel.form.isVisible()
    window.session.want_incident((3.0, 4.0, 0.0))
    assert "3 m east, 4 m north" in panel.form.place.text()
    panel.show_list()
    dock.hide()
    incident = Incident(
        id="i", title="Flood", kind="flood", severity=Severity.MINOR, opened_by=ADA, opened_ns=1
    )
    window.session.hub.room[Incidents].by_id.put(incident)
    window.session.inspect_incident("i")
    qtbot.waitUntil(dock.isVisible)
    assert panel.details.title.text() == "Flood"
    assert window.session.incident == "i"


def test_esc_leaves_the_incident_and_then_is_the_windows(window: MainWindow, qtbot: QtBot) -> None:
    incident = Incident(
        id="i", title="Flood", kind="flood", severity=Severity.MINOR, opened_by=ADA, opened_ns=1
    )
    window.session.hub.room[Incidents].by_id.put(incident)
    window.session.inspect_incident("i")
    panel = panel_of(window)
    window.session.select(Selection(thing_id="x"))
    window.activateWindow()
    panel.details.tabs.setFocus()
    qtbot.waitUntil(panel.details.tabs.hasFocus)
    qtbot.keyClick(panel.details.tabs, Qt.Key.Key_Escape)
    qtbot.waitUntil(panel.list.isVisible)
    assert window.session.selection.thing_id == "x", "the selection stays"
    qtbot.waitUntil(panel.list.hasFocus)
    qtbot.keyClick(panel.list, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.session.selection.is_empty)
