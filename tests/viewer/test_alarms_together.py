"""Alarms between two operators of one hub: a real window here, a bare client there."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.viewer.desk_rig import *  # noqa: F403 - fixtures
from tests.viewer.desk_rig import WAIT_MS
from twin.link.client import HubClient
from twin.room.parts.alarms import Alarms, AlarmState
from viewer.desk import Desk

pytestmark = pytest.mark.display
ALARM = {
    "id": "high:pump-1", "title": "Level is high", "priority": "critical", "thing_name": "Pump 1",
    "xyz": [12.0, 3.0, 0.0], "response": "Start the second pump",
}  # fmt: skip


def state(client: HubClient) -> AlarmState | None:
    client.poll()
    alarm = client.room[Alarms].by_id.get("high:pump-1")
    return None if alarm is None else alarm.state


def panel_of(desk: Desk) -> Any:
    return desk.window.docks["alarms"].panel


def test_raised_there_acknowledged_here_and_seen_there(
    desk: Desk,
    ben: HubClient,
    qtbot: QtBot,
) -> None:
    ben.act("alarm.raise", {"alarms": [ALARM]})
    top = desk.window.top_bar.alarms
    qtbot.waitUntil(
        lambda: top.accessibleName() == "Alarms: 1 critical, 1 not acknowledged", timeout=WAIT_MS
    )
    qtbot.waitUntil(lambda: desk.views.main.driver.given.alarm_spots != (), timeout=WAIT_MS)
    assert state(ben) is AlarmState.UNACKNOWLEDGED
    top.click()
    qtbot.waitUntil(lambda: desk.window.docks["alarms"].is_showing, timeout=WAIT_MS)
    panel = panel_of(desk)
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1, timeout=WAIT_MS)
    desk.window.show_panel("alarms")
    assert panel.details.response.text() == "Start the second pump"
    QTest.keyClick(panel.table, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: state(ben) is AlarmState.ACKNOWLEDGED, timeout=WAIT_MS)
    alarm = ben.room[Alarms].by_id.get("high:pump-1")
    assert alarm is not None
    assert alarm.acked_by is not None
    assert alarm.acked_by.name == "Ada"
    qtbot.waitUntil(lambda: top.accessibleName() == "Alarms: 1 critical", timeout=WAIT_MS)
    ben.act("alarm.return", {"ids": ["high:pump-1"]})
    qtbot.waitUntil(lambda: top.accessibleName() == "No alarms", timeout=WAIT_MS)
    qtbot.waitUntil(lambda: panel.model.rowCount() == 0, timeout=WAIT_MS)


def test_a_click_on_the_spot_in_the_view_opens_the_alarm(
    desk: Desk,
    ben: HubClient,
    qtbot: QtBot,
) -> None:
    ben.act("alarm.raise", {"alarms": [ALARM]})
    qtbot.waitUntil(lambda: desk.views.main.driver.given.alarm_spots != (), timeout=WAIT_MS)
    qtbot.waitUntil(
        lambda: desk.views.main.viewport.frame_times.fps(desk.session.clock.monotonic_ns()) > 0
    )

    def is_hit() -> bool:
        pick = desk.views.main.scene.pick(*desk.views.main.scene.pixel_from_local((12.0, 3.0, 0.0)))
        return pick is not None and pick.alarm_id == "high:pump-1"

    qtbot.waitUntil(is_hit, timeout=WAIT_MS)
    desk.views.main.driver.picks.click(desk.views.main.scene.pixel_from_local((12.0, 3.0, 0.0)))
    assert desk.window.docks["alarms"].isVisible()
    panel = panel_of(desk)
    qtbot.waitUntil(
        lambda: [alarm.id for alarm in panel.details.alarms] == ["high:pump-1"], timeout=WAIT_MS
    )


def test_the_past_is_shown_as_it_was_and_back(
    desk: Desk,
    ben: HubClient,
    qtbot: QtBot,
) -> None:
    top, machine = desk.window.top_bar.alarms, desk.time.machine
    desk.window.show_panel("alarms")
    panel = panel_of(desk)
    ben.act("alarm.raise", {"alarms": [{**ALARM, "id": "first", "priority": "low"}]})
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1, timeout=WAIT_MS)
    between_ns = desk.session.clock.now_ns()
    qtbot.waitUntil(lambda: desk.session.clock.now_ns() > between_ns + 200_000_000)
    ben.act("alarm.raise", {"alarms": [ALARM]})
    now = "Alarms: 1 critical, 1 not acknowledged; 1 low, 1 not acknowledged"
    qtbot.waitUntil(lambda: top.accessibleName() == now, timeout=WAIT_MS)
    marks = desk.time.timeline.bar
    wanted = {("alarm", "low"), ("alarm", "critical")}
    qtbot.waitUntil(
        lambda: wanted <= {(mark.kind, mark.level) for mark in marks.marks}, timeout=WAIT_MS
    )
    machine.seek(between_ns)
    qtbot.waitUntil(
        lambda: top.accessibleName() == "Alarms: 1 low, 1 not acknowledged", timeout=WAIT_MS
    )
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1, timeout=WAIT_MS)
    machine.go_live()
    qtbot.waitUntil(lambda: top.accessibleName() == now, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: panel.model.rowCount() == 2, timeout=WAIT_MS)
