"""Progress of long work on a terminal: share done and time left, on one line of stderr."""

from __future__ import annotations

import sys
from typing import TextIO

from twin.clock import NS_PER_S, Clock, SystemClock

_EVERY_NS = NS_PER_S // 5


class ProgressLine:
    """Call it with the fraction done. Silent where stderr is no terminal. One thread."""

    def __init__(
        self, what: str, *, clock: Clock | None = None, stream: TextIO | None = None
    ) -> None:
        self._what = what
        self._clock = clock or SystemClock()
        self._stream = stream or sys.stderr
        self._began_ns = self._told_ns = self._clock.monotonic_ns()

    def __call__(self, fraction: float) -> None:
        """Tell the fraction done, 0..1."""
        if not self._stream.isatty():
            return
        now_ns = self._clock.monotonic_ns()
        if fraction < 1.0 and now_ns - self._told_ns < _EVERY_NS:
            return
        self._told_ns = now_ns
        line = f"{self._what} {fraction:4.0%}{self._left(fraction, now_ns)}"
        self._stream.write(f"\r{line:<60}" + ("\n" if fraction >= 1.0 else ""))
        self._stream.flush()

    def _left(self, fraction: float, now_ns: int) -> str:
        if not 0.02 < fraction < 1.0:
            return ""
        left_s = (now_ns - self._began_ns) / NS_PER_S * (1 - fraction) / fraction
        return f", {left_s / 60:.0f} min left" if left_s >= 90 else f", {left_s:.0f} s left"


class ProgressLines:
    """The share done for another program: ``{"fraction": 0.25}``, a line each time. One thread.

    Call it with the fraction done; five lines a second at most.
    """

    def __init__(self, *, clock: Clock | None = None, stream: TextIO | None = None) -> None:
        self._clock = clock or SystemClock()
        self._stream = stream or sys.stdout
        self._told_ns: int | None = None

    def __call__(self, fraction: float) -> None:
        """Tell the fraction done, 0..1."""
        now_ns = self._clock.monotonic_ns()
        if self._told_ns is not None and fraction < 1.0 and now_ns - self._told_ns < _EVERY_NS:
            return
        self._told_ns = now_ns
        self._stream.write(f'{{"fraction": {fraction:.4f}}}\n')
        self._stream.flush()
