"""Core and journal together, on a disk that fills up: no sockets, a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.twin.hub_bench import INFO, TIMES, TYPES, room_of
from tests.twin.hub_rig import request
from twin.clock import FakeClock
from twin.hub.connected import Connected
from twin.hub.core import HubCore
from twin.hub.pace import Pace
from twin.hub.requests import Asked, Greeted, PolicyChanged, Request, StepResult
from twin.hub.rounds import HubCounts, Round
from twin.hub.writer import RoomWriter
from twin.journal.base import JournalError, JournalLostError
from twin.journal.memory import MemoryJournal
from twin.link.control import Acknowledged, Hello, HubInfo, Note, Refused, Submit
from twin.room.model import Event
from twin.security.policy_file import read_policy

ADA, BEN = b"\x01", b"\x02"


class Disk(MemoryJournal):
    """A journal that can be full, or another hub's."""

    def __init__(self) -> None:
        super().__init__("epoch")
        self.error: JournalError | None = None

    def append(self, events: Sequence[Event], /) -> None:
        if events:
            self.probe()
        super().append(events)

    def probe(self) -> None:
        if self.error is not None:
            raise self.error


class Rig:
    """A run of a hub, on a disk of its own or on that of an earlier run."""

    def __init__(self, disk: Disk | None = None) -> None:
        self.clock, self.counts = FakeClock(), HubCounts()
        self.disk = disk or Disk()
        self.connected = Connected(self.clock)
        self.core = HubCore(
            info=INFO, types=TYPES, times=TIMES, lookup=self.disk.lookup,
            history=tuple(self.disk.events()),
        )  # fmt: skip
        self.writer = RoomWriter(
            core=self.core, journal=self.disk, pace=Pace(self.clock), info=INFO,
            connected=self.connected, counts=self.counts,
        )  # fmt: skip
        first = Round()
        self.writer.start(first)
        self.writer.commit(first)

    def round(self, *requests: Request) -> tuple[list[Event], Round]:
        work = Round()
        for one in requests:
            self.writer.step(work, one)
        return self.writer.commit(work), work

    def greet(self, identity: bytes, name: str) -> Round:
        hello = Hello(role="console", name=name, department="traffic", console_id=f"id-{name}")
        return self.round(Greeted(identity.hex(), hello))[1]

    def tick(self, seconds: float = 1.1) -> Round:
        self.clock.advance_s(seconds)
        work = Round()
        self.writer.tick(work)
        self.writer.commit(work)
        return work

    def names(self) -> list[str]:
        return [operator.name for operator in self.core.room.operators.values()]

    def kinds(self) -> list[str]:
        """Of all that is stored."""
        return [event.kind for event in self.disk.events()]

    def agrees(self) -> bool:
        """Whether the room is what the journal says."""
        return room_of(self.disk.events()).state_hash() == self.core.room.state_hash()


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.greet(ADA, "Ada")
    return rig


def submit(key: str) -> Asked:
    return Asked(ADA.hex(), Submit(request=request(id=key)))


def note(key: str) -> Asked:
    return Asked(ADA.hex(), Note(id=key, text=key))


def test_what_is_stored_is_what_may_be_told(rig: Rig) -> None:
    events, work = rig.round(note("one"), note("two"))
    assert [event.key for event in events] == ["one", "two"]
    assert [result.reply for _, result in work.steps] == [
        Acknowledged(id=event.key, seq=event.seq) for event in events
    ]
    assert rig.agrees()
    assert ADA in rig.connected


def test_a_failed_round_leaves_no_trace_and_is_refused_for_now(rig: Rig) -> None:
    rig.disk.error = JournalError("The disk is full")
    events, work = rig.round(submit("one"), note("two"))
    assert (events, work.steps) == ([], [])
    assert work.replies == [
        (ADA, Refused(id=key, text="The disk is full", is_final=False)) for key in ("one", "two")
    ]
    assert rig.writer.trouble == "The disk is full"
    assert not rig.core.room.commands
    assert rig.agrees()
    assert rig.counts.failed_commits == 1


def test_while_nothing_can_be_stored_nothing_is_taken(rig: Rig) -> None:
    rig.disk.error = JournalError("The disk is full")
    rig.round(note("one"))
    seq = rig.core.room.seq
    _, work = rig.round(note("two"))
    assert (work.steps, rig.core.room.seq) == ([], seq)
    assert [reply for _, reply in work.replies] == [
        Refused(id="two", text="The disk is full", is_final=False)
    ]


