"""The hub's four sockets: how they are bound and bounded."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import zmq

from twin.errors import TwinError
from twin.hub import forwarder
from twin.link.control import MAX_MESSAGE_BYTES, HubAddresses

_EVENT_HWM = 20_000
_CONTROL_HWM = 5_000
_LINGER_MS = 200


class PortError(TwinError):
    """A port of the hub cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Bound sockets and where they really are."""

    control: zmq.Socket[bytes]
    events: zmq.Socket[bytes]
    samples_in: zmq.Socket[bytes]
    samples_out: zmq.Socket[bytes]
    addresses: HubAddresses

    def close(self) -> None:
        """Close all four; what is queued has a moment to leave."""
        for socket in (self.control, self.events, self.samples_in, self.samples_out):
            socket.close(_LINGER_MS)


def bind_ports(context: zmq.Context[zmq.Socket[bytes]], wanted: HubAddresses) -> Ports:
    """Bind all four sockets, or none.

    Raises
    ------
    PortError
        A port is taken or an address is not this machine's.
    """
    with contextlib.ExitStack() as undo:
        sockets = []
        for kind, endpoint, receive_hwm, send_hwm, max_bytes in (
            (zmq.ROUTER, wanted.control, _CONTROL_HWM, _CONTROL_HWM, MAX_MESSAGE_BYTES),
            (zmq.PUB, wanted.events, _CONTROL_HWM, _EVENT_HWM, MAX_MESSAGE_BYTES),
            (zmq.PULL, wanted.samples_in, forwarder.HWM, 1, forwarder.MAX_FRAME_BYTES),
            (zmq.XPUB, wanted.samples_out, _CONTROL_HWM, forwarder.HWM, MAX_MESSAGE_BYTES),
        ):
            socket = context.socket(kind)
            undo.callback(socket.close, 0)
            socket.set(zmq.RCVHWM, receive_hwm)
            socket.set(zmq.SNDHWM, send_hwm)
            socket.set(zmq.MAXMSGSIZE, max_bytes)
            socket.set(zmq.LINGER, _LINGER_MS)
            _bind(socket, endpoint)
            sockets.append(socket)
        sockets[3].set(zmq.XPUB_VERBOSE, 1)
        undo.pop_all()
    control, events, samples_in, samples_out = sockets
    names = [socket.get_string(zmq.LAST_ENDPOINT) for socket in sockets]
    addresses = HubAddresses(
        control=names[0], events=names[1], samples_in=names[2], samples_out=names[3]
    )
    return Ports(
        control=control, events=events, samples_in=samples_in, samples_out=samples_out,
        addresses=addresses,
    )  # fmt: skip


def _bind(socket: zmq.Socket[bytes], endpoint: str) -> None:
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        where = endpoint.removeprefix("tcp://")
        if error.errno == zmq.EADDRINUSE:
            raise PortError(
                f"The address {where} is taken, perhaps by another hub;"
                " stop that one or choose other ports"
            ) from error
        raise PortError(f"The hub cannot listen on {where} ({error.strerror})") from error
