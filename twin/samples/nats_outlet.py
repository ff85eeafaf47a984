"""Publishing samples to NATS: to whoever listens there, hubs among them."""

from __future__ import annotations

import time

from nats.aio.client import Client

from twin.samples.address import parse_nats
from twin.samples.nats_link import NatsLink
from twin.samples.outlet import NobodyListensError
from twin.samples.packing import pack, subject_of_message

_SEND_TIMEOUT_S = 0.5
_STEP_S = 0.005


class NatsOutlet:
    """A connection that publishes whole messages. One thread."""

    def __init__(self, address: str) -> None:
        parsed = parse_nats(address)
        self._prefix = parsed.prefix
        self._link = NatsLink(parsed, name="publisher", on_connected=_nothing_more)
        self._link.start()

    def connect(self, timeout_s: float) -> None:
        """Wait for a server, raises `NobodyListensError`."""
        if not self._link.wait_connected(timeout_s):
            raise NobodyListensError(self._link.trouble)

    def send(self, frames: list[bytes]) -> bool:
        """Queue one message for NATS; False when there was no room for it for half a second.

        True means handed over, not delivered: while the server is away a queue of two seconds is
        kept, and what falls out of it shows as a gap of the numbering.
        """
        subject, payload = subject_of_message(self._prefix, frames), pack(frames[1:])
        until = time.monotonic() + _SEND_TIMEOUT_S
        while not self._link.publish(subject, payload):
            if time.monotonic() > until:
                return False
            time.sleep(_STEP_S)
        return True

    def close(self) -> None:
        """Give what is queued a moment to leave, then close."""
        self._link.close()


async def _nothing_more(client: Client, is_new: bool) -> None:
    """A publisher has no subscriptions."""
