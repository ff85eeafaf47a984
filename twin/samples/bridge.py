"""What joins the hub's own sample lane to another one."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
import zmq

from twin.link.control import HubAddresses
from twin.samples.address import SampleAddressError, carrier_of, public_address, require_nats


class SampleBridge(Protocol):
    """The other lane as the forwarder sees it. Its socket belongs to the forwarder's thread."""

    @property
    def inbox(self) -> zmq.Socket[Any]:
        """PULL socket on which its messages arrive, frames as on our own."""
        ...

    @property
    def is_thin_wanted(self) -> bool:
        """Whether somebody there listens to the thinned lane."""
        ...

    def publish(self, frames: list[bytes]) -> None:
        """Pass one of our messages on."""
        ...

    def close(self) -> None:
        """End it. Twice is fine."""
        ...


def open_bridge(address: str, context: zmq.Context[zmq.Socket[Any]]) -> SampleBridge | None:
    """Join the hub to the NATS at an address; None for "".

    Raises
    ------
    TwinError
        The address is none, or nats-py is not installed. Nobody being there is no error.
    """
    if not address:
        return None
    if carrier_of(address) != "nats":
        raise SampleAddressError(
            f"Samples are carried by the hub itself or by NATS, not by {address}; write --samples"
            " nats://HOST:4222, or leave it out"
        )
    require_nats()
    from twin.samples.nats_bridge import NatsBridge  # nats-py is an extra

    return NatsBridge(address, context)


def with_samples(addresses: HubAddresses, samples: str) -> HubAddresses:
    """The hub's addresses as consoles are told them: samples come from NATS where there is one."""
    if not samples:
        return addresses
    return msgspec.structs.replace(addresses, samples_out=public_address(samples))
