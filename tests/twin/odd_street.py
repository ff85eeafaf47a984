"""A source of samples of one street, see `scripts.anomaly_history`."""

from __future__ import annotations

from typing import Any

import zmq

from scripts.anomaly_history import announcement, batch
from twin.arrays import Float64Array, Int64Array
from twin.link import wire
from twin.link.control import HubAddresses

THING = "loop"
STREAM = f"{THING}/traffic_flow"


class Source:
    """Pushes samples of the street to a hub."""

    def __init__(self, addresses: HubAddresses) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self._push = self._context.socket(zmq.PUSH)
        self._push.set(zmq.LINGER, 0)
        self._push.connect(addresses.samples_in)
        self._n = 1_000
        self._push.send_multipart(wire.encode_announcement(announcement(THING)))

    def send(self, t_ns: Int64Array, values: Float64Array) -> None:
        """Send observations; announced before each, for who came late."""
        self._push.send_multipart(wire.encode_announcement(announcement(THING)))
        self._n += 1
        self._push.send_multipart(batch(self._n, t_ns, values))

    def close(self) -> None:
        """Close the socket."""
        self._push.close()
        self._context.term()
