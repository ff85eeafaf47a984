"""The socket thread of the sample lane: drains everything that comes into the stores.

Hard-won invariants
-------------------
1. No message can stop the thread: what cannot be read is counted (tests/twin/test_ingest.py).
2. Every queue on the way is bounded; what is let go of there shows as gaps of the numbering.
3. The thread lets go of the interpreter at every receive, so the GUI's tick keeps its beat
   (benchmarks/bench_ingest.py).
4. A console that falls behind takes the thinned lane by itself, and the full one again when it has
   caught up; what it left out is counted (tests/twin/test_ingest_lanes.py).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from twin.clock import Clock
from twin.errors import TwinError, WireError
from twin.link.wire import Buffer
from twin.link.wire_thin import BEATS, Beat, decode_thin, is_thin
from twin.samples.choosing import Lane, LaneChooser
from twin.samples.source import Configure, SampleSource, as_it_is, open_source
from twin.sense.feeds import FeedStats
from twin.sense.intake import Intake
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

_log = logging.getLogger(__name__)

MAX_FRAMES = 16
_POLL_MS = 100
_MARKS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestStats:
    """Counters of the whole lane; the fields shared with `FeedStats` are their sums.

    Attributes
    ----------
    batches, bytes : messages and bytes that arrived, malformed or not
    latency_ms_p50, latency_ms_p95 : from ``sent`` in the header to arrival, over the newest 4096
        batches; NaN before the first
    skipped : messages left out on purpose while the thinned lane was taken
    lost : messages that the hub sent and that got lost on the way to this console alone
    lane : taken now
    lag_s : how far this console is behind the hub, NaN before the first two beats
    trouble : why nothing can arrive, one sentence; "" = it can
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
    skipped: int = 0
    lost: int = 0
    lane: Lane = Lane.FULL
    lag_s: float = float("nan")
    trouble: str = ""


class SampleIngest:
    """Receives the sample lane on its own thread. Every method may be called on any thread.

    Parameters
    ----------
    endpoint : the hub's ``samples_out``, e.g. "tcp://127.0.0.1:5713"; "" = none yet
    configure : called with each ZeroMQ socket before it connects (for its keys)
    tap : called on the thread with each message that is no beat and when it arrived, None = nobody
    """

    def __init__(
        self,
        *,
        endpoint: str,
        store: ObservationStore,
        units: UnitStore,
        clock: Clock,
        configure: Configure = as_it_is,
        tap: Callable[[Sequence[Buffer], int], None] | None = None,
    ) -> None:
        self._tap = tap
        self._is_held = False
        self._store, self._units = store, units
        self._endpoint = endpoint
        self._clock = clock
        self._configure = configure
        self._chooser = LaneChooser()
        self._n_full = 0
        self._n_dropped = 0
        self._trouble = ""
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

    def hold(self, hold: bool) -> None:
        """Keep what comes out of the stores (the tap goes on), or let it in again."""
        with self._lock:
            self._is_held = hold

    def refill(self, messages: Iterable[tuple[Sequence[Buffer], int]], *, hold: bool) -> None:
        """Empty the stores and fill them with messages and their arrival; then `hold` or go on.

        Nothing that arrives meanwhile is lost: the thread waits for it.
        """
        with self._lock:
            self._store.clear()
            self._units.clear()
            self._intake = Intake(store=self._store, units=self._units)
            for frames, received_ns in messages:
                self._intake.take(frames, received_ns)
            self._is_held = hold

    def take(self, frames: Sequence[Buffer], received_ns: int) -> None:
        """Take in a message that came another way than from the socket: from a recording."""
        with self._lock:
            self._intake.take(frames, received_ns)

    def stats(self) -> IngestStats:
        """All counters as they stand."""
        now_ns = self._clock.now_ns()
        with self._lock:
            feeds = self._intake.feeds.stats(now_ns)
            n_messages, n_bytes = self._intake.n_messages, self._intake.n_bytes
            latencies_ms = list(self._latencies_ms)
            chooser = self._chooser
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
            skipped=sum(feed.skipped for feed in feeds),
            lost=chooser.n_lost,
            lane=chooser.lane,
            lag_s=chooser.lag_s,
            trouble=self._trouble,
        )

    # --- on the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            endpoint = self._endpoint
            try:
                source = open_source(endpoint, configure=self._configure) if endpoint else None
            except TwinError as error:
                _log.error("%s", error)
                self._trouble, source = str(error), None
            if source is None:
                self._wait_for_another(endpoint)
                continue
            try:
                self._drain_until_changed(source, endpoint)
            finally:
                source.close()

    def _wait_for_another(self, endpoint: str) -> None:
        while self._endpoint == endpoint and not self._is_stopping.wait(_POLL_MS / 1000):
            pass

    def _drain_until_changed(self, source: SampleSource, endpoint: str) -> None:
        n_lost = self._chooser.n_lost
        with self._lock:
            self._chooser = LaneChooser()
            self._chooser.n_lost = n_lost
            self._n_full = self._n_dropped = 0
        while not self._is_stopping.is_set() and self._endpoint == endpoint:
            lane = self._chooser.lane
            for frames in source.receive(_POLL_MS):
                self._take(frames, source)
                if self._chooser.lane is not lane:
                    self._change_lane(source)
                    break
            self._trouble = source.trouble

    def _change_lane(self, source: SampleSource) -> None:
        lane, lag_s = self._chooser.lane, self._chooser.lag_s
        source.listen(lane)
        with self._lock:
            self._n_full = 0
            if lane is Lane.FULL:
                self._intake.feeds.resume()
        if lane is Lane.THIN:
            _log.warning("This console is %.1f s behind: it takes one value a second", lag_s)
        else:
            _log.warning("This console has caught up: it takes all samples again")

    def _take(self, frames: Sequence[Buffer], source: SampleSource) -> None:
        if frames and is_thin(frames[0]):
            if bytes(frames[0][: len(BEATS)]) == BEATS:
                self._take_beat(frames, source)
                return
        else:
            self._n_full += 1
        received_ns = self._clock.now_ns()
        with self._lock:
            if self._tap is not None:
                self._tap(frames[:MAX_FRAMES], received_ns)
            if self._is_held:
                return
            sent_ns = self._intake.take(frames[:MAX_FRAMES], received_ns)
            if sent_ns is not None:
                self._marks.append((sent_ns, received_ns))
                self._latencies_ms.append(max(0.0, (received_ns - sent_ns) / 1e6))

    def _take_beat(self, frames: Sequence[Buffer], source: SampleSource) -> None:
        try:
            beat = decode_thin(frames)
        except WireError:
            return
        n_dropped, self._n_dropped = source.n_dropped - self._n_dropped, source.n_dropped
        if isinstance(beat, Beat):
            with self._lock:
                self._chooser.beat(
                    beat, self._n_full, self._clock.monotonic_ns(), n_dropped=n_dropped
                )
