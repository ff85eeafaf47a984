"""What one round of the hub's loop gathers before its commit, and the counters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from twin.hub.requests import Asked, Request, StepResult
from twin.link.control import (
    ActuatorReply,
    FromHub,
    GetEvents,
    GetSnapshot,
    MayI,
    Ping,
    Refused,
    Submit,
)
from twin.room.model import Event

#: What is answered after the commit, from the room as it then is.
Query: TypeAlias = Ping | GetSnapshot | GetEvents | MayI


@dataclass(slots=True)
class HubCounts:
    """What the control socket saw.

    ``unwelcome``: messages of peers whose key was revoked or who name themselves.
    """

    requests: int = 0
    unwelcome: int = 0
    malformed: int = 0
    commits: int = 0
    failed_commits: int = 0


@dataclass(slots=True)
class Round:
    """Steps taken, and what has to be answered after the commit, by the peer's identity."""

    steps: list[tuple[Request, StepResult]] = field(default_factory=list)
    queries: list[tuple[bytes, Query]] = field(default_factory=list)
    replies: list[tuple[bytes, FromHub]] = field(default_factory=list)

    def events(self) -> list[Event]:
        """Everything that has to be committed."""
        return [event for _, result in self.steps for event in result.events]


def refusal(request: Asked, text: str, *, is_final: bool) -> tuple[bytes, Refused]:
    """Who gets which refusal."""
    message = request.message
    if isinstance(message, Submit):
        key = message.request.id
    else:
        key = message.command_id if isinstance(message, ActuatorReply) else message.id
    return bytes.fromhex(request.session), Refused(id=key, text=text, is_final=is_final)
