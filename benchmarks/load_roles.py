"""Roles of the load benchmark, each a process: ``python -m benchmarks.load_roles ROLE OPTIONS``.

A role prints ``ready`` when it is connected. A producer then waits for a line on standard input,
the others run until it closes; each prints one JSON line at its end.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zmq

from twin.clock import SystemClock
from twin.link.wire import encode_announcement, encode_batch
from twin.samples.packing import pack, subject_of
from twin.samples.record_source import HubRecord
from twin.samples.source import as_it_is
from twin.security.client_security import ClientSecurity
from twin.sense.ingest import SampleIngest
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

BATCH = 1_000
N_SOURCES = 4
CLOCK = SystemClock()
#: Messages in flight of an unpaced producer are bounded by its socket only; a broker may lose them.
ANNOUNCE_S = 0.3


@dataclass
class Options:
    """What a role is told, as JSON on the command line."""

    address: str
    number: int = 0
    hz: float = 0.0
    seconds: float = 5.0
    is_json: bool = False
    keys: str = ""
    carrier: str = "zeromq"
    n_sources: int = N_SOURCES

    def configure(self) -> Callable[[Any], None]:
        return ClientSecurity.of_folder(Path(self.keys)).apply if self.keys else as_it_is


def until_closed() -> threading.Event:
    """An event that is set when standard input closes."""
    closed = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        closed.set()

    threading.Thread(target=wait, daemon=True).start()
    return closed


def say(what: Any) -> None:
    print(what if isinstance(what, str) else json.dumps(what), flush=True)


# --- producers ----------------------------------------------------------------------------------


class Messages:
    """A source's messages, numbered from 0."""

    def __init__(self, options: Options) -> None:
        self.source = f"load{options.number}"
        self._is_json = options.is_json
        self._indices = np.arange(BATCH, dtype=np.uint32)
        self._values = np.random.default_rng(options.number).random(BATCH)
        self._quality = np.zeros(BATCH, np.uint8)
        self.seq = 0

    def announcement(self) -> list[bytes]:
        ids = [f"{self.source}-{i}" for i in range(0 if self._is_json else BATCH)]
        return encode_announcement(Announcement(
            source=self.source, epoch="e",
            things=tuple(Thing(id=i, name=i, kind="sensor") for i in ids),
            datastreams=tuple(
                Datastream(index=n, id=f"{i}/p", thing_id=i, observed_property="p")
                for n, i in enumerate(ids)
            ),
        ))  # fmt: skip

    def next(self) -> list[bytes]:
        seq, self.seq = self.seq, self.seq + 1
        if self._is_json:
            text = b'{"datastream":"%s-%d/p","result":%d}' % (
                self.source.encode(), seq % BATCH, seq,
            )  # fmt: skip
            return [f"v1/j/{self.source}/".encode(), text]
        now_ns = CLOCK.now_ns()
        return encode_batch(
            self.source, "e", seq, self._indices, np.full(BATCH, now_ns), self._values,
            self._quality, now_ns,
        )  # fmt: skip


def paced(options: Options, started: float) -> Iterator[None]:
    """Yield when the next message is due, for as long as told."""
    n = 0
    while (now := time.perf_counter()) - started < options.seconds:
        if options.hz:
            ahead_s = n / options.hz - (now - started)
            if ahead_s > 0:
                time.sleep(ahead_s)
        n += 1
        yield


def produce(options: Options) -> None:
    """Publish for some seconds after the word."""
    messages = Messages(options)
    send, flush, close = _sender(options)
    go = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), go.set()), daemon=True).start()
    say("ready")
    while not go.wait(ANNOUNCE_S):
        send(messages.announcement())
    started, cpu = time.perf_counter(), time.process_time()
    for n, _ in enumerate(paced(options, started)):
        send(messages.next())
        if n % 64 == 0:
            flush()
    seconds = time.perf_counter() - started
    close()
    say({"sent": messages.seq, "seconds": seconds, "cpu_s": time.process_time() - cpu})


