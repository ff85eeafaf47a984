"""An invented world around the real core: time, network, disk, consoles, an actuator, faults.

Everything that happens follows from the seed. The hub shell does what `twin.hub.server` does:
step, commit, then tell; it can die between any two of them.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.twin.hub_bench import INFO, T0, TYPES
from tests.twin.simulation.linear import FOREVER, Operation
from twin.adapter.memory import AdapterMemory
from twin.adapter.orders import CarryOut, Orders
from twin.hub.core import HubCore
from twin.hub.options import HubTimes
from twin.hub.requests import (
    Asked,
    Greeted,
    Lost,
    Observation,
    Observed,
    Request,
    Send,
    StartWatch,
    StepResult,
    Target,
    TargetsSeen,
    Tick,
    WatchStarted,
)
from twin.hub.restoring import Snapshots, stored_room
from twin.hub.who import Who
from twin.journal.memory import MemoryJournal
from twin.link.control import (
    Acknowledged,
    Act,
    ActuatorReply,
    Cancel,
    Deliver,
    EventMessage,
    Events,
    GetEvents,
    GetSnapshot,
    Heartbeat,
    Hello,
    HelloNeeded,
    HubInfo,
    Refused,
    Revoke,
    Snapshot,
    Submit,
)
from twin.room.fold import Room
from twin.room.model import CommandRequest, CommandState, Event, Operator
from twin.room.parts.commands import Commands
from twin.room.parts.holds import Holds
from twin.room.parts.leases import Leases
from twin.security.policy_file import read_policy

MS = 1_000_000
S_NS = 1_000 * MS
TIMES = HubTimes(n_tries=2)
GATES = ("gate-1", "gate-2", "gate-3")
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


@dataclass
class World:
    """Time, chance and the network. Messages between two nodes may be lost, late, or doubled."""

    seed: int
    now: int = 0
    calm: bool = False
    cut: set[tuple[str, str]] = field(default_factory=set)
    _queue: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _n: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.loss = self.rng.choice((0.0, 0.02, 0.1, 0.3))
        self.doubling = self.rng.choice((0.0, 0.05, 0.2))
        self.slowest_ms = self.rng.choice((5, 50, 800))

    def after(self, delay_ns: int, do: Callable[[], None]) -> None:
        self._n += 1
        heapq.heappush(self._queue, (self.now + delay_ns, self._n, do))

    def send(self, source: str, to: str, deliver: Callable[[], None]) -> None:
        if (source, to) in self.cut:
            return
        if not self.calm and self.rng.random() < self.loss:
            return
        self.after(self._delay_ns(), deliver)
        if not self.calm and self.rng.random() < self.doubling:
            self.after(self._delay_ns(), deliver)

    def run_until(self, end: int) -> None:
        while self._queue and self._queue[0][0] <= end:
            self.now, _, do = heapq.heappop(self._queue)
            do()
        self.now = end

    def _delay_ns(self) -> int:
        return self.rng.randint(1, 3 * MS if self.calm else self.slowest_ms * MS)


class SimHub:
    """The hub's shell around the real core."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.journal = MemoryJournal("epoch")
        self.committed_at: dict[int, int] = {}
        self.consoles: dict[str, SimConsole] = {}
        self.actuator: SimActuator | None = None
        self.is_alive = False
        self.disk_fails = False
        self.life = 0
        self.n_crashes = 0
        self.start()

    def start(self) -> None:
        world = self.world
        self.life += 1
        self.is_alive = True
        step_ns = world.rng.choice((0, 0, 3_600 * S_NS, -3_600 * S_NS))
        self._wall = T0 + world.now + (0 if self.life == 1 else step_ns)
        self._began = world.now
        self._heard: dict[str, int] = {}
        self._inbox: list[tuple[str, Any]] = []
        self._last: dict[str, Observation] = {}
        room, history = stored_room(self.journal)
        self.core = HubCore(
            info=INFO, types=TYPES, times=TIMES, room=room, history=history, policy=POLICY,
            lookup=self.journal.lookup,
        )  # fmt: skip
        self._snapshots = Snapshots(self.journal)
        self._finish([(None, self.core.start(self.hub_ns()))])
        self._step_now(TargetsSeen(tuple(_target(gate) for gate in GATES)))
        life = self.life
        self._every(250 * MS, life, self._tick)
        self._every(500 * MS, life, self._beat)

    def crash(self) -> None:
        self.is_alive = False
        self.n_crashes += 1
        self.world.after(self.world.rng.randint(10 * MS, 3 * S_NS), self.start)

    def hub_ns(self) -> int:
        return self._wall + self.world.now - self._began

    def _every(self, interval: int, life: int, do: Callable[[], None]) -> None:
        def again() -> None:
            if self.is_alive and self.life == life:
                do()
                self.world.after(interval, again)

        self.world.after(interval, again)

    # --- what comes in -------------------------------------------------------------------------

    def receive(self, session: str, message: Any, life: int) -> None:
        if not self.is_alive or life != self.life:
            return
        self._inbox.append((session, message))
        if len(self._inbox) == 1:
            self.world.after(
                self.world.rng.randint(0, 5 * MS),
                lambda: self._round() if life == self.life else None,
            )

    def sample(self, seen: Observation) -> None:
        if self.is_alive:
            self._last[seen.datastream_id] = seen
            if seen.datastream_id in self.core.watched:
                self._step_now(Observed(seen))

    def _round(self) -> None:
        """Everything that waits, one commit."""
        if not self.is_alive:
            return
        inbox, self._inbox = self._inbox, []
        steps: list[tuple[str | None, StepResult]] = []
        queries = []
        for session, message in inbox:
            request = self._request(session, message)
            if request is None:
                queries.append((session, message))
            elif isinstance(request, HelloNeeded):
                self._reply(session, request)
            else:
                steps.append((session, self.core.step(request, self.hub_ns())))
        self._finish(steps)
        for session, message in queries if self.is_alive else ():
            self._reply(session, self._answer(message))

    def _request(self, session: str, message: Any) -> Request | HelloNeeded | None:
        if isinstance(message, Hello):
            self._heard[session] = self.world.now
            console = self.consoles.get(session)
            who = Who(operator=console.operator, roles=console.roles) if console else None
            return Greeted(session, message, who)
        if session not in self._heard:
            return HelloNeeded()
        self._heard[session] = self.world.now
        if isinstance(message, GetSnapshot | GetEvents):
            return None
        if isinstance(message, str):
            return Tick()
        return Asked(session, message)

    def _answer(self, message: Any) -> Any:
        room = self.core.room
        if isinstance(message, GetSnapshot):
            return Snapshot(epoch="epoch", seq=room.seq, room=room.to_bytes())
        events = tuple(self.journal.events(message.from_seq, 300))
        return Events(epoch="epoch", events=events, last_seq=room.seq)

    def _tick(self) -> None:
        for session, heard in tuple(self._heard.items()):
            if self.world.now - heard > 5 * S_NS:
                del self._heard[session]
                self._step_now(Lost(session, "Connection lost"))
        self._step_now(Tick())

    def _step_now(self, request: Request) -> None:
        if self.is_alive:
            self._finish([(None, self.core.step(request, self.hub_ns()))])

    # --- commit, then tell ----------------------------------------------------------------------

    def _finish(self, steps: list[tuple[str | None, StepResult]]) -> None:
        rng, calm = self.world.rng, self.world.calm
        events = [event for _, result in steps for event in result.events]
        if not calm and events and rng.random() < self.crash_chance:
            self.crash()  # before the commit: nothing of it ever was
            return
        if events and self.disk_fails:
            room, history = stored_room(self.journal)
            self.core.restore(history, room)
            for session, result in steps:
                if session and isinstance(result.reply, Acknowledged | Refused):
                    refused = Refused(id=result.reply.id, text="disk", is_final=False)
                    self._reply(session, refused)
            return
        self.journal.append(events)
        for event in events:
            self.committed_at[event.seq] = self.world.now
        if not calm and events and rng.random() < self.crash_chance:
            self.crash()  # after the commit, before anybody is told
            return
        self._snapshots.save_if_due(self.core.room, every=40)
        for event in events:
            self._publish(EventMessage(epoch="epoch", event=event))
        for session, result in steps:
            if session and result.reply is not None:
                self._reply(session, result.reply)
        for out in [out for _, result in steps for out in result.outgoing]:
            self._send_out(out)

    crash_chance = 0.01

    def _send_out(self, out: Send | StartWatch) -> None:
        if isinstance(out, Send):
            self._reply(out.session, out.message)
            return
        life = self.life
        last = {i: self._last[i] for i in out.datastream_ids if i in self._last}

        def started() -> None:
            if self.is_alive and self.life == life:
                self._step_now(WatchStarted(out.command_id, last))

        self.world.after(self.world.rng.randint(0, 2 * MS), started)

    def _reply(self, session: str, message: Any) -> None:
        node = self.consoles.get(session) or self.actuator
        if node is not None:
            self.world.send("hub", session, lambda: node.receive(message))

    def _publish(self, message: Any) -> None:
        for console in self.consoles.values():
            self.world.send("hub", console.name, lambda c=console: c.receive(message))  # type: ignore[misc]

    def _beat(self) -> None:
        room = self.core.room
        self._publish(
            Heartbeat(epoch="epoch", seq=room.seq, state_hash=room.state_hash(), t_ns=0, trouble="")
        )


