"""The strip and the top bar say what is true, in words and shapes."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from twin.clock import NS_PER_S
from twin.link.status import LinkState, LinkStatus
from twin.operations.alarm_book import Unseen
from twin.room.parts.alarms import Priority
from twin.theme import load_theme
from widgets.actions import ActionTable
from widgets.bridge import Bridge, JobProgress, ignore
from widgets.hover_card import HoverCard
from widgets.job_bar import JobBar, time_left_text
from widgets.status_strip import StatusStrip, StripFigures, clock_text, gaps_text
from widgets.toast import Toast
from widgets.top_bar import HEIGHT_PX, RoomCounts, TopBar

LIVE = LinkStatus(
    state=LinkState.LIVE,
    text="Connected",
    rtt_ms=12.4,
    last_seq=7,
    n_in_outbox=0,
    endpoint="tcp://10.0.0.5:5710",
)
FIGURES = StripFigures(
    link=LIVE,
    samples_per_s=12345.6,
    gaps=0,
    lag_ms=8.2,
    fps=24,
    frame_ms=31.0,
    memory_mb=512,
    now_ns=1_760_000_000 * NS_PER_S,
)


def texts(widget: QWidget) -> str:
    return " | ".join(label.text() for label in widget.findChildren(QLabel) if label.text())


@pytest.fixture
def bridge(qtbot: QtBot) -> Bridge:
    return Bridge()


def test_live_stale_and_offline_are_told_apart(qtbot: QtBot, bridge: Bridge) -> None:
    toggled: list[int] = []
    strip = StatusStrip(
        bridge=bridge, theme=load_theme("light"), toggle_theme=lambda: toggled.append(1)
    )
    qtbot.addWidget(strip)
    strip.show_figures(FIGURES)
    shown = texts(strip)
    assert "LIVE 12 ms" in shown
    assert "tcp://10.0.0.5:5710" in shown
    assert "12,346 samples/s · 8 ms late" in shown
    assert "no gaps" in shown
    assert "24 fps · 31 ms" in shown
    gone = replace(LIVE, state=LinkState.OFFLINE, text="Hub not heard for 12 s", n_in_outbox=2)
    strip.show_figures(
        replace(FIGURES, link=gone, gaps=17, fps=0, lag_ms=None, frame_ms=None, memory_mb=0)
    )
    shown = texts(strip)
    assert "OFFLINE" in shown
    assert "LIVE" not in shown
    assert "Hub not heard for 12 s · 2 waiting to be sent" in shown
    assert "17 missing" in shown
    assert "view at rest" in shown
    qtbot.mouseClick(strip.findChildren(QToolButton)[-1], Qt.MouseButton.LeftButton)
    assert toggled == [1]
    strip.release()
    bridge.close()


def test_the_clock_has_seconds_and_utc() -> None:
    assert "08:53:20 UTC" in clock_text(1_760_000_000 * NS_PER_S)


def test_the_job_bar_shows_and_cancels(qtbot: QtBot, bridge: Bridge) -> None:
    bar = JobBar(bridge=bridge, theme=load_theme("dark"))
    qtbot.addWidget(bar)
    assert bar.isHidden()
    started = threading.Event()

    def work(progress: JobProgress) -> None:
        started.set()
        while True:
            progress(0.4)

    job = bridge.run_job(work, ignore, ignore, title="Reading The Hague")
    assert not bar.isHidden()
    assert started.wait(5)
    assert "Reading The Hague" in texts(bar)
    qtbot.mouseClick(bar.findChild(QToolButton), Qt.MouseButton.LeftButton)
    assert job.is_cancelled
    qtbot.waitUntil(bar.isHidden)
    assert bridge.n_timers == 0
    bar.release()
    bridge.close()


def test_untitled_jobs_are_not_shown(qtbot: QtBot, bridge: Bridge) -> None:
    bar = JobBar(bridge=bridge, theme=load_theme("light"))
    qtbot.addWidget(bar)
    done: list[int] = []
    bridge.run_job(lambda _p: 1, done.append, ignore)
    assert bar.isHidden()
    qtbot.waitUntil(lambda: done == [1])
    bar.release()
    bridge.close()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.2, "about 1 s left"), (12.3, "about 12 s left"), (150, "about 2 min left")],
)
def test_time_left(seconds: float | None, text: str) -> None:
    assert time_left_text(seconds) == text


def test_the_top_bar_counts_and_chooses(qtbot: QtBot) -> None:
    chosen: list[str] = []
    bar = TopBar(
        actions=ActionTable(),
        theme=load_theme("light"),
        workspaces=[("overview", "Overview"), ("monitor", "Monitor")],
        choose_workspace=chosen.append,
        open_find=lambda: chosen.append("find"),
        open_counter=chosen.append,
    )
    qtbot.addWidget(bar)
    bar.show_counts(RoomCounts(n_stale=3, n_suspect=0, n_pending=1200))
    buttons = {b.text(): b for b in bar.findChildren(QPushButton)}
    assert {"3 stale", "0 suspect", "1,200 pending"} <= set(buttons)
    for text in ("Monitor", "Find", "3 stale"):
        qtbot.mouseClick(buttons[text], Qt.MouseButton.LeftButton)
    assert chosen == ["monitor", "find", "stale"]
    bar.show_workspace("monitor")
    assert buttons["Monitor"].isChecked()
    assert not buttons["Overview"].isChecked()


def test_a_toast_goes_by_itself_but_an_alarm_stays(qtbot: QtBot, bridge: Bridge) -> None:
    window = QWidget()
    window.resize(800, 600)
    qtbot.addWidget(window)
    toast = Toast(window, over=window, bridge=bridge, theme=load_theme("light"))
    window.show()
    toast.say("No samples from Pump 3 for 2 min")
    assert toast.isVisible()
    assert bridge.n_timers == 1
    toast.say("The hub is gone", "alarm")
    assert bridge.n_timers == 0
    assert window.rect().contains(toast.geometry())
    toast.dismiss()
    assert not toast.isVisible()
    toast.say("Long sentence " * 30)
    assert window.rect().contains(toast.geometry())
    toast.dismiss()
    bridge.close()


def test_the_hover_card_keeps_inside_the_view(qtbot: QtBot) -> None:
    view = QWidget()
    view.resize(400, 300)
    qtbot.addWidget(view)
    view.show()
    card = HoverCard(view)
    for at in ((0, 0), (399, 299), (399, 0), (200, 290)):
        values = [("Water level", "1.84 m"), ("Load", "12 kW"), ("Flow", "3 l/s"), ("Extra", "4")]
        card.show_card(view.rect().topLeft() + type(view.pos())(*at), "Pump 3", values, "2 s ago")
        assert view.rect().contains(card.geometry()), at
    assert "Pump 3" in texts(card)
    assert "Extra" not in texts(card)


def test_what_was_skipped_is_said() -> None:
    behind = replace(FIGURES, skipped=1200, is_thinned=True)
    assert gaps_text(behind) == "no gaps · 1,200 updates skipped · thinned"
    assert gaps_text(replace(FIGURES, gaps=3)) == "3 missing"


def test_a_narrow_bar_leaves_out_what_is_zero_and_shows_it_again(qtbot: QtBot) -> None:
    around = QWidget()  # as in a window, which may be narrower than the bar would like
    qtbot.addWidget(around)
    bar = TopBar(
        actions=ActionTable(),
        theme=load_theme("light"),
        workspaces=[("overview", "Overview"), ("monitor", "Monitor")],
        choose_workspace=ignore,
        open_find=lambda: None,
        open_counter=ignore,
    )
    bar.setParent(around)
    bar.show_counts(RoomCounts(n_suspect=3))
    bar.alarms.show_counts({Priority.CRITICAL: Unseen(n=12, n_unacknowledged=2)})
    buttons = bar._counters

    def shown() -> list[str]:
        return [name for name, button in buttons.items() if not button.isHidden()]

    bar.resize(2_400, HEIGHT_PX)
    around.show()
    assert shown() == ["stale", "suspect", "pending", "unread"]
    bar.resize(bar._needed([]) - 1, HEIGHT_PX)
    assert shown() == ["suspect"]
    assert not bar.alarms.isHidden()
    assert not bar._operator.isHidden()
    bar.resize(
        bar._needed([buttons["stale"], buttons["pending"], buttons["unread"], bar._queue]) - 1,
        HEIGHT_PX,
    )
    assert bar._operator.isHidden()
    bar.resize(2_400, HEIGHT_PX)
    assert shown() == ["stale", "suspect", "pending", "unread"]
    assert not bar._operator.isHidden()
