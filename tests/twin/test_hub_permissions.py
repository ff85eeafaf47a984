"""What the core answers consoles that ask what they may: the same that a request is then told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.twin.hub_bench import Bench
from tests.twin.hub_rig import request
from twin.hub.limits import ASKS_AT_ONCE
from twin.hub.permissions import MAX_BATCHES
from twin.hub.requests import Asked, PolicyChanged, Target
from twin.ids import uuid7
from twin.link.control import Acknowledged, Answers, Cancel, HelloNeeded, MayI, Note, Refused
from twin.link.permission import MAX_LETTERS, MAX_QUESTIONS, Permission, Wish
from twin.room.model import CommandState
from twin.room.parts.batches import Batches
from twin.security.actions import CANCEL, NOTE
from twin.security.policy_file import read_policy

POLICY = b"""
version = 1
roles = ["operator", "leader"]
[[deny]]
id = "no-gate-9"
text = "Gate 9 is being rebuilt"
actions = ["gate.set"]
targets = ["gate-9"]
[[allow]]
id = "own"
text = "Operators command what is their own"
roles = ["operator", "leader"]
own_commands = true
[[allow]]
id = "work"
roles = ["operator", "leader"]
actions = ["approval.*", "lease.take", "lease.release", "lease.ask", "batch.*", "note.*",
           "review.*"]
