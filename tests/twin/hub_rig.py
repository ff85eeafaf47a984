"""A running hub with its neighbours for tests: real sockets, real files."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from twin.adapter.memory import AdapterMemory
from twin.clock import SystemClock
from twin.hub.addresses import default_addresses
from twin.hub.options import HubOptions, HubTimes
from twin.hub.server import Hub
from twin.ids import uuid7
from twin.link.actuator import ActuatorClient, Reply
from twin.link.client import HubClient
from twin.link.control import HubAddresses
from twin.link.wire import encode_announcement, encode_batch
from twin.room.model import CommandRequest, CommandState, Operator
from twin.security.client_security import ClientSecurity, apply_security
from twin.sense.model import Announcement, Datastream, Thing

CLOCK = SystemClock()
QUICK = HubTimes(
    actuator_wait_s=0.4, accept_wait_s=0.2, n_attempts=2, lost_wait_s=0.5, session_wait_s=1.0
)


def until(condition: Callable[[], object], timeout_s: float = 10.0, what: str = "") -> Any:
    """Wait for a condition by asking often; its value."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"not within {timeout_s} s: {what or condition}")


@contextlib.contextmanager
def running_hub(journal: Path, **more: Any) -> Iterator[Hub]:
    """A hub on a thread of this process."""
    addresses = more.pop("addresses", default_addresses(base_port=0))
    hub = Hub(HubOptions(journal=journal, addresses=addresses, **more))
    ready = threading.Event()
    thread = threading.Thread(target=hub.run, args=(ready.set,), name="hub")
    thread.start()
    assert ready.wait(10)
    try:
        yield hub
    finally:
        hub.stop()
        thread.join(10)
        assert not thread.is_alive()


class HubProcess:
    """``civitwin hub`` as a process of its own."""

    def __init__(self, journal: Path, *arguments: str) -> None:
        trust = () if "--keys" in arguments else ("--insecure-loopback",)
        command = [sys.executable, "-m", "viewer.cli", "hub", *trust, "--journal", str(journal)]
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1])
        self.ready = json.loads(line)
        names = ("control", "events", "samples_in", "samples_out")
        self.addresses = HubAddresses(**{name: self.ready[name] for name in names})

    def kill(self) -> None:
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self._reap()

    def _reap(self) -> int:
        self.process.communicate(timeout=20)
        return self.process.returncode

    def __enter__(self) -> HubProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()


@contextlib.contextmanager
def console(
    control: str,
    folder: Path,
    name: str = "Ada",
    department: str = "control_room",
    *,
    console_id: str = "",
    **more: Any,
) -> Iterator[HubClient]:
    """A started console."""
    client = HubClient(
        endpoint=control,
        operator=Operator(
            name=name, department=department, console_id=console_id or f"console-{name}"
        ),
        outbox_path=folder / f"outbox-{name}.sqlite",
        clock=CLOCK,
        **more,
    )
    client.start()
    try:
        yield client
    finally:
        client.close()


def polled(client: HubClient) -> HubClient:
    """The console after it took in what came."""
    client.poll()
    return client


def request(
    type_id: str = "signal.set_plan",
    target_id: str = "signal-1",
    args: dict[str, Any] | None = None,
    **more: Any,
) -> CommandRequest:
    """A valid request unless told otherwise."""
    return CommandRequest(
        id=more.pop("id", uuid7()),
        type_id=type_id,
        type_version=more.pop("type_version", 1),
        target_id=target_id,
        target_name=f"Name of {target_id}",
        args={"plan": 2} if args is None else args,
        **more,
    )


def wait_for_state(
    client: HubClient, command_id: str, *states: CommandState, timeout_s: float = 10.0
) -> Any:
    """Poll until a command stands in one of `states`; the command."""

    def look() -> Any:
        client.poll()
        command = client.room.commands.get(command_id)
        return command if command is not None and command.state in states else None

    return until(look, timeout_s, f"{command_id} in {states}")


