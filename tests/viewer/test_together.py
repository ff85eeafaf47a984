"""Two operators of one hub: a real window on one side, a bare client on the other."""

from __future__ import annotations

import math

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.twin.hub_rig import CLOCK
from tests.viewer.desk_rig import *  # noqa: F403
from tests.viewer.desk_rig import BEN, WAIT_MS
from twin.analysis.pose import Pose
from twin.link.client import HubClient
from twin.link.presence import Look, PresenceState
from twin.room.parts.marks import Marks
from twin.room.parts.messages import Messages
from viewer.desk import Desk
from viewer.together_driver import listed
from widgets.view_notice import ViewNotice

pytestmark = pytest.mark.display


def pose(x: float = 30.0, azimuth: float = 0.8) -> Pose:
    return Pose(focal_m=(x, -20.0, 0.0), distance_m=180.0, azimuth_rad=azimuth, elevation_rad=0.7)


def show(ben: HubClient, at: Pose, **more) -> None:
    ben.show(PresenceState(look=Look.of(at), **more))


def words(desk: Desk) -> str:
    notice = desk.views.main.viewport.findChild(ViewNotice)
    assert notice is not None
    return " | ".join(notice.words())


def is_near(a: Pose, b: Pose) -> bool:
    return (
        math.dist(a.focal_m, b.focal_m) < 0.5
        and abs(a.distance_m - b.distance_m) < 1.0
        and abs(math.remainder(a.azimuth_rad - b.azimuth_rad, math.tau)) < 0.01
    )


def seen_of_ada(ben: HubClient) -> PresenceState:
    present = ben.presences.of("console-Ada", CLOCK.monotonic_ns())
    return PresenceState() if present is None else present.state


def test_the_other_one_sees_where_this_one_looks(desk: Desk, ben: HubClient, qtbot: QtBot) -> None:
    desk.views.main.scene.camera.set_pose(pose())
    qtbot.waitUntil(lambda: seen_of_ada(ben).look == Look.of(pose()), timeout=WAIT_MS)
    assert seen_of_ada(ben).pointer is None, "the pointer is one's own until it is shared"
    for x in (260, 300):
        qtbot.mouseMove(desk.views.main.viewport.focusProxy(), QPoint(x, 300))
    desk.window.actions_table.run("together.point")
    qtbot.waitUntil(lambda: seen_of_ada(ben).pointer is not None, timeout=WAIT_MS)
    assert "The others see your pointer" in words(desk)
    desk.window.actions_table.run("together.point")
    qtbot.waitUntil(lambda: seen_of_ada(ben).pointer is None, timeout=WAIT_MS)


def test_following_until_esc_or_the_view_is_moved(desk: Desk, ben: HubClient, qtbot: QtBot) -> None:
    camera, together = desk.views.main.scene.camera, desk.window.together
    show(ben, pose())
    qtbot.waitUntil(lambda: bool(desk.session.people()[0].look), timeout=WAIT_MS)
    together.follow_requested.emit(BEN)
    qtbot.waitUntil(lambda: is_near(camera.pose, pose()), timeout=WAIT_MS)
    assert words(desk) == "Following Ben (fire). Move the view or press Esc to leave"
    qtbot.waitUntil(lambda: seen_of_ada(ben).following == BEN, timeout=WAIT_MS)
    show(ben, pose(-30.0, -0.5))
    qtbot.waitUntil(lambda: is_near(camera.pose, pose(-30.0, -0.5)), timeout=WAIT_MS)
    desk.window.toast.dismiss()
    desk.window.back_out()
    qtbot.waitUntil(lambda: together.following is None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: seen_of_ada(ben).following == "", timeout=WAIT_MS)
    together.follow_requested.emit(BEN)
    qtbot.waitUntil(lambda: together.following is not None, timeout=WAIT_MS)

    def is_left_by_turning() -> bool:
        camera.turn(0.05, 0.0)
        return together.following is None

    qtbot.waitUntil(is_left_by_turning, timeout=WAIT_MS)
    assert words(desk) == ""


def test_who_is_followed_knows_it_and_shows_the_pointer(
    desk: Desk, ben: HubClient, qtbot: QtBot
) -> None:
    for x in (260, 300):
        qtbot.mouseMove(desk.views.main.viewport.focusProxy(), QPoint(x, 300))
    show(ben, pose(), following="console-Ada")
    qtbot.waitUntil(lambda: words(desk) == "Ben follows your view", timeout=WAIT_MS)
    qtbot.waitUntil(lambda: seen_of_ada(ben).pointer is not None, timeout=WAIT_MS)


