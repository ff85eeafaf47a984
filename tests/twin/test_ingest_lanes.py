"""Consoles that cannot keep up: nobody else suffers, and they are told what they missed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import zmq

from tests.twin.hub_rig import HubProcess, until
from tests.twin.lane_console import ConsoleProcess
from tests.twin.lane_rig import Console, LaneRig, Publisher
from twin.hub.forwarder import HWM

N_STREAMS = 1000


@pytest.fixture(params=["zeromq", "nats"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LaneRig]:
    with LaneRig(request.param, tmp_path) as rig:
        yield rig


class Stream:
    """A publisher on a thread, paced so that a healthy console keeps up."""

    def __init__(self, publisher: Publisher, rate_hz: float = 500.0) -> None:
        self.publisher, self._rate_hz = publisher, rate_hz
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(1.0 / self._rate_hz):
            if self.publisher.seq % 200 == 0:
                self.publisher.announce()
            self.publisher.send()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.mark.parametrize(
    ("n_missed", "rate_hz"),
    [(2_500, 1000.0), pytest.param(18_000, 300.0, marks=pytest.mark.long, id="long")],
)
def test_a_stopped_console_is_told_what_it_missed_and_catches_up(
    rig: LaneRig, n_missed: int, rate_hz: float
) -> None:
    """SIGSTOP while 50 MB go by (long: for a minute); the other console misses nothing."""
    with (
        Publisher(rig.addresses.samples_in, n_streams=N_STREAMS) as publisher,
        Console(rig.addresses.samples_out, capacity=2000) as other,
        ConsoleProcess(rig.addresses.samples_out) as stalled,
    ):
        until(lambda: publisher.announce() or other.feed())
        stream = Stream(publisher, rate_hz)
        try:
            until(lambda: stalled.stats["lag_s"] < 0.1, what="its first beats")
            stalled.process.send_signal(signal.SIGSTOP)
            first = publisher.seq
            until(lambda: publisher.seq - first > n_missed, 120.0 + n_missed / 100)
            stalled.process.send_signal(signal.SIGCONT)
            until(lambda: stalled.lanes[-2:] == ["thin", "full"], 60.0, "thin, then full again")
            n = stalled.stats["received"]
            until(lambda: stalled.stats["received"] > n, what="samples on the full lane")
        finally:
            stream.close()
        assert rig.forwarder.counts.thinned > 0
        if rig.carrier == "zeromq":  # on NATS the wish lapses after some seconds
            until(
                lambda: not rig.forwarder._lookout.is_thinning, what="nobody listens to it any more"
            )
        publisher.send()
        until(lambda: received(other) == publisher.seq * N_STREAMS, 30.0)
        assert other.feed().gaps == 0
        assert other.ingest.stats().skipped == 0
        assert stalled.stats["skipped"] > 50
        assert stalled.stats["malformed"] == 0


def test_a_subscriber_that_never_reads_costs_bounded_memory(tmp_path: Path) -> None:
    """120 MB go by it; the hub keeps at most its queue, and the others get everything."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with (
        HubProcess(tmp_path / "journal.sqlite", "--ephemeral") as hub,
        Publisher(hub.addresses.samples_in, n_streams=N_STREAMS) as publisher,
        Console(hub.addresses.samples_out, capacity=2000) as other,
        context.socket(zmq.SUB) as never,
    ):
        never.subscribe(b"v1/")
        never.set(zmq.RCVHWM, 10)
        never.connect(hub.addresses.samples_out)
        until(lambda: publisher.announce() or (other.feed() and never.poll(1)))
        message_bytes = sum(map(len, publisher.frames()))
        publisher.seq = 0
        memory = psutil.Process(hub.process.pid)
        before = memory.memory_info().rss
        n = 6_000
        while publisher.seq < n:
            publisher.send()
            until(lambda: publisher.seq * N_STREAMS - received(other) < 300 * N_STREAMS)
        until(lambda: received(other) == n * N_STREAMS, what="all samples at the other console")
        grown = memory.memory_info().rss - before
        assert other.feed().gaps == 0
        assert grown < 2 * HWM * message_bytes, f"{grown / 2**20:.0f} MiB"
        never.close(0)
    context.term()


def received(console: Console) -> int:
    feed = console.feed()
    return feed.received if feed is not None else 0
