"""From the queue to the observed effect: release, delivery, the actuator's words, time windows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import msgspec

from twin.hub.cancelling import cancel_now
from twin.hub.deadlines import EndIt, OfferIt, SayWhy, SendAgain, what_is_due
from twin.hub.desks.base import Ask, Desk, DeskType
from twin.hub.desks.submitting import blocked_facts
from twin.hub.effects import is_good
from twin.hub.hall import person
from twin.hub.neighbours import others_near, readings_of, subject_of
from twin.hub.replies import is_idle_talk, moves_for, sound_route
from twin.hub.requests import Observation, StartWatch
from twin.hub.rules import MAX_REASON
from twin.hub.sessions import ActuatorSession
from twin.hub.who import Who
from twin.interlocks.model import Blocked
from twin.link.control import (
    Acknowledged,
    ActuatorReply,
    Cancel,
    Deliver,
    FromHub,
    Refused,
)
from twin.room.model import Baseline, Command, CommandState
from twin.room.parts.commands import Commands
from twin.room.parts.holds import Holds
from twin.room.parts.leases import Leases
from twin.security.actions import CANCEL
from twin.security.policy import Decision

S = CommandState
_LOST = ("forgotten", "unknown")
_TRIED = {
    "failed": "failed",
    "forgotten": "has forgotten it",
    "unknown": "cannot tell how it ended",
}
_AT_WORK = (S.RELEASED, S.SENT, S.ACCEPTED, S.EXECUTING)
_MAY_LEAVE = (S.QUEUED, *_AT_WORK, S.VERIFIED)


class Releasing(Desk):
    """Releases queued commands and follows them to their end."""

    def watched(self) -> frozenset[str]:
        """Ids of the datastreams whose samples matter now."""
        effects = (c.effect.datastream_id for c in self._open() if c.effect)
        return frozenset(effects)

    # --- release --------------------------------------------------------------------------------

    def offer(self, command: Command) -> None:
        """Ask for the values that release looks at; `release` follows with the answer."""
        wanted = self.hall.interlocks.inputs(subject_of(self.hall, command))
        if command.effect:
            wanted = tuple(dict.fromkeys((command.effect.datastream_id, *wanted)))
        self.hall.outgoing.append(StartWatch(command.request.id, wanted))

    def release(self, command: Command, last: Mapping[str, Observation]) -> None:
        """Let a QUEUED command go, if nothing stands against it now."""
        actuator = self.hall.sessions.actuator_of(command.request.target_id)
        if actuator is None or self.why_waiting(command):
            return
        blocked = self._blocked(command, last)
        if blocked:
            self._hold_back(command, blocked)
            return
        refused = self._refused_now(command)
        if refused:
            self.hall.move(command.request.id, S.FAILED, refused)
            return
        self.hall.move(command.request.id, S.RELEASED, "")
        seen = last.get(command.effect.datastream_id) if command.effect else None
        is_usable = seen is not None and is_good(seen, self.hall.now_ns)
        baseline = Baseline(t_ns=seen.t_ns, value=seen.value) if seen and is_usable else None
        self._send(actuator, command, baseline=baseline)

    def why_waiting(self, command: Command) -> str:
        """What keeps a queued command waiting but for its actuator, "" if nothing does."""
        hall, request = self.hall, command.request
        if request.not_before_ns > hall.now_ns:
            return "Scheduled"
        hold = hall.room[Holds].on(command)
        if hold is not None:
            reason = f": {hold.reason}" if hold.reason else ""
            return f"Held by {person(hold.by)}{reason}"
        at_work = (c for c in self._open() if c.request.target_id == request.target_id)
        first = next((c for c in at_work if c.state in _AT_WORK), None)
        if first is not None and first.request.id != request.id:
            return f"Waits until “{hall.title(first.request.type_id)}” is over"
        return self._why_batch_waits(command)

    def _why_batch_waits(self, command: Command) -> str:
        if not command.request.batch:
            return ""
        siblings = [c for c in self._open() if c.request.batch == command.request.batch]
        late = [c for c in siblings if c.state not in _MAY_LEAVE]
        return f"Waits for {len(late)} more of its batch" if late else ""

    def _blocked(self, command: Command, last: Mapping[str, Observation]) -> tuple[Blocked, ...]:
        hall = self.hall
        subject = subject_of(hall, command)
        readings = readings_of(last, hall.now_ns)
        return hall.interlocks.blocked(
            "release", subject, readings, partial(others_near, hall, command)
        )

    def _hold_back(self, command: Command, blocked: tuple[Blocked, ...]) -> None:
        text = "; ".join(one.text for one in blocked)
        if text != command.state_text:
            self.hall.move(command.request.id, S.QUEUED, text, interlocks=blocked_facts(blocked))

    def _refused_now(self, command: Command) -> str:
        """Rights may have changed since it was asked for; "" = it may still be done."""
        hall, request = self.hall, command.request
        holder = hall.room[Leases].holder(request.target_id)
        if holder is not None and holder.identity != command.issued_by.identity:
            return f"{request.target_name} has meanwhile been taken by {person(holder)}"
        who = hall.sessions.who_at(command.issued_by.console_id)
        if who is None:
            return ""
        decision = hall.decide(who, request.type_id, request.target_id, command.level)
        return "" if decision.allowed else decision.text

    def _send(
        self, actuator: ActuatorSession, command: Command, *,
        baseline: Baseline | None = None, failed: str = "",
    ) -> None:  # fmt: skip
        text = f"{failed}; trying again with {actuator.name}" if failed else ""
        self.hall.move(
            command.request.id, S.SENT, text or f"Sent to {actuator.name}",
            actuator=actuator.name, has_failed=bool(failed) or None,
            baseline=msgspec.to_builtins(baseline) if baseline else None,
            lease_token=self._token(command) or None,
        )  # fmt: skip
        self.deliver(actuator, self.hall.room.commands[command.request.id])

    def _token(self, command: Command) -> int:
        """Its fencing token: that of its release. A lease taken since belongs to somebody else."""
        if command.n_sent:
            return command.lease_token
        return self.hall.room[Leases].token(command.request.target_id)

    def deliver(self, actuator: ActuatorSession, command: Command) -> None:
        """Hand a command that was sent to its actuator, for the first time or again."""
        message = Deliver(
            request=command.request, issued_by=person(command.issued_by),
            was_accepted=command.state is not S.SENT, attempt=command.n_failed + 1,
            lease_token=command.lease_token,
            guards=self.hall.interlocks.guards(subject_of(self.hall, command)),
        )  # fmt: skip
        self.hall.send(actuator.session, message)

    def deliver_again(self, actuator: ActuatorSession) -> None:
        """An actuator is there (again): hand it everything under way."""
        for command in self._open():
            if command.request.target_id not in actuator.asset_ids:
                continue
            if command.state is S.QUEUED:
                self.offer_if_free(command)
            elif command.state in (S.SENT, S.ACCEPTED, S.EXECUTING):
                self.deliver(actuator, command)

    def offer_if_free(self, command: Command) -> None:
        """Offer a queued command unless something keeps it waiting."""
        serves = self.hall.sessions.actuator_of(command.request.target_id)
        if serves is not None and not self.why_waiting(command):
            self.offer(command)

    # --- what the actuator says and the city shows ----------------------------------------------

    def take_reply(self, actuator: ActuatorSession, reply: ActuatorReply) -> FromHub | None:
        """Follow an actuator's word."""
        command = self.hall.command(reply.command_id)
        if command is None or command.request.target_id not in actuator.asset_ids:
            return Refused(id=reply.command_id, text="This actuator was not given this command")
        if command.is_terminal or not command.n_sent:
            return None
        if reply.attempt and reply.attempt != command.n_failed + 1:
            return None  # said of an order that another one has followed since
        memory = self.hall.memory(reply.command_id)
        memory.heard_ns = self.hall.now_ns
        if self._may_try_again(command, reply):
            text = reply.text or f"{actuator.name} {_TRIED[reply.status]}"
            why_not = self._too_late(command) or self._refused_now(command)
            if not why_not:
                memory.has_forgotten, memory.lost_text = False, ""
                self._send(actuator, command, failed=text)
                return None
            text = f"{text}; not tried again: {why_not}"
            reply = msgspec.structs.replace(reply, text=text)
        if reply.status in _LOST:
            memory.has_forgotten, memory.lost_text = True, reply.text[:MAX_REASON]
        if is_idle_talk(reply, command, self.hall.now_ns):
            return None
        route = msgspec.to_builtins(sound_route(reply)) or None
        for state, text in moves_for(reply, command, actuator.name):
            self.hall.move(reply.command_id, state, text, actuator.name, route=route)
        return None

    def _too_late(self, command: Command) -> str:
        deadline_ns = command.request.deadline_ns
        return "its deadline is over" if 0 < deadline_ns < self.hall.now_ns else ""

    def _may_try_again(self, command: Command, reply: ActuatorReply) -> bool:
        command_type = self.hall.type_of(command)
        is_able = command_type is not None and command_type.is_idempotent
        has_left = command.n_failed + 1 < self.hall.times.n_tries
        return reply.status in ("failed", *_LOST) and is_able and has_left

    def observe(self, seen: Observation) -> None:
        """See whether a sample is the effect that some command waits for."""
        if not is_good(seen, self.hall.now_ns):
            return
        for command in self._open():
            if command.effect and command.effect.datastream_id == seen.datastream_id:
                self._compare(command, seen)

    def _compare(self, command: Command, seen: Observation) -> None:
        effect, baseline = command.effect, command.baseline
        is_older = baseline is not None and seen.t_ns <= baseline.t_ns
        if effect is None or command.state not in (S.ACCEPTED, S.EXECUTING) or is_older:
            return
        memory = self.hall.memory(command.request.id)
        memory.last_seen = seen
        base = baseline.value if baseline else math.nan
        if baseline is None and effect.is_relative:
            if memory.first_seen is None:
                memory.first_seen = seen
                return
            base = memory.first_seen.value
        if effect.is_shown_by(seen.value, base):
            text = f"Observed: {effect.text} ({seen.value:.4g})"
            self.hall.move(command.request.id, S.VERIFIED, text, observed=seen.value)

    # --- cancelling and time ----------------------------------------------------------------------

    def cancel(self, who: Who, message: Cancel) -> FromHub:
        """Take a command back; what was done is not undone."""
        command = self.hall.command(message.command_id)
        known = self.hall.known(message.id)
        if command is None:
            if known is not None:
                return Acknowledged(id=message.id, seq=known.seq)
            return Refused(id=message.id, text="There is no such command to cancel")
        if command.state is S.CANCELLED:
            return Acknowledged(id=message.id, seq=self.hall.room.seq)
        text = self._may_cancel(who, command).why_not
        if text:
            self.hall.audit(person(who.operator), "command.cancel", text)
            return Refused(id=message.id, text=text)
        actor = person(who.operator)
        cancel_now(self.hall, command, f"Cancelled by {actor}", actor)
        return Acknowledged(id=message.id, seq=self.hall.room.seq)

    def permissions(self) -> Mapping[str, Ask]:
        """Whether somebody may cancel a command, by its id."""
        return {CANCEL: self._may_cancel_id}

    def _may_cancel_id(self, who: Who, command_id: str) -> Decision:
        command = self.hall.command(command_id)
        if command is None:
            return Decision.no("There is no such command to cancel")
        return self._may_cancel(who, command)

    def _may_cancel(self, who: Who, command: Command) -> Decision:
        if command.is_terminal:
            return Decision.no(f"It cannot be cancelled, it is over ({command.state.lower()})")
        request = command.request
        decision = self.hall.decide(who, request.type_id, request.target_id, command.level)
        if decision.allowed:
            return decision
        if who.operator.identity == command.issued_by.identity:
            return Decision(allowed=True, text="You issued it")
        title = self.hall.title(request.type_id)
        text = f"“{title}” cannot be cancelled by {person(who.operator)}: {decision.text}"
        return Decision(allowed=False, text=text, rule_id=decision.rule_id)

    def tick(self) -> None:
        """Do what is due to commands under way."""
        for command in self._open():
            self._check_time(command)

    def _check_time(self, command: Command) -> None:
        actuator = self.hall.sessions.actuator_of(command.request.target_id)
        memory = self.hall.memory(command.request.id)
        due = what_is_due(
            command, memory, actuator.name if actuator else None, self.hall,
            self.why_waiting(command) if command.state is S.QUEUED else "",
        )  # fmt: skip
        match due:
            case EndIt(state, text):
                self.hall.move(command.request.id, state, text)
            case SayWhy(text):
                self.hall.move(command.request.id, S.QUEUED, text)
            case OfferIt():
                self.offer(command)
            case SendAgain() if actuator:
                self._send(actuator, command)

    def stop_batches(self) -> None:
        """One of a batch ended in this step without being sent: neither will the others."""
        moved = [e.body["id"] for e in self.hall.events if e.kind == "command.state"]
        for command_id in moved:
            command = self.hall.command(command_id)
            if command and command.request.batch and command.is_terminal and not command.n_sent:
                self._stop_siblings(command)

    def _stop_siblings(self, command: Command) -> None:
        why = f"The batch was stopped, {command.request.target_name}: {command.state_text}"
        for sibling in self._open():
            if sibling.request.batch == command.request.batch and not sibling.n_sent:
                self.hall.move(sibling.request.id, S.CANCELLED, why)

    def _open(self) -> tuple[Command, ...]:
        return self.hall.room[Commands].open


DESK = DeskType(id="releasing", make=Releasing)