def _target(gate: str) -> Target:
    return Target(id=gate, name=gate, kind="gate", accepts=("gate.set",))


class SimConsole:
    """A console as the protocol page describes one: outbox, gap repair, follows the room."""

    def __init__(self, world: World, hub: SimHub, name: str, dept: str, rank: int) -> None:
        self.world, self.hub, self.name = world, hub, name
        self.operator = Operator(
            name=name, department=dept, console_id=name, person=name, rank=rank
        )
        self.roles = ("operator", "leader") if rank > 1 else ("operator",)
        self.outbox: dict[str, Any] = {}
        self.acked: set[str] = set()
        self.refused: set[str] = set()
        self.too_late: set[str] = set()
        self.calls: dict[str, tuple[Any, ...]] = {}
        self.called_at: dict[str, int] = {}
        self.answered_at: dict[str, int] = {}
        self.n = 0
        self.reborn()
        self._keep_going()

    def reborn(self) -> None:
        """Start or crash: the outbox is on disk, the room is not."""
        self.room = Room()
        self.has_room = False
        self.wants: set[int] = set()
        self._tell(Hello(role="console", name=self.name, console_id=self.name))

    def _keep_going(self) -> None:
        self._tell("ping")
        for message in tuple(self.outbox.values()):
            self._tell(message)
        if not self.has_room:
            self._tell(GetSnapshot())
        self.world.after(S_NS, self._keep_going)

    def _tell(self, message: Any) -> None:
        life = self.hub.life  # what is under way does not outlive the hub's sockets
        self.world.send(self.name, "hub", lambda: self.hub.receive(self.name, message, life))

    def ask(self, message: Any, key: str, call: tuple[Any, ...] = ()) -> None:
        self.outbox[key] = message
        self.calls[key], self.called_at[key] = call, self.world.now
        self._tell(message)

    def receive(self, message: Any) -> None:
        match message:
            case HelloNeeded():
                self._tell(Hello(role="console", name=self.name, console_id=self.name))
            case HubInfo(seq=seq):
                self._catch_up(seq)
            case Acknowledged(id=key):
                self._answered(key, self.acked)
            case Refused(id=key, is_final=True, text=text):
                if "time to approve it is over" in text:
                    self.too_late.add(key)
                self._answered(key, self.refused)
            case Snapshot(room=picture):
                self.room, self.has_room = Room.from_bytes(picture), True
            case Events(events=events):
                for event in events:
                    self._take(event)
            case EventMessage(event=event):
                self._take(event)
            case Heartbeat(seq=seq, state_hash=state_hash):
                self._catch_up(seq)
                if self.has_room and seq == self.room.seq:
                    assert state_hash == self.room.state_hash(), "diverged"

    def _answered(self, key: str, where: set[str]) -> None:
        if self.outbox.pop(key, None) is not None:
            where.add(key)
            self.answered_at[key] = self.world.now

    def _take(self, event: Event) -> None:
        if self.has_room and event.seq == self.room.seq + 1:
            self.room.apply(event)
        else:
            self._catch_up(event.seq)

    def _catch_up(self, last_seq: int) -> None:
        if not self.has_room or last_seq < self.room.seq:
            if not self.has_room:
                self._tell(GetSnapshot())
        elif last_seq > self.room.seq:
            self._tell(GetEvents(from_seq=self.room.seq + 1))

    # --- what an operator does -------------------------------------------------------------------

    def operate(self) -> None:
        """One random thing that makes sense in what this console sees."""
        rng = self.world.rng
        self.n += 1
        key = f"{self.name}-{self.n}"
        gate = rng.choice(GATES)
        what = rng.choice(
            ("submit", "submit", "yes", "yes", "yes", "no", "take", "release", "seize", "cancel",
             "hold", "let go", "glass", "again")
        )  # fmt: skip
        getattr(self, "_do_" + what.replace(" ", "_"))(key, gate)

    def _do_submit(self, key: str, gate: str) -> None:
        rng = self.world.rng
        hub_ns = self.hub.core._hall.now_ns
        request = CommandRequest(
            id=key, type_id="gate.set", type_version=1, target_id=gate, target_name=gate,
            args={"opening_pct": float(rng.randint(0, 10) * 10)},
            not_before_ns=hub_ns + 2 * S_NS if rng.random() < 0.1 else 0,
            deadline_ns=hub_ns + 20 * S_NS if rng.random() < 0.3 else 0,
        )  # fmt: skip
        self.ask(Submit(request=request), key, ("submit",))

    def _waiting(self) -> list[Any]:
        return [c for c in self.room[Commands].open if c.state is CommandState.AWAITING_APPROVAL]

    def _answer_one(self, key: str, kind: str, call: str, **more: Any) -> None:
        waiting = self._waiting()
        if waiting:
            command = self.world.rng.choice(waiting)
            body = {"command_id": command.request.id, "digest": command.approval.digest, **more}
            self.ask(Act(id=key, kind=kind, body=body), key, (call, command.request.id))

    def _do_yes(self, key: str, _: str) -> None:
        self._answer_one(key, "approval.give", "yes")

    def _do_no(self, key: str, _: str) -> None:
        if self.world.rng.random() < 0.3:
            self._answer_one(key, "approval.deny", "no", text="no")

    def _do_glass(self, key: str, _: str) -> None:
        if self.world.rng.random() < 0.2:
            self._answer_one(key, "approval.break_glass", "glass", reason="emergency")

    def _lease(self, key: str, gate: str, what: str, **more: Any) -> None:
        body = {"asset_id": gate, **more}
        self.ask(Act(id=key, kind=f"lease.{what}", body=body), key, ("lease", what, gate))

    def _do_take(self, key: str, gate: str) -> None:
        self._lease(key, gate, "take")

    def _do_release(self, key: str, gate: str) -> None:
        self._lease(key, gate, "release")

    def _do_seize(self, key: str, gate: str) -> None:
        self._lease(key, gate, "seize", reason="mine")

    def _do_cancel(self, key: str, _: str) -> None:
        mine = [c for c in self.room[Commands].open if c.issued_by.name == self.name]
        if mine:
            one = self.world.rng.choice(mine)
            self.ask(Cancel(id=key, command_id=one.request.id), key, ("cancel",))

    def _do_hold(self, key: str, gate: str) -> None:
        if self.world.rng.random() < 0.2:
            body = {"queue": f"target:{gate}", "reason": ""}
            self.ask(Act(id=key, kind="queue.hold", body=body), key, ("hold",))

    def _do_let_go(self, key: str, _: str) -> None:
        for queue in self.room[Holds].by_queue:
            body = {"queue": queue}
            self.ask(Act(id=key, kind="queue.release", body=body), key, ("let go",))
            return

    def _do_again(self, _: str, __: str) -> None:
        """An old request comes again, as from a console that was restored from a backup."""
        old = [k for k in self.acked if self.calls[k] == ("submit",)]
        if old:
            event = self.hub.journal.lookup(self.world.rng.choice(sorted(old)))
            assert event is not None
            request = msgspec.convert(event.body["request"], CommandRequest)
            self._tell(Submit(request=request))


