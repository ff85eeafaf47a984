"""What a console needs of its link to a hub, whether it is live or shows the past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from twin.link.control import Act, Cancel, HubInfo, Note, Refused
from twin.link.permission import Permission
from twin.link.presence import PresenceState
from twin.link.presences import Presences
from twin.link.status import LinkStatus
from twin.room.fold import Room
from twin.room.model import CommandRequest, Operator

#: What a console asks of its hub, and what it shows to the others.
Given: TypeAlias = CommandRequest | Cancel | Act | Note | PresenceState


class HubLink(Protocol):
    """See `twin.link.client.HubClient`, the live one, for what each does."""

    @property
    def room(self) -> Room:
        """The room that is shown."""

    @property
    def operator(self) -> Operator:
        """Who sits here."""

    @property
    def presences(self) -> Presences:
        """What the others show of themselves."""

    @property
    def pending(self) -> Sequence[CommandRequest]:
        """Commands given but not yet in the room."""

    @property
    def pending_acts(self) -> Sequence[Act]:
        """Acts given but not yet answered."""

    @property
    def is_drill(self) -> bool:
        """Whether nothing of this room is real."""

    @property
    def joined_seq(self) -> int:
        """Event after which this console came in, 0 before the first picture of the room."""

    @property
    def refusals(self) -> Sequence[Refused]:
        """The last requests that were refused, newest last."""

    def start(self) -> None:
        """Begin."""

    def close(self) -> None:
        """End."""

    def poll(self) -> frozenset[str]:
        """Apply what came since the last call; what moved."""

    def submit(self, request: CommandRequest) -> None:
        """Give a command."""

    def cancel(self, command_id: str) -> None:
        """Ask to cancel a command."""

    def act(self, kind: str, body: dict[str, Any]) -> str:
        """Ask for anything else that becomes a fact; the id of the request."""

    def may(self, action: str, about: str = "") -> Permission | None:
        """What the hub would say to a request of this operator, None while nobody knows."""

    def show(self, state: PresenceState) -> None:
        """Show this of the operator to the others."""

    def add_note(self, text: str) -> None:
        """Add a line to everybody's activity list."""

    def status(self) -> LinkStatus:
        """How the link is."""

    def hub_info(self) -> HubInfo | None:
        """What the hub said of itself, None before the first welcome."""
