"""What a publisher sends samples through, whatever carries them."""

from __future__ import annotations

from typing import Protocol

import zmq

from twin.errors import TwinError
from twin.samples.address import carrier_of, require_nats
from twin.samples.source import Configure, as_it_is
from twin.security.refusal import RefusalWatch

_SEND_TIMEOUT_MS = 500


class NobodyListensError(TwinError):
    """Nobody takes samples at the address."""


class SampleOutlet(Protocol):
    """A way for whole messages into the sample lane. One thread."""

    def connect(self, timeout_s: float) -> None:
        """Wait until somebody is there, raises `NobodyListensError`."""
        ...

    def send(self, frames: list[bytes]) -> bool:
        """Send one message; False when it could not be handed over within half a second."""
        ...

    def close(self) -> None:
        """Give what is queued a moment to leave, then close."""
        ...


def open_outlet(address: str, *, configure: Configure = as_it_is) -> SampleOutlet:
    """An outlet to a hub's ``samples_in`` or to NATS, by the scheme of the address.

    Raises
    ------
    TwinError
        The address is none, or what it needs is not installed.
    """
    if carrier_of(address) == "nats":
        require_nats()
        from twin.samples.nats_outlet import NatsOutlet  # nats-py is an extra

        return NatsOutlet(address)
    return ZeromqOutlet(address, configure=configure)


class ZeromqOutlet:
    """A PUSH socket that waits for a connection rather than queue into nothing."""

    def __init__(self, endpoint: str, *, configure: Configure = as_it_is) -> None:
        self._endpoint = endpoint
        self._configure = configure
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PUSH)
        self._refusal = RefusalWatch()
        self._linger_ms = 0

    def connect(self, timeout_s: float) -> None:
        """Connect and wait until somebody is there.

        Raises
        ------
        NobodyListensError
            Nobody took the connection in time, or the address is none.
        """
        self._linger_ms = round(timeout_s * 1000)
        try:
            self._open()
        except zmq.ZMQError as error:
            raise NobodyListensError(
                f"{self._endpoint!r} is no address to send samples to, e.g. tcp://127.0.0.1:5712"
            ) from error
        if not self._socket.poll(round(timeout_s * 1000), zmq.POLLOUT):
            has_keys = self._configure is not as_it_is
            why = "; or the hub does not know this program's key as a source" if has_keys else ""
            raise NobodyListensError(
                f"Nobody takes samples at {self._endpoint}: start a hub with civitwin hub (or"
                f" civitwin demo), or say --samples-in ADDRESS{why}"
            )

    def send(self, frames: list[bytes]) -> bool:
        """Send one message; False when nobody took it for half a second."""
        try:
            self._socket.send_multipart(frames)
        except zmq.Again:
            if self._refusal.is_due:
                self._socket.close(0)
                self._socket = self._context.socket(zmq.PUSH)
                self._open()
            return False
        return True

    def close(self) -> None:
        """Flush what is queued (within the linger time) and close."""
        self._socket.close()
        self._refusal.close()
        self._context.term()

    def _open(self) -> None:
        self._socket.set(zmq.IMMEDIATE, 1)
        self._socket.set(zmq.LINGER, self._linger_ms)
        self._socket.set(zmq.SNDTIMEO, _SEND_TIMEOUT_MS)
        self._configure(self._socket)
        self._refusal.watch(self._socket)
        self._socket.connect(self._endpoint)
