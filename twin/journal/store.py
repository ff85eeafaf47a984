"""What holds the rows of a journal; the chain over them is `twin.journal.chained`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from twin.journal.base import Saved
from twin.journal.rows import Row
from twin.journal.verify import Seal


class Store(Protocol):
    """Tables as docs/journal.md states them. Every method may raise `JournalError`. One thread."""

    @property
    def place(self) -> str:
        """Where it is, for messages."""

    @property
    def epoch(self) -> str:
        """Id of the history."""

    def head(self) -> tuple[int, bytes]:
        """Number and chain value of the newest row, as the journal remembers them."""

    def rows(self, after: int = 0, limit: int = -1) -> Iterator[Row]:
        """Rows after a number, in order, at most `limit` (-1 = all)."""

    def find(self, key: str) -> Row | None:
        """The first row with this key, which is not ""."""

    def seals(self, kind: str = "") -> Iterator[Seal]:
        """Seals of a kind ("" = all), newest first."""

    def picture(self, seq: int) -> tuple[str, bytes] | None:
        """State hash and room of the snapshot at a row."""

    def write(self, rows: Sequence[Row], seal: Seal | None) -> None:
        """Add rows and move the head, in one transaction."""

    def write_seal(self, seal: Seal) -> None:
        """Add or replace a seal."""

    def write_picture(self, saved: Saved, seal: Seal, forgotten: Sequence[int]) -> None:
        """Add a snapshot and remove others, in one transaction."""

    def cut(self, seal: Seal) -> None:
        """Drop all rows up to the seal's with the seals and snapshots before it; keep the seal."""

    def keep(self, now_ns: int) -> None:
        """What is due besides checkpoints: renew a lease, wake followers."""

    def probe(self) -> None:
        """Write something that is no row."""

    def close(self) -> None:
        """Let go. Twice is fine."""
