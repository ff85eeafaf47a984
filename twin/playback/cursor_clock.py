"""The clock of what is shown: the machine's while a console is live, the cursor's otherwise."""

from __future__ import annotations

from twin.clock import Clock


class CursorClock:
    """A `twin.clock.Clock` whose wall time can be held at a moment. Any thread.

    `monotonic_ns` stays the machine's, because intervals of the program itself go on.
    """

    def __init__(self, real: Clock) -> None:
        self.real = real
        self._shown_ns: int | None = None

    def now_ns(self) -> int:
        """The moment shown."""
        shown_ns = self._shown_ns
        return self.real.now_ns() if shown_ns is None else shown_ns

    def monotonic_ns(self) -> int:
        """Time that never jumps, for intervals only."""
        return self.real.monotonic_ns()

    def show(self, t_ns: int | None) -> None:
        """Show a moment, None = now."""
        self._shown_ns = t_ns
