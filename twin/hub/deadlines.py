"""What time alone does to a command under way. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from twin.clock import NS_PER_S
from twin.hub.flights import Flight
from twin.hub.options import HubTimes
from twin.room.model import Command, CommandState

S = CommandState


@dataclass(frozen=True, slots=True)
class OfferIt:
    """An actuator is there: release it."""


@dataclass(frozen=True, slots=True)
class SendAgain:
    """It was not answered in time."""


@dataclass(frozen=True, slots=True)
class EndIt:
    """It is over."""

    state: CommandState
    text: str


Due: TypeAlias = OfferIt | SendAgain | EndIt | None


def what_is_due(
    flight: Flight, command: Command, actuator: str | None, now_ns: int, times: HubTimes
) -> Due:
    """Look at one flight; also keeps `Flight.lost_ns` up.

    Parameters
    ----------
    actuator : name of the connected actuator that serves the target, None if there is none
    now_ns : hub time
    """
    match command.state:
        case S.QUEUED:
            return _queued(command, actuator, now_ns, times)
        case S.SENT:
            return _sent(flight, actuator, now_ns, times)
        case S.ACCEPTED | S.EXECUTING:
            return _running(flight, command, actuator, now_ns, times)
    return None


def _queued(command: Command, actuator: str | None, now_ns: int, times: HubTimes) -> Due:
    if actuator is not None:
        return OfferIt()
    if _is_over(command.times_ns[S.QUEUED.value], times.actuator_wait_s, now_ns):
        return EndIt(S.FAILED, f"No actuator serves {command.request.target_name}")
    return None


def _sent(flight: Flight, actuator: str | None, now_ns: int, times: HubTimes) -> Due:
    longest_s = times.accept_wait_s * times.n_attempts
    if _is_over(flight.first_sent_ns, longest_s, now_ns):
        who = actuator or "The actuator"
        text = f"{who} did not answer within {longest_s:g} s; nobody knows what it did"
        return EndIt(S.UNKNOWN, text)
    if actuator is not None and _is_over(flight.last_sent_ns, times.accept_wait_s, now_ns):
        return SendAgain()
    return None


def _running(
    flight: Flight, command: Command, actuator: str | None, now_ns: int, times: HubTimes
) -> Due:
    is_lost = actuator is None or flight.has_forgotten
    flight.lost_ns = (flight.lost_ns or now_ns) if is_lost else None
    if flight.lost_ns is not None and _is_over(flight.lost_ns, times.lost_wait_s, now_ns):
        return EndIt(S.UNKNOWN, _lost_text(flight))
    if flight.effect and _is_over(flight.accepted_ns, flight.effect.deadline_s, now_ns):
        return EndIt(S.UNKNOWN if is_lost else S.TIMED_OUT, _late_text(flight, command))
    return None


def _is_over(since_ns: int, wait_s: float, now_ns: int) -> bool:
    return now_ns - since_ns >= wait_s * NS_PER_S


def _lost_text(flight: Flight) -> str:
    why = "was restarted and has no memory of it" if flight.has_forgotten else "was lost"
    return f"The actuator {why} after it accepted, and the effect was not observed"


def _late_text(flight: Flight, command: Command) -> str:
    deadline_s = flight.effect.deadline_s if flight.effect else 0.0
    seen = flight.last_seen
    last = f"last value {seen.value:.4g}" if seen else "no sample of it came"
    return (
        f"Accepted, but within {deadline_s:g} s nobody observed that {command.effect_text} ({last})"
    )
