"""Where alarms are in the scene."""

from __future__ import annotations

from tests.twin.alarm_samples import an_alarm
from twin.operations.alarm_places import MOST_RINGS, MOST_SPOTS, alarm_spots, alarms_of_things
from twin.room.parts.alarms import Priority


def test_a_thing_shows_its_most_urgent_alarm_that_is_in_sight() -> None:
    alarms = [
        an_alarm("a", thing_id="pump", priority=Priority.LOW),
        an_alarm("b", thing_id="pump", priority=Priority.HIGH, acked_ns=1),
        an_alarm("c", thing_id="pump", priority=Priority.CRITICAL, shelved_until_ns=1),
        an_alarm("d"),
    ]
    assert alarms_of_things(alarms) == {"pump": Priority.HIGH}


def test_alarms_without_a_thing_of_the_catalogue_have_a_spot_by_the_metre() -> None:
    alarms = [
        an_alarm("a", xyz=(10.2, 5.0, 0.0), priority=Priority.LOW),
        an_alarm("b", xyz=(9.9, 5.1, 0.0), priority=Priority.CRITICAL),
        an_alarm("c", thing_id="pump", xyz=(9.9, 5.1, 0.0)),
        an_alarm("d", thing_id="gone", xyz=(50.0, 0.0, 0.0)),
        an_alarm("e", xyz=(60.0, 0.0, 0.0), is_out_of_service=True),
        an_alarm("f"),
    ]
    first, second = alarm_spots(alarms, {"pump"})
    assert (first.alarm_id, first.priority, first.n_alarms) == ("b", Priority.CRITICAL, 2)
    assert (second.alarm_id, second.xyz) == ("d", (50.0, 0.0, 0.0))


def test_in_a_flood_the_most_urgent_things_are_ringed() -> None:
    alarms = [an_alarm(f"{i}", thing_id=f"t{i}", priority=Priority.LOW) for i in range(500)]
    alarms += [an_alarm(f"h{i}", thing_id=f"h{i}", acked_ns=i % 2) for i in range(200)]
    alarms += [an_alarm(f"c{i}", thing_id=f"c{i}", priority=Priority.CRITICAL) for i in range(50)]
    ringed = alarms_of_things(alarms)
    assert len(ringed) == MOST_RINGS
    assert sum(priority is Priority.CRITICAL for priority in ringed.values()) == 50
    assert {thing for thing in ringed if thing[0] == "h"} <= {f"h{i}" for i in range(0, 200, 2)}


def test_of_too_many_spots_the_most_urgent_are_kept() -> None:
    alarms = [an_alarm(f"{i}", xyz=(float(i), 0.0, 0.0), priority=Priority.LOW) for i in range(600)]
    alarms.append(an_alarm("c", xyz=(-5.0, 0.0, 0.0), priority=Priority.CRITICAL))
    spots = alarm_spots(alarms, ())
    assert len(spots) == MOST_SPOTS
    assert spots[0].alarm_id == "c"
