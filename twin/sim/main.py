"""The simulator as a process: the model stepped ten times a second, behind the hub's ports."""

from __future__ import annotations

import queue
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TypeAlias

import msgspec

from twin.adapter.memory import AdapterMemory
from twin.city.asset import CityAsset
from twin.city.furnish import furnish
from twin.clock import NS_PER_S, Clock, SystemClock
from twin.errors import TwinError
from twin.interlocks.model import Reading
from twin.link.actuator import ActuatorClient, Reply
from twin.room.model import CommandRequest
from twin.security.client_security import ClientSecurity
from twin.sense.model import Announcement
from twin.sim.acts import JobReport, Verdict
from twin.sim.addresses import reachable
from twin.sim.alert_store import AlertStore, FolderAlerts, MemoryAlerts
from twin.sim.directing import Directions
from twin.sim.publisher import SamplePublisher
from twin.sim.world import World, WorldOptions

SOURCE = "sim"
TICK_S = 0.1
TICKS_A_POSITION = 2
ANNOUNCE_S = 5.0
#: A longer route is told up to here.
MAX_CORNERS = 500
#: After a pause of the machine the model goes on from where it was, not in one leap.
MAX_STEP_S = 1.0
#: A directed city takes steps of at most so long, at most so many between two looks at its orders.
DIRECTED_STEP_S = 0.25
MOST_DIRECTED_STEPS = 8

_Order: TypeAlias = tuple[CommandRequest, Reply] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimOptions:
    """What is simulated, and for which hub.

    Attributes
    ----------
    city : furnished with streets and places if it has none
    hub : endpoint of the hub's control socket
    alerts : folder for published alerts; None = they are kept in memory
    memory : file of the commands that were begun; None = forgotten with the process
    security : keys of this process, None = for a hub without keys
    directions : who says how far the city may live, and what happens there; None = nobody
    """

    city: CityAsset
    hub: str = "tcp://127.0.0.1:5710"
    world: WorldOptions = field(default_factory=WorldOptions)
    alerts: Path | None = None
    memory: Path | None = None
    security: ClientSecurity | None = None
    directions: Directions | None = None


def run_simulator(options: SimOptions, stop: threading.Event | None = None) -> int:
    """Run until SIGTERM or SIGINT (or `stop` is set); prints one JSON line when it runs.

    Returns
    -------
    int
        Exit status, 0.

    Raises
    ------
    TwinError
        The city cannot be simulated, or the folder for alerts or the memory cannot be used.
    """
    stop = stop or threading.Event()
    world = World(furnish(options.city), options.world, _alert_store(options.alerts))
    memory = AdapterMemory(options.memory)
    simulator = Simulator(
        world, hub=options.hub, clock=SystemClock(), memory=memory, security=options.security
    )
    restore = _stop_on_signals(stop)
    try:
        simulator.start()
        _say_ready(options, simulator)
        if options.directions is None:
            simulator.run(stop)
        else:
            simulator.run_directed(options.directions, stop)
    finally:
        simulator.close()
        restore()
    return 0


