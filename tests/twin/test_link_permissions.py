"""What a console knows of its person's rights: asked in the background, fresh, then forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import pytest

from tests.twin.hub_rig import console, polled, request, running_hub, until, wait_for_state
from tests.twin.security.secure_rig import secure_hub
from twin.clock import NS_PER_S
from twin.journal.base import JournalError
from twin.journal.sqlite import SqliteJournal
from twin.link.client import HubClient
from twin.link.control import Answers, MayI, Refused, Snapshot
from twin.link.permission import MAX_QUESTIONS, Permission, Wish
from twin.link.permissions import (
    ASK_EVERY_S,
    LIFETIME_S,
    LOST_S,
    MAX_KEPT,
    PAUSE_S,
    REFRESH_S,
    WANTED_S,
    Permissions,
)
from twin.room.model import CommandState, Event

YES, NO = Permission(allowed=True, text="yes"), Permission(allowed=False, text="no", rule="r")
POLICY = """
version = 1
roles = ["operator", "leader"]
[[allow]]
id = "own"
text = "Operators command what is their own"
roles = ["operator"]
own_commands = true
[[allow]]
id = "work"
actions = ["approval.*", "lease.*"]
[[allow]]
id = "lead"
roles = ["leader"]
actions = ["queue.*"]
"""


class Asking:
    """A console's book, with a hub that answers when it is told to."""

    def __init__(self) -> None:
        self.book = Permissions("desk-1:1")
        self.now_ns = 1_000 * NS_PER_S
        self.says: dict[str, Permission] = {}

    def may(self, action: str, about: str = "") -> Permission | None:
        return self.book.may(action, about, self.now_ns)

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * NS_PER_S)

    def due(self) -> MayI | None:
        return self.book.due(self.now_ns)

    def answer(self, asked: MayI) -> bool:
        answers = tuple(self.says.get(one.action, YES) for one in asked.questions)
        return self.book.take(Answers(id=asked.id, answers=answers), self.now_ns)

    def asked_and_answered(self) -> MayI:
        """One round trip after the usual pause."""
        self.wait(ASK_EVERY_S)
        asked = self.due()
        assert asked is not None
        assert self.answer(asked)
        return asked

    def happens(self, kind: str, **body: Any) -> None:
        self.book.follow(Event(seq=1, t_ns=0, kind=kind, actor="", body=body))


@pytest.fixture
def asking() -> Asking:
    return Asking()


def test_looking_asks_and_nobody_knows_until_it_is_answered(asking: Asking) -> None:
    asking.says["gate.set"] = NO
    assert asking.due() is None, "nothing was looked at"
    assert asking.may("gate.set", "gate-1") is None
    asked = asking.due()
    assert asked is not None
    assert asked.questions == (Wish(action="gate.set", about="gate-1"),)
    assert asking.may("gate.set", "gate-1") is None
    assert not asking.book.take_changed()
    assert asking.answer(asked)
    assert asking.may("gate.set", "gate-1") == NO
    assert asking.book.take_changed()
    assert not asking.book.take_changed()


def test_what_is_in_sight_is_kept_fresh_and_the_rest_left_alone(asking: Asking) -> None:
    asking.may("gate.set", "gate-1")
    asking.may("lease.take", "gate-1")
    asking.asked_and_answered()
    for _ in range(round(REFRESH_S / 0.5)):
        asking.wait(0.5)
        assert asking.due() is None
        asking.may("gate.set", "gate-1")
    asked = asking.asked_and_answered()
    assert [one.action for one in asked.questions] == ["gate.set"]
    asking.wait(max(WANTED_S, REFRESH_S) + 0.1)
    assert asking.due() is None, "nobody looks any more"


def test_an_answer_that_nobody_confirms_is_forgotten(asking: Asking) -> None:
    asking.says["gate.set"] = NO
    asking.may("gate.set")
    asking.asked_and_answered()
    asking.wait(LIFETIME_S - 0.1)
    assert asking.may("gate.set") == NO
    asking.wait(0.2)
    assert asking.may("gate.set") is None
    asking.book.take_changed()
    asking.asked_and_answered()
    assert asking.book.take_changed(), "the same word again, but nobody knew it any more"


