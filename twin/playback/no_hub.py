"""The link of a session before a recording is shown in it: there is no hub, and never will be."""

from __future__ import annotations

from twin.clock import SystemClock
from twin.playback.past_hub import PastHub
from twin.playback.replay import Replay
from twin.playback.tape import RingTape
from twin.room.model import Operator


class NoHub(PastHub):
    """An empty past."""

    def __init__(self, operator: Operator) -> None:
        clock = SystemClock()
        super().__init__(
            Replay(RingTape(), clock=clock), operator=operator, clock=clock,
            why_not=lambda: "There is no hub here",
        )  # fmt: skip
