"""Timers and jobs: the right thread, cancelling, and silence after close."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from twin.clock import FakeClock
from widgets.bridge import Bridge, Job, JobProgress, JobState, ignore


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.close()
    assert made.n_timers == 0


def test_callbacks_come_on_the_gui_thread(bridge: Bridge, qtbot: QtBot) -> None:
    seen: dict[str, int] = {}
    values: list[int] = []

    def work(_progress: JobProgress) -> int:
        seen["work"] = threading.get_ident()
        return 41 + 1

    def done(value: int) -> None:
        seen["done"] = threading.get_ident()
        values.append(value)

    bridge.run_job(work, done, ignore)
    qtbot.waitUntil(lambda: bool(values))
    assert values == [42]
    assert seen["done"] == threading.get_ident()
    assert seen["work"] != threading.get_ident()
    assert bridge.jobs == ()


def test_an_exception_reaches_failed(bridge: Bridge, qtbot: QtBot) -> None:
    errors: list[Exception] = []

    def work(_progress: JobProgress) -> int:
        raise OSError("the disk is full")

    job = bridge.run_job(work, ignore, errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert str(errors[0]) == "the disk is full"
    assert job.state is JobState.FAILED


def test_cancel_ends_a_job_at_its_next_progress_call(bridge: Bridge, qtbot: QtBot) -> None:
    started = threading.Event()
    outcome: list[str] = []

    def work(progress: JobProgress) -> None:
        started.set()
        while True:
            progress(0.25)

    job = bridge.run_job(
        work,
        lambda _value: outcome.append("done"),
        lambda _error: outcome.append("failed"),
        cancelled=lambda: outcome.append("cancelled"),
    )
    assert started.wait(5)
    job.cancel()
    qtbot.waitUntil(lambda: bool(outcome))
    assert outcome == ["cancelled"]
    assert job.state is JobState.CANCELLED


def test_progress_is_told_on_the_gui_thread(bridge: Bridge, qtbot: QtBot) -> None:
    go_on = threading.Event()
    fractions: list[float] = []

    def work(progress: JobProgress) -> None:
        progress(0.5)
        go_on.wait(5)

    bridge.run_job(work, ignore, ignore, fractions.append)
    qtbot.waitUntil(lambda: 0.5 in fractions)
    go_on.set()
    qtbot.waitUntil(lambda: bridge.jobs == ())
    assert bridge.n_timers == 0


def test_time_left_follows_the_pace() -> None:
    clock = FakeClock()
    job = Job(title="Reading", clock=clock)
    job.begin()
    job.report(0.25)
    assert job.seconds_left() is None
    clock.advance_s(10)
    assert job.seconds_left() == pytest.approx(30)


def test_nothing_calls_back_after_close(qtbot: QtBot) -> None:
    bridge = Bridge()
    called: list[str] = []
    finished = threading.Event()

    def work(_progress: JobProgress) -> int:
        finished.set()
        return 1

    bridge.run_job(work, lambda _v: called.append("done"), ignore)
    bridge.every(1, lambda: called.append("tick"))
    bridge.after(1, lambda: called.append("once"))
    assert finished.wait(5)
    bridge.close()
    probe = Bridge()
    passed: list[bool] = []
    probe.after(50, lambda: passed.append(True))
    qtbot.waitUntil(lambda: bool(passed))
    probe.close()
    assert called == []
    assert bridge.n_timers == 0
    with pytest.raises(RuntimeError, match="closed"):
        bridge.every(10, ignore)


def test_close_cancels_and_joins_a_running_job(qtbot: QtBot) -> None:
    bridge = Bridge()
    started, ended = threading.Event(), threading.Event()

    def work(progress: JobProgress) -> None:
        started.set()
        try:
            while True:
                progress(0.1)
        finally:
            ended.set()

    bridge.run_job(work, ignore, ignore)
    assert started.wait(5)
    bridge.close()
    assert ended.is_set()


def test_a_timed_call_can_stop_itself_and_survive_a_failure(
    bridge: Bridge, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def sometimes() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first call")
        if len(calls) == 3:
            stop()

    stop = bridge.every(1, sometimes)
    qtbot.waitUntil(lambda: bridge.n_timers == 0)
    assert len(calls) == 3
    assert sum("A timed call failed" in r.message for r in caplog.records) == 1


def test_a_call_that_always_fails_is_stopped(
    bridge: Bridge, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    bridge.every(1, lambda: 1 / 0)
    qtbot.waitUntil(lambda: bridge.n_timers == 0)
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 2


def test_a_delayed_call_can_be_withdrawn(bridge: Bridge, qtbot: QtBot) -> None:
    order: list[str] = []
    withdraw = bridge.after(1, lambda: order.append("no"))
    withdraw()
    bridge.after(5, lambda: order.append("yes"))
    qtbot.waitUntil(lambda: bool(order))
    assert order == ["yes"]


def test_a_dropped_timer_lets_go_at_once(bridge: Bridge, qtbot: QtBot) -> None:
    class Panel:
        def tick(self) -> None:
            pass

    panel = Panel()
    gone = weakref.ref(panel)
    stop = bridge.every(1000, panel.tick)
    stop_once = bridge.after(1000, panel.tick)
    stop()
    stop_once()
    del panel
    gc.collect()
    assert gone() is None


def test_the_gui_goes_on_while_a_job_works(bridge: Bridge, qtbot: QtBot) -> None:
    go_on = threading.Event()
    values: list[bool] = []
    ticks: list[int] = []
    bridge.run_job(lambda _p: go_on.wait(20), values.append, ignore)
    bridge.every(5, lambda: ticks.append(1))
    qtbot.waitUntil(lambda: len(ticks) >= 20)
    assert values == []
    go_on.set()
    qtbot.waitUntil(lambda: values == [True])


def test_a_failing_callback_is_logged_and_the_next_still_comes(
    bridge: Bridge, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    values: list[int] = []
    bridge.run_job(lambda _p: 1, lambda _v: 1 / 0, ignore)
    bridge.run_job(lambda _p: 2, values.append, ignore)
    qtbot.waitUntil(lambda: values == [2] and bridge.jobs == ())
    assert "A call from a background job failed" in caplog.text


def test_jobs_may_use_proj_one_after_another(bridge: Bridge, qtbot: QtBot) -> None:
    import pyproj

    transformer = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:28992", always_xy=True)
    found: list[float] = []
    for n_before in range(3):
        bridge.run_job(lambda _progress: transformer.transform(4.3, 52.1)[0], found.append, ignore)
        qtbot.waitUntil(lambda n=n_before: len(found) > n)  # type: ignore[misc]
    assert found == pytest.approx([80_000.0] * 3, abs=5_000.0)
