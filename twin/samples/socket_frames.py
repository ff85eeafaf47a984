"""Whole messages through a ZeroMQ socket, uncopied, at half the cost of a multipart call.

`zmq.Socket.send_multipart` checks the type of each part and combines enum flags for it, and
`recv_multipart` asks for an option after each part: together more than all the rest of forwarding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import zmq

_MORE = int(zmq.SNDMORE)
_NO_WAIT = int(zmq.NOBLOCK)


def take_frames(socket: zmq.Socket[Any]) -> list[zmq.Frame]:
    """Receive a message without waiting; raises `zmq.Again` when there is none."""
    frame = socket.recv(_NO_WAIT, copy=False)
    frames = [frame]
    while frame.more:
        frame = socket.recv(_NO_WAIT, copy=False)
        frames.append(frame)
    return frames


def give_frames(socket: zmq.Socket[Any], frames: Sequence[bytes | zmq.Frame]) -> None:
    """Send a message; received frames are passed on as they are, without a copy."""
    for frame in frames[:-1]:
        socket.send(frame, _MORE, copy=False)
    socket.send(frames[-1], 0, copy=False)


def as_bytes(frames: Sequence[bytes | zmq.Frame]) -> list[bytes]:
    """The frames as bytes of their own."""
    return [frame if isinstance(frame, bytes) else frame.bytes for frame in frames]
