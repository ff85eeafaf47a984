"""Where a listener stands in the hub's sequence of events, and what to ask for when it is behind.

Hard-won rules (each guarded in tests/twin/test_link_catching_up.py):

1. Events are taken in sequence or not at all: a gap is asked for from its first event on.
2. Another epoch, or a hub whose journal ends before what we have, is another history: nothing of
   it fits ours, so a whole room is asked for.
3. While an answer may be under way nothing is asked again: whoever is far behind would make a busy
   hub busier with every heartbeat.
"""

from __future__ import annotations

from twin.clock import NS_PER_S, Clock
from twin.link.control import GetEvents, GetSnapshot

ASK_AGAIN_S = 0.3


class CatchingUp:
    """Knows which event comes next. One thread; no sockets.

    Attributes
    ----------
    epoch : id of the journal whose events are taken, "" before the first snapshot
    """

    def __init__(self, clock: Clock) -> None:
        self.epoch = ""
        self._clock = clock
        self._next_seq: int | None = None
        self._asked_ns = 0

    def start_at(self, epoch: str, seq: int) -> None:
        """A snapshot came that holds everything up to `seq`."""
        self.epoch, self._next_seq = epoch, seq + 1

    def start_over(self) -> None:
        """What was taken is lost: only a snapshot helps."""
        self._next_seq = None

    def is_at(self, epoch: str, seq: int) -> bool:
        """Whether everything up to this event was taken, and nothing after it."""
        return epoch == self.epoch and self._next_seq == seq + 1

    def take(self, epoch: str, seq: int) -> bool:
        """Whether this event is the next one; if it is, the one after it comes next."""
        if epoch != self.epoch or seq != self._next_seq:
            return False
        self._next_seq = seq + 1
        return True

    def note_answer(self) -> None:
        """A piece of the history came: the next may be asked for at once."""
        self._asked_ns = 0

    def request(self, epoch: str, last_seq: int) -> GetSnapshot | GetEvents | None:
        """What to ask for, knowing that the hub's journal reaches to `last_seq`; None = nothing."""
        next_seq = self._next_seq
        is_other = epoch != self.epoch or next_seq is None or last_seq + 1 < next_seq
        if not is_other and next_seq is not None and last_seq < next_seq:
            return None
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._asked_ns < ASK_AGAIN_S * NS_PER_S:
            return None
        self._asked_ns = now_ns
        if is_other or next_seq is None:
            return GetSnapshot()
        return GetEvents(from_seq=next_seq)
