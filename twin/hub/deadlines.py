"""What time alone does to a command under way. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from twin.clock import NS_PER_S
from twin.hub.hall import Hall, Memory
from twin.room.model import Command, CommandState

S = CommandState


@dataclass(frozen=True, slots=True)
class OfferIt:
    """An actuator is there and nothing holds it back: release it."""


@dataclass(frozen=True, slots=True)
class SendAgain:
    """It was not answered in time."""


@dataclass(frozen=True, slots=True)
class SayWhy:
    """It goes on waiting, for another reason than the one shown."""

    text: str


@dataclass(frozen=True, slots=True)
class EndIt:
    """It is over."""

    state: CommandState
    text: str


Due: TypeAlias = OfferIt | SendAgain | SayWhy | EndIt | None


def what_is_due(
    command: Command, memory: Memory, actuator: str | None, hall: Hall, waiting: str
) -> Due:
    """Look at one command; also keeps `Memory.lost_ns` and `Memory.ready_ns` up.

    Parameters
    ----------
    actuator : name of the connected actuator that serves the target, None if there is none
    waiting : what keeps a QUEUED command back but for its actuator, "" = nothing
    """
    match command.state:
        case S.AWAITING_APPROVAL:
            return _awaiting(command, hall)
        case S.QUEUED:
            return _queued(command, memory, actuator, hall, waiting)
        case S.SENT:
            return _sent(command, actuator, hall)
        case S.ACCEPTED | S.EXECUTING:
            return _running(command, memory, actuator, hall)
    return None


def _awaiting(command: Command, hall: Hall) -> Due:
    approval = command.approval
    if approval is None or hall.now_ns < approval.expires_ns:
        return None
    n_missing = approval.needed - len(approval.grants)
    return EndIt(S.EXPIRED, f"Not approved in time: {n_missing} of {approval.needed} missing")


def _queued(
    command: Command, memory: Memory, actuator: str | None, hall: Hall, waiting: str
) -> Due:
    request = command.request
    if request.deadline_ns and hall.now_ns > request.deadline_ns:
        why = waiting or command.state_text or "it was not released"
        return EndIt(S.EXPIRED, f"Its deadline passed before it was released ({why})")
    if waiting:
        memory.ready_ns, memory.has_waited = None, True
        return SayWhy(waiting) if waiting != command.state_text else None
    if memory.ready_ns is None:
        is_first = not memory.has_waited
        memory.ready_ns = max(command.moved_ns, hall.started_ns) if is_first else hall.now_ns
    if not _is_over(memory.ready_ns, hall.times.actuator_wait_s, hall.now_ns):
        return OfferIt() if actuator is not None else None
    if actuator is None:
        return EndIt(S.FAILED, f"No actuator serves {request.target_name}")
    if request.deadline_ns or not memory.is_last_offer_made:
        memory.is_last_offer_made = True
        return OfferIt()
    return EndIt(S.FAILED, command.state_text or f"{actuator} could not be given the command")


def _sent(command: Command, actuator: str | None, hall: Hall) -> Due:
    times = hall.times
    n_unanswered = command.n_sent - command.n_failed
    is_late = _is_over(command.sent_ns, times.accept_wait_s, hall.now_ns)
    longest_s = times.accept_wait_s * times.n_attempts
    first_ns = command.times_ns.get(S.SENT.value, 0) if not command.n_failed else 0
    is_out_of_time = bool(first_ns) and _is_over(first_ns, longest_s, hall.now_ns)
    if is_late and (n_unanswered >= times.n_attempts or is_out_of_time):
        who = actuator or "The actuator"
        text = f"{who} did not answer within {longest_s:g} s; nobody knows what it did"
        return EndIt(S.UNKNOWN, text)
    return SendAgain() if actuator is not None and is_late else None


def _running(command: Command, memory: Memory, actuator: str | None, hall: Hall) -> Due:
    is_lost = actuator is None or memory.has_forgotten
    memory.lost_ns = (memory.lost_ns or hall.now_ns) if is_lost else None
    if memory.lost_ns is not None and _is_over(memory.lost_ns, hall.times.lost_wait_s, hall.now_ns):
        return EndIt(S.UNKNOWN, _lost_text(memory))
    late = _late_step(command, memory, hall)
    if late:
        return EndIt(S.UNKNOWN if is_lost else S.TIMED_OUT, late)
    accepted_ns = command.times_ns[S.ACCEPTED.value]
    if command.effect and _is_over(accepted_ns, command.effect.deadline_s, hall.now_ns):
        return EndIt(S.UNKNOWN if is_lost else S.TIMED_OUT, _late_text(command, memory))
    return None


def _late_step(command: Command, memory: Memory, hall: Hall) -> str:
    """Which time window before the effect is over, "" for none."""
    command_type = hall.type_of(command)
    if command_type is None:
        return ""
    windows = command_type.windows
    is_begun = command.state is S.EXECUTING
    limit_s = windows.progress_s if is_begun else windows.start_s
    since_ns = max(memory.heard_ns, command.moved_ns) if is_begun else command.moved_ns
    if not limit_s or not _is_over(since_ns, limit_s, hall.now_ns):
        return ""
    if is_begun:
        return f"Begun, but without a sign of progress for {limit_s:g} s"
    return f"Accepted, but not begun within {limit_s:g} s"


def _is_over(since_ns: int, wait_s: float, now_ns: int) -> bool:
    return now_ns - since_ns >= wait_s * NS_PER_S


def _lost_text(memory: Memory) -> str:
    if memory.lost_text:
        return f"{memory.lost_text}, and the effect was not observed"
    why = "was restarted and has no memory of it" if memory.has_forgotten else "was lost"
    return f"The actuator {why} after it accepted, and the effect was not observed"


def _late_text(command: Command, memory: Memory) -> str:
    deadline_s = command.effect.deadline_s if command.effect else 0.0
    seen = memory.last_seen
    last = f"last value {seen.value:.4g}" if seen else "no sample of it came"
    return (
        f"Accepted, but within {deadline_s:g} s nobody observed that {command.effect_text} ({last})"
    )
