"""The two JetStream streams behind the sample lane: what is known, and the last minutes.

Made by the hub, read by whoever joins. JetStream is asked for history only: what is live never
waits for it, and without it everything but history works.

What a stream keeps is as durable as its server: with NATS' own default a file is forced to disk
every two minutes, so a power cut may cost the last two minutes of *history*. The journal of facts
is elsewhere and not concerned.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from typing import TYPE_CHECKING

import nats.errors
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import APIError, NotFoundError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

#: Announcements are kept for so long after their last repetition.
KNOWN_AGE_S = 3600.0
KNOWN_BYTES = 256 * 1024 * 1024
#: Samples are kept for so long, and this much of them.
RECENT_AGE_S = 600.0
RECENT_BYTES = 1024 * 1024 * 1024
#: Who joins is given this much of the newest history at most.
JOIN_BYTES = 32 * 1024 * 1024
TIMEOUT_S = 2.0
_FETCH = 256
_REPLICAS = 3


def known_name(prefix: str) -> str:
    """Name of the stream of announcements."""
    return f"{prefix}-known"


def recent_name(prefix: str) -> str:
    """Name of the stream of samples."""
    return f"{prefix}-recent"


async def make_streams(client: Client, prefix: str) -> None:
    """Make the streams that are not there; on three servers each where there are three.

    Raises
    ------
    nats.errors.Error
        The server has no JetStream, or refuses.
    """
    context = client.jetstream(timeout=TIMEOUT_S)
    known = StreamConfig(
        name=known_name(prefix), subjects=[f"{prefix}.v1.a.>"], retention=RetentionPolicy.LIMITS,
        max_msgs_per_subject=1, max_age=KNOWN_AGE_S, max_bytes=KNOWN_BYTES,
        discard=DiscardPolicy.OLD, storage=StorageType.FILE,
    )  # fmt: skip
    recent = StreamConfig(
        name=recent_name(prefix), subjects=[f"{prefix}.v1.{kind}.*" for kind in "smj"],
        retention=RetentionPolicy.LIMITS, max_age=RECENT_AGE_S, max_bytes=RECENT_BYTES,
        discard=DiscardPolicy.OLD, storage=StorageType.FILE,
    )  # fmt: skip
    for config in (known, recent):
        await _make(context, config)


async def _make(context: JetStreamContext, config: StreamConfig) -> None:
    with contextlib.suppress(NotFoundError):
        await context.stream_info(str(config.name))
        return
    config.num_replicas = _REPLICAS
    try:
        await context.add_stream(config)
    except APIError:  # fewer than three servers
        config.num_replicas = 1
        await context.add_stream(config)


async def history(client: Client, prefix: str, since: datetime | None) -> list[tuple[str, bytes]]:
    """What somebody who joins should see first: all announcements, then the newest messages.

    Parameters
    ----------
    since : after a break, only numbered messages from then on, and no announcements; None = joining

    Returns
    -------
    list of (subject, payload); [] where there is no JetStream or no stream
    """
    found = await announcements(client, prefix) if since is None else []
    with contextlib.suppress(nats.errors.Error, asyncio.TimeoutError):
        context = client.jetstream(timeout=TIMEOUT_S)
        info = await context.stream_info(recent_name(prefix))
        messages = await _read(context, info, _first_of_newest(info))
        found += [(m.subject, m.data) for m in messages if _is_wanted(m, prefix, since)]
    return found


async def announcements(client: Client, prefix: str) -> list[tuple[str, bytes]]:
    """All announcements as (subject, payload); [] where there is no JetStream or no stream."""
    with contextlib.suppress(nats.errors.Error, asyncio.TimeoutError):
        context = client.jetstream(timeout=TIMEOUT_S)
        info = await context.stream_info(known_name(prefix))
        return [(m.subject, m.data) for m in await _read(context, info, info.state.first_seq)]
    return []


def _is_wanted(message: Msg, prefix: str, since: datetime | None) -> bool:
    if since is None:
        return True
    is_numbered = not message.subject.startswith(f"{prefix}.v1.j.")
    return is_numbered and message.metadata.timestamp >= since


def _first_of_newest(info: StreamInfo) -> int:
    """First message of the newest `JOIN_BYTES`."""
    state = info.state
    if not state.messages:
        return state.last_seq + 1
    n = int(JOIN_BYTES / max(state.bytes / state.messages, 1.0))
    return max(state.first_seq, state.last_seq + 1 - n)


async def _read(context: JetStreamContext, info: StreamInfo, first_seq: int) -> list[Msg]:
    """Messages of a stream from a number on up to its last at this moment."""
    messages: list[Msg] = []
    last_seq = info.state.last_seq
    if first_seq > last_seq or not info.state.messages:
        return messages
    config = ConsumerConfig(
        ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=max(first_seq, 1), inactive_threshold=5.0, mem_storage=True, num_replicas=1,
    )  # fmt: skip
    subscription = await context.pull_subscribe("", stream=str(info.config.name), config=config)
    try:
        while True:
            messages += await subscription.fetch(_FETCH, timeout=TIMEOUT_S)
            metadata = messages[-1].metadata
            if metadata.sequence.stream >= last_seq or not metadata.num_pending:
                return messages
    finally:
        with contextlib.suppress(nats.errors.Error):
            await subscription.unsubscribe()
