"""Who is at the control socket: connections that were welcomed, and when each was last heard."""

from __future__ import annotations

from collections.abc import Iterator

from twin.clock import NS_PER_S, Clock


class Connected:
    """Connections by ZeroMQ identity, in the order they were welcomed. One thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard_ns: dict[bytes, int] = {}

    def __contains__(self, identity: bytes) -> bool:
        return identity in self._heard_ns

    def __iter__(self) -> Iterator[bytes]:
        return iter(tuple(self._heard_ns))

    def hear(self, identity: bytes) -> None:
        """A connection was welcomed, or one that was said something."""
        self._heard_ns[identity] = self._clock.monotonic_ns()

    def forget(self, identity: bytes) -> None:
        """It ended."""
        del self._heard_ns[identity]

    def silent_for(self, seconds: float) -> list[bytes]:
        """Those who said nothing for so long."""
        oldest_ns = self._clock.monotonic_ns() - round(seconds * NS_PER_S)
        return [one for one, heard_ns in self._heard_ns.items() if heard_ns < oldest_ns]
