"""A real hub with keys, people at consoles, a recorder: the report agrees with the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.twin.hub_bench import room_of
from tests.twin.hub_rig import polled, request, until, wait_for_state
from tests.twin.recorder_rig import Stepping
from tests.twin.security.secure_rig import SecureHub, secure_hub
from twin.clock import NS_PER_S
from twin.link.client import HubClient
from twin.reporting.composing import Findings, compose
from twin.reporting.html import html_of
from twin.reporting.making import ReportOptions, find
from twin.room.model import CommandState, Event
from twin.room.parts.alarms import Alarms
from twin.room.parts.incidents import Incidents
from twin.room.parts.messages import Messages

POLICY = """
version = 1
roles = ["operator", "shift_leader"]
[[allow]]
id = "all"
roles = ["operator", "shift_leader"]
[[approval]]
id = "signals"
text = "Traffic is asked before signals change"
actions = ["signal.*"]
needed = 1
by_departments = ["fire"]
expires_s = 120
[[break_glass]]
id = "leaders"
roles = ["shift_leader"]
"""


Told = tuple[Findings, Findings, tuple[Event, ...], str, str]
Fits = Callable[[Event], bool]


def took(events: tuple[Event, ...], begin: Fits, end: Fits) -> float:
    """Seconds from the first fact that fits to the first one later that fits, by the journal."""
    first = next(event for event in events if begin(event))
    last = next(event for event in events if event.seq > first.seq and end(event))
    return (last.t_ns - first.t_ns) / NS_PER_S


def kind(name: str, **fields: Any) -> Fits:
    return lambda event: (
        event.kind == name and all(event.body.get(k) == v for k, v in fields.items())
    )


def work(hub: SecureHub) -> tuple[str, str, HubClient]:
    """An alarm, an incident, a command that fire denies, one that breaks the glass, its end."""
    ada = hub.console(hub.person("ada", "traffic"), hub.security("desk-a"))
    ben = hub.console(hub.person("ben", "fire"), hub.security("desk-b"))
    lea = hub.console(
        hub.person("lea", "control_room", "operator", "shift_leader", rank=3),
        hub.security("desk-l"),
    )
    ada.act("alarm.raise", {"alarms": [{
        "id": "jam", "title": "Traffic stands", "priority": "high", "thing_id": "signal-1",
        "thing_name": "Name of signal-1", "department": "traffic",
        "datastream_id": "signal-1/signal_plan", "value_text": "plan 1", "xyz": [10.0, 5.0, 0.0],
    }]})  # fmt: skip
    until(lambda: "jam" in polled(ada).room[Alarms].by_id)
    ada.act("alarm.acknowledge", {"ids": ["jam"]})
    lea.act("incident.open", {
        "id": "i1", "title": "Jam at the bridge", "kind": "traffic", "severity": "moderate",
        "departments": ["fire"], "links": ["alarm:jam"], "xyz": [10.0, 5.0, 0.0],
    })  # fmt: skip
    until(lambda: polled(ben).room[Incidents].open)
    ben.act("incident.take_part", {"id": "i1", "department": "fire"})
    first = request("signal.set_plan", "signal-1", {"plan": 2}, incident="i1", reason="Clear it")
    ada.submit(first)
    waiting = wait_for_state(ben, first.id, CommandState.AWAITING_APPROVAL)
    ben.act("approval.deny", {"command_id": first.id, "digest": waiting.approval.digest,
                              "text": "An engine comes through"})  # fmt: skip
    wait_for_state(ada, first.id, CommandState.DENIED)
    second = request("signal.set_plan", "signal-1", {"plan": 2}, incident="i1", reason="Again")
    ada.submit(second)
    waiting = wait_for_state(lea, second.id, CommandState.AWAITING_APPROVAL)
    lea.act("approval.break_glass", {"command_id": second.id, "digest": waiting.approval.digest,
                                     "reason": "Smoke in the tunnel"})  # fmt: skip
    wait_for_state(ada, second.id, CommandState.VERIFIED)
    ada.act("alarm.return", {"ids": ["jam"]})
    ada.act("message.post", {"channel": "incident:i1", "text": "It flows again"})
    until(lambda: polled(lea).room[Messages].in_channel("incident:i1"), what="the message")
    lea.act("incident.close", {"id": "i1", "cause": "A lorry lost its load"})
    until(lambda: not polled(lea).room[Incidents].open)
    return first.id, second.id, lea


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Findings of the incident and of everything, the journal, the two commands."""
    folder = tmp_path_factory.mktemp("hub")
    path = folder / "run.mcap"
    with secure_hub(folder, policy=POLICY, scene="Old town") as hub:
        security = hub.security("recorder", "recorder")
        with Stepping(hub.hub.addresses.control, path, security=security) as recorder:
            until(lambda: recorder.keeper.room.seq, what="the recorder in the room")
            city = hub.city(hub.security("city", "actuator", "source"))
            city.show_plan("signal-1", 1.0)
            until(lambda: recorder.keeper.counts.n_samples, what="a sample")
            denied, glass, lea = work(hub)
            until(lambda: recorder.keeper.room.seq >= lea.room.seq, what="the last fact")
        events = tuple(hub.events())
    last = recorder.keeper.room.seq
    events = tuple(event for event in events if event.seq <= last)
    found = find(ReportOptions(where=str(path), incident="i1"))
    return found, find(ReportOptions(where=str(path))), events, denied, glass


def test_times_are_those_of_the_journal(told: Told) -> None:
    found, _, events, _, glass = told
    seconds = {(one.phase, one.department): one.longest_s for one in found.phases}
    assert seconds["Alarm raised → acknowledged", "traffic"] == took(
        events, kind("alarm.raised"), kind("alarm.acknowledged")
    )
    assert seconds["Department asked → joined", "fire"] == took(
        events, kind("incident.opened"), kind("incident.department_took")
    )
    assert seconds["Incident opened → first command", "traffic"] == took(
        events, kind("incident.opened"), kind("command.submitted")
    )
    assert seconds["Command ordered → effect verified", "traffic"] == took(
        events,
        lambda event: event.kind == "command.submitted" and event.body["request"]["id"] == glass,
        kind("command.state", id=glass, state="VERIFIED"),
    )
    assert seconds["Incident opened → closed", ""] == took(
        events, kind("incident.opened"), kind("incident.closed")
    )


def test_decisions_carry_names_reasons_and_values(told: Told) -> None:
    found, _, _, denied, glass = told
    by = {(one.kind, one.command): one for one in found.scope.decisions}
    no, broken = by["denied", denied], by["glass", glass]
    assert (no.who, no.why) == ("Ben (fire)", "An engine comes through")
    assert (broken.who, broken.why) == ("Lea (control room)", "Smoke in the tunnel")
    known = "\n".join(found.known[no.seq])
    assert "Name of signal-1, signal plan 1" in known
    assert "Traffic is asked before signals change" in known
    assert "Alarms standing: 1 high" in known


def test_the_fingerprint_is_the_rooms(told: Told) -> None:
    _, whole, events, _, _ = told
    room = room_of(events)
    assert whole.chronicle.last_seq == events[-1].seq
    assert whole.chronicle.state_hash == room.state_hash()
    assert whole.chronicle.agreement.n_agreed
    assert not whole.chronicle.agreement.differs_seq
    assert not [*whole.source.missing, *whole.chronicle.missing]
    page = html_of(compose(whole))
    for words in ("Jam at the bridge", "It flows again", "A lorry lost its load", "Old town"):
        assert words in page
