"""The command board as data: commands in four lanes by where they stand, filtered, in batches.

No Qt. Made for ten thousand commands: what is told about a command is remembered until the room
holds another record of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twin.room.fold import Room
from twin.room.model import TERMINAL_STATES, Command, CommandState
from twin.room.parts.batches import Batch, Batches
from widgets.parts.command_words import STATE_WORDS, operator_text, request_phrase

S = CommandState
LANES = ("Needs approval", "Queue", "Under way", "Ended")
_LANE_OF: dict[CommandState, int] = {
    S.DRAFT: 0,
    S.SUBMITTED: 0,
    S.AWAITING_APPROVAL: 0,
    S.QUEUED: 1,
    S.RELEASED: 2,
    S.SENT: 2,
    S.ACCEPTED: 2,
    S.EXECUTING: 2,
    **dict.fromkeys(TERMINAL_STATES, 3),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFilter:
    """What is listed.

    Attributes
    ----------
    words : all of them in what is told about a command; lower case
    department : of whoever issued it, "" = all
    type_id : "" = all
    target_id : "" = all
    mine : identity of whoever issued it, "" = everybody
    """

    words: tuple[str, ...] = ()
    department: str = ""
    type_id: str = ""
    target_id: str = ""
    mine: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether everything is listed."""
        return self == BoardFilter()

    def takes(self, command: Command) -> bool:
        """Whether the command fits all but the words."""
        request, by = command.request, command.issued_by
        return (
            (not self.department or by.department == self.department)
            and (not self.type_id or request.type_id == self.type_id)
            and (not self.target_id or request.target_id == self.target_id)
            and (not self.mine or by.identity == self.mine)
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a lane: a command, or a batch with those of its commands that stand there."""

    commands: tuple[Command, ...]
    batch: Batch | None = None

    @property
    def key(self) -> str:
        """Id of the batch, else of the command."""
        return self.batch.id if self.batch else self.commands[0].request.id

    @property
    def first(self) -> Command:
        """The command, or the first of the batch."""
        return self.commands[0]


class Board:
    """Sorts the room's commands into lanes. GUI thread."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[Command, str]] = {}
        self._entries: dict[str, Entry] = {}

    def lanes(self, room: Room, wanted: BoardFilter) -> tuple[list[Entry], ...]:
        """Entries of each lane: open ones by who has waited longest, ended ones newest first."""
        lanes: tuple[list[Command], ...] = ([], [], [], [])
        takes_all = wanted.is_empty
        for command in room.commands.values():
            if takes_all or (wanted.takes(command) and self._has_words(command, wanted.words)):
                lanes[_LANE_OF[command.state]].append(command)
        self._forget(room)
        lanes[3].sort(key=lambda command: -command.ended_seq)
        batches = room[Batches].by_id.entries
        return tuple(self._grouped(lane, batches) for lane in lanes)

    def departments(self, room: Room) -> list[str]:
        """Departments that have issued something."""
        found = {command.issued_by.department for command in room.commands.values()}
        return sorted(found - {""})

    def types(self, room: Room) -> list[str]:
        """Ids of the command types that were issued."""
        return sorted({command.request.type_id for command in room.commands.values()})

    def _has_words(self, command: Command, words: tuple[str, ...]) -> bool:
        if not words:
            return True
        command_id = command.request.id
        known = self._texts.get(command_id)
        if known is None or known[0] is not command:
            known = self._texts[command_id] = (command, _text_of(command))
        text = known[1]
        return all([word in text for word in words])  # noqa: C419 - half the time of a generator

    def _forget(self, room: Room) -> None:
        commands = room.commands
        if len(self._texts) > 2 * len(commands) + 100:
            self._texts = {k: v for k, v in self._texts.items() if k in commands}
        if len(self._entries) > 2 * len(commands) + 100:
            self._entries = {k: v for k, v in self._entries.items() if k in commands}

    def _entry(self, command: Command) -> Entry:
        """The same entry for the same record: lists of them are compared quickly."""
        known = self._entries.get(command.request.id)
        if known is None or known.commands[0] is not command:
            known = self._entries[command.request.id] = Entry((command,))
        return known

    def _grouped(self, lane: list[Command], batches: Mapping[str, Batch]) -> list[Entry]:
        """Commands of a batch are one entry, where the first of them stands."""
        members: dict[str, list[Command]] = {}
        order: list[Entry | str] = []
        for command in lane:
            batch_id = command.request.batch
            if not batch_id or batch_id not in batches:
                order.append(self._entry(command))
            elif batch_id in members:
                members[batch_id].append(command)
            else:
                members[batch_id] = [command]
                order.append(batch_id)
        if not members:
            return [one for one in order if isinstance(one, Entry)]
        return [
            Entry(tuple(members[one]), batches[one]) if isinstance(one, str) else one
            for one in order
        ]


def _text_of(command: Command) -> str:
    request = command.request
    parts: Iterable[str] = (
        request_phrase(request),
        request.target_name,
        request.type_id,
        STATE_WORDS[command.state],
        command.state_text,
        operator_text(command.issued_by),
        request.reason,
    )
    return " ".join(parts).casefold()
