"""The hub's disk in the simulation: it can be full; power can go before or after a commit."""

from __future__ import annotations

from collections.abc import Sequence

from tests.twin.simulation.world import World
from twin.journal.base import JournalError, Saved
from twin.journal.memory import MemoryJournal
from twin.room.model import Event

#: A full disk is also met between commits, by what a journal writes of its own accord.
_TICK_FAILS = 0.1


class PowerCut(Exception):
    """The hub's process is gone."""


class SimDisk(MemoryJournal):
    """A journal that outlives its hub.

    Attributes
    ----------
    is_full : nothing can be stored just now
    committed_at : world time at which each event was stored, by its number
    n_refused : commits that failed because the disk was full
    """

    def __init__(self, world: World) -> None:
        super().__init__("epoch")
        self.is_full = False
        self.committed_at: dict[int, int] = {}
        self.n_refused = 0
        self._world = world
        self._cut_chance = world.rng.choice((0.0, 0.005, 0.03))

    def fill(self, *, is_full: bool) -> None:
        """Nothing can be stored from now on, or everything again."""
        self.is_full = is_full

    def append(self, events: Sequence[Event], /) -> None:
        """Keep events; the power may go before or after."""
        if not events:
            return
        self._perhaps_cut()
        if self.is_full:
            self.n_refused += 1
        self.probe()
        super().append(events)
        for event in events:
            self.committed_at[event.seq] = self._world.now
        self._perhaps_cut()

    def save_snapshot(self, saved: Saved, /) -> None:
        """Keep a picture of the room."""
        self.probe()
        super().save_snapshot(saved)

    def tick(self, now_ns: int, /) -> None:
        """Write something of our own now and then."""
        if self.is_full and self._world.rng.random() < _TICK_FAILS:
            self.probe()

    def probe(self) -> None:
        """Whether something can be stored."""
        if self.is_full:
            raise JournalError("The disk is full")

    def _perhaps_cut(self) -> None:
        if self._world.happens(self._cut_chance):
            raise PowerCut
