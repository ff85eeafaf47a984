"""Many consoles by hand in a process of its own: hello, log-in, commands, presence, listening.

They speak the protocol as a console does (a DEALER, a SUB to events and presence, a SUB to samples)
but keep no room: a hundred rooms on the machine of the hub would measure the machine.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zmq

from twin.clock import SystemClock
from twin.ids import uuid7
from twin.link.actuator import ActuatorClient, Reply
from twin.link.control import (
    Acknowledged,
    Challenge,
    EventMessage,
    Events,
    Hello,
    HubInfo,
    Ping,
    Refused,
    Submit,
    Tell,
    ToHub,
)
from twin.link.control_frames import (
    EVENT_TOPIC,
    HEARTBEAT_TOPIC,
    PRESENCE_TOPIC,
    decode_from_hub,
    decode_published,
    encode_control,
)
from twin.link.presence import Look, PresenceState
from twin.link.signing import console_id_at
from twin.link.wire import decode, encode_announcement, encode_batch, split_announcement
from twin.room.model import CommandRequest
from twin.security.canonical import SUBMIT, signed_bytes
from twin.security.client_keys import load_client_keys
from twin.security.client_security import ClientSecurity
from twin.security.sealed import Signer, signer_from_seed
from twin.sense.model import Announcement, Datastream, Thing

PING_S = 0.5
#: Messages of one socket before the others have their turn: answers are timed when they are read.
MOST_AT_ONCE = 20
BATCH = 1_000
MS = 1e6


@dataclass(frozen=True)
class Orders:
    """What one process is to be.

    Attributes
    ----------
    keys : folder of a workstation, None = a hub without keys
    seeds : person id -> seed of the signing key, hex
    """

    control: str
    first: int
    count: int
    keys: Path | None = None
    seeds: dict[str, str] = field(default_factory=dict)
    with_samples: bool = False
    reads_events: bool = True


class Session:
    """One console."""

    def __init__(self, context: zmq.Context[Any], orders: Orders, number: int) -> None:
        self.number = number
        self.info: HubInfo | None = None
        self.pending: dict[str, int] = {}
        self.n_presence = self.n_refused = 0
        self._context = context
        self._orders = orders
        self.security: ClientSecurity | None = None
        self.signer: Signer | None = None
        place = f"console-{number}"
        if orders.keys is not None:
            self.security = ClientSecurity(load_client_keys(orders.keys))
            person_id = sorted(orders.seeds)[number % len(orders.seeds)]
            self.signer = signer_from_seed(person_id, orders.seeds[person_id])
            place = console_id_at(self.security.name)
        self.hello = Hello(
            role="console", name=f"Operator {number}", department="traffic", console_id=place
        )
        self.control = self.socket(zmq.DEALER, orders.control)
        self.events: Any = None
        self.samples: Any = None
        self.send(self.hello)

    def socket(self, kind: int, endpoint: str) -> Any:
        made = self._context.socket(kind)
        made.set(zmq.LINGER, 0)
        made.set(zmq.RCVHWM, 20_000)
        if self.security is not None:
            self.security.apply(made)
        made.connect(endpoint)
        return made

    def send(self, message: ToHub) -> None:
        self.control.send_multipart(encode_control(message))

    def listen(self, info: HubInfo) -> None:
        self.info = info
        if self._orders.reads_events:
            self.events = self.socket(zmq.SUB, info.addresses.events)
            for topic in (EVENT_TOPIC, HEARTBEAT_TOPIC, PRESENCE_TOPIC):
                self.events.subscribe(topic)
        if self._orders.with_samples:
            self.samples = self.socket(zmq.SUB, info.addresses.samples_out)
            self.samples.subscribe(b"v1/s/")

    def log_in(self, challenge: Challenge) -> None:
        assert self.security is not None
        assert self.signer is not None
        proof = self.security.proof(self.signer, nonce=challenge.nonce, epoch=challenge.epoch)
        person = self.signer.person_id
        self.send(msgspec.structs.replace(self.hello, person=person, proof=proof))

    def submit(self) -> None:
        assert self.info is not None
        request = CommandRequest(
            id=uuid7(), type_id="signal.set_plan", type_version=1,
            target_id=f"signal-{self.number}", target_name=f"Signal {self.number}",
            args={"plan": 1 + int(time.monotonic()) % 3},
        )  # fmt: skip
        signature = ""
        if self.signer is not None:
            body = msgspec.to_builtins(request)
            signature = self.signer.sign(
                signed_bytes(kind=SUBMIT, body=body, epoch=self.info.epoch, drill=False)
            )
        self.pending[request.id] = time.monotonic_ns()
        self.send(Submit(request=request, signature=signature))

    def look_around(self, n: int) -> None:
        look = Look(
            x_cm=n, y_cm=-n, z_cm=0, distance_cm=40_000, azimuth=n % 60_000, elevation=6_000
        )
        self.send(Tell(state=PresenceState(look=look, selected="Signal")))


class Crowd:
    """Sessions of one process, and what they measured."""

    def __init__(self, orders: Orders) -> None:
        self.context: zmq.Context[Any] = zmq.Context(io_threads=1)
        self.context.set(zmq.MAX_SOCKETS, 8_192)
        self.poller = zmq.Poller()
        self.began_ns = time.monotonic_ns()
        self.of_socket: dict[Any, tuple[Session, str]] = {}
        self.accept_ms: list[float] = []
        self.age_ms: list[float] = []
        self.event_ms: list[float] = []
        self.n_events = self.n_presence = self.n_samples = self.n_refused = 0
        self.sessions: list[Session] = []
        for number in range(orders.first, orders.first + orders.count):
            session = Session(self.context, orders, number)
            self.sessions.append(session)
            self._watch(session.control, session, "control")

    def _watch(self, socket: Any, session: Session, kind: str) -> None:
        if socket is not None:
            self.of_socket[socket] = (session, kind)
            self.poller.register(socket, zmq.POLLIN)

    def join(self, timeout_s: float = 60.0) -> float:
        """Until all are welcome; seconds since the first hello."""
        end = time.monotonic() + timeout_s
        while any(s.info is None for s in self.sessions):
            if time.monotonic() > end:
                raise TimeoutError(f"{sum(s.info is None for s in self.sessions)} are not in")
            self.receive(50)
        return (time.monotonic_ns() - self.began_ns) / 1e9

    def receive(self, wait_ms: float) -> None:
        ready = [(*self.of_socket[socket], socket) for socket, _ in self.poller.poll(wait_ms)]
        for session, kind, socket in sorted(ready, key=lambda one: one[1] != "control"):
            for _ in range(MOST_AT_ONCE):
                try:
                    frames = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                getattr(self, f"_take_{kind}")(session, frames)

    def _take_control(self, session: Session, frames: list[bytes]) -> None:
        match decode_from_hub(frames):
            case Challenge() as challenge:
                session.log_in(challenge)
            case HubInfo() as info if session.info is None:
                session.listen(info)
                self._watch(session.events, session, "events")
                self._watch(session.samples, session, "samples")
            case Acknowledged(id=key) if key in session.pending:
                sent_ns = session.pending.pop(key)
                self.accept_ms.append((time.monotonic_ns() - sent_ns) / MS)
            case Refused():
                self.n_refused += 1

    def _take_events(self, _session: Session, frames: list[bytes]) -> None:
        if frames[0] == PRESENCE_TOPIC:
            self.n_presence += 1
        elif frames[0] == EVENT_TOPIC:
            self.n_events += 1
            if b"note.added" in frames[1]:
                message = decode_published(frames)
                events = message.events if isinstance(message, Events) else ()
                if isinstance(message, EventMessage):
                    events = (message.event,)
                for event in events:
                    if event.kind == "note.added":
                        late_ns = time.monotonic_ns() - int(event.body["text"])
                        self.event_ms.append(late_ns / MS)

    def _take_samples(self, session: Session, frames: list[bytes]) -> None:
        self.n_samples += 1
        if session.number % 10 == 0:
            batch: Any = decode(frames)
            self.age_ms.append((time.time_ns() - batch.sent_ns) / MS)

    def work(self, seconds: float, *, commands_hz: float = 0.0, presence_hz: float = 0.0) -> None:
        """Ping, look around and command at a steady pace, each session at its own moments."""
        paces = [("ping", PING_S)]
        if commands_hz:
            paces.append(("submit", 1 / commands_hz))
        if presence_hz:
            paces.append(("look", 1 / presence_hz))
        due = []
        now = time.monotonic()
        for n, session in enumerate(self.sessions):
            for what, every_s in paces:
                due.append([now + every_s * n / len(self.sessions), every_s, what, session])
        end = now + seconds
        while (now := time.monotonic()) < end:
            for entry in due:
                if entry[0] <= now:
                    entry[0] += entry[1]
                    self._do(entry[2], entry[3], now)
            self.receive(2)

    def _do(self, what: str, session: Session, now: float) -> None:
        if what == "ping":
            session.send(Ping(t_ns=0))
        elif what == "submit":
            session.submit()
        else:
            session.look_around(int(now * 1000))

    def told(self) -> dict[str, Any]:
        return {
            "accept_ms": self.accept_ms, "age_ms": self.age_ms, "event_ms": self.event_ms,
            "n_events": self.n_events, "n_presence": self.n_presence, "n_samples": self.n_samples,
            "n_refused": self.n_refused,
            "n_unanswered": sum(len(session.pending) for session in self.sessions),
        }  # fmt: skip

    def close(self) -> None:
        self.context.destroy(0)


def serve(connection: Connection, orders: Orders) -> None:
    """A process: joins, says how long that took, obeys, tells."""
    crowd = Crowd(orders)
    try:
        connection.send(crowd.join())
        while (wish := connection.recv()) is not None:
            if wish == "tell":
                connection.send(crowd.told())
            else:
                crowd.work(**wish)
                connection.send("done")
    finally:
        crowd.close()


@contextlib.contextmanager
def crowd_processes(all_orders: list[Orders]) -> Iterator[list[Connection]]:
    """Started processes; each first sends the seconds its joining took."""
    spawn = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for orders in all_orders:
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=serve, args=(theirs, orders), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        yield pipes
    finally:
        for pipe in pipes:
            with contextlib.suppress(OSError):
                pipe.send(None)
        for process in processes:
            process.join(20)
            if process.is_alive():
                process.kill()


def work_all(pipes: list[Connection], **wish: Any) -> None:
    """Let all work at the same time and wait for them."""
    for pipe in pipes:
        pipe.send(wish)
    for pipe in pipes:
        pipe.recv()


def tell_all(pipes: list[Connection]) -> dict[str, Any]:
    """What all measured together."""
    whole: dict[str, Any] = {}
    for pipe in pipes:
        pipe.send("tell")
    for pipe in pipes:
        for name, value in pipe.recv().items():
            whole[name] = whole.get(name, type(value)()) + value
    return whole


# --- the city -------------------------------------------------------------------------------------


def serve_city(
    connection: Connection, control: str, samples_in: str, n_signals: int, keys: Path | None
) -> None:
    """Signals that do what they are told, in a batch of a thousand samples ten times a second."""
    security = None if keys is None else ClientSecurity(load_client_keys(keys))
    context: zmq.Context[Any] = zmq.Context()
    push = context.socket(zmq.PUSH)
    push.set(zmq.LINGER, 0)
    if security is not None:
        security.apply(push)
    push.connect(samples_in)
    ids = [f"signal-{i}" for i in range(n_signals)]
    values = np.ones(BATCH)

    def obey(command: CommandRequest, reply: Reply) -> None:
        reply.accepted()
        values[int(command.target_id.rpartition("-")[2])] = command.args["plan"]
        reply.done()

    client = ActuatorClient(
        endpoint=control, name="City", asset_ids=ids, on_command=obey, clock=SystemClock(),
        security=security,
    )  # fmt: skip
    push.send_multipart(encode_announcement(announcement(ids)))
    client.start()
    connection.send("ready")
    indices, quality = np.arange(BATCH, dtype=np.uint32), np.zeros(BATCH, np.uint8)
    seq = 0
    while not connection.poll(0.1):
        seq += 1
        now_ns = time.time_ns()
        columns = (indices, np.full(BATCH, now_ns), values.copy(), quality)
        push.send_multipart(encode_batch("city", "e1", seq, *columns, now_ns))
    client.close()
    push.close(0)
    context.term()


def announcement(ids: list[str]) -> Announcement:
    things = [
        Thing(id=i, name=f"Signal {i}", kind="signal", accepts=("signal.set_plan",)) for i in ids
    ]
    streams = [
        Datastream(index=n, id=f"{i}/signal_plan", thing_id=i, observed_property="signal_plan")
        for n, i in enumerate(ids)
    ]
    return Announcement(source="city", epoch="e1", things=tuple(things), datastreams=tuple(streams))


@contextlib.contextmanager
def city_process(control: str, samples_in: str, n: int, keys: Path | None) -> Iterator[None]:
    """The city, running."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(
        target=serve_city, args=(theirs, control, samples_in, n, keys), daemon=True
    )
    process.start()
    theirs.close()
    ours.recv()
    try:
        yield
    finally:
        ours.send("stop")
        process.join(20)


