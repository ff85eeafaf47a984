"""A publisher of the sample lane: numbered batches, repeated announcements."""

from __future__ import annotations

import uuid
from types import TracebackType

import numpy as np

from twin.arrays import Float64Array, Int64Array, UInt32Array
from twin.clock import NS_PER_S, Clock
from twin.link import wire
from twin.samples.outlet import NobodyListensError as NobodyListensError
from twin.samples.outlet import open_outlet
from twin.samples.source import Configure, as_it_is
from twin.sense.model import Announcement

ANNOUNCE_EVERY_NS = 5 * NS_PER_S
MAX_BATCH = 5000


class SampleSender:
    """Sends samples to a hub's ``samples_in``, or to NATS (``nats://…``). One thread.

    ``configure`` is called with a ZeroMQ socket before it connects (for its keys).

    Attributes
    ----------
    n_sent, n_lost : samples handed over, and samples whose batch found nobody (numbered all the
        same, so that the loss shows as a gap)
    """

    def __init__(
        self, *, endpoint: str, source: str, clock: Clock, configure: Configure = as_it_is
    ) -> None:
        self._source = source
        self._clock = clock
        self._epoch = uuid.uuid4().hex[:16]
        self._seq = 0
        self._announced_ns = 0
        self._outlet = open_outlet(endpoint, configure=configure)
        self.n_sent = 0
        self.n_lost = 0

    def connect(self, timeout_s: float = 2.0) -> None:
        """Connect and wait until somebody is there.

        Raises
        ------
        NobodyListensError
            Nobody took the connection in time, or the address is none.
        """
        self._outlet.connect(timeout_s)

    def send(self, frames: list[bytes]) -> bool:
        """Send one message; False when nobody took it for half a second."""
        return self._outlet.send(frames)

    def announce(self, announcement: Announcement) -> None:
        """Announce when it is time to: at first, then every 5 s."""
        now_ns = self._clock.now_ns()
        if now_ns - self._announced_ns < ANNOUNCE_EVERY_NS:
            return
        whole = Announcement(
            source=self._source, epoch=self._epoch, things=announcement.things,
            datastreams=announcement.datastreams, units=announcement.units,
        )  # fmt: skip
        sent = [self.send(wire.encode_announcement(p)) for p in wire.split_announcement(whole)]
        if all(sent):
            self._announced_ns = now_ns

    def send_samples(self, indices: UInt32Array, t_ns: Int64Array, values: Float64Array) -> None:
        """Send (n,) good observations, in batches of at most 5,000."""
        for start in range(0, len(indices), MAX_BATCH):
            part = slice(start, start + MAX_BATCH)
            quality = np.zeros(len(indices[part]), dtype=np.uint8)
            frames = wire.encode_batch(
                self._source, self._epoch, self._seq, indices[part], t_ns[part], values[part],
                quality, self._clock.now_ns(),
            )  # fmt: skip
            self._count(self.send(frames), len(quality))

    def send_positions(
        self, indices: UInt32Array, t_ns: Int64Array, lonlat_deg: Float64Array
    ) -> None:
        """Send (n,) geographic positions on the ground, (n, 2) longitudes and latitudes."""
        if len(indices) == 0:
            return
        n = len(indices)
        frames = wire.encode_positions(
            self._source, self._epoch, self._seq, "geographic", indices, t_ns,
            lonlat_deg[:, 0], lonlat_deg[:, 1], np.zeros(n),
            np.full(n, np.nan, dtype=np.float32), self._clock.now_ns(),
        )  # fmt: skip
        self._count(self.send(frames), n)

    def _count(self, is_sent: bool, n: int) -> None:
        self._seq += 1
        self.n_sent += n if is_sent else 0
        self.n_lost += 0 if is_sent else n

    def close(self) -> None:
        """Flush what is queued (within the linger time) and close."""
        self._outlet.close()

    def __enter__(self) -> SampleSender:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
