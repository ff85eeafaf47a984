"""Before a hub serves anybody it proves that its door is shut: strangers try and must fail."""

from __future__ import annotations

from collections.abc import Mapping

import zmq
from zmq.utils.monitor import recv_monitor_message

from twin.clock import SystemClock
from twin.errors import TwinError
from twin.ids import uuid7
from twin.security.hub_security import PLANES

_WAIT_MS = 5_000
_NS_PER_MS = 1_000_000
_CLIENT_OF = {
    "control": zmq.DEALER,
    "events": zmq.SUB,
    "samples_in": zmq.PUSH,
    "samples_out": zmq.SUB,
    "record": zmq.DEALER,
}
#: Two ends that disagree about encryption: whoever sees it first hangs up.
_HUNG_UP = zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
_ENDED = _HUNG_UP | zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH


class OpenDoorError(TwinError):
    """Somebody without a known key gets in, or it could not be shown that they do not."""


def require_shut(endpoints: Mapping[str, str], hub_public: bytes) -> None:
    """Try a random key, and no key, on each socket.

    Parameters
    ----------
    endpoints : plane -> endpoint, as bound; "" = there is none
    hub_public : the hub's CURVE public key, Z85

    Raises
    ------
    OpenDoorError
        One of them got in, or got no answer.
    """
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        for plane in PLANES:
            if not endpoints[plane]:
                continue
            endpoint = _reachable(endpoints[plane])
            for hub_key in (None, hub_public):
                event = _tried(context, _CLIENT_OF[plane], endpoint, hub_key)
                if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                    raise OpenDoorError(
                        f"The hub does not start: its {plane} socket let a stranger in, {endpoint}"
                    )
                wanted = zmq.EVENT_HANDSHAKE_FAILED_AUTH if hub_key else _HUNG_UP
                if not event & wanted:
                    raise OpenDoorError(
                        f"The hub does not start: its {plane} socket did not refuse a stranger"
                        f" within {_WAIT_MS // 1000} s, {endpoint}"
                    )
    finally:
        context.destroy(0)


def _tried(
    context: zmq.Context[zmq.Socket[bytes]], kind: int, endpoint: str, hub_key: bytes | None
) -> int:
    """What became of a stranger's handshake: the monitor's event, 0 = nothing in time."""
    clock = SystemClock()
    socket = context.socket(kind)
    # Its own name: the default is the socket's descriptor, which the last one may still hold.
    monitor = socket.get_monitor_socket(_ENDED, f"inproc://stranger-{uuid7()}")
    try:
        if hub_key is not None:
            public, secret = zmq.curve_keypair()
            socket.set(zmq.CURVE_PUBLICKEY, public)
            socket.set(zmq.CURVE_SECRETKEY, secret)
            socket.set(zmq.CURVE_SERVERKEY, hub_key)
        socket.connect(endpoint)
        until_ns = clock.monotonic_ns() + _WAIT_MS * _NS_PER_MS
        while (left_ns := until_ns - clock.monotonic_ns()) > 0:
            if monitor.poll(left_ns // _NS_PER_MS + 1):
                event = int(recv_monitor_message(monitor)["event"])
                if hub_key is None or event != zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
                    return event
        return 0
    finally:
        socket.close(0)
        monitor.close(0)


def _reachable(endpoint: str) -> str:
    return endpoint.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
