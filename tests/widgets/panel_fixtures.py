"""Fixtures of the panel tests; imported by name into each test module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

from tests.widgets.hub_world import HubWorld
from tests.widgets.panel_world import World
from twin.theme import load_theme
from widgets.actions import ActionTable
from widgets.bridge import Bridge
from widgets.layer_list import LayerEntry, LayerList
from widgets.panel import PanelContext, panel_registry
from widgets.tool_list import ToolEntry, ToolList


@dataclass(frozen=True)
class SymbolsState:
    """Settings of a layer as `scenes` declares them."""

    size_px: float = field(
        default=14.0, metadata={"title": "Size", "unit": "px", "min": 8.0, "max": 32.0}
    )
    labels: bool = True
    most: int = field(default=120, metadata={"title": "Most labels", "min": 0, "max": 300})
    style: str = field(default="ring", metadata={"choices": ("ring", "pin")})


@dataclass(frozen=True)
class PlainState:
    """Settings of a layer that has none."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty session."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def full_world(world: World) -> World:
    """A session with a hundred datastreams and commands in every kind of state."""
    world.history()
    world.fill()
    world.together()
    return world


@pytest.fixture
def hub_world(tmp_path: Path) -> Iterator[HubWorld]:
    """A session whose hub is the real core, with three other people."""
    made = HubWorld(tmp_path)
    yield made
    made.close()


@pytest.fixture
def layers() -> LayerList:
    """Two layers."""
    return LayerList(
        [
            LayerEntry(id="buildings", title="Buildings", state=PlainState()),
            LayerEntry(id="symbols", title="Sensor symbols", state=SymbolsState()),
        ]
    )


def a_tool() -> ToolEntry:
    """A tool without settings."""
    return ToolEntry(
        id="level",
        title="Level",
        help="Whether it is level",
        icon="ruler",
        key="",
        kind="mode",
        state=PlainState(),
    )


@pytest.fixture
def context(request: Any, layers: LayerList, qapp: object) -> Iterator[PanelContext]:
    """What a panel is given; over `hub_world` where the test uses it, else over `world`."""
    of_hub = "hub_world" in request.fixturenames
    world = (
        request.getfixturevalue("hub_world").world if of_hub else request.getfixturevalue("world")
    )
    bridge = Bridge(world.clock)
    yield PanelContext(
        session=world.session,
        bridge=bridge,
        theme=load_theme("light"),
        actions=ActionTable(),
        layers=layers,
        tools=ToolList([a_tool()]),
    )
    bridge.close()


@pytest.fixture
def open_panel(context: PanelContext, qtbot: Any) -> Iterator[Callable[[str], Any]]:
    """Makes and shows panels by id; releases them at the end."""
    made: list[Any] = []

    def open_one(panel_id: str) -> QWidget:
        panel = panel_registry()[panel_id].create(context)
        qtbot.addWidget(panel)
        panel.resize(360, 640)
        panel.show()
        made.append(panel)
        return panel

    yield open_one
    for panel in made:
        panel.release()
