"""Notices that a socket was turned away for its key, so that its owner can try again.

libzmq gives up on a connection whose key was refused: the socket stays there, silent for ever, also
when the key is put on the hub's list a moment later. Only a new socket asks again.

Hard-won rules (guarded in tests/twin/security/test_let_in_later.py):

1. A sender without a pipe blocks or answers ``Again``; a subscriber just hears nothing. Neither
   shows the reason, the monitor does.
2. A monitor is closed by hand after its socket: ``disable_monitor`` waits for ever when events are
   unread.
"""

from __future__ import annotations

import time
from typing import Any

import zmq

from twin.ids import uuid7

#: From a refusal to the next try. The hub reads its lists again at least once a second.
AGAIN_S = 1.0


class RefusalWatch:
    """Watches the handshakes of one socket at a time. One thread."""

    def __init__(self) -> None:
        self._monitor: zmq.Socket[bytes] | None = None
        self._refused_at: float | None = None

    def watch(self, socket: zmq.Socket[Any]) -> None:
        """Watch a new socket; before it connects, and after the old one was closed."""
        self.close()
        self._refused_at = None
        self._monitor = socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_FAILED_AUTH, f"inproc://refusal-{uuid7()}"
        )

    @property
    def is_refused(self) -> bool:
        """Whether the socket was turned away and is of no more use; never waits."""
        while self._monitor is not None and self._monitor.poll(0):
            self._monitor.recv_multipart(zmq.NOBLOCK)
            self._refused_at = time.monotonic()
        return self._refused_at is not None

    @property
    def is_due(self) -> bool:
        """Whether it is time to make a new socket."""
        return self.is_refused and time.monotonic() - (self._refused_at or 0.0) >= AGAIN_S

    def close(self) -> None:
        """Stop watching; after the watched socket was closed. Twice is fine."""
        if self._monitor is not None:
            self._monitor.close(0)
            self._monitor = None
