"""What a seat or the stage does beyond the room: windows, weather, faults, the audience."""

from __future__ import annotations

from typing import Any, Protocol


class Hands(Protocol):
    """With a window a seat shows things; the stage moves the city and its audience's view.

    What gives a text gives the id of a request to the hub, "" for none.
    """

    def show_panel(self, panel_id: str) -> None:
        """Bring a panel to the front."""

    def picture(self, name: str) -> None:
        """Take a picture of the window."""

    def follow(self, console_id: str) -> None:
        """Let the view follow somebody's."""

    def fault(self, kind: str, target: str = "") -> str:
        """Break something, e.g. "hub_killed"."""

    def caption(self, **fields: Any) -> str:
        """Let the audience read something."""

    def camera(self, **fields: Any) -> str:
        """Move the audience's view."""

    def highlight(self, things: list[str]) -> str:
        """Let things be seen."""

    def look(self, **fields: Any) -> str:
        """Switch layers, or what the city is coloured by."""

    def weather(self, rain_mm_h: float, seconds: float = 0.0) -> str:
        """Let it rain."""

    def inject(self, datastream: str, shape: str, by: float = 0.0, seconds: float = 0.0) -> str:
        """Add to what is observed."""

    def is_audience_ready(self, text: str) -> bool:
        """Whether the audience has said that it may go on; shows `text` until then."""


class NoHands:
    """A seat without a window: none of it shows anything."""

    def show_panel(self, panel_id: str) -> None:
        """Do nothing."""

    def picture(self, name: str) -> None:
        """Do nothing."""

    def follow(self, console_id: str) -> None:
        """Do nothing."""

    def fault(self, kind: str, target: str = "") -> str:  # noqa: ARG002
        """Do nothing."""
        return ""

    def caption(self, **fields: Any) -> str:  # noqa: ARG002
        """Do nothing."""
        return ""

    def camera(self, **fields: Any) -> str:  # noqa: ARG002
        """Do nothing."""
        return ""

    def highlight(self, things: list[str]) -> str:  # noqa: ARG002
        """Do nothing."""
        return ""

    def look(self, **fields: Any) -> str:  # noqa: ARG002
        """Do nothing."""
        return ""

    def weather(self, rain_mm_h: float, seconds: float = 0.0) -> str:  # noqa: ARG002
        """Do nothing."""
        return ""

    def inject(self, datastream: str, shape: str, by: float = 0.0, seconds: float = 0.0) -> str:  # noqa: ARG002
        """Do nothing."""
        return ""

    def is_audience_ready(self, text: str) -> bool:  # noqa: ARG002
        """Nobody looks on."""
        return True
