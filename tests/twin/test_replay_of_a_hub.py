"""A real hub, a real simulator, a real recorder: the replay is the hub's room at every moment."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from tests.twin.sim_recording import RecordedRun, recorded_run
from twin.clock import SystemClock
from twin.journal.sqlite import SqliteJournal
from twin.playback.replay import Replay
from twin.recording.reading import Recording
from twin.room.fold import Room
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

N_MOMENTS = 50
CLOCK = SystemClock()


def test_fifty_moments_have_the_hubs_state_hash(tmp_path: Path) -> None:
    run: RecordedRun = recorded_run(tmp_path)
    hashes = hashes_of(run.journal)
    recording = Recording(run.path)
    assert recording.is_whole
    store = ObservationStore(capacity=2_000, history=64, clock=CLOCK)
    units = UnitStore(capacity=200, history=16, clock=CLOCK)
    ingest = SampleIngest(endpoint="", store=store, units=units, clock=CLOCK)
    replay = Replay(recording, clock=CLOCK, samples=ingest)
    rng = random.Random(50)
    seen = set()
    for _ in range(N_MOMENTS):
        replay.seek(rng.randrange(recording.start_ns, recording.end_ns))
        assert not replay.trouble
        assert replay.room.state_hash() == hashes[replay.room.seq]
        seen.add(replay.room.seq)
    assert len(seen) > 5
    assert max(seen) - min(seen) > 10
    replay.seek(recording.end_ns)
    assert store.snapshot().n_slots > 100
    assert np.isfinite(store.snapshot().values).mean() > 0.5
    assert len(units.units) > 5
    recording.close()


def hashes_of(journal: Path) -> dict[int, str]:
    """State hash after each event of a journal."""
    room, hashes = Room(), {0: Room().state_hash()}
    opened = SqliteJournal(journal)
    for event in opened.events():
        room.apply(event)
        hashes[event.seq] = room.state_hash()
    opened.close()
    return hashes
