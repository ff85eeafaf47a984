"""Marks and load of a timeline."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from tests.twin import recordings
from tests.twin.recordings import EPOCH, START_NS
from twin.clock import NS_PER_S
from twin.link.control import EventMessage
from twin.playback.marks import load_of, marks_of
from twin.playback.tape import RingTape
from twin.recording.form import EVENT
from twin.recording.reading import Recording
from twin.room.model import Event


def said(seq: int, kind: str, **body: object) -> Event:
    """A fact that only marks look at."""
    t_ns = START_NS + seq * NS_PER_S
    return Event(seq=seq, t_ns=t_ns, kind=kind, actor="Ada (traffic)", body=dict(body))


def test_what_happened_becomes_marks() -> None:
    ring = RingTape()
    facts = [
        said(1, "alarm.raised",
             alarm={"title": "Level rises", "priority": "high", "thing_name": "Pump 3"}),
        said(2, "note.added", id="n", text="nothing to mark"),
        said(3, "incident.opened", incident={"title": "Flooded underpass"}),
        said(4, "command.submitted", request={"type_id": "road.close", "target_name": "Quay"}),
        said(5, "command.state", id="c", state="VERIFIED", text=""),
        said(6, "command.state", id="c", state="FAILED", text="no power"),
        said(7, "alarm.raised", alarm="rubbish"),
    ]  # fmt: skip
    for event in facts[:6]:
        data = msgspec.json.encode(EventMessage(epoch=EPOCH, event=event))
        ring.add(EVENT, data, event.t_ns)
    ring.add(EVENT, b"not json", START_NS + 7 * NS_PER_S)
    marks = list(marks_of(ring))
    assert [(m.kind, m.level) for m in marks] == [
        ("alarm", "high"), ("incident", ""), ("command", ""), ("trouble", ""),
    ]  # fmt: skip
    assert marks[0].text == "Pump 3: Level rises"
    assert marks[1].text == "Incident: Flooded underpass"
    assert marks[2].text == "Ada (traffic): road.close for Quay"
    assert marks[3].text == "A command is FAILED: no power"
    assert [m.kind for m in marks_of(ring, after_ns=marks[1].t_ns)] == ["command", "trouble"]


def test_an_incident_is_marked_from_its_beginning_to_its_end() -> None:
    ring = RingTape()
    for event in (
        said(1, "incident.opened", incident={"title": "Flood"}),
        said(2, "playbook.started", run={"playbook": {"title": "River flood"}}),
        said(3, "playbook.ended", id="r", text="3 of 4 steps were done"),
        said(4, "incident.closed", id="i", cause="Blocked drain"),
    ):
        ring.add(EVENT, msgspec.json.encode(EventMessage(epoch=EPOCH, event=event)), event.t_ns)
    marks = list(marks_of(ring))
    assert {mark.kind for mark in marks} == {"incident"}
    assert [mark.text for mark in marks] == [
        "Incident: Flood",
        "Ada (traffic) started the playbook “River flood”",
        "A playbook has ended: 3 of 4 steps were done",
        "Ada (traffic) closed an incident: Blocked drain",
    ]


def test_a_stage_of_the_city_is_marked_with_its_number() -> None:
    ring = RingTape()
    for seq, body in ((1, {"level": 4, "before": 1, "reason": "Storm"}), (2, {"level": "x"})):
        event = said(seq, "stage.set", **body)
        ring.add(EVENT, msgspec.json.encode(EventMessage(epoch=EPOCH, event=event)), event.t_ns)
    first, second = marks_of(ring)
    assert (first.kind, first.level, first.text) == ("stage", "4", "Stage 4 (Severe): Storm")
    assert second.level == "x"


def test_the_load_is_shares_of_the_largest(tmp_path: Path) -> None:
    recordings.record(tmp_path / "a.mcap")
    recording = Recording(tmp_path / "a.mcap")
    load = load_of(recording, recording.start_ns, recording.end_ns, 30)
    assert load.max() == 1.0
    assert np.count_nonzero(load) == 30
    assert load_of(recording, 5, 5, 10).tolist() == [0.0] * 10
    recording.close()