class HubClock:
    """The adapter's clock goes with the hub's."""

    def __init__(self, hub: SimHub) -> None:
        self._hub = hub

    def now_ns(self) -> int:
        return self._hub.hub_ns()

    monotonic_ns = now_ns


class SimActuator:
    """The real orders over a memory that outlives it: intent, act, result; dies between any two."""

    def __init__(self, world: World, hub: SimHub) -> None:
        self.world, self.hub, self.name = world, hub, "act"
        self.is_alive = True
        self.life = 0
        self.memory = AdapterMemory()
        self.executed: list[tuple[str, int, str, int, int]] = []
        self.values = dict.fromkeys(GATES, 0.0)
        self.reborn()
        self._keep_going()

    def reborn(self) -> None:
        self.is_alive = True
        self.life += 1
        self.orders = Orders(
            name=self.name, asset_ids=GATES, memory=self.memory, clock=HubClock(self.hub)
        )
        self._tell(Hello(role="actuator", name=self.name, asset_ids=GATES))

    def crash(self) -> None:
        self.is_alive = False
        self.world.after(self.world.rng.randint(10 * MS, 8 * S_NS), self.reborn)

    def _keep_going(self) -> None:
        if self.is_alive:
            self._tell("ping")
        for gate, value in self.values.items():
            seen = Observation(
                datastream_id=f"{gate}/gate_opening", t_ns=self.hub.hub_ns(), value=value
            )
            self.world.send("city", "hub", lambda s=seen: self.hub.sample(s))  # type: ignore[misc]
        self.world.after(700 * MS, self._keep_going)

    def _tell(self, message: Any) -> None:
        life = self.hub.life  # what is under way does not outlive the hub's sockets
        self.world.send(self.name, "hub", lambda: self.hub.receive(self.name, message, life))

    def receive(self, message: Any) -> None:
        if not self.is_alive:
            return
        if isinstance(message, HelloNeeded):
            self._tell(Hello(role="actuator", name=self.name, asset_ids=GATES))
        elif isinstance(message, Deliver):
            self._deliver(message)
        elif isinstance(message, Revoke):
            self.orders.revoke(message.command_id)

    def _maybe_die(self) -> bool:
        if self.world.calm or self.world.rng.random() > 0.04:
            return False
        self.crash()
        return True

    def _deliver(self, message: Deliver) -> None:
        found = self.orders.take(message)
        if isinstance(found, ActuatorReply):
            self._tell(found)
        if not isinstance(found, CarryOut) or self._maybe_die():
            return
        self._say(message, "accepted")
        if self.world.rng.random() < 0.05:
            self._say(message, "failed")
            return
        life = self.life
        self.world.after(self.world.rng.randint(1, 900) * MS, lambda: self._act(message, life))

    def _act(self, message: Deliver, life: int) -> None:
        if not self.is_alive or self.life != life:
            return
        request = message.request
        key = (request.id, message.attempt)
        self.executed.append((*key, request.target_id, message.lease_token, self.world.now))
        self.values[request.target_id] = request.args["opening_pct"]
        if not self._maybe_die():
            self._say(message, "done")

    def _say(self, order: Deliver, status: Any) -> None:
        reply = ActuatorReply(
            command_id=order.request.id, status=status, text=status, attempt=order.attempt
        )
        if self.orders.note(reply) and not self._maybe_die():
            self._tell(reply)


