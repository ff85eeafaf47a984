"""A console's window over nine boxes, alone or beside Ben's bare client at one hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.twin.box_city import city_of_boxes
from tests.twin.hub_rig import console, running_hub
from twin.hub.server import Hub
from twin.link.client import HubClient
from twin.room.model import Operator
from twin.tiles.partition import tiles_from_asset
from viewer.city_source import LoadedCity
from viewer.desk import Desk
from viewer.settings import Settings

BEN = "console-Ben"
#: What one console does is at the other within this, on a busy machine too.
WAIT_MS = 15_000
_JOIN_MS = 30_000


def desk_of_boxes(endpoint: str, operator: Operator, tmp_path: Path, **more: Any) -> Desk:
    """A desk that is not shown yet."""
    boxes = city_of_boxes()
    return Desk(
        loaded=LoadedCity(asset=boxes, tiles=list(tiles_from_asset(boxes))),
        endpoint=endpoint,
        operator=operator,
        outbox_path=tmp_path / "outbox",
        settings=Settings(tmp_path / "console.ini"),
        **more,
    )


def put_away(desk: Desk) -> None:
    """Close a desk and leave nothing of it to the next test."""
    desk.close()
    desk.window.deleteLater()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setStyleSheet("")


@contextmanager
def ada_beside(ben: HubClient, qtbot: QtBot, tmp_path: Path, **more: Any) -> Iterator[Desk]:
    """Ada's window, joined to the hub of Ben's client when both see each other."""
    ada = Operator(name="Ada", department="traffic", console_id="console-Ada")
    made = desk_of_boxes(ben.status().endpoint, ada, tmp_path, **more)
    made.show(size=(1280, 760))

    def both_are_there() -> bool:
        ben.poll()
        return len(ben.room.operators) == 2 and len(made.session.hub.room.operators) == 2

    qtbot.waitUntil(both_are_there, timeout=_JOIN_MS)
    yield made
    put_away(made)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub with a journal on disk."""
    with running_hub(tmp_path / "journal.sqlite") as running:
        yield running


@pytest.fixture
def ben(hub: Hub, tmp_path: Path) -> Iterator[HubClient]:
    """Another operator's client."""
    with console(hub.addresses.control, tmp_path, "Ben", "fire") as client:
        yield client


@pytest.fixture
def desk(ben: HubClient, qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    """Ada's window beside Ben's client."""
    with ada_beside(ben, qtbot, tmp_path) as made:
        yield made
