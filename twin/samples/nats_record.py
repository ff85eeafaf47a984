"""Recording from NATS: every message of the stream of samples in order, and all announcements.

The stream keeps what a slow or stopped recorder has not taken, within its bounds (ten minutes, 1
GiB); the recorder keeps beside its own files how far it came. What was overtaken by the bounds is
counted.

Hard-won rules (tests/twin/test_record.py):

1. A pull consumer may be dead after a server's restart without an error
   (https://github.com/nats-io/nats.py/issues/504): after each connect, and after any error but an
   ordinary time-out, a new one is made behind the newest message.
2. No acknowledgements to the server: what is delivered again would come out of order.
3. Fetch only what there is room for: what is not fetched stays in the stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo

from twin.errors import WireError
from twin.samples.address import parse_nats
from twin.samples.nats_link import NatsLink
from twin.samples.packing import topic_of_subject, unpack
from twin.samples.record_source import Recorded
from twin.samples.source import BURST
from twin.samples.streams import TIMEOUT_S, announcements, recent_name

ROOM = 2_000
_BATCH = 256
_FETCH_S = 1.0
_AGAIN_S = 0.5
_INACTIVE_S = 30.0


class _Hole(Exception):
    """A message is missing in what a consumer gave; another consumer may still give it."""


class NatsRecord:
    """See `twin.samples.record_source.RecordSource`. Numbers are those of the stream.

    Announcements have the number of the sample before them: they are repeated, never numbered.

    Parameters
    ----------
    stream, after : where the last run ended; "" = from now on
    """

    def __init__(self, address: str, *, stream: str = "", after: int = 0) -> None:
        parsed = parse_nats(address)
        self._prefix = parsed.prefix
        self.stream = stream
        self.n_lost = 0
        self._condition = threading.Condition()
        self._waiting: deque[Recorded] = deque()
        self._newest = after
        self._task: asyncio.Task[None] | None = None
        self._link = NatsLink(parsed, name="recorder", on_connected=self._arrive)
        self._link.start()

    def receive(self, timeout_ms: int) -> list[Recorded]:
        """The next messages; [] when none came in time."""
        with self._condition:
            if not self._waiting:
                self._condition.wait(timeout_ms / 1000)
            n = min(BURST, len(self._waiting))
            return [self._waiting.popleft() for _ in range(n)]

    def acknowledge(self, number: int) -> None:
        """Nothing to do: the stream keeps what its bounds allow, taken or not."""

    def close(self) -> None:
        """End it. Twice is fine."""
        self._link.close()

    # --- on the link's thread ---------------------------------------------------------------------

    async def _arrive(self, client: Client, is_new: bool) -> None:
        if is_new:
            await client.subscribe(f"{self._prefix}.v1.a.>", cb=self._take_announcement)
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._record(client))

    async def _record(self, client: Client) -> None:
        """Fetch for ever; another consumer after every error."""
        context = client.jetstream(timeout=TIMEOUT_S)
        for subject, payload in await announcements(client, self._prefix):
            self._put(self._newest, subject, payload)
        while not client.is_closed:
            try:
                await self._fetch(context)
            except _Hole:
                continue
            except (TimeoutError, nats.errors.Error):
                await asyncio.sleep(_AGAIN_S)

    async def _fetch(self, context: JetStreamContext) -> None:
        self._find_place(await context.stream_info(recent_name(self._prefix)))
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self._newest + 1, inactive_threshold=_INACTIVE_S, mem_storage=True,
            num_replicas=1,
        )  # fmt: skip
        subscription = await context.pull_subscribe(
            "", stream=recent_name(self._prefix), config=config
        )
        is_first = True
        try:
            while True:
                room = ROOM - len(self._waiting)
                if room <= 0:
                    await asyncio.sleep(0.01)
                    continue
                with contextlib.suppress(nats.errors.TimeoutError):
                    for message in await subscription.fetch(min(room, _BATCH), timeout=_FETCH_S):
                        self._take(message, is_first=is_first)
                        is_first = False
        finally:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()

    def _find_place(self, info: StreamInfo) -> None:
        """Where to go on in the stream as it is now."""
        name = f"{info.config.name}@{info.created}"
        if self.stream != name:
            is_first = not self.stream
            self._newest = info.state.last_seq if is_first else max(info.state.first_seq - 1, 0)
            self.stream = name

    def _take(self, message: Msg, *, is_first: bool) -> None:
        number = message.metadata.sequence.stream
        if number <= self._newest:
            return
        if number > self._newest + 1:
            if not is_first:
                raise _Hole
            self.n_lost += number - self._newest - 1
        self._newest = number
        self._put(number, message.subject, message.data)

    async def _take_announcement(self, message: Msg) -> None:
        self._put(self._newest, message.subject, message.data)

    def _put(self, number: int, subject: str, payload: bytes) -> None:
        topic = topic_of_subject(self._prefix, subject)
        try:
            frames = [bytes(frame) for frame in unpack(topic, payload)]
        except WireError:
            frames = [topic]
        with self._condition:
            self._waiting.append(Recorded(number, frames))
            self._condition.notify()