class FakeCity:
    """An actuator whose signals report their plan on the sample lane.

    ``behave`` is called for each new command with (request, reply, city) and says what to do.
    """

    def __init__(
        self,
        addresses: HubAddresses,
        behave: Callable[[CommandRequest, Reply, FakeCity], None],
        n_signals: int = 3,
        name: str = "Fake city",
        security: ClientSecurity | None = None,
        memory: AdapterMemory | None = None,
    ) -> None:
        self.executed: list[str] = []
        self.cancelled: list[str] = []
        self.n_signals = n_signals
        self._behave = behave
        self._seq = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._context: zmq.Context[Any] = zmq.Context()
        self._push = self._context.socket(zmq.PUSH)
        self._push.set(zmq.LINGER, 0)
        apply_security(self._push, security)
        self._push.connect(addresses.samples_in)
        self.asset_ids = [f"signal-{i}" for i in range(n_signals)]
        self.client = ActuatorClient(
            endpoint=addresses.control,
            name=name,
            asset_ids=self.asset_ids,
            on_command=self._on_command,
            on_cancel=self.cancelled.append,
            clock=CLOCK,
            security=security,
            memory=memory,
        )

    def __enter__(self) -> FakeCity:
        self.announce()
        self.client.start()
        until(lambda: self.client.hub_info(), what="welcome of the actuator")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if not self._context.closed:
            self._stopping.set()
            for thread in self._threads:
                thread.join(10)
            self.client.close()
            self._push.close()
            self._context.term()

    def announce(self) -> None:
        self._send(encode_announcement(self.announcement()))

    def announcement(self) -> Announcement:
        things = tuple(
            Thing(id=i, name=f"Name of {i}", kind="signal", accepts=("signal.set_plan",))
            for i in self.asset_ids
        )
        streams = tuple(
            Datastream(index=i, id=f"{a}/signal_plan", thing_id=a, observed_property="signal_plan")
            for i, a in enumerate(self.asset_ids)
        )
        return Announcement(source="fake", epoch="e1", things=things, datastreams=streams)

    def show_plan(self, target_id: str, plan: float, quality: int = 0, age_s: float = 0.0) -> None:
        """Publish one sample of a signal's plan."""
        self._seq += 1
        now_ns = CLOCK.now_ns()
        self._send(
            encode_batch(
                "fake",
                "e1",
                self._seq,
                np.array([self.asset_ids.index(target_id)], np.uint32),
                np.array([now_ns - round(age_s * 1e9)], np.int64),
                np.array([plan], np.float64),
                np.array([quality], np.uint8),
                now_ns,
            )
        )

    def keep_showing(self, target_id: str, plan: float, **more: Any) -> None:
        """Publish a sample 30 times a second until closed."""

        def show() -> None:
            while not self._stopping.wait(0.03):
                self.show_plan(target_id, plan, **more)

        self._threads.append(threading.Thread(target=show, name="fake-city"))
        self._threads[-1].start()

    def _send(self, frames: list[bytes]) -> None:
        with self._lock:
            self._push.send_multipart(frames)

    def _on_command(self, command: CommandRequest, reply: Reply) -> None:
        self.executed.append(command.id)
        self._behave(command, reply, self)


def obey(command: CommandRequest, reply: Reply, city: FakeCity) -> None:
    """Accept, work, and show the effect from a moment later on."""
    reply.accepted()
    reply.executing("Switching")
    reply.done()
    city.keep_showing(command.target_id, command.args["plan"])


def free_base_port() -> int:
    """The first of four free ports in a row, below the ephemeral range."""
    context: zmq.Context[Any] = zmq.Context()
    rng = random.SystemRandom()
    try:
        while True:
            base = rng.randrange(10_000, 30_000, 4)
            sockets = [context.socket(zmq.ROUTER) for _ in range(4)]
            try:
                for i, one in enumerate(sockets):
                    one.bind(f"tcp://127.0.0.1:{base + i}")
            except zmq.ZMQError:
                continue
            else:
                return base
            finally:
                for one in sockets:
                    one.close(0)
    finally:
        context.term()