def test_who_comes_while_nothing_can_be_stored_is_let_in_afterwards(rig: Rig) -> None:
    rig.disk.error = JournalError("The disk is full")
    rig.round(note("one"))
    work = rig.greet(BEN, "Ben")
    ((identity, info),) = work.replies
    assert (identity, isinstance(info, HubInfo)) == (BEN, True)
    assert BEN in rig.connected
    assert rig.names() == ["Ada"]
    rig.tick()
    assert rig.writer.trouble, "still full"
    rig.disk.error = None
    rig.tick(0.1)
    assert rig.writer.trouble, "looked at once a second"
    rig.tick()
    assert not rig.writer.trouble
    assert rig.names() == ["Ada", "Ben"]
    assert rig.agrees()


def test_who_left_before_is_not_let_in(rig: Rig) -> None:
    rig.disk.error = JournalError("The disk is full")
    rig.round(note("one"))
    rig.greet(BEN, "Ben")
    rig.writer.lose(Round(), BEN.hex(), "Left")
    rig.disk.error = None
    rig.tick()
    assert rig.names() == ["Ada"]


def test_who_left_while_nothing_could_be_stored_is_gone_afterwards(rig: Rig) -> None:
    rig.disk.error = JournalError("The disk is full")
    rig.round(note("one"))
    rig.writer.lose(Round(), ADA.hex(), "Left")
    assert rig.names() == ["Ada"], "the room cannot be moved"
    rig.disk.error = None
    rig.tick()
    assert rig.names() == []
    assert rig.agrees()


def test_who_left_in_the_round_that_failed_is_gone_afterwards(rig: Rig) -> None:
    rig.disk.error = JournalError("The disk is full")
    work = Round()
    rig.writer.lose(work, ADA.hex(), "Left")
    rig.writer.commit(work)
    rig.disk.error = None
    rig.tick()
    rig.tick()
    assert rig.names() == []


def test_a_run_that_begins_on_a_full_disk_begins_afterwards(rig: Rig) -> None:
    rig.disk.error = JournalError("The disk is full")
    again = Rig(rig.disk)
    assert again.writer.trouble == "The disk is full"
    assert again.greet(BEN, "Ben").replies, "Ben waits in front"
    assert again.names() == ["Ada"], "of the last run"
    again.disk.error = None
    again.tick()
    assert again.kinds().count("hub.started") == 2
    assert again.names() == ["Ben"]
    again.tick()
    assert again.kinds().count("hub.started") == 2
    assert again.agrees()


def test_rules_that_changed_while_nothing_could_be_stored_are_in_force_afterwards(
    rig: Rig,
) -> None:
    rig.disk.error = JournalError("The disk is full")
    rig.round(note("one"))
    policy = read_policy(b'version = 1\nroles = ["operator"]\n', "test")
    rig.round(PolicyChanged(policy=policy))
    assert "policy.changed" not in rig.kinds()
    rig.disk.error = None
    rig.tick()
    assert rig.kinds().count("policy.changed") == 1
    (changed,) = [event for event in rig.disk.events() if event.kind == "policy.changed"]
    assert changed.body["policy"] == policy.fingerprint
    rig.tick()
    assert rig.kinds().count("policy.changed") == 1


def test_another_hub_ends_this_one(rig: Rig) -> None:
    rig.disk.error = JournalLostError("Another hub has taken over")
    with pytest.raises(JournalLostError):
        rig.round(note("one"))
    assert rig.writer.trouble == "", "nothing is tried again"


def test_a_bug_costs_the_request_and_nothing_else(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usual = HubCore.step

    def step(core: HubCore, one: Request, now_ns: int) -> StepResult:
        result = usual(core, one, now_ns)
        if isinstance(one, Asked) and isinstance(one.message, Note) and one.message.id == "bad":
            raise ZeroDivisionError
        return result

    monkeypatch.setattr(HubCore, "step", step)
    events, work = rig.round(note("before"), note("bad"), note("after"))
    assert [event.key for event in events] == ["before", "after"]
    ((identity, reply),) = work.replies
    assert isinstance(reply, Refused)
    assert (identity, reply.id, reply.is_final) == (ADA, "bad", True)
    assert rig.agrees()
    assert "broke down over a request" in caplog.text


def test_connections_are_silent_after_a_while() -> None:
    clock = FakeClock()
    connected = Connected(clock)
    connected.hear(ADA)
    clock.advance_s(1.0)
    connected.hear(BEN)
    clock.advance_s(1.0)
    assert connected.silent_for(1.5) == [ADA]
    connected.hear(ADA)
    assert connected.silent_for(1.5) == []
    connected.forget(BEN)
    assert (list(connected), BEN in connected) == ([ADA], False)
