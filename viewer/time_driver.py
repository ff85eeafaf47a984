"""Brings timeline, time machine and window together: ticks, marks, frame, keys."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QVBoxLayout, QWidget

from twin.playback.live_memory import LiveMemory
from twin.playback.marks import Mark, load_of, marks_of
from twin.playback.time_machine import Mode, TimeMachine
from twin.theme import Theme
from viewer.city_panes import CityPanes
from viewer.main_window import MainWindow
from widgets.actions import Action, ActionTable
from widgets.bridge import Bridge
from widgets.timeline import Timeline, toggle_loop

TICK_MS = 33
LOOK_MS = 1_000
GROUP = "Time"
_BUCKETS = 240
_SKIP_S = 10.0


class UnderScene(QWidget):
    """The views with the timeline below them."""

    def __init__(self, views: QWidget, timeline: Timeline) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(views, 1)
        column.addWidget(timeline)


class TimeDriver:
    """GUI thread.

    Parameters
    ----------
    memory : what a live console remembers, None for a replay
    """

    def __init__(
        self,
        *,
        machine: TimeMachine,
        memory: LiveMemory | None,
        bridge: Bridge,
        theme: Theme,
    ) -> None:
        self.machine = machine
        self.timeline = Timeline(machine, theme)
        self._memory = memory
        self._bridge = bridge
        self._marks: list[Mark] = []
        self._mode: Mode | None = None
        self._trouble = ""
        self._panes: CityPanes | None = None
        self._window: MainWindow | None = None
        self._hurry: Callable[[], None] = lambda: None
        self._stops: list[Callable[[], None]] = []

    def begin(self, window: MainWindow, panes: CityPanes, hurry: Callable[[], None]) -> None:
        """Let time go on.

        Parameters
        ----------
        hurry : asks for a frame at once
        """
        self._window, self._panes, self._hurry = window, panes, hurry
        self._stops = [
            self.machine.changed.connect(self._show),
            window.theme_changed.connect(self.timeline.set_theme),
            self._bridge.every(TICK_MS, self._tick),
            self._bridge.every(LOOK_MS, self._look),
        ]
        if self.machine.is_recording:
            self._bridge.run_job(
                lambda _progress: list(marks_of(self.machine.tape)),
                self._take_marks,
                lambda _error: None,
                title="Reading what happened when",
            )
        self._look()
        self._show(None)

    def show(self, t_ns: int, speed: float | None = None) -> None:
        """Show a moment; with a speed, play on from it."""
        self.machine.seek(t_ns)
        if speed is not None:
            self.machine.set_speed(speed)
            self.machine.play()

    def add_actions(self, table: ActionTable) -> None:
        """Play, stand still, live, steps, speed, loop."""
        machine = self.machine
        for name, title, key, run in (
            ("time.toggle", "Play, or stand still", "Space", machine.toggle),
            ("time.live", "Back to live", "L", self._go_live),
            ("time.back", "10 s back", "[", lambda: machine.skip(-_SKIP_S)),
            ("time.on", "10 s on", "]", lambda: machine.skip(_SKIP_S)),
            ("time.previous", "To the fact before", "Ctrl+[", lambda: machine.step(-1)),
            ("time.next", "To the next fact", "Ctrl+]", lambda: machine.step(1)),
            ("time.faster", "Play faster", "Ctrl+Up", lambda: machine.faster(1)),
            ("time.slower", "Play slower", "Ctrl+Down", lambda: machine.faster(-1)),
            ("time.loop", "Play 30 s again and again", "Ctrl+L", lambda: toggle_loop(machine)),
        ):
            table.add(Action(id=name, title=title, key=key, group=GROUP, run=run))

    def close(self) -> None:
        """Let go of everything."""
        for stop in self._stops:
            stop()
        self._stops = []
        if self._memory is not None:
            self._memory.close()

    def _go_live(self) -> None:
        self.machine.go_live()
        if self._panes is not None:
            self._panes.active.set_behind(0)

    def _tick(self) -> None:
        self.machine.tick()
        if self.machine.mode is Mode.PLAYING:
            self.timeline.refresh()

    def _look(self) -> None:
        """Once a second: what is new on the tape, and the words."""
        machine = self.machine
        if self._memory is not None:
            self._memory.tick()
            after_ns = self._marks[-1].t_ns if self._marks else -1
            self._marks += marks_of(machine.tape, after_ns=after_ns)
            self._marks = [mark for mark in self._marks if mark.t_ns >= machine.start_ns]
            self.timeline.bar.marks = self._marks
        self._tell_trouble()
        start_ns, end_ns = self.timeline.bar.span_ns
        self.timeline.bar.load = load_of(machine.tape, start_ns, end_ns, _BUCKETS)
        self.timeline.refresh()

    def _tell_trouble(self) -> None:
        """Say it when the past that is shown has a hole."""
        trouble = "" if self.machine.is_live else self.machine.replay.trouble
        if trouble and trouble != self._trouble and self._window is not None:
            self._window.session.message.emit(trouble)
        self._trouble = trouble

    def _take_marks(self, marks: list[Mark]) -> None:
        self._marks = marks
        self.timeline.bar.marks = marks
        self.timeline.refresh()

    def _show(self, _nothing: None) -> None:
        """The mode or the moment changed by hand."""
        machine, window = self.machine, self._window
        if window is not None and machine.mode is not self._mode:
            was_live = self._mode in (None, Mode.LIVE)
            self._mode = machine.mode
            if not machine.is_live:
                window.set_frame("replay")
            elif not was_live:
                window.show_drill(window.session.hub.is_drill)
        self._hurry()
        self.timeline.refresh()
