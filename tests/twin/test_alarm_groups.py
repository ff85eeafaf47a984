"""A flood of alarms as few entries, with none lost and nothing critical hidden."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.alarm_samples import a_flood, an_alarm, any_alarms
from twin.operations.alarm_groups import LONGEST_NS, PINNED, AlarmGroup, grouped, in_order
from twin.room.parts.alarms import Alarm, Priority


def ids(group: AlarmGroup) -> set[str]:
    return {alarm.id for alarm in group.alarms}


@given(any_alarms)
def test_no_alarm_is_lost_or_told_twice_and_counts_add_up(alarms: list[Alarm]) -> None:
    groups = grouped(alarms)
    told = [alarm for group in groups for alarm in group.alarms]
    assert sorted(alarm.id for alarm in told) == sorted(alarm.id for alarm in alarms)
    counted: Counter[Priority] = Counter()
    for group in groups:
        assert sum(group.counts.values()) == len(group.alarms)
        counted.update(group.counts)
    assert counted == Counter(alarm.priority for alarm in alarms)
    assert len({group.key for group in groups}) == len(groups)


@given(any_alarms)
def test_nothing_critical_is_hidden(alarms: list[Alarm]) -> None:
    for group in grouped(alarms):
        critical = {one.id for one in group.alarms if one.priority is Priority.CRITICAL}
        if len(group.alarms) == 1:
            continue  # it is a row of its own
        assert group.counts[Priority.CRITICAL] == len(critical)
        assert group.worst is Priority.CRITICAL or not critical
        assert len(group.pinned) == min(len(critical), PINNED)
        assert {one.id for one in group.pinned} <= critical


@given(any_alarms, st.randoms())
def test_groups_do_not_depend_on_the_order_of_alarms(alarms: list[Alarm], chance) -> None:
    def shape(groups: tuple[AlarmGroup, ...]) -> set[tuple[str, tuple[str, ...]]]:
        return {(one.key, tuple(alarm.id for alarm in one.alarms)) for one in groups}

    mixed = list(alarms)
    chance.shuffle(mixed)
    assert shape(grouped(mixed)) == shape(grouped(alarms))


@given(any_alarms, st.sets(st.integers(0, 40).map(lambda n: f"a{n}")))
def test_a_filter_leaves_exactly_what_fits(alarms: list[Alarm], wanted: set[str]) -> None:
    left = [group.only(frozenset(wanted)) for group in grouped(alarms)]
    told = {alarm.id for group in left if group is not None for alarm in group.alarms}
    assert told == wanted & {alarm.id for alarm in alarms}


@pytest.mark.parametrize("rooted", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_two_thousand_alarms_from_one_cause_are_at_most_ten_entries(
    rooted: bool, seed: int
) -> None:
    flood = a_flood(2_000, seed=seed, rooted=rooted)
    groups = grouped(flood)
    rows = [row for group in groups for row in (group, *group.pinned)]
    assert len(rows) <= 10
    assert sum(len(group.alarms) for group in groups) == 2_000
    critical = {one.id for one in flood if one.priority is Priority.CRITICAL}
    seen = {one.id for group in groups for one in group.pinned} | {
        group.alarms[0].id for group in groups if len(group.alarms) == 1
    }
    assert critical <= seen
    (large,) = [group for group in groups if len(group.alarms) > 1_000]
    assert large.head.id == large.first_up.id == "power:substation-3"


def test_a_root_gathers_what_follows_however_late_and_far() -> None:
    alarms = [
        an_alarm("power", 0.0),
        an_alarm("pump", 2_000.0, root="power", xyz=(9_000.0, 0.0, 0.0)),
        an_alarm("level", 4_000.0, root="pump"),
        an_alarm("other", 4_000.0),
    ]
    together, alone = sorted(grouped(alarms), key=lambda group: -len(group.alarms))
    assert ids(together) == {"power", "pump", "level"}
    assert (together.cause, together.head.id) == ("root", "power")
    assert ids(alone) == {"other"}
    (gone,) = grouped(alarms[1:3])
    assert (gone.root, gone.head.id) == ("power", "pump")


def test_roots_in_a_ring_are_one_group() -> None:
    ring = [an_alarm("a", root="c"), an_alarm("b", root="a"), an_alarm("c", root="b")]
    (group,) = grouped(ring)
    assert group.key == "root:a"


def test_two_alarms_at_one_place_stay_two_and_three_are_one() -> None:
    near = [
        an_alarm(f"{i}", i * 20.0, rule=f"r{i}", thing_id=f"t{i}", xyz=(190.0 + 15.0 * i, 0.0, 0.0))
        for i in range(3)
    ]
    assert len(grouped(near[:2])) == 2
    (group,) = grouped(near)
    assert group.cause == "place"
    assert group.first_up.id == "0"


def test_the_same_rule_far_apart_in_time_is_not_one_cause() -> None:
    alarms = [an_alarm(f"{i}", i * 61.0, rule="silent") for i in range(5)]
    assert len(grouped(alarms)) == 5


def test_what_goes_on_for_an_hour_is_cut() -> None:
    alarms = [an_alarm(f"{i:03}", i * 30.0, rule="silent") for i in range(120)]
    groups = grouped(alarms)
    assert all(one.newest_ns - one.first_up.raised_ns <= LONGEST_NS for one in groups)
    assert len(groups) == 6
    assert {one.cause for one in groups} == {"rule"}


def test_first_is_what_nobody_has_seen_then_the_most_urgent_then_the_newest() -> None:
    alarms = [
        an_alarm("seen", 900.0, rule="1", priority=Priority.CRITICAL, acked_ns=1),
        an_alarm("old", 100.0, rule="2", priority=Priority.HIGH),
        an_alarm("new", 500.0, rule="3", priority=Priority.HIGH),
        an_alarm("low", 800.0, rule="4", priority=Priority.LOW),
    ]
    order = [group.head.id for group in in_order(grouped(alarms))]
    assert order == ["new", "old", "low", "seen"]
    assert [group.n_unacknowledged for group in in_order(grouped(alarms))] == [1, 1, 1, 0]