class Simulator:
    """A world and its two connections. `start`, `run` and `close` on one thread.

    Commands arrive on the actuator client's thread and wait in a queue for the next step.
    """

    def __init__(
        self,
        world: World,
        *,
        hub: str,
        clock: Clock,
        memory: AdapterMemory | None = None,
        security: ClientSecurity | None = None,
    ) -> None:
        self.world = world
        self._streams = frozenset(stream.id for stream in world.datastreams)
        self._hub, self._clock = hub, clock
        self._orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()
        self._replies: dict[str, Reply] = {}
        self._announced_ns = -(10**18)
        self._tick = 0
        self.publisher = SamplePublisher(
            Announcement(
                source=SOURCE,
                epoch=secrets.token_hex(8),
                things=world.things,
                datastreams=world.datastreams,
                units=world.units,
            ),
            clock,
            security,
        )
        self._actuator = ActuatorClient(
            endpoint=hub,
            name="simulator",
            asset_ids=world.asset_ids,
            on_command=lambda request, reply: self._orders.put((request, reply)),
            on_cancel=self._orders.put,
            clock=clock,
            memory=memory,
            values=self._value,
            security=security,
        )

    def start(self) -> None:
        """Begin to look for the hub."""
        self._actuator.start()

    def run(self, stop: threading.Event) -> None:
        """Step in real time until `stop` is set."""
        last_ns = due_ns = self._clock.monotonic_ns()
        while not stop.is_set():
            due_ns += round(TICK_S * NS_PER_S)
            pause_ns = due_ns - self._clock.monotonic_ns()
            if pause_ns < -NS_PER_S:  # far behind: do not try to catch up
                due_ns -= pause_ns
            if stop.wait(max(pause_ns, 0) / NS_PER_S):
                break
            now_ns = self._clock.monotonic_ns()
            self.step(min((now_ns - last_ns) / NS_PER_S, MAX_STEP_S))
            last_ns = now_ns

    def run_directed(self, directions: Directions, stop: threading.Event) -> None:
        """Step as far as the directions let, until `stop` is set or nobody directs any more.

        Prints ``{"elapsed_s": …}`` after each tick, so that whoever directs can wait for the city.
        """
        told_s = -1.0
        while not (stop.wait(TICK_S) or directions.is_over.is_set()):
            directions.take(self.world)
            for _ in range(MOST_DIRECTED_STEPS):
                left_s = directions.until_s - self.world.now.elapsed_s
                if left_s > 0.0:
                    self.step(min(left_s, DIRECTED_STEP_S))
            if self.world.now.elapsed_s == told_s:
                self.step(0.0)
            told_s = self.world.now.elapsed_s
            sys.stdout.write(f'{{"elapsed_s": {told_s:.3f}}}\n')
            sys.stdout.flush()

    def step(self, dt_s: float) -> None:
        """Take orders, advance the world, send what it observes and reports."""
        self._follow_hub()
        accepted = self._take_orders()
        t_ns = self._clock.now_ns()
        tick = self.world.step(t_ns, dt_s)
        self._announce_when_due()
        self.publisher.send_samples(tick.samples)
        for reply, verdict in accepted:  # after the samples that show what changed at once
            reply.accepted(verdict.text, verdict.route[:MAX_CORNERS])
        for report in tick.reports:
            self._pass_on(report)
        self._tick += 1
        if self._tick % TICKS_A_POSITION == 0:
            self.publisher.send_positions(t_ns, *self.world.positions())

    def close(self) -> None:
        """End both connections."""
        self._actuator.close()
        self.publisher.close()

    def _value(self, datastream_id: str) -> Reading | None:
        """What is true now; on the actuator client's thread, which only reads a number."""
        if datastream_id not in self._streams:
            return None
        return Reading(self.world.value_of(datastream_id))

    def _follow_hub(self) -> None:
        """Send samples where the hub, maybe a new one, wants them."""
        info = self._actuator.hub_info()
        if info is None:
            return
        if info.drill:
            self.world.gateway.mode = "drill"
        endpoint = reachable(info.addresses.samples_in, seen_from=self._hub)
        if endpoint != self.publisher.endpoint:
            self.publisher.connect(endpoint)
            self._announced_ns = -(10**18)

    def _announce_when_due(self) -> None:
        now_ns = self._clock.monotonic_ns()
        is_due = now_ns - self._announced_ns > ANNOUNCE_S * NS_PER_S
        if is_due and self.publisher.announce():
            self._announced_ns = now_ns

    def _take_orders(self) -> list[tuple[Reply, Verdict]]:
        """Give the world what has come in; returns the acceptances that are still to be said."""
        accepted: list[tuple[Reply, Verdict]] = []
        while True:
            try:
                order = self._orders.get_nowait()
            except queue.Empty:
                return accepted
            if isinstance(order, str):
                self.world.cancel(order)
                self._replies.pop(order, None)
                continue
            request, reply = order
            verdict = self.world.command(request)
            if verdict.is_accepted:
                self._replies[request.id] = reply
                accepted.append((reply, verdict))
            else:
                reply.rejected(verdict.text)

    def _pass_on(self, report: JobReport) -> None:
        reply = self._replies.get(report.command_id)
        if reply is None:
            return
        if report.stage == "executing":
            reply.executing(report.text)
            return
        del self._replies[report.command_id]
        if report.stage == "done":
            reply.done(report.text)
        else:
            reply.failed(report.text)


def _alert_store(folder: Path | None) -> AlertStore:
    if folder is None:
        return MemoryAlerts()
    try:
        return FolderAlerts(folder)
    except OSError as error:
        raise TwinError(
            f"Alerts cannot be published there ({error.strerror or error}): {folder}"
        ) from error


def _say_ready(options: SimOptions, simulator: Simulator) -> None:
    world = simulator.world
    line = {
        "ready": True,
        "source": SOURCE,
        "city": options.city.title,
        "hub": options.hub,
        "things": len(world.things),
        "datastreams": len(world.datastreams),
        "units": len(world.units),
        "model_time": world.now.clock_text,
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


def _stop_on_signals(stop: threading.Event) -> Callable[[], None]:
    """Let SIGTERM and SIGINT set `stop`; returns what restores the former handlers."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    former = {
        number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)
    }

    def restore() -> None:
        for number, handler in former.items():
            signal.signal(number, handler)

    return restore