def test_following_ends_when_the_other_leaves(desk: Desk, ben: HubClient, qtbot: QtBot) -> None:
    said: list[str] = []
    desk.session.message.connect(said.append)
    show(ben, pose())
    qtbot.waitUntil(lambda: bool(desk.session.people()[0].look), timeout=WAIT_MS)
    desk.window.together.follow_requested.emit(BEN)
    qtbot.waitUntil(lambda: desk.window.together.following is not None, timeout=WAIT_MS)
    ben.close()
    qtbot.waitUntil(lambda: desk.window.together.following is None, timeout=WAIT_MS)
    assert any("gone; your view stays where it is" in sentence for sentence in said)


def test_an_invitation_is_answered_once(desk: Desk, ben: HubClient, qtbot: QtBot) -> None:
    show(ben, pose(), call=7)
    qtbot.waitUntil(lambda: "Ben (fire) asks you to look there" in words(desk), timeout=WAIT_MS)
    (call,) = desk.window.together.calls
    desk.window.together.answer_requested.emit((call, True))
    qtbot.waitUntil(lambda: is_near(desk.views.main.scene.camera.pose, pose()), timeout=WAIT_MS)
    assert words(desk) == ""
    show(ben, pose(), call=8, call_to="department:water")
    qtbot.waitUntil(
        lambda: desk.session.people()[0].shown.call_to == "department:water", timeout=WAIT_MS
    )
    desk._together._driver.step()
    assert words(desk) == "", "it is for others"
    desk.window.actions_table.run("together.call")
    qtbot.waitUntil(lambda: seen_of_ada(ben).call > 0, timeout=WAIT_MS)


def test_a_note_is_pinned_named_and_seen_by_the_other(
    desk: Desk, ben: HubClient, qtbot: QtBot
) -> None:
    above = Pose(focal_m=(0.0, 0.0, 0.0), distance_m=400.0, azimuth_rad=0.0, elevation_rad=1.5)
    desk.views.main.scene.camera.set_pose(above)
    desk.window.actions_table.run("tool.mark_note")
    qtbot.waitUntil(lambda: desk.views.main.scene.tools.pointer is not None, timeout=WAIT_MS)
    desk.views.main.driver.draw()
    at = desk.views.main.scene.pixel_from_local((30.0, 30.0, 0.0))
    assert at is not None
    ratio = desk.views.main.viewport.devicePixelRatioF()
    place = QPoint(round(at[0] / ratio), round(at[1] / ratio))
    qtbot.mouseClick(desk.views.main.viewport.focusProxy(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: desk.session.draft is not None, timeout=WAIT_MS)
    panel = desk.window.docks["marks"].panel
    assert panel is not None
    panel.form.title.setText("Leak")
    panel.form.share.click()

    def marks() -> tuple:
        ben.poll()
        return ben.room[Marks].by_id.values()

    qtbot.waitUntil(lambda: len(marks()) == 1, timeout=WAIT_MS)
    (note,) = marks()
    assert (note.title, note.owner.name, note.owner.department) == ("Leak", "Ada", "traffic")
    assert note.points[0] == pytest.approx((30.0, 30.0, 0.0), abs=1.5)
    qtbot.waitUntil(lambda: len(desk.session.marks) == 1, timeout=WAIT_MS)
    assert desk.views.main.scene.failures == {}


def test_what_is_told_stands_above_the_timeline(desk: Desk, qtbot: QtBot) -> None:
    window = desk.window
    window.say("The gate at the harbour is open")
    toast, timeline = window.toast, desk.time.timeline
    assert toast.isVisible()
    assert timeline.isVisible()
    top_of_timeline = timeline.mapTo(window, QPoint(0, 0)).y()
    assert toast.geometry().bottom() < top_of_timeline
    toast.dismiss()


def test_a_message_arrives_and_is_told(desk: Desk, ben: HubClient, qtbot: QtBot) -> None:
    said: list[str] = []
    desk.session.message.connect(said.append)
    ben.act("message.post", {"channel": "room", "text": "Fire at the harbour"})
    qtbot.waitUntil(lambda: "Ben (fire): Fire at the harbour" in said, timeout=WAIT_MS)
    assert desk.window.figures.counts().n_unread == 1
    desk.window.show_panel("messages")
    qtbot.waitUntil(lambda: desk.window.figures.counts().n_unread == 0, timeout=WAIT_MS)
    assert len(desk.session.hub.room[Messages].in_channel("room")) == 1


def test_names_in_a_sentence() -> None:
    assert listed(["Ada"]) == "Ada"
    assert listed(["Ada", "Ben"]) == "Ada and Ben"
    assert listed(["A", "B", "C", "D", "E", "F"]) == "A, B, C, D and 2 others"