# --- a large city ---------------------------------------------------------------------------------

PROPERTIES = (
    "temperature", "noise", "pm25", "traffic_flow", "traffic_speed", "water_level", "power_load",
    "humidity", "rain", "parking_occupancy",
)  # fmt: skip


def serve_large_city(
    connection: Connection, samples_in: str, n_assets: int, keys: Path | None
) -> None:
    """Announces everything once, then sends a thousand samples ten times a second."""
    context: zmq.Context[Any] = zmq.Context()
    push = context.socket(zmq.PUSH)
    if keys is not None:
        ClientSecurity(load_client_keys(keys)).apply(push)
    push.connect(samples_in)
    for part in split_announcement(large_city(n_assets)):
        push.send_multipart(encode_announcement(part))
    connection.send("announced")
    quality = np.zeros(BATCH, np.uint8)
    dice, seq = np.random.default_rng(7), 0
    while not connection.poll(0.1):
        seq += 1
        now_ns = time.time_ns()
        indices = dice.integers(0, n_assets * len(PROPERTIES), BATCH).astype(np.uint32)
        columns = (indices, np.full(BATCH, now_ns), indices.astype(np.float64), quality)
        push.send_multipart(encode_batch("city", "e1", seq, *columns, now_ns))
    push.close(0)
    context.term()


def large_city(n_assets: int) -> Announcement:
    """Assets with ten datastreams each."""
    things, streams = [], []
    for n in range(n_assets):
        asset = f"asset-{n}"
        place = (10.0 * (n % 300), 10.0 * (n // 300), 0.0)
        things.append(Thing(id=asset, name=f"Asset {n}", kind="building", xyz=place))
        for k, name in enumerate(PROPERTIES):
            stream = Datastream(
                index=n * len(PROPERTIES) + k, id=f"{asset}/{name}", thing_id=asset,
                observed_property=name, unit="1", max=100.0, interval_s=10.0,
            )  # fmt: skip
            streams.append(stream)
    return Announcement(source="city", epoch="e1", things=tuple(things), datastreams=tuple(streams))


@contextlib.contextmanager
def large_city_process(samples_in: str, n_assets: int, keys: Path | None) -> Iterator[None]:
    """The large city, announced and running."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(
        target=serve_large_city, args=(theirs, samples_in, n_assets, keys), daemon=True
    )
    process.start()
    theirs.close()
    ours.recv()
    try:
        yield
    finally:
        ours.send("stop")
        process.join(20)
