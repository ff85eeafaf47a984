"""What a console (or anybody else) receives samples from, whatever carries them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import zmq

from twin.link.wire import Buffer
from twin.samples.address import carrier_of, require_nats
from twin.samples.choosing import Lane

#: Messages given by one `SampleSource.receive` at most.
BURST = 64

Configure = Callable[["zmq.Socket[Any]"], None]


def as_it_is(socket: zmq.Socket[Any]) -> None:
    """Leave a ZeroMQ socket as it is: no keys."""


class SampleSource(Protocol):
    """A subscription to the sample lane. One thread, but for the two properties."""

    @property
    def n_dropped(self) -> int:
        """Messages that arrived here and were let go of because nobody took them in time."""
        ...

    @property
    def trouble(self) -> str:
        """One sentence for a person while nothing can arrive, "" = none known."""
        ...

    def receive(self, timeout_ms: int) -> list[Sequence[Buffer]]:
        """Messages as frames, the topic first; [] when none came in time."""
        ...

    def listen(self, lane: Lane) -> None:
        """Take the other lane; what waited on the way here is let go of, the numbering shows it."""
        ...

    def close(self) -> None:
        """End the subscription. Twice is fine."""
        ...


def open_source(address: str, *, configure: Configure = as_it_is) -> SampleSource:
    """Subscribe to the full lane at an address, whatever its scheme.

    Parameters
    ----------
    configure : called with each ZeroMQ socket before it connects (for its keys)

    Raises
    ------
    TwinError
        The address is none, or what it needs is not installed. Nobody being there is no error: the
        source goes on trying.
    """
    if carrier_of(address) == "nats":
        require_nats()
        from twin.samples.nats_source import NatsSource  # nats-py is an extra

        return NatsSource(address)
    from twin.samples.zeromq_source import ZeromqSource

    return ZeromqSource(address, configure=configure)
