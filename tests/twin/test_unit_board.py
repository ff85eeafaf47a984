"""How units stand: what they report, what was noted, who is out; no time that nobody knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.twin.hub_bench import Bench
from twin.clock import FakeClock
from twin.hub.requests import Asked
from twin.ids import uuid7
from twin.link.control import ActuatorReply
from twin.room.model import CommandRequest
from twin.sense.model import Announcement, Datastream, Thing, Unit
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.unit_board import Standing, UnitRow, unit_rows, way_ahead_m

UNITS = (
    Unit(index=0, id="amb-2", name="Ambulance 2", kind="ambulance", department="fire",
         accepts=("unit.dispatch",)),
    Unit(index=1, id="amb-10", name="Ambulance 10", kind="ambulance", department="fire",
         accepts=("unit.dispatch",)),
    Unit(index=2, id="bus-1", name="Bus 1", kind="bus", department="traffic"),
)  # fmt: skip


class City:
    """Stores with three units that drive east at 10 m/s, and a hub core."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.bench = Bench()
        self.bench.greet()
        self.store = ObservationStore(capacity=16, history=8, clock=self.clock)
        self.units = UnitStore(capacity=8, history=64, clock=self.clock)
        things = tuple(Thing(id=u.id, name=u.name, kind="unit") for u in UNITS)
        streams = tuple(
            Datastream(
                index=u.index,
                id=f"{u.id}/distance_to_target",
                thing_id=u.id,
                observed_property="distance_to_target",
                unit="m",
            )
            for u in UNITS[:2]
        )
        said = Announcement(
            source="sim", epoch="e", things=things, datastreams=streams, units=UNITS
        )
        self.store.announce(said)
        self.units.announce(said)
        for second in range(30):
            self.drive(second)

    def drive(self, second: int) -> None:
        self.clock.advance_s(1.0)
        now_ns = self.clock.now_ns()
        xyz = np.array([[second * 10.0, n * 50.0, 0.0] for n in range(3)], np.float32)
        times = np.full(3, now_ns, np.int64)
        self.units.add(np.arange(3), times, xyz, np.full(3, np.nan, np.float32), now_ns)

    def report(self, unit: str, metres: float) -> None:
        now_ns = self.clock.now_ns() + 1
        slot = self.store.slot_of(f"{unit}/distance_to_target")
        self.store.add(
            np.array([slot]), np.array([now_ns]), np.array([metres]), np.zeros(1, np.uint8), now_ns
        )

    def act(self, kind: str, /, **body: Any) -> None:
        self.bench.now_ns = max(self.bench.now_ns, self.clock.now_ns())
        reply = self.bench.act("a1", kind, body)
        assert type(reply).__name__ == "Acknowledged", reply

    def rows(self) -> dict[str, UnitRow]:
        room, now_ns = self.bench.core.room, self.clock.now_ns()
        return {row.unit.id: row for row in unit_rows(room, self.units, self.store, now_ns)}


@pytest.fixture
def city() -> City:
    return City()


def test_units_stand_by_department_kind_and_number(city: City) -> None:
    assert list(city.rows()) == ["amb-2", "amb-10", "bus-1"]
    assert {row.standing for row in city.rows().values()} == {Standing.AVAILABLE}
    assert city.rows()["amb-2"].can_be_sent
    assert not city.rows()["bus-1"].can_be_sent


def test_a_unit_stands_as_far_along_as_it_reports_or_was_noted(city: City) -> None:
    city.act("incident.open", id="i1", title="Fire", kind="fire", severity="severe")
    unit = {"id": "i1", "unit_id": "amb-2", "name": "Ambulance 2"}
    city.act("incident.unit", **unit, status="assigned")
    assert city.rows()["amb-2"].standing is Standing.ASSIGNED
    city.report("amb-2", 600.0)
    row = city.rows()["amb-2"]
    assert (row.standing, row.to_go_m) == (Standing.EN_ROUTE, 600.0)
    assert row.incident is not None
    assert row.incident.title == "Fire"
    assert row.eta_s is None, "nobody said which way, so nobody knows when"
    city.report("amb-2", 30.0)
    assert city.rows()["amb-2"].standing is Standing.ON_SCENE
    city.report("amb-2", 0.0)
    city.act("incident.unit", **unit, status="released")
    row = city.rows()["amb-2"]
    assert (row.standing, row.incident, row.to_go_m) == (Standing.AVAILABLE, None, None)


def test_a_time_that_was_noted_runs_down(city: City) -> None:
    city.bench.now_ns = city.clock.now_ns()
    city.act("incident.open", id="i1", title="Fire", kind="fire", severity="severe")
    city.act("incident.unit", id="i1", unit_id="amb-10", name="A", status="en_route", eta_s=120.0)
    city.clock.advance_s(45.0)
    eta_s = city.rows()["amb-10"].eta_s
    assert eta_s is not None
    assert eta_s == pytest.approx(75.0, abs=1.0)


def test_a_dispatch_gives_place_way_and_time(city: City) -> None:
    bench = city.bench
    bench.now_ns = city.clock.now_ns()
    bench.serve("amb-2")
    request = CommandRequest(
        id=uuid7(), type_id="unit.dispatch", type_version=1, target_id="amb-2",
        target_name="Ambulance 2", args={"x_m": 890.0, "y_m": 0.0, "place": "Town Hall"},
    )  # fmt: skip
    bench.submit(request)
    assert city.rows()["amb-2"].standing is Standing.ASSIGNED
    assert city.rows()["amb-2"].place == "Town Hall"
    city.report("amb-2", 600.0)
    route = [[0.0, 0.0, 0.0], [590.0, 0.0, 0.0], [590.0, 300.0, 0.0]]
    way = tuple((x, y, z) for x, y, z in route)
    reply = ActuatorReply(command_id=request.id, status="accepted", text="", route=way)
    bench.do(Asked("f1", reply))
    row = city.rows()["amb-2"]
    assert row.standing is Standing.EN_ROUTE
    assert row.eta_s is not None
    assert row.eta_s == pytest.approx(60.0, rel=0.1), "600 m of way at 10 m/s"


def test_out_of_service_outweighs_all_and_silence_is_told(city: City) -> None:
    city.report("amb-2", 600.0)
    city.act("unit.take_out", unit_id="amb-2", name="Ambulance 2", reason="Flat tyre")
    row = city.rows()["amb-2"]
    assert row.standing is Standing.OUT
    assert row.out is not None
    assert (row.out.reason, row.eta_s) == ("Flat tyre", None)
    city.clock.advance_s(90.0)
    silent_s = city.rows()["bus-1"].silent_s
    assert silent_s is not None
    assert silent_s >= 90.0 - 1.0
    city.act("unit.put_back", unit_id="amb-2")
    assert city.rows()["amb-2"].standing is Standing.EN_ROUTE


def test_a_way_is_measured_from_where_the_unit_is() -> None:
    route = np.array([[0.0, 0.0, 0.0], [100.0, 0.0, 0.0], [100.0, 50.0, 0.0]])
    assert way_ahead_m(route, np.array([40.0, 3.0, 0.0], np.float32)) == pytest.approx(110.0)
    assert way_ahead_m(route, np.array([102.0, 45.0, 0.0], np.float32)) == pytest.approx(5.0)
    assert way_ahead_m(route, np.array([-20.0, 0.0, 0.0], np.float32)) == pytest.approx(150.0)
