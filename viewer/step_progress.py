"""Progress of a command of several steps: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from typing import TextIO

from twin.clock import NS_PER_S, Clock, SystemClock

#: Seconds between two lines where the output is no terminal, and between two redraws on one.
_PLAIN_S, _REDRAW_S = 5.0, 0.2
_WIDTH = 28
#: No time left is told before this share is done, as it would be a guess.
_LEAST_SHARE = 0.03


class StepProgress:
    """Writes how far a command is and about how long it still takes. One thread."""

    def __init__(self, stream: TextIO, *, clock: Clock | None = None) -> None:
        self._stream = stream
        self._clock = clock or SystemClock()
        self._began_ns = self._clock.monotonic_ns()
        self._last = -1e9
        self._step = ""
        self._is_terminal = stream.isatty()
        self._is_open = False

    @property
    def seconds(self) -> float:
        """Since the start."""
        return (self._clock.monotonic_ns() - self._began_ns) / NS_PER_S

    def told(self, fraction: float, step: str) -> None:
        """Take note of the fraction done and the name of the step."""
        now = self.seconds
        wait = _REDRAW_S if self._is_terminal else _PLAIN_S
        if step == self._step and now - self._last < wait and fraction < 1.0:
            return
        self._last, self._step = now, step
        text = f"{fraction:4.0%}  {step}{self._left(fraction)}"
        if self._is_terminal:
            done = round(_WIDTH * min(1.0, fraction))
            bar = "━" * done + "╌" * (_WIDTH - done)
            self._stream.write(f"\r\033[K{bar} {text}")
            self._is_open = True
        else:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._is_open:
            self._stream.write("\n")
            self._stream.flush()
            self._is_open = False

    def _left(self, fraction: float) -> str:
        if not _LEAST_SHARE < fraction < 1.0:
            return ""
        left = self.seconds * (1.0 - fraction) / fraction
        minutes, seconds = divmod(round(left), 60)
        return f", about {minutes} min {seconds:02d} s left" if minutes else f", {seconds} s left"