@pytest.mark.parametrize(
    ("kind", "body", "is_asked"),
    [
        ("policy.changed", {}, True),
        ("hub.started", {}, True),
        ("delegation.given", {"id": "d-1"}, True),
        ("operator.joined", {"console_id": "desk-1:1"}, True),
        ("operator.joined", {"console_id": "desk-2:1"}, False),
        ("command.state", {"id": "gate-1"}, True),
        ("command.state", {"id": "other"}, False),
        ("lease.taken", {"asset_id": "gate-1"}, True),
        ("lease.taken", {"asset_id": "gate-2"}, False),
        ("note.added", {"id": "n-1", "text": "gate-1"}, False),
        ("task.put", {"task": {"id": "t-1", "incident": "gate-1"}}, True),
        ("task.put", {"task": {"id": "t-1", "incident": "other"}}, False),
        ("unit.in_service", {"unit_id": "gate-1"}, True),
        ("shift.offered", {"handover": {"id": "h-1"}}, True),
    ],
)
def test_a_fact_that_may_change_it_is_followed_by_a_question(
    asking: Asking, kind: str, body: dict[str, Any], is_asked: bool
) -> None:
    asking.may("gate.set", "gate-1")
    asking.asked_and_answered()
    asking.happens(kind, **body)
    asking.wait(ASK_EVERY_S)
    assert asking.may("gate.set", "gate-1") == YES, "what is known counts until then"
    assert (asking.due() is not None) == is_asked


def test_a_whole_room_outdates_everything(asking: Asking) -> None:
    asking.may("gate.set", "gate-1")
    asking.asked_and_answered()
    asking.book.follow(Snapshot(epoch="e", seq=1, room=b""))
    asking.wait(ASK_EVERY_S)
    assert asking.due() is not None


def test_an_answer_that_was_under_way_is_asked_for_again(asking: Asking) -> None:
    asking.may("gate.set", "gate-1")
    asked = asking.due()
    assert asked is not None
    asking.happens("lease.taken", asset_id="gate-1")
    asking.answer(asked)
    assert asking.may("gate.set", "gate-1") == YES
    asking.wait(ASK_EVERY_S)
    assert asking.due() is not None


def test_a_hub_that_refuses_is_left_alone_for_a_while(asking: Asking) -> None:
    for is_final, pause_s in ((False, PAUSE_S), (True, LIFETIME_S)):
        asking.may("gate.set")
        asking.wait(ASK_EVERY_S)
        asked = asking.due()
        assert asked is not None
        assert asking.book.take(Refused(id=asked.id, text="No", is_final=is_final), asking.now_ns)
        asking.wait(pause_s - 0.1)
        asking.may("gate.set")
        assert asking.due() is None
        asking.wait(0.2)
        asking.may("gate.set")
        assert asking.due() is not None
        asking.wait(LOST_S)


def test_a_question_that_was_lost_is_asked_again_and_a_late_word_is_nothing(asking: Asking) -> None:
    asking.may("gate.set")
    first = asking.due()
    assert first is not None
    asking.wait(LOST_S / 2)
    assert asking.due() is None
    asking.wait(LOST_S)
    second = asking.due()
    assert second is not None
    assert asking.book.take(Refused(id=first.id, text="Late"), asking.now_ns), "no request's"
    assert asking.may("gate.set") is None
    assert asking.answer(second)
    assert asking.may("gate.set") == YES
    assert not asking.book.take(Refused(id="act-1", text="No"), asking.now_ns), "a request's own"


def test_it_is_bounded(asking: Asking) -> None:
    for n in range(MAX_KEPT + 50):
        asking.may("gate.set", f"gate-{n}")
    asked = asking.due()
    assert asked is not None
    assert len(asked.questions) == MAX_QUESTIONS
    assert asked.questions[-1].about == f"gate-{MAX_KEPT + 49}", "the newest look first"
    n_asked = 0
    while asked is not None:
        n_asked += len(asked.questions)
        asking.answer(asked)
        asking.wait(ASK_EVERY_S)
        asked = asking.due()
    assert n_asked == MAX_KEPT
    assert asking.may("x" * 600) is None
    asking.wait(ASK_EVERY_S)
    assert asking.due() is None, "longer than a hub would read"


# --- over real sockets ---------------------------------------------------------------------------


def _knows(client: HubClient, action: str, about: str = "", *, allowed: bool) -> Permission:
    def look() -> Permission | None:
        answer = polled(client).may(action, about)
        return answer if answer is not None and answer.allowed is allowed else None

    found: Permission = until(look, what=f"{action} {allowed}")
    return found


def test_a_console_learns_what_its_hub_would_say(tmp_path: Path) -> None:
    with secure_hub(tmp_path, policy=POLICY) as rig:
        ada = rig.person("ada", "traffic", "operator")
        client = rig.console(ada, rig.security("desk-1"))
        city = rig.city(rig.security("sim", "actuator", "source"))
        city.announce()
        answer = _knows(client, "signal.set_plan", "signal-1", allowed=True)
        assert answer.rule == "own"
        assert answer.text == "The rule “own” allows it: Operators command what is their own"
        held = _knows(client, "queue.hold", "all", allowed=False)
        assert "the nearest, “lead”, is for the role leader" in held.text
        assert client.refusals == ()
        assert rig.audits() == [], "asking is no fact"

        # what the hub then does is what it said
        command = request()
        client.submit(command)
        assert wait_for_state(client, command.id, CommandState.VERIFIED)
        client.act("queue.hold", {"queue": "all", "reason": "Rain"})
        (refused,) = until(lambda: polled(client).refusals)
        assert refused.text == held.text


