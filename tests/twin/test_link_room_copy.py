"""The room at a console without a link: what is put on one side moves it on the other."""

from __future__ import annotations

import pytest

from twin.link.control import Heartbeat, Snapshot
from twin.link.room_copy import RoomCopy
from twin.room.fold import Room
from twin.room.model import Event


def note(seq: int) -> Event:
    return Event(seq=seq, t_ns=seq, kind="note.added", actor="Ada", body={"text": f"note {seq}"})


def far(n_events: int) -> Room:
    """The hub's room after so many notes."""
    room = Room()
    for seq in range(1, n_events + 1):
        room.apply(note(seq))
    return room


def picture(room: Room) -> Snapshot:
    return Snapshot(epoch="a", seq=room.seq, room=room.to_bytes())


def beat(room: Room, state_hash: str = "") -> Heartbeat:
    return Heartbeat(
        epoch="a", seq=room.seq, state_hash=state_hash or room.state_hash(), t_ns=0, trouble=""
    )


class Copy:
    """A copy that counts how often it asks for a new room."""

    def __init__(self) -> None:
        self.n_asked = 0
        self.copy = RoomCopy(self._ask)

    def _ask(self) -> None:
        self.n_asked += 1

    def hear(self, *items: Event | Heartbeat | Snapshot) -> frozenset[str]:
        for item in items:
            assert self.copy.put(item)
        return self.copy.move()


def test_it_becomes_the_hubs_room() -> None:
    ours, hub = Copy(), far(3)
    assert ours.hear(picture(far(2))) == Room.part_ids()
    assert ours.hear(note(3), beat(hub)) == {"activity"}
    assert ours.copy.room.state_hash() == hub.state_hash()
    assert ours.copy.joined_seq == 2
    assert ours.n_asked == 0


def test_where_it_came_in_stays_with_a_later_picture() -> None:
    ours = Copy()
    ours.hear(picture(far(2)), picture(far(5)))
    assert (ours.copy.room.seq, ours.copy.joined_seq) == (5, 2)


@pytest.mark.parametrize("wrong", [note(4), beat(far(2), "another hash")])
def test_what_does_not_fit_has_the_room_fetched_anew(wrong: Event | Heartbeat) -> None:
    ours = Copy()
    ours.hear(picture(far(2)))
    assert ours.hear(wrong) == frozenset()
    assert ours.n_asked == 1
    assert ours.hear(note(3), wrong) == frozenset(), "nothing counts before the new picture"
    assert (ours.copy.room.seq, ours.n_asked) == (2, 1)
    ours.hear(picture(far(6)), note(7))
    assert (ours.copy.room.seq, ours.n_asked) == (7, 1)


def test_a_broken_picture_is_asked_for_again() -> None:
    ours = Copy()
    ours.hear(Snapshot(epoch="a", seq=2, room=b"no room"))
    assert (ours.copy.room.seq, ours.n_asked) == (0, 1)


def test_too_much_is_thrown_away_and_the_room_fetched_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("twin.link.room_copy.MOST_WAITING", 3)
    ours = Copy()
    ours.hear(picture(far(2)))
    assert [ours.copy.put(note(seq)) for seq in range(3, 8)] == [True, True, True, False, True]
    assert ours.copy.move() == frozenset()
    assert (ours.copy.room.seq, ours.n_asked) == (2, 1)
