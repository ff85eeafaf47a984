"""The one place that asks the machine for the time. UTC, integer nanoseconds since 1970."""

from __future__ import annotations

import time
from typing import Protocol

NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """Anything that tells the time; tests and replay bring their own."""

    def now_ns(self) -> int:
        """Wall time, UTC, nanoseconds since 1970."""
        ...

    def monotonic_ns(self) -> int:
        """Time that never jumps, for intervals only."""
        ...


class SystemClock:
    """The machine's clock. Any thread."""

    def now_ns(self) -> int:
        """Wall time, UTC, nanoseconds since 1970."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Time that never jumps, for intervals only."""
        return time.monotonic_ns()


class FakeClock:
    """A clock that moves only when told. For tests and deterministic runs."""

    def __init__(self, start_ns: int = 1_760_000_000 * NS_PER_S) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Wall time as set, nanoseconds since 1970."""
        return self._now_ns

    def monotonic_ns(self) -> int:
        """Same as `now_ns`."""
        return self._now_ns

    def advance_s(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self._now_ns += round(seconds * NS_PER_S)
