"""Why a hub does not let us in, from the monitor of the control socket, as one sentence.

Without it a refused connection is only silent. What libzmq tells its client: a key that is not on
the list is ``FAILED_AUTH``; two ends that disagree about encryption are ``FAILED_PROTOCOL``; a hub
with another key than expected just hangs up (``FAILED_NO_DETAIL``), again and again.

Hard-won rules (guarded in tests/twin/security/test_refused.py):

1. A monitor is closed by hand after its socket: ``disable_monitor`` waits for ever when events are
   unread.
2. Hang-ups are a weak sign: ends that disagree about encryption hang up as well, whoever sees it
   first, so they never replace what is known for certain.
"""

from __future__ import annotations

import zmq
from zmq.utils.monitor import recv_monitor_message

from twin.ids import uuid7
from twin.security.client_security import ClientSecurity

_EVENTS = (
    zmq.EVENT_CONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
_HANG_UPS = 3


class Handshake:
    """Watches the handshakes with one hub. One thread, but for `text`, which any may read.

    Attributes
    ----------
    text : why the hub does not let us in, "" = it does, or nothing is known
    is_somebody_there : the watched socket was connected, whatever came of it
    """

    def __init__(self, security: ClientSecurity | None) -> None:
        self.text = ""
        self.is_somebody_there = False
        self._endpoint = ""
        self._security = security
        self._monitor: zmq.Socket[bytes] | None = None
        self._n_hang_ups = 0

    def watch(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        """Watch a new socket; before it connects."""
        if endpoint != self._endpoint:
            self._endpoint = endpoint
            self._forget()
        self.is_somebody_there = False
        # Its own name: the default is the socket's descriptor, which an old one may still hold.
        self._monitor = socket.get_monitor_socket(_EVENTS, f"inproc://watch-{uuid7()}")

    def close(self) -> None:
        """Stop watching; after the watched socket was closed. Twice is fine."""
        if self._monitor is not None:
            self._monitor.close(0)
            self._monitor = None

    def look(self) -> None:
        """Take in what happened; never waits."""
        while self._monitor is not None and self._monitor.poll(0):
            self._take(int(recv_monitor_message(self._monitor, zmq.NOBLOCK)["event"]))

    def _take(self, event: int) -> None:
        where = self._endpoint.removeprefix("tcp://")
        match event:
            case zmq.EVENT_CONNECTED:
                self.is_somebody_there = True
            case zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._forget()
            case zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                self.text = _unknown_key(self._security)
            case zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL if self._security is None:
                self.text = f"The hub at {where} is encrypted; give this program its --keys FOLDER"
            case zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                self.text = (
                    f"The hub at {where} has no encryption, this program insists on it; ask the"
                    " administrator whether that is the right hub"
                )
            case _:
                self._n_hang_ups += 1
                if self._n_hang_ups >= _HANG_UPS and not self.text:
                    self.text = _hung_up(where, self._security)

    def _forget(self) -> None:
        self.text, self._n_hang_ups = "", 0


def _unknown_key(security: ClientSecurity | None) -> str:
    if security is None:
        return "The hub refuses this program; ask the administrator for a folder of keys"
    return (
        f"The hub does not know the key of the workstation {security.name} here, or it was revoked;"
        f" ask the administrator to run: civitwin keys list, and if it is not in the list, civitwin"
        f" keys workstation {security.name} --public-key='{security.public_key}'"
    )


def _hung_up(where: str, security: ClientSecurity | None) -> str:
    if security is None:
        return f"What answers at {where} hangs up; if it is a hub with keys, say --keys FOLDER"
    return (
        f"What answers at {where} does not have the key of the hub “{security.keys.hub.name}”; ask"
        " the administrator whether the hub got new keys (hub.public.toml) or that is another one"
    )
