"""A console that watches a hub and remembers, for looking back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.twin.session_city import small_city
from twin.clock import SystemClock
from twin.link.client import HubClient
from twin.playback.cursor_clock import CursorClock
from twin.playback.live_memory import LiveMemory
from twin.playback.time_machine import TimeMachine
from twin.room.model import Operator
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.session import TwinSession

BEN = Operator(name="Ben", department="fire", console_id="ben")


def session_of(clock: CursorClock, hub: object, tap: object = None) -> TwinSession:
    store = ObservationStore(capacity=100, history=50, clock=clock)
    units = UnitStore(capacity=10, history=16, clock=clock)
    return TwinSession(
        city=small_city(), clock=clock, observations=store, units=units, hub=hub,  # type: ignore[arg-type]
        ingest=SampleIngest(
            endpoint="", store=store, units=units, clock=clock.real, tap=tap,  # type: ignore[arg-type]
        ),
    )  # fmt: skip


class Watching:
    """A live console at a hub that can look back."""

    def __init__(self, control: str, folder: Path) -> None:
        self.clock = CursorClock(SystemClock())
        self.memory = LiveMemory(self.clock.real)
        self.live = HubClient(
            endpoint=control, operator=BEN, outbox_path=folder / "ben.sqlite",
            clock=self.clock.real, tap=self.memory.take_fact,
        )  # fmt: skip
        self.session = session_of(self.clock, self.live, self.memory.take_samples)
        self.machine = TimeMachine(session=self.session, tape=self.memory.ring, clock=self.clock)
        self.live.start()

    def notes(self) -> list[str]:
        self.session.poll()
        return [e.body["text"] for e in self.session.hub.room.activity if e.kind == "note.added"]


@contextlib.contextmanager
def watching(control: str, folder: Path) -> Iterator[Watching]:
    console_ = Watching(control, folder)
    try:
        yield console_
    finally:
        console_.session.hub.close()
