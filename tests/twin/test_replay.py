"""The replay engine: any moment of a recording, as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.twin import recordings
from tests.twin.recordings import START_NS
from twin.clock import NS_PER_S, SystemClock
from twin.link.wire import encode_announcement, encode_batch
from twin.playback.replay import Replay
from twin.playback.tape import RingTape
from twin.recording.keeping import Keeper
from twin.recording.reading import Recording
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

N = 120
CLOCK = SystemClock()


def at(seconds: float) -> int:
    return START_NS + round(seconds * NS_PER_S)


class Shown:
    """The stores of a console, and a replay that drives them."""

    def __init__(self, path: Path) -> None:
        self.store = ObservationStore(capacity=100, history=50, clock=CLOCK)
        self.units = UnitStore(capacity=10, history=16, clock=CLOCK)
        self.ingest = SampleIngest(endpoint="", store=self.store, units=self.units, clock=CLOCK)
        self.recording = Recording(path)
        self.replay = Replay(self.recording, clock=CLOCK, samples=self.ingest)

    def value(self, name: str = "g1/water_level") -> float:
        slot = self.store.slot_of(name)
        return float(self.store.snapshot().values[slot]) if slot >= 0 else np.nan


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    path = tmp_path_factory.mktemp("replay") / "a.mcap"
    return path, recordings.record(path, n_seconds=N)


@pytest.fixture
def shown(recorded: tuple[Path, list[str]]) -> Iterator[Shown]:
    shown = Shown(recorded[0])
    yield shown
    shown.recording.close()


def test_any_moment_has_the_room_and_the_values_it_had(
    shown: Shown, recorded: tuple[Path, list[str]]
) -> None:
    rng = random.Random(4)
    for _ in range(50):
        second = rng.randrange(1, N + 1)
        shown.replay.seek(at(second + rng.random() * 0.9))
        assert shown.replay.room.state_hash() == recorded[1][second]
        assert shown.replay.room.seq == second
        assert shown.value() == pytest.approx(2 * second + 0.1)
        slot = shown.units.slot_of("bus-1")
        assert shown.units.last_seen_ns(slot) == at(second)
        assert not shown.replay.trouble


def test_playing_on_gives_the_same_as_seeking(
    shown: Shown, recorded: tuple[Path, list[str]]
) -> None:
    shown.replay.seek(at(3))
    shown.replay.take_changed()
    for second in (4, 10, 31, 90, N):
        assert shown.replay.advance(at(second), budget_ns=None) == at(second)
        assert shown.replay.room.state_hash() == recorded[1][second]
        assert shown.value() == pytest.approx(2 * second + 0.1)
    assert "activity" in shown.replay.take_changed()
    assert shown.replay.take_changed() == frozenset()


def test_a_tick_has_a_budget(shown: Shown) -> None:
    shown.replay.seek(at(1))
    reached = shown.replay.advance(at(N), budget_ns=0)
    assert at(1) < reached < at(N)
    assert shown.replay.advance(at(N), budget_ns=None) == at(N)


def test_steps_go_from_fact_to_fact(shown: Shown) -> None:
    shown.replay.seek(at(10.5))
    assert shown.replay.step(1) == at(11)
    assert shown.replay.step(1) == at(12)
    assert shown.replay.step(-1) == at(11)
    shown.replay.seek(at(N))
    assert shown.replay.step(1) == at(N)


def test_a_restarted_source_is_followed_both_ways(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "a.mcap", with_sync=False)
    first, second_ = recordings.announcement(2), recordings.announcement(2)
    streams = second_.datastreams
    swapped = (
        msgspec.structs.replace(streams[0], index=1),
        msgspec.structs.replace(streams[1], index=0),
    )
    second_ = msgspec.structs.replace(second_, epoch="e2", datastreams=swapped)
    for second, said in ((0, first), (5, first), (50, second_), (55, second_)):
        keeper.take_samples(encode_announcement(said), at(second))
        epoch = said.epoch
        frames = encode_batch(
            "town", epoch, second, np.array([0, 1], np.uint32), np.array([at(second)] * 2),
            np.array([10.0, 20.0]), np.zeros(2, np.uint8), at(second),
        )  # fmt: skip
        keeper.take_samples(frames, at(second))
    keeper.close()
    shown = Shown(tmp_path / "a.mcap")
    for second, expected in ((52, 10.0), (3, 20.0), (57, 10.0), (6, 20.0)):
        shown.replay.seek(at(second))
        assert shown.value() == expected, second
    shown.replay.advance(at(60), budget_ns=None)
    assert shown.value() == 10.0
    shown.recording.close()


def test_moments_outside_are_the_nearest_there_is(shown: Shown) -> None:
    shown.replay.seek(at(10_000))
    assert shown.replay.t_ns == at(N)
    shown.replay.seek(0)
    assert shown.replay.t_ns == START_NS
    assert shown.replay.room.seq == 0
    assert np.isnan(shown.value())


def test_plots_have_the_past_of_the_moment(shown: Shown) -> None:
    shown.replay.seek(at(80))
    times, values = shown.store.history_of(shown.store.slot_of("g0/water_level"))
    assert times[-1] == at(80)
    assert len(times) >= 15
    assert values.tolist() == pytest.approx((2 * (times - START_NS) / NS_PER_S).tolist())


def test_facts_that_are_missing_are_said_and_not_guessed(
    recorded: tuple[Path, list[str]], tmp_path: Path
) -> None:
    data = bytearray(recorded[0].read_bytes())
    whole = Recording(recorded[0])
    hit = next(c for c in whole.chunks if c.start_ns == at(40))
    whole.close()
    data[hit.offset + hit.length // 2] ^= 1
    path = tmp_path / "hole.mcap"
    path.write_bytes(data)
    shown = Shown(path)
    shown.replay.seek(at(60))
    assert "are missing here" in shown.replay.trouble
    assert shown.replay.room.state_hash() == recorded[1][shown.replay.room.seq]
    assert shown.replay.room.seq < 42
    assert shown.value() == pytest.approx(120.1)
    shown.recording.close()


def test_a_ring_in_memory_plays_like_a_file(recorded: tuple[Path, list[str]]) -> None:
    ring = RingTape(most_bytes=110_000, reach_ns=10_000 * NS_PER_S)
    keeper = Keeper(None, sink=ring)
    feed(keeper, ring)
    assert at(1) < ring.start_ns < at(N)
    assert ring.end_ns == at(N)
    replay = Replay(ring, clock=CLOCK)
    first = (ring.start_ns - START_NS) // NS_PER_S + 1
    for second in (first, first + 3, N):
        replay.seek(at(second))
        assert replay.room.state_hash() == recorded[1][second], second
    replay.seek(at(1))
    assert replay.t_ns == ring.start_ns


def feed(keeper: Keeper, ring: RingTape) -> None:
    """What `recordings.record` records, into a ring."""
    for message in recordings.heard(N):
        if isinstance(message[0], list):
            keeper.take_samples(message[0], message[1])
        else:
            keeper.take_fact(message[0], message[1])
        keeper.tick(message[1])
    assert ring.end_ns
