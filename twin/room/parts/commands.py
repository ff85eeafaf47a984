"""Commands: what was asked, who approved it, where it stands.

The room keeps every command that is not over and the last `FINISHED_KEPT` that are, so that it
stays small however long the journal grows; older ones are in the journal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec

from twin.commands.base import Effect
from twin.room.errors import EventError
from twin.room.model import (
    TERMINAL_STATES,
    Approval,
    Baseline,
    BlockedBy,
    Command,
    CommandRequest,
    CommandState,
    Event,
    Grant,
    Operator,
)
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body
from twin.room.transitions import require_allowed

FINISHED_KEPT = 1_000


class _Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "command.submitted"."""

    request: CommandRequest
    operator: Operator
    effect_text: str = ""
    effect: Effect | None = None
    level: int = 1


class _StateChange(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "command.state"."""

    id: str
    state: CommandState
    text: str = ""
    observed: float | None = None
    approval: Approval | None = None
    actuator: str = ""
    baseline: Baseline | None = None
    route: tuple[tuple[float, float, float], ...] = ()
    lease_token: int = 0
    has_failed: bool = False
    interlocks: tuple[BlockedBy, ...] = ()


class _Granted(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "command.granted"."""

    id: str
    grant: Grant


class Commands(Part):
    """Commands by id, in the order they were submitted."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("command", Command, lambda entry: entry.request.id)
        self._open: dict[str, None] = {}
        self._finished: deque[str] = deque()

    @property
    def open(self) -> tuple[Command, ...]:
        """Commands that are not over, in the order they were submitted."""
        return tuple(self.by_id.entries[command_id] for command_id in self._open)

    def on_target(self, target_id: str) -> Command | None:
        """The command that keeps a target busy: sent or about to be; None if it is free."""
        found = (c for c in self.open if c.request.target_id == target_id and c.occupies)
        return next(found, None)

    def handlers(self) -> Mapping[str, Handler]:
        """Submitting, moving on, and each yes."""
        return {
            "command.submitted": self._submitted,
            "command.state": self._moved,
            "command.granted": self._granted,
        }

    def loaded(self) -> None:
        """Sort the commands of a picture into open and finished ones."""
        over = [c for c in self.by_id.values() if c.is_terminal]
        self._open = {c.request.id: None for c in self.by_id.values() if not c.is_terminal}
        self._finished = deque(c.request.id for c in sorted(over, key=lambda c: c.ended_seq))

    def _submitted(self, event: Event) -> None:
        body = read_body(event, _Submitted)
        command_id = body.request.id
        if command_id in self.by_id:
            raise EventError(f"Command {command_id} was submitted before")
        command = Command(
            request=body.request,
            issued_by=body.operator,
            state=CommandState.SUBMITTED,
            effect_text=body.effect_text,
            effect=body.effect,
            level=body.level,
            times_ns={CommandState.SUBMITTED.value: event.t_ns},
            moved_ns=event.t_ns,
        )
        self.by_id.put(command)
        self._open[command_id] = None

    def _moved(self, event: Event) -> None:
        body = read_body(event, _StateChange)
        command = self._require(body.id)
        require_allowed(command.state, body.state)
        command = msgspec.structs.replace(command, **_changes(command, body, event))
        self.by_id.put(command)
        if command.is_terminal:
            self._finish(body.id)

    def _granted(self, event: Event) -> None:
        body = read_body(event, _Granted)
        command = self._require(body.id)
        if command.approval is None or command.state is not CommandState.AWAITING_APPROVAL:
            raise EventError(f"Command {body.id} waits for nobody's approval")
        approval = msgspec.structs.replace(
            command.approval, grants=(*command.approval.grants, body.grant)
        )
        self.by_id.put(msgspec.structs.replace(command, approval=approval))

    def _finish(self, command_id: str) -> None:
        del self._open[command_id]
        self._finished.append(command_id)
        if len(self._finished) > FINISHED_KEPT:
            self.by_id.drop(self._finished.popleft())

    def _require(self, command_id: str) -> Command:
        command = self.by_id.get(command_id)
        if command is None:
            raise EventError(f"There is no command {command_id}")
        return command


def _changes(command: Command, body: _StateChange, event: Event) -> dict[str, Any]:
    first_ns = command.times_ns.get(body.state.value, event.t_ns)
    changes: dict[str, Any] = {
        "state": body.state,
        "state_text": body.text,
        "times_ns": {**command.times_ns, body.state.value: first_ns},
        "moved_ns": event.t_ns,
        "interlocks": body.interlocks,
    }
    if body.state is CommandState.SENT:
        changes |= {"n_sent": command.n_sent + 1, "sent_ns": event.t_ns}
        if body.has_failed:
            changes["n_failed"] = command.n_failed + 1
    told = {
        "observed": body.observed, "approval": body.approval, "baseline": body.baseline,
        "actuator": body.actuator or None, "route": body.route or None,
        "lease_token": body.lease_token or None,
    }  # fmt: skip
    changes |= {name: value for name, value in told.items() if value is not None}
    if body.state in TERMINAL_STATES:
        changes["ended_seq"] = event.seq
    return changes


PART = PartType(id="commands", make=Commands)