def _sender(
    options: Options,
) -> tuple[Callable[[list[bytes]], None], Callable[[], None], Callable[[], None]]:
    """How a producer sends, lets the network work, and ends; each in the way its carrier likes."""
    if options.carrier == "nats":
        return _nats_sender(options)
    if options.carrier == "mqtt":
        return _mqtt_sender(options)
    context: zmq.Context[Any] = zmq.Context()
    socket = context.socket(zmq.PUSH)
    options.configure()(socket)
    socket.connect(options.address)

    def close() -> None:
        socket.close()
        context.term()

    return socket.send_multipart, lambda: None, close


def _nats_sender(options: Options) -> Any:
    import nats

    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(nats.connect(options.address))

    def send(frames: list[bytes]) -> None:
        payload, subject = pack(frames[1:]), subject_of("load", frames[0])
        loop.run_until_complete(client.publish(subject, payload))

    def close() -> None:
        loop.run_until_complete(client.flush())
        loop.run_until_complete(client.close())

    return send, lambda: loop.run_until_complete(client.flush()), close


def _mqtt_sender(options: Options) -> Any:
    client = _mqtt_client(options, f"producer{options.number}")
    client.loop_start()

    def send(frames: list[bytes]) -> None:
        info = client.publish(frames[0].decode().rstrip("/"), pack(frames[1:]), qos=0)
        if len(client._out_packet) > 200:  # noqa: SLF001 - paho offers no other back-pressure
            info.wait_for_publish(10)

    def close() -> None:
        while client._out_packet:  # noqa: SLF001
            time.sleep(0.005)
        client.disconnect()
        client.loop_stop()

    return send, lambda: None, close


def _mqtt_client(options: Options, name: str) -> Any:
    import paho.mqtt.client as mqtt

    host, _, port = options.address.removeprefix("mqtt://").rpartition(":")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name)
    client.connect(host, int(port))
    return client


# --- consumers ----------------------------------------------------------------------------------


@dataclass
class Tally:
    """Messages by source, and how many numbers are missing."""

    newest: dict[bytes, int] = field(default_factory=dict)
    n: int = 0
    gaps: int = 0
    n_first: int = 0

    def take(self, topic: bytes, seq: int) -> None:
        self.n += 1
        newest = self.newest.get(topic)
        self.gaps += seq - (-1 if newest is None else newest) - 1
        self.newest[topic] = seq

    def told(self) -> dict[str, Any]:
        return {"messages": self.n, "gaps": self.gaps, "newest": sum(self.newest.values())
                + len(self.newest)}  # fmt: skip


class _Seq(msgspec.Struct):
    seq: int


_seq_of = msgspec.msgpack.Decoder(_Seq).decode


class _Result(msgspec.Struct):
    result: int


_result_of = msgspec.json.Decoder(_Result).decode
_results_of = msgspec.json.Decoder(list[_Result]).decode


def note(tally: Tally, frames: Sequence[Any]) -> None:
    """Count one message of the full lane."""
    topic = bytes(frames[0])
    if topic.startswith(b"v1/s/"):
        tally.take(topic, _seq_of(frames[1]).seq)
    elif topic.startswith(b"v1/j/"):
        text = bytes(frames[1])
        for one in _results_of(text) if text[:1] == b"[" else (_result_of(text),):
            tally.take(topic, one.result)


