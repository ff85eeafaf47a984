"""The hub without sockets, clock, disk or chance: requests in, events out (design section 6).

Each aggregate has a desk of its own in `twin.hub.desks`; here is only who is there, and which desk
gets what. Hard-won rules (each guarded in tests/twin/test_hub_core.py):

1. Everything that can be refused is checked before the first event is made: a refused request
   leaves no trace but, where it is worth it, one line of audit. Once events are made, nothing may
   fail.
2. What must survive a restart is in the events. Connections, announced targets and "lost since"
   are not: they come back by themselves.
3. A command is VERIFIED only by a sample handed in after its acceptance.
4. Time never runs backwards here, whatever `now_ns` says.
5. What was refused stays refused: a copy of the request that comes later must not succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from twin.commands.base import CommandType
from twin.hub import rules
from twin.hub.desks.base import Desk, Taken, desk_registry
from twin.hub.desks.notes import Notes
from twin.hub.desks.releasing import Releasing
from twin.hub.desks.submitting import Submitting
from twin.hub.hall import HUB, Hall, nothing_stored, person
from twin.hub.limits import Limits
from twin.hub.options import HubTimes
from twin.hub.permissions import Permissions
from twin.hub.refusals import Refusals
from twin.hub.requests import (
    Asked,
    Greeted,
    Lost,
    Observation,
    Observed,
    Outgoing,
    PolicyChanged,
    RefusedOutside,
    Request,
    RulesUnreadable,
    StepResult,
    TargetsSeen,
    Tick,
    WatchStarted,
)
from twin.hub.sessions import ActuatorSession
from twin.hub.who import Who
from twin.interlocks.model import Interlocks, NoInterlocks
from twin.link.control import (
    Acknowledged,
    Act,
    ActuatorReply,
    Cancel,
    FromHub,
    Hello,
    HelloNeeded,
    HubInfo,
    Note,
    Refused,
    Submit,
)
from twin.registry import Registry
from twin.room.fold import Room
from twin.room.model import CommandState, Event, Operator
from twin.room.parts.interlocks import InterlockRules
from twin.security.policy import Policy

S = CommandState
D = TypeVar("D", bound=Desk)


class HubCore:
    """Turns requests into events and keeps the room. Not thread safe.

    Parameters
    ----------
    info : what `Hello` is answered with (its ``seq`` is kept current)
    room : to begin with, from a snapshot; None = an empty one
    history : events of the journal after that room
    policy : who may do what; None = that of a hub without keys
    lookup : first event of the journal with a key, for requests that come again after long
    """

    def __init__(
        self,
        *,
        info: HubInfo,
        types: Registry[CommandType],
        times: HubTimes,
        history: Iterable[Event] = (),
        room: Room | None = None,
        policy: Policy | None = None,
        interlocks: Interlocks | None = None,
        lookup: Callable[[str], Event | None] = nothing_stored,
    ) -> None:
        self._hall = Hall(
            info=info, types=types, times=times, policy=policy or Policy.open(), lookup=lookup,
            interlocks=interlocks or NoInterlocks(),
        )  # fmt: skip
        self._ahead_ns = 0
        self._refusals = Refusals()
        self._desks = [desk_type.make(self._hall) for desk_type in desk_registry()]
        self._taken: dict[str, Taken] = {}
        for desk in self._desks:
            self._taken |= desk.acts()
        self._submitting = self._desk(Submitting)
        self._releasing = self._desk(Releasing)
        self._notes = self._desk(Notes)
        self._limits = Limits(self._hall)
        #: Answers what people may do; between two steps.
        self.permissions = Permissions(
            self._hall, desks=self._desks, taken=self._taken, limits=self._limits
        )
        self.restore(history, room)

    def restore(self, history: Iterable[Event], room: Room | None = None) -> None:
        """Forget the room and fold it anew; connections stay."""
        self._hall.restart(room or Room())
        for event in history:
            self._hall.fold(event)
        self._refusals.forget_after(self.room.seq)

    @property
    def room(self) -> Room:
        """The room after the newest event."""
        return self._hall.room

    @property
    def watched(self) -> frozenset[str]:
        """Ids of the datastreams whose samples matter now."""
        return self._releasing.watched()

    @property
    def act_kinds(self) -> tuple[str, ...]:
        """All kinds of acts that some desk takes, sorted."""
        return tuple(sorted(self._taken))

    def console_at(self, session: str) -> str:
        """Id of the console at a connection, "" if none is there."""
        who = self._hall.sessions.who(session)
        return "" if who is None else who.operator.console_id

    def step(self, request: Request, now_ns: int) -> StepResult:
        """Handle one request.

        Parameters
        ----------
        now_ns : hub time, UTC

        Returns
        -------
        StepResult
            The room has already moved on by its events; the caller commits them before it does
            anything else, or calls `restore`.
        """
        self._begin(now_ns)
        reply = self._handle(request)
        self._releasing.stop_batches()
        if not isinstance(request, WatchStarted | Tick):
            self._offer_new()
        return self._result(reply)

    def start(self, now_ns: int) -> StepResult:
        """First step of a run: says that the hub is there (nobody is connected yet).

        A clock that was set back since the newest event would stop all deadlines until it has
        caught up: hub time goes on from that event instead.
        """
        self._ahead_ns = max(0, self._hall.now_ns - now_ns)
        self._begin(now_ns)
        info, hall = self._hall.info, self._hall
        hall.started_ns = hall.now_ns
        scene = f" for {info.scene}" if info.scene else ""
        hall.emit(
            "hub.started", HUB, text=f"Hub started{scene}", version=info.version,
            epoch=info.epoch, policy=hall.policy.fingerprint,
            interlocks=hall.interlocks.fingerprint, drill=info.drill,
        )  # fmt: skip
        self._tell_interlocks()
        return self._result(None)

    def resend(self) -> tuple[Outgoing, ...]:
        """Deliver everything under way again (after a time in which nothing could be stored)."""
        self._hall.outgoing = []
        for session in self._hall.sessions.actuators():
            self._releasing.deliver_again(session)
        return tuple(self._hall.outgoing)

    def _begin(self, now_ns: int) -> None:
        hall = self._hall
        hall.now_ns = max(now_ns + self._ahead_ns, hall.now_ns)
        hall.events, hall.outgoing, hall.act = [], [], None

    def _result(self, reply: FromHub | None) -> StepResult:
        hall = self._hall
        return StepResult(events=tuple(hall.events), reply=reply, outgoing=tuple(hall.outgoing))

    def _offer_new(self) -> None:
        """Whatever came into the queue in this step need not wait for the next tick."""
        moved = [e.body["id"] for e in self._hall.events if e.kind == "command.state"]
        for command_id in dict.fromkeys(moved):
            command = self._hall.command(command_id)
            if command is not None and command.state is S.QUEUED:
                self._releasing.offer_if_free(command)

    def _desk(self, kind: type[D]) -> D:
        return next(desk for desk in self._desks if isinstance(desk, kind))

    # --- one function a request ---------------------------------------------------------------

    def _handle(self, request: Request) -> FromHub | None:
        match request:
            case Greeted(session, hello, who):
                return self._greet(session, hello, who)
            case Asked(session, message):
                return self._answer(session, message)
            case Lost(session, reason):
                self._lose(session, reason)
            case WatchStarted(command_id, last):
                self._go_on(command_id, dict(last))
            case Observed(observation):
                self._releasing.observe(observation)
            case TargetsSeen(targets):
                self._hall.targets.update({target.id: target for target in targets})
            case PolicyChanged():
                self._change_policy(request)
            case RulesUnreadable(text=text):
                self._hall.emit("rules.unreadable", HUB, text=text)
            case RefusedOutside(who=name, what=what, why=why):
                self._hall.audit(name, what, why)
            case Tick():
                self._tick()
        return None

    def _answer(
        self, session: str, message: Submit | Cancel | Note | Act | ActuatorReply
    ) -> FromHub | None:
        if isinstance(message, ActuatorReply):
            actuator = self._hall.sessions.actuator(session)
            if actuator is None:
                return HelloNeeded()
            return self._releasing.take_reply(actuator, message)
        who = self._hall.sessions.who(session)
        if who is None:
            return HelloNeeded()
        message_id = message.request.id if isinstance(message, Submit) else message.id
        key = f"{who.operator.identity} {message_id}"
        refused = self._refusals.get(key)
        if refused is not None:
            return refused
        soon = self._limits.why_not_yet(who, message)
        if soon:
            self._hall.audit(person(who.operator), "rate", soon)
            return Refused(id=message_id, text=soon, is_final=False)
        reply = self._ask_desk(who, message)
        if isinstance(reply, Refused):
            self._refusals.keep(key, reply, self.room.seq)
        return reply

    def _ask_desk(self, who: Who, message: Submit | Cancel | Note | Act) -> FromHub:
        match message:
            case Submit(request=request, signature=signature):
                return self._submitting.submit(who, request, signature)
            case Cancel():
                return self._releasing.cancel(who, message)
            case Note():
                return self._notes.note(who, message)
            case Act():
                return self._act(who, message)

    def _act(self, who: Who, act: Act) -> FromHub:
        known = self._hall.known(act.id)
        if known is not None:
            asked = known.body.get("act", {})
            if asked.get("kind") == act.kind and asked.get("body", {}) == act.body:
                return Acknowledged(id=act.id, seq=known.seq)
            return Refused(id=act.id, text="Another request has this id; make a new one")
        sentence = self._unfit_act(who, act) or self._do(who, act)
        if sentence:
            self._hall.act = None
            self._hall.audit(person(who.operator), act.kind[: rules.MAX_ID], sentence)
            return Refused(id=act.id, text=sentence)
        made = self._hall.events
        return Acknowledged(id=act.id, seq=made[0].seq if made else self.room.seq)

    def _unfit_act(self, who: Who, act: Act) -> str:
        if not 0 < len(act.id) <= rules.MAX_ID:
            return f"A request needs an id of 1 to {rules.MAX_ID} letters"
        if act.kind not in self._taken:
            return f"The hub knows no request called {act.kind[:60]!r}"
        if not rules.is_plain(act.body):
            return "The body of a request must be plain JSON without infinite numbers"
        sentence = self._hall.unsigned(who, act.kind, act.body, act.signature)
        decision = self._hall.decide(who, act.kind)
        return sentence or ("" if decision.allowed else decision.text)

    def _do(self, who: Who, act: Act) -> str:
        taken = self._taken[act.kind]
        try:
            body = msgspec.convert(act.body, taken.body_type)
        except msgspec.ValidationError as error:
            return f"“{act.kind}” cannot be read: {error}"
        self._hall.act = act
        return taken.handle(who, body)

    def _go_on(self, command_id: str, last: dict[str, Observation]) -> None:
        command = self._hall.command(command_id)
        if command is None:
            return
        if command.state is S.SUBMITTED:
            self._submitting.decide(command, last)
        elif command.state is S.QUEUED:
            self._releasing.release(command, last)

    def _change_policy(self, changed: PolicyChanged) -> None:
        hall = self._hall
        hall.policy = changed.policy or hall.policy
        hall.interlocks = changed.interlocks or hall.interlocks
        hall.info = msgspec.structs.replace(hall.info, policy=hall.policy.fingerprint)
        hall.emit(
            "policy.changed", HUB, policy=hall.policy.fingerprint,
            interlocks=hall.interlocks.fingerprint, text="Other rules are in force",
        )  # fmt: skip
        self._tell_interlocks()

    def _tell_interlocks(self) -> None:
        """Have every console show the rules that are in force."""
        interlocks = self._hall.interlocks
        if self.room[InterlockRules].fingerprint == interlocks.fingerprint:
            return
        n = len(interlocks.cards)
        self._hall.emit(
            "interlocks.loaded", HUB, fingerprint=interlocks.fingerprint,
            rules=msgspec.to_builtins(interlocks.cards),
            text=f"{n} interlock{'' if n == 1 else 's'} in force",
        )  # fmt: skip

    # --- who is there -----------------------------------------------------------------------------

    def _greet(self, session: str, hello: Hello, who: Who | None) -> FromHub:
        sentence = rules.unfit_hello(hello)
        if sentence:
            return Refused(id="hello", text=sentence)
        if hello.role == "actuator":
            self._greet_actuator(session, hello)
        elif hello.role == "console":
            operator = Operator(
                name=hello.name, department=hello.department, console_id=hello.console_id
            )
            who = who or Who(operator=operator)
            self._hall.sessions.add_console(session, who)
            self._join(who.operator)
        return msgspec.structs.replace(self._hall.info, seq=self.room.seq)

    def _greet_actuator(self, session: str, hello: Hello) -> None:
        sessions = self._hall.sessions
        is_new = not sessions.has_actuator_named(hello.name)
        actuator = sessions.add_actuator(session, hello.name, hello.asset_ids)
        if is_new:
            text = f"{hello.name} serves {len(hello.asset_ids)} assets"
            self._hall.emit("actuator.joined", hello.name, text=text, name=hello.name)
        self._releasing.deliver_again(actuator)

    def _lose(self, session: str, reason: str) -> None:
        sessions = self._hall.sessions
        gone = sessions.remove(session)
        if isinstance(gone, Operator) and not sessions.has_console(gone.console_id):
            self._leave(gone, reason)
        elif isinstance(gone, ActuatorSession) and not sessions.has_actuator_named(gone.name):
            text = f"{gone.name}: {reason}"
            self._hall.emit("actuator.left", gone.name, text=text, name=gone.name)

    def _join(self, operator: Operator) -> None:
        if self.room.operators.get(operator.console_id) != operator:
            body = msgspec.to_builtins(operator)
            self._hall.emit("operator.joined", person(operator), **body)

    def _leave(self, gone: Operator, reason: str) -> None:
        if gone.console_id in self.room.operators:
            body = {"console_id": gone.console_id, "text": reason}
            self._hall.emit("operator.left", person(gone), **body)

    def _tick(self) -> None:
        present = self._hall.sessions.operators()
        for operator in tuple(self.room.operators.values()):
            if operator.console_id not in present:
                self._leave(operator, "Gone")
        for operator in present.values():
            self._join(operator)
        for desk in self._desks:
            desk.tick()
