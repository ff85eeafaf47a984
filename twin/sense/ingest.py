"""The socket thread of the sample lane: drains everything the hub sends into the stores.

Hard-won invariants
-------------------
1. No message can stop the thread: what cannot be read is counted (tests/twin/test_ingest.py).
2. The socket's queue is bounded; what ZeroMQ drops there shows as gaps of the numbering.
3. The thread lets go of the interpreter at every receive, so the GUI's tick keeps its beat
   (benchmarks/bench_ingest.py).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import zmq

from twin.clock import Clock
from twin.errors import WireError
from twin.sense.feeds import FeedStats
from twin.sense.intake import Intake
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

_log = logging.getLogger(__name__)

#: Messages that may wait in the socket.
RECEIVE_QUEUE = 2000
MAX_MESSAGE_BYTES = 48 * 1024 * 1024
MAX_FRAMES = 16
_POLL_MS = 100
_DRAIN = 64
_MARKS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestStats:
    """Counters of the whole lane; the fields shared with `FeedStats` are their sums.

    Attributes
    ----------
    batches, bytes : messages and bytes that arrived, malformed or not
    latency_ms_p50, latency_ms_p95 : from ``sent`` in the header to arrival, over the newest 4096
        batches; NaN before the first
    """

    received: int
    gaps: int
    malformed: int
    unknown: int
    dropped: int
    batches: int
    bytes: int
    last_received_ns: int
    latency_ms_p50: float
    latency_ms_p95: float
    feeds: tuple[FeedStats, ...]


class SampleIngest:
    """Receives the sample lane on its own thread. Every method may be called on any thread.

    Parameters
    ----------
    endpoint : the hub's ``samples_out``, e.g. "tcp://127.0.0.1:5713"; "" = none yet
    """

    def __init__(
        self, *, endpoint: str, store: ObservationStore, units: UnitStore, clock: Clock
    ) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._intake = Intake(store=store, units=units)
        self._lock = threading.Lock()
        self._latencies_ms: deque[float] = deque(maxlen=_MARKS)
        self._marks: deque[tuple[int, int]] = deque(maxlen=_MARKS)
        self._is_stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def endpoint(self) -> str:
        """Where the samples come from."""
        return self._endpoint

    def set_endpoint(self, endpoint: str) -> None:
        """Receive from somewhere else, within a tenth of a second."""
        self._endpoint = endpoint

    def start(self) -> None:
        """Start the thread (once)."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sample-ingest", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop and join the thread; may be called twice."""
        self._is_stopping.set()
        if self._thread is not None:
            self._thread.join()

    def take_latency_marks(self) -> list[tuple[int, int]]:
        """(sent_ns, received_ns) of the batches since the last call, the newest 4096."""
        with self._lock:
            marks = list(self._marks)
            self._marks.clear()
        return marks

    def stats(self) -> IngestStats:
        """All counters as they stand."""
        now_ns = self._clock.now_ns()
        with self._lock:
            feeds = self._intake.feeds.stats(now_ns)
            n_messages, n_bytes = self._intake.n_messages, self._intake.n_bytes
            latencies_ms = list(self._latencies_ms)
        p50, p95 = np.percentile(latencies_ms, [50, 95]) if latencies_ms else (np.nan, np.nan)
        return IngestStats(
            received=sum(feed.received for feed in feeds),
            gaps=sum(feed.gaps for feed in feeds),
            malformed=sum(feed.malformed for feed in feeds),
            unknown=sum(feed.unknown for feed in feeds),
            dropped=sum(feed.dropped for feed in feeds),
            batches=n_messages,
            bytes=n_bytes,
            last_received_ns=max((feed.last_received_ns for feed in feeds), default=0),
            latency_ms_p50=float(p50),
            latency_ms_p95=float(p95),
            feeds=feeds,
        )

    def _run(self) -> None:
        with zmq.Context() as context:
            while not self._is_stopping.is_set():
                endpoint = self._endpoint
                try:
                    socket = _subscriber(context, endpoint)
                except WireError as error:
                    _log.error("%s", error)
                    self._wait_for_another(endpoint)
                    continue
                with socket:
                    self._drain_until_changed(socket, endpoint)

    def _wait_for_another(self, endpoint: str) -> None:
        while self._endpoint == endpoint and not self._is_stopping.wait(_POLL_MS / 1000):
            pass

    def _drain_until_changed(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        while not self._is_stopping.is_set() and self._endpoint == endpoint:
            if not socket.poll(_POLL_MS):
                continue
            for _ in range(_DRAIN):
                try:
                    frames = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                self._take(frames)

    def _take(self, frames: Sequence[bytes]) -> None:
        received_ns = self._clock.now_ns()
        with self._lock:
            sent_ns = self._intake.take(frames[:MAX_FRAMES], received_ns)
            if sent_ns is not None:
                self._marks.append((sent_ns, received_ns))
                self._latencies_ms.append(max(0.0, (received_ns - sent_ns) / 1e6))


def _subscriber(context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> zmq.Socket[bytes]:
    socket = context.socket(zmq.SUB)
    socket.set(zmq.LINGER, 0)
    socket.set(zmq.RCVHWM, RECEIVE_QUEUE)
    socket.set(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
    socket.set(zmq.RECONNECT_IVL, 100)
    socket.set(zmq.RECONNECT_IVL_MAX, 2000)
    socket.subscribe(b"v1/")
    try:
        if endpoint:
            socket.connect(endpoint)
    except zmq.ZMQError as error:
        socket.close()
        raise WireError(f"Samples cannot be received from {endpoint!r}: {error}") from error
    return socket
