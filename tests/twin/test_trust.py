"""Which sources must not be trusted: what accuses a datastream, and what must not."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.bench_trust import doubted_in
from tests.twin.sim_city import grid_city
from twin.clock import NS_PER_S, FakeClock
from twin.sense.health import Health, health_of
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore
from twin.sense.trust import FLAT_FACTOR, GAP_TOLD_S, Doubt, SourceWatch
from twin.sim.faults import Fault
from twin.sim.world import World, WorldOptions

T0 = 1_760_000_000 * NS_PER_S


class Rig:
    """A real store and a watch that looks after every observation."""

    def __init__(self, n: int = 1, *, observed: str = "level", **stream: float) -> None:
        self.store = ObservationStore(capacity=max(n, 4), history=2, clock=FakeClock(T0))
        self.store.announce(
            Announcement(
                source="s", epoch="e",
                things=(Thing(id="t", name="T", kind="sensor"),),
                datastreams=tuple(
                    Datastream(index=i, id=f"t/{i}", thing_id="t", observed_property=observed,
                               **stream)
                    for i in range(n)
                ),
            )
        )  # fmt: skip
        self.watch = SourceWatch(self.store)
        self.n = n

    def see(self, t_s: float, *values: float, late_s: float = 0.0, quality: int = 0) -> None:
        t_ns, now_ns = T0 + round(t_s * NS_PER_S), T0 + round((t_s + late_s) * NS_PER_S)
        n = len(values)
        self.store.add(
            np.arange(n), np.full(n, t_ns), np.array(values, np.float64),
            np.full(n, quality, np.uint8), now_ns,
        )  # fmt: skip
        self.watch.look(now_ns)

    def look(self, t_s: float) -> Doubt:
        return Doubt(int(self.watch.look(T0 + round(t_s * NS_PER_S)).bits[0]))

    def doubt(self, slot: int = 0) -> Doubt:
        return Doubt(int(self.store.snapshot().doubts.bits[slot]))

    @property
    def since_s(self) -> float:
        return (int(self.store.snapshot().doubts.since_ns[0]) - T0) / NS_PER_S


def test_the_interval_is_the_median_and_one_outage_does_not_move_it() -> None:
    rig = Rig()
    for i in range(20):
        rig.see(i * 2.0, float(i))
    rig.see(3_600.0, 1.0)
    assert rig.watch.evidence(0).interval_s == pytest.approx(2.0)
    assert rig.store.snapshot().interval_s[0] == pytest.approx(2.0)


def test_a_gap_is_told_for_a_while_with_its_length() -> None:
    rig = Rig()
    for i in range(20):
        rig.see(i * 1.0, float(i))
    assert rig.doubt() == Doubt.NONE
    rig.see(80.0, 3.0)
    assert rig.doubt() == Doubt.GAP
    assert rig.watch.evidence(0).gap_s == pytest.approx(61.0)
    assert rig.since_s == 80.0
    rig.see(81.0, 4.0)
    assert rig.doubt() == Doubt.GAP
    assert rig.look(80.0 + GAP_TOLD_S + 1.0) == Doubt.NONE


@pytest.mark.parametrize(("late_s", "is_doubted"), [(0.2, False), (-5.0, True), (60.0, True)])
def test_a_clock_that_is_off(late_s: float, is_doubted: bool) -> None:
    rig = Rig()
    for i in range(12):
        rig.see(i * 1.0, float(i), late_s=late_s)
    assert (rig.doubt() == Doubt.SKEW) is is_doubted
    assert rig.watch.evidence(0).lag_s == pytest.approx(late_s)


def test_one_late_message_is_no_wrong_clock() -> None:
    rig = Rig()
    for i in range(20):
        rig.see(i * 1.0, float(i), late_s=90.0 if i == 12 else 0.1)
    assert Doubt.SKEW not in rig.doubt()


def test_noise_is_told_and_a_step_is_not() -> None:
    rng = np.random.default_rng(1)
    rig = Rig(2, min=0.0, max=10.0)
    for i in range(100):
        rig.see(i * 1.0, 5.0 + float(rng.normal(0, 0.02)), 2.0 + float(rng.normal(0, 0.02)))
    for i in range(100, 130):
        rig.see(i * 1.0, 5.0 + float(rng.normal(0, 2.0)), 7.0 + float(rng.normal(0, 0.02)))
    assert rig.doubt(0) == Doubt.NOISY
    assert rig.doubt(1) == Doubt.NONE


def test_rain_that_begins_after_long_dryness_is_no_noise() -> None:
    rng = np.random.default_rng(2)
    rig = Rig(min=0.0, max=30.0)
    for i in range(90):
        rig.see(i * 1.0, 5.0 + float(rng.normal(0, 1.0)))
    for i in range(90, 1_200):
        rig.see(i * 1.0, 0.0)
    for i in range(1_200, 1_300):
        rig.see(i * 1.0, 8.0 + float(rng.normal(0, 1.5)))
        assert Doubt.NOISY not in rig.doubt()


def test_flat_after_minutes_of_change() -> None:
    rig = Rig()
    for i in range(240):
        rig.see(i * 1.0, float(i % 9) + 1.0)
    for i in range(240, 420):
        rig.see(i * 1.0, 4.5)
    assert rig.doubt() == Doubt.FLAT
    rig.see(420.0, 5.5)
    assert rig.doubt() == Doubt.NONE
    assert rig.store.snapshot().doubts.since_ns[0] == 0


@pytest.mark.parametrize("observed", ["gate_opening", "signal_plan", "dimming", "pump_running"])
def test_states_and_set_points_rest_by_nature(observed: str) -> None:
    rig = Rig(observed=observed)
    for i in range(240):
        rig.see(i * 1.0, float(i % 9) + 1.0)
    for i in range(240, 900):
        rig.see(i * 1.0, 4.5)
    assert rig.doubt() == Doubt.NONE


@given(
    rests=st.lists(st.integers(1, 30), min_size=10, max_size=40),
    value=st.floats(-1e6, 1e6, allow_nan=False),
    interval_s=st.sampled_from([1.0, 7.0, 60.0]),
)
@settings(max_examples=60, deadline=None)
def test_whoever_rests_no_longer_than_usual_is_never_accused(
    rests: list[int], value: float, interval_s: float
) -> None:
    rig, at, longest = Rig(), 0, max(rests)
    for number, rest in enumerate([*rests, int(longest * FLAT_FACTOR) - 1]):
        for _ in range(rest):
            rig.see(at * interval_s, value + number)
            at += 1
        assert Doubt.FLAT not in rig.doubt()


@given(value=st.floats(allow_nan=False, allow_infinity=False), n=st.integers(2, 200))
@settings(max_examples=40, deadline=None)
def test_a_constant_is_never_accused_of_being_flat_or_noisy(value: float, n: int) -> None:
    rig = Rig()
    for i in range(n):
        rig.see(i * 10.0, value)
    assert not rig.doubt() & (Doubt.FLAT | Doubt.NOISY)


@given(
    values=st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=40),
    steps=st.lists(st.floats(0.0, 1e5), min_size=40, max_size=40),
)
@settings(max_examples=60, deadline=None)
def test_no_value_or_time_breaks_the_watch(values: list[float], steps: list[float]) -> None:
    rig, t_s = Rig(), 0.0
    for value, step in zip(values, steps, strict=False):
        t_s += step
        rig.see(t_s, value)
        doubts = rig.store.snapshot().doubts
        assert (int(doubts.bits[0]) != 0) == (int(doubts.since_ns[0]) != 0)


def test_another_moment_begins_anew() -> None:
    rig = Rig()
    for i in range(20):
        rig.see(i * 1.0, float(i))
    rig.see(80.0, 3.0)
    rig.store.clear()
    assert rig.doubt() == Doubt.NONE
    assert rig.look(81.0) == Doubt.NONE
    rig.see(10.0, 1.0)
    assert rig.watch.evidence(0).gap_end_ns == 0


def test_what_is_announced_later_is_watched_too() -> None:
    rig = Rig()
    for i in range(6):
        rig.see(i * 1.0, float(i))
    rig.store.announce(
        Announcement(
            source="b", epoch="e", things=(Thing(id="u", name="U", kind="sensor"),),
            datastreams=(
                Datastream(index=0, id="u/level", thing_id="u", observed_property="level"),
            ),
        )
    )  # fmt: skip
    for i in range(6, 30):
        rig.see(i * 1.0, float(i), 1.0, late_s=-30.0 if i > 12 else 0.0)
    assert rig.doubt(0) == rig.doubt(1) == Doubt.SKEW


def test_a_hundred_thousand_datastreams_in_bounded_memory() -> None:
    n = 100_000
    rig, rng = Rig(n, min=0.0, max=100.0), np.random.default_rng(1)
    took_s = []
    for i in range(12):
        t_ns = T0 + i * NS_PER_S
        rig.store.add(
            np.arange(n), np.full(n, t_ns), rng.random(n), np.zeros(n, np.uint8), t_ns
        )  # fmt: skip
        began = time.process_time()
        rig.watch.look(t_ns)
        took_s.append(time.process_time() - began)
    usual_s = sorted(took_s)[len(took_s) // 2]
    print(f"a look at 100,000: {1e3 * usual_s:.0f} ms, {rig.watch.n_bytes / 1e6:.0f} MB")
    assert rig.watch.n_bytes < 400 * n
    assert usual_s < 1.0


def test_the_faults_of_a_simulated_city_are_found_and_hardly_anything_else() -> None:
    world = World(grid_city(), WorldOptions(n_datastreams=600, seed=3, fault_share=0.1))
    doubted = doubted_in(world, 10)
    kinds = world.sampler.faults.plan.kinds
    well, silent, spiking = kinds == 0, kinds == Fault.DROPOUT, kinds == Fault.SPIKES
    assert silent.sum() >= 5
    assert spiking.sum() >= 5
    assert doubted[silent].mean() >= 0.9
    assert doubted[spiking].mean() >= 0.8
    assert doubted[well].mean() <= 0.01


def test_a_cloudburst_is_no_dozen_of_broken_gauges() -> None:
    rig = Rig(12, observed="rain", min=0.0, max=20.0)
    rig.look(0.0)
    rig.store.add(
        np.arange(12),
        np.full(12, T0),
        np.array([75.0] * 5 + [10.0] * 7),
        np.zeros(12, np.uint8),
        T0,
    )
    before = rig.store.snapshot()
    assert health_of(before, T0)[0] == Health.SUSPECT, "until somebody looked"
    rig.look(0.0)
    after = rig.store.snapshot()
    assert after.version != before.version
    assert set(health_of(after, T0)) == {Health.FRESH}
    rig.see(1.0, 75.0, *[10.0] * 11)
    assert rig.doubt(0) == Doubt.RANGE
    rig.see(2.0, 75.0, -60.0, 75.0, *[10.0] * 9)
    assert [rig.doubt(slot) for slot in range(4)] == [
        Doubt.RANGE, Doubt.RANGE, Doubt.RANGE, Doubt.NONE,
    ]  # fmt: skip


def test_a_hub_that_was_away_accuses_no_sensor_of_its_gap() -> None:
    rig = Rig(8)
    for i in range(20):
        rig.see(i * 1.0, *[float(i)] * 8)
    rig.see(60.0, *[1.0] * 8)
    assert {rig.doubt(slot) for slot in range(8)} == {Doubt.NONE}
    for i in range(61, 160):
        rig.see(i * 1.0, *[float(i)] * 7)
    rig.see(160.0, *[1.0] * 8)
    assert [rig.doubt(slot) for slot in (0, 7)] == [Doubt.NONE, Doubt.GAP]
