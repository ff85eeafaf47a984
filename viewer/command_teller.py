"""Tells the operator what becomes of their own commands, in one sentence each."""

from __future__ import annotations

from collections.abc import Callable

from twin.room.model import Command, CommandState, Operator
from twin.room.parts.commands import Commands
from twin.session import TwinSession
from widgets.parts.approval_words import grants_text, wanted_text
from widgets.parts.command_words import (
    STATE_WORDS,
    observed_text,
    past_phrase,
    request_phrase,
)
from widgets.parts.wording import count_text
from widgets.shape_mark import Level

Say = Callable[[str, Level], object]
S = CommandState
_BAD = {S.REJECTED, S.DENIED, S.EXPIRED, S.FAILED, S.TIMED_OUT, S.UNKNOWN}
_TOLD = _BAD | {S.VERIFIED, S.CANCELLED, S.AWAITING_APPROVAL}


class CommandTeller:
    """Compares the operator's own commands with what was told before. GUI thread."""

    def __init__(self, session: TwinSession, say: Say) -> None:
        self._session = session
        self._say = say
        self._known: dict[str, CommandState] = {}
        self._n_refusals = 0
        self._has_begun = False

    def step(self, me: Operator) -> None:
        """Tell what has changed; several changes at once are one sentence."""
        told = self._changes(me)
        if not self._has_begun:  # what was so before this console came is no news
            self._has_begun = bool(self._session.hub.room.seq)
            return
        if len(told) == 1:
            self._say(*told[0])
        elif told:
            worst: Level = "alarm" if any(level == "alarm" for _, level in told) else "calm"
            first = next(text for text, level in told if level == worst)
            self._say(f"{first} – and {count_text(len(told) - 1, 'more change')}", worst)

    def tell_refusals(self) -> None:
        """Say what the hub refused without a trace."""
        refusals = self._session.hub.refusals
        if refusals:
            self._say(f"The hub refused: {refusals[-1].text}", "alarm")

    def _changes(self, me: Operator) -> list[tuple[str, Level]]:
        room = self._session.hub.room
        told: list[tuple[str, Level]] = []
        for command_id, before in tuple(self._known.items()):
            command = room.commands.get(command_id)
            if command is None or command.is_terminal:
                del self._known[command_id]
            if command is not None and command.state is not before:
                told += self._told_of(command, before)
        for command in room[Commands].open:
            if command.issued_by.identity != me.identity:
                continue
            command_id, state = command.request.id, command.state
            if command_id not in self._known and state in _TOLD:
                told += self._told_of(command, S.SUBMITTED)
            self._known[command_id] = state
        return told

    def _told_of(self, command: Command, before: CommandState) -> list[tuple[str, Level]]:
        sentence = told_sentence(self._session, command, before)
        level: Level = "calm"
        if command.state in _BAD:
            level = "alarm"
        elif command.state is S.AWAITING_APPROVAL:
            level = "notice"
        return [(sentence, level)] if sentence else []


def told_sentence(session: TwinSession, command: Command, before: CommandState) -> str:
    """What became of a command; "" for a step that is not worth a sentence."""
    state, approval = command.state, command.approval
    what = request_phrase(command.request)
    if state is S.VERIFIED:
        seen = observed_text(session, command)
        past = past_phrase(command.request)
        return f"{past[:1].upper()}{past[1:]}" + (f": {seen}" if seen else "")
    if state is S.AWAITING_APPROVAL and approval is not None:
        return f"{what} waits for {wanted_text(approval)}"
    if before is S.AWAITING_APPROVAL and state not in _BAD and state is not S.CANCELLED:
        who = grants_text(approval) if approval is not None else ""
        return f"{what} was approved by {who}" if who else f"{what}: {command.state_text}"
    if state in _TOLD:
        reason = f": {command.state_text}" if command.state_text else ""
        return f"{what} {STATE_WORDS[state].lower()}{reason}"
    return ""
