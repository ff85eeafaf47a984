"""The hub without sockets, clock, disk or chance: requests in, events out (design section 6).

Hard-won rules (each guarded in tests/twin/test_hub_core.py):

1. Everything that can be refused is checked before the first event is made: a refused request
   leaves no trace. Once events are made, nothing may fail.
2. What must survive a restart is in the events. Connections, announced targets and "lost since"
   are not: they come back by themselves.
3. A command is VERIFIED only by a sample handed in after its acceptance.
4. Time never runs backwards here, whatever `now_ns` says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import msgspec

from twin.commands.base import CommandType
from twin.errors import CommandRejected
from twin.hub import rules
from twin.hub.deadlines import EndIt, OfferIt, SendAgain, what_is_due
from twin.hub.flights import Flight, Flights, is_good
from twin.hub.options import HubTimes
from twin.hub.replies import moves_for
from twin.hub.requests import (
    Asked,
    Greeted,
    Lost,
    Observation,
    Observed,
    Outgoing,
    Request,
    Send,
    StartWatch,
    StepResult,
    Target,
    TargetsSeen,
    Tick,
    WatchStarted,
)
from twin.hub.sessions import ActuatorSession, Sessions
from twin.link.control import (
    Acknowledged,
    ActuatorReply,
    Cancel,
    Deliver,
    FromHub,
    Hello,
    HelloNeeded,
    HubInfo,
    Note,
    Refused,
    Revoke,
    Submit,
)
from twin.registry import Registry
from twin.room.fold import Room
from twin.room.model import Command, CommandRequest, CommandState, Event, Operator

HUB = "hub"
S = CommandState


class HubCore:
    """Turns requests into events and keeps the room. Not thread safe.

    Parameters
    ----------
    info : what `Hello` is answered with (its ``seq`` is kept current)
    history : the journal so far
    """

    def __init__(
        self,
        *,
        info: HubInfo,
        types: Registry[CommandType],
        times: HubTimes,
        history: Iterable[Event] = (),
    ) -> None:
        self._info = info
        self._types = types
        self._times = times
        self._sessions = Sessions()
        self._targets: dict[str, Target] = {}
        self._now_ns = 0
        self._events: list[Event] = []
        self._outgoing: list[Outgoing] = []
        self.restore(history)

    def restore(self, history: Iterable[Event]) -> None:
        """Forget the room and fold it anew; connections stay."""
        self.room = Room()
        self._flights = Flights()
        self._journalled: dict[str, int] = {}
        for event in history:
            self._fold(event)

    @property
    def watched(self) -> frozenset[str]:
        """Ids of the datastreams whose samples matter now."""
        return self._flights.watched()

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
        return StepResult(events=tuple(self._events), reply=reply, outgoing=tuple(self._outgoing))

    def start(self, now_ns: int) -> StepResult:
        """First step of a run: says that the hub is there (nobody is connected yet)."""
        self._begin(now_ns)
        scene = f" for {self._info.scene}" if self._info.scene else ""
        body = {"version": self._info.version, "epoch": self._info.epoch}
        self._emit("hub.started", HUB, text=f"Hub started{scene}", **body)
        return StepResult(events=tuple(self._events))

    def _begin(self, now_ns: int) -> None:
        self._now_ns = max(now_ns, self._now_ns)
        self._events, self._outgoing = [], []

    def resend(self) -> tuple[Outgoing, ...]:
        """Deliver everything under way again (after a time in which nothing could be stored)."""
        self._outgoing = []
        for session in self._sessions.actuators():
            self._deliver_again(session)
        return tuple(self._outgoing)

    # --- one function a request ---------------------------------------------------------------

    def _handle(self, request: Request) -> FromHub | None:
        match request:
            case Greeted(session, hello):
                return self._greet(session, hello)
            case Asked(session, message):
                return self._answer(session, message)
            case Lost(session, reason):
                self._lose(session, reason)
            case WatchStarted(command_id, last):
                self._release(command_id, last)
            case Observed(observation):
                self._observe(observation)
            case TargetsSeen(targets):
                self._targets.update({target.id: target for target in targets})
            case Tick():
                self._tick()
        return None

    def _answer(
        self, session: str, message: Submit | Cancel | Note | ActuatorReply
    ) -> FromHub | None:
        if isinstance(message, ActuatorReply):
            actuator = self._sessions.actuator(session)
            return HelloNeeded() if actuator is None else self._take_reply(actuator, message)
        operator = self._sessions.operator(session)
        if operator is None:
            return HelloNeeded()
        match message:
            case Submit(request):
                return self._submit(operator, request)
            case Cancel():
                return self._cancel(operator, message)
            case Note():
                return self._note(operator, message)

    def _greet(self, session: str, hello: Hello) -> FromHub:
        sentence = rules.unfit_hello(hello)
        if sentence:
            return Refused(id="hello", text=sentence)
        if hello.role == "actuator":
            self._greet_actuator(session, hello)
        else:
            operator = Operator(
                name=hello.name, department=hello.department, console_id=hello.console_id
            )
            self._sessions.add_console(session, operator)
            self._join(operator)
        return msgspec.structs.replace(self._info, seq=self.room.seq)

    def _greet_actuator(self, session: str, hello: Hello) -> None:
        is_new = not self._sessions.has_actuator_named(hello.name)
        actuator = self._sessions.add_actuator(session, hello.name, hello.asset_ids)
        if is_new:
            text = f"{hello.name} serves {len(hello.asset_ids)} assets"
            self._emit("actuator.joined", hello.name, text=text, name=hello.name)
        self._deliver_again(actuator)

    def _deliver_again(self, actuator: ActuatorSession) -> None:
        for flight in self._flights:
            if flight.target_id not in actuator.asset_ids:
                continue
            command = self.room.commands[flight.command_id]
            if command.state is S.QUEUED:
                self._watch(flight)
            elif command.state in (S.SENT, S.ACCEPTED, S.EXECUTING):
                self._deliver(actuator, command)

    def _lose(self, session: str, reason: str) -> None:
        gone = self._sessions.remove(session)
        if isinstance(gone, Operator) and not self._sessions.has_console(gone.console_id):
            self._leave(gone, reason)
        elif isinstance(gone, ActuatorSession) and not self._sessions.has_actuator_named(gone.name):
            self._emit("actuator.left", gone.name, text=f"{gone.name}: {reason}", name=gone.name)

    def _join(self, operator: Operator) -> None:
        if self.room.operators.get(operator.console_id) != operator:
            self._emit("operator.joined", rules.person(operator), **msgspec.to_builtins(operator))

    def _leave(self, gone: Operator, reason: str) -> None:
        if gone.console_id in self.room.operators:
            body = {"console_id": gone.console_id, "text": reason}
            self._emit("operator.left", rules.person(gone), **body)

    def _submit(self, operator: Operator, request: CommandRequest) -> FromHub:
        known = self.room.commands.get(request.id)
        if known is not None:
            if known.request == request:
                return Acknowledged(id=request.id, seq=self._journalled[request.id])
            return Refused(id=request.id, text="Another command has this id; make a new one")
        sentence = rules.unfit_request(request)
        if sentence:
            return Refused(id=request.id, text=sentence)
        busy = self._flights.on_target(request.target_id)
        running = self.room.commands[busy.command_id] if busy else None
        try:
            effect = rules.require_allowed_command(
                request, operator, types=self._types, targets=self._targets, running=running
            )
        except CommandRejected as error:
            self._emit_submitted(operator, request)
            self._move(request.id, S.REJECTED, str(error))
        else:
            self._emit_submitted(operator, request, effect=asdict(effect), effect_text=effect.text)
            self._queue(request)
        return Acknowledged(id=request.id, seq=self._journalled[request.id])

    def _emit_submitted(
        self, operator: Operator, request: CommandRequest, **more: dict[str, Any] | str
    ) -> None:
        self._emit(
            "command.submitted", rules.person(operator), request=msgspec.to_builtins(request),
            operator=msgspec.to_builtins(operator), **more,
        )  # fmt: skip

    def _queue(self, request: CommandRequest) -> None:
        serves = self._sessions.actuator_of(request.target_id)
        waiting = "" if serves else f"Waiting for an actuator that serves {request.target_name}"
        self._move(request.id, S.QUEUED, waiting)
        flight = self._flights.get(request.id)
        if serves and flight:
            self._watch(flight)

    def _watch(self, flight: Flight) -> None:
        if flight.effect:
            self._outgoing.append(StartWatch(flight.command_id, flight.effect.datastream_id))

    def _release(self, command_id: str, last: Observation | None) -> None:
        command = self.room.commands.get(command_id)
        if command is None or command.state is not S.QUEUED:
            return
        actuator = self._sessions.actuator_of(command.request.target_id)
        if actuator is None:
            return
        self._move(command_id, S.RELEASED, "")
        is_usable = last is not None and is_good(last, self._now_ns)
        baseline = {"t_ns": last.t_ns, "value": last.value} if last and is_usable else None
        self._send(actuator, command_id, baseline=baseline)

    def _send(self, actuator: ActuatorSession, command_id: str, **more: Any) -> None:
        self._move(command_id, S.SENT, f"Sent to {actuator.name}", actuator=actuator.name, **more)
        self._deliver(actuator, self.room.commands[command_id])

    def _deliver(self, actuator: ActuatorSession, command: Command) -> None:
        message = Deliver(
            request=command.request,
            issued_by=rules.person(command.issued_by),
            was_accepted=command.state is not S.SENT,
        )
        self._outgoing.append(Send(actuator.session, message))

    def _take_reply(self, actuator: ActuatorSession, reply: ActuatorReply) -> FromHub | None:
        command = self.room.commands.get(reply.command_id)
        if command is None or command.request.target_id not in actuator.asset_ids:
            return Refused(id=reply.command_id, text="This actuator was not given this command")
        flight = self._flights.get(reply.command_id)
        if flight is None or not flight.n_attempts:
            return None
        if reply.status == "forgotten":
            flight.has_forgotten = True
        for state, text in moves_for(reply, command, actuator.name):
            self._move(reply.command_id, state, text, actor=actuator.name)
        return None

    def _observe(self, seen: Observation) -> None:
        if not is_good(seen, self._now_ns):
            return
        for flight in self._flights:
            effect = flight.effect
            if effect is None or effect.datastream_id != seen.datastream_id:
                continue
            is_older = flight.baseline is not None and seen.t_ns <= flight.baseline.t_ns
            if not flight.accepted_ns or is_older:
                continue
            flight.last_seen = seen
            if flight.is_met_by(seen):
                text = f"Observed: {effect.text} ({seen.value:.4g})"
                self._move(flight.command_id, S.VERIFIED, text, observed=seen.value)

    def _cancel(self, operator: Operator, message: Cancel) -> FromHub:
        command = self.room.commands.get(message.command_id)
        if command is None:
            return Refused(id=message.id, text="There is no such command to cancel")
        if command.state is S.CANCELLED:
            return Acknowledged(id=message.id, seq=self.room.seq)
        text = rules.why_not_cancel(command, operator, self._types)
        if text:
            return Refused(id=message.id, text=text)
        self._cancel_now(operator, command)
        return Acknowledged(id=message.id, seq=self.room.seq)

    def _cancel_now(self, operator: Operator, command: Command) -> None:
        text = f"Cancelled by {rules.person(operator)}"
        actuator = self._sessions.actuator_of(command.request.target_id)
        if command.state is not S.QUEUED:
            text += f" after it was {command.state.lower()}; what was done is not undone"
            if actuator:
                revoke = Revoke(command_id=command.request.id, text=text)
                self._outgoing.append(Send(actuator.session, revoke))
        self._move(command.request.id, S.CANCELLED, text, actor=rules.person(operator))

    def _note(self, operator: Operator, note: Note) -> FromHub:
        known = self._journalled.get(f"note {note.id}")
        if known is not None:
            return Acknowledged(id=note.id, seq=known)
        if not note.text.strip() or len(note.text) > rules.MAX_NOTE:
            return Refused(id=note.id, text=f"A note has 1 to {rules.MAX_NOTE} letters")
        if not 0 < len(note.id) <= rules.MAX_ID:
            return Refused(id=note.id, text=f"A note needs an id of 1 to {rules.MAX_ID} letters")
        self._emit("note.added", rules.person(operator), id=note.id, text=note.text)
        return Acknowledged(id=note.id, seq=self.room.seq)

    # --- time -----------------------------------------------------------------------------------

    def _tick(self) -> None:
        present = self._sessions.operators()
        for operator in tuple(self.room.operators.values()):
            if operator.console_id not in present:
                self._leave(operator, "Gone")
        for operator in present.values():
            self._join(operator)
        for flight in self._flights:
            self._check_time(flight)

    def _check_time(self, flight: Flight) -> None:
        command = self.room.commands[flight.command_id]
        actuator = self._sessions.actuator_of(flight.target_id)
        name = actuator.name if actuator else None
        match what_is_due(flight, command, name, self._now_ns, self._times):
            case EndIt(state, text):
                self._move(flight.command_id, state, text)
            case OfferIt():
                self._watch(flight)
            case SendAgain() if actuator:
                self._send(actuator, flight.command_id)

    # --- events ---------------------------------------------------------------------------------

    def _move(
        self, command_id: str, state: CommandState, text: str, actor: str = HUB, **more: Any
    ) -> None:
        body = {name: value for name, value in more.items() if value is not None}
        self._emit("command.state", actor, id=command_id, state=state.value, text=text, **body)

    def _emit(self, kind: str, actor: str, /, **body: Any) -> None:
        event = Event(seq=self.room.seq + 1, t_ns=self._now_ns, kind=kind, actor=actor, body=body)
        self._fold(event)
        self._events.append(event)

    def _fold(self, event: Event) -> None:
        self.room.apply(event)
        self._flights.apply(event, self.room)
        self._now_ns = max(self._now_ns, event.t_ns)
        if event.kind == "command.submitted":
            self._journalled[event.body["request"]["id"]] = event.seq
        elif event.kind == "note.added":
            self._journalled[f"note {event.body['id']}"] = event.seq
