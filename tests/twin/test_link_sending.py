"""What is asked, on disk and on its way: no sockets, a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.twin.hub_bench import INFO
from tests.twin.hub_rig import request
from twin.clock import FakeClock
from twin.errors import TwinError
from twin.link.control import Acknowledged, Act, Cancel, Note, Refused, Submit
from twin.link.outbox import Kept, Outbox
from twin.link.sending import MOST_AT_ONCE, RESEND_S, Sending
from twin.link.signing import Signing
from twin.link.unanswered import Unanswered

ONE, TWO = Note(id="one", text="x"), Note(id="two", text="y")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    yield outbox
    outbox.close()


@pytest.fixture
def sending(outbox: Outbox, clock: FakeClock) -> Sending:
    return Sending(outbox, Signing(None, None), clock)


def test_what_is_given_is_kept_and_sent_in_its_order(sending: Sending, outbox: Outbox) -> None:
    sending.keep(ONE, None)
    sending.keep(TWO, INFO)
    assert outbox.messages() == (ONE, TWO)
    assert sending.n_kept == 2
    assert sending.due(INFO) == [ONE, TWO]


def test_it_is_sent_again_only_after_a_while(sending: Sending, clock: FakeClock) -> None:
    sending.keep(ONE, INFO)
    assert sending.due(INFO) == [ONE]
    clock.advance_s(RESEND_S)
    sending.keep(TWO, INFO)
    assert sending.due(INFO) == [TWO]
    clock.advance_s(0.1)
    assert sending.due(INFO) == [ONE]


def test_a_welcome_has_everything_sent_once_more(sending: Sending) -> None:
    sending.keep(ONE, INFO)
    sending.due(INFO)
    sending.send_again()
    assert sending.due(INFO) == [ONE]


def test_what_is_answered_is_neither_kept_nor_sent(sending: Sending, outbox: Outbox) -> None:
    sending.keep(ONE, INFO)
    sending.keep(TWO, INFO)
    sending.note_answer("one")
    assert outbox.messages() == (TWO,)
    assert sending.due(INFO) == [TWO]


def test_a_long_outbox_is_sent_in_pieces(sending: Sending) -> None:
    for n in range(MOST_AT_ONCE + 5):
        sending.keep(Note(id=f"n{n}", text="x"), INFO)
    first = sending.due(INFO)
    assert len(first) == MOST_AT_ONCE
    assert sending.due(INFO) == []
    for message in first:
        assert isinstance(message, Note)
        sending.note_answer(message.id)
    assert len(sending.due(INFO)) == 5


def test_a_full_disk_is_told_and_the_request_sent_all_the_same(
    sending: Sending, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = outbox.add

    def fail(message: Kept) -> None:
        add(message)
        raise TwinError("The outbox cannot be written")

    monkeypatch.setattr(outbox, "add", fail)
    sending.keep(ONE, INFO)
    assert sending.trouble == "The outbox cannot be written"
    assert sending.due(INFO) == [ONE]


# --- until it is settled --------------------------------------------------------------------------


def test_what_a_former_run_left_is_unanswered() -> None:
    command, act = request(), Act(id="act", kind="mark.remove", body={})
    kept = (Submit(request=command), ONE, act, Cancel(id="c", command_id=command.id))
    unanswered = Unanswered(kept)
    assert (unanswered.commands, unanswered.acts) == ((command,), (act,))


def test_a_command_waits_until_it_is_in_the_room() -> None:
    command = request()
    unanswered = Unanswered([Submit(request=command)])
    unanswered.hear(Acknowledged(id=command.id, seq=7))
    assert unanswered.settle({}) == frozenset()
    assert unanswered.commands == (command,)
    assert unanswered.settle({command.id: 1}) == {"pending"}
    assert unanswered.commands == ()


def test_an_act_waits_until_it_is_answered() -> None:
    unanswered = Unanswered([Act(id="act", kind="mark.remove", body={})])
    assert unanswered.settle({}) == frozenset()
    unanswered.hear(Acknowledged(id="act", seq=7))
    assert unanswered.settle({}) == {"pending"}
    assert unanswered.acts == ()


def test_a_refusal_is_kept_for_whoever_shows_it() -> None:
    command = request()
    unanswered = Unanswered([Submit(request=command)])
    refusals = [Refused(id=key, text="No") for key in (command.id, "a note")]
    unanswered.hear(refusals[0])
    assert unanswered.settle({}) == {"pending", "refusals"}
    unanswered.hear(refusals[1])
    assert unanswered.settle({}) == {"refusals"}
    assert list(unanswered.refusals) == refusals
    assert unanswered.commands == ()
