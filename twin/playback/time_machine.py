"""What a timeline drives: which moment the whole console shows, and how time goes on there.

Hard-won rules (tests/twin/test_time_machine.py):

1. Going back to live loses nothing: samples that came meanwhile are in the tape and are taken from
   there before the next one is let in.
2. The clock of what is shown moves with the cursor: who asks for the time gets the moment shown.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime

from twin.clock import NS_PER_S
from twin.playback.cursor_clock import CursorClock
from twin.playback.past_hub import PastHub
from twin.playback.replay import Replay
from twin.playback.tape import Tape
from twin.recording.form import About
from twin.room.fold import Room
from twin.session import TwinSession
from twin.signals import Signal

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1_000.0)


class Mode(enum.StrEnum):
    """LIVE: now. PLAYING: the past goes on. PAUSED: the past stands still."""

    LIVE = "LIVE"
    PLAYING = "PLAYING"
    PAUSED = "PAUSED"


@dataclass(frozen=True, slots=True)
class Loop:
    """A span that is played again and again."""

    start_ns: int
    end_ns: int


class TimeMachine:
    """The moment a console shows. GUI thread.

    Parameters
    ----------
    session : its clock must be `clock`; its hub is replaced while the past is shown
    tape : the recording, or what a live console remembers
    about : of the recording; None = the console is live

    Signals
    -------
    changed(None)
        Mode, speed or loop changed, or the cursor jumped. GUI thread.
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        tape: Tape,
        clock: CursorClock,
        about: About | None = None,
        place: str = "",
    ) -> None:
        self._session = session
        self.tape = tape
        self._clock = clock
        self.is_recording = about is not None
        self._live = None if self.is_recording else session.hub
        self.replay = Replay(tape, clock=clock.real, samples=session.ingest)
        self._past = PastHub(
            self.replay, operator=session.hub.operator, clock=clock.real, why_not=self.why_not,
            live=self._live, about=about, place=place,
        )  # fmt: skip
        self.mode = Mode.PAUSED if self.is_recording else Mode.LIVE
        self.speed = 1.0
        self.loop: Loop | None = None
        self._ticked_ns = clock.monotonic_ns()
        self._wanted_ns = 0.0
        self.changed: Signal[None] = Signal()
        if self.is_recording:
            session.hub = self._past
            self.seek(tape.start_ns)

    @property
    def is_live(self) -> bool:
        """Whether now is shown."""
        return self.mode is Mode.LIVE

    @property
    def now_ns(self) -> int:
        """The moment shown."""
        return self._clock.now_ns()

    @property
    def start_ns(self) -> int:
        """The earliest moment there is."""
        return self.tape.start_ns

    @property
    def end_ns(self) -> int:
        """The last moment there is: now, in a live console."""
        return self.tape.end_ns if self.is_recording else self._clock.real.now_ns()

    @property
    def behind_ns(self) -> int:
        """How far behind live the moment shown is; 0 for live and for recordings."""
        return 0 if self.is_recording or self.is_live else max(self.end_ns - self.now_ns, 0)

    def why_not(self) -> str:
        """Why nothing can be commanded now, one sentence."""
        at = datetime.fromtimestamp(self.now_ns // NS_PER_S, UTC).strftime("%H:%M:%S")
        if self.is_recording:
            return f"This is a replay (it shows {at} UTC): nothing in it can be commanded"
        return f"You are looking at {at} UTC, which is past; go back to live (L) to command"

    def tick(self) -> None:
        """Let time go on; once a frame."""
        now_ns = self._clock.monotonic_ns()
        elapsed_ns, self._ticked_ns = now_ns - self._ticked_ns, now_ns
        if self.mode is not Mode.PLAYING:
            return
        self._wanted_ns += elapsed_ns * self.speed
        target_ns = int(self._wanted_ns)
        if self.loop is not None and target_ns >= self.loop.end_ns:
            self.seek(self.loop.start_ns)
            return
        if not self.is_recording and target_ns >= self._clock.real.now_ns():
            self.go_live()
            return
        reached_ns = self.replay.advance(target_ns)
        self._clock.show(reached_ns)
        if reached_ns < target_ns:  # more than fits, or the end
            self._wanted_ns = float(reached_ns)
        if self.is_recording and reached_ns >= self.tape.end_ns:
            self._set_mode(Mode.PAUSED)

    def seek(self, t_ns: int) -> None:
        """Show a moment; a live console that was not in the past stands still there.

        Before a live console has heard anything there is nothing to go back to.
        """
        if not self.tape.end_ns:
            return
        if self.is_live:
            self.replay.forget_announcements()
            self._session.hub = self._past
            self._set_mode(Mode.PAUSED)
        self.replay.seek(t_ns)
        self._wanted_ns = float(self.replay.t_ns)
        self._clock.show(self.replay.t_ns)
        self._tell()

    def play(self) -> None:
        """Let the past go on; at the end of a recording from its beginning."""
        if self.is_live:
            return
        if self.is_recording and self.replay.t_ns >= self.tape.end_ns:
            self.seek(self.loop.start_ns if self.loop else self.tape.start_ns)
        self._ticked_ns = self._clock.monotonic_ns()
        self._set_mode(Mode.PLAYING)

    def pause(self) -> None:
        """Stand still; a live console stays at this moment."""
        if self.is_live:
            self.seek(self._clock.real.now_ns())
        else:
            self._set_mode(Mode.PAUSED)

    def toggle(self) -> None:
        """Play, or stand still."""
        if self.mode is Mode.PAUSED:
            self.play()
        else:
            self.pause()

    def step(self, n: int) -> None:
        """To the next fact (1) or the one before (-1), and stand still there."""
        if self.is_live and n > 0:
            return
        self.pause()
        self.replay.step(n)
        self.seek(self.replay.t_ns)

    def skip(self, seconds: float) -> None:
        """So much further on, or back."""
        t_ns = self.now_ns + round(seconds * NS_PER_S)
        if not self.is_recording and t_ns >= self._clock.real.now_ns():
            self.go_live()
        else:
            self.seek(t_ns)

    def set_speed(self, speed: float) -> None:
        """0.1 to 1,000 times."""
        self.speed = min(max(speed, SPEEDS[0]), SPEEDS[-1])
        self._tell()

    def faster(self, n: int) -> None:
        """`n` steps up or down the speeds offered."""
        nearest = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - self.speed))
        self.set_speed(SPEEDS[min(max(nearest + n, 0), len(SPEEDS) - 1)])

    def set_loop(self, loop: Loop | None) -> None:
        """Play a span again and again, None = not."""
        self.loop = loop
        self._tell()

    def go_live(self) -> None:
        """Back to now. A recording goes to its end."""
        if self.is_recording:
            self.seek(self.tape.end_ns)
            return
        if self.is_live or self._live is None:
            return
        now_ns = self._clock.real.now_ns()
        everything = self.replay.samples_up_to(now_ns, and_later=True)
        self.replay.forget_announcements()
        self._session.ingest.refill(everything, hold=False)
        self.replay.forget_announcements()
        self._clock.show(None)
        self._session.hub = self._live
        self.loop = None
        self._set_mode(Mode.LIVE)
        self._session.room_changed.emit(Room.part_ids() | {"link", "pending", "refusals"})

    def _set_mode(self, mode: Mode) -> None:
        if mode is not self.mode:
            self.mode = mode
            self.changed.emit(None)

    def _tell(self) -> None:
        self.changed.emit(None)
