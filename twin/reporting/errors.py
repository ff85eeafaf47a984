"""What can keep a report from being made."""

from __future__ import annotations

from twin.errors import TwinError


class ReportError(TwinError):
    """A report cannot be made, or not written."""
