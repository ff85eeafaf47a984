"""The other end of a command: a process that makes the city do something."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twin.clock import Clock
from twin.link.control import HubInfo
from twin.room.model import CommandRequest


class Reply:
    """How an actuator answers one command. Any thread."""

    def accepted(self, text: str = "") -> None:
        """It will be tried."""
        raise NotImplementedError

    def rejected(self, text: str) -> None:
        """It will not be tried, and why."""
        raise NotImplementedError

    def executing(self, text: str = "") -> None:
        """It is under way."""
        raise NotImplementedError

    def done(self, text: str = "") -> None:
        """The actuator is through; the effect still has to be observed."""
        raise NotImplementedError

    def failed(self, text: str) -> None:
        """It was tried and did not work, and why."""
        raise NotImplementedError


class ActuatorClient:
    """Serves assets of a hub with a thread of its own; reconnects for ever.

    ``on_command`` and ``on_cancel`` are called on that thread and must return at once.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        name: str,
        asset_ids: Sequence[str],
        on_command: Callable[[CommandRequest, Reply], None],
        clock: Clock,
        on_cancel: Callable[[str], None] | None = None,
    ) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Start the thread."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop the thread. Twice is fine."""
        raise NotImplementedError

    def hub_info(self) -> HubInfo | None:
        """What the hub said of itself (``addresses.samples_in`` …), None before the welcome."""
        raise NotImplementedError
