"""What people do together, told in the activity: every kind of event of the desks has words."""

from __future__ import annotations

from msgspec import to_builtins

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.commanding import Draft, issue_batch
from widgets.parts.activity_list import sentence_of
from widgets.parts.room_words import _SAID


def test_everything_is_told_in_words(hub_world) -> None:
    session, client = hub_world.session, hub_world.world.client
    gate = hub_world.submit("ben", "gate.set", "gate-0", opening_pct=80.0)
    answer = {"command_id": gate, "digest": hub_world.digest(gate), "text": "Quay is clear"}
    client.act("approval.give", answer)
    pump = hub_world.submit("ben", "pump.start", "pump-0")
    glass = {"command_id": pump, "digest": hub_world.digest(pump), "reason": "Flood now"}
    hub_world.act("cleo", "approval.break_glass", glass)
    client.act("review.close", {"id": f"review-{pump}", "text": "It was right"})
    client.act("lease.take", {"asset_id": "gate-0", "asset_name": "North gate"})
    hub_world.act("ben", "lease.ask", {"asset_id": "gate-0"})
    client.act("lease.consent", {"asset_id": "gate-0", "to_console": "id-Ben"})
    hub_world.act("cleo", "lease.seize", {"asset_id": "gate-0", "reason": "Fire on the quay"})
    hub_world.act("cleo", "lease.release", {"asset_id": "gate-0"})
    client.act("queue.hold", {"queue": "type:road.close", "reason": "Parade"})
    client.act("queue.release", {"queue": "type:road.close"})
    until_ns = hub_world.world.clock.now_ns() + 10**12
    given = {"id": "d", "to": "dora", "to_name": "Dora", "department": "traffic"}
    client.act("delegation.give", given | {"until_ns": until_ns})
    client.act("delegation.withdraw", {"id": "d"})
    items = [to_builtins({"type_id": "pump.stop", "args": {}, "target_id": "pump-1"})]
    client.act("template.save", {"id": "t", "title": "Stop it", "items": items})
    client.act("template.remove", {"id": "t"})
    drafts = [Draft(type_id="pump.stop", target_id=f"pump-{n}") for n in (1, 2)]
    issue_batch(session, "Both pumps", drafts)
    client.act("cue.show", {"kind": "scene", "scene_s": 0, "title": "Flood", "text": "begun"})
    client.act("cue.show", {"kind": "caption", "scene_s": 1, "text": "It rains"})
    hub_world.act("ben", "approval.give", {"command_id": "no", "digest": "0"})
    _propose(hub_world)
    rule = {"id": "high", "title": "Level is high", "open": "value > 2", "kinds": ["gauge"]}
    client.act("rule.put", {"rule": rule})
    client.act("rule.enable", {"id": "high", "is_on": False})
    client.act("rule.remove", {"id": "high"})
    loaded = {"file": "city.toml", "fingerprint": "1", "rules": [rule]}
    client.act("rule.load", loaded)
    hub_world.sync()
    told = [sentence_of(session, event) for event in session.hub.room.activity]
    for sentence in (
        "Ada (traffic) approved: set North gate – Quay is clear",
        "To be reviewed: Cleo (fire) broke the glass: “Start pump” on Pump 1 goes without"
        " approval; Flood now",
        "Ada (traffic) closed a review: It was right",
        "Ada (traffic) took North gate",
        "Ben (water) asked for North gate",
        "Ada (traffic) handed North gate over to Ben",
        "Cleo (fire) took North gate over by rank, from Ben (water): Fire on the quay",
        "Cleo (fire) released North gate",
        "Ada (traffic) holds “Close road” – Parade",
        "Ada (traffic) let “Close road” go",
        "Ada (traffic) withdrew a delegation",
        "Ada (traffic) kept the template “Stop it”",
        "Ada (traffic) removed a template",
        "Ada (traffic) asked for “Both pumps”, 2 commands at once",
        "Ada (traffic): made the rule “Level is high”",
        "Ada (traffic): switched the rule “Level is high” off",
        "Ada (traffic): removed the rule “Level is high”",
        "Ada (traffic): 1 rule of city.toml watched",
        "Ada (traffic) says: values of Pump 1 were not an anomaly",
        "Ada (traffic) says: 2 alarms belong apart",
        "Ada (traffic) made 2 alarms the incident “Flood”",
        "Ada (traffic) says: Level and Pump fault are not proposed as one again",
        "Ada (traffic) lets Level and Pump fault be proposed as one again",
        "The scene “Flood” begins",
        "Ada (traffic): It rains",
        "Ben (water) was refused approval.give: There is no such command that needs an approval",
    ):
        assert sentence in told, sentence
    assert any(one.startswith("Ada (traffic) lets Dora approve for traffic until") for one in told)
    kinds = {event.kind for event in session.hub.room.activity}
    assert set(_SAID) - kinds <= {"interlocks.loaded", "policy.changed"}


def _propose(hub_world) -> None:
    """Verdicts and answers to proposals."""
    act = hub_world.world.client.act
    alarms = [{"id": key, "title": "Level is high", "priority": "high"} for key in ("a", "b")]
    act("alarm.raise", {"alarms": alarms})
    label = {"id": "e", "datastream_id": "pump-0/water_level", "thing_name": "Pump 1"}
    act("verdict.give", label | {"is_anomaly": False, "start_ns": 1, "end_ns": 2})
    members = ["alarm:a", "alarm:b"]
    act("proposal.split", {"members": members})
    opened = {"incident": "i", "title": "Flood", "kind": "flood"}
    act("proposal.accept", opened | {"members": members})
    names = {"a_name": "Level", "b_name": "Pump fault"}
    act("proposal.never", names | {"kind": "rule", "a": "r1", "b": "r2"})
    act("proposal.allow", {"id": "rule|r1|r2"})