def console(options: Options) -> None:
    """A console without a window: the real ingest."""
    store = ObservationStore(capacity=N_SOURCES * BATCH + 10, history=64, clock=CLOCK)
    units = UnitStore(capacity=1, history=8, clock=CLOCK)
    ingest = SampleIngest(
        endpoint=options.address, store=store, units=units, clock=CLOCK,
        configure=options.configure(),
    )  # fmt: skip
    ingest.start()
    closed = until_closed()
    while len(ingest.stats().feeds) < options.n_sources and not closed.is_set():
        time.sleep(0.02)
    say("ready")
    closed.wait()
    stats = ingest.stats()
    ingest.close()
    say({
        "samples": stats.received, "gaps": stats.gaps, "lost": stats.lost,
        "skipped": stats.skipped, "malformed": stats.malformed, "dropped": stats.dropped,
        "latency_ms_p50": stats.latency_ms_p50, "latency_ms_p95": stats.latency_ms_p95,
        "cpu_s": time.process_time(),
    })  # fmt: skip


def recorder(options: Options) -> None:
    """A recorder that confirms what it got."""
    source = HubRecord(options.address, configure=options.configure())
    tally, closed, is_ready = Tally(), until_closed(), False
    while not closed.is_set():
        got = source.receive(50)
        for recorded in got:
            note(tally, recorded.frames)
        if got:
            source.acknowledge(got[-1].number)
            if not is_ready:
                say("ready")
                is_ready = True
    say(tally.told() | {"lost": source.n_lost, "cpu_s": time.process_time()})
    source.close()


def counter(options: Options) -> None:
    """A bare subscriber that only looks at the numbers."""
    tally = Tally()
    if options.carrier == "nats":
        asyncio.run(_count_nats(options, tally))
    elif options.carrier == "mqtt":
        _count_mqtt(options, tally)
    else:
        _count_zeromq(options, tally)
    say(tally.told() | {"cpu_s": time.process_time()})


def _count_zeromq(options: Options, tally: Tally) -> None:
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVHWM, 2_000)
        options.configure()(socket)
        socket.subscribe(b"v1/")
        socket.connect(options.address)
        closed, is_ready = until_closed(), False
        while not closed.is_set():
            if not socket.poll(50):
                continue
            for _ in range(64):
                try:
                    note(tally, socket.recv_multipart(zmq.NOBLOCK))
                except zmq.Again:
                    break
            if not is_ready:
                say("ready")
                is_ready = True


async def _count_nats(options: Options, tally: Tally) -> None:
    import nats

    async def take(message: Any) -> None:
        if message.subject.startswith("load.v1.s."):
            head = int.from_bytes(message.data[4:8], "little")
            start = 4 + 4 * int.from_bytes(message.data[:4], "little")
            seq = _seq_of(message.data[start : start + head]).seq
            tally.take(message.subject.encode(), seq)
        elif message.subject.startswith("load.v1.j."):
            tally.take(message.subject.encode(), _result_of(message.data).result)

    client = await nats.connect(options.address)
    await client.subscribe("load.v1.>", cb=take)
    await client.flush()
    closed = until_closed()
    say("ready")
    while not closed.is_set():
        await asyncio.sleep(0.05)
    await client.close()


def _count_mqtt(options: Options, tally: Tally) -> None:
    client = _mqtt_client(options, f"counter{options.number}")
    subscribed = threading.Event()

    def take(_client: Any, _data: Any, message: Any) -> None:
        data, topic = message.payload, message.topic.encode()
        if topic.startswith(b"v1/s/"):
            head = int.from_bytes(data[4:8], "little")
            start = 4 + 4 * int.from_bytes(data[:4], "little")
            tally.take(topic, _seq_of(data[start : start + head]).seq)
        elif topic.startswith(b"v1/j/"):
            tally.take(topic, _result_of(data).result)

    client.on_message = take
    client.on_subscribe = lambda *_: subscribed.set()
    client.subscribe("v1/#", qos=0)
    client.loop_start()
    subscribed.wait(10)
    closed = until_closed()
    say("ready")
    closed.wait()
    client.disconnect()
    client.loop_stop()


ROLES = {"producer": produce, "console": console, "recorder": recorder, "counter": counter}

if __name__ == "__main__":
    ROLES[sys.argv[1]](Options(**json.loads(sys.argv[2])))
