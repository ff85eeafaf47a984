"""What incidents want of whoever sits here is said once."""

from __future__ import annotations

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.waiting import whoami
from viewer.incident_teller import IncidentTeller


def test_being_asked_and_running_late_are_said_once(hub_world, qapp) -> None:
    said: list[str] = []
    teller = IncidentTeller(hub_world.session, lambda sentence, _level: said.append(sentence))

    def step() -> list[str]:
        hub_world.sync()
        teller.step(whoami(hub_world.session))
        told = said.copy()
        said.clear()
        return told

    body = {"kind": "flood", "severity": "minor", "departments": ["traffic"]}
    hub_world.act("ben", "incident.open", {"id": "old", "title": "Old", **body})
    assert step() == [], "what was so before is not news"
    hub_world.act("ben", "incident.open", {"id": "new", "title": "Flood", **body})
    assert step() == ["traffic is asked to take part in “Flood”"]
    due_ns = hub_world.world.clock.now_ns() + 60 * 10**9
    for task, department in (("t1", "traffic"), ("t2", "water")):
        give = {"id": task, "incident": "new", "title": task, "department": department}
        hub_world.act("ben", "task.give", {**give, "due_ns": due_ns})
    assert step() == []
    hub_world.wait(61.0)
    assert step() == ["“t1” of “Flood” should be done by now"], "not what is for others"
    assert step() == []
    hub_world.act("ada", "incident.command", {"id": "new"})
    assert step() == ["“t2” of “Flood” should be done by now"], "who commands hears of all"
