"""What every journal must do: one suite, run on each implementation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.twin.journal.samples import HARD_TEXTS, T0_NS, note, notes
from twin.journal.base import Journal, JournalError, Saved
from twin.room.model import Event

Opener = Callable[[], Journal]


def saved(seq: int, room: bytes = b"room") -> Saved:
    return Saved(seq=seq, state_hash=f"hash of {seq}", room=room + b"\x00\xff")


class JournalConformance:
    """Subclasses give the fixture ``opened``: opens the journal of this test, again and again."""

    @pytest.fixture
    def journal(self, opened: Opener) -> Journal:
        return opened()

    def test_a_new_one_is_empty(self, journal: Journal) -> None:
        assert journal.epoch
        assert (journal.first_seq, journal.last_seq) == (1, 0)
        assert list(journal.events()) == []
        assert journal.latest_snapshot() is None
        assert journal.lookup("key-1") is None

    def test_events_come_back_as_they_went_in(self, journal: Journal) -> None:
        journal.append(notes(1, 2))
        journal.append([])
        journal.append([note(3)])
        assert journal.last_seq == 3
        assert list(journal.events()) == [*notes(1, 2), note(3)]
        assert list(journal.events(2, 1)) == notes(2, 2)
        assert list(journal.events(3)) == [note(3)]
        assert list(journal.events(4)) == []
        assert list(journal.events(1, 0)) == []

    @pytest.mark.parametrize("text", HARD_TEXTS)
    def test_any_text_survives(self, journal: Journal, text: str) -> None:
        event = Event(
            seq=1, t_ns=0, kind=f"kind {text}", actor=text, body={text: text}, key=f"key {text}"
        )
        journal.append([event])
        assert list(journal.events()) == [event]
        assert journal.lookup(f"key {text}") == event

    def test_a_key_finds_its_first_event(self, journal: Journal) -> None:
        journal.append([note(1), note(2, key="a"), note(3, key="b"), note(4, key="a")])
        assert journal.lookup("a") == note(2, key="a")
        assert journal.lookup("b") == note(3, key="b")
        assert journal.lookup("c") is None
        assert journal.lookup("") is None

    @pytest.mark.parametrize("seqs", [[2], [0], [1, 3], [1, 1], [2, 1]])
    def test_a_gap_is_refused_and_nothing_stored(self, journal: Journal, seqs: list[int]) -> None:
        with pytest.raises(JournalError, match="was to be stored where"):
            journal.append([note(seq) for seq in seqs])
        assert journal.last_seq == 0
        assert list(journal.events()) == []
        journal.append([note(1)])

    def test_a_large_round_is_stored_whole(self, journal: Journal) -> None:
        journal.append(notes(1, 2_500, text="x" * 200))
        journal.append(notes(2_501, 2_501))
        assert list(journal.events()) == [*notes(1, 2_500, text="x" * 200), *notes(2_501, 2_501)]

    def test_reading_while_writing(self, journal: Journal) -> None:
        journal.append(notes(1, 10))
        reading = journal.events()
        assert next(reading).seq == 1
        journal.append(notes(11, 11))
        assert [event.seq for event in reading][:9] == list(range(2, 11))

    def test_the_newest_snapshot_comes_back(self, journal: Journal) -> None:
        journal.append(notes(1, 9))
        journal.save_snapshot(saved(4))
        assert journal.latest_snapshot() == saved(4)
        journal.save_snapshot(saved(9, b"r" * 3_000_000))
        assert journal.latest_snapshot() == saved(9, b"r" * 3_000_000)

    @pytest.mark.parametrize("seq", [0, 3])
    def test_a_snapshot_of_an_event_that_is_not_there_is_refused(
        self, journal: Journal, seq: int
    ) -> None:
        journal.append(notes(1, 2))
        with pytest.raises(JournalError, match=f"There is no event {seq}"):
            journal.save_snapshot(saved(seq))

    def test_ticking_and_probing_add_no_event(self, journal: Journal) -> None:
        journal.append(notes(1, 3))
        for i in range(100):
            journal.tick(T0_NS + i * 10**9)
            journal.probe()
        assert list(journal.events()) == notes(1, 3)

    def test_closing_twice_is_fine(self, journal: Journal) -> None:
        journal.append(notes(1, 3))
        journal.close()
        journal.close()


class DurableConformance(JournalConformance):
    """What those must do that outlive their process."""

    def test_what_was_appended_is_there_after_opening_again(self, opened: Opener) -> None:
        journal = opened()
        epoch = journal.epoch
        journal.append(notes(1, 3))
        journal.save_snapshot(saved(2))
        journal.close()
        again = opened()
        assert again.epoch == epoch
        assert (again.first_seq, again.last_seq) == (1, 3)
        assert list(again.events()) == notes(1, 3)
        assert again.latest_snapshot() == saved(2)
        assert again.lookup("key-2") == notes(2, 2)[0]
        again.append(notes(4, 4))
        again.close()
        assert opened().last_seq == 4
