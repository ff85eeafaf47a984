"""Marks in the core: who may put, change and remove them, and who wins when two do at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.hub_bench import Bench
from twin.hub.desks import marks as desk
from twin.ids import uuid7
from twin.link.control import Acknowledged, Refused
from twin.room.fold import Room
from twin.room.parts.marks import GONE_KEPT, Mark, Marks

SQUARE = [[0.0, 0.0, 1.0], [40.0, 0.0, 1.0], [40.0, 30.0, 1.0], [0.0, 30.0, 1.0]]


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.greet("ada", "Ada", "traffic")
    bench.greet("tom", "Tom", "traffic")
    bench.greet("ben", "Ben", "fire")
    return bench


def area(mark_id: str = "m1", **more: Any) -> dict[str, Any]:
    return {"id": mark_id, "kind": "area", "points": SQUARE, "title": "Cordon 1", **more}


def marks(bench: Bench) -> Marks:
    return bench.core.room[Marks]


def mark(bench: Bench, mark_id: str = "m1") -> Mark:
    return marks(bench).by_id.entries[mark_id]


def test_a_mark_has_an_owner_and_times_and_counts_its_changes(bench: Bench) -> None:
    assert isinstance(bench.act("ada", "mark.put", area(purpose="cordon")), Acknowledged)
    made_ns = bench.now_ns
    bench.now_ns += 5_000_000_000
    assert isinstance(
        bench.act("tom", "mark.put", area(title="Cordon 2", expected_rev=1)), Acknowledged
    )
    one = mark(bench)
    assert (one.title, one.rev) == ("Cordon 2", 2)
    assert (one.owner.name, one.by.name) == ("Ada", "Tom")
    assert (one.made_ns, one.changed_ns) == (made_ns, bench.now_ns)
    assert marks(bench).n_points == len(SQUARE)


def test_who_changed_what_they_had_not_seen_is_told_who_was_first(bench: Bench) -> None:
    bench.act("ada", "mark.put", area())
    bench.act("tom", "mark.put", area(title="Tom's", expected_rev=1))
    before = bench.core.room.state_hash()
    reply = bench.act("ada", "mark.put", area(title="Ada's", expected_rev=1))
    assert isinstance(reply, Refused)
    assert reply.text.startswith("Tom (traffic) changed “Tom's” first, at ")
    assert reply.text.endswith(" UTC; look at it as it is now, then change it again")
    assert bench.core.room.state_hash() == before
    assert isinstance(bench.act("ada", "mark.put", area(expected_rev=2)), Acknowledged)


def test_the_same_id_made_twice_is_not_overwritten(bench: Bench) -> None:
    bench.act("ada", "mark.put", area())
    reply = bench.act("ben", "mark.put", area(title="Mine"))
    assert isinstance(reply, Refused)
    assert "Ada (traffic) made “Cordon 1” first" in reply.text


def test_a_removed_mark_says_who_removed_it(bench: Bench) -> None:
    bench.act("ada", "mark.put", area())
    assert isinstance(
        bench.act("tom", "mark.remove", {"id": "m1", "expected_rev": 1}), Acknowledged
    )
    assert not marks(bench).by_id.values()
    assert marks(bench).n_points == 0
    for kind, body in (
        ("mark.put", area(expected_rev=1)),
        ("mark.put", area()),
        ("mark.remove", {"id": "m1", "expected_rev": 1}),
    ):
        reply = bench.act("ada", kind, body)
        assert isinstance(reply, Refused)
        assert "“Cordon 1” is gone: Tom (traffic) removed it at " in reply.text


def test_removing_what_was_changed_meanwhile_is_refused(bench: Bench) -> None:
    bench.act("ada", "mark.put", area())
    bench.act("ada", "mark.put", area(title="Larger", expected_rev=1))
    reply = bench.act("tom", "mark.remove", {"id": "m1", "expected_rev": 1})
    assert isinstance(reply, Refused)
    assert "Ada (traffic) changed “Larger” first" in reply.text


def test_another_department_keeps_its_hands_off_unless_it_ranks_higher(bench: Bench) -> None:
    bench.act("ada", "mark.put", area())
    for kind, body in (
        ("mark.put", area(expected_rev=1)),
        ("mark.remove", {"id": "m1", "expected_rev": 1}),
    ):
        reply = bench.act("ben", kind, body)
        assert isinstance(reply, Refused)
        assert "belongs to Ada (traffic): only they and the department traffic" in reply.text
    bench.log_in("Eva", "fire", rank=5)
    assert isinstance(
        bench.act("eva", "mark.remove", {"id": "m1", "expected_rev": 1}), Acknowledged
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"points": SQUARE[:2]}, "has 3 to 256 points, not 2"),
        ({"points": [[0.0, 0.0, 0.0]] * 257}, "not 257"),
        ({"points": [[0.0, 0.0, 3e5], *SQUARE]}, "metres"),
        ({"points": [["a", 0.0, 0.0], *SQUARE]}, "cannot be read"),
        ({"kind": "blob"}, "cannot be read"),
        ({"kind": "circle", "points": SQUARE[:1]}, "radius"),
        ({"radius_m": 3.0}, "has no radius"),
        ({"kind": "note", "points": SQUARE[:1], "title": " "}, "needs a text"),
        ({"title": "x" * 121}, "title of at most 120"),
        ({"text": "x" * 1_001}, "text of at most 1000"),
        ({"purpose": "x" * 41}, "purpose"),
        ({"id": ""}, "ids of 1 to 64"),
        ({"id": "x" * 65}, "ids of 1 to 64"),
        ({"incident": "x" * 65}, "ids of 1 to 64"),
        ({"expires_ns": 5}, "passed already"),
        ({"expires_ns": -5}, "nanoseconds"),
        ({"expected_rev": 3}, "no such mark"),
        ({"owner": "Ben"}, "cannot be read"),
    ],
)
def test_a_bad_mark_leaves_no_trace(bench: Bench, change: dict[str, Any], words: str) -> None:
    before = bench.core.room.state_hash()
    reply = bench.act("ada", "mark.put", area(**change))
    assert isinstance(reply, Refused)
    assert words in reply.text
    assert bench.core.room.state_hash() == before


def test_infinite_points_are_refused_with_the_body(bench: Bench) -> None:
    reply = bench.act("ada", "mark.put", area(points=[[float("nan"), 0.0, 0.0], *SQUARE]))
    assert isinstance(reply, Refused)
    assert "without infinite numbers" in reply.text


def test_nobody_fills_the_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MAX_OF_ONE", 2)
    monkeypatch.setattr(desk, "MAX_MARKS", 3)
    for number in range(2):
        bench.act("ada", "mark.put", area(f"a{number}"))
    assert "may have no more" in bench.act("ada", "mark.put", area("a2")).text
    bench.act("ben", "mark.put", area("b0"))
    assert "holds 3 marks" in bench.act("tom", "mark.put", area("t0")).text
    changed = bench.act("ada", "mark.put", area("a0", title="Still mine", expected_rev=1))
    assert isinstance(changed, Acknowledged)


def test_a_mark_goes_when_its_time_is_over(bench: Bench) -> None:
    bench.act("ada", "mark.put", area(expires_ns=bench.now_ns + 60_000_000_000))
    bench.wait(59.0)
    assert mark(bench).rev == 1
    bench.wait(2.0)
    assert not marks(bench).by_id.values()
    assert "its time was over" in bench.act("ada", "mark.put", area(expected_rev=1)).text


def test_a_request_that_comes_twice_counts_once(bench: Bench) -> None:
    first = bench.act("ada", "mark.put", area(), act_id="act-1")
    bench.act("tom", "mark.remove", {"id": "m1", "expected_rev": 1})
    again = bench.act("ada", "mark.put", area(), act_id="act-1")
    assert again == first
    assert not marks(bench).by_id.values()


def test_marks_survive_a_restart_and_a_picture(bench: Bench) -> None:
    for number in range(GONE_KEPT + 3):
        mark_id = f"gone-{number}"
        bench.act("ben", "mark.put", area(mark_id))
        bench.act("ben", "mark.remove", {"id": mark_id, "expected_rev": 1})
    bench.act("ada", "mark.put", area(uuid7()))
    room = Room.from_bytes(bench.core.room.to_bytes())
    assert room.state_hash() == bench.core.room.state_hash()
    assert room[Marks].n_points == len(SQUARE)
    assert len(room[Marks].gone) == GONE_KEPT
    later = bench.restarted()
    assert later.core.room[Marks].by_id.values() == marks(bench).by_id.values()
