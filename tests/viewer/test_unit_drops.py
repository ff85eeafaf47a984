"""Units are dropped on the sign of an incident in the view: a real hub, a real window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.viewer.desk_rig import *  # noqa: F403
from twin.link.client import HubClient
from twin.room.parts.incidents import Incident, Incidents
from viewer.desk import Desk
from widgets.parts.unit_drag import drag_of_units
from widgets.viewport import Viewport

pytestmark = pytest.mark.display
WAIT_MS = 20_000
FIRE = {"id": "i1", "title": "Fire", "kind": "fire", "severity": "severe", "xyz": [30.0, 30.0, 0.0]}


@pytest.fixture
def fire(desk: Desk, ben: HubClient, qtbot: QtBot) -> Incident:
    """An open incident that both consoles know."""
    ben.act("incident.open", dict(FIRE))
    room = desk.session.hub
    qtbot.waitUntil(lambda: "i1" in room.room[Incidents].by_id, timeout=WAIT_MS)
    found = desk.session.hub.room[Incidents].by_id.get("i1")
    assert found is not None
    return found


def viewport_of(desk: Desk) -> Viewport:
    return next(one for one in desk.window.findChildren(Viewport) if one.isVisible())


def sign_of(desk: Desk, qtbot: QtBot) -> QPoint:
    """Where the incident's sign is in the view, once it is drawn."""
    scene, view = desk.main_scene, viewport_of(desk)
    spot: list[QPoint] = []

    def is_found() -> bool:
        placed = scene._layers._entries["incidents"].visual._placed.get("i1")
        if placed is None:
            return False
        x, y = scene.pixel_from_local(tuple(placed.anchor_m))
        pick = scene.pick(x, y)
        ratio = view.devicePixelRatioF()
        spot[:] = [QPoint(round(x / ratio), round(y / ratio))]
        return pick is not None and pick.incident_id == "i1"

    qtbot.waitUntil(is_found, timeout=WAIT_MS)
    return spot[0]


def let_fall(view: Viewport, at: QPoint, *unit_ids: str) -> tuple[bool, bool]:
    """Drag units there and let go; whether the place would take them, and whether it did."""
    carried, copy = drag_of_units(unit_ids), Qt.DropAction.CopyAction
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enters = QDragEnterEvent(at, copy, carried, left, none)
    QApplication.sendEvent(view, enters)
    over = QDragMoveEvent(at, copy, carried, left, none)
    QApplication.sendEvent(view, over)
    fallen = QDropEvent(QPointF(at), copy, carried, left, none)
    QApplication.sendEvent(view, fallen)
    return over.isAccepted(), fallen.isAccepted()


def test_units_fall_on_a_sign_and_nowhere_else(
    desk: Desk, ben: HubClient, fire: Incident, qtbot: QtBot
) -> None:
    view, at = viewport_of(desk), sign_of(desk, qtbot)
    assert let_fall(view, QPoint(5, 5), "u-1") == (False, False), "that is sky"
    assert let_fall(view, at, "u-1", "u-2") == (True, True)

    def units() -> dict[str, str]:
        ben.poll()
        incident = ben.room[Incidents].by_id.get(fire.id)
        return {one.unit_id: one.status for one in incident.units} if incident else {}

    wanted = {"u-1": "assigned", "u-2": "assigned"}
    qtbot.waitUntil(lambda: units() == wanted, timeout=WAIT_MS)
    said: list[str] = []
    desk.session.message.connect(said.append)
    in_room = desk.session.hub
    qtbot.waitUntil(
        lambda: len(getattr(in_room.room[Incidents].by_id.get("i1"), "units", ())) == 2,
        timeout=WAIT_MS,
    )
    assert let_fall(view, at, "u-1") == (True, True)
    assert said == ["It works on Fire already"]
