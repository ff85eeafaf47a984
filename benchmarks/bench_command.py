"""Durable command acknowledgement and the hub's sample lane, each beside a bare peer."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import msgspec
import numpy as np
import zmq

from benchmarks.result import Result
from twin.clock import SystemClock
from twin.hub.addresses import default_addresses
from twin.hub.forwarder import HWM
from twin.hub.options import HubOptions
from twin.hub.server import Hub
from twin.ids import uuid7
from twin.link.control import Acknowledged, Hello, Submit
from twin.link.control_frames import decode_from_hub, encode_control
from twin.link.wire import encode_announcement, encode_batch
from twin.room.model import CommandRequest
from twin.sense.model import Announcement, Datastream, Thing

N_COMMANDS = 300
N_BATCHES = 1_500
BATCH = 1_000
ROUNDS = 3
ACK_LIMIT = 3.0
FORWARD_LIMIT = 0.5


def run() -> list[Result]:
    """Both figures."""
    return [acknowledgement(), forwarding()]


@contextlib.contextmanager
def hub_in(folder: Path) -> Iterator[Hub]:
    hub = Hub(
        HubOptions(journal=folder / "journal.sqlite", addresses=default_addresses(base_port=0))
    )
    ready = threading.Event()
    thread = threading.Thread(target=hub.run, args=(ready.set,))
    thread.start()
    ready.wait()
    try:
        yield hub
    finally:
        hub.stop()
        thread.join()


def command(n: int) -> CommandRequest:
    return CommandRequest(
        id=uuid7(), type_id="signal.set_plan", type_version=1, target_id=f"signal-{n}",
        target_name=f"Signal {n}", args={"plan": 2},
    )  # fmt: skip


class RawPeer:
    """One FULL commit of a row of the same size, and one echo over DEALER/ROUTER."""

    def __init__(self, folder: Path, context: zmq.Context[Any]) -> None:
        self._connection = apsw.Connection(str(folder / "raw.sqlite"))
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("synchronous", "full")
        self._connection.execute("CREATE TABLE t(n INTEGER PRIMARY KEY, body BLOB)")
        self._router = context.socket(zmq.ROUTER)
        port = self._router.bind_to_random_port("tcp://127.0.0.1")
        self._dealer = context.socket(zmq.DEALER)
        self._dealer.connect(f"tcp://127.0.0.1:{port}")
        self._thread = threading.Thread(target=self._echo)
        self._thread.start()

    def _echo(self) -> None:
        while True:
            frames = self._router.recv_multipart()
            self._router.send_multipart(frames)
            if frames[-1] == b"stop":
                return

    def once(self, body: bytes) -> float:
        started = time.perf_counter()
        self._connection.execute("INSERT INTO t(body) VALUES(?)", (body,))
        self._dealer.send(body)
        self._dealer.recv()
        return time.perf_counter() - started

    def close(self) -> None:
        self.once(b"stop")
        self._thread.join()
        self._connection.close()
        self._router.close()
        self._dealer.close()


def acknowledgement() -> Result:
    """From submitting a command to its durable acknowledgement, against the two raw costs."""
    context: zmq.Context[Any] = zmq.Context()
    ours, raws = [], []
    with tempfile.TemporaryDirectory() as name, hub_in(Path(name)) as hub:
        raw = RawPeer(Path(name), context)
        dealer = context.socket(zmq.DEALER)
        dealer.connect(hub.addresses.control)
        hello = Hello(role="console", name="Ada", department="control_room", console_id="c")
        dealer.send_multipart(encode_control(hello))
        dealer.recv_multipart()
        for n in range(N_COMMANDS):
            one = command(n)
            body = msgspec.msgpack.encode(one)
            started = time.perf_counter()
            dealer.send_multipart(encode_control(Submit(request=one)))
            answer = decode_from_hub(dealer.recv_multipart())
            ours.append(time.perf_counter() - started)
            if not isinstance(answer, Acknowledged):
                raise TypeError(f"Not acknowledged: {answer}")
            raws.append(raw.once(body))
        dealer.close()
        raw.close()
    context.term()
    mine, bare = statistics.median(ours) * 1e3, statistics.median(raws) * 1e3
    return Result(
        name="command.acknowledged_p50", value=mine, unit="ms", ratio=mine / bare,
        limit=ACK_LIMIT, ok=mine / bare <= ACK_LIMIT,
        note=f"one FULL commit + one DEALER/ROUTER round trip: {bare:.3f} ms",
    )  # fmt: skip


def bare_forwarder(addresses: Any) -> None:
    """PULL to PUB and nothing else, in a process of its own; ended by a message "stop"."""
    context: zmq.Context[Any] = zmq.Context()
    pull, publish = context.socket(zmq.PULL), context.socket(zmq.PUB)
    pull.set(zmq.RCVHWM, HWM)
    publish.set(zmq.SNDHWM, HWM)
    addresses.send(
        [f"tcp://127.0.0.1:{s.bind_to_random_port('tcp://127.0.0.1')}" for s in (pull, publish)]
    )
    while (frames := pull.recv_multipart()) != [b"stop"]:
        publish.send_multipart(frames)
    pull.close(0)
    publish.close(0)
    context.term()


@contextlib.contextmanager
def bare_process(context: zmq.Context[Any]) -> Iterator[tuple[str, str]]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=bare_forwarder, args=(theirs,))
    process.start()
    samples_in, samples_out = ours.recv()
    try:
        yield samples_in, samples_out
    finally:
        push = context.socket(zmq.PUSH)
        push.connect(samples_in)
        push.send(b"stop")
        process.join()
        push.close(0)


@contextlib.contextmanager
def hub_process(folder: Path) -> Iterator[tuple[str, str]]:
    """The hub as a process of its own, as it is used."""
    command_line = [sys.executable, "-m", "viewer.cli", "hub", "--insecure-loopback"]
    command_line += ["--ephemeral", "--journal"]
    process = subprocess.Popen(
        [*command_line, str(folder / "journal.sqlite")], stdout=subprocess.PIPE, text=True
    )
    try:
        ready = json.loads(process.stdout.readline()) if process.stdout else {}
        yield ready["samples_in"], ready["samples_out"]
    finally:
        process.terminate()
        process.communicate()


def announcement() -> Announcement:
    """Half of the things take commands, so that the hub has something to look at."""
    accepts = [("signal.set_plan",) if i % 2 else () for i in range(BATCH)]
    return Announcement(
        source="bench", epoch="e",
        things=tuple(
            Thing(id=f"t{i}", name="", kind="signal", accepts=accepts[i]) for i in range(BATCH)
        ),
        datastreams=tuple(
            Datastream(index=i, id=f"t{i}/p", thing_id=f"t{i}", observed_property="p")
            for i in range(BATCH)
        ),
    )  # fmt: skip


def samples_per_second(context: zmq.Context[Any], samples_in: str, samples_out: str) -> float:
    """Push batches with a window of outstanding ones, so that nothing is lost, and count."""
    now_ns = SystemClock().now_ns()
    columns = (
        np.arange(BATCH, dtype=np.uint32), np.full(BATCH, now_ns), np.linspace(0.0, 1.0, BATCH),
        np.zeros(BATCH, np.uint8),
    )  # fmt: skip
    frames = encode_batch("bench", "e", 1, *columns, now_ns)
    push, sub = context.socket(zmq.PUSH), context.socket(zmq.SUB)
    sub.subscribe(b"v1/s/bench/")
    sub.connect(samples_out)
    push.connect(samples_in)
    push.send_multipart(encode_announcement(announcement()))
    while not sub.poll(10):
        push.send_multipart(frames)
    while sub.poll(100):
        sub.recv_multipart()
    n_sent = n_received = 0
    started = time.perf_counter()
    while n_received < N_BATCHES:
        while n_sent < N_BATCHES and n_sent - n_received < 100:
            push.send_multipart(frames)
            n_sent += 1
        sub.recv_multipart()
        n_received += 1
    seconds = time.perf_counter() - started
    push.close(0)
    sub.close(0)
    return N_BATCHES * BATCH / seconds


def forwarding() -> Result:
    """Samples a second through the hub, against a bare PULL to PUB loop."""
    context: zmq.Context[Any] = zmq.Context()
    ours, bares = [], []
    with (
        tempfile.TemporaryDirectory() as name,
        hub_process(Path(name)) as hub,
        bare_process(context) as bare,
    ):
        for _ in range(ROUNDS):
            bares.append(samples_per_second(context, *bare))
            ours.append(samples_per_second(context, *hub))
    context.term()
    mine, yardstick = statistics.median(ours), statistics.median(bares)
    ratio = mine / yardstick
    return Result(
        name="hub.forwarded_samples", value=mine, unit="samples/s", ratio=ratio,
        limit=FORWARD_LIMIT, ok=ratio >= FORWARD_LIMIT and mine >= 1e6,
        note=f"bare PULL to PUB loop: {yardstick:,.0f} samples/s; batches of {BATCH:,}",
    )  # fmt: skip


if __name__ == "__main__":
    for result in run():
        print(result.to_json())
