"""The two ways a recorder hears samples: as one subscriber of many, or every message confirmed.

A subscriber may miss messages when it is slow. From the record port (or the stream that NATS keeps)
nothing is let go of before it is on this disk, but one recorder alone can have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twin.link.control import HubAddresses
from twin.link.wire import Buffer
from twin.samples.address import carrier_of
from twin.samples.record_source import RecordSource, open_record
from twin.samples.source import Configure, SampleSource, open_source

#: Number in the lane (0 = none) and frames of a message.
Numbered = tuple[int, Sequence[Buffer]]


class SampleEar(Protocol):
    """One thread."""

    @property
    def trouble(self) -> str:
        """Why nothing can be heard, "" = nothing known."""
        ...

    @property
    def n_lost(self) -> int:
        """Messages known to be missing before they came here."""
        ...

    def receive(self, timeout_ms: int) -> list[Numbered]:
        """The next messages; [] when none came in time."""
        ...

    def confirm(self, number: int) -> None:
        """Everything up to `number` is on the disk."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Subscribed:
    """One subscriber of many."""

    n_lost = 0

    def __init__(self, source: SampleSource) -> None:
        self._source = source

    @property
    def trouble(self) -> str:
        """Of the source."""
        return self._source.trouble

    def receive(self, timeout_ms: int) -> list[Numbered]:
        """Messages without numbers."""
        return [(0, frames) for frames in self._source.receive(timeout_ms)]

    def confirm(self, number: int) -> None:
        """Nobody waits for it."""

    def close(self) -> None:
        """End the subscription."""
        self._source.close()


class Confirmed:
    """The one recorder of a hub that is served every message.

    Parameters
    ----------
    source : fresh, from now on
    """

    trouble = ""

    def __init__(self, source: RecordSource) -> None:
        self._source = source
        self._confirmed = 0

    @property
    def n_lost(self) -> int:
        """What fell out of the bounds of hub or stream."""
        return self._source.n_lost

    def receive(self, timeout_ms: int) -> list[Numbered]:
        """Messages with their numbers."""
        return [(one.number, one.frames) for one in self._source.receive(timeout_ms)]

    def confirm(self, number: int) -> None:
        """They need not be kept for us any more."""
        if number > self._confirmed:
            self._confirmed = number
            self._source.acknowledge(number)

    def close(self) -> None:
        """End it; another recorder may begin."""
        self._source.close()


def lane_address(addresses: HubAddresses, *, is_confirmed: bool) -> str:
    """Where to hear samples; "" = this hub does not offer that."""
    if not is_confirmed or carrier_of(addresses.samples_out) == "nats":
        return addresses.samples_out
    return addresses.record


def open_ear(address: str, *, is_confirmed: bool, configure: Configure) -> SampleEar:
    """Begin to hear, raises `TwinError`."""
    if is_confirmed:
        return Confirmed(open_record(address, configure=configure))
    return Subscribed(open_source(address, configure=configure))
