"""The sample lane from the hub's PUB socket.

Hard-won rules (tests/twin/test_samples_conformance.py):

1. The socket's queue is bounded; what ZeroMQ drops there shows in the numbering and in the beats.
2. Another lane takes another socket: with a queue of old samples behind a slow link, waiting for
   it to drain would take longer than starting anew.
3. A subscriber sends nothing, so TCP never tells it that the other end is gone: a hub beats several
   times a second, and where it has fallen silent the connection is made anew
   (tests/twin/test_half_deaf.py). A process that itself stood still has heard nothing either.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import zmq

from twin.errors import WireError
from twin.link.wire import Buffer
from twin.link.wire_thin import ANNOUNCEMENTS_ONLY_NEW, BEATS, FULL_PREFIX, THIN_PREFIX
from twin.samples.choosing import Lane
from twin.samples.socket_frames import take_frames
from twin.samples.source import BURST, Configure, as_it_is
from twin.security.refusal import RefusalWatch

#: Messages that may wait in the socket.
RECEIVE_QUEUE = 2000
MAX_MESSAGE_BYTES = 48 * 1024 * 1024
#: A hub that was heard and then not for so long is asked anew.
SILENCE_S = 3.0
#: Whoever looks so much later than meant was stopped, or asleep.
STILL_S = 1.0
_TOPICS = {Lane.FULL: (FULL_PREFIX, BEATS), Lane.THIN: (ANNOUNCEMENTS_ONLY_NEW, THIN_PREFIX)}


class ZeromqSource:
    """A SUB socket. One thread.

    Raises
    ------
    WireError
        From the constructor: the address cannot be connected to.
    """

    def __init__(self, endpoint: str, *, configure: Configure = as_it_is) -> None:
        self._endpoint = endpoint
        self._configure = configure
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._refusal = RefusalWatch()
        self._lane = Lane.FULL
        self._beats = False
        self._heard_s = self._looked_s = time.monotonic()
        self.n_dropped = 0
        self.trouble = ""
        try:
            self._socket = self._subscribe(Lane.FULL)
        except BaseException:
            self._refusal.close()
            self._context.term()
            raise

    def receive(self, timeout_ms: int) -> list[Sequence[Buffer]]:
        """Wait for the first message, then take what is there."""
        messages: list[Sequence[Buffer]] = []
        is_there = bool(self._socket.poll(timeout_ms))
        if self._has_stood_still(timeout_ms / 1_000):
            self._heard_s = self._looked_s
        if not is_there:
            if self._is_silent:
                where = self._endpoint.removeprefix("tcp://")
                self.trouble = f"Samples from {where} have stopped; connecting anew"
                self.listen(self._lane)
            elif self._refusal.is_due:
                self.listen(self._lane)
            return messages
        try:
            while len(messages) < BURST:
                messages.append([frame.buffer for frame in take_frames(self._socket)])
        except zmq.Again:
            pass
        self._note_heard(messages)
        return messages

    def listen(self, lane: Lane) -> None:
        """Close the socket with all that waits in it, and open one for the other lane."""
        self._socket.close(0)
        self._lane = lane
        self._heard_s = time.monotonic()
        self._socket = self._subscribe(lane)

    def close(self) -> None:
        """Close socket and context. Twice is fine."""
        self._socket.close(0)
        self._refusal.close()
        self._context.term()

    def _has_stood_still(self, wanted_s: float) -> bool:
        """Whether far more time went by since the last look than this one was to take."""
        before_s, self._looked_s = self._looked_s, time.monotonic()
        return self._looked_s - before_s > wanted_s + STILL_S

    @property
    def _is_silent(self) -> bool:
        """Whether a hub, which always has something to say, says nothing any more."""
        return self._beats and time.monotonic() - self._heard_s > SILENCE_S

    def _note_heard(self, messages: Sequence[Sequence[Buffer]]) -> None:
        if not messages:
            return
        self._heard_s, self.trouble = time.monotonic(), ""
        if not self._beats:
            self._beats = any(bytes(frames[0]).startswith(BEATS) for frames in messages)

    def _subscribe(self, lane: Lane) -> zmq.Socket[Any]:
        socket = self._context.socket(zmq.SUB)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVHWM, RECEIVE_QUEUE)
        socket.set(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        socket.set(zmq.RECONNECT_IVL, 100)
        socket.set(zmq.RECONNECT_IVL_MAX, 2000)
        for topic in _TOPICS[lane]:
            socket.subscribe(topic)
        try:
            self._configure(socket)
            self._refusal.watch(socket)
            socket.connect(self._endpoint)
        except zmq.ZMQError as error:
            socket.close(0)
            raise WireError(
                f"Samples cannot be received from {self._endpoint!r}: {error}"
            ) from error
        return socket
