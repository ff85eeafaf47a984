"""Many operators at one hub, over encrypted sockets with signed commands, hub in its own process.

Consoles are sessions by hand (see `benchmarks.crowd`) in two processes on the same machine, so the
hub shares its cores with everybody it serves; limits are absolute. ``together.late_joiner`` joins a
city of 100,000 assets with ten datastreams each as a real console does.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import zmq

from benchmarks.crowd import (
    PROPERTIES,
    Orders,
    Session,
    city_process,
    crowd_processes,
    large_city_process,
    tell_all,
    work_all,
)
from benchmarks.result import Result
from tests.twin.security.keys_rig import KeysRig
from twin.clock import SystemClock
from twin.ids import uuid7
from twin.link.client import HubClient
from twin.link.control import GetSnapshot, HubInfo, Note, Snapshot
from twin.link.control_frames import decode_from_hub
from twin.link.signing import console_id_at
from twin.room.fold import Room
from twin.room.model import Operator
from twin.security.client_keys import load_client_keys
from twin.security.client_security import ClientSecurity
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

N_CONSOLES, N_IDLE, N_PEOPLE = 100, 1_000, 10
FACTS_HZ, FACTS_S, WORK_S = 20.0, 15.0, 30.0
FAN_OUT_LIMIT_MS, ACCEPT_LIMIT_MS, ACCEPT_999_LIMIT_MS, AGE_LIMIT_MS = 100.0, 50.0, 250.0, 250.0
N_ASSETS, N_NOTES, LATE_LIMIT_S = 100_000, 300, 3.0
CONNECT_LIMIT_S, RSS_LIMIT_MB = 5.0, 500.0
POLICY = """
version = 1
roles = ["operator"]

[[allow]]
id = "own"
roles = ["operator"]
own_commands = true

[[allow]]
id = "act"
actions = ["mark.*", "message.*", "note.*"]
"""


def run() -> Iterator[Result]:
    """All figures."""
    yield fan_out()
    yield from busy_hour()
    yield from connect_storm()
    yield late_joiner()


@dataclass
class Place:
    """A hub's folder: journal, keys, people."""

    folder: Path
    rig: KeysRig = field(init=False)

    def __post_init__(self) -> None:
        self.rig = KeysRig.make(self.folder / "keys")
        for n in range(N_PEOPLE):
            self.rig.person(f"person-{n}", "traffic")
        (self.folder / "policy.toml").write_text(POLICY)

    def keys(self, name: str, *roles: Any) -> Path:
        """Folder of a new workstation."""
        folder = self.rig.workstation(name, *roles).folder
        assert folder is not None
        return folder

    def seeds(self) -> dict[str, str]:
        return {i: signer.seed_hex() for i, signer in self.rig.signers.items()}

    def orders(self, control: str, n: int, **more: Any) -> list[Orders]:
        """Two processes' worth of sessions."""
        half = n // 2
        return [
            Orders(control, i * half, half, keys=self.keys(f"desk-{i}"), seeds=self.seeds(), **more)
            for i in range(2)
        ]


@contextlib.contextmanager
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="civitwin-bench-") as name:
        yield Place(Path(name))


@contextlib.contextmanager
def hub_process(at: Place) -> Iterator[tuple[dict[str, str], psutil.Process]]:
    """``civitwin hub`` with keys: what it said when it was ready, and the process."""
    command = [sys.executable, "-m", "viewer.cli", "hub", "--ephemeral", "--journal"]
    command += [str(at.folder / "journal.sqlite"), "--keys", str(at.rig.folder)]
    command += ["--policy", str(at.folder / "policy.toml")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline()), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.communicate()


def percentile(values: list[float], share: float) -> float:
    return float(np.percentile(values, share)) if values else float("nan")


def fan_out() -> Result:
    """From sending a fact to each of a hundred consoles having it."""
    with place() as at:
        orders = at.orders("", N_CONSOLES)
        issuer_keys = at.keys("issuer")
        with hub_process(at) as (ready, _):
            control = ready["control"]
            orders = [Orders(**{**vars(o), "control": control}) for o in orders]
            with crowd_processes(orders) as pipes:
                for pipe in pipes:
                    pipe.recv()
                context: zmq.Context[Any] = zmq.Context()
                issuer = Session(context, Orders(control, 0, 1, issuer_keys, at.seeds()), 0)
                welcome(issuer)
                for pipe in pipes:
                    pipe.send({"seconds": FACTS_S + 2})
                time.sleep(1.0)
                n = round(FACTS_HZ * FACTS_S)
                for _ in range(n):
                    issuer.send(Note(id=uuid7(), text=str(time.monotonic_ns())))
                    time.sleep(1 / FACTS_HZ)
                for pipe in pipes:
                    pipe.recv()
                told = tell_all(pipes)
                context.destroy(0)
    p99 = percentile(told["event_ms"], 99)
    missing = n * N_CONSOLES - len(told["event_ms"])
    return Result(
        name="together.fact_to_100_consoles_p99", value=p99, unit="ms", ratio=None,
        limit=FAN_OUT_LIMIT_MS, ok=p99 <= FAN_OUT_LIMIT_MS and not missing,
        note=f"p50 {percentile(told['event_ms'], 50):.1f} ms; {missing} of {n * N_CONSOLES:,}"
        " did not arrive; durable before it is published; keys",
    )  # fmt: skip


