"""Further views are opened again as they were."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from scenes.pose import Pose
from tests.viewer.views_rig import Console, opened_console
from twin.city.style import CityStyle
from viewer.view_memory import open_views, views_text

ELSEWHERE = Pose(focal_m=(30.0, 20.0, 0.0), distance_m=240.0, azimuth_rad=0.9, elevation_rad=0.7)


@pytest.fixture
def console(qtbot: QtBot) -> Iterator[Console]:
    yield from opened_console(qtbot)


@pytest.mark.display
def test_views_come_back_with_place_camera_and_look(console: Console, qtbot: QtBot) -> None:
    docks, panes = console.docks, console.panes
    assert views_text(docks) == ""
    view, plan = docks.open(), docks.open(plan=True)
    for pane in (view, plan):
        qtbot.waitUntil(lambda one=pane: one.viewport.frame_times.n_frames > 0, timeout=15_000)
    view.scene.camera.set_pose(ELSEWHERE)
    view.scene.set_layer_visible("compass", False)
    view.look.style = CityStyle(filter="id = 'box-1'")
    plan.look.colour_by = "height_m"
    plan.follow(console.first)
    console.area.tabifyDockWidget(*(pane.frame.parentWidget() for pane in (view, plan)))  # type: ignore[arg-type]
    text = views_text(docks)
    docks.close_all()
    assert panes.all == (console.first,)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # as in another run
    open_views(text, docks, panes)
    view, plan = docks.docked
    assert (view.name, plan.name) == ("View 2", "Plan 3")
    assert view.scene.camera.pose == ELSEWHERE
    assert not view.scene.is_layer_visible("compass")
    assert view.look.style.filter == "id = 'box-1'"
    assert plan.scene.camera.is_plan
    assert plan.look.colour_by == "height_m"
    assert plan.leader is console.first
    assert panes.active is console.first
    tabs = console.area.tabifiedDockWidgets(view.frame.parentWidget())  # type: ignore[arg-type]
    assert [dock.objectName() for dock in tabs] == ["view.Plan 3"]
    assert docks.open().name == "View 4"  # names go on where they were


@pytest.mark.display
@pytest.mark.parametrize("text", ["", "{", '{"views": 3}', '{"views": [{"name": "x"}]}', "[]"])
def test_what_cannot_be_read_opens_nothing(console: Console, text: str) -> None:
    open_views(text, console.docks, console.panes)
    assert console.panes.all == (console.first,)
