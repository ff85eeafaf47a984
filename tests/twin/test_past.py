"""What the stores still know of earlier moments, and that they say when they know nothing."""

import numpy as np
import pytest

from twin.clock import NS_PER_S
from twin.sense.health import Health, health_of
from twin.sense.model import Announcement, Datastream, Quality, Thing, Unit
from twin.sense.store import ObservationStore
from twin.sense.unit_past import REACH_NS, UnitPast
from twin.sense.units import UnitStore

START_NS = 1_700_000_000 * NS_PER_S


class Clock:
    def __init__(self):
        self.t_ns = START_NS

    def now_ns(self):
        return self.t_ns

    def monotonic_ns(self):
        return self.t_ns


@pytest.fixture
def clock():
    return Clock()


def store_of(clock, n, history=8):
    store = ObservationStore(capacity=max(n, 4), history=history, clock=clock)
    store.announce(
        Announcement(
            source="s",
            epoch="e",
            things=(Thing(id="t", name="T", kind="loop", xyz=(0.0, 0.0, 0.0)),),
            datastreams=tuple(
                Datastream(
                    index=i,
                    id=f"t/{i}",
                    thing_id="t",
                    observed_property="flow",
                    unit="1",
                    interval_s=2.0,
                )
                for i in range(n)
            ),
        )
    )
    return store


def observe(store, slots, second, values, quality=0):
    slots = np.asarray(slots)
    t_ns = np.full(len(slots), START_NS + second * NS_PER_S)
    column = np.full(len(slots), quality, np.uint8)
    store.add(slots, t_ns, np.asarray(values, float), column, int(t_ns[0]))


def test_values_of_a_moment_are_those_that_held_then(clock):
    rng = np.random.default_rng(1)
    store = store_of(clock, 5, history=16)
    told = {slot: [] for slot in range(5)}
    for second in range(60):
        slots = np.flatnonzero(rng.random(5) < (0.2, 0.5, 1.0, 0.05, 0.0))
        if len(slots):
            values = rng.random(len(slots))
            observe(store, slots, second, values)
            for slot, value in zip(slots, values, strict=True):
                told[slot].append((second, value))
    for second in (-1, 0, 7, 31, 50, 59, 100):
        snapshot = store.snapshot_at(START_NS + second * NS_PER_S)
        for slot in range(5):
            kept = told[slot][-16:]
            held = [pair for pair in kept if pair[0] <= second]
            if held:
                assert snapshot.values[slot] == held[-1][1]
                assert snapshot.t_ns[slot] == START_NS + held[-1][0] * NS_PER_S
            else:
                assert np.isnan(snapshot.values[slot])
                assert snapshot.counts[slot] == 0


def test_health_of_a_moment_is_told_for_that_moment(clock):
    store = store_of(clock, 3)
    observe(store, [0, 1], 0, [1.0, 2.0])
    observe(store, [0], 40, [5.0], quality=Quality.BAD)
    then_ns = START_NS + 5 * NS_PER_S
    codes = health_of(store.snapshot_at(then_ns), then_ns)
    assert codes.tolist() == [Health.FRESH, Health.FRESH, Health.NEVER]
    now_ns = START_NS + 41 * NS_PER_S
    codes = health_of(store.snapshot_at(now_ns), now_ns)
    assert codes.tolist() == [Health.SUSPECT, Health.STALE, Health.NEVER]
    assert store.snapshot_at(then_ns).version != store.snapshot_at(now_ns).version


def units_of(clock, n=2):
    store = UnitStore(capacity=8, history=8, clock=clock)
    store.announce(
        Announcement(
            source="s",
            epoch="e",
            units=tuple(Unit(index=i, id=f"u{i}", name=f"U{i}", kind="bus") for i in range(n)),
        )
    )
    return store


def drive(clock, store, past, seconds, slots=(0, 1)):
    for _ in range(seconds):
        clock.t_ns += NS_PER_S
        east = (clock.t_ns - START_NS) / NS_PER_S * 10.0
        xyz = np.array([[east, 5.0 * slot, 0.0] for slot in slots], np.float32)
        store.add(np.array(slots), np.full(len(slots), clock.t_ns), xyz, np.zeros(len(slots)))
        past.note(clock.t_ns)


def test_units_are_found_where_they_were_drawn_then(clock):
    store = units_of(clock)
    past = UnitPast(store)
    assert past.oldest_ns is None
    assert np.isnan(past.at(clock.t_ns).xyz_local_m).all()
    shown = {}
    for _ in range(30):
        drive(clock, store, past, 1)
        shown[clock.t_ns] = store.at(clock.t_ns).xyz_local_m
    for t_ns in (START_NS + 10 * NS_PER_S, START_NS + 22 * NS_PER_S):
        assert past.at(t_ns).xyz_local_m == pytest.approx(shown[t_ns])
    half = past.at(START_NS + 10 * NS_PER_S + NS_PER_S // 2).xyz_local_m[0, 0]
    low, high = (shown[START_NS + s * NS_PER_S][0, 0] for s in (10, 11))
    assert half == pytest.approx(0.5 * (low + high))
    assert past.oldest_ns == START_NS + NS_PER_S
    assert np.isnan(past.at(START_NS).xyz_local_m).all()


def test_a_unit_that_came_later_was_not_there_before(clock):
    store = units_of(clock, 3)
    past = UnitPast(store)
    drive(clock, store, past, 5, slots=(0, 1))
    drive(clock, store, past, 5, slots=(0, 1, 2))
    then = past.at(START_NS + 3 * NS_PER_S)
    assert np.isnan(then.xyz_local_m[2]).all()
    assert not np.isnan(then.xyz_local_m[:2]).any()
    assert not np.isnan(past.at(clock.t_ns).xyz_local_m).any()


def test_memory_and_reach_are_bounded(clock):
    store = units_of(clock)
    of_one = sum(getattr(store.at(0), name).nbytes for name in store.at(0).__slots__)
    past = UnitPast(store, most_bytes=10 * of_one)
    drive(clock, store, past, 40)
    assert clock.t_ns - past.oldest_ns == 9 * NS_PER_S
    long = UnitPast(store)
    for second in range(700):
        long.note(START_NS + second * NS_PER_S)
        long.note(START_NS + second * NS_PER_S + 5)
    assert START_NS + 699 * NS_PER_S - long.oldest_ns == REACH_NS
