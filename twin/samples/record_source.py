"""What a recorder receives from: every message, in order, confirmed when it is safe.

Unlike a console's subscription nothing is dropped for a slow recorder within the bounds that
docs/wire-protocol.md states; what falls out of them is counted in ``n_lost``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import zmq

from twin.errors import WireError
from twin.link.wire_record import (
    RECORDED,
    Ack,
    Begin,
    Take,
    decode_to_recorder,
    encode_record,
)
from twin.samples.address import carrier_of, require_nats
from twin.samples.source import BURST, Configure, as_it_is

WINDOW_BYTES = 16 * 1024 * 1024
_ACK_S = 0.5
_ACK_MESSAGES = 64


@dataclass(frozen=True, slots=True)
class Recorded:
    """One message of the full lane: its number in the stream, and its frames."""

    number: int
    frames: list[bytes]


class RecordSource(Protocol):
    """A recorder's side. One thread."""

    @property
    def n_lost(self) -> int:
        """Messages known to be missing between what was given and what was given before."""
        ...

    @property
    def stream(self) -> str:
        """Whose numbers they are; keep it beside the last number to go on after a restart."""
        ...

    def receive(self, timeout_ms: int) -> list[Recorded]:
        """The next messages; [] when none came in time."""
        ...

    def acknowledge(self, number: int) -> None:
        """Everything up to `number` is safe (written and synced): it need not be kept any more."""
        ...

    def close(self) -> None:
        """End it; what was not acknowledged will come again."""
        ...


def open_record(
    address: str, *, stream: str = "", after: int = 0, configure: Configure = as_it_is
) -> RecordSource:
    """Receive as a recorder, from a hub's ``record`` port or from NATS.

    Parameters
    ----------
    stream, after : where the last run ended; "" and 0 = from now on

    Raises
    ------
    TwinError
        The address is none, or what it needs is not installed.
    """
    if carrier_of(address) == "nats":
        require_nats()
        from twin.samples.nats_record import NatsRecord  # nats-py is an extra

        return NatsRecord(address, stream=stream, after=after)
    return HubRecord(address, stream=stream, after=after, configure=configure)


class HubRecord:
    """A DEALER to the hub's record port.

    Attributes
    ----------
    n_hubs : hubs met; with more than one, what an earlier one had not handed over is not known,
        and shows in the numbering of the sources only
    """

    def __init__(
        self, endpoint: str, *, stream: str = "", after: int = 0, configure: Configure = as_it_is,
        window: int = WINDOW_BYTES,
    ) -> None:  # fmt: skip
        self.stream = stream
        self.n_lost = 0
        self.n_hubs = 0
        self._after = self._acked = after
        self._window = window
        self._has_begun = False
        self._told_s = 0.0
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.set(zmq.LINGER, 200)
        self._socket.set(zmq.RCVHWM, 0)  # the window bounds it
        self._socket.set(zmq.RECONNECT_IVL, 50)
        self._socket.set(zmq.RECONNECT_IVL_MAX, 1000)
        try:
            configure(self._socket)
            self._socket.connect(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise WireError(f"Nothing can be recorded from {endpoint!r}: {error}") from error
        self._take()

    def receive(self, timeout_ms: int) -> list[Recorded]:
        """The next messages; [] when none came in time."""
        self._keep_telling()
        messages: list[Recorded] = []
        if not self._socket.poll(timeout_ms):
            return messages
        try:
            while len(messages) < BURST:
                frames = self._socket.recv_multipart(zmq.NOBLOCK)
                if frames[0] == RECORDED:
                    self._take_recorded(frames, messages)
                else:
                    self._take_envelope(frames)
        except zmq.Again:
            pass
        return messages

    def acknowledge(self, number: int) -> None:
        """Everything up to `number` is safe."""
        if number > self._acked:
            is_due = number - self._acked >= _ACK_MESSAGES
            self._acked = number
            if is_due:
                self._tell()

    def close(self) -> None:
        """Tell what is safe, and end. Twice is fine."""
        if not self._context.closed:
            if self._has_begun:
                self._tell()
            self._socket.close()
            self._context.term()

    def _take_recorded(self, frames: list[bytes], messages: list[Recorded]) -> None:
        number = int.from_bytes(frames[1], "little")
        if self._has_begun and number == self._after + 1:
            self._after = number
            messages.append(Recorded(number, frames[2:]))
        elif self._has_begun and number > self._after + 1:
            self._has_begun = False  # a hole on the way: the connection broke; have it sent again
            self._take()

    def _take_envelope(self, frames: list[bytes]) -> None:
        try:
            message = decode_to_recorder(frames)
        except WireError:
            return
        if not isinstance(message, Begin):
            if self._has_begun:  # of several answers to what waited for a hub, the first
                self._has_begun = False
                self._take()
            return
        self.n_hubs += message.stream != self.stream
        if message.stream != self.stream or message.after >= self._after:
            self.n_lost += max(message.lost, 0)
            self._after = self._acked = message.after
        self.stream = message.stream
        self._has_begun = True

    def _take(self) -> None:
        self._say(encode_record(Take(stream=self.stream, after=self._after, window=self._window)))

    def _keep_telling(self) -> None:
        if time.monotonic() - self._told_s <= _ACK_S:
            return
        if self._has_begun:
            self._tell()
        else:
            self._take()

    def _tell(self) -> None:
        self._say(encode_record(Ack(upto=self._acked)))

    def _say(self, frames: list[bytes]) -> None:
        self._told_s = time.monotonic()
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:  # nobody there; it is said again
            return
