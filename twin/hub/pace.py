"""The hub's time: never jumps, never runs backwards, and says what is due."""

from __future__ import annotations

from twin.clock import NS_PER_S, Clock


class Pace:
    """Hub time is the wall clock at the start, moved on by the clock that never jumps."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall_ns = clock.now_ns()
        self._monotonic_ns = clock.monotonic_ns()
        self._due_ns: dict[str, int] = {}

    def hub_ns(self) -> int:
        """Hub time, UTC."""
        return self._wall_ns + self._clock.monotonic_ns() - self._monotonic_ns

    def is_due(self, name: str, interval_s: float) -> bool:
        """Whether `interval_s` has passed since this was last true for `name`."""
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._due_ns.get(name, 0):
            return False
        self._due_ns[name] = now_ns + round(interval_s * NS_PER_S)
        return True

    def ms_until(self, name: str) -> int:
        """Milliseconds until `name` is due again, rounded up."""
        left_ns = self._due_ns.get(name, 0) - self._clock.monotonic_ns()
        return max(0, -(-left_ns // 1_000_000))
