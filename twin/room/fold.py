"""The room as a fold over the journal: hub, consoles, replay and tests run this same code.

Hard-won rules (each guarded in tests/twin/test_room.py):

1. `Room.apply` checks everything before it changes anything: an event that does not fit leaves
   the room as it was.
2. Nothing here asks for the time, random numbers, files or sockets.
3. `Room.state_hash` is kept up as the room changes: a sum of one hash for each part. It must equal
   the hash of a room that was read back from a snapshot.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

from twin.errors import TwinError, WireError
from twin.room.model import Command, CommandRequest, CommandState, Event, Operator
from twin.room.transitions import require_allowed

ACTIVITY_LENGTH = 500
_HASH_BYTES = 16
_MODULUS = 1 << (8 * _HASH_BYTES)


class EventError(TwinError):
    """An event does not fit the room it was given to."""


class _Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "command.submitted"."""

    request: CommandRequest
    operator: Operator
    effect_text: str = ""


class _StateChange(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "command.state" (the hub adds fields of its own, which are not part of the room)."""

    id: str
    state: CommandState
    text: str = ""
    observed: float | None = None


class _Left(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "operator.left"."""

    console_id: str


class _Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A room on the wire: a msgpack map."""

    seq: int
    commands: list[Command]
    activity: list[Event]
    operators: list[Operator]


class Room:
    """Everything that consoles share: commands, who is there, what happened lately.

    Not thread safe: one thread applies and reads (in a console the GUI thread).

    Attributes
    ----------
    seq : last event applied, 0 = none
    commands : by id, in the order they were submitted
    operators : by console id, in the order they joined
    """

    def __init__(self) -> None:
        self.seq = 0
        self.commands: dict[str, Command] = {}
        self.operators: dict[str, Operator] = {}
        self._activity: deque[Event] = deque()
        self._hash_sum = 0

    @property
    def activity(self) -> Sequence[Event]:
        """The last `ACTIVITY_LENGTH` events, newest last."""
        return self._activity

    def apply(self, event: Event) -> frozenset[str]:
        """Move on by one event.

        Returns
        -------
        frozenset of str
            The parts that moved: "commands", "operators", "activity".

        Raises
        ------
        EventError
            The event is not the next one or does not fit; the room is unchanged.
        """
        if event.seq != self.seq + 1:
            raise EventError(f"Event {event.seq} came where event {self.seq + 1} was due")
        changed = self._dispatch(event)
        self._remember(event)
        self.seq = event.seq
        return changed | {"activity"}

    def state_hash(self) -> str:
        """Fingerprint of the whole room, 32 hex digits; equal rooms have equal ones. O(1)."""
        text = f"{self.seq}:{len(self.commands)}:{len(self.operators)}:{self._hash_sum:x}"
        return hashlib.blake2b(text.encode(), digest_size=_HASH_BYTES).hexdigest()

    def to_bytes(self) -> bytes:
        """Picture of the room for a joiner (msgpack)."""
        picture = _Picture(
            seq=self.seq,
            commands=list(self.commands.values()),
            activity=list(self._activity),
            operators=list(self.operators.values()),
        )
        return msgspec.msgpack.encode(picture)

    @classmethod
    def from_bytes(cls, picture: bytes) -> Room:
        """Read a picture back, raises `WireError` if it is none."""
        try:
            read = msgspec.msgpack.decode(picture, type=_Picture)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise WireError(f"The snapshot of the room is not readable: {error}") from error
        room = cls()
        room.seq = read.seq
        for command in read.commands:
            room._set_command(command)
        for operator in read.operators:
            room._add_operator(operator)
        for event in read.activity:
            room._remember(event)
        return room

    # --- one function a kind of event: read the body, check, then change -------------------------

    def _dispatch(self, event: Event) -> frozenset[str]:
        match event.kind:
            case "command.submitted":
                return self._submitted(event)
            case "command.state":
                return self._state_changed(event)
            case "operator.joined":
                return self._joined(event)
            case "operator.left":
                return self._left(event)
            case "hub.started":
                return self._hub_started()
            case _:
                return frozenset()

    def _submitted(self, event: Event) -> frozenset[str]:
        body = _read(event, _Submitted)
        if body.request.id in self.commands:
            raise EventError(f"Command {body.request.id} was submitted before")
        command = Command(
            request=body.request,
            issued_by=body.operator,
            state=CommandState.SUBMITTED,
            effect_text=body.effect_text,
            times_ns={CommandState.SUBMITTED.value: event.t_ns},
        )
        self._set_command(command)
        return frozenset({"commands"})

    def _state_changed(self, event: Event) -> frozenset[str]:
        body = _read(event, _StateChange)
        command = self.commands.get(body.id)
        if command is None:
            raise EventError(f"There is no command {body.id}")
        require_allowed(command.state, body.state)
        times_ns = dict(command.times_ns)
        times_ns.setdefault(body.state.value, event.t_ns)
        self._set_command(
            msgspec.structs.replace(
                command,
                state=body.state,
                state_text=body.text,
                times_ns=times_ns,
                observed=command.observed if body.observed is None else body.observed,
            )
        )
        return frozenset({"commands"})

    def _joined(self, event: Event) -> frozenset[str]:
        operator = _read(event, Operator)
        self._remove_operator(operator.console_id)
        self._add_operator(operator)
        return frozenset({"operators"})

    def _left(self, event: Event) -> frozenset[str]:
        self._remove_operator(_read(event, _Left).console_id)
        return frozenset({"operators"})

    def _hub_started(self) -> frozenset[str]:
        for console_id in tuple(self.operators):
            self._remove_operator(console_id)
        return frozenset({"operators"})

    # --- changes, each with its share of the hash -----------------------

    def _set_command(self, command: Command) -> None:
        old = self.commands.get(command.request.id)
        if old is not None:
            self._hash_sum -= _part_hash("command", old)
        self.commands[command.request.id] = command
        self._add_hash("command", command)

    def _add_operator(self, operator: Operator) -> None:
        self.operators[operator.console_id] = operator
        self._add_hash("operator", operator)

    def _remove_operator(self, console_id: str) -> None:
        operator = self.operators.pop(console_id, None)
        if operator is not None:
            self._hash_sum = (self._hash_sum - _part_hash("operator", operator)) % _MODULUS

    def _remember(self, event: Event) -> None:
        self._activity.append(event)
        self._add_hash("event", event)
        if len(self._activity) > ACTIVITY_LENGTH:
            oldest = self._activity.popleft()
            self._hash_sum = (self._hash_sum - _part_hash("event", oldest)) % _MODULUS

    def _add_hash(self, part: str, value: msgspec.Struct) -> None:
        self._hash_sum = (self._hash_sum + _part_hash(part, value)) % _MODULUS


def _read(event: Event, body_type: type[Any]) -> Any:
    try:
        return msgspec.convert(event.body, body_type)
    except msgspec.ValidationError as error:
        raise EventError(f"Event {event.seq} ({event.kind}) is not readable: {error}") from error


def _part_hash(part: str, value: msgspec.Struct) -> int:
    digest = hashlib.blake2b(
        msgspec.msgpack.encode(value), digest_size=_HASH_BYTES, person=part.encode()
    ).digest()
    return int.from_bytes(digest, "little")
