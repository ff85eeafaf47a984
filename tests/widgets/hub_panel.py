"""What the tests of one panel over the real core share: the world, and the panel shown in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from pytestqt.qtbot import QtBot

from tests.widgets.hub_world import HubWorld
from twin.theme import load_theme
from widgets.actions import ActionTable
from widgets.bridge import Bridge
from widgets.panel import PanelContext
from widgets.parts.panel_widget import PanelWidget

_P = TypeVar("_P", bound=PanelWidget)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[HubWorld]:
    """A session whose hub is the real core, with three other people."""
    made = HubWorld(tmp_path)
    yield made
    made.close()


@contextmanager
def shown(
    create: Callable[[PanelContext], _P],
    world: HubWorld,
    qtbot: QtBot,
    size: tuple[int, int] | None = None,
) -> Iterator[_P]:
    """A panel on the screen; released at the end."""
    bridge = Bridge(world.world.clock)
    context = PanelContext(
        session=world.session, bridge=bridge, theme=load_theme("light"), actions=ActionTable()
    )
    made = create(context)
    qtbot.addWidget(made)
    if size is not None:
        made.resize(*size)
    made.show()
    yield made
    made.release()
    bridge.close()
