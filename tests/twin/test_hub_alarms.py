"""Alarms in the core: the states of ISA-18.2, shelving, figures."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.hub_bench import Bench, why
from twin.link.control import Acknowledged
from twin.room.fold import Room
from twin.room.parts.alarms import SPAN_NS, SPANS_KEPT, Alarm, Alarms, AlarmState, Priority

A = AlarmState


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.greet()
    return bench


def raise_(bench: Bench, alarm_id: str = "high:gate-1", **more: Any) -> Any:
    one = {"id": alarm_id, "title": "Level is high", "priority": "high", **more}
    return bench.act("a1", "alarm.raise", {"alarms": [one]})


def do(bench: Bench, what: str, alarm_id: str = "high:gate-1", **more: Any) -> Any:
    return bench.act("a1", f"alarm.{what}", {"ids": [alarm_id], **more})


def alarm(bench: Bench, alarm_id: str = "high:gate-1") -> Alarm | None:
    return bench.core.room[Alarms].by_id.get(alarm_id)


def state(bench: Bench, alarm_id: str = "high:gate-1") -> AlarmState | None:
    found = alarm(bench, alarm_id)
    return found.state if found else None


def test_acknowledged_first_then_returned(bench: Bench) -> None:
    raise_(bench)
    assert state(bench) is A.UNACKNOWLEDGED
    do(bench, "acknowledge")
    assert state(bench) is A.ACKNOWLEDGED
    assert alarm(bench).acked_by.name == "Ada"  # type: ignore[union-attr]
    do(bench, "return")
    assert alarm(bench) is None, "normal again"


def test_returned_first_then_acknowledged(bench: Bench) -> None:
    raise_(bench)
    do(bench, "return")
    assert state(bench) is A.RETURNED
    raise_(bench)
    assert state(bench) is A.UNACKNOWLEDGED
    assert alarm(bench).n_raised == 2  # type: ignore[union-attr]
    do(bench, "return")
    do(bench, "acknowledge")
    assert alarm(bench) is None


def test_an_active_alarm_that_comes_again_is_one_alarm(bench: Bench) -> None:
    raise_(bench)
    n = len(bench.events)
    assert isinstance(raise_(bench), Acknowledged)
    assert len(bench.events) == n


def test_a_latched_alarm_stays_until_it_is_reset(bench: Bench) -> None:
    raise_(bench, is_latched=True)
    assert "latched and returned" in why(do(bench, "reset"))
    do(bench, "acknowledge")
    do(bench, "return")
    assert state(bench) is A.LATCHED
    do(bench, "reset")
    assert alarm(bench) is None


def test_a_shelved_alarm_comes_back_by_itself(bench: Bench) -> None:
    raise_(bench)
    assert "needs a reason" in why(do(bench, "shelve", seconds=60.0, reason=" "))
    assert "at most 12 hours" in why(do(bench, "shelve", seconds=1e6, reason="Divers"))
    do(bench, "shelve", seconds=60.0, reason="Divers at the gauge")
    assert state(bench) is A.SHELVED
    assert not bench.core.room[Alarms].active_of(Priority.HIGH)
    bench.wait(59.0)
    assert state(bench) is A.SHELVED
    do(bench, "return")
    raise_(bench)
    assert state(bench) is A.SHELVED, "it may come and go on its shelf"
    bench.wait(2.0)
    assert state(bench) is A.UNACKNOWLEDGED
    assert bench.core.room[Alarms].active_of(Priority.HIGH) == 1


def test_suppressed_and_out_of_service_do_not_annunciate(bench: Bench) -> None:
    raise_(bench)
    do(bench, "suppress", rule="pump is being serviced")
    assert state(bench) is A.SUPPRESSED
    do(bench, "unsuppress")
    assert "needs a reason" in why(do(bench, "take_out"))
    do(bench, "take_out", reason="Sensor broken")
    assert state(bench) is A.OUT_OF_SERVICE
    raise_(bench)
    assert state(bench) is A.OUT_OF_SERVICE
    do(bench, "put_back")
    assert state(bench) is A.UNACKNOWLEDGED


def test_what_an_operator_hears_of_is_counted(bench: Bench) -> None:
    for i in range(12):
        raise_(bench, f"a{i}", priority="critical" if i < 2 else "low")
    bench.now_ns += 30 * 10**9
    do(bench, "acknowledge", "a0")
    (count,) = bench.core.room[Alarms].counts.values()
    assert (count.raised, count.acked) == (12, 1)
    assert count.by_priority == {"critical": 2, "low": 10}
    assert count.ack_s_total == 30.0
    bench.now_ns += SPAN_NS
    raise_(bench, "later")
    assert len(bench.core.room[Alarms].counts) == 2


def test_the_counts_are_bounded(bench: Bench) -> None:
    for i in range(SPANS_KEPT + 5):
        bench.now_ns += SPAN_NS
        raise_(bench, f"a{i}")
    assert len(bench.core.room[Alarms].counts) == SPANS_KEPT


def test_the_fold_and_the_picture_agree(bench: Bench) -> None:
    for i in range(5):
        raise_(bench, f"a{i}", xyz=[1.0, 2.0, 3.0], is_latched=i % 2 == 0)
    do(bench, "acknowledge", "a1")
    do(bench, "shelve", "a2", seconds=5.0, reason="x")
    room = bench.core.room
    assert bench.folded().state_hash() == room.state_hash()
    assert Room.from_bytes(room.to_bytes()).state_hash() == room.state_hash()


def test_what_cannot_be(bench: Bench) -> None:
    assert "Between 1 and" in why(bench.act("a1", "alarm.raise", {"alarms": []}))
    assert "cannot be read" in why(raise_(bench, priority="purple"))
    assert "at most 500 letters" in why(raise_(bench, title="x" * 501))
    assert "over" in why(do(bench, "acknowledge", "none"))
    assert "None of them is active" in why(do(bench, "return", "none"))
