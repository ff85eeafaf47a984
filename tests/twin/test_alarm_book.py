"""The alarm list of a console: grouped once, filtered often."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.alarm_samples import T0, a_flood, an_alarm, any_alarms
from twin.clock import NS_PER_S
from twin.operations.alarm_book import AlarmBook, AlarmFilter, Shown, unseen_of
from twin.room.parts.alarms import Alarm, Priority

NOW_NS = T0 + 5_000 * NS_PER_S


def book_of(*alarms: Alarm) -> AlarmBook:
    book = AlarmBook()
    assert book.follow({alarm.id: alarm for alarm in alarms})
    return book


def ids(book: AlarmBook, **wanted: object) -> set[str]:
    listing = book.listed(AlarmFilter(**wanted), NOW_NS)  # type: ignore[arg-type]
    return {alarm.id for group in listing.groups for alarm in group.alarms}


ALARMS = (
    an_alarm("a", department="water", thing_name="Pump 1"),
    an_alarm("b", title="Air is bad", priority=Priority.LOW, acked_ns=1),
    an_alarm("c", is_active=False, rule="level high"),
    an_alarm("d", is_active=False, acked_ns=1, is_latched=True),
    an_alarm("e", shelved_until_ns=NOW_NS),
    an_alarm("f", suppressed_by="pump is off"),
    an_alarm("g", is_out_of_service=True),
    an_alarm("h", 4_980.0, came_ns=tuple(T0 + s * NS_PER_S for s in (4_940, 4_960, 4_980))),
    an_alarm("i", -90_000.0),
)


def test_each_alarm_is_listed_where_it_stands() -> None:
    book = book_of(*ALARMS)
    assert ids(book) == set("abcdhi")
    wanted = {
        Shown.UNACKNOWLEDGED: set("achi"), Shown.ACKNOWLEDGED: set("b"), Shown.RETURNED: set("c"),
        Shown.LATCHED: set("d"), Shown.SHELVED: set("e"), Shown.SUPPRESSED: set("f"),
        Shown.OUT_OF_SERVICE: set("g"), Shown.CHATTERING: set("h"), Shown.STALE: set("i"),
    }  # fmt: skip
    for shown, expected in wanted.items():
        assert ids(book, shown=shown) == expected
        assert book.n_of(shown, NOW_NS) == len(expected)


def test_words_priority_and_department_all_must_fit() -> None:
    book = book_of(*ALARMS)
    assert ids(book, words=("pump", "level")) == {"a"}
    assert ids(book, words=("level", "high"), department="water") == set("acdhi")
    assert ids(book, department="fire") == set("bcdhi")
    assert ids(book, priority=Priority.LOW) == {"b"}
    assert book.departments() == ("water",)


def test_nothing_is_done_twice_and_an_acknowledgement_keeps_the_groups() -> None:
    flood = {alarm.id: alarm for alarm in a_flood(200)}
    book = book_of(*flood.values())
    assert not book.follow(dict(flood))
    before = {group.key: group for group in book.groups}
    alarm = flood["power:substation-3"]
    flood[alarm.id] = msgspec.structs.replace(alarm, acked_ns=NOW_NS)
    assert book.follow(flood)
    assert {group.key for group in book.groups} == set(before)
    changed = [group for group in book.groups if before[group.key] is not group]
    assert len(changed) == 1
    assert changed[0].head.acked_ns == NOW_NS


@given(any_alarms, any_alarms)
def test_after_any_change_the_book_is_as_if_made_anew(
    first: list[Alarm], then: list[Alarm]
) -> None:
    book = book_of(*first) if first else AlarmBook()
    book.follow({alarm.id: alarm for alarm in then})
    anew = AlarmBook()
    anew.follow({alarm.id: alarm for alarm in then})
    told = [(group.key, [one.id for one in group.alarms]) for group in book.groups]
    assert told == [(group.key, [one.id for one in group.alarms]) for group in anew.groups]
    assert all(one is book.alarms[one.id] for group in book.groups for one in group.alarms)


@given(any_alarms, st.sampled_from(tuple(Shown)))
def test_a_list_holds_no_alarm_twice(alarms: list[Alarm], shown: Shown) -> None:
    book = AlarmBook()
    book.follow({alarm.id: alarm for alarm in alarms})
    listing = book.listed(AlarmFilter(shown=shown), NOW_NS)
    listed = [alarm for group in listing.groups for alarm in group.alarms]
    assert len(listed) == len({alarm.id for alarm in listed}) == listing.n_alarms
    unseen = [alarm for alarm in listed if not alarm.acked_ns and alarm.is_annunciated]
    assert listing.n_unacknowledged == len(unseen)


def test_what_nobody_has_seen_is_counted_by_priority() -> None:
    counts = unseen_of(ALARMS)
    assert set(counts) == {Priority.HIGH, Priority.LOW}
    assert (counts[Priority.HIGH].n, counts[Priority.HIGH].n_unacknowledged) == (4, 4)
    assert (counts[Priority.LOW].n, counts[Priority.LOW].n_unacknowledged) == (1, 0)
