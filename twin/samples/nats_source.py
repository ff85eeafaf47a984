"""The sample lane from NATS: live subjects, and history for whoever joins or comes back.

Hard-won rules (tests/twin/test_samples_conformance.py, test_nats.py):

1. One subscription for the whole full lane: NATS keeps the order within one only.
2. History first, then live: what arrives meanwhile waits at the gate, and comes once.
3. History is an extra: where it cannot be had within seconds, the lane goes on without.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from twin.clock import Clock, SystemClock
from twin.errors import WireError
from twin.link.wire import Buffer
from twin.samples.address import parse_nats
from twin.samples.choosing import Lane
from twin.samples.inbox import Inbox
from twin.samples.nats_link import NatsLink
from twin.samples.packing import topic_of_subject, unpack
from twin.samples.source import BURST
from twin.samples.streams import history

#: Who takes the thinned lane says so this often; the hub makes it for three times as long.
WANT_EVERY_S = 2.0
#: What is live waits for history at most so long: when joining, and after a break.
JOIN_WAIT_S, RETURN_WAIT_S = 3.0, 1.0
_PENDING_MESSAGES = 8_000
_PENDING_BYTES = 64 * 1024 * 1024
#: Clocks of servers and consoles differ; history repeats a little rather than miss some.
_SLACK = timedelta(seconds=5)


def want_subject(prefix: str) -> str:
    """Where consoles say that they take the thinned lane."""
    return f"{prefix}.want.thin"


class NatsSource:
    """Subscriptions of one console. Made, read and closed by one thread.

    Raises
    ------
    SampleAddressError
        From the constructor: the address is none.
    """

    def __init__(self, address: str, clock: Clock | None = None) -> None:
        parsed = parse_nats(address)
        self._prefix = parsed.prefix
        self._clock = clock or SystemClock()
        self._inbox = Inbox()
        self._lane = Lane.FULL
        self._subscriptions: list[Subscription] = []
        self._client: Client | None = None
        self._lost_at: datetime | None = None
        self._has_joined = False
        self._want_task: asyncio.Task[None] | None = None
        self._link = NatsLink(
            parsed, name="console", on_connected=self._arrive, on_lost=self._note_lost
        )
        self._link.start()

    @property
    def n_dropped(self) -> int:
        """Messages that found the queue full."""
        return self._inbox.n_dropped

    @property
    def trouble(self) -> str:
        """Why nothing arrives, "" = it does."""
        return self._link.trouble

    def receive(self, timeout_ms: int) -> list[Sequence[Buffer]]:
        """Wait for the first message, then take what is there."""
        messages: list[Sequence[Buffer]] = []
        for subject, payload in self._inbox.take(BURST, timeout_ms / 1000):
            topic = topic_of_subject(self._prefix, subject)
            try:
                messages.append(unpack(topic, payload))
            except WireError:
                messages.append([topic])  # too few frames for any decoder: counted as malformed
        return messages

    def listen(self, lane: Lane) -> None:
        """Change the subscriptions, and let go of what waits."""
        self._lane = lane
        self._inbox.clear()
        self._link.run(self._subscribe_anew)

    def close(self) -> None:
        """End the connection. Twice is fine."""
        self._link.close()

    # --- on the link's thread ---------------------------------------------------------------------

    async def _arrive(self, client: Client, is_new: bool) -> None:
        self._client = client
        self._inbox.hold()
        first: list[tuple[str, bytes]] = []
        try:
            if is_new:
                self._subscriptions = []
                await self._subscribe_anew()
            since = self._lost_at - _SLACK if self._lost_at and self._has_joined else None
            if self._lane is Lane.FULL:
                wait_s = JOIN_WAIT_S if since is None else RETURN_WAIT_S
                with contextlib.suppress(asyncio.TimeoutError):
                    first = await asyncio.wait_for(history(client, self._prefix, since), wait_s)
            self._has_joined = True
        finally:
            self._inbox.release(first)

    def _note_lost(self) -> None:
        self._inbox.hold()
        self._lost_at = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC)

    async def _subscribe_anew(self) -> None:
        client = self._client
        if client is None:
            return
        for old in self._subscriptions:
            await old.unsubscribe()
        prefix = self._prefix
        subjects = {
            Lane.FULL: (f"{prefix}.v1.>", f"{prefix}.v1t.h.*"),
            Lane.THIN: (f"{prefix}.v1.a.>", f"{prefix}.v1t.>"),
        }[self._lane]
        self._subscriptions = [
            await client.subscribe(
                subject, cb=self._take, pending_msgs_limit=_PENDING_MESSAGES,
                pending_bytes_limit=_PENDING_BYTES,
            )
            for subject in subjects
        ]  # fmt: skip
        self._want(client)

    def _want(self, client: Client) -> None:
        """Keep asking for the thinned lane while it is listened to."""
        if self._want_task is not None:
            self._want_task.cancel()
            self._want_task = None
        if self._lane is Lane.THIN:
            self._want_task = asyncio.create_task(self._keep_wanting(client))

    async def _keep_wanting(self, client: Client) -> None:
        while not client.is_closed:
            if client.is_connected:
                await client.publish(want_subject(self._prefix))
            await asyncio.sleep(WANT_EVERY_S)

    async def _take(self, message: Msg) -> None:
        self._inbox.put(message.subject, message.data)
