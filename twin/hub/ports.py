"""The hub's five sockets: how they are bound and bounded."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec
import zmq

from twin.errors import TwinError
from twin.hub import forwarder
from twin.link import wire_record
from twin.link.control import MAX_MESSAGE_BYTES, HubAddresses
from twin.security.hub_security import BACKLOG, HANDSHAKE_MS, HubSecurity, Plane

_EVENT_HWM = 20_000
_CONTROL_HWM = 5_000
_LINGER_MS = 200
_NO_LIMIT = 0  # the recorder's window bounds it


class PortError(TwinError):
    """A port of the hub cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Bound sockets and where they really are."""

    control: zmq.Socket[bytes]
    events: zmq.Socket[bytes]
    samples_in: zmq.Socket[bytes]
    samples_out: zmq.Socket[bytes]
    record: zmq.Socket[bytes] | None
    addresses: HubAddresses

    def close(self) -> None:
        """Close all; what is queued has a moment to leave."""
        for socket in (
            self.control, self.events, self.samples_in, self.samples_out, self.record,
        ):  # fmt: skip
            if socket is not None:
                socket.close(_LINGER_MS)


def bind_ports(
    context: zmq.Context[zmq.Socket[bytes]],
    wanted: HubAddresses,
    security: HubSecurity | None = None,
) -> Ports:
    """Bind all sockets, or none; the one for recorders only where an address is given.

    Raises
    ------
    PortError
        A port is taken, an address is not this machine's, or others can reach it and there are no
        keys.
    """
    if security is None:
        require_loopback(wanted)
    with contextlib.ExitStack() as undo:
        sockets = []
        plane: Plane
        for plane, kind, endpoint, receive_hwm, send_hwm, max_bytes in (
            ("control", zmq.ROUTER, wanted.control, _CONTROL_HWM, _CONTROL_HWM, MAX_MESSAGE_BYTES),
            ("events", zmq.XPUB, wanted.events, _CONTROL_HWM, _EVENT_HWM, MAX_MESSAGE_BYTES),
            ("samples_in", zmq.PULL, wanted.samples_in, forwarder.HWM, 1,
             forwarder.MAX_FRAME_BYTES),
            ("samples_out", zmq.XPUB, wanted.samples_out, _CONTROL_HWM, forwarder.HWM,
             MAX_MESSAGE_BYTES),
            ("record", zmq.ROUTER, wanted.record, _CONTROL_HWM, _NO_LIMIT, wire_record.MAX_BYTES),
        ):  # fmt: skip
            if not endpoint:
                continue
            socket = context.socket(kind)
            undo.callback(socket.close, 0)
            socket.set(zmq.RCVHWM, receive_hwm)
            socket.set(zmq.SNDHWM, send_hwm)
            socket.set(zmq.MAXMSGSIZE, max_bytes)
            socket.set(zmq.LINGER, _LINGER_MS)
            socket.set(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
            socket.set(zmq.BACKLOG, BACKLOG)
            if kind == zmq.XPUB:
                socket.set(zmq.XPUB_VERBOSE, 1)
            if security is not None:
                security.apply(socket, plane)
            _bind(socket, endpoint)
            sockets.append(socket)
        undo.pop_all()
    control, events, samples_in, samples_out, *record = sockets
    names = [socket.get_string(zmq.LAST_ENDPOINT) for socket in sockets]
    addresses = HubAddresses(
        control=names[0], events=names[1], samples_in=names[2], samples_out=names[3],
        record=names[4] if record else "",
    )  # fmt: skip
    return Ports(
        control=control, events=events, samples_in=samples_in, samples_out=samples_out,
        record=record[0] if record else None, addresses=addresses,
    )  # fmt: skip


def require_loopback(addresses: HubAddresses) -> None:
    """Raise `PortError` if others than this machine can reach an address."""
    for endpoint in msgspec.structs.astuple(addresses):
        if endpoint.startswith("tcp://") and not is_loopback(endpoint):
            raise PortError(
                f"A hub without keys listens on this machine only, not on {endpoint}; make keys"
                " with civitwin keys init and start it with --keys"
            )


def is_loopback(endpoint: str) -> bool:
    """Whether only this machine can reach an endpoint."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
