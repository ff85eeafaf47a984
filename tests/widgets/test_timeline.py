"""The timeline: says which moment is shown, and goes where one clicks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.twin import recordings
from tests.twin.recordings import START_NS
from tests.twin.session_city import small_city
from twin.clock import NS_PER_S, FakeClock
from twin.playback.cursor_clock import CursorClock
from twin.playback.live_memory import LiveMemory
from twin.playback.marks import Mark
from twin.playback.no_hub import NoHub
from twin.playback.time_machine import Mode, TimeMachine
from twin.recording.reading import Recording
from twin.room.model import Operator
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.session import TwinSession
from twin.theme import load_theme
from widgets.timeline import HEIGHT_PX, Timeline, span_text, state_text, toggle_loop

ADA = Operator(name="Ada", department="traffic", console_id="ada")


def session_of(clock: CursorClock) -> TwinSession:
    store = ObservationStore(capacity=50, history=20, clock=clock)
    units = UnitStore(capacity=5, history=8, clock=clock)
    ingest = SampleIngest(endpoint="", store=store, units=units, clock=clock.real)
    return TwinSession(
        city=small_city(), clock=clock, observations=store, units=units, ingest=ingest,
        hub=NoHub(ADA),
    )  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[TimeMachine]:
    recordings.record(tmp_path / "a.mcap")
    recording = Recording(tmp_path / "a.mcap")
    clock = CursorClock(FakeClock(START_NS))
    yield TimeMachine(session=session_of(clock), tape=recording, clock=clock, about=recording.about)
    recording.close()


@pytest.fixture
def timeline(machine: TimeMachine, qtbot: QtBot) -> Timeline:
    timeline = Timeline(machine, load_theme("light"))
    qtbot.addWidget(timeline)
    timeline.resize(1000, HEIGHT_PX)
    timeline.show()
    return timeline


def test_a_click_goes_there_and_near_a_mark_exactly_to_it(
    timeline: Timeline, machine: TimeMachine, qtbot: QtBot
) -> None:
    bar = timeline.bar
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(bar.width() // 2, 40))
    assert (machine.now_ns - START_NS) / NS_PER_S == pytest.approx(30, abs=1)
    bar.marks = [Mark(START_NS + 45 * NS_PER_S, "alarm", "high", "Pump 3: Level rises")]
    x = round(bar.x_of(bar.marks[0].t_ns)) + 2
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(x, 20))
    assert machine.now_ns == bar.marks[0].t_ns
    assert machine.replay.room.seq == 45
    assert bar.mark_near(0) is None


def test_a_drag_is_followed(timeline: Timeline, machine: TimeMachine, qtbot: QtBot) -> None:
    bar = timeline.bar
    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(10, 40))
    first = machine.now_ns
    qtbot.mouseMove(bar, QPoint(bar.width() - 20, 40))
    qtbot.waitUntil(lambda: machine.now_ns > first)
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(bar.width() - 20, 40))


def test_buttons_and_words(timeline: Timeline, machine: TimeMachine) -> None:
    assert timeline.play.text() == "▶"
    assert state_text(machine).startswith("Replay ")
    assert timeline.live.isHidden()
    timeline.play.click()
    assert machine.mode is Mode.PLAYING
    timeline.faster.click()
    timeline.faster.click()
    timeline.slower.click()
    timeline.refresh()
    assert timeline.speed.text() == "2×"
    assert timeline.play.text() == "▮▮"
    timeline.loop.click()
    assert machine.loop is not None
    toggle_loop(machine)
    assert machine.loop is None


def test_a_live_console_says_how_far_behind_it_is(qtbot: QtBot) -> None:
    real = FakeClock(START_NS)
    clock = CursorClock(real)
    memory = LiveMemory(real)
    for message, t_ns in recordings.heard(200):
        real.advance_s((t_ns - real.now_ns()) / NS_PER_S)
        if isinstance(message, list):
            memory.take_samples(message, t_ns)
        else:
            memory.take_fact(message)
    machine = TimeMachine(session=session_of(clock), tape=memory.ring, clock=clock)
    timeline = Timeline(machine, load_theme("dark"))
    qtbot.addWidget(timeline)
    assert timeline.state.text() == "Live"
    machine.skip(-180)
    timeline.refresh()
    assert timeline.state.text() == "Behind live by 03:00"
    assert timeline.live.text() == "○"
    timeline.live.click()
    timeline.refresh()
    assert timeline.state.text() == "Live"


def test_marks_have_the_colours_of_their_priority(timeline: Timeline) -> None:
    bar = timeline.bar
    bar.marks = [
        Mark(START_NS + (10 + 10 * n) * NS_PER_S, kind, level, "x")
        for n, (kind, level) in enumerate(
            [("alarm", "critical"), ("alarm", "low"), ("incident", ""), ("trouble", "")]
        )
    ]
    bar.load = np.linspace(0, 1, 50)
    picture = bar.grab().toImage()
    ratio = picture.devicePixelRatio()
    colours = {
        picture.pixelColor(round(bar.x_of(mark.t_ns) * ratio), round(22 * ratio)).name()
        for mark in bar.marks[:2]
    }
    theme = load_theme("light")
    wanted = {theme.priority["critical"].lower(), theme.priority["low"].lower()}
    assert colours == wanted


def test_a_stage_is_a_flag_with_its_number(timeline: Timeline) -> None:
    bar = timeline.bar
    bar.marks = [Mark(START_NS + 20 * NS_PER_S, "stage", "4", "Stage 4 (Severe): Storm")]
    bar.load = np.zeros(0)
    picture = bar.grab().toImage()
    ratio, x = picture.devicePixelRatio(), bar.x_of(bar.marks[0].t_ns)
    down = [picture.pixelColor(round(x * ratio), y).lightness() for y in range(20, 44)]
    aside = [picture.pixelColor(round((x - 6) * ratio), y).lightness() for y in range(20, 44)]
    assert max(down) < min(aside), "a line from the ruler down to the flag"


@pytest.mark.parametrize(("seconds", "text"), [(7, "00:07"), (842, "14:02"), (4329, "1:12:09")])
def test_spans_are_written_like_clocks(seconds: int, text: str) -> None:
    assert span_text(seconds * NS_PER_S) == text
