"""Targets that belong together, by the names of streets and by kind."""

from __future__ import annotations

from twin.sense.model import Thing, Unit
from twin.target_sets import MOST_TARGETS, kind_sets, kinds_text, street_sets


def thing(thing_id: str, name: str, kind: str, *accepts: str) -> Thing:
    return Thing(id=thing_id, name=name, kind=kind, accepts=accepts)


THINGS = (
    thing("s1", "Signal Canal Street / Mill Lane", "signal", "signal.set_plan", "signal.force"),
    thing("s2", "Signal Mill Lane / High Road", "signal", "signal.set_plan"),
    thing("s3", "Signal Canal Street West / Dock Road", "signal", "signal.set_plan"),
    thing("r1", "Canal Street 1", "road_segment", "road.close", "road.open"),
    thing("r2", "Canal Street no. 2", "road_segment", "road.close", "road.open"),
    thing("r3", "Mill Lane 1 (2)", "road_segment", "road.close"),
    thing("x", "Canal Street meter", "air_station"),
)


def test_targets_of_a_street_are_found_by_whole_names() -> None:
    sets = {one.title: one for one in street_sets(THINGS, ["Canal Street West", "High Road"])}
    assert sets["2 signals of Mill Lane"].ids == ("s1", "s2")
    assert sets["2 signals of Mill Lane"].accepts == ("signal.set_plan",), "what both accept"
    assert sets["2 road segments of Canal Street"].ids == ("r1", "r2")
    assert sets["2 road segments of Canal Street"].accepts == ("road.close", "road.open")
    assert set(sets) == {"2 signals of Mill Lane", "2 road segments of Canal Street"}


def test_targets_of_a_kind_unless_they_are_too_many() -> None:
    units = [Unit(index=n, id=f"d{n}", name=f"Drone {n}", kind="drone", accepts=("drone.return",))
             for n in range(3)]  # fmt: skip
    assert [one.title for one in kind_sets([*THINGS, *units])] == [
        "3 signals of the city",
        "3 road segments of the city",
        "3 drones of the city",
    ]
    crowd = [thing(f"l{n}", f"Lights {n}", "street_light_group", "lights.dim")
             for n in range(MOST_TARGETS + 1)]  # fmt: skip
    assert kind_sets(crowd) == []
    assert len(kind_sets(crowd[1:])[0].ids) == MOST_TARGETS


def test_kinds_in_words() -> None:
    assert kinds_text("street_light_group", 2) == "2 street light groups"
    assert kinds_text("bus", 1_200) == "1,200 buses"
    assert kinds_text("gate", 1) == "1 gate"
