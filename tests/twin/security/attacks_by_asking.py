"""Attacks through the question what one may: about others, floods, too large, without a session."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.twin.hub_rig import until
from tests.twin.security.attack_scene import Scene, attack, told
from twin.hub.limits import ASKS_AT_ONCE
from twin.ids import uuid7
from twin.link.control import Answers, MayI, Refused
from twin.link.permission import MAX_LETTERS, MAX_QUESTIONS, Wish


def _ask(*actions: str, about: str = "", **more: Any) -> MayI:
    wishes = tuple(Wish(action=action, about=about) for action in actions)
    return MayI(id=more.get("id") or uuid7(), questions=wishes)


def _answered(reply: object) -> str:
    """Answers in words."""
    if not isinstance(reply, Answers):
        return told(reply)
    return "; ".join(f"{'yes' if one.allowed else 'no'}, {one.text}" for one in reply.answers)


def _facts(s: Scene, name: str) -> int:
    """What the journal holds of somebody besides coming and going."""
    ring = tuple(s.rig.hub._facts._recent._ring)
    return sum(e.actor.startswith(name) and not e.kind.startswith("operator.") for e in ring)


def _trace(s: Scene, name: str, n_before: int) -> str:
    n_new = _facts(s, name) - n_before
    return f" but made {n_new} facts" if n_new else ""


@attack("^hello needed$")
def asking_without_a_session(s: Scene) -> str:
    return told(s.peer("desk-1").ask(_ask("gate.set")))


@attack("^hello needed$")
def asking_as_an_actuator(s: Scene) -> str:
    return told(s.actuator("pumps", "pump-a").ask(_ask("pump.start", about="pump-a")))


@attack("^hello needed$")
def asking_as_a_recorder(s: Scene) -> str:
    peer = s.peer("recorder")
    peer.ask(peer.hello(role="recorder", console_id=""))
    return told(peer.ask(_ask("gate.set")))


@attack("^hello needed$")
def asking_before_the_proof(s: Scene) -> str:
    peer = s.peer("desk-1")
    peer.ask(peer.hello())
    return told(peer.ask(_ask("gate.set")))


@attack("^no, No rule of the policy allows “gate.set” to traffic[^;]*; the nearest[^;]*$")
def asking_in_somebody_elses_name(s: Scene) -> str:
    """Whatever the message says of a person, a department or a role, it is about who sits there."""
    peer = s.seat("cy")
    before = _facts(s, "Cy")
    lies = {"person": "ada", "department": "water", "roles": ["leader"], "rank": 9}
    lies |= {"console_id": "desk-3:1", "drill": True}
    wish = {"action": "gate.set", "about": s.name, **lies}
    message = {"type": "may_i", "id": uuid7(), "questions": [wish], **lies}
    peer.send_frames([b"civ1", msgspec.msgpack.encode(message)])
    return _answered(peer.receive()) + _trace(s, "Cy", before)


@attack("^Too many questions at once[^;]*, and Ada is answered$")
def flood_of_questions(s: Scene) -> str:
    peer, honest = s.seat("cy"), s.seat("ada", "desk-2")
    before = _facts(s, "Cy")
    for _ in range(10 * ASKS_AT_ONCE):
        peer.send(_ask(*["gate.set"] * MAX_QUESTIONS, about=s.name))
    replies = [peer.receive() for _ in range(10 * ASKS_AT_ONCE)]
    refused = [one for one in replies if isinstance(one, Refused)]
    assert len(replies) - len(refused) <= 2 * ASKS_AT_ONCE, len(refused)
    assert not any(one.is_final for one in refused)
    is_answered = isinstance(honest.ask(_ask("gate.set", about=s.name)), Answers)
    text = refused[-1].text + (", and Ada is answered" if is_answered else "")
    return text + _trace(s, "Cy", before)


@attack(f"^1 to {MAX_QUESTIONS} questions are answered at once$")
def ten_thousand_questions_at_once(s: Scene) -> str:
    return told(s.seat("walt").ask(_ask(*["gate.set"] * 10_000)))


@attack("^What is asked about has at most")
def a_question_of_half_a_megabyte(s: Scene) -> str:
    return told(s.seat("walt").ask(_ask("gate.set", about="x" * (1 << 19))))


@attack("^What is asked about has at most")
def an_action_longer_than_any(s: Scene) -> str:
    return told(s.seat("walt").ask(_ask("g" * (MAX_LETTERS + 1))))


@attack("^A question needs an id of 1 to 64 letters, 64 came back$")
def an_id_that_is_sent_back_at_length(s: Scene) -> str:
    reply = s.seat("walt").ask(_ask("gate.set", id="i" * 100_000))
    return f"{told(reply)}, {len(getattr(reply, 'id', ''))} came back"


@attack("^hello needed$")
def asking_after_the_key_was_revoked(s: Scene) -> str:
    s.people["asker"] = s.rig.person("asker", "water", "operator")
    peer = s.seat("asker", "desk-1")
    assert _answered(peer.ask(_ask("gate.set", about=s.name))).startswith("yes")
    s.rig.keys.store.change_person("asker", revoked=True)
    assert "The key of Asker was revoked" in told(peer.receive())
    return told(peer.ask(_ask("gate.set", about=s.name)))


@attack("^no, .* is for people on shift$")
def asking_for_the_rights_of_a_shift_that_is_over(s: Scene) -> str:
    s.people["late"] = s.rig.person("late", "water", "operator")
    peer = s.seat("late", "desk-1")
    assert _answered(peer.ask(_ask("gate.set", about=s.name))).startswith("yes")
    s.rig.keys.store.change_person("late", on_shift=False)

    def is_off() -> bool:
        directory = s.rig.hub._admission.security
        assert directory is not None
        person = directory.directory.person("late")
        return person is not None and not person.on_shift

    until(is_off)
    reply = until(
        lambda: (
            (text := _answered(peer.ask(_ask("gate.set", about=s.name)))).startswith("no") and text
        )
    )
    return str(reply)
