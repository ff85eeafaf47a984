"""Duty in a real window with a real hub: Ada's console on one side, Ben's client on the other."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from tests.viewer.desk_rig import *  # noqa: F403
from tests.viewer.desk_rig import BEN
from twin.analysis.pose import Pose
from twin.link.client import HubClient
from twin.link.presence import Look
from twin.room.parts.seats import Seats
from twin.room.parts.stage import Stage
from twin.sense.model import Announcement, Unit
from twin.session import Selection
from viewer.desk import Desk
from widgets.stage_button import StageButton
from widgets.view_notice import ViewNotice

pytestmark = pytest.mark.display
WAIT_MS = 15_000


def notice_of(desk: Desk) -> ViewNotice:
    return desk.window.findChild(ViewNotice)


def step(notice: ViewNotice, words: str) -> QPushButton:
    return next(b for b in notice.findChildren(QPushButton) if b.text() == words)


def test_a_stage_set_elsewhere_stands_in_the_top_bar(
    desk: Desk, ben: HubClient, qtbot: QtBot
) -> None:
    button = desk.window.top_bar.findChild(StageButton)
    assert button.text() == "1 Normal"
    ben.act("stage.set", {"level": 4, "expected": 1, "reason": "Storm"})
    qtbot.waitUntil(lambda: button.text().startswith("4 Severe"), timeout=WAIT_MS)
    assert desk.session.hub.room[Stage].newest.by.name == "Ben"  # type: ignore[union-attr]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not desk.window.docks["stage"].isHidden()
    qtbot.waitUntil(lambda: button.text() == "4 Severe → 1", timeout=WAIT_MS)


def test_a_handover_of_the_shift_is_said(desk: Desk, ben: HubClient, qtbot: QtBot) -> None:
    ben.act("shift.hand_over", {"id": "h1", "to_console": "console-Ada", "text": "Quiet"})
    words = "Ben (fire) hands the shift over"
    labels = desk.window.toast.findChildren(QLabel)
    qtbot.waitUntil(lambda: any(words in label.text() for label in labels), timeout=WAIT_MS)


def test_the_view_goes_along_with_a_unit_until_it_is_moved(desk: Desk, qtbot: QtBot) -> None:
    session, clock = desk.session, desk.session.clock
    unit = Unit(index=0, id="amb-1", name="Ambulance 1", kind="ambulance")
    session.units.announce(Announcement(source="test", epoch="e", units=(unit,)))
    place = np.array([[0.0, 0.0, 0.0]], np.float32)

    def drive(east: float) -> None:
        place[0, 0] = east
        now_ns = clock.now_ns()
        heading = np.full(1, np.nan, np.float32)
        session.units.add(np.array([0]), np.array([now_ns]), place, heading, now_ns)

    drive(0.0)
    session.select(Selection(unit_id="amb-1"))
    desk.window.actions_table.run("view.follow")
    pane = desk.views.panes.active

    def is_with_it() -> bool:
        drive(80.0)
        return abs(pane.scene.camera.pose.focal_m[0] - 80.0) < 5.0

    qtbot.waitUntil(is_with_it, timeout=WAIT_MS)
    assert pane.driver.leader is not None
    pane.scene.camera.home(animated=False)
    qtbot.waitUntil(lambda: pane.driver.leader is None, timeout=WAIT_MS)


def test_a_workspace_is_taken_over_with_one_click(desk: Desk, ben: HubClient, qtbot: QtBot) -> None:
    pose = Pose(focal_m=(10.0, 20.0, 0.0), distance_m=150.0, azimuth_rad=1.0, elevation_rad=0.7)
    feature = str(desk.session.city.features.ids[3])
    incident = {"id": "i1", "title": "Water in Mill Lane", "kind": "flood", "severity": "severe"}
    ben.act("incident.open", incident)
    body: dict[str, Any] = {
        "id": "w1", "to": "console-Ada", "workspace": "incidents", "text": "Mill Lane",
        "look": msgspec.to_builtins(Look.of(pose)),
        "panels": ["activity", "units", "sensors", "incidents"], "feature_ids": [feature],
        "filters": {"sensors": '{"words": "pump"}'}, "incident": "i1",
    }  # fmt: skip
    ben.act("workspace.offer", body)
    notice = notice_of(desk)
    said = "Ben (fire) hands a workspace over: Mill Lane"
    qtbot.waitUntil(lambda: said in notice.words(), timeout=WAIT_MS)
    qtbot.mouseClick(step(notice, "Take it over"), Qt.MouseButton.LeftButton)
    window = desk.window
    qtbot.waitUntil(lambda: window.workspace == "incidents", timeout=WAIT_MS)
    shown = {name for name, dock in window.docks.items() if not dock.isHidden()}
    assert shown == {"activity", "units", "sensors", "incidents"}
    assert window.docks["sensors"].panel.text.text() == "pump"  # type: ignore[union-attr]
    assert desk.session.selection == Selection(feature=3)
    assert desk.session.incident == "i1"
    told = [label.text() for label in window.docks["incidents"].findChildren(QLabel)]
    assert any("Water in Mill Lane" in text for text in told)
    camera = desk.views.panes.active.scene.camera
    qtbot.waitUntil(
        lambda: (
            math.dist(camera.pose.focal_m, pose.focal_m) < 1.0
            and abs(camera.pose.distance_m - 150.0) < 1.0
        ),
        timeout=WAIT_MS,
    )

    def ben_knows() -> bool:
        ben.poll()
        return not ben.room[Seats].offers and ben.room.activity[-1].kind == "workspace.taken"

    qtbot.waitUntil(ben_knows, timeout=WAIT_MS)
    assert ben.room.activity[-1].actor == "Ada (traffic)"


def test_a_workspace_is_handed_over_and_its_giver_is_told(
    desk: Desk, ben: HubClient, qtbot: QtBot
) -> None:
    said: list[str] = []
    desk.session.message.connect(said.append)
    desk.session.select(Selection(feature=2))
    desk.window.docks["sensors"].panel.text.setText("gate")  # type: ignore[union-attr]
    desk.window.together.hand_over_requested.emit(BEN)

    def arrived() -> bool:
        ben.poll()
        return bool(ben.room[Seats].offers)

    qtbot.waitUntil(arrived, timeout=WAIT_MS)
    (offer,) = ben.room[Seats].offers.values()
    assert (offer.to, offer.workspace) == (BEN, "overview")
    assert offer.feature_ids == (str(desk.session.city.features.ids[2]),)
    assert offer.filters == {"sensors": '{"words": "gate"}'}
    assert "sensors" in offer.panels
    assert offer.look is not None
    ben.act("workspace.take", {"id": offer.id})
    told = "Ben (fire) has taken over your workspace"
    qtbot.waitUntil(lambda: told in said, timeout=WAIT_MS)


def test_who_comes_too_late_is_told(desk: Desk, ben: HubClient, qtbot: QtBot) -> None:
    said: list[str] = []
    desk.session.message.connect(said.append)
    ben.act("workspace.offer", {"id": "w1", "workspace": "review"})
    qtbot.waitUntil(lambda: bool(desk.window.together.offers), timeout=WAIT_MS)
    (offer,) = desk.window.together.offers
    ben.act("workspace.withdraw", {"id": "w1"})
    qtbot.waitUntil(lambda: not desk.window.together.offers, timeout=WAIT_MS)
    desk.window.together.offer_answered.emit((offer, True))
    qtbot.waitUntil(lambda: any("Somebody else has taken it" in s for s in said), timeout=WAIT_MS)
    assert desk.window.workspace == "overview"
