"""The hub's record port: a ROUTER socket beside the forwarder. Forwarder's thread.

Hard-won rules (tests/twin/test_record.py):

1. Nothing is queued in ZeroMQ beyond the recorder's window: what the hub has not kept itself it
   could not send again.
2. One recorder at a time: the newest to ask. An older one is told to ask again, and sees that.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import zmq

from twin.errors import WireError
from twin.ids import uuid7
from twin.link.wire_record import (
    Ack,
    Take,
    Who,
    decode_from_recorder,
    encode_record,
    encode_recorded,
)
from twin.samples.record_queue import RecordQueue
from twin.security.peers import Peers, received

_BURST = 200
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class RecordDesk:
    """Serves one recorder.

    Parameters
    ----------
    socket : bound ROUTER; belongs to the forwarder's thread
    peers : keeps out who was revoked, None = a hub without keys
    """

    socket: zmq.Socket[bytes]
    queue: RecordQueue
    peers: Peers | None = None
    _identity: bytes = b""

    def serve(self) -> bool:
        """Take in what recorders say; True when one begins anew and knows nothing yet."""
        is_new = False
        for _ in range(_BURST):
            try:
                identity, *frames = received(self.socket, self.peers)
            except zmq.Again:
                break
            try:
                message = decode_from_recorder(frames)
            except WireError:
                continue
            match message:
                case Take(stream=stream, after=after, window=window):
                    self._identity = identity
                    is_new |= stream != self.queue.stream
                    begin = self.queue.take(stream, after, window)
                    self._send(identity, encode_record(begin))
                case Ack(upto=upto) if identity == self._identity and self.queue.is_attached:
                    self.queue.acknowledge(upto)
                case Ack():
                    self._send(identity, encode_record(Who()))
        return is_new

    def pass_on(self) -> None:
        """Send what the recorder's window allows."""
        if self.queue.is_attached:
            for number, frames in self.queue.next_messages():
                self._send(self._identity, encode_recorded(number, frames))

    def look(self, now_ns: int) -> None:
        """Give up a recorder that stands still while the city waits for it."""
        n = self.queue.look(now_ns)
        if n:
            _log.error(
                "The recorder took nothing for %.0f s and is given up: %d messages are unrecorded;"
                " start it again",
                self.queue.patience_s, n,
            )  # fmt: skip

    def _send(self, identity: bytes, frames: list[bytes]) -> None:
        try:
            self.socket.send_multipart([identity, *frames], zmq.NOBLOCK)
        except zmq.ZMQError:  # it is gone; what it did not confirm is kept for when it asks again
            return


def open_desk(socket: zmq.Socket[bytes] | None, peers: Peers | None = None) -> RecordDesk | None:
    """A desk on a bound socket, with a stream of its own; None without a socket."""
    if socket is None:
        return None
    return RecordDesk(socket=socket, queue=RecordQueue(stream=uuid7()), peers=peers)
