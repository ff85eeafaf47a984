"""How fast one console takes samples in, beside a bare pyzmq receive loop, and what its tick feels.

The publisher is a process of its own. It blocks rather than drops when the subscriber is slow
(XPUB_NODROP), so both sides are fed the same way. Batches are 5,000 samples of 10,000 datastreams.
"""

from __future__ import annotations

import multiprocessing
import statistics
import threading
import time
from multiprocessing.connection import Connection

import numpy as np
import zmq

from benchmarks.result import Result
from twin.clock import SystemClock
from twin.link import wire
from twin.sense.ingest import SampleIngest
from twin.sense.model import Announcement, Datastream
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

N_DATASTREAMS = 10_000
BATCH = 5_000
WINDOW_S = 2.0
ROUNDS = 3
TICK_S = 0.033
PACED_HZ = 600_000
SAMPLES_LIMIT_HZ = 500_000.0
TICK_LIMIT_MS = 40.0
RATIO_LIMIT = 0.5


def run() -> list[Result]:
    """Ingest rate against the bare loop, alternating; then the tick at 600,000 samples/s."""
    bare: list[float] = []
    ours: list[float] = []
    flood_ticks: list[float] = []
    for _ in range(ROUNDS):
        bare.append(_bare_rate())
        rate, ticks_ms = _ingest(paced_hz=0)
        ours.append(rate)
        flood_ticks += ticks_ms
    paced_rate, paced_ticks = _ingest(paced_hz=PACED_HZ, seconds=3 * WINDOW_S)
    rate, peer = statistics.median(ours), statistics.median(bare)
    tick_p99 = float(np.percentile(paced_ticks, 99))
    return [
        Result(
            name="ingest.samples_per_s", value=rate, unit="samples/s", ratio=None,
            limit=SAMPLES_LIMIT_HZ, ok=rate >= SAMPLES_LIMIT_HZ,
            note=f"publisher unpaced; tick p99 meanwhile {np.percentile(flood_ticks, 99):.1f} ms",
        ),
        Result(
            name="ingest.of_bare_loop", value=rate, unit="samples/s", ratio=rate / peer,
            limit=RATIO_LIMIT, ok=rate >= RATIO_LIMIT * peer,
            note=f"bare pyzmq receive loop {peer:,.0f} samples/s; at least the limit is wanted",
        ),
        Result(
            name="ingest.tick_ms_p99", value=tick_p99, unit="ms", ratio=None,
            limit=TICK_LIMIT_MS, ok=tick_p99 < TICK_LIMIT_MS,
            note=f"33 ms tick with a snapshot each, {paced_rate:,.0f} samples/s taken in",
        ),
    ]  # fmt: skip


def publish(connection: Connection, paced_hz: int) -> None:
    """Child process: bind, tell the port, then publish until the other end closes."""
    with zmq.Context() as context, context.socket(zmq.PUB) as socket:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.XPUB_NODROP, 1)
        socket.set(zmq.SNDTIMEO, 200)
        connection.send(socket.bind_to_random_port("tcp://127.0.0.1"))
        connection.recv()
        sequence, indices = 0, np.arange(N_DATASTREAMS, dtype=np.uint32)
        generator = np.random.default_rng(1)
        values = generator.random(N_DATASTREAMS)
        quality = np.zeros(BATCH, dtype=np.uint8)
        started = time.perf_counter()
        while not connection.poll():
            first = sequence * BATCH % N_DATASTREAMS
            rows = slice(first, first + BATCH)
            now_ns = time.time_ns()
            frames = wire.encode_batch(
                "bench", "e1", sequence, indices[rows], np.full(BATCH, now_ns), values[rows],
                quality, now_ns,
            )  # fmt: skip
            try:
                socket.send_multipart(frames)
            except zmq.Again:
                continue
            sequence += 1
            if paced_hz:
                ahead_s = sequence * BATCH / paced_hz - (time.perf_counter() - started)
                time.sleep(max(0.0, ahead_s))


class _Publisher:
    """The child process as a context: `endpoint`, `go()`."""

    def __init__(self, paced_hz: int = 0) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=publish, args=(theirs, paced_hz))

    def __enter__(self) -> _Publisher:
        self._process.start()
        self.endpoint = f"tcp://127.0.0.1:{self._connection.recv()}"
        return self

    def go(self) -> None:
        """Start publishing."""
        self._connection.send("go")

    def __exit__(self, *_: object) -> None:
        self._connection.send("stop")
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()


def _bare_rate() -> float:
    with _Publisher() as publisher, zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.set(zmq.LINGER, 0)
        socket.subscribe(b"")
        socket.connect(publisher.endpoint)
        publisher.go()
        socket.recv_multipart()
        count, until = 0, time.perf_counter() + WINDOW_S
        started = time.perf_counter()
        while time.perf_counter() < until:
            socket.recv_multipart()
            count += 1
        return count * BATCH / (time.perf_counter() - started)


def _ingest(*, paced_hz: int, seconds: float = WINDOW_S) -> tuple[float, list[float]]:
    clock = SystemClock()
    store = ObservationStore(capacity=N_DATASTREAMS, history=256, clock=clock)
    units = UnitStore(capacity=1, history=8, clock=clock)
    store.announce(_announcement())
    with _Publisher(paced_hz) as publisher:
        ingest = SampleIngest(endpoint=publisher.endpoint, store=store, units=units, clock=clock)
        ingest.start()
        publisher.go()
        while ingest.stats().received < 256 * N_DATASTREAMS and not paced_hz:
            time.sleep(0.01)  # the history's memory is touched once before the clock starts
        while ingest.stats().received == 0:
            time.sleep(0.01)
        before, started = ingest.stats().received, time.perf_counter()
        ticks_ms: list[float] = []
        ticker = threading.Thread(target=_tick, args=(store, seconds, ticks_ms))
        ticker.start()
        ticker.join()
        rate = (ingest.stats().received - before) / (time.perf_counter() - started)
        ingest.close()
    return rate, ticks_ms


def _tick(store: ObservationStore, seconds: float, ticks_ms: list[float]) -> None:
    """What the GUI's frame timer does: every 33 ms a snapshot; notes the time between two."""
    until = time.perf_counter() + seconds
    due = last = time.perf_counter()
    while last < until:
        due += TICK_S
        time.sleep(max(0.0, due - time.perf_counter()))
        store.snapshot()
        now = time.perf_counter()
        ticks_ms.append((now - last) * 1e3)
        last = now
        due = max(due, now - TICK_S)


def _announcement() -> Announcement:
    streams = tuple(
        Datastream(
            index=i, id=f"sensor-{i}/noise", thing_id=f"sensor-{i}", observed_property="noise"
        )
        for i in range(N_DATASTREAMS)
    )
    return Announcement(source="bench", epoch="e1", datastreams=streams)


if __name__ == "__main__":
    for result in run():
        print(result.to_json())
