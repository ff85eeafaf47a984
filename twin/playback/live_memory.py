"""What a live console remembers of the last minutes, so that it can look back. Any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeAlias

from twin.clock import Clock
from twin.link.wire import Buffer
from twin.playback.tape import RingTape
from twin.recording.keeping import Keeper
from twin.recording.listening import Heard

Tap: TypeAlias = Callable[[Sequence[Buffer], int], None]


class LiveMemory:
    """The newest facts and samples of a console.

    Attributes
    ----------
    ring : what it remembers, to be played
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.ring = RingTape()
        self._keeper = Keeper(None, sink=self.ring)

    def take_samples(self, frames: Sequence[Buffer], received_ns: int) -> None:
        """Remember a message of the sample lane."""
        with self._lock:
            self._keeper.take_samples(frames, received_ns)

    def take_fact(self, heard: Heard) -> None:
        """Remember what the hub said."""
        with self._lock:
            self._keeper.take_fact(heard, self._clock.now_ns())

    def tick(self) -> None:
        """Let go of what is too old; about once a second."""
        with self._lock:
            self._keeper.tick(self._clock.now_ns())

    def close(self) -> None:
        """Forget everything."""
        self.ring.close()
