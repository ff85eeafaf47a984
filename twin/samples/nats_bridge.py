"""Joins the hub's sample lane to NATS: what devices push goes there, what is published there comes.

Hard-won rules (tests/twin/test_samples_conformance.py, test_nats.py):

1. ``no_echo``: the hub never hears what it passed on itself, so nothing goes in circles; what
   another hub passed on it hears once and gives to its own subscribers only.
2. Queues are bounded both ways and what does not fit is counted; the forwarder never waits.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from typing import Any

import nats.errors
import zmq
from nats.aio.client import Client
from nats.aio.msg import Msg

from twin.errors import WireError
from twin.ids import uuid7
from twin.samples.address import parse_nats
from twin.samples.nats_link import NatsLink
from twin.samples.nats_source import WANT_EVERY_S, want_subject
from twin.samples.packing import pack, subject_of_message, topic_of_subject, unpack
from twin.samples.streams import make_streams

INBOX_HWM = 4_000
RETRY_S = 1.0
WARN_AFTER_TRIES = 5
_PENDING_MESSAGES = 8_000
_PENDING_BYTES = 64 * 1024 * 1024
_log = logging.getLogger(__name__)


class NatsBridge:
    """See `twin.samples.bridge.SampleBridge`.

    Parameters
    ----------
    context : of the hub; the inbox is made in it

    Attributes
    ----------
    n_in, n_out : messages that came from NATS, and that were handed to it
    keeps_history : the streams are there, so that who joins late is served
    n_refused : messages from NATS that could not be read or found the hub's queue full
    """

    def __init__(self, address: str, context: zmq.Context[zmq.Socket[Any]]) -> None:
        parsed = parse_nats(address)
        self._prefix = parsed.prefix
        self._context = context
        endpoint = f"inproc://nats-{uuid7()}"
        self.inbox: zmq.Socket[Any] = context.socket(zmq.PULL)
        self.inbox.set(zmq.RCVHWM, INBOX_HWM)
        self.inbox.bind(endpoint)
        self._push: zmq.Socket[Any] = context.socket(zmq.PUSH)
        self._push.set(zmq.SNDHWM, INBOX_HWM)
        self._push.set(zmq.LINGER, 0)
        self._push.connect(endpoint)
        self._wanted_until = 0.0
        self.keeps_history = False
        self.n_in = self.n_out = self.n_refused = 0
        self._link = NatsLink(parsed, name="hub", on_connected=self._arrive, no_echo=True)
        self._link.start()

    @property
    def is_thin_wanted(self) -> bool:
        """Whether a console on NATS asked for the thinned lane lately."""
        return time.monotonic() < self._wanted_until

    @property
    def is_connected(self) -> bool:
        """Whether a server is there now."""
        return self._link.is_connected

    @property
    def trouble(self) -> str:
        """Why nothing gets through, "" = it does."""
        return self._link.trouble

    @property
    def n_lost(self) -> int:
        """Messages that did not get to NATS: no server, no room, or larger than it takes."""
        return self._link.n_lost

    def publish(self, frames: list[bytes]) -> None:
        """Pass one of our messages on. Forwarder's thread."""
        try:
            subject = subject_of_message(self._prefix, frames)
        except WireError:
            self.n_refused += 1
            return
        self.n_out += self._link.publish(subject, pack(frames[1:]))

    def close(self) -> None:
        """End the connection, then close the sockets. Twice is fine."""
        self._link.close()
        self._push.close(0)
        self.inbox.close(0)

    # --- on the link's thread ---------------------------------------------------------------------

    async def _arrive(self, client: Client, is_new: bool) -> None:
        if is_new:
            await client.subscribe(
                f"{self._prefix}.v1.>", cb=self._take, pending_msgs_limit=_PENDING_MESSAGES,
                pending_bytes_limit=_PENDING_BYTES,
            )  # fmt: skip
            await client.subscribe(want_subject(self._prefix), cb=self._note_want)
        self._link.run(lambda: self._make_streams(client))

    async def _make_streams(self, client: Client) -> None:
        """Try until it is done: a cluster that just started or lost a server needs some seconds."""
        for n_tries in itertools.count(1):
            try:
                await make_streams(client, self._prefix)
            except (TimeoutError, nats.errors.Error) as error:
                if n_tries == WARN_AFTER_TRIES:
                    _log.warning(
                        "NATS keeps no history, who joins waits for what comes next; start"
                        " nats-server with -js (%r)",
                        error,
                    )
            else:
                self.keeps_history = True
                return
            await asyncio.sleep(RETRY_S)
            if client.is_closed or not client.is_connected:
                return

    async def _take(self, message: Msg) -> None:
        topic = topic_of_subject(self._prefix, message.subject)
        try:
            frames = unpack(topic, message.data)
            self._push.send_multipart(frames, zmq.NOBLOCK)
        except (WireError, zmq.Again):
            self.n_refused += 1
            return
        self.n_in += 1

    async def _note_want(self, _message: Msg) -> None:
        self._wanted_until = time.monotonic() + 3 * WANT_EVERY_S
