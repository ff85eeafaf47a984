"""Stage, shift, units and workspaces in the core: who may, what is refused, what the fold keeps."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec
import pytest
from nacl.signing import SigningKey

from tests.twin.hub_bench import Bench, why
from twin.link.control import Acknowledged
from twin.room.fold import Room
from twin.room.model import Event
from twin.room.parts.seats import Seats
from twin.room.parts.shifts import LINES_KEPT, Shifts
from twin.room.parts.stage import CHANGES_KEPT, Stage
from twin.room.parts.units import Units
from twin.security.policy_file import read_policy

POLICY = read_policy(files("resources").joinpath("policies", "city.toml").read_bytes(), "city.toml")


@pytest.fixture
def bench() -> Bench:
    """Ada and Ben are operators, Lea and Max shift leaders, Otto audits."""
    bench = Bench(policy=POLICY)
    bench.log_in("Ada", "water")
    bench.log_in("Ben", "fire")
    bench.log_in("Lea", "control_room", roles=("shift_leader",), rank=3)
    bench.log_in("Max", "control_room", roles=("shift_leader",), rank=3)
    bench.log_in("Otto", "control_room", roles=("auditor",))
    return bench


def did(reply: Any) -> None:
    assert isinstance(reply, Acknowledged), reply


def agree(bench: Bench) -> None:
    """Hub, console and a late joiner have the same room."""
    now = bench.core.room.state_hash()
    assert bench.folded().state_hash() == now
    assert Room.from_bytes(bench.core.room.to_bytes()).state_hash() == now
    assert bench.restarted().core.room[Shifts].now is not None


# --- stage --------------------------------------------------------------------------------------


def set_stage(bench: Bench, level: int, who: str = "lea", **more: Any) -> Any:
    stage = bench.core.room[Stage].level
    body = {"level": level, "expected": stage, "reason": "River is rising", **more}
    return bench.act(who, "stage.set", body)


def test_a_leader_sets_the_stage_with_a_reason_and_what_it_stood_on(bench: Bench) -> None:
    assert bench.core.room[Stage].level == 1
    assert "stage.set" in why(set_stage(bench, 3, "ada"))
    assert "1 to 5" in why(set_stage(bench, 6))
    assert "reason" in why(set_stage(bench, 3, reason="  "))
    assert "already" in why(set_stage(bench, 1))
    did(set_stage(bench, 3, proposed=2, facts=["1 severe incident is open"]))
    newest = bench.core.room[Stage].newest
    assert newest is not None
    assert (newest.level, newest.before, newest.by.name) == (3, 1, "Lea")
    assert (newest.proposed, newest.facts) == (2, ("1 severe incident is open",))
    agree(bench)


def test_of_two_who_set_it_at_once_the_second_is_told(bench: Bench) -> None:
    did(set_stage(bench, 3))
    late = set_stage(bench, 2, "max", expected=1)
    assert why(late).startswith("Lea (control room) set stage 3 first")
    assert bench.core.room[Stage].level == 3


def test_the_history_is_bounded_and_in_order(bench: Bench) -> None:
    for i in range(CHANGES_KEPT + 5):
        did(set_stage(bench, 2 + i % 2))
        bench.wait(0.2)
    changes = bench.core.room[Stage].changes.values()
    assert len(changes) == CHANGES_KEPT
    assert [one.t_ns for one in changes] == sorted(one.t_ns for one in changes)
    agree(bench)


# --- shift --------------------------------------------------------------------------------------


def note(bench: Bench, text: str = "Parade at three", who: str = "ada") -> Any:
    return bench.act(who, "shift.note", {"id": f"n{len(bench.events)}", "text": text})


def hand_over(bench: Bench, who: str = "lea", **more: Any) -> Any:
    item = {"kind": "incident", "title": "Water in Quay Street", "key": "i1"}
    body = {"id": "h1", "text": "Quiet night", "items": [item], **more}
    return bench.act(who, "shift.hand_over", body)


def accept(bench: Bench, who: str = "max", **more: Any) -> Any:
    digest = bench.core.room[Shifts].handovers.entries["h1"].digest
    return bench.act(who, "shift.accept", {"id": "h1", "digest": digest, **more})


def test_the_log_gathers_what_happens_beside_what_is_noted(bench: Bench) -> None:
    did(note(bench))
    alarms = [
        {"id": "a1", "title": "Level high", "priority": "critical", "thing_name": "Pump 3"},
        {"id": "a2", "title": "Level low", "priority": "low", "thing_name": "Pump 4"},
    ]
    did(bench.act("ada", "alarm.raise", {"alarms": alarms}))
    did(bench.act("ben", "alarm.acknowledge", {"ids": ["a1", "a2"]}))
    incident = {"id": "i1", "title": "Water in Quay Street", "kind": "flood", "severity": "severe"}
    did(bench.act("ada", "incident.open", incident))
    did(bench.act("ada", "incident.close", {"id": "i1", "cause": "Blocked drain"}))
    did(set_stage(bench, 2))
    part = bench.core.room[Shifts]
    lines = [(one.group, one.kind, one.name, one.what) for one in part.lines.values()]
    assert lines == [
        ("notes", "shift.noted", "", ""),
        ("alarms", "alarm.raised", "Pump 3", "critical"),
        ("alarms", "alarm.acknowledged", "", "2"),
        ("incidents", "incident.opened", "Water in Quay Street", "severe"),
        ("incidents", "incident.closed", "Water in Quay Street", ""),
        ("stage", "stage.set", "", "2"),
    ]
    assert part.now is not None
    assert part.now.counts == {
        "notes": 1, "alarms": 2, "alarms.critical": 1, "alarms.low": 1, "acknowledged": 2,
        "incidents": 1, "incidents.closed": 1,
    }  # fmt: skip
    agree(bench)


def test_a_command_that_went_wrong_is_told_by_its_name(bench: Bench) -> None:
    request = {
        "id": "k1", "type_id": "road.close", "type_version": 1, "target_id": "r1",
        "target_name": "Harbour Street", "args": {"cause": "works"},
    }  # fmt: skip
    operator = {"name": "Ada", "department": "traffic", "console_id": "c1"}
    room = Room()
    for seq, kind, body in (
        (1, "command.submitted", {"request": request, "operator": operator}),
        (2, "command.state", {"id": "k1", "state": "QUEUED", "text": ""}),
        (3, "command.state", {"id": "k1", "state": "CANCELLED", "text": ""}),
    ):
        room.apply(Event(seq=seq, t_ns=seq, kind=kind, actor="Ada", body=body))
    assert [one.name for one in room[Shifts].lines.values()] == ["Harbour Street"]
    room.apply(submitted_again(request, operator))
    expired = {"id": "k2", "state": "REJECTED", "text": "No effect"}
    room.apply(Event(seq=5, t_ns=5, kind="command.state", actor="hub", body=expired))
    assert len(room[Shifts].lines) == 2, "who was refused at once has been told"
    assert room[Shifts].now is not None
    assert room[Shifts].now.counts == {"commands": 2}


def submitted_again(request: dict[str, Any], operator: dict[str, Any]) -> Event:
    body = {"request": {**request, "id": "k2"}, "operator": operator}
    return Event(seq=4, t_ns=4, kind="command.submitted", actor="Ada", body=body)


def test_a_flood_of_alarms_takes_no_note_away(bench: Bench) -> None:
    did(note(bench))
    for i in range(LINES_KEPT["alarms"] + 30):
        alarm = {"id": f"a{i}", "title": "x", "priority": "high", "thing_name": f"T{i}"}
        did(bench.act("ada", "alarm.raise", {"alarms": [alarm]}))
        bench.wait(0.2)
    groups = [one.group for one in bench.core.room[Shifts].lines.values()]
    assert groups.count("alarms") == LINES_KEPT["alarms"]
    assert groups.count("notes") == 1
    agree(bench)


def test_events_that_cannot_be_read_leave_the_log_alone() -> None:
    room = Room()
    for seq, (kind, body) in enumerate(
        (
            ("stage.set", {"level": 9}),
            ("stage.set", {"level": "x", "reason": 3}),
            ("hub.started", {}),
        ),
        start=1,
    ):
        room.apply(Event(seq=seq, t_ns=seq, kind=kind, actor="hub", body=body))
    assert room[Stage].newest is None


def test_a_shift_goes_from_one_leader_to_another_with_both_names(bench: Bench) -> None:
    did(bench.act("lea", "shift.take", {}))
    assert "You lead" in why(bench.act("lea", "shift.take", {}))
    assert "have it handed over" in why(bench.act("max", "shift.take", {"reason": "x"}))
    assert "shift.hand_over" in why(hand_over(bench, "ada"))
    assert "leads the shift" in why(hand_over(bench, "max"))
    did(hand_over(bench, to_console="id-Max"))
    assert "waits for an answer" in why(hand_over(bench, id="h2"))
    assert "somebody else" in why(accept(bench, "lea"))
    assert "look at it again" in why(accept(bench, digest="x"))
    bench.wait(60.0)
    did(accept(bench, text="Read it all"))
    part = bench.core.room[Shifts]
    done = part.handovers.entries["h1"]
    assert (done.by.name, done.state, done.answer) == ("Lea", "accepted", "Read it all")
    assert done.answered_by is not None
    assert done.answered_by.name == "Max"
    assert done.answered_ns - done.at_ns >= 60 * 10**9
    assert part.now is not None
    assert part.now.leader is not None
    assert part.now.leader.name == "Max"
    first, taken, third = part.shifts.values()
    assert (first.id, third.id) == ("first", "h1")
    assert first.ended_ns == taken.began_ns
    assert "has answered it" in why(accept(bench))
    agree(bench)


def test_a_handover_is_sent_back_with_a_sentence(bench: Bench) -> None:
    did(hand_over(bench, to_console="id-Max"))
    assert "what is missing" in why(bench.act("max", "shift.send_back", {"id": "h1", "text": ""}))
    did(bench.act("max", "shift.send_back", {"id": "h1", "text": "Who holds pump 3?"}))
    part = bench.core.room[Shifts]
    assert part.handovers.entries["h1"].state == "sent_back"
    assert not part.open
    assert part.now is not None
    assert part.now.leader is None
    did(hand_over(bench, id="h2"))


def test_what_is_handed_over_is_checked(bench: Bench) -> None:
    assert "Nobody is there" in why(hand_over(bench, to_console="id-Zoe"))
    assert "somebody else" in why(hand_over(bench, to_console="id-Lea"))
    bad = [{"kind": "gossip", "title": "x"}]
    assert "is one of" in why(hand_over(bench, items=bad))
    long = [{"kind": "note", "title": "x" * 1_000}] * 200
    assert "KiB" in why(hand_over(bench, items=long))


def test_signed_acts_of_both_stay_in_the_journal(bench: Bench) -> None:
    did(hand_over(bench))
    did(accept(bench))
    kinds = ("shift.offered", "shift.accepted")
    acts = [one.body["act"]["kind"] for one in bench.events if one.kind in kinds]
    assert acts == ["shift.hand_over", "shift.accept"]


def test_an_act_that_is_not_signed_by_its_person_is_refused() -> None:
    bench = Bench(policy=POLICY)
    key, other = SigningKey.generate(), SigningKey.generate()
    bench.log_in("Lea", "control_room", roles=("shift_leader",), rank=3, key=key)
    bench.log_in("Max", "control_room", roles=("shift_leader",), rank=3, key=other)
    body = {"level": 2, "expected": 1, "reason": "Wind"}
    forged = bench.signature("max", "stage.set", body)
    assert "not signed by Lea" in why(bench.act("lea", "stage.set", body, signature=forged))
    assert bench.core.room[Stage].level == 1
    did(bench.act("lea", "stage.set", body))
    kept = next(one.body["act"] for one in bench.events if one.kind == "stage.set")
    assert kept["kind"] == "stage.set"
    assert len(kept["signature"]) == 128
    did(hand_over(bench))
    did(accept(bench))
    signed = [one.body["act"]["signature"] for one in bench.events if "shift." in one.kind]
    assert len(set(signed)) == 2


# --- units --------------------------------------------------------------------------------------


def test_units_go_out_of_service_and_back(bench: Bench) -> None:
    out = {"unit_id": "amb-1", "name": "Ambulance 1", "reason": "Flat tyre"}
    assert "with a reason" in why(bench.act("ada", "unit.take_out", out | {"reason": " "}))
    assert "unit.take_out" in why(bench.act("otto", "unit.take_out", out))
    did(bench.act("ada", "unit.take_out", out))
    assert "already" in why(bench.act("ben", "unit.take_out", out))
    assert bench.core.room[Units].out.entries["amb-1"].reason == "Flat tyre"
    did(bench.act("ben", "unit.put_back", {"unit_id": "amb-1"}))
    assert "in service" in why(bench.act("ben", "unit.put_back", {"unit_id": "amb-1"}))
    agree(bench)


def test_the_room_remembers_how_fast_help_came(bench: Bench) -> None:
    incident = {"id": "i1", "title": "Fire", "kind": "fire", "severity": "severe"}
    did(bench.act("ada", "incident.open", incident))
    unit = {"id": "i1", "unit_id": "f1", "name": "Engine 1", "status": "en_route"}
    bench.wait(30.0)
    did(bench.act("ben", "incident.unit", unit))
    bench.wait(200.0)
    did(bench.act("ben", "incident.unit", unit | {"status": "on_scene"}))
    bench.wait(20.0)
    late = unit | {"unit_id": "f2", "name": "Engine 2", "status": "on_scene"}
    did(bench.act("ben", "incident.unit", late))
    (response,) = bench.core.room[Units].responses.values()
    assert (response.on_scene_ns - response.opened_ns) / 1e9 == pytest.approx(230.0)
    assert (response.unit_id, response.unit_name) == ("f1", "Engine 1")
    agree(bench)


# --- workspaces ---------------------------------------------------------------------------------


def offer(bench: Bench, who: str = "ada", **more: Any) -> Any:
    look = [100, 200, 0, 40_000, 0, 6_000, False]
    body = {
        "id": "w1", "to": "id-Ben", "workspace": "incidents", "text": "Quay Street",
        "look": look, "panels": ["incidents", "alarms"], "things": ["pump-3"],
        "filters": {"sensors": "pump"}, "incident": "i1", **more,
    }  # fmt: skip
    return bench.act(who, "workspace.offer", body)


def test_a_workspace_goes_to_the_seat_it_is_for(bench: Bench) -> None:
    did(offer(bench))
    kept = bench.core.room[Seats].offers.entries["w1"]
    assert (kept.by.name, kept.workspace, kept.things) == ("Ada", "incidents", ("pump-3",))
    assert kept.look is not None
    assert kept.look.distance_cm == 40_000
    agree(bench)
    assert "another seat" in why(bench.act("lea", "workspace.take", {"id": "w1"}))
    assert "your own" in why(bench.act("ada", "workspace.take", {"id": "w1"}))
    did(bench.act("ben", "workspace.take", {"id": "w1"}))
    assert "Somebody else" in why(bench.act("ben", "workspace.take", {"id": "w1"}))
    assert not bench.core.room[Seats].offers


def test_an_offer_is_taken_back_declined_or_forgotten(bench: Bench) -> None:
    did(offer(bench))
    assert "Ada" in why(bench.act("lea", "workspace.withdraw", {"id": "w1"}))
    did(bench.act("ben", "workspace.withdraw", {"id": "w1"}))
    did(offer(bench))
    bench.wait(3_601.0)
    assert not bench.core.room[Seats].offers
    agree(bench)


def test_offers_are_checked(bench: Bench) -> None:
    assert "Nobody sits" in why(offer(bench, to="id-Zoe"))
    assert "another seat" in why(offer(bench, to="id-Ada"))
    assert "at most" in why(offer(bench, things=["x"] * 501))
    assert "letters" in why(offer(bench, filters={"sensors": "x" * 2_001}))
    assert "cannot be read" in why(offer(bench, look=[1, 2]))


def test_bodies_go_over_the_wire_as_plain_json(bench: Bench) -> None:
    did(offer(bench))
    did(hand_over(bench))
    events = msgspec.json.decode(msgspec.json.encode(bench.events), type=list[Event])
    room = Room()
    for one in events:
        room.apply(one)
    assert room.state_hash() == bench.core.room.state_hash()
