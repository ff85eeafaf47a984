"""Sends samples to a hub's public port; drops and counts them while the hub is away.

Hard-won invariants
-------------------
1. A send never blocks and the queue is bounded: a dead hub costs samples, not memory.
2. ``IMMEDIATE`` keeps messages out of the pipe of a connection that is not there yet; without it
   a whole queue of old samples would arrive after a restart of the hub.
3. A dropped message has used its sequence number: whoever listens sees the gap.
4. A socket whose key was refused is dead for libzmq; a new one is made until the hub knows the key.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import zmq

from twin.arrays import Float32Array, Float64Array, UInt32Array
from twin.clock import Clock
from twin.link.wire import (
    encode_announcement,
    encode_batch,
    encode_positions,
    split_announcement,
)
from twin.security.client_security import ClientSecurity, apply_security
from twin.security.refusal import RefusalWatch
from twin.sense.model import Announcement
from twin.sim.world import Samples

QUEUE_MESSAGES = 200
RECONNECT_MS = 100
RECONNECT_MAX_MS = 2_000


class SamplePublisher:
    """One source on the sample lane. One thread; `close` it.

    Attributes
    ----------
    n_sent, n_dropped : samples and positions handed to the socket, and lost for want of a hub
    """

    def __init__(
        self, announcement: Announcement, clock: Clock, security: ClientSecurity | None = None
    ) -> None:
        self._security = security
        self._source, self._epoch = announcement.source, announcement.epoch
        self._announcement = [
            encode_announcement(chunk) for chunk in split_announcement(announcement)
        ]
        self._unit_indices: UInt32Array = np.array(
            [unit.index for unit in announcement.units], dtype=np.uint32
        )
        self._clock = clock
        self._seq = itertools.count(1)
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._refusal = RefusalWatch()
        self.endpoint = ""
        self.n_sent = self.n_dropped = 0

    def connect(self, endpoint: str) -> None:
        """Send to `endpoint` from now on; does nothing if it does so already."""
        if endpoint != self.endpoint:
            self._open(endpoint)

    def announce(self) -> bool:
        """Say what there is; False if the hub could not be given all of it."""
        return all(self._send(frames) for frames in self._announcement)

    def send_samples(self, samples: Samples) -> None:
        """Send the observations of one step."""
        n = len(samples.indices)
        if n == 0:
            return
        frames = encode_batch(
            self._source,
            self._epoch,
            next(self._seq),
            samples.indices.astype(np.uint32),
            samples.t_ns,
            samples.values,
            samples.quality,
            self._clock.now_ns(),
        )
        self._count(n, is_sent=self._send(frames))

    def send_positions(self, t_ns: int, xyz: Float64Array, heading_rad: Float32Array) -> None:
        """Send where all units are.

        Parameters
        ----------
        xyz : (n, 3) local metres; heading_rad : (n,) clockwise from north
        """
        n = len(self._unit_indices)
        if n == 0:
            return
        frames = encode_positions(
            self._source,
            self._epoch,
            next(self._seq),
            "local",
            self._unit_indices,
            np.full(n, t_ns, dtype=np.int64),
            xyz[:, 0],
            xyz[:, 1],
            xyz[:, 2],
            heading_rad,
            self._clock.now_ns(),
        )
        self._count(n, is_sent=self._send(frames))

    def close(self) -> None:
        """Let go of the socket; what is still queued is lost."""
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
        self._refusal.close()
        self._context.term()

    def _open(self, endpoint: str) -> None:
        if self._socket is not None:
            self._socket.close(linger=0)
        socket: zmq.Socket[bytes] = self._context.socket(zmq.PUSH)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.IMMEDIATE, 1)
        socket.set(zmq.SNDHWM, QUEUE_MESSAGES)
        socket.set(zmq.RECONNECT_IVL, RECONNECT_MS)
        socket.set(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
        apply_security(socket, self._security)
        self._refusal.watch(socket)
        socket.connect(endpoint)
        self._socket, self.endpoint = socket, endpoint

    def _send(self, frames: Iterable[bytes]) -> bool:
        if self._socket is None:
            return False
        try:
            self._socket.send_multipart(list(frames), zmq.DONTWAIT)
        except zmq.Again:
            if self._refusal.is_due:
                self._open(self.endpoint)
            return False
        return True

    def _count(self, n: int, *, is_sent: bool) -> None:
        if is_sent:
            self.n_sent += n
        else:
            self.n_dropped += n
