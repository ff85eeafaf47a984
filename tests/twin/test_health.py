"""Health of datastreams, and the sentence for a person."""

from __future__ import annotations

import time
from datetime import timedelta, timezone

import numpy as np
import pytest

from twin.clock import NS_PER_S, FakeClock
from twin.sense.health import Health, duration_text, health_of, health_text
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore
from twin.sense.trust import SourceWatch

T0 = 1_760_000_000 * NS_PER_S  # 08:53:20 UTC


def store_of(*streams: dict) -> ObservationStore:
    store = ObservationStore(capacity=20_000, history=4, clock=FakeClock(T0))
    store.announce(
        Announcement(
            source="s", epoch="e",
            things=(Thing(id="t", name="T", kind="sensor"),),
            datastreams=tuple(
                Datastream(index=i, id=f"t/p{i}", thing_id="t", observed_property=f"p{i}", **s)
                for i, s in enumerate(streams)
            ),
        )
    )  # fmt: skip
    return store


def see(store, t_s: float, values, quality=0) -> None:
    n, t_ns = len(values), T0 + round(t_s * NS_PER_S)
    store.add(
        np.arange(n), np.full(n, t_ns), np.asarray(values, dtype=np.float64),
        np.full(n, quality, dtype=np.uint8), t_ns,
    )  # fmt: skip


def code_at(store, t_s: float, slot: int = 0) -> Health:
    return Health(health_of(store.snapshot(), T0 + round(t_s * NS_PER_S))[slot])


def test_never_fresh_stale():
    store = store_of({})
    assert code_at(store, 0) is Health.NEVER
    see(store, 0, [1.84])
    assert code_at(store, 9) is Health.FRESH
    assert code_at(store, 11) is Health.STALE


def test_slow_datastreams_are_not_stale_early():
    learned, declared = store_of({}), store_of({"interval_s": 100.0})
    for step in range(4):
        see(learned, step * 100, [float(step)])
        see(declared, step * 100, [float(step)])
    for store in (learned, declared):
        assert code_at(store, 300 + 290) is Health.FRESH
        assert code_at(store, 300 + 310) is Health.STALE


def test_a_sender_whose_clock_is_ahead_still_goes_stale():
    store = store_of({})
    store.add(np.array([0]), np.array([T0 + 3600 * NS_PER_S]), np.array([1.0]),
              np.zeros(1, dtype=np.uint8), T0)  # fmt: skip
    assert code_at(store, 5) is Health.FRESH
    assert code_at(store, 60) is Health.STALE


@pytest.mark.parametrize("quality", [1, 2])
def test_what_the_source_doubts_is_suspect(quality):
    store = store_of({})
    see(store, 0, [1.0], quality)
    assert code_at(store, 1) is Health.SUSPECT


@pytest.mark.parametrize(
    ("stream", "value", "expected"),
    [
        ({"min": 0.0, "max": 4.0}, 7.9, Health.FRESH),
        ({"min": 0.0, "max": 4.0}, 8.1, Health.SUSPECT),
        ({"min": 0.0, "max": 4.0}, -4.1, Health.SUSPECT),
        ({}, 1e9, Health.FRESH),
        ({"unit": "%"}, 100.0, Health.FRESH),
        ({"unit": "%"}, 130.0, Health.SUSPECT),
    ],
)
def test_impossible_values_are_suspect(stream, value, expected):
    store = store_of(stream)
    see(store, 0, [value])
    assert code_at(store, 1) is expected


def stuck_after_minutes(store) -> None:
    """Four minutes of changes at the first and last slot, then rest; watched every second."""
    watch = SourceWatch(store)
    for step in range(440):
        moving = step % 7 + 1.0
        see(store, step, [moving, 5.0, moving] if step < 240 else [3.0, 5.0, 0.0])
        watch.look(T0 + step * NS_PER_S)


def test_a_stuck_value_is_suspect_only_where_it_used_to_change():
    store = store_of({}, {}, {})
    stuck_after_minutes(store)
    assert code_at(store, 440, 0) is Health.SUSPECT  # varied, then did not
    assert code_at(store, 440, 1) is Health.FRESH  # never did
    assert code_at(store, 440, 2) is Health.FRESH  # rests at zero, as rain does


def test_stale_outweighs_suspect():
    store = store_of({})
    see(store, 0, [1.0], 2)
    assert code_at(store, 100) is Health.STALE


def test_the_sentence():
    store = store_of({"unit": "m"})
    assert health_text(store, 0, store.snapshot(), T0) == "No samples yet"
    see(store, 0, [1.84])
    snapshot = store.snapshot()
    assert health_text(store, 0, snapshot, T0 + 3 * NS_PER_S) == "1.84 m at 08:53:20, 3 s ago"
    late = T0 + 120 * NS_PER_S
    assert health_text(store, 0, snapshot, late) == (
        "No samples for 2 min. Last value 1.84 m at 08:53:20"
    )
    east = timezone(timedelta(hours=2))
    assert health_text(store, 0, snapshot, late, east).endswith("at 10:53:20")


def test_the_sentence_gives_the_reason_of_a_doubt():
    store = store_of({}, {"unit": "%"}, {})
    stuck_after_minutes(store)
    see(store, 440, [1.0, 250.0], 1)
    see(store, 441, [1.0, 250.0])
    see(store, 442, [1.0], 1)
    snapshot, now_ns = store.snapshot(), T0 + 442 * NS_PER_S
    texts = [health_text(store, slot, snapshot, now_ns) for slot in range(2)]
    assert texts[0].startswith("The source marks this value as suspect")
    assert texts[1].startswith("The value lies far outside its usual range")
    store = store_of({}, {}, {})
    stuck_after_minutes(store)
    text = health_text(store, 0, store.snapshot(), T0 + 440 * NS_PER_S)
    assert text.startswith("The value has not changed for 3 min, though it used to")


def test_durations():
    assert [duration_text(s) for s in (8, 125, 3 * 3600, 4 * 86_400)] == [
        "8 s", "2 min", "3 h", "4 days",
    ]  # fmt: skip


def test_ten_thousand_datastreams_are_judged_in_a_blink():
    store = store_of(*[{"min": 0.0, "max": 1.0}] * 10_000)
    see(store, 0, np.linspace(0, 1, 10_000))
    snapshot = store.snapshot()
    took_s = []
    for _ in range(20):
        started = time.perf_counter()
        health_of(snapshot, T0)
        took_s.append(time.perf_counter() - started)
    assert min(took_s) < 0.002
