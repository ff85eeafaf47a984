"""A queue into a thread that sits in a ZeroMQ poller."""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Bounded queue with a file descriptor to poll on. Any thread puts, one thread drains.

    Parameters
    ----------
    capacity : when full, the oldest items are dropped and counted in ``n_dropped``
    """

    def __init__(self, capacity: int) -> None:
        self._items: deque[T] = deque(maxlen=capacity)
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self.n_dropped = 0

    def fileno(self) -> int:
        """What to register with the poller (readable = something was put in)."""
        return self._reader.fileno()

    def put(self, item: T) -> None:
        """Add an item and wake the thread. After `close` it does nothing."""
        if len(self._items) == self._items.maxlen:
            self.n_dropped += 1
        self._items.append(item)
        with contextlib.suppress(OSError):  # full = the thread is awake already; closed = too late
            self._writer.send(b"\0")

    def drain(self) -> list[T]:
        """Take all items out."""
        with contextlib.suppress(OSError):
            self._reader.recv(65_536)
        items = []
        while self._items:
            items.append(self._items.popleft())
        return items

    def close(self) -> None:
        """Free the descriptors. Twice is fine."""
        self._reader.close()
        self._writer.close()