def welcome(session: Session) -> None:
    while session.info is None:
        match decode_from_hub(session.control.recv_multipart()):
            case HubInfo() as info:
                session.info = info
            case challenge:
                session.log_in(challenge)


def busy_hour() -> Iterator[Result]:
    """A hundred operators: one command a second each, looking around and samples at 10 Hz."""
    with place() as at:
        orders = at.orders("", N_CONSOLES, with_samples=True)
        city_keys = at.keys("city", "actuator", "source")
        with hub_process(at) as (ready, process):
            control = ready["control"]
            orders = [Orders(**{**vars(o), "control": control}) for o in orders]
            city = city_process(control, ready["samples_in"], N_CONSOLES, city_keys)
            with city, crowd_processes(orders) as pipes:
                for pipe in pipes:
                    pipe.recv()
                work_all(pipes, seconds=3.0, commands_hz=1.0, presence_hz=10.0)
                tell_all(pipes)
                cpu = process.cpu_times()
                work_all(pipes, seconds=WORK_S, commands_hz=1.0, presence_hz=10.0)
                used_s = sum(process.cpu_times()[:2]) - sum(cpu[:2])
                told = tell_all(pipes)
    accept, age = told["accept_ms"], told["age_ms"]
    p99, p999 = percentile(accept, 99), percentile(accept, 99.9)
    load = (
        f"{len(accept):,} commands, {told['n_refused']} refused, {told['n_unanswered']}"
        f" unanswered; {told['n_events'] / N_CONSOLES / WORK_S:.0f} event messages/s to each;"
        f" hub {used_s / WORK_S:.2f} of a core; signed, encrypted, durable"
    )
    ok = not told["n_refused"] and told["n_unanswered"] <= N_CONSOLES
    yield Result(
        name="together.command_accept_p99", value=p99, unit="ms", ratio=None,
        limit=ACCEPT_LIMIT_MS, ok=ok and p99 <= ACCEPT_LIMIT_MS,
        note=f"p50 {percentile(accept, 50):.1f} ms; {load}",
    )  # fmt: skip
    yield Result(
        name="together.command_accept_p99.9", value=p999, unit="ms", ratio=None,
        limit=ACCEPT_999_LIMIT_MS, ok=ok and p999 <= ACCEPT_999_LIMIT_MS,
        note=f"worst {max(accept):.1f} ms",
    )  # fmt: skip
    age_p99 = percentile(age, 99)
    yield Result(
        name="together.sample_age_p99", value=age_p99, unit="ms", ratio=None,
        limit=AGE_LIMIT_MS, ok=age_p99 <= AGE_LIMIT_MS,
        note=f"1,000 samples ten times a second to each console; p50 {percentile(age, 50):.1f} ms;"
        f" {told['n_presence'] / N_CONSOLES / WORK_S:.1f} presence messages/s to each",
    )  # fmt: skip


def connect_storm() -> Iterator[Result]:
    """A thousand consoles that join at once and stay."""
    with place() as at:
        orders = at.orders("", N_IDLE)
        with hub_process(at) as (ready, process):
            before_mb = process.memory_info().rss / 1e6
            orders = [Orders(**{**vars(o), "control": ready["control"]}) for o in orders]
            with crowd_processes(orders) as pipes:
                seconds = max(pipe.recv() for pipe in pipes)
                work_all(pipes, seconds=10.0)
                told = tell_all(pipes)
                rss_mb = process.memory_info().rss / 1e6
    yield Result(
        name="together.1000_consoles_join", value=seconds, unit="s", ratio=None,
        limit=CONNECT_LIMIT_S, ok=seconds <= CONNECT_LIMIT_S,
        note="from the first hello of each process to its last welcome; handshake, log-in with a"
        " signed challenge, each joining told to all",
    )  # fmt: skip
    yield Result(
        name="together.hub_memory_of_1000_consoles", value=rss_mb, unit="MB", ratio=None,
        limit=RSS_LIMIT_MB, ok=rss_mb < RSS_LIMIT_MB,
        note=f"{before_mb:.0f} MB before; {told['n_events']:,} messages of joinings told",
    )  # fmt: skip


