"""A recording of the facts of a journal, so that it can be replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

from twin.journal.logs import opened_log
from twin.journal.opening import shown
from twin.journal.rows import event_of
from twin.link.control import EventMessage, HubAddresses, HubInfo, Snapshot
from twin.recording.form import RecordingError
from twin.recording.keeping import Keeper
from twin.room.fold import Room
from twin.room.model import Event

_TOLD_EVERY = 5_000


def record_events(
    events: Iterable[Event],
    *,
    epoch: str,
    path: Path,
    scene: str = "",
    city: str = "",
    told: Callable[[int], None] = lambda _: None,
) -> int:
    """Write a recording that holds these facts, each at the hub's own time; how many.

    Parameters
    ----------
    events : in sequence, from the first of the journal on
    told : called now and then with the number so far

    Raises
    ------
    RecordingError, EventError
        The file cannot be written; an event does not follow from those before.
    """
    keeper = Keeper(path, city=city, with_sync=False)
    n = 0
    try:
        for event in events:
            if n == 0:
                _begin(keeper, epoch=epoch, scene=scene, t_ns=event.t_ns)
            keeper.take_fact(EventMessage(epoch=epoch, event=event), event.t_ns)
            n += 1
            if n % _TOLD_EVERY == 0:
                told(n)
    finally:
        keeper.close()
    return n


def _begin(keeper: Keeper, *, epoch: str, scene: str, t_ns: int) -> None:
    nowhere = HubAddresses(control="", events="", samples_in="", samples_out="")
    info = HubInfo(epoch=epoch, scene=scene, version="", seq=0, addresses=nowhere)
    keeper.take_fact(info, t_ns)
    keeper.take_fact(Snapshot(epoch=epoch, seq=0, room=Room().to_bytes()), t_ns)


def record_journal(
    where: str | Path, path: Path, *, city: str = "", told: Callable[[int], None] = lambda _: None
) -> int:
    """Write a recording of all facts of a journal; how many.

    Raises
    ------
    TwinError
        The journal cannot be read or does not reach back to its first fact, or the file cannot be
        written.
    """
    with opened_log(where) as log:
        events = (event_of(row) for row in log.rows)
        first = next(events, None)
        if first is None:
            raise RecordingError(f"The journal is empty: {shown(where)}")
        if first.seq != 1:
            raise RecordingError(
                f"The journal begins with fact {first.seq:,}; its oldest were dropped, and a replay"
                f" needs them all: {shown(where)}"
            )
        return record_events(
            chain([first], events), epoch=log.epoch, path=path, city=city, told=told
        )