@dataclass
class Run:
    """One simulated shift and what is needed to judge it."""

    world: World
    hub: SimHub
    consoles: list[SimConsole]
    actuator: SimActuator


PEOPLE = (("ada", "water", 1), ("ben", "fire", 2), ("cleo", "police", 1), ("dora", "traffic", 3))


def run(seed: int, busy_s: float = 25.0, calm_s: float = 150.0) -> Run:
    """Simulate: faults for a while, then calm until everything must have ended."""
    world = World(seed)
    hub = SimHub(world)
    hub.crash_chance = world.rng.choice((0.0, 0.005, 0.03))
    hub.actuator = SimActuator(world, hub)
    consoles = [SimConsole(world, hub, *person) for person in PEOPLE]
    hub.consoles = {console.name: console for console in consoles}
    t, end = 0, round(busy_s * S_NS)
    while t < end:
        t += world.rng.randint(50, 600) * MS
        world.after(t - world.now if t > world.now else 0, world.rng.choice(consoles).operate)
    _faults(world, hub, consoles, end)
    world.run_until(end)
    world.calm = True
    world.cut.clear()
    hub.disk_fails = False
    world.run_until(end + 15 * S_NS)
    for i, queue in enumerate(hub.core.room[Holds].by_queue):
        consoles[0].ask(Act(id=f"end-{i}", kind="queue.release", body={"queue": queue}), f"end-{i}")
    world.run_until(end + round(calm_s * S_NS))
    return Run(world, hub, consoles, hub.actuator)


