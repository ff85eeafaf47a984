"""A hub's forwarder between publishers and consoles, over ZeroMQ or NATS; real sockets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from tests.services.nats import NatsServers
from tests.twin.hub_rig import CLOCK, until
from twin.hub.addresses import default_addresses
from twin.hub.forwarder import Forwarder
from twin.hub.lookout import Found
from twin.hub.ports import Ports, bind_ports
from twin.link.control import HubAddresses
from twin.link.wire import decode, encode_announcement, encode_batch
from twin.samples.bridge import open_bridge, with_samples
from twin.samples.outlet import SampleOutlet, open_outlet
from twin.samples.record_desk import open_desk
from twin.samples.source import SampleSource, open_source
from twin.sense.ingest import SampleIngest
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

BATCH = 8


class LaneRig:
    """The middle of the lane. ``addresses`` as a hub would tell them."""

    def __init__(self, carrier: str, folder: Path, *, n_servers: int = 1) -> None:
        self.carrier = carrier
        self.found: list[Found] = []
        self.servers = NatsServers(folder, n_servers) if carrier == "nats" else None
        self._wanted = default_addresses(base_port=0)
        self.start()

    def start(self) -> None:
        """Start the forwarder, on the ports it had."""
        self.context: zmq.Context[Any] = zmq.Context()
        address = self.servers.address if self.servers else ""
        self.bridge: Any = open_bridge(address, self.context)
        self.ports: Ports = bind_ports(self.context, self._wanted)
        self._wanted = self.ports.addresses
        self.addresses: HubAddresses = with_samples(self.ports.addresses, address)
        self.forwarder = Forwarder(
            pull=self.ports.samples_in, publish=self.ports.samples_out, found=self.found.append,
            clock=CLOCK, bridge=self.bridge, record=open_desk(self.ports.record),
        )  # fmt: skip
        self.forwarder.start()
        if self.bridge is not None:
            until(lambda: self.bridge.keeps_history, 30.0, "the bridge to NATS")

    def stop(self) -> None:
        """End the forwarder; publishers and consoles stay."""
        self.forwarder.close()
        if self.bridge is not None:
            self.bridge.close()
        self.ports.close()
        self.context.term()

    def restart_middle(self) -> None:
        """What lies between publishers and consoles goes and comes back: the hub, or the server."""
        if self.servers is None:
            self.stop()
            self.start()
            return
        self.servers.kill(0)
        until(lambda: not self.bridge.is_connected, what="the bridge to notice")
        self.servers.start(0)
        self.servers.wait(0)
        until(lambda: self.bridge.is_connected, what="the bridge to come back")

    def close(self) -> None:
        self.stop()
        if self.servers is not None:
            self.servers.close()

    def __enter__(self) -> LaneRig:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Publisher:
    """One source with a few things, numbered from 0."""

    def __init__(
        self, address: str, source: str = "src", *, accepts: tuple[str, ...] = (),
        n_streams: int = BATCH,
    ) -> None:  # fmt: skip
        self.source, self.accepts, self.n_streams, self.seq = source, accepts, n_streams, 0
        self.outlet: SampleOutlet = open_outlet(address)
        self.outlet.connect(10.0)

    def announcement(self) -> Announcement:
        ids = [f"{self.source}-{i}" for i in range(self.n_streams)]
        return Announcement(
            source=self.source, epoch="e",
            things=tuple(Thing(id=i, name=i, kind="pump", accepts=self.accepts) for i in ids),
            datastreams=tuple(
                Datastream(index=n, id=f"{i}/p", thing_id=i, observed_property="p")
                for n, i in enumerate(ids)
            ),
        )  # fmt: skip

    def announce(self) -> None:
        assert self.outlet.send(encode_announcement(self.announcement()))

    def frames(self, value: float = 1.0) -> list[bytes]:
        """The next batch, a sample of each datastream."""
        n, now_ns = self.n_streams, CLOCK.now_ns()
        seq, self.seq = self.seq, self.seq + 1
        return encode_batch(
            self.source, "e", seq, np.arange(n, dtype=np.uint32), np.full(n, now_ns),
            np.full(n, value), np.zeros(n, np.uint8), now_ns,
        )  # fmt: skip

    def send(self, value: float = 1.0) -> bool:
        return self.outlet.send(self.frames(value))

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.outlet.close()


class Console:
    """An ingest with its stores."""

    def __init__(self, address: str, *, capacity: int = 200) -> None:
        self.store = ObservationStore(capacity=capacity, history=8, clock=CLOCK)
        self.units = UnitStore(capacity=20, history=8, clock=CLOCK)
        self.ingest = SampleIngest(
            endpoint=address, store=self.store, units=self.units, clock=CLOCK
        )
        self.ingest.start()

    def feed(self, source: str = "src") -> Any:
        """Counters of a source, None before its first message."""
        return next((f for f in self.ingest.stats().feeds if f.source == source), None)

    def n_messages(self, source: str = "src") -> int:
        """Batches of a source that came, by their samples."""
        feed = self.feed(source)
        return feed.received // BATCH if feed is not None else 0

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *_: object) -> None:
        self.ingest.close()


@contextlib.contextmanager
def source_at(address: str) -> Iterator[SampleSource]:
    """A subscription, closed in the end."""
    source = open_source(address)
    try:
        yield source
    finally:
        source.close()


def receive(source: SampleSource, n: int, timeout_s: float = 20.0) -> list[Any]:
    """The next `n` messages of the full lane, decoded."""
    messages: list[Any] = []

    def have_all() -> bool:
        for frames in source.receive(20):
            if bytes(frames[0]).startswith(b"v1/"):
                messages.append(decode(frames))
        return len(messages) >= n

    until(have_all, timeout_s, f"{n} messages")
    return messages


def seqs(messages: Sequence[Any], source: str) -> list[int]:
    """Numbers of a source's batches in the order in which they came."""
    return [m.seq for m in messages if m.source == source and hasattr(m, "seq")]
