"""What the sample lane holds: 4 producers, 10 consoles and a recorder around one hub, CURVE on.

- 369,000 samples/s (the published load of Yamcs' perftest1) and 738,000 (its perftest2), in frames
  of 1,000: held = the recorder and every console got every message.
- 50,000 single-sample JSON messages a second at the edge.
- Peers at the same frames, 4 producers and 10 bare subscribers: NATS core and mosquitto, each
  without encryption, as is our hub in that comparison. All clients are Python's.

Every role is a process of its own; the rate is set by the producers, and nobody is asked to be fast
but to lose nothing. ``CIVITWIN_LONG`` runs the target for ten minutes and takes the hub's memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.load_roles import BATCH, N_SOURCES, Options
from benchmarks.result import Result
from tests.services.nats import free_ports, nats_program
from twin.clock import SystemClock
from twin.link.wire import encode_announcement, encode_batch, split_announcement
from twin.samples.outlet import open_outlet
from twin.security.keystore import KeyStore, new_workstation_secret
from twin.security.records import Workstation
from twin.sense.ingest import SampleIngest
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

ROOT = Path(__file__).resolve().parents[1]
TARGET_HZ = 369_000
STRETCH_HZ = 738_000
JSON_HZ = 50_000
N_CONSOLES = 10
IS_LONG = bool(os.environ.get("CIVITWIN_LONG"))
SECONDS = 600.0 if IS_LONG else 20.0
PEER_SECONDS = 6.0
#: Samples a second that are tried for what is delivered without loss.
LADDER_HZ = (369_000, 738_000, 1_107_000, 1_476_000, 2_214_000)
HELD = 0.98
RSS_LIMIT_MB_MIN = 1.0
N_LATE = 100_000
LATE_LIMIT_S = 3.0
STALL_HZ = 200_000
STALL_LIMIT = 1.05
_DRAIN_S = 2.0


class Role:
    """One process of the load."""

    def __init__(self, name: str, options: Options) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load_roles", name, json.dumps(asdict(options))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ready(self) -> None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line.strip() != "ready":
            raise RuntimeError(f"A role of the load did not start: {line}")

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self) -> dict[str, Any]:
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        return self.told()

    def told(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.process.wait()
        self.process.stdout.close()
        return json.loads(line)


@dataclass
class Run:
    """What came of one load."""

    sent: int = 0
    seconds: float = 0.0
    received: list[dict[str, Any]] = field(default_factory=list)
    recorded: dict[str, Any] = field(default_factory=dict)
    server_cpu_s: float = 0.0
    rss_mb: list[tuple[float, float]] = field(default_factory=list)

    @property
    def message_hz(self) -> float:
        return self.sent / self.seconds

    @property
    def lost(self) -> int:
        """Messages that somebody missed, the worst of all."""
        missed = [self.sent - one["messages"] for one in self.received if "messages" in one]
        missed += [one["gaps"] + one["skipped"] for one in self.received if "skipped" in one]
        if self.recorded:
            missed.append(self.sent - self.recorded["messages"])
        return max(missed, default=0)

    def slope_mb_min(self) -> float:
        """Growth of the server's memory over the last three quarters."""
        late = self.rss_mb[len(self.rss_mb) // 4 :]
        if len(late) < 3:
            return 0.0
        t_s, mb = np.array(late).T
        return float(np.polyfit(t_s, mb, 1)[0] * 60.0)


def load(
    server: psutil.Process, producer: Options, consumer: str, consumers: Options, *,
    n_consumers: int = N_CONSOLES, recorder: Options | None = None,
) -> Run:  # fmt: skip
    """Run one load to its end."""
    producers = [Role("producer", replace(producer, number=i)) for i in range(N_SOURCES)]
    takers = [Role(consumer, replace(consumers, number=i)) for i in range(n_consumers)]
    record = Role("recorder", recorder) if recorder is not None else None
    try:
        for role in (*producers, *takers, *([record] if record else [])):
            role.ready()
        run = Run()
        cpu_before = sum(server.cpu_times()[:2])
        started = time.perf_counter()
        for role in producers:
            role.go()
        while any(role.process.poll() is None for role in producers):
            run.rss_mb.append((time.perf_counter() - started, server.memory_info().rss / 1e6))
            time.sleep(0.25)
        told = [role.told() for role in producers]
        run.sent = sum(one["sent"] for one in told)
        run.seconds = max(one["seconds"] for one in told)
        run.server_cpu_s = sum(server.cpu_times()[:2]) - cpu_before
        time.sleep(_DRAIN_S)
        run.received = [role.end() for role in takers]
        run.recorded = record.end() if record else {}
        return run
    finally:
        for role in (*producers, *takers, *([record] if record else [])):
            role.process.kill()


@contextlib.contextmanager
def hub(folder: Path, *arguments: str) -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    """A hub as it is used."""
    process = subprocess.Popen(
        [sys.executable, "-m", "viewer.cli", "hub", "--ephemeral", "--journal",
         str(folder / "journal.sqlite"), *arguments],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield psutil.Process(process.pid), json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


def made_keys(folder: Path) -> dict[str, str]:
    """A hub's keys, and a workstation's folder for each role."""
    store = KeyStore(folder)
    store.init("load")
    bundles = {}
    for role in ("source", "console", "recorder"):
        secret = new_workstation_secret(role)
        record = Workstation(name=role, public_key=secret.curve_public, roles=(role,))
        bundles[role] = str(store.add_workstation(record, secret))
    return bundles


def held_by_hub(folder: Path, samples_hz: float, seconds: float) -> Run:
    """The bar's load: CURVE, ten real consoles and a recorder."""
    keys = made_keys(folder / "keys")
    with hub(folder, "--keys", str(folder / "keys")) as (process, at):
        producer = Options(at["samples_in"], hz=samples_hz / BATCH / N_SOURCES, seconds=seconds,
                           keys=keys["source"])  # fmt: skip
        return load(
            process, producer, "console", Options(at["samples_out"], keys=keys["console"]),
            recorder=Options(at["record"], keys=keys["recorder"]),
        )  # fmt: skip


def bar(name: str, samples_hz: float, seconds: float) -> list[Result]:
    """One rung of the bar."""
    with tempfile.TemporaryDirectory() as folder:
        run = held_by_hub(Path(folder), samples_hz, seconds)
    rate = run.message_hz * BATCH
    unrecorded = run.sent - run.recorded["messages"]
    missed = max(one["gaps"] + one["skipped"] for one in run.received)
    p95 = max(one["latency_ms_p95"] for one in run.received)
    results = [
        Result(
            name=f"load.{name}", value=rate, unit="samples/s", ratio=rate / samples_hz, limit=HELD,
            ok=unrecorded == run.recorded["lost"] == 0 and rate >= HELD * samples_hz,
            note=f"{seconds:.0f} s, CURVE, {N_CONSOLES} consoles, recorder; hub and recorder missed"
            f" {unrecorded} of {run.sent:,} messages; hub"
            f" {run.server_cpu_s / (rate * run.seconds / 1e6):.2f} CPU s a million samples",
        ),
        Result(
            name=f"load.{name}_consoles", value=missed / run.sent, unit="of all", ratio=None,
            limit=0.0, ok=missed == 0,
            note=f"messages that the worst of {N_CONSOLES} consoles missed or skipped; latency p95 "
            f"of the slowest {p95:.0f} ms",
        ),
    ]  # fmt: skip
    if IS_LONG:
        slope = run.slope_mb_min()
        results.append(Result(
            name=f"load.{name}_rss_slope", value=slope, unit="MB/min", ratio=None,
            limit=RSS_LIMIT_MB_MIN, ok=slope < RSS_LIMIT_MB_MIN,
            note=f"hub, {seconds:.0f} s, from {run.rss_mb[0][1]:.0f} to {run.rss_mb[-1][1]:.0f} MB",
        ))  # fmt: skip
    return results


def single_samples() -> Result:
    """50,000 JSON messages a second of one sample each, to one subscriber."""
    with tempfile.TemporaryDirectory() as folder, \
         hub(Path(folder), "--insecure-loopback") as (process, at):  # fmt: skip
        run = load(
            process, Options(at["samples_in"], hz=JSON_HZ / N_SOURCES, seconds=PEER_SECONDS,
                             is_json=True),
            "counter", Options(at["samples_out"]), n_consumers=1,
        )  # fmt: skip
    return Result(
        name="load.single_json_samples",
        value=run.message_hz,
        unit="messages/s",
        ratio=run.message_hz / JSON_HZ,
        limit=HELD,
        ok=run.lost == 0 and run.message_hz >= HELD * JSON_HZ,
        note=f"{PEER_SECONDS:.0f} s, 4 publishers, one subscriber, which missed {run.lost:,}; hub "
        f"{run.server_cpu_s / run.seconds:.0%} of a core",
    )


def stalled_console() -> Result:
    """What one console that stands still costs the others: their latency with it and without."""
    ratios = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder, \
             hub(Path(folder), "--insecure-loopback") as (process, at):  # fmt: skip
            calm = load(process, _stall_producer(at), "console", Options(at["samples_out"]),
                        n_consumers=3)  # fmt: skip
            with stopped(Options(at["samples_out"])):
                stalled = load(process, _stall_producer(at), "console",
                               Options(at["samples_out"]), n_consumers=3)  # fmt: skip
        if calm.lost or stalled.lost:
            ratios.append(float("inf"))
            continue
        before, after = (
            float(np.median([one["latency_ms_p95"] for one in run.received]))
            for run in (calm, stalled)
        )
        ratios.append(after / before)
    ratio = float(np.median(ratios))
    return Result(
        name="load.beside_a_stalled_console", value=ratio, unit="×", ratio=ratio,
        limit=STALL_LIMIT, ok=ratio <= STALL_LIMIT,
        note="p95 latency of three consoles beside one that is stopped (SIGSTOP) over that without,"
        f" {STALL_HZ:,} samples/s; median of {', '.join(f'{one:.2f}' for one in ratios)}",
    )  # fmt: skip


def _stall_producer(at: dict[str, str]) -> Options:
    return Options(at["samples_in"], hz=STALL_HZ / BATCH / N_SOURCES, seconds=PEER_SECONDS)


@contextlib.contextmanager
def stopped(consumer: Options) -> Iterator[None]:
    """A console that has subscribed, and is then stopped."""
    role = Role("counter", consumer)
    try:
        time.sleep(2.0)
        role.process.send_signal(signal.SIGSTOP)
        yield
    finally:
        role.process.kill()
        role.process.communicate()


def late_joiner() -> Result:
    """How long until a console that joins has every datastream and a value of each."""
    clock = SystemClock()
    things = tuple(
        Thing(id=f"asset-{i}", name=f"Asset {i}", kind="sensor", xyz=(float(i), 0.0, 0.0))
        for i in range(N_LATE // 10)
    )
    streams = tuple(
        Datastream(index=i, id=f"asset-{i // 10}/p{i % 10}", thing_id=f"asset-{i // 10}",
                   observed_property=f"p{i % 10}", interval_s=1.0)
        for i in range(N_LATE)
    )  # fmt: skip
    whole = Announcement(source="big", epoch="e", things=things, datastreams=streams)
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as folder, \
         hub(Path(folder), "--insecure-loopback") as (_, at):  # fmt: skip
        thread = threading.Thread(target=_keep_sending, args=(at["samples_in"], whole, stop))
        thread.start()
        time.sleep(3.0)
        store = ObservationStore(capacity=N_LATE + 10, history=16, clock=clock)
        units = UnitStore(capacity=1, history=8, clock=clock)
        ingest = SampleIngest(endpoint=at["samples_out"], store=store, units=units, clock=clock)
        started = time.perf_counter()
        ingest.start()
        known_s = 0.0
        while (seconds := time.perf_counter() - started) < 60.0:
            known_s = known_s or (seconds if len(store.datastreams) == N_LATE else 0.0)
            if known_s and int((store.snapshot().counts > 0).sum()) == N_LATE:
                break
            time.sleep(0.02)
        ingest.close()
        stop.set()
        thread.join()
    return Result(
        name="load.late_joiner", value=seconds, unit="s", ratio=None, limit=LATE_LIMIT_S,
        ok=seconds <= LATE_LIMIT_S,
        note=f"{N_LATE:,} datastreams of {N_LATE // 10:,} things, each once a second; all known "
        f"after {known_s:.1f} s, a value of each after {seconds:.1f} s",
    )  # fmt: skip


def _keep_sending(address: str, whole: Announcement, stop: threading.Event) -> None:
    outlet = open_outlet(address)
    outlet.connect(10.0)
    for part in split_announcement(whole):
        outlet.send(encode_announcement(part))
    seq, one, quality = 0, np.ones(BATCH), np.zeros(BATCH, np.uint8)
    while not stop.wait(1.0):
        for first in range(0, N_LATE, BATCH):
            now_ns = SystemClock().now_ns()
            index = np.arange(first, first + BATCH, dtype=np.uint32)
            outlet.send(encode_batch("big", "e", seq, index, np.full(BATCH, now_ns), one, quality,
                                     now_ns))  # fmt: skip
            seq += 1
    outlet.close()


# --- peers --------------------------------------------------------------------------------------


@contextlib.contextmanager
def our_hub() -> Iterator[tuple[psutil.Process, Options, Options]]:
    with tempfile.TemporaryDirectory() as folder, \
         hub(Path(folder), "--insecure-loopback") as (process, at):  # fmt: skip
        yield process, Options(at["samples_in"]), Options(at["samples_out"])


@contextlib.contextmanager
def nats_core() -> Iterator[tuple[psutil.Process, Options, Options]]:
    [port] = free_ports(1)
    process = subprocess.Popen([nats_program(), "-a", "127.0.0.1", "-p", str(port), "-l",
                                os.devnull])  # fmt: skip
    try:
        time.sleep(1.0)
        options = Options(f"nats://127.0.0.1:{port}", carrier="nats")
        yield psutil.Process(process.pid), options, options
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def mosquitto() -> Iterator[tuple[psutil.Process, Options, Options]]:
    [port] = free_ports(1)
    program = subprocess.run(
        ["bash", str(ROOT / "scripts" / "program.sh"), "mosquitto", "mosquitto",
         "The load benchmark compares with mosquitto"], stdout=subprocess.PIPE, text=True,
        check=True,
    ).stdout.strip()  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as settings:
        settings.write(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                       "max_queued_messages 100000\nlog_dest none\n")  # fmt: skip
        settings.flush()
        Path(settings.name).chmod(0o644)
        process = subprocess.Popen([program, "-c", settings.name])
        try:
            time.sleep(1.0)
            options = Options(f"mqtt://127.0.0.1:{port}", carrier="mqtt")
            yield psutil.Process(process.pid), options, options
        finally:
            process.terminate()
            process.wait()


def ladder(server: Any) -> tuple[float, float]:
    """The highest rate delivered without loss, samples/s, and CPU s of the server a million."""
    held, cost = 0.0, float("nan")
    for hz in LADDER_HZ:
        with server() as (process, producer, consumer):
            paced = replace(producer, hz=hz / BATCH / N_SOURCES, seconds=PEER_SECONDS)
            run = load(process, paced, "counter", consumer)
        rate = run.message_hz * BATCH
        print(f"  {server.__name__} at {hz:,}: {rate:,.0f} samples/s, missed {run.lost:,} of "
              f"{run.sent:,} messages", file=sys.stderr)  # fmt: skip
        if run.lost:
            break
        if rate > held:
            held, cost = rate, run.server_cpu_s / (rate * run.seconds / 1e6)
        if rate < HELD * hz:  # the producers were held back: this is its rate
            break
    return held, cost


def peers() -> list[Result]:
    """Ours, NATS core and mosquitto on the same ladder."""
    ours, our_cost = ladder(our_hub)
    results = []
    for name, server in (("nats_core", nats_core), ("mosquitto", mosquitto)):
        theirs, their_cost = ladder(server)
        results.append(Result(
            name=f"load.held_beside_{name}", value=ours, unit="samples/s",
            ratio=ours / theirs if theirs else float("inf"), limit=1.0, ok=ours >= theirs,
            note=f"10 bare subscribers, no encryption, QoS 0; {name} held {theirs:,.0f}; server CPU"
            f" s a million samples {our_cost:.2f} and {their_cost:.2f}",
        ))  # fmt: skip
    return results


def run() -> list[Result]:
    """All figures."""
    return [
        *bar("target", TARGET_HZ, SECONDS),
        *bar("stretch", STRETCH_HZ, SECONDS if not IS_LONG else 60.0),
        single_samples(),
        late_joiner(),
        stalled_console(),
        *peers(),
    ]


if __name__ == "__main__":
    for result in run():
        print(result.to_json(), flush=True)
