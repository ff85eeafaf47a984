"""Events as rows: their text and their chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from twin.journal.base import JournalError, Saved
from twin.journal.verify import FORM, chain_of
from twin.room.model import Event

Row: TypeAlias = tuple[int, int, str, str, str, str, int, bytes]
"""seq, t_ns, kind, actor, body, key, form, chain"""


def require_next(events: Sequence[Event], last_seq: int) -> None:
    """Raise `JournalError` unless the events follow on from `last_seq` without a gap."""
    for expected, event in enumerate(events, last_seq + 1):
        if event.seq != expected:
            raise JournalError(f"Event {event.seq} was to be stored where {expected} is due")


def require_kept(saved: Saved, first_seq: int, last_seq: int) -> None:
    """Raise `JournalError` unless a picture belongs to an event that is in the journal."""
    if not max(first_seq, 1) <= saved.seq <= last_seq:
        raise JournalError(
            f"There is no event {saved.seq} to keep a picture of the room at;"
            f" the journal holds {first_seq} to {last_seq}"
        )


def rows_of(events: Sequence[Event], chain: bytes) -> list[Row]:
    """Rows that follow a row with this chain value."""
    rows: list[Row] = []
    for event in events:
        body = msgspec.json.encode(event.body).decode()
        fields = (event.seq, event.t_ns, event.kind, event.actor, body, event.key)
        chain = chain_of(chain, *fields)
        rows.append((*fields, FORM, chain))
    return rows


def event_of(row: Row) -> Event:
    """The event of a row, raises `JournalError` if its body is not JSON."""
    seq, t_ns, kind, actor, body, key, _, _ = row
    try:
        fields = msgspec.json.decode(body, type=dict)
    except msgspec.MsgspecError as error:
        raise JournalError(
            f"Row {seq} of the journal is not readable ({error}); run: civitwin verify-log"
        ) from error
    return Event(seq=seq, t_ns=t_ns, kind=kind, actor=actor, body=fields, key=key)
