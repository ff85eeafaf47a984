"""A bounded queue from a network thread to one reader, with a gate for what must come first."""

from __future__ import annotations

import threading
from collections import deque

MAX_MESSAGES = 4_000
MAX_BYTES = 64 * 1024 * 1024

Message = tuple[str, bytes]


class Inbox:
    """Messages as (subject, payload). Every method may be called on any thread.

    Attributes
    ----------
    n_dropped : messages that found the queue full
    """

    def __init__(self, *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._max_messages, self._max_bytes = max_messages, max_bytes
        self._condition = threading.Condition()
        self._messages: deque[Message] = deque()
        self._held: list[Message] | None = None
        self._n_bytes = 0
        self.n_dropped = 0

    def put(self, subject: str, payload: bytes) -> None:
        """Add a message, or count it as dropped when there is no room."""
        with self._condition:
            n_held = 0 if self._held is None else len(self._held)
            is_full = len(self._messages) + n_held >= self._max_messages
            if is_full or self._n_bytes + len(payload) > self._max_bytes:
                self.n_dropped += 1
                return
            self._n_bytes += len(payload)
            if self._held is not None:
                self._held.append((subject, payload))
                return
            self._messages.append((subject, payload))
            self._condition.notify()

    def hold(self) -> None:
        """Keep what comes from now on back until `release`."""
        with self._condition:
            if self._held is None:
                self._held = []

    def release(self, first: list[Message]) -> None:
        """Let `first` through, then what was held back; what is in both comes once.

        `first` is not bounded here: whoever fetched it bounds it.
        """
        known = {hash(message) for message in first}
        with self._condition:
            held, self._held = self._held or [], None
            fresh = [message for message in held if hash(message) not in known]
            self._n_bytes += sum(len(payload) for _, payload in first)
            self._n_bytes -= sum(len(p) for _, p in held) - sum(len(p) for _, p in fresh)
            self._messages.extend(first)
            self._messages.extend(fresh)
            self._condition.notify()

    def clear(self) -> None:
        """Let go of everything that waits."""
        with self._condition:
            self._messages.clear()
            self._n_bytes = 0
            if self._held is not None:
                self._held = []

    def take(self, n: int, timeout_s: float) -> list[Message]:
        """Up to `n` messages; waits for the first of them."""
        with self._condition:
            if not self._messages:
                self._condition.wait(timeout_s)
            taken = [self._messages.popleft() for _ in range(min(n, len(self._messages)))]
            self._n_bytes -= sum(len(payload) for _, payload in taken)
        return taken