def late_joiner() -> Result:
    """A console that joins a large city in full swing, until it knows all and agrees with the hub.

    Its room is compared with the hub's by their hashes; on the sample lane no batch may be missing
    since its first, and every value must be that of its own datastream.
    """
    clock = SystemClock()
    with contextlib.ExitStack() as stack:
        at = stack.enter_context(place())
        city_keys = at.keys("city", "actuator", "source")
        security = ClientSecurity(load_client_keys(at.keys("late")))
        signer = at.rig.signers["person-0"]
        keys = at.keys("watcher")
        ready, _ = stack.enter_context(hub_process(at))
        context: zmq.Context[Any] = zmq.Context()
        watcher = Session(context, Orders(ready["control"], 0, 1, keys, at.seeds()), 0)
        welcome(watcher)
        for n in range(N_NOTES):
            watcher.send(Note(id=uuid7(), text=f"Note {n}"))
        n_streams = N_ASSETS * len(PROPERTIES)
        store = ObservationStore(capacity=n_streams + 1_000, history=2, clock=clock)
        with large_city_process(ready["samples_in"], N_ASSETS, city_keys):
            until_taken_in(watcher)
            began = time.monotonic()
            client = HubClient(
                endpoint=ready["control"],
                operator=Operator(
                    name="Late", department="traffic", console_id=console_id_at(security.name)
                ),
                outbox_path=at.folder / "outbox.sqlite", clock=clock, security=security,
                signer=signer,
            )  # fmt: skip
            units = UnitStore(capacity=10, history=8, clock=clock)
            ingest = SampleIngest(
                endpoint="", store=store, units=units, clock=clock, configure=security.apply
            )
            client.start()
            ingest.start()
            while store.n_datastreams < n_streams or not client.room.seq:
                client.poll()
                info = client.hub_info()
                if info is not None and not ingest.endpoint:
                    ingest.set_endpoint(info.addresses.samples_out)
                if time.monotonic() - began > 60.0:
                    break
                time.sleep(0.005)
            known, things = store.n_datastreams, len(store.things)
            seconds = time.monotonic() - began
            time.sleep(2.0)
            witness = Session(context, Orders(ready["control"], 0, 1, keys, at.seeds()), 0)
            welcome(witness)
            agrees = same_room(witness, client)
            stats = ingest.stats()
            seen = store.snapshot()
            rows = np.flatnonzero(np.isfinite(seen.values))
            order = {s.id: s.index for s in store.datastreams}
            streams = store.datastreams
            is_right = all(seen.values[r] == order[streams[r].id] for r in rows[:5_000])
            client.close()
            ingest.close()
        context.destroy(0)
    ok = agrees and is_right and not stats.gaps and known == n_streams and things == N_ASSETS
    return Result(
        name="together.late_joiner", value=seconds, unit="s", ratio=None, limit=LATE_LIMIT_S,
        ok=ok and seconds <= LATE_LIMIT_S,
        note=f"{things:,} assets, {known:,} datastreams, room of event {client.room.seq} "
        f"{'agrees' if agrees else 'differs'}; {stats.gaps} gaps, values of {len(rows):,}"
        f" datastreams {'right' if is_right else 'wrong'}",
    )  # fmt: skip


def until_taken_in(watcher: Session) -> None:
    """Wait for the source's first samples: what it announced before has gone through the hub."""
    assert watcher.info is not None
    samples = watcher.socket(zmq.SUB, watcher.info.addresses.samples_out)
    samples.subscribe(b"v1/s/city/")
    samples.recv_multipart()
    samples.close(0)


def same_room(witness: Session, client: HubClient) -> bool:
    """Whether the joiner's room has the hash of the hub's at the same event."""
    for _ in range(100):
        client.poll()
        witness.send(GetSnapshot())
        answer = decode_from_hub(witness.control.recv_multipart())
        if not isinstance(answer, Snapshot):
            raise TypeError(f"No snapshot but {answer}")
        room = Room.from_bytes(answer.room)
        if room.seq == client.room.seq:
            return room.state_hash() == client.room.state_hash()
        time.sleep(0.05)
    return False


if __name__ == "__main__":
    for result in run():
        print(result.to_json(), flush=True)
