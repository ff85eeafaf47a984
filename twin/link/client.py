"""A console's link to the hub: commands out, the room in, recovery from everything by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twin.clock import Clock
from twin.link.control import HubInfo, Refused
from twin.link.status import LinkStatus
from twin.room.fold import Room
from twin.room.model import CommandRequest, Operator


class HubClient:
    """Client of one hub with a thread of its own; reconnects for ever.

    Attributes
    ----------
    room : Room
        Touched only by `poll`, on the caller's thread.
    pending : commands waiting to be acknowledged (shown as "waiting for the hub")
    refusals : the last refusals, newest last; refused requests left no trace in the room
    """

    room: Room
    pending: Sequence[CommandRequest]
    refusals: Sequence[Refused]

    def __init__(
        self, *, endpoint: str, operator: Operator, outbox_path: Path, clock: Clock
    ) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Start the thread."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop the thread and close sockets and outbox. Twice is fine."""
        raise NotImplementedError

    def poll(self) -> frozenset[str]:
        """Apply what came; names of what moved: "commands", "activity", "operators", "pending",
        "refusals", "link".
        """
        raise NotImplementedError

    def submit(self, request: CommandRequest) -> None:
        """Keep a command in the outbox and send it until the hub has it."""
        raise NotImplementedError

    def cancel(self, command_id: str) -> None:
        """Ask to cancel a command."""
        raise NotImplementedError

    def add_note(self, text: str) -> None:
        """Add a line to everybody's activity list."""
        raise NotImplementedError

    def status(self) -> LinkStatus:
        """How the link is. Any thread."""
        raise NotImplementedError

    def hub_info(self) -> HubInfo | None:
        """What the hub said of itself, None before the first welcome. Any thread."""
        raise NotImplementedError
