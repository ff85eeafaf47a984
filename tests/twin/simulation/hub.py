"""A hub without sockets and threads: the real core, writer, facts and journal rules.

Left out of `twin.hub.server` are the sockets, the door and the samples' own thread; what is here
instead keeps its order: a round of requests, one commit, then everybody is told. The hub can die
before the commit, after it, and while it tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from tests.twin.hub_bench import INFO, T0, TYPES
from tests.twin.simulation.disk import PowerCut, SimDisk
from tests.twin.simulation.world import MS, S_NS, SimClock, World
from twin.hub.connected import Connected
from twin.hub.core import HubCore
from twin.hub.facts_out import FactsOut
from twin.hub.options import HubTimes
from twin.hub.pace import Pace
from twin.hub.requests import (
    Asked,
    Greeted,
    Observation,
    Observed,
    Request,
    Send,
    StartWatch,
    StepResult,
    Target,
    TargetsSeen,
    WatchStarted,
)
from twin.hub.restoring import Snapshots, stored_room
from twin.hub.rounds import HubCounts, Round
from twin.hub.who import Who
from twin.hub.writer import RoomWriter
from twin.link.control import (
    FromHub,
    GetEvents,
    GetSnapshot,
    Hello,
    HelloNeeded,
    Ping,
    Published,
    ToHub,
)
from twin.link.control_frames import decode_from_hub, decode_published, encode_control
from twin.security.policy_file import read_policy

TIMES = HubTimes(n_tries=2)
GATES = ("gate-1", "gate-2", "gate-3")
_TARGETS = tuple(Target(id=gate, name=gate, kind="gate", accepts=("gate.set",)) for gate in GATES)
#: Rarer than in a real hub: a simulated shift is many rounds.
_TICK_NS, _BEAT_NS = 250 * MS, 500 * MS
#: Far more often than in a real hub, so that some restarts begin with a picture of the room.
_PICTURE_EVERY = 40
_DIES_TELLING = 0.002
POLICY = read_policy(
    b"""
