"""What every journal can do, whatever holds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from twin.errors import TwinError
from twin.room.model import Event


class JournalError(TwinError):
    """The journal cannot be opened, read or written."""


class JournalLostError(JournalError):
    """Another hub took over: the process is not the writer any more and must step down."""


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """The room as it was after event `seq`: a start reads on from there.

    Attributes
    ----------
    state_hash : `twin.room.fold.Room.state_hash` at that moment
    room : `twin.room.fold.Room.to_bytes` at that moment
    """

    seq: int
    state_hash: str
    room: bytes


class Signer(Protocol):
    """The hub's key, as far as the journal needs it."""

    @property
    def public_key(self) -> bytes:
        """Ed25519, 32 bytes."""

    def sign(self, message: bytes, /) -> bytes:
        """Ed25519 signature, 64 bytes."""


class Journal(Protocol):
    """One journal, opened for writing by its only writer. One thread."""

    @property
    def epoch(self) -> str:
        """Id of this history, made once."""

    @property
    def last_seq(self) -> int:
        """The newest event, 0 = none yet."""

    @property
    def first_seq(self) -> int:
        """The oldest event still kept; 1 unless retention dropped some."""

    def append(self, events: Sequence[Event], /) -> None:
        """Commit events for good, all or none; they follow `last_seq` without a gap.

        Raises
        ------
        JournalError
            Nothing was stored; the same events may be given again once `probe` succeeds.
        JournalLostError
            Another hub is the writer now.
        """

    def events(self, from_seq: int = 1, limit: int = -1) -> Iterator[Event]:
        """The events from `from_seq` on that are still kept, at most `limit` (-1 = all)."""

    def lookup(self, key: str, /) -> Event | None:
        """The first event that carries this idempotency key; "" finds nothing."""

    def save_snapshot(self, saved: Saved, /) -> None:
        """Keep a picture of the room at an event that is in the journal; raises `JournalError`."""

    def latest_snapshot(self) -> Saved | None:
        """The newest picture that is as it was saved."""

    def tick(self, now_ns: int, /) -> None:
        """Do what is due by now: sign a checkpoint, keep the writer's lease. Ten times a second.

        Raises
        ------
        JournalError
            It cannot be written.
        JournalLostError
            Another hub is the writer now.
        """

    def probe(self) -> None:
        """Write something that is no event, raises `JournalError` if that is not possible."""

    def close(self) -> None:
        """Let go of it, so that another may write. Twice is fine."""