[[allow]]
id = "lead"
roles = ["leader"]
actions = ["lease.seize", "queue.*"]
[[approval]]
id = "gates"
actions = ["gate.set"]
needed = 1
by_departments = ["fire"]
expires_s = 600
[[break_glass]]
id = "leaders"
roles = ["leader"]
"""
GATE = {"opening_pct": 80.0}


@pytest.fixture
def bench() -> Bench:
    """Ada and Walt (water), Lea (water, leader, rank 5), Finn (fire), Otto (water, off shift)."""
    made = Bench(policy=read_policy(POLICY, "test"))
    made.log_in("Ada", "water")
    made.log_in("Walt", "water")
    made.log_in("Lea", "water", roles=("leader",), rank=5)
    made.log_in("Finn", "fire")
    made.log_in("Otto", "water", is_on_shift=False)
    made.announce(
        *(
            Target(id=f"gate-{n}", name=f"Gate {n}", kind="gate", accepts=("gate.set",))
            for n in (1, 2, 9)
        )
    )
    made.serve("gate-1", "gate-2", "gate-9")
    return made


def ask(bench: Bench, name: str, *wishes: tuple[str, str]) -> Any:
    questions = tuple(Wish(action=action, about=about) for action, about in wishes)
    return bench.core.permissions.answer(name, MayI(id=uuid7(), questions=questions))


def may(bench: Bench, name: str, action: str, about: str = "") -> Permission:
    answers = ask(bench, name, (action, about))
    assert isinstance(answers, Answers), answers
    (answer,) = answers.answers
    return answer


def gate_of(bench: Bench, who: str = "ada", target: str = "gate-1") -> str:
    """A command that waits for an approval; its id."""
    command = request("gate.set", target, GATE)
    bench.submit(command, who)
    assert bench.state(command.id) is CommandState.AWAITING_APPROVAL
    return command.id


# --- the answer is what the request is told ------------------------------------------------------


def _command(bench: Bench, who: str, type_id: str, target: str) -> str:
    one = request(type_id, target, GATE)
    bench.submit(one, who)
    command = bench.command(one.id)
    return command.state_text if command.state is CommandState.REJECTED else ""


def _told(reply: Any) -> str:
    return reply.text if isinstance(reply, Refused) else ""


def _approval(bench: Bench, who: str, kind: str, command_id: str) -> str:
    approval = bench.command(command_id).approval
    body = {"command_id": command_id, "digest": approval.digest if approval else "x"}
    body |= {"reason": "People in it"} if kind.endswith("glass") else {"text": "No: divers"}
    return _told(bench.act(who, kind, body))


def _lease(bench: Bench, who: str, kind: str, asset_id: str) -> str:
    body = {"asset_id": asset_id}
    more = {"reason": "Dam breach"} if kind == "lease.seize" else {"asset_name": "Gate"}
    return _told(bench.act(who, kind, body | more))


def _cancel(bench: Bench, who: str, _kind: str, command_id: str) -> str:
    return _told(bench.do(Asked(who, Cancel(id=uuid7(), command_id=command_id))).reply)


def _note(bench: Bench, who: str, _kind: str, _about: str) -> str:
    return _told(bench.do(Asked(who, Note(id=uuid7(), text="Rain"))).reply)


def _review(bench: Bench, who: str, kind: str, review_id: str) -> str:
    return _told(bench.act(who, kind, {"id": review_id, "text": "Fine"}))


def _queue(bench: Bench, who: str, kind: str, queue: str) -> str:
    return _told(bench.act(who, kind, {"queue": queue}))


Do = Callable[[Bench, str, str, str], str]
CASES: tuple[tuple[str, str, Do], ...] = (
    ("gate.set", "gate-2", _command),
    ("gate.set", "gate-9", _command),
    ("road.close", "gate-2", _command),
    ("approval.give", "waiting", _approval),
    ("approval.deny", "waiting", _approval),
    ("approval.break_glass", "waiting", _approval),
    ("approval.give", "over", _approval),
    ("lease.take", "gate-1", _lease),
    ("lease.take", "held", _lease),
    ("lease.ask", "held", _lease),
    ("lease.release", "held", _lease),
    ("lease.seize", "held", _lease),
    ("lease.seize", "gate-1", _lease),
    ("queue.hold", "all", _queue),
    ("review.close", "review", _review),
    ("review.close", "nowhere", _review),
    (CANCEL, "waiting", _cancel),
    (CANCEL, "over", _cancel),
    (NOTE, "", _note),
)


def _scene(bench: Bench) -> dict[str, str]:
    over = gate_of(bench, "walt", "gate-2")
    assert _approval(bench, "finn", "approval.deny", over) == ""
    waiting = gate_of(bench)
    held = {"asset_id": "gate-2", "asset_name": "Gate 2"}
    assert isinstance(bench.act("walt", "lease.take", held), Acknowledged)
    return {"waiting": waiting, "over": over, "held": "gate-2"}


def _broken_glass(bench: Bench) -> str:
    command_id = gate_of(bench)
    assert _approval(bench, "lea", "approval.break_glass", command_id) == ""
    return f"review-{command_id}"


@pytest.mark.parametrize("who", ["ada", "walt", "lea", "finn", "otto"])
@pytest.mark.parametrize(("action", "about", "do"), CASES)
def test_the_answer_is_what_the_request_is_then_told(
    bench: Bench, who: str, action: str, about: str, do: Do
) -> None:
    about = _scene(bench).get(about, about)
    if about == "review":
        about = _broken_glass(bench)
    answer = may(bench, who, action, about)
    told = do(bench, who, action, about)
    assert answer.allowed == (told == ""), (answer, told)
    if told:
        names = {"Name of gate-2": "Gate 2", "Name of gate-9": "Gate 9"}
        for of_request, of_target in names.items():
            told = told.replace(of_request, of_target)
        assert answer.text == told


def test_both_answers_occur(bench: Bench) -> None:
    """Else the comparison above would prove little."""
    scene = _scene(bench)
    seen = {
        (action, about): {
            may(bench, who, action, scene.get(about, about)).allowed
            for who in ("ada", "walt", "lea", "finn", "otto")
        }
        for action, about, _ in CASES
    }
    assert sum(len(answers) == 2 for answers in seen.values()) >= 9, seen


# --- what it says --------------------------------------------------------------------------------


def test_it_names_the_rule_and_who_may(bench: Bench) -> None:
    forbidden = may(bench, "ada", "gate.set", "gate-9")
    assert forbidden == Permission(
        allowed=False,
        text="The rule “no-gate-9” forbids it: Gate 9 is being rebuilt",
        rule="no-gate-9",
    )
    allowed = may(bench, "ada", "gate.set", "gate-1")
    assert allowed.allowed
    assert allowed.rule == "own"
    glass = may(bench, "ada", "approval.break_glass", gate_of(bench))
    assert glass.text == (
        "No rule of the policy lets you release this without its approvals; the nearest,"
        " “leaders”, is for the role leader"
    )
    assert may(bench, "otto", "gate.set", "gate-1").text.endswith("is for people on shift")
    assert "knows no request called 'city.blow_up'" in may(bench, "ada", "city.blow_up").text


def test_it_says_for_whose_approval_a_command_waits(bench: Bench) -> None:
    answer = may(bench, "ada", "gate.set", "gate-1")
    assert answer.waits == "Waits for 1 approval of fire"
    assert bench.command(gate_of(bench)).state_text == answer.waits
    assert may(bench, "ada", "gate.set", "gate-9").waits == "", "it is forbidden anyway"
    assert may(bench, "ada", "lease.take", "gate-1").waits == ""


def test_a_batch_is_asked_about_as_a_whole(bench: Bench) -> None:
    requests = [request("gate.set", f"gate-{n}", GATE, batch="b-1") for n in (1, 2)]
    body = {"id": "b-1", "title": "Both", "requests": [_plain(one) for one in requests]}
    assert isinstance(bench.act("ada", "batch.submit", body), Acknowledged)
    assert bench.core.room[Batches].by_id
    assert may(bench, "finn", "approval.give", "b-1").allowed
    assert may(bench, "walt", "approval.give", "b-1").text == "This approval is for fire to give"
    assert "cannot approve it" in may(bench, "ada", "approval.deny", "b-1").text


def _plain(one: Any) -> dict[str, Any]:
    return dict(msgspec.to_builtins(one))


def test_another_policy_gives_another_answer(bench: Bench) -> None:
    assert not may(bench, "ada", "queue.hold", "all").allowed
    other = POLICY.replace(b'roles = ["leader"]\nactions', b'roles = ["operator"]\nactions')
    assert other != POLICY
    bench.do(PolicyChanged(policy=read_policy(other, "test")))
    assert may(bench, "ada", "queue.hold", "all").allowed


def test_a_hub_without_keys_lets_everybody_do_what_it_would_do() -> None:
    bench = Bench()
    bench.greet("a1", "Ada", "water")
    bench.announce(Target(id="gate-1", name="Gate 1", kind="gate", accepts=("gate.set",)))
    for action in ("queue.hold", "lease.take", "approval.deny", NOTE):
        bench.wait(1.0)
        is_allowed = action != "approval.deny"  # there is nothing to deny
        assert may(bench, "a1", action, "gate-1").allowed is is_allowed
    assert may(bench, "a1", "gate.set", "gate-1").allowed


# --- it leaves nothing behind, and is bounded ----------------------------------------------------


def test_asking_leaves_no_trace(bench: Bench) -> None:
    scene = _scene(bench)
    n_events, before = len(bench.events), bench.core.room.state_hash()
    for who in ("ada", "otto", "lea", "finn"):
        wishes = [(action, scene.get(about, about)) for action, about, _ in CASES]
        assert isinstance(ask(bench, who, *wishes), Answers)
    bench.wait(0.1)
    assert bench.core.room.state_hash() == before
    assert len(bench.events) == n_events


def test_only_a_console_that_is_logged_in_is_answered(bench: Bench) -> None:
    for session in ("nobody", "f1"):
        assert isinstance(ask(bench, session, ("gate.set", "gate-1")), HelloNeeded)
    bench.lose("ada")
    assert isinstance(ask(bench, "ada", ("gate.set", "gate-1")), HelloNeeded)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (MayI(id="", questions=(Wish(action="gate.set"),)), "needs an id"),
        (MayI(id="x" * 65, questions=(Wish(action="gate.set"),)), "needs an id"),
        (MayI(id="1", questions=()), "questions are answered at once"),
        (MayI(id="1", questions=(Wish(action="a"),) * (MAX_QUESTIONS + 1)), "answered at once"),
        (MayI(id="1", questions=(Wish(action="a" * (MAX_LETTERS + 1)),)), "letters"),
        (MayI(id="1", questions=(Wish(action="a", about="b" * (MAX_LETTERS + 1)),)), "letters"),
    ],
)
def test_what_does_not_fit_is_refused(bench: Bench, message: MayI, sentence: str) -> None:
    refused = bench.core.permissions.answer("ada", message)
    assert isinstance(refused, Refused)
    assert refused.is_final
    assert sentence in refused.text
    assert len(refused.id) <= 64


def test_who_asks_too_fast_has_to_wait_and_loses_no_request(bench: Bench) -> None:
    n = 0
    while isinstance(ask(bench, "ada", ("gate.set", "gate-1")), Answers):
        n += 1
        assert n <= ASKS_AT_ONCE
    assert n == ASKS_AT_ONCE
    refused = ask(bench, "ada", ("gate.set", "gate-1"))
    assert isinstance(refused, Refused)
    assert not refused.is_final
    assert isinstance(ask(bench, "walt", ("gate.set", "gate-1")), Answers), "each person their own"
    assert bench.state(gate_of(bench)) is CommandState.AWAITING_APPROVAL
    bench.wait(1.0)
    assert isinstance(ask(bench, "ada", ("gate.set", "gate-1")), Answers)


def test_the_policys_own_limit_counts_besides() -> None:
    slow = POLICY + b'[[rate]]\nid = "slow"\nper_s = 0.1\nburst = 2\n'
    bench = Bench(policy=read_policy(slow, "test"))
    bench.log_in("Ada", "water")
    bench.announce(Target(id="gate-1", name="Gate 1", kind="gate", accepts=("gate.set",)))
    replies = [ask(bench, "ada", ("gate.set", "gate-1")) for _ in range(3)]
    assert [isinstance(one, Answers) for one in replies] == [True, True, False]
    assert "“slow”" in replies[-1].text
    assert bench.state(gate_of(bench)) is CommandState.AWAITING_APPROVAL, "its own bucket"


def test_questions_about_batches_count_like_messages(bench: Bench) -> None:
    for n in range(MAX_BATCHES + 1):
        target = ("gate-1", "gate-2")[n % 2]
        one = request("gate.set", target, GATE, batch=f"b-{n}")
        body = {"id": f"b-{n}", "title": "One", "requests": [_plain(one)]}
        assert isinstance(bench.act("ada", "batch.submit", body), Acknowledged)
    every = [("approval.give", f"b-{n}") for n in range(MAX_BATCHES + 1)]
    too_many = ask(bench, "finn", *every)
    assert isinstance(too_many, Refused)
    assert too_many.is_final
    assert isinstance(ask(bench, "finn", *every[1:]), Answers)
    assert isinstance(ask(bench, "finn", *every[1:]), Answers)
    assert not ask(bench, "finn", *every[1:]).is_final, "3 times 9 are over the limit"
