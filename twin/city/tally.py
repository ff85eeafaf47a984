"""Counts the odd things met while reading, so that a file gives one warning a kind."""

from __future__ import annotations

from twin.city.asset import ReadWarning


class Tally:
    """Collects warnings of one reading; one thread."""

    def __init__(self) -> None:
        self._messages: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def add(self, kind: str, message: str, count: int = 1) -> None:
        """Count `count` more of `kind`; the first message of a kind is kept."""
        if count <= 0:
            return
        self._messages.setdefault(kind, message)
        self._counts[kind] = self._counts.get(kind, 0) + count

    def count(self, kind: str) -> int:
        """How many of a kind so far."""
        return self._counts.get(kind, 0)

    def warnings(self) -> tuple[ReadWarning, ...]:
        """One warning a kind, in the order in which the kinds were met."""
        return tuple(
            ReadWarning(kind, message, self._counts[kind])
            for kind, message in self._messages.items()
        )
