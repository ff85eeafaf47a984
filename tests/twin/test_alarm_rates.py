"""Floods, chattering and stale alarms, and the figures of EEMUA 191."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.alarm_samples import T0, an_alarm
from tests.twin.hub_bench import Bench
from twin.clock import NS_PER_S
from twin.operations.alarm_rates import (
    FLOOD_BEGINS,
    FLOOD_ENDS,
    figures_of,
    flood_at,
    floods,
    is_chattering,
    is_stale,
    times_of,
)
from twin.room.parts.alarms import SOURCES_KEPT, SPAN_NS, AlarmCount, Alarms, Priority

S = NS_PER_S
_times = st.lists(st.integers(0, 7_200).map(lambda s: T0 + s * S), max_size=120)


def within(times: list[int], now_ns: int) -> int:
    return sum(now_ns - SPAN_NS < t_ns <= now_ns for t_ns in times)


@given(_times, st.integers(1, 3))
def test_a_flood_is_what_the_definition_says_at_every_second(times: list[int], n: int) -> None:
    found = floods(times, n)
    is_flood = False
    for second in range(0, 9_000, 7):
        now_ns = T0 + second * S
        for t_ns in range(now_ns - 6 * S, now_ns + 1, S):
            rate = within(times, t_ns)
            is_flood = rate > FLOOD_BEGINS * n or (is_flood and rate >= FLOOD_ENDS * n)
        assert is_flood == any(one.start_ns <= now_ns < one.end_ns for one in found)
        assert (flood_at(times, now_ns, n) is not None) == is_flood


@given(_times)
def test_floods_follow_each_other_and_begin_with_an_alarm(times: list[int]) -> None:
    found = floods(times)
    for before, after in pairwise(found):
        assert before.end_ns <= after.start_ns
    assert all(one.start_ns in times for one in found)
    assert sum(one.n_alarms for one in found) <= len(times)


def test_ten_alarms_are_no_flood_and_eleven_are() -> None:
    times = [T0 + i * S for i in range(11)]
    assert floods(times[:10]) == ()
    (one,) = floods(times)
    assert one.start_ns == T0 + 10 * S
    assert one.end_ns == T0 + 6 * S + SPAN_NS
    assert floods(times, n_operators=2) == ()
    assert flood_at(times, one.end_ns - 1) == one
    assert flood_at(times, one.end_ns) is None


def test_chattering_is_three_times_in_a_minute_and_stale_more_than_a_day() -> None:
    times = tuple(T0 + s * S for s in (0, 20, 50))
    quick = an_alarm("a", 50.0, came_ns=times)
    assert is_chattering(quick, T0 + 60 * S)
    assert not is_chattering(quick, T0 + 700 * S)
    slow = an_alarm("a", 70.0, came_ns=(*times[:2], T0 + 70 * S))
    assert not is_chattering(slow, T0 + 70 * S)
    assert not is_chattering(an_alarm("a", came_ns=times[:2]), T0)
    assert not is_stale(quick, T0 + 86_400 * S)
    assert is_stale(quick, T0 + 86_451 * S)


def test_times_of_a_department_and_of_nobodys_alarms() -> None:
    alarms = [
        an_alarm("a", 1.0, department="water"),
        an_alarm("b", 2.0),
        an_alarm("c", 3.0, department="fire", came_ns=(1, 2)),
        an_alarm("d", 4.0, suppressed_by="design"),
    ]
    assert len(times_of(alarms)) == 4
    assert times_of(alarms, "water") == [T0 + S, T0 + 2 * S]


def test_figures_of_a_shift() -> None:
    span = T0 // SPAN_NS
    counts = [
        AlarmCount(
            span=str(span - 1), raised=30, acked=10, ack_s_total=50.0,
            by_priority={"high": 30}, by_department={"water": 24, "fire": 6},
            by_source={"Pump 1: Level is high": 20, "": 10}, acked_by={"Ada": 7, "Ben": 3},
        ),
        AlarmCount(span=str(span), raised=12, by_department={"": 12}),
        AlarmCount(span=str(span - 60), raised=999),
    ]  # fmt: skip
    one = figures_of(counts, now_ns=T0, hours=1.0)
    assert one.series == (0, 0, 0, 0, 30, 12)
    assert (one.n_raised, one.mean, one.peak, one.grade) == (42, 7.0, 30.0, "unacceptable")
    assert one.flood_share == pytest.approx(2 / 6)
    assert one.ack_s == 5.0
    assert one.actors == (("Pump 1: Level is high", 20),)
    assert one.by_operator == (("Ada", 7), ("Ben", 3))
    shared = figures_of(counts, now_ns=T0, hours=1.0, n_operators=2)
    assert (shared.mean, shared.peak, shared.flood_share) == (3.5, 15.0, pytest.approx(2 / 6))
    water = figures_of(counts, now_ns=T0, hours=1.0, department="water")
    assert water.series[-2:] == (24, 12)


def test_figures_of_a_quiet_room() -> None:
    one = figures_of((), now_ns=T0)
    assert len(one.series) == 48
    assert (one.mean, one.flood_share, one.ack_s, one.grade) == (0.0, 0.0, None, "acceptable")


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.greet()
    return bench


def raise_(bench: Bench, *ids: str, **more: object) -> None:
    alarms = [{"id": i, "title": i, "priority": "high", "thing_name": "Pump 1"} | more for i in ids]
    bench.act("a1", "alarm.raise", {"alarms": alarms})


def count(bench: Bench) -> AlarmCount:
    (one,) = bench.core.room[Alarms].counts.values()
    return one


def test_the_room_counts_by_source_department_and_operator(bench: Bench) -> None:
    raise_(bench, "a", "b", department="water")
    bench.act("a1", "alarm.return", {"ids": ["a"]})
    raise_(bench, "a", department="water")
    bench.act("a1", "alarm.acknowledge", {"ids": ["a", "b"]})
    assert count(bench).by_source == {"Pump 1: a": 2, "Pump 1: b": 1}
    assert count(bench).by_department == {"water": 3}
    assert count(bench).acked_by == {"Ada": 2}


def test_a_source_that_comes_often_is_not_lost_among_many(bench: Bench) -> None:
    raise_(bench, *(f"once-{i}" for i in range(SOURCES_KEPT + 5)))
    for _ in range(6):
        raise_(bench, "often")
        bench.act("a1", "alarm.return", {"ids": ["often"]})
    by_source = count(bench).by_source
    assert by_source["Pump 1: often"] == 6
    assert len(by_source) == SOURCES_KEPT + 1  # with the rest
    assert sum(by_source.values()) == count(bench).raised


def test_chatter_and_the_reason_for_being_out_of_service_are_in_the_room(bench: Bench) -> None:
    for _ in range(4):
        bench.now_ns += 5 * S
        raise_(bench, "a")
        bench.act("a1", "alarm.return", {"ids": ["a"]})
    alarm = bench.core.room[Alarms].by_id.get("a")
    assert alarm is not None
    assert is_chattering(alarm, bench.now_ns)
    assert len(alarm.came_ns) == 3
    bench.act("a1", "alarm.take_out", {"ids": ["a"], "reason": "The sensor is being changed"})
    alarm = bench.core.room[Alarms].by_id.get("a")
    assert alarm is not None
    assert alarm.service_reason == "The sensor is being changed"
    assert alarm.priority is Priority.HIGH
    assert bench.folded().state_hash() == bench.core.room.state_hash()