def _faults(world: World, hub: SimHub, consoles: list[SimConsole], end: int) -> None:
    rng = world.rng
    names = [console.name for console in consoles] + ["act"]
    for _ in range(rng.randint(0, 6)):
        at = rng.randint(0, end)
        length = rng.randint(100 * MS, 12 * S_NS)
        kind = rng.choice(("cut", "half cut", "console", "disk", "actuator"))
        if kind in ("cut", "half cut"):
            name = rng.choice(names)
            pairs = {(name, "hub"), ("hub", name)}
            if kind == "half cut":
                pairs.pop()
            world.after(at, lambda p=pairs: world.cut.update(p))  # type: ignore[misc]
            world.after(at + length, lambda p=pairs: world.cut.difference_update(p))  # type: ignore[misc]
        elif kind == "console":
            world.after(at, rng.choice(consoles).reborn)
        elif kind == "actuator":
            world.after(at, lambda: hub.actuator.is_alive and hub.actuator.crash())  # type: ignore[union-attr]
        else:
            world.after(at, lambda: setattr(hub, "disk_fails", True))
            world.after(at + length, lambda: setattr(hub, "disk_fails", False))


# --- histories for the checker --------------------------------------------------------------------


def operations(
    run_: Run, wanted: Callable[[tuple[Any, ...]], tuple[Any, ...] | None]
) -> list[Operation]:
    """Calls of all consoles that `wanted` turns into operations."""
    found = []
    for console in run_.consoles:
        for key, call in console.calls.items():
            what = wanted(call)
            if what is None or key in console.too_late:
                continue  # too late by the clock of that life: a refusal that changes nothing
            result = True if key in console.acked else False if key in console.refused else None
            answered = console.answered_at.get(key, FOREVER)
            found.append(Operation(console.name, what, console.called_at[key], answered, result))
    return found


