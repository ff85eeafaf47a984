"""From threads to the GUI: the only place that makes timers and background jobs.

Hard-won invariants
1. A worker never touches Qt: it calls ``progress`` (a plain attribute write) and returns.
   Broken, Qt prints "QObject::startTimer: timers cannot be started from another thread" or dies.
   Guarded by ``test_bridge.py::test_callbacks_come_on_the_gui_thread``.
2. After `Bridge.close` nothing calls back, also not what was already queued in the event loop.
   Broken, a late result reaches a deleted widget.
   Guarded by ``test_nothing_calls_back_after_close``.
3. A timer lets go of its function when it is dropped, not when Qt deletes it later. Broken, the
   function's widget may die inside the timer's destructor, and PySide crashes.
   Guarded by ``test_a_dropped_timer_lets_go_at_once``.
4. Jobs run on Python's own threads. On Qt's, each job is a new thread to Python, which takes what
   libraries keep for a thread away with each end; the second job that uses PROJ then dies.
   Guarded by ``test_jobs_may_use_proj_one_after_another``.
"""

from __future__ import annotations

import enum
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, QTimerEvent, Signal

from twin.clock import NS_PER_S, Clock, SystemClock
from twin.signals import Signal as TwinSignal

T = TypeVar("T")
Stop = Callable[[], None]
#: Given to a job's function: call it with the fraction done (0..1). Raises `JobCancelled` once
#: the job was cancelled, which is how a job ends early. Same shape as `twin.readers.base.Progress`.
JobProgress = Callable[[float], None]

_log = logging.getLogger(__name__)
_PROGRESS_INTERVAL_MS = 200
_MAX_FAILURES_IN_A_ROW = 10
_JOIN_S = 10
#: More than cores: some jobs only wait for another process or a disk.
_WORKERS = 6


class JobCancelled(Exception):
    """Raised inside a job by its ``progress`` after `Job.cancel`."""


class JobState(enum.Enum):
    """Life of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job:
    """One piece of background work. Made by `Bridge.run_job`; read and cancel on the GUI thread.

    Attributes
    ----------
    title : for a person, e.g. "Reading The Hague"
    fraction : 0..1, written by the worker
    """

    def __init__(self, *, title: str, clock: Clock) -> None:
        self.title = title
        self.fraction = 0.0
        self.state = JobState.WAITING
        self._clock = clock
        self._started_ns = clock.monotonic_ns()
        self._cancelled = threading.Event()

    @property
    def is_over(self) -> bool:
        """Whether it ended, well or not."""
        return self.state not in (JobState.WAITING, JobState.RUNNING)

    def cancel(self) -> None:
        """Ask the worker to end at its next progress call; `done` and `failed` are not called."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody asked it to end. Any thread."""
        return self._cancelled.is_set()

    def seconds_left(self) -> float | None:
        """Estimate from the pace so far; None below 2 % or in the first half second."""
        elapsed_s = (self._clock.monotonic_ns() - self._started_ns) / NS_PER_S
        if self.fraction < 0.02 or elapsed_s < 0.5:
            return None
        return elapsed_s * (1.0 - self.fraction) / self.fraction

    def report(self, fraction: float) -> None:
        """Note the fraction done. Worker thread.

        Raises
        ------
        JobCancelled
            `cancel` was called.
        """
        if self._cancelled.is_set():
            raise JobCancelled
        self.fraction = min(max(float(fraction), 0.0), 1.0)

    def begin(self) -> None:
        """Mark as running; the pace is counted from now. Worker thread."""
        self.state = JobState.RUNNING
        self._started_ns = self._clock.monotonic_ns()


class _Mailbox(QObject):
    """Carries calls from any thread to the GUI thread."""

    posted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.is_open = True
        self.posted.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def _run(self, call: Callable[[], None]) -> None:
        if not self.is_open:
            return
        try:
            call()
        except Exception:  # noqa: BLE001 - logged; the window goes on
            _log.exception("A call from a background job failed: %r", call)