version = 1
roles = ["operator", "leader"]
[[allow]]
id = "all"
roles = ["operator"]
[[approval]]
id = "two"
actions = ["gate.set"]
targets = ["gate-1"]
needed = 2
expires_s = 25
[[approval]]
id = "one"
actions = ["gate.set"]
targets = ["gate-2"]
needed = 1
expires_s = 25
[[lease]]
id = "gates"
kinds = ["gate"]
ttl_s = 8
[[break_glass]]
id = "leaders"
roles = ["leader"]
""",
    "simulation",
)


class Peer(Protocol):
    """A console or an actuator, as the hub sees it; ``who``: None = the hello is believed."""

    name: str
    who: Who | None

    def receive(self, message: Any, /) -> None:
        """The hub said something."""


class _Core(HubCore):
    """Remembers what the writer would survive: a bug over a request is a failed seed."""

    breakdowns: list[str]

    def step(self, request: Request, now_ns: int) -> StepResult:
        try:
            return super().step(request, now_ns)
        except Exception as error:
            self.breakdowns.append(f"{error!r} over {request}")
            raise


class _EventSocket:
    """What the hub publishes on."""

    def __init__(self, publish: Callable[[Published], None]) -> None:
        self._publish = publish

    def send_multipart(self, frames: list[bytes]) -> None:
        self._publish(decode_published(frames))


class SimHub:
    """One hub after the other over one disk.

    Attributes
    ----------
    peers : everybody who can be reached, by name; names are also the connections' identities
    breakdowns : requests over which the core broke down
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.journal = SimDisk(world)
        self.peers: dict[str, Peer] = {}
        self.breakdowns: list[str] = []
        self.counts = HubCounts()
        self.is_alive = False
        self.life = 0
        self.n_crashes = 0
        self.start()

    def start(self) -> None:
        """The machine comes up, perhaps with another wall clock."""
        world, journal = self.world, self.journal
        self.life += 1
        self.is_alive = True
        step_ns = world.rng.choice((0, 0, 3_600 * S_NS, -3_600 * S_NS))
        clock = SimClock(world, T0 + (0 if self.life == 1 else step_ns))
        self._pace = Pace(clock)
        self._connected = Connected(clock)
        self._inbox: list[tuple[bytes, ToHub]] = []
        self._last: dict[str, Observation] = {}
        room, history = stored_room(journal)
        self.core = _Core(
            info=INFO, types=TYPES, times=TIMES, room=room, history=history, policy=POLICY,
            lookup=journal.lookup,
        )  # fmt: skip
        self.core.breakdowns = self.breakdowns
        self.writer = RoomWriter(
            core=self.core, journal=journal, pace=self._pace, info=INFO,
            connected=self._connected, counts=self.counts,
        )  # fmt: skip
        socket = cast("Any", _EventSocket(self._publish))
        self._facts = FactsOut(socket, journal, lambda: self.core.room)
        self._pictures = Snapshots(journal)
        first = Round()
        self.writer.start(first)
        self.writer.step(first, TargetsSeen(_TARGETS))
        self._finish(first)
        self._every(_TICK_NS, self._tick)
        self._every(_BEAT_NS, lambda: self._facts.beat(self.hub_ns(), self.writer.trouble))

    def crash(self) -> None:
        """The process is gone; it is started again soon."""
        self.is_alive = False
        self.n_crashes += 1
        self.world.after(self.world.rng.randint(10 * MS, 3 * S_NS), self.start)

    def hub_ns(self) -> int:
        """Time of the hub that runs, or ran last."""
        return self._pace.hub_ns()

    def _every(self, interval_ns: int, do: Callable[[], None]) -> None:
        life = self.life

        def again() -> None:
            if self.is_alive and self.life == life:
                do()
                self.world.after(interval_ns, again)

        self.world.after(interval_ns, again)

    # --- what comes in -------------------------------------------------------------------------

    def receive(self, name: str, message: ToHub, life: int) -> None:
        """A message arrived; it waits for the others of its round."""
        if not self.is_alive or life != self.life:
            return
        self._inbox.append((name.encode(), message))
        if len(self._inbox) == 1:
            self.world.after(
                self.world.rng.randint(0, 5 * MS),
                lambda: self._round() if self.is_alive and life == self.life else None,
            )

    def sample(self, seen: Observation) -> None:
        """A sample of the city arrived."""
        if self.is_alive:
            self._last[seen.datastream_id] = seen
            if seen.datastream_id in self.core.watched:
                self._step(Observed(seen))

    def _round(self) -> None:
        inbox, self._inbox = self._inbox, []
        work = Round()
        for identity, message in inbox:
            self._take(work, identity, message)
        self._finish(work)

    def _take(self, work: Round, identity: bytes, message: ToHub) -> None:
        is_known = identity in self._connected
        if is_known:
            self._connected.hear(identity)
        match message:
            case Hello():
                who = self.peers[identity.decode()].who
                self.writer.step(work, Greeted(identity.hex(), message, who))
            case _ if not is_known:
                work.replies.append((identity, HelloNeeded()))
            case Ping() | GetSnapshot() | GetEvents():
                work.queries.append((identity, message))
            case _:
                self.writer.step(work, Asked(identity.hex(), cast("Any", message)))

    def _tick(self) -> None:
        work = Round()
        for identity in self._connected.silent_for(TIMES.session_wait_s):
            self._connected.forget(identity)
            self.writer.lose(work, identity.hex(), "Connection lost")
        self.writer.tick(work)
        self._finish(work)

    def _step(self, request: Request) -> None:
        work = Round()
        self.writer.step(work, request)
        self._finish(work)

    # --- commit, then tell ----------------------------------------------------------------------

    def _finish(self, work: Round) -> None:
        try:
            events = self.writer.commit(work)
        except PowerCut:
            self.crash()
            return
        if events:
            self._pictures.save_if_due(self.core.room, every=_PICTURE_EVERY)
        self._facts.publish(events)
        if events and self.world.happens(_DIES_TELLING):
            self.crash()  # the room has moved, and nobody who asked was answered
            return
        for request, result in work.steps:
            if result.reply is not None and isinstance(request, Greeted | Asked):
                self._send(bytes.fromhex(request.session), result.reply)
        for identity, reply in work.replies:
            self._send(identity, reply)
        for identity, query in work.queries:
            self._send(identity, self._facts.answer(cast("Any", query)))
        for out in [out for _, result in work.steps for out in result.outgoing]:
            self._send_out(out)

    def _send_out(self, out: Send | StartWatch) -> None:
        if isinstance(out, Send):
            self._send(bytes.fromhex(out.session), out.message)
            return
        life = self.life
        last = {i: self._last[i] for i in out.datastream_ids if i in self._last}

        def started() -> None:
            if self.is_alive and self.life == life:
                self._step(WatchStarted(out.command_id, last))

        self.world.after(self.world.rng.randint(0, 2 * MS), started)

    def _send(self, identity: bytes, message: FromHub) -> None:
        peer = self.peers[identity.decode()]
        heard = decode_from_hub(encode_control(message))
        self.world.send("hub", peer.name, lambda: peer.receive(heard))

    def _publish(self, message: Published) -> None:
        for peer in self.peers.values():
            self.world.send("hub", peer.name, lambda p=peer: p.receive(message))  # type: ignore[misc]