def lease_history(run_: Run, gate: str) -> list[Operation]:
    """Everything that happened to one gate's lease."""
    found = operations(
        run_, lambda call: (call[1],) if call[:1] == ("lease",) and call[2] == gate else None
    )
    room = Room()
    for event in run_.hub.journal.events():
        at = run_.hub.committed_at[event.seq]
        before = room[Leases].holder(gate)
        if event.body.get("asset_id") == gate:
            if event.kind == "lease.released" and event.actor == "hub" and before:
                found.append(Operation("hub", ("expire", before.person), at, at, True))
            elif event.kind == "lease.taken" and event.body["how"] == "command":
                person = event.body["holder"]["person"]
                found.append(Operation(person, ("by command",), at, at, True))
        room.apply(event)
    return found


def approval_history(run_: Run, command_id: str) -> list[Operation]:
    """Everything that happened to one command's approval."""
    found = operations(
        run_, lambda call: call[:1] if call in (("yes", command_id), ("no", command_id)) else None
    )
    for event in run_.hub.journal.events():
        at = run_.hub.committed_at[event.seq]
        is_its = event.kind == "command.state" and event.body["id"] == command_id
        if is_its and event.body["state"] in ("EXPIRED", "CANCELLED"):
            found.append(Operation("hub", ("over",), at, at, True))
        if event.kind == "review.opened" and event.body["command_id"] == command_id:
            found.append(Operation("hub", ("over",), at, at, True))
    return found
