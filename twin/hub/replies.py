"""What an actuator's word does to a command. Pure functions."""

from __future__ import annotations

import math

from twin.clock import NS_PER_S
from twin.hub.rules import MAX_REASON
from twin.link.control import ActuatorReply
from twin.room.model import Command, CommandState

S = CommandState
MAX_CORNERS = 2_000
#: A text of progress is journalled at most so often; the words that move a command on always are.
PROGRESS_NS = NS_PER_S // 5


def moves_for(
    reply: ActuatorReply, command: Command, who: str
) -> tuple[tuple[CommandState, str], ...]:
    """The states, each with its text, that a reply leads through; none if it says nothing new.

    Parameters
    ----------
    command : SENT, ACCEPTED or EXECUTING
    who : name of the actuator
    """
    text = reply.text[:MAX_REASON]
    match reply.status:
        case "accepted":
            return _accepted(command, text, who)
        case "executing":
            return _executing(command, text or f"{who} is at work", who)
        case "done":
            done = f"{who} is done{': ' + text if text else ''}"
            return _executing(command, f"{done}; waiting to see that {command.effect_text}", who)
        case "failed":
            return ((S.FAILED, text or f"{who} failed"),)
        case "rejected":
            state = S.REJECTED if command.state is S.SENT else S.FAILED
            return ((state, text or f"{who} refused it"),)
        case "unknown":  # it had begun: what the city shows decides, for a while
            return _accepted(command, text or f"{who} had begun it", who)
        case "forgotten":
            return ()


def _accepted(command: Command, text: str, who: str) -> tuple[tuple[CommandState, str], ...]:
    return ((S.ACCEPTED, text or f"{who} accepted it"),) if command.state is S.SENT else ()


def _executing(command: Command, text: str, who: str) -> tuple[tuple[CommandState, str], ...]:
    if command.state is S.EXECUTING and command.state_text == text:
        return ()
    return (*_accepted(command, "", who), (S.EXECUTING, text))


def sound_route(reply: ActuatorReply) -> tuple[tuple[float, float, float], ...]:
    """The route that a reply announces; nothing where it is endless or not of this world."""
    is_sound = len(reply.route) <= MAX_CORNERS
    is_sound = is_sound and all(math.isfinite(v) for corner in reply.route for v in corner)
    return reply.route if is_sound else ()


def is_idle_talk(reply: ActuatorReply, command: Command, now_ns: int) -> bool:
    """Whether a reply is one more text of progress right after the last: not worth keeping."""
    is_same_step = reply.status == "executing" and command.state is S.EXECUTING
    return is_same_step and not reply.route and now_ns - command.moved_ns < PROGRESS_NS
