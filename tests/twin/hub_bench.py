"""A hub core with its journal in memory, for tests without sockets: people, actuators, time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from twin.commands.base import command_registry
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
from twin.hub.who import Who
from twin.ids import uuid7
from twin.link.control import (
    Act,
    ActuatorReply,
    Deliver,
    Hello,
    HubAddresses,
    HubInfo,
    Refused,
    Submit,
)
from twin.room.fold import Room
from twin.room.model import Command, CommandRequest, CommandState, Event, Operator
from twin.security.canonical import SUBMIT, sign, signed_bytes

TYPES = command_registry()
TIMES = HubTimes(n_tries=1)
INFO = HubInfo(
    epoch="epoch", scene="", version="0", seq=0,
    addresses=HubAddresses(control="", events="", samples_in="", samples_out=""),
)  # fmt: skip
T0 = 1_760_000_000_000_000_000


class Bench:
    """A core with its journal in memory; answers `StartWatch` like the server does."""

    def __init__(
        self, history: tuple[Event, ...] = (), *, start: bool = True, drill: bool = False,
        **more: Any,
    ) -> None:  # fmt: skip
        self.now_ns = T0
        self.more = {"times": TIMES, "info": msgspec.structs.replace(INFO, drill=drill), **more}
        self.core = HubCore(types=TYPES, history=history, **self.more)
        self.events: list[Event] = list(history)
        self.sent: list[Send] = []
        self.last: dict[str, Observation] = {}
        self.keys: dict[str, Any] = {}
        if start:
            self.events += self.core.start(self.now_ns).events

    def do(self, one: Request) -> StepResult:
        result = self.core.step(one, self.now_ns)
        self.events += result.events
        for out in result.outgoing:
            if isinstance(out, Send):
                self.sent.append(out)
            elif isinstance(out, StartWatch):
                found = {i: self.last[i] for i in out.datastream_ids if i in self.last}
                self.do(WatchStarted(out.command_id, found))
        return result

    def greet(self, session: str = "a1", name: str = "Ada", dept: str = "control_room") -> Any:
        hello = Hello(role="console", name=name, department=dept, console_id=f"id-{name}")
        return self.do(Greeted(session, hello)).reply

    def log_in(
        self, name: str, dept: str, *, roles: tuple[str, ...] = ("operator",), rank: int = 1,
        is_on_shift: bool = True, key: Any = None, session: str = "",
    ) -> Any:  # fmt: skip
        """Somebody whom the server has identified; the session is the name in lower case."""
        session = session or name.lower()
        operator = Operator(
            name=name,
            department=dept,
            console_id=f"id-{name}",
            person=name.lower(),
            rank=rank,
            roles=roles,
        )
        verify_key = key.verify_key.encode().hex() if key is not None else ""
        self.keys[session] = key
        who = Who(operator=operator, roles=roles, verify_key=verify_key, is_on_shift=is_on_shift)
        hello = Hello(role="console", name=name, department=dept, console_id=f"id-{name}")
        return self.do(Greeted(session, hello, who)).reply

    def lose(self, session: str) -> None:
        self.do(Lost(session, "Connection lost"))

    def serve(self, *asset_ids: str, session: str = "f1", name: str = "Fake") -> Any:
        hello = Hello(role="actuator", name=name, asset_ids=asset_ids or ("signal-1",))
        return self.do(Greeted(session, hello)).reply

    def announce(self, *targets: Target) -> None:
        self.do(TargetsSeen(targets))

    def submit(self, one: CommandRequest, session: str = "a1", signature: str = "") -> Any:
        if not signature and self.keys.get(session) is not None:
            signature = self.signature(session, SUBMIT, msgspec.to_builtins(one))
        return self.do(Asked(session, Submit(request=one, signature=signature))).reply

    def act(
        self,
        session: str,
        kind: str,
        body: dict[str, Any],
        *,
        act_id: str = "",
        signature: str = "",
    ) -> Any:
        if not signature and self.keys.get(session) is not None:
            signature = self.signature(session, kind, body)
        one = Act(id=act_id or uuid7(), kind=kind, body=body, signature=signature)
        return self.do(Asked(session, one)).reply

    def signature(self, session: str, kind: str, body: Any) -> str:
        info = self.more["info"]
        message = signed_bytes(kind=kind, body=body, epoch=info.epoch, drill=info.drill)
        return sign(self.keys[session], message)

    def says(self, command_id: str, status: Any, text: str = "", session: str = "f1") -> Any:
        reply = ActuatorReply(command_id=command_id, status=status, text=text)
        return self.do(Asked(session, reply)).reply

    def see(self, value: float, stream: str = "signal-1/signal_plan", **more: Any) -> None:
        self.now_ns += 1_000_000
        more.setdefault("t_ns", self.now_ns)
        seen = Observation(datastream_id=stream, value=value, **more)
        if seen.quality == 0:
            self.last[stream] = seen
        self.do(Observed(seen))

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)
        self.do(Tick())

    def command(self, command_id: str) -> Command:
        return self.core.room.commands[command_id]

    def state(self, command_id: str) -> CommandState:
        return self.command(command_id).state

    def delivered(self, command_id: str) -> list[Deliver]:
        """Deliveries of a command, oldest first."""
        messages = (one.message for one in self.sent)
        return [m for m in messages if isinstance(m, Deliver) and m.request.id == command_id]

    def restarted(self) -> Bench:
        history = tuple(msgspec.json.decode(msgspec.json.encode(self.events), type=list[Event]))
        bench = Bench(history, start=False, **self.more)
        bench.now_ns = self.now_ns
        bench.keys = self.keys
        bench.events += bench.core.start(bench.now_ns).events
        return bench

    def folded(self) -> Room:
        """The room that a console would have."""
        return room_of(self.events)


def room_of(events: Iterable[Event]) -> Room:
    """The room after these events, from the first on."""
    room = Room()
    for event in events:
        room.apply(event)
    return room


def why(reply: Any) -> str:
    """The sentence of a refusal; fails on anything else."""
    assert isinstance(reply, Refused), reply
    return reply.text
