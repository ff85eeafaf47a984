"""From asking for a command to its place in the queue: rules, lease, interlocks, approval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from twin.clock import NS_PER_S
from twin.commands.base import CommandType, Effect
from twin.commands.params import params_from_args
from twin.errors import CommandRejected
from twin.hub import rules
from twin.hub.cancelling import cancel_now
from twin.hub.desks.base import Desk, DeskType
from twin.hub.hall import Hall, person
from twin.hub.neighbours import others_near, readings_of, subject_of
from twin.hub.requests import Observation, StartWatch
from twin.hub.who import Who
from twin.interlocks.model import Blocked
from twin.link.control import Acknowledged, FromHub, Refused
from twin.room.model import Approval, Command, CommandRequest, CommandState, Event
from twin.room.parts.commands import Commands
from twin.room.parts.leases import Leases
from twin.security.canonical import digest_of
from twin.security.policy import Decision
from twin.security.rules import ApprovalRule

S = CommandState


class Submitting(Desk):
    """Takes commands in, one by one or as a batch."""

    def __init__(self, hall: Hall) -> None:
        super().__init__(hall)
        self._who: dict[str, Who] = {}

    def submit(self, who: Who, request: CommandRequest, signature: str = "") -> FromHub:
        """Take one command; the same request again gets the same answer."""
        hall = self.hall
        known = hall.known(request.id)
        if known is not None:
            return answer_known(known, request)
        sentence = rules.unfit_request(request) or hall.unsigned_submit(who, request, signature)
        if sentence:
            hall.audit(person(who.operator), f"command.submit {request.type_id}", sentence)
            return Refused(id=request.id, text=sentence)
        event = self.take(who, request, signature)
        return Acknowledged(id=request.id, seq=event.seq)

    def take(self, who: Who, request: CommandRequest, signature: str = "") -> Event:
        """Journal a fit request and do what can be done at once."""
        try:
            command_type, effect = self._checked(who, request)
        except CommandRejected as error:
            event = self._emit(who, request, signature, 1)
            self.hall.move(request.id, S.REJECTED, str(error))
            return event
        level = command_type.significance
        more = {"effect": msgspec.to_builtins(effect), "effect_text": effect.text}
        event = self._emit(who, request, signature, level, **more)
        self._take_lease(who, request)
        self._who[request.id] = who
        self.begin(self.hall.room.commands[request.id])
        return event

    def begin(self, command: Command) -> None:
        """Decide about a SUBMITTED command, or ask for the values that the interlocks want."""
        inputs = self.hall.interlocks.inputs(subject_of(self.hall, command))
        if inputs:
            self.hall.outgoing.append(StartWatch(command.request.id, inputs))
        else:
            self.decide(command, {})

    def decide(self, command: Command, last: Mapping[str, Observation]) -> None:
        """Interlocks, then approval, then the queue."""
        hall, request = self.hall, command.request
        blocked = self._blocked(command, last)
        if blocked:
            text = "; ".join(one.text for one in blocked)
            hall.move(request.id, S.REJECTED, text, interlocks=blocked_facts(blocked))
            return
        running = hall.room[Commands].on_target(request.target_id)
        if running is not None and not self._gives_way(running, request):
            hall.move(request.id, S.REJECTED, rules.busy_text(request, running, hall.types))
            return
        if running is not None and not same_batch(running, request):
            actor = person(command.issued_by)
            text = f"Overtaken by “{hall.title(request.type_id)}”, its inverse, of {actor}"
            cancel_now(hall, running, text, actor)
        rule = self._approval_rule(command)
        if rule is None:
            hall.move(request.id, S.QUEUED, self._waiting_text(command))
            return
        approval = msgspec.to_builtins(self._approval(request, rule))
        hall.move(request.id, S.AWAITING_APPROVAL, _waits_text(rule), approval=approval)

    def _blocked(self, command: Command, last: Mapping[str, Observation]) -> tuple[Blocked, ...]:
        """What stands against it now; of what is to happen later, only its release can tell."""
        hall = self.hall
        if command.request.not_before_ns > hall.now_ns:
            return ()
        return hall.interlocks.blocked(
            "submit", subject_of(hall, command), readings_of(last, hall.now_ns),
            partial(others_near, hall, command),
        )  # fmt: skip

    def tick(self) -> None:
        """Ask again about commands whose values never came (the hub was restarted)."""
        for command in self.hall.room[Commands].open:
            if command.state is S.SUBMITTED and self._is_left(command):
                self.begin(command)

    def _is_left(self, command: Command) -> bool:
        memory = self.hall.memory(command.request.id)
        if memory.ready_ns is None or self.hall.now_ns - memory.ready_ns > NS_PER_S:
            is_first, memory.ready_ns = memory.ready_ns is None, self.hall.now_ns
            return not is_first
        return False

    def _checked(self, who: Who, request: CommandRequest) -> tuple[CommandType, Effect]:
        hall = self.hall
        command_type = rules.known_type(request, hall.types)
        target_id, target_name = request.target_id, request.target_name
        decision = self._may_command(who, command_type, target_id, target_name)
        if not decision.allowed:
            raise CommandRejected(decision.text)
        params = params_from_args(command_type.params, request.args)
        if request.drill is not hall.info.drill:
            raise CommandRejected(_drill_text(is_hub_drill=hall.info.drill))
        if request.deadline_ns and request.deadline_ns <= hall.now_ns:
            raise CommandRejected("Its deadline is over already; ask again with a later one")
        running = hall.room[Commands].on_target(request.target_id)
        if running is not None and not self._gives_way(running, request):
            raise CommandRejected(rules.busy_text(request, running, hall.types))
        held = self._why_held(who, target_id, target_name)
        if held:
            raise CommandRejected(held)
        return command_type, command_type.effect(target_id, params)

    def permission(self, who: Who, command_type: CommandType, target_id: str) -> Decision:
        """Whether somebody may give a command to an asset, whatever its values and the moment."""
        target = self.hall.targets.get(target_id)
        name = target.name if target is not None else target_id
        decision = self._may_command(who, command_type, target_id, name)
        held = self._why_held(who, target_id, name)
        return Decision.no(held) if decision.allowed and held else decision

    def waits(self, who: Who, command_type: CommandType, target_id: str) -> str:
        """For whose approvals a command would wait, "" for none."""
        level = command_type.significance
        rule = self._approvals_wanted(who, command_type.id, target_id, level)
        return _waits_text(rule) if rule is not None else ""

    def _may_command(
        self, who: Who, command_type: CommandType, target_id: str, name: str
    ) -> Decision:
        hall = self.hall
        decision = hall.decide(who, command_type.id, target_id, command_type.significance)
        target = hall.targets.get(target_id)
        if decision.allowed and target is not None and command_type.id not in target.accepts:
            return Decision.no(f"{name} does not accept “{command_type.title}”")
        return decision

    def _why_held(self, who: Who, target_id: str, name: str) -> str:
        holder = self.hall.room[Leases].holder(target_id)
        if holder is None or holder.identity == who.operator.identity:
            return ""
        return f"{name} is held by {person(holder)}; ask for it or wait"

    def _gives_way(self, running: Command, request: CommandRequest) -> bool:
        """Whether what runs on the target is of the same batch, or is undone by the request."""
        running_type = self.hall.type_of(running)
        is_inverse = running_type is not None and running_type.inverse == request.type_id
        undoes = request.inverse_of == running.request.id and is_inverse
        return undoes or same_batch(running, request)

    def _take_lease(self, who: Who, request: CommandRequest) -> None:
        """Assets that need a lease are taken with the command."""
        hall = self.hall
        target = hall.targets.get(request.target_id)
        rule = hall.policy.lease_required(target.kind) if target else None
        leases = hall.room[Leases]
        if rule is None or leases.holder(request.target_id) is not None:
            return
        hall.emit(
            "lease.taken", person(who.operator), asset_id=request.target_id,
            asset_name=request.target_name, holder=msgspec.to_builtins(who.operator),
            token=leases.token(request.target_id) + 1, ttl_s=rule.ttl_s, how="command",
        )  # fmt: skip

    def _emit(
        self, who: Who, request: CommandRequest, signature: str, level: int, **more: Any
    ) -> Event:
        if signature:
            more["signature"] = signature
        return self.hall.emit(
            "command.submitted", person(who.operator), key=request.id,
            request=msgspec.to_builtins(request), operator=msgspec.to_builtins(who.operator),
            level=level, **more,
        )  # fmt: skip

    def _approval_rule(self, command: Command) -> ApprovalRule | None:
        who = self._who.pop(command.request.id, None) or self._issuer(command)
        request = command.request
        return self._approvals_wanted(who, request.type_id, request.target_id, command.level)

    def _approvals_wanted(
        self, who: Who, type_id: str, target_id: str, level: int
    ) -> ApprovalRule | None:
        return self.hall.policy.approval_for(self.hall.question(who, type_id, target_id, level))

    def _issuer(self, command: Command) -> Who:
        """Whoever issued it, after a restart of the hub: roles only if still connected."""
        console_id = command.issued_by.console_id
        found = self.hall.sessions.who_at(console_id)
        return found or Who(operator=command.issued_by)

    def _approval(self, request: CommandRequest, rule: ApprovalRule) -> Approval:
        expires_ns = self.hall.now_ns + round(rule.expires_s * NS_PER_S)
        if request.deadline_ns:
            expires_ns = min(expires_ns, request.deadline_ns)
        return Approval(
            needed=rule.needed, digest=digest_of(request), expires_ns=expires_ns,
            departments=tuple(rule.by_departments), roles=tuple(rule.by_roles),
            is_distinct=rule.distinct_departments,
            rule=rule.id, text=rule.text,
        )  # fmt: skip

    def _waiting_text(self, command: Command) -> str:
        serves = self.hall.sessions.actuator_of(command.request.target_id)
        name = command.request.target_name
        return "" if serves else f"Waiting for an actuator that serves {name}"


def same_batch(running: Command, request: CommandRequest) -> bool:
    """Whether two commands may wait for the same target because one batch holds both."""
    return bool(request.batch) and running.request.batch == request.batch


def answer_known(known: Event, request: CommandRequest) -> FromHub:
    """Answer to a request whose id the journal holds already."""
    if known.kind == "command.submitted":
        before = msgspec.convert(known.body["request"], CommandRequest)
        if before == request:
            return Acknowledged(id=request.id, seq=known.seq)
    return Refused(id=request.id, text="Another command has this id; make a new one")


def blocked_facts(blocked: Iterable[Blocked]) -> list[dict[str, Any]]:
    """What stood against a command, as it goes into the journal."""
    return [
        {
            "rule": one.rule_id,
            "title": one.title,
            "text": one.text,
            "values": {name: v for name, v in one.values.items() if math.isfinite(v)},
            "others": list(one.others),
        }
        for one in blocked
    ]


def _waits_text(rule: ApprovalRule) -> str:
    return f"Waits for {rule.wanted_text()}" + (f": {rule.text}" if rule.text else "")


def _drill_text(*, is_hub_drill: bool) -> str:
    if is_hub_drill:
        return "This hub runs a drill, and the command is not marked as one"
    return "A command of a drill can never be released live"


DESK = DeskType(id="submitting", make=Submitting)