def test_another_policy_other_roles_and_the_end_of_a_shift_are_noticed(tmp_path: Path) -> None:
    with (
        secure_hub(tmp_path, policy=POLICY) as rig,
        mock.patch("twin.link.permissions.REFRESH_S", 0.5),
    ):
        ada = rig.person("ada", "traffic", "operator")
        client = rig.console(ada, rig.security("desk-1"))
        _knows(client, "queue.hold", "all", allowed=False)
        rig.keys.store.change_person("ada", roles=("operator", "leader"))
        _knows(client, "queue.hold", "all", allowed=True)
        (tmp_path / "policy.toml").write_text(POLICY.replace('"queue.*"', '"delegation.*"'))
        _knows(client, "queue.hold", "all", allowed=False)
        _knows(client, "signal.set_plan", "signal-1", allowed=True)
        rig.keys.store.change_person("ada", on_shift=False)
        off = _knows(client, "signal.set_plan", "signal-1", allowed=False)
        assert off.text.endswith("is for people on shift")


def test_poll_says_that_an_answer_has_come(tmp_path: Path) -> None:
    with (
        running_hub(tmp_path / "journal.sqlite") as hub,
        console(hub.addresses.control, tmp_path) as ada,
    ):
        assert ada.may("queue.hold", "all") is None
        changed = until(lambda: (found := ada.poll()) & {"permissions"} and found)
        assert "permissions" in changed
        assert ada.may("queue.hold", "all") == Permission(
            allowed=True, text="The hub has no keys and believes everybody"
        )


def test_a_hub_that_cannot_write_says_so_and_answers_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its room may be behind; nothing could be done by the answer."""
    with (
        running_hub(tmp_path / "journal.sqlite") as hub,
        console(hub.addresses.control, tmp_path) as ada,
    ):
        until(lambda: polled(ada).room.operators)
        real, is_full = SqliteJournal.append, [True]

        def append(self: SqliteJournal, events: Any) -> None:
            if events and is_full:
                raise JournalError("The hub cannot write its journal (full)")
            real(self, events)

        def probe(_: SqliteJournal) -> None:
            if is_full:
                raise JournalError("The hub cannot write its journal (full)")

        monkeypatch.setattr(SqliteJournal, "append", append)
        monkeypatch.setattr(SqliteJournal, "probe", probe)
        ada.add_note("Rain")
        until(lambda: "cannot write" in polled(ada).status().text)
        pauses: list[Refused] = []
        take = ada._permissions.take

        def note(message: Answers | Refused, now_ns: int) -> bool:
            is_own = take(message, now_ns)
            if is_own and isinstance(message, Refused):
                pauses.append(message)
            return is_own

        monkeypatch.setattr(ada._permissions, "take", note)
        refused = until(lambda: polled(ada).may("queue.hold", "all") is None and pauses)
        assert "cannot write its journal" in refused[0].text
        assert not refused[0].is_final
        assert ada.refusals == (), "no request of the person's"
        is_full.clear()
        _knows(ada, "queue.hold", "all", allowed=True)


def test_a_hub_that_does_not_know_the_question_is_never_asked(tmp_path: Path) -> None:
    """It could not read it, and cuts off whoever sends much that it cannot read."""
    real = HubClient._take_in

    def of_old(self: HubClient, message: Any) -> None:
        self._connection.info = _without(self._connection.info)
        real(self, message)

    with (
        running_hub(tmp_path / "journal.sqlite") as hub,
        mock.patch.object(HubClient, "_take_in", of_old),
        console(hub.addresses.control, tmp_path) as ada,
    ):
        sent: list[Any] = []
        send = ada._connection.send
        ada._connection.send = lambda message: (sent.append(message), send(message))[1]  # type: ignore[method-assign]
        until(lambda: polled(ada).room.operators)
        ada.may("queue.hold", "all")
        n = len(sent)
        until(lambda: len(sent) > n + 2, what="two more pings")
        assert not [one for one in sent if isinstance(one, MayI)]
        assert ada.may("queue.hold", "all") is None


def _without(info: Any) -> Any:
    return msgspec.structs.replace(info, tells_permissions=False) if info else info