class _Timer(QObject):
    """Calls one function at a steady interval; without a connection, see invariant 3."""

    def __init__(self, interval_ms: int, call: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._call: Callable[[], None] | None = call
        self._timer_id = self.startTimer(interval_ms, Qt.TimerType.PreciseTimer)

    def stop(self) -> None:
        """Call no more, let go of the function."""
        if self._call is not None:
            self._call = None
            self.killTimer(self._timer_id)

    def timerEvent(self, _event: QTimerEvent) -> None:
        """Call the function."""
        call = self._call
        if call is not None:
            call()


class Bridge:
    """Timers and jobs of one window. Make, use and close on the GUI thread.

    Signals
    -------
    jobs_changed(None)
        A job began or ended, on the GUI thread; see `jobs`.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._mailbox = _Mailbox()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="job")
        self._running: set[Future[None]] = set()
        self._timers: set[_Timer] = set()
        self._jobs: list[Job] = []
        self._listeners: dict[Job, tuple[Callable[[float], None], float]] = {}
        self._stop_listening: Stop | None = None
        self.jobs_changed: TwinSignal[None] = TwinSignal()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Jobs that wait or run, oldest first."""
        return tuple(self._jobs)

    @property
    def n_timers(self) -> int:
        """How many timers are alive."""
        return len(self._timers)

    def every(self, interval_ms: int, fn: Callable[[], object]) -> Stop:
        """Call `fn` every `interval_ms` until what is returned is called.

        A call that raises is logged (the first of a row); after ten in a row the timer stops.
        """
        failures = 0

        def tick() -> None:
            nonlocal failures
            try:
                fn()
                failures = 0
            except Exception:  # noqa: BLE001 - logged; the window goes on
                failures += 1
                if failures == 1:
                    _log.exception("A timed call failed: %r", fn)
                elif failures >= _MAX_FAILURES_IN_A_ROW:
                    _log.exception("A timed call failed ten times in a row, stopped: %r", fn)
                    stop()

        stop = self._start_timer(interval_ms, tick)
        return stop

    def after(self, delay_ms: int, fn: Callable[[], object]) -> Stop:
        """Call `fn` once after `delay_ms`, unless what is returned is called before."""

        def fire() -> None:
            stop()
            try:
                fn()
            except Exception:  # noqa: BLE001 - logged; the window goes on
                _log.exception("A delayed call failed: %r", fn)

        stop = self._start_timer(delay_ms, fire)
        return stop

    def post(self, fn: Callable[[], None]) -> None:
        """Call `fn` soon on the GUI thread. Any thread. At most some tens a second."""
        self._mailbox.posted.emit(fn)

    def run_job(
        self,
        fn: Callable[[JobProgress], T],
        done: Callable[[T], object],
        failed: Callable[[Exception], object],
        progress: Callable[[float], None] | None = None,
        *,
        title: str = "",
        cancelled: Callable[[], object] | None = None,
    ) -> Job:
        """Run `fn` on a worker thread.

        Parameters
        ----------
        fn : gets a `JobProgress`, which it calls now and then; must only use values captured
            before (no Qt, no VTK objects in use elsewhere, no live lists of the session)
        done, failed, progress, cancelled : called on the GUI thread; `progress` at most five
            times a second; exactly one of the other three is called, unless the bridge is closed
        title : shown with a bar and a cancel button in the status strip; "" = not shown
        """
        job = Job(title=title, clock=self._clock)
        self._jobs.append(job)
        if progress is not None:
            self._listen(job, progress)

        def end(state: JobState, call: Callable[[], object] | None) -> None:
            job.state = state
            self._forget(job)
            if call is not None:
                call()

        def work() -> None:
            try:
                job.begin()
                job.report(0.0)
                value = fn(job.report)
            except JobCancelled:
                self.post(lambda: end(JobState.CANCELLED, cancelled))
            except Exception as error:  # noqa: BLE001 - handed on to `failed`
                caught = error
                self.post(lambda: end(JobState.FAILED, lambda: failed(caught)))
            else:
                job.fraction = 1.0
                self.post(lambda: end(JobState.DONE, lambda: done(value)))

        future = self._pool.submit(work)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        self.jobs_changed.emit(None)
        return job

    def close(self) -> None:
        """Stop every timer, cancel and join every job. The jobs' callbacks are not called."""
        self._mailbox.is_open = False
        for timer in tuple(self._timers):
            self._drop_timer(timer)
        for job in self._jobs:
            job.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if wait(tuple(self._running), _JOIN_S).not_done:
            _log.error("A background job did not end within %d s", _JOIN_S)
        for job in self._jobs:
            job.state = JobState.CANCELLED if not job.is_over else job.state
        self._jobs.clear()
        self._listeners.clear()

    def _start_timer(self, interval_ms: int, call: Callable[[], None]) -> Stop:
        if not self._mailbox.is_open:
            raise RuntimeError("The bridge is closed")
        timer = _Timer(interval_ms, call, self._mailbox)
        self._timers.add(timer)
        return lambda: self._drop_timer(timer)

    def _drop_timer(self, timer: _Timer) -> None:
        if timer in self._timers:
            self._timers.discard(timer)
            timer.stop()
            timer.deleteLater()

    def _listen(self, job: Job, progress: Callable[[float], None]) -> None:
        self._listeners[job] = (progress, -1.0)
        if self._stop_listening is None:
            self._stop_listening = self.every(_PROGRESS_INTERVAL_MS, self._tell_progress)

    def _tell_progress(self) -> None:
        for job, (progress, told) in tuple(self._listeners.items()):
            fraction = job.fraction
            if fraction != told:
                self._listeners[job] = (progress, fraction)
                progress(fraction)

    def _forget(self, job: Job) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
        self._listeners.pop(job, None)
        if not self._listeners and self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        self.jobs_changed.emit(None)


def ignore(*_values: Any) -> None:
    """Do nothing; for a callback that is not wanted."""
