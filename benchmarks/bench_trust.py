"""Sources that must not be trusted: found, wrongly accused, and what a look costs.

The simulator of the demo city spoils one datastream in 25 and knows which and how.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.result import Result
from twin.arrays import BoolArray
from twin.clock import NS_PER_S, FakeClock
from twin.generate.city import generate_city
from twin.sense.health import Health, health_of
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore
from twin.sense.trust import SourceWatch
from twin.sim.faults import Fault
from twin.sim.world import World, WorldOptions

MINUTES, WARM_S, N_LARGE = 30, 30, 100_000
T0 = 1_760_000_000 * NS_PER_S
#: Wrongly accused, of those that are well; found, of those that are ill; a look at 100,000.
MOST_FALSE, LEAST_FOUND, MOST_MS = 0.005, 0.8, 250.0


def run() -> Iterator[Result]:
    """Figures of half an hour of the demo city, and of a large store."""
    world = World(generate_city(2_000), WorldOptions())
    doubted = doubted_in(world, MINUTES)
    kinds = world.sampler.faults.plan.kinds
    well, ill = kinds == Fault.NONE, kinds != Fault.NONE
    n_false, n_found = int(doubted[well].sum()), int(doubted[ill].sum())
    share = n_false / int(well.sum())
    yield _result("trust.false", share * 100, "%", MOST_FALSE * 100, share <= MOST_FALSE,
                  f"{n_false} of {int(well.sum()):,} that are well, in {MINUTES} min")  # fmt: skip
    found = n_found / int(ill.sum())
    each = ", ".join(
        f"{fault.name.lower()} {int(doubted[kinds == fault].sum())} of"
        f" {int((kinds == fault).sum())}"
        for fault in Fault
        if fault is not Fault.NONE
    )
    yield _result("trust.found", found * 100, "%", LEAST_FOUND * 100, found >= LEAST_FOUND, each)
    cost_ms, n_bytes = _large()
    yield _result("trust.look", cost_ms, "ms", MOST_MS, cost_ms <= MOST_MS,
                  f"{N_LARGE:,} datastreams, {n_bytes / N_LARGE:.0f} bytes each")  # fmt: skip


def doubted_in(world: World, minutes: float) -> BoolArray:
    """(n,) bool: datastreams that were doubted or stale at some time. A second a step."""
    store = ObservationStore(capacity=20_000, history=2, clock=FakeClock(T0))
    store.announce(
        Announcement(source="s", epoch="e", things=world.things, datastreams=world.datastreams)
    )
    watch = SourceWatch(store)
    doubted: BoolArray = np.zeros(len(world.datastreams), bool)
    for second in range(round(minutes * 60)):
        now_ns = T0 + (second + 1) * NS_PER_S
        said = world.step(now_ns, 1.0).samples
        slots = np.asarray(said.indices, np.int64)
        store.add(slots, said.t_ns, said.values, said.quality, now_ns)
        bits = watch.look(now_ns).bits
        if second > WARM_S:
            doubted |= bits != 0
            if second % 10 == 0:
                doubted |= health_of(store.snapshot(), now_ns) == Health.STALE
    return doubted


def _large() -> tuple[float, int]:
    """Median time of a look at a large store whose datastreams all have news, and its memory."""
    store = ObservationStore(capacity=N_LARGE, history=2, clock=FakeClock(T0))
    things = (Thing(id="t", name="T", kind="sensor"),)
    streams = tuple(
        Datastream(index=i, id=f"t/{i}", thing_id="t", observed_property="level")
        for i in range(N_LARGE)
    )
    store.announce(Announcement(source="s", epoch="e", things=things, datastreams=streams))
    watch, rng, took_ms = SourceWatch(store), np.random.default_rng(1), []
    slots, good = np.arange(N_LARGE), np.zeros(N_LARGE, np.uint8)
    for second in range(24):
        now_ns = T0 + second * NS_PER_S
        store.add(slots, np.full(N_LARGE, now_ns), rng.random(N_LARGE), good, now_ns)
        began = time.perf_counter()
        watch.look(now_ns)
        took_ms.append((time.perf_counter() - began) * 1e3)
    return float(np.median(took_ms[8:])), watch.n_bytes


def _result(name: str, value: float, unit: str, limit: float, ok: bool, note: str) -> Result:
    return Result(
        name=name, value=round(value, 2), unit=unit, ratio=None, limit=limit, ok=ok, note=note
    )
