"""All verdicts of a journal, also those that the room has forgotten."""

from __future__ import annotations

from pathlib import Path

import msgspec

from twin.journal.base import JournalError
from twin.journal.logs import opened_log
from twin.journal.opening import file_of, is_database
from twin.journal.rows import event_of
from twin.room.parts.verdicts import Verdict


def verdicts_of_journal(where: str | Path) -> tuple[Verdict, ...]:
    """The last verdict on each episode. Reads along while a hub writes.

    Raises
    ------
    JournalError
        There is no journal of this name, or it cannot be read.
    """
    if not is_database(where) and not file_of(where).exists():
        raise JournalError(f"There is no journal of this name: {where}")
    found: dict[str, Verdict] = {}
    with opened_log(where) as log:
        for row in log.rows:
            if row[2] != "verdict.given":
                continue
            verdict = msgspec.convert(event_of(row).body["verdict"], Verdict)
            found[verdict.id] = verdict
    return tuple(found.values())
