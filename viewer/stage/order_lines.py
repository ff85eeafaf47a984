"""What was ordered lately in a room, as short lines for whoever looks on."""

from __future__ import annotations

from twin.clock import NS_PER_S
from twin.room.fold import Room
from twin.room.model import TERMINAL_STATES, Command, CommandState
from twin.room.parts.commands import Commands
from widgets.parts.caption_art import OrderLine
from widgets.parts.command_words import STATE_WORDS, request_phrase

MOST = 5
#: What is over is shown so long, hub time.
LINGER_S = 12.0
_MARKS = {CommandState.VERIFIED: "✓", CommandState.AWAITING_APPROVAL: "?"}


def order_lines(room: Room, now_ns: int, linger_s: float = LINGER_S) -> tuple[OrderLine, ...]:
    """Commands under way and those that ended within the last while, the newest last."""
    recent = [
        command
        for command in room[Commands].by_id.values()
        if command.state not in TERMINAL_STATES
        or now_ns - command.times_ns.get(command.state, 0) < linger_s * NS_PER_S
    ]
    return tuple(_line(command) for command in recent[-MOST:])


def _line(command: Command) -> OrderLine:
    state = command.state
    is_bad = state in TERMINAL_STATES and state is not CommandState.VERIFIED
    mark = "✕" if is_bad else _MARKS.get(state, "…")
    word = STATE_WORDS.get(state, state.title())
    return OrderLine(mark, f"{request_phrase(command.request)}  ·  {word.lower()}", is_bad)
