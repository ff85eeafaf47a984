"""Who is at the other end of each TCP connection of the hub, and how to end one at once.

ZAP asks only while a connection is made. ZeroMQ has no way to end one later, but each message tells
the connection it came by (`zmq.SRCFD`) and the key of its peer (``User-Id``): shutting that TCP
connection down ends it for ZeroMQ like a pulled cable.

Hard-won rules (each guarded in tests/twin/security/test_hub_security.py):

1. A descriptor is used again for anything: before it is shut down, both ends must still be those
   noted with it.
2. XPUB tells only new subscriptions unless it is verbose; a subscription that is not told would
   outlive its key.
3. A handshake may end just after the key was revoked: each message is checked, not only the first.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import zmq

Ends = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a message came from.

    Attributes
    ----------
    key : CURVE public key, "" without encryption
    fd : ZeroMQ's descriptor of the connection
    ends : both addresses of it, None = not looked at, or it is gone
    """

    key: str
    fd: int
    ends: Ends | None = None


def peer_of(frame: zmq.Frame) -> Peer:
    """Who sent a frame (received with ``copy=False``)."""
    try:
        key = str(frame.get("User-Id"))
    except zmq.ZMQError:
        key = ""
    try:
        fd = int(frame.get(zmq.SRCFD))
    except (zmq.ZMQError, ValueError):
        fd = -1
    return Peer(key, fd)


@dataclass(slots=True)
class Peers:
    """All connections that said something. Any thread.

    Parameters
    ----------
    is_welcome : key -> whether it still is
    """

    is_welcome: Callable[[str], bool]
    _known: dict[int, tuple[str, Ends]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, frame: zmq.Frame, *, is_exact: bool = False) -> Peer | None:
        """Note who sent a frame; None (and the connection is ended) if they are not welcome.

        ``is_exact``: look at the connection for each message, not only when its key is new.
        """
        peer = peer_of(frame)
        ends = None
        with self._lock:
            known = self._known.get(peer.fd)
            if is_exact or known is None or known[0] != peer.key:
                ends = _ends(peer.fd)
                if ends is not None:
                    self._known[peer.fd] = (peer.key, ends)
        if self.is_welcome(peer.key):
            return Peer(peer.key, peer.fd, ends)
        self.cut({peer.key})
        return None

    def cut(self, keys: set[str]) -> int:
        """End all connections of some keys; returns how many."""
        with self._lock:
            chosen = [(fd, ends) for fd, (key, ends) in self._known.items() if key in keys]
            for fd, _ in chosen:
                del self._known[fd]
        return sum(_shut(fd, ends) for fd, ends in chosen)

    def cut_one(self, fd: int) -> bool:
        """End one connection."""
        with self._lock:
            known = self._known.pop(fd, None)
        return known is not None and _shut(fd, known[1])

    def forget_closed(self) -> None:
        """Drop what is closed or belongs to somebody else by now."""
        with self._lock:
            for fd, (_, ends) in tuple(self._known.items()):
                if _ends(fd) != ends:
                    del self._known[fd]


def received(socket: zmq.Socket[bytes], peers: Peers | None) -> list[bytes]:
    """Take a message without waiting; from somebody unwelcome it is one empty frame.

    Raises
    ------
    zmq.Again
        There is none.
    """
    if peers is None:
        return socket.recv_multipart(zmq.NOBLOCK)
    parts = socket.recv_multipart(zmq.NOBLOCK, copy=False)
    if peers.note(parts[-1]) is None:
        return [b""]
    return [part.bytes for part in parts]


def _ends(fd: int) -> Ends | None:
    """Both ends of a TCP connection, None if it is none."""
    connection = _opened(fd)
    if connection is None:
        return None
    with connection, contextlib.suppress(OSError):
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            return connection.getsockname(), connection.getpeername()
    return None


def _shut(fd: int, ends: Ends) -> bool:
    connection = _opened(fd)
    if connection is None:
        return False
    with connection, contextlib.suppress(OSError):
        if (connection.getsockname(), connection.getpeername()) == ends:
            connection.shutdown(socket.SHUT_RDWR)
            return True
    return False


def _opened(fd: int) -> socket.socket | None:
    """Our own handle on a descriptor of ZeroMQ's; closing it leaves theirs alone."""
    if fd < 0:
        return None
    try:
        own = os.dup(fd)
    except OSError:
        return None
    try:
        return socket.socket(fileno=own)
    except OSError:  # no socket any more
        os.close(own)
        return None
