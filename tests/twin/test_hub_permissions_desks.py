"""Desks with conditions of their own: what is answered is what the request is then told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.twin.hub_bench import Bench
from tests.twin.test_hub_permissions import CASES as OTHERS
from tests.twin.test_hub_permissions import may
from twin.hub.desks.base import desk_registry
from twin.hub.incident_rules import MAX_OPEN
from twin.link.control import Acknowledged, Refused
from twin.room.parts.incidents import Incidents
from twin.room.parts.shifts import Shifts
from twin.security.policy_file import read_policy

POLICY = b"""
version = 1
roles = ["operator", "leader"]
[[allow]]
id = "work"
roles = ["operator", "leader"]
actions = ["incident.*", "task.*", "playbook.*", "mark.*", "unit.*", "shift.*", "proposal.*",
           "verdict.*", "message.*", "alarm.*"]
[[allow]]
id = "lead"
roles = ["leader"]
actions = ["stage.*", "rule.*"]
[[deny]]
id = "no-new"
text = "Incidents are opened by water"
departments = ["fire"]
actions = ["incident.open"]
"""
PEOPLE = ("ada", "walt", "lea", "finn", "otto")
PLAYBOOK = {
    "id": "test",
    "title": "A test",
    "kind": "flood",
    "steps": [{"id": "look", "title": "Is it wet?", "department": "water"}],
}


@pytest.fixture
def bench() -> Bench:
    """Ada and Walt (water), Lea (water, leader, rank 5), Finn (fire), Otto (water, off shift).

    Walt commands "open", which waits for fire; he leads the shift and gave tasks and a mark.
    """
    made = Bench(policy=read_policy(POLICY, "test"))
    made.log_in("Ada", "water")
    made.log_in("Walt", "water")
    made.log_in("Lea", "water", roles=("leader",), rank=5)
    made.log_in("Finn", "fire")
    made.log_in("Otto", "water", is_on_shift=False)
    for incident in ("open", "shut", "bare"):
        do(made, "walt", "incident.open", _incident(incident))
    do(made, "walt", "incident.ask", {"id": "open", "department": "fire"})
    do(made, "walt", "incident.command", {"id": "open"})
    do(made, "walt", "incident.close", {"id": "shut", "cause": "A drill"})
    do(made, "walt", "playbook.start", {"id": "run", "incident": "open", "playbook": PLAYBOOK})
    for task, dept in (("of-fire", "fire"), ("over", ""), ("anybodys", "")):
        body = {"id": task, "incident": "open", "title": task, "department": dept}
        do(made, "walt", "task.give", body)
    do(made, "walt", "task.set", {"id": "over", "status": "done"})
    for mark in ("mark", "gone"):
        do(made, "walt", "mark.put", _mark(mark, 0))
    do(made, "walt", "mark.remove", {"id": "gone", "expected_rev": 1})
    do(made, "walt", "unit.take_out", {"unit_id": "out", "name": "Pump 3", "reason": "Flat"})
    do(made, "walt", "shift.take", {})
    never = {"kind": "asset", "a": "a", "b": "b"}
    do(made, "walt", "proposal.never", never)
    for rule, root in (("root", ""), ("leaf", "root")):
        do(made, "lea", "rule.put", {"rule": _rule(rule, root)})
    filed = {"file": "city.toml", "fingerprint": "1", "rules": [_rule("filed", "")]}
    do(made, "lea", "rule.load", filed)
    return made


def do(bench: Bench, who: str, kind: str, body: dict[str, Any]) -> None:
    reply = bench.act(who, kind, body)
    assert isinstance(reply, Acknowledged), (kind, reply)


def _incident(key: str) -> dict[str, Any]:
    return {"id": key, "title": key, "kind": "flood", "severity": "minor"}


def _mark(key: str, rev: int) -> dict[str, Any]:
    points = [[1.0, 2.0, 0.0]]
    return {"id": key, "kind": "note", "points": points, "title": "Wet", "expected_rev": rev}


def _rule(key: str, root: str) -> dict[str, Any]:
    return {"id": key, "title": key, "open": "value > 2", "kinds": ["gauge"], "root": root}


def _hand_over(bench: Bench) -> None:
    do(bench, "walt", "shift.hand_over", {"id": "h", "to_console": "id-Finn"})


def _accepting(bench: Bench, about: str) -> dict[str, Any]:
    handover = bench.core.room[Shifts].handovers.get(about)
    return {"id": about, "digest": handover.digest if handover is not None else ""}


def _own(bench: Bench, who: str) -> str:
    return next(
        one.department for one in bench.core.room.operators.values() if one.name.lower() == who
    )


#: Action, what about, the body of the request, what comes before.
Body = Callable[[Bench, str, str], dict[str, Any]]
CASES: tuple[tuple[str, str, Body], ...] = (
    ("incident.open", "", lambda *_: _incident("new")),
    *(
        case
        for about in ("open", "shut", "bare", "nowhere")
        for case in (
            ("incident.change", about, lambda _b, _w, key: {"id": key, "changes": {"title": "x"}}),
            (
                "incident.edit_list",
                about,
                lambda _b, _w, key: {"id": key, "field": "links", "add": ["thing:1"]},
            ),
            ("incident.ask", about, lambda _b, _w, key: {"id": key, "department": "police"}),
            (
                "incident.take_part",
                about,
                lambda bench, who, key: {"id": key, "department": _own(bench, who)},
            ),
            ("incident.command", about, lambda _b, _w, key: {"id": key}),
            (
                "incident.unit",
                about,
                lambda _b, _w, key: {
                    "id": key,
                    "unit_id": "u",
                    "name": "U",
                    "status": "assigned",
                },
            ),
            ("incident.log", about, lambda _b, _w, key: {"id": key, "text": "Wet"}),
            ("incident.close", about, lambda _b, _w, key: {"id": key, "cause": "Rain"}),
            ("task.give", about, lambda _b, _w, key: {"id": "t", "incident": key, "title": "Go"}),
            (
                "playbook.start",
                about,
                lambda _b, _w, key: {
                    "id": "r2",
                    "incident": key,
                    "playbook": PLAYBOOK | {"id": "other"},
                },
            ),
        )
    ),
    *(
        ("task.set", about, lambda _b, _w, key: {"id": key, "status": "taken"})
        for about in ("of-fire", "over", "anybodys", "nowhere")
    ),
    ("playbook.stop", "run", lambda _b, _w, key: {"id": key, "reason": "Dry"}),
    ("playbook.stop", "nowhere", lambda _b, _w, key: {"id": key, "reason": "Dry"}),
    ("mark.put", "mark", lambda _b, _w, key: _mark(key, 1)),
    ("mark.put", "new", lambda _b, _w, key: _mark(key, 0)),
    *(
        ("mark.remove", about, lambda _b, _w, key: {"id": key, "expected_rev": 1})
        for about in ("mark", "gone", "nowhere")
    ),
    *(
        case
        for about in ("out", "in")
        for case in (
            (
                "unit.take_out",
                about,
                lambda _b, _w, key: {"unit_id": key, "name": "Pump 3", "reason": "Flat"},
            ),
            ("unit.put_back", about, lambda _b, _w, key: {"unit_id": key}),
        )
    ),
    ("shift.take", "", lambda *_: {"reason": "He is ill"}),
    ("shift.take", "h", lambda *_: {"reason": "He is ill"}),
    ("shift.hand_over", "", lambda *_: {"id": "h2"}),
    ("shift.hand_over", "h", lambda *_: {"id": "h2"}),
    ("shift.accept", "h", lambda bench, _w, key: _accepting(bench, key)),
    ("shift.accept", "nowhere", lambda bench, _w, key: _accepting(bench, key)),
    ("shift.send_back", "h", lambda _b, _w, key: {"id": key, "text": "What of the gate?"}),
    *(
        ("rule.remove", about, lambda _b, _w, key: {"id": key})
        for about in ("root", "leaf", "filed")
    ),
    ("rule.enable", "root", lambda _b, _w, key: {"id": key, "is_on": False}),
    ("rule.enable", "nowhere", lambda _b, _w, key: {"id": key, "is_on": False}),
    ("stage.set", "1", lambda *_: {"level": 1, "expected": 1, "reason": "Rain"}),
    ("stage.set", "2", lambda *_: {"level": 2, "expected": 1, "reason": "Rain"}),
    *(
        (
            "proposal.accept",
            about,
            lambda _b, _w, key: {
                "members": ["alarm:a", "alarm:b"],
                "incident": key or "new",
                "title": "Both",
                "kind": "flood",
            },
        )
        for about in ("", "open", "shut")
    ),
    ("proposal.allow", "assets", lambda _b, _w, key: {"id": key}),
    ("proposal.allow", "nowhere", lambda _b, _w, key: {"id": key}),
    (
        "verdict.give",
        "",
        lambda *_: {
            "id": "v",
            "datastream_id": "d",
            "is_anomaly": True,
            "start_ns": 1,
            "end_ns": 2,
        },
    ),
    ("message.post", "", lambda *_: {"channel": "room", "text": "Rain"}),
)


def _prepare(bench: Bench, action: str, about: str) -> str:
    if about == "h":
        _hand_over(bench)
    if action == "proposal.accept":
        alarms = [{"id": key, "title": key, "priority": "low"} for key in "ab"]
        do(bench, "walt", "alarm.raise", {"alarms": alarms})
    if (action, about) == ("proposal.allow", "assets"):
        return next(
            str(e.body["pair"]["id"]) for e in bench.events if e.kind == "proposal.forbidden"
        )
    return about


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize(("action", "about", "body"), CASES)
def test_the_answer_is_what_the_request_is_then_told(
    bench: Bench, who: str, action: str, about: str, body: Body
) -> None:
    about = _prepare(bench, action, about)
    answer = may(bench, who, action, about)
    reply = bench.act(who, action, body(bench, who, about))
    told = reply.text if isinstance(reply, Refused) else ""
    assert answer.allowed == (told == ""), (answer, told)
    if told:
        assert answer.text == told


def test_every_answer_beyond_the_policy_is_compared() -> None:
    made = [kind.make(Bench().core._hall) for kind in desk_registry()]
    asked = {action for desk in made for action in desk.permissions()}
    compared = {action for action, _, _ in (*CASES, *OTHERS)}
    assert asked - compared == set()
    assert len(asked) >= 25


def test_both_answers_occur(bench: Bench) -> None:
    """Else the comparison above would prove little."""
    seen: dict[str, set[bool]] = {}
    for action, about, _ in CASES:
        if about != "h":
            answers = {may(bench, who, action, about).allowed for who in PEOPLE[:4]}
            seen[action] = seen.get(action, set()) | answers
        bench.wait(2.0)
    mixed = {action for action, answers in seen.items() if len(answers) == 2}
    assert mixed >= {
        "incident.open",
        "incident.command",
        "incident.close",
        "incident.take_part",
        "task.set",
        "playbook.stop",
        "mark.put",
        "mark.remove",
        "unit.take_out",
        "unit.put_back",
        "shift.take",
        "shift.hand_over",
        "rule.remove",
        "rule.enable",
        "stage.set",
        "proposal.accept",
    }


def test_it_says_who_may(bench: Bench) -> None:
    assert may(bench, "ada", "incident.close", "open").text.startswith("Walt")
    assert may(bench, "lea", "incident.command", "open").allowed, "by rank"
    assert "tasks are not done" in may(bench, "walt", "incident.close", "open").text
    assert may(bench, "finn", "mark.remove", "mark").text == (
        "“Wet” belongs to Walt (water): only they and the department water may change it"
    )
    assert may(bench, "ada", "mark.remove", "mark").allowed, "of the owner's department"
    assert may(bench, "ada", "mark.put").rule == "work", "of a new one the policy speaks"
    assert may(bench, "finn", "task.set", "anybodys").rule == "work"


def test_a_room_full_of_incidents_opens_none(bench: Bench) -> None:
    for n in range(MAX_OPEN - len(bench.core.room[Incidents].open)):
        do(bench, "walt", "incident.open", _incident(f"i{n}"))
        bench.wait(0.5)
    for action in ("incident.open", "proposal.accept"):
        assert "close some" in may(bench, "ada", action).text
