"""Units are put on incidents and freed from them, over the real core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.widgets.hub_world import HubWorld
from twin.room.parts.incidents import Incident, Incidents
from twin.unit_assigning import UnitAssigning, incidents_near, is_working_on


@pytest.fixture
def world(tmp_path: Path) -> Iterator[HubWorld]:
    made = HubWorld(tmp_path)
    yield made
    made.close()


def incident_of(world: HubWorld, incident_id: str) -> Incident:
    found = world.session.hub.room[Incidents].by_id.get(incident_id)
    assert found is not None
    return found


def opened(world: HubWorld, incident_id: str, **more: Any) -> Incident:
    """Ben opens an incident."""
    body = {"id": incident_id, "title": f"Fire {incident_id}", "kind": "fire"}
    world.act("ben", "incident.open", body | {"severity": "severe"} | more)
    world.sync()
    return incident_of(world, incident_id)


def standing(world: HubWorld, unit_id: str) -> dict[str, str]:
    """Status of a unit by id of the incident."""
    incidents = world.session.hub.room[Incidents].by_id.values()
    return {
        one.id: unit.status for one in incidents for unit in one.units if unit.unit_id == unit_id
    }


def test_a_unit_is_waited_for_until_the_hub_has_put_it_there(world: HubWorld) -> None:
    incident, assigning = opened(world, "i1"), UnitAssigning(world.session)
    assert assigning.assign(["amb-1"], incident) == 1
    assert assigning.follow() == ""
    assert assigning.waits_for("amb-1") == incident, "the room has not said so yet"
    world.sync()
    assert assigning.follow() == ""
    assert assigning.waits_for("amb-1") is None
    assert standing(world, "amb-1") == {"i1": "assigned"}
    now = incident_of(world, "i1")
    assert now.units[0].name == "Ambulance 1"
    assert assigning.assign(["amb-1"], now) == 0, "it stays as it is"


def test_a_unit_leaves_the_other_incident_once_the_new_one_has_it(world: HubWorld) -> None:
    assigning = UnitAssigning(world.session)
    opened(world, "i1")
    second = opened(world, "i2")
    body = {"id": "i1", "unit_id": "amb-1", "name": "Ambulance 1", "status": "on_scene"}
    world.act("ben", "incident.unit", body)
    world.sync()
    assigning.assign(["amb-1"], second)
    world.sync()
    assert standing(world, "amb-1") == {"i1": "on_scene", "i2": "assigned"}
    assigning.follow()
    world.sync()
    assert standing(world, "amb-1") == {"i1": "released", "i2": "assigned"}
    assigning.follow()
    assert assigning.waits_for("amb-1") is None


def test_a_refusal_is_told_once_and_takes_no_work_away(world: HubWorld) -> None:
    assigning = UnitAssigning(world.session)
    opened(world, "i1")
    second = opened(world, "i2")
    world.act(
        "ben", "incident.unit", {"id": "i1", "unit_id": "amb-1", "name": "A", "status": "on_scene"}
    )
    world.act(
        "ben", "incident.close", {"id": "i2", "cause": "False alarm"}
    )  # Ada has not heard yet
    assigning.assign(["amb-1", "bus-12"], second)
    world.session.poll()
    assert "closed" in assigning.follow()
    assert assigning.follow() == ""
    world.sync()
    assert standing(world, "amb-1") == {"i1": "on_scene"}
    assert assigning.waits_for("amb-1") is None


def test_freeing_ends_work_on_every_open_incident(world: HubWorld) -> None:
    assigning = UnitAssigning(world.session)
    for incident_id in ("i1", "i2"):
        opened(world, incident_id)
        body = {"id": incident_id, "unit_id": "amb-1", "name": "A", "status": "assigned"}
        world.act("ben", "incident.unit", body)
    world.sync()
    assert assigning.free(["amb-1", "bus-12"]) == 2
    world.sync()
    assert assigning.follow() == ""
    assert set(standing(world, "amb-1").values()) == {"released"}
    first = incident_of(world, "i1")
    assert not is_working_on(first, "amb-1")
    assert assigning.free(["amb-1"]) == 0


def test_incidents_are_listed_nearest_first_those_without_a_place_last(world: HubWorld) -> None:
    session = world.session
    units, now_ns = session.units, session.clock.now_ns()
    slots = np.array([units.slot_of("amb-1"), units.slot_of("bus-12")])
    at_m = np.array([[0.0, 0.0, 0.0], [1_000.0, 0.0, 0.0]], np.float32)
    for step in range(1, 12):
        t_ns = np.full(2, now_ns + step * 1_000_000_000)
        units.add(slots, t_ns, at_m, np.zeros(2, np.float32))
    world.wait(10.0)
    opened(world, "nowhere")
    opened(world, "far", xyz=[900.0, 1_200.0, 0.0])
    opened(world, "near", xyz=[300.0, 400.0, 0.0])
    one = incidents_near(session, ["amb-1"])
    assert [(n.incident.id, n.nearest_m) for n in one] == [
        ("near", pytest.approx(500.0, abs=1.0)),
        ("far", pytest.approx(1_500.0, abs=1.0)),
        ("nowhere", None),
    ]
    both = incidents_near(session, ["amb-1", "bus-12"])
    assert both[0].farthest_m == pytest.approx(806.2, abs=1.0)
    assert both[1].nearest_m == pytest.approx(1_204.2, abs=1.0)
    assert not both[0].has_all
