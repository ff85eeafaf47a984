"""What a console shows first reaches the main view, or every view of the wall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from PySide6.QtCore import QRect
from pytestqt.qtbot import QtBot

from tests.viewer.views_rig import Console, opened_console
from viewer.city_pane import CityPane
from viewer.opening import LayerAsked, Opening, OpeningError, ToolAsked, opening_of
from viewer.opening_driver import OpeningDriver
from viewer.tool_driver import entries_of
from widgets.tool_list import ToolList
from widgets.view_list import ViewList

EYE = (-100.0, -200.0, 150.0, 10.0, 20.0, 0.0)


@pytest.fixture
def console(qtbot: QtBot) -> Iterator[Console]:
    yield from opened_console(qtbot)


def driver_of(console: Console, opening: Opening, said: list[object]) -> OpeningDriver:
    tools = ToolList()
    tools.fill(entries_of(console.first.scene))

    def shown() -> Sequence[CityPane]:
        return console.wall.shown or (console.first,)

    return OpeningDriver(
        opening,
        session=console.session,
        panes=console.panes,
        shown=shown,
        layers=console.layers,
        tools=tools,
        views=ViewList(),
        show_panel=said.append,
        compare=said.append,
    )


@pytest.mark.display
def test_all_views_of_the_wall_are_dressed(console: Console, qtbot: QtBot) -> None:
    console.wall.enter(QRect(0, 0, 1200, 400))
    left, plan = console.wall.shown
    for pane in (left, plan):
        qtbot.waitUntil(lambda one=pane: one.viewport.frame_times.n_frames > 0, timeout=15_000)
    said: list[object] = []
    opening = Opening(
        camera=EYE,
        layers=(LayerAsked("compass", shown=False),),
        tools=(ToolAsked("sun", settings=(("hour", "9"),)),),
        panels=("tools",),
    )
    driver = driver_of(console, opening, said)
    for _ in range(3):
        driver.step()
    assert driver.is_done
    for pane in (left, plan):
        assert not pane.scene.is_layer_visible("compass")
        assert pane.scene.tools.is_on("sun")
        assert pane.scene.tools.state("sun").hour == 9
        assert pane.scene.camera.pose.focal_m[:2] == (10.0, 20.0)
    assert plan.scene.camera.is_plan
    assert not left.scene.camera.is_plan
    assert console.first.scene.is_layer_visible("compass")
    assert console.panes.active is left
    assert said == ["tools"]


@pytest.mark.display
def test_the_main_view_alone_without_a_wall(console: Console) -> None:
    said: list[object] = []
    opening = Opening(layers=(LayerAsked("scale_bar", shown=False),), compare_s=30.0)
    driver_of(console, opening, said).step()
    assert not console.first.scene.is_layer_visible("scale_bar")
    assert said == [30.0]


def test_seconds_to_compare_are_checked() -> None:
    import argparse

    from viewer.opening import add_opening_arguments

    parser = argparse.ArgumentParser()
    add_opening_arguments(parser)
    assert opening_of(parser.parse_args(["--compare", "90"])).compare_s == 90.0
    with pytest.raises(OpeningError, match="0 to 600 seconds"):
        opening_of(parser.parse_args(["--compare", "-5"]))
