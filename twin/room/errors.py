"""What goes wrong in a fold."""

from __future__ import annotations

from twin.errors import TwinError


class EventError(TwinError):
    """An event does not fit the room it was given to."""
