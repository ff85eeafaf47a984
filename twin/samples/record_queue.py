"""What a recorder has not confirmed yet. Pure; one thread.

Messages are numbered from 1 in the order in which they went through the hub. A recorder takes them
within a window of bytes and confirms them; until then they are kept here, so that it may be
restarted without loss. When `CAPACITY_BYTES` are full the hub stops taking samples in, which holds
the edge back instead of dropping. When that has lasted for `PATIENCE_S` without one confirmation,
the recorder is given up: the city's live picture is worth more than a record of it. What it then
missed is counted, and told to it when it comes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from twin.clock import NS_PER_S
from twin.link.wire_record import Begin

CAPACITY_BYTES = 128 * 1024 * 1024
PATIENCE_S = 10.0

Numbered = tuple[int, list[bytes], int]


@dataclass(slots=True)
class RecordQueue:
    """Kept messages: those sent and not confirmed, then those not sent.

    Attributes
    ----------
    stream : this hub's; numbers of another stream mean nothing here
    newest : number of the newest message
    confirmed : everything up to this number is safe or given up
    n_given_up : messages that were let go of unrecorded, in all
    """

    stream: str
    capacity_bytes: int = CAPACITY_BYTES
    patience_s: float = PATIENCE_S
    newest: int = 0
    confirmed: int = 0
    n_given_up: int = 0
    is_attached: bool = False
    n_bytes: int = 0
    _sent: deque[Numbered] = field(default_factory=deque)
    _unsent: deque[Numbered] = field(default_factory=deque)
    _sent_bytes: int = 0
    _window: int = 0
    _full_since_ns: int | None = None

    @property
    def is_full(self) -> bool:
        """Nothing more should be taken in for now."""
        return self.n_bytes >= self.capacity_bytes

    def put(self, frames: list[bytes]) -> None:
        """Number a message, and keep it if there is a recorder."""
        self.newest += 1
        if not self.is_attached:
            return
        size = sum(map(len, frames))
        self._unsent.append((self.newest, frames, size))
        self.n_bytes += size

    def take(self, stream: str, after: int, window: int) -> Begin:
        """A recorder (again): where it goes on."""
        wanted = after if stream == self.stream else self.newest
        oldest = self.confirmed if self.is_attached else self.newest
        start = min(max(wanted, oldest), self.newest)
        self.is_attached = True
        self._window = max(window, 1)
        self._unsent.extendleft(reversed(self._sent))
        self._sent.clear()
        self._sent_bytes = 0
        self._confirm(self._unsent, start)
        self.confirmed = start
        self._full_since_ns = None
        lost = start - wanted if stream == self.stream else (-1 if stream else 0)
        return Begin(stream=self.stream, after=start, lost=max(lost, -1))

    def acknowledge(self, upto: int) -> None:
        """Everything up to a number is safe."""
        if upto > self.confirmed:
            self._full_since_ns = None
            self.confirmed = min(upto, self.newest)
            self._sent_bytes -= self._confirm(self._sent, upto)

    def next_messages(self) -> Iterator[tuple[int, list[bytes]]]:
        """What may be sent now; what is given counts as sent."""
        while self._unsent and (not self._sent or self._sent_bytes < self._window):
            message = self._unsent.popleft()
            self._sent.append(message)
            self._sent_bytes += message[2]
            yield message[0], message[1]

    def look(self, now_ns: int) -> int:
        """Give up a recorder that has held the city back for too long.

        Returns
        -------
        int
            Messages given up; 0 = none.
        """
        if not self.is_full:
            self._full_since_ns = None
            return 0
        if self._full_since_ns is None:
            self._full_since_ns = now_ns
        if now_ns - self._full_since_ns < self.patience_s * NS_PER_S:
            return 0
        n = len(self._sent) + len(self._unsent)
        self.n_given_up += n
        self.is_attached = False
        self.confirmed = self.newest
        self._sent.clear()
        self._unsent.clear()
        self.n_bytes = self._sent_bytes = 0
        return n

    def _confirm(self, messages: deque[Numbered], upto: int) -> int:
        """Let go of messages up to a number; gives their bytes."""
        n_bytes = 0
        while messages and messages[0][0] <= upto:
            n_bytes += messages.popleft()[2]
        self.n_bytes -= n_bytes
        return n_bytes
