"""Where a listener stands in the sequence of events: no sockets, a clock that is set by hand."""

from __future__ import annotations

import pytest

from twin.clock import FakeClock
from twin.link.catching_up import ASK_AGAIN_S, CatchingUp
from twin.link.control import GetEvents, GetSnapshot


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ours(clock: FakeClock) -> CatchingUp:
    """Somebody who has the journal "a" up to its tenth event."""
    ours = CatchingUp(clock)
    ours.start_at("a", 10)
    return ours


def test_without_a_room_a_whole_one_is_asked_for(clock: FakeClock) -> None:
    new = CatchingUp(clock)
    assert not new.take("a", 1), "an event without the room before it says nothing"
    assert new.request("a", 0) == GetSnapshot()


def test_events_are_taken_in_sequence_and_once(ours: CatchingUp) -> None:
    assert ours.is_at("a", 10)
    assert [ours.take("a", seq) for seq in (11, 11, 10, 13, 12)] == [
        True,
        False,
        False,
        False,
        True,
    ]
    assert ours.is_at("a", 12)
    assert not ours.is_at("a", 11)
    assert not ours.is_at("b", 12)


def test_who_has_everything_asks_for_nothing(ours: CatchingUp) -> None:
    assert ours.request("a", 10) is None


def test_a_gap_is_asked_for_from_its_first_event_on(ours: CatchingUp) -> None:
    assert ours.request("a", 14) == GetEvents(from_seq=11)


@pytest.mark.parametrize(("epoch", "last_seq"), [("b", 10), ("b", 99), ("a", 9), ("a", 0)])
def test_another_history_is_fetched_whole(ours: CatchingUp, epoch: str, last_seq: int) -> None:
    assert not ours.take("b", 11)
    assert ours.request(epoch, last_seq) == GetSnapshot()


def test_what_was_lost_here_is_fetched_whole(ours: CatchingUp) -> None:
    ours.start_over()
    assert not ours.take("a", 11)
    assert ours.request("a", 10) == GetSnapshot()


def test_nothing_is_asked_twice_while_the_answer_may_be_under_way(
    ours: CatchingUp, clock: FakeClock
) -> None:
    assert ours.request("a", 14)
    clock.advance_s(ASK_AGAIN_S * 0.9)
    assert ours.request("a", 15) is None
    clock.advance_s(ASK_AGAIN_S * 0.2)
    assert ours.request("a", 16) == GetEvents(from_seq=11)


def test_after_an_answer_the_next_piece_is_asked_for_at_once(ours: CatchingUp) -> None:
    assert ours.request("a", 14)
    assert ours.take("a", 11)
    ours.note_answer()
    assert ours.request("a", 14) == GetEvents(from_seq=12)
