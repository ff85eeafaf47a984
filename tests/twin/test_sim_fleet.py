"""Moving units: on the streets, at plausible speeds, sent somewhere and there."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.twin.sim_city import grid_city, grid_streets
from tests.twin.sim_drive import Drive
from twin.arrays import Float64Array
from twin.city.asset import StreetNetwork
from twin.city.street_graph import NoStreetsError, StreetGraph
from twin.sim.fleet import ON_SCENE_S, named_units
from twin.sim.world import World, WorldOptions


@pytest.fixture
def drive() -> Drive:
    drive = Drive(World(grid_city(), WorldOptions(weather="clear")), dt_s=0.2)
    drive.run(10)
    return drive


def gaps_to_streets(graph: StreetGraph, xyz: Float64Array) -> list[float]:
    return [graph.nearest(x, y).distance_m for x, y, _ in xyz.tolist()]


def test_units_stay_on_streets_and_face_where_they_go(drive: Drive) -> None:
    before, _ = drive.world.positions()
    travelled = np.zeros(len(before))
    for _ in range(300):
        drive.run(0.2)
        xyz, heading = drive.world.positions()
        move = xyz[:, :2] - before[:, :2]
        length = np.hypot(*move.T)
        travelled += length
        assert length.max() < 6.0  # no unit ever jumps
        straight = (length > 1.0) & (length < 3.0)
        facing = np.sin(heading) * move[:, 0] + np.cos(heading) * move[:, 1]
        assert (facing[straight] / length[straight] > 0.5).mean() > 0.9
        before = xyz
    n_vehicles = len(drive.world.fleet.units)  # drones stand on their roofs
    assert max(gaps_to_streets(drive.world.sites.graph, before[:n_vehicles])) < 1.0
    assert (travelled[:n_vehicles] > 60.0).mean() > 0.9
    assert travelled.max() < 60 * 20


def test_speeds_obey_street_and_traffic(drive: Drive) -> None:
    speed = drive.world.fleet.movers.speed
    assert speed.max() <= 1.3 * 13.9 + 0.5
    assert 2.0 < speed.mean() < 12.0


def test_buses_halt_at_stops() -> None:
    drive = Drive(World(grid_city(), WorldOptions(n_units=20, weather="clear")), dt_s=0.2)
    is_bus = np.array([u.kind == "bus" for u in drive.world.units])
    halts = np.zeros(len(is_bus))
    for _ in range(600):
        drive.run(0.2)
        halts += drive.world.fleet.movers.speed == 0.0
    assert (halts[is_bus] > 30).all()  # at least 6 s in two minutes
    assert (halts[is_bus] < 400).all()


def far_place(drive: Drive, unit_index: int) -> tuple[float, float]:
    """A crossing some hundred metres from the unit."""
    xyz = drive.world.positions()[0][unit_index]
    nodes = drive.world.sites.graph.nodes
    gap = np.hypot(*(nodes[:, :2] - xyz[:2]).T)
    node = nodes[int(np.argmin(np.abs(gap - 500.0)))]
    return float(node[0]) + 15.0, float(node[1]) + 10.0


def shut_off(drive: Drive, node: int) -> None:
    """Close the segments at a node and all that lead to them."""
    graph = drive.world.sites.graph
    for edge in graph.edges_at(node):
        drive.world.traffic.closed[[edge, *graph.edges_beside(edge)]] = True


def index_of(drive: Drive, unit_id: str) -> int:
    return next(u.index for u in drive.world.units if u.id == unit_id)


def test_a_dispatched_unit_drives_there_stays_and_returns_to_patrol(drive: Drive) -> None:
    unit = drive.first_of("ambulance")
    k = index_of(drive, unit)
    x, y = far_place(drive, k)
    request = drive.command("unit.dispatch", unit, x_m=x, y_m=y, place="Old Bridge")
    drive.run(2)
    assert drive.seen(f"{unit}/distance_to_target") > 300
    assert "busy" in drive.refusal("unit.dispatch", unit, x_m=0.0, y_m=0.0)
    taken_s = drive.run(600, until=lambda: drive.seen(f"{unit}/distance_to_target") < 40)
    assert taken_s < 200
    drive.run(30)
    assert drive.stages(request) == ["executing", "done"]
    xyz = drive.world.positions()[0][k]
    assert math.dist(xyz[:2].tolist(), (x, y)) < 40
    drive.run(ON_SCENE_S + 60)
    assert drive.seen(f"{unit}/distance_to_target") == 0.0
    assert math.dist(drive.world.positions()[0][k][:2].tolist(), (x, y)) > 40


def test_a_place_off_the_street_is_reached_over_its_access(drive: Drive) -> None:
    unit = drive.first_of("fire_engine")
    k = index_of(drive, unit)
    x, y = 120.0, 120.0  # the middle of a block, 60 m from any street
    assert drive.world.sites.graph.nearest(x, y).distance_m > 50
    request = drive.command("unit.dispatch", unit, x_m=x, y_m=y)
    drive.run(400, until=lambda: "done" in drive.stages(request))
    assert math.dist(drive.world.positions()[0][k][:2].tolist(), (x, y)) < 20
    # on scene it can be sent on, and comes back by the street without a jump
    onward = drive.command("unit.dispatch", unit, x_m=-x, y_m=-y)
    last = drive.world.positions()[0][k]
    while "done" not in drive.stages(onward):
        drive.run(0.2)
        here = drive.world.positions()[0][k]
        assert np.linalg.norm(here - last) < 6.0
        last = here
        assert len(drive.reports) < 10
    assert math.dist(last[:2].tolist(), (-x, -y)) < 20


def test_unreachable_destinations_are_refused(drive: Drive) -> None:
    unit = drive.first_of("police")
    assert "from any street" in drive.refusal("unit.dispatch", unit, x_m=9000.0, y_m=0.0)
    assert "not a place" in drive.refusal("unit.dispatch", unit, x_m=math.nan, y_m=0.0)
    corner = drive.world.sites.graph.nodes[0]
    shut_off(drive, 0)
    text = drive.refusal("unit.dispatch", unit, x_m=float(corner[0]), y_m=float(corner[1]))
    assert "no open street" in text


def test_a_closure_cuts_a_mission_off_and_the_unit_goes_back_to_patrol(drive: Drive) -> None:
    unit = drive.first_of("works")
    k = index_of(drive, unit)
    graph = drive.world.sites.graph
    far = int(np.argmax(np.hypot(*(graph.nodes[:, :2] - drive.world.positions()[0][k][:2]).T)))
    x, y, _ = graph.nodes[far].tolist()
    request = drive.command("unit.dispatch", unit, x_m=x, y_m=y)
    drive.run(3)
    shut_off(drive, far)
    drive.run(60)
    assert drive.stages(request) == ["executing", "failed"]
    assert drive.seen(f"{unit}/distance_to_target") == 0.0
    assert (drive.world.fleet.movers.speed > 0.5).mean() > 0.6


def test_units_avoid_closed_segments(drive: Drive) -> None:
    graph, fleet = drive.world.sites.graph, drive.world.fleet
    used = [leg.edge for legs in fleet.movers.legs for leg in legs]
    edge = int(np.bincount([e for e in used if e >= 0]).argmax())
    drive.world.traffic.closed[edge] = True
    drive.run(30)  # those on it leave
    middle = graph.middles[edge, :2]
    for _ in range(60):
        drive.run(1)
        gap = np.hypot(*(drive.world.positions()[0][:, :2] - middle).T)
        assert gap.min() > 10
    assert all(leg.edge != edge for legs in fleet.movers.legs for leg in legs)


def test_a_cancelled_dispatch_ends(drive: Drive) -> None:
    unit = drive.first_of("ambulance")
    x, y = far_place(drive, index_of(drive, unit))
    request = drive.command("unit.dispatch", unit, x_m=x, y_m=y)
    drive.run(5)
    drive.world.cancel(request.id)
    drive.run(3)
    assert drive.seen(f"{unit}/distance_to_target") == 0.0
    drive.command("unit.dispatch", unit, x_m=x, y_m=y)  # free again


def test_units_are_called_as_people_call_them() -> None:
    units = named_units(200)
    assert len(units) == 200
    assert len({u.id for u in units}) == len({u.name for u in units}) == 200
    assert units[0].name == "Bus 1-1"
    assert units[0].accepts == ("transit.hold", "transit.divert", "transit.resume")
    assert [u.index for u in units] == list(range(200))
    assert named_units(0) == ()


def test_route_is_the_quickest_and_avoids_closures() -> None:
    graph = StreetGraph(grid_streets(5))
    closed = np.zeros(graph.n_edges, dtype=bool)
    way = graph.route(0, 4, closed)
    assert way is not None
    assert len(way) == 4
    closed[way[1]] = True
    detour = graph.route(0, 4, closed)
    assert detour is not None
    assert len(detour) == 6
    assert way[1] not in detour
    assert graph.route(3, 3, closed) == []
    closed[graph.edges_at(4)] = True
    assert graph.route(0, 4, closed) is None


def test_route_prefers_a_fast_way_round() -> None:
    network = StreetNetwork(
        nodes_local_m=np.array([[0, 0, 0], [100, 0, 0], [50, 60, 0]], dtype=np.float32),
        edges=np.array([[0, 1], [0, 2], [2, 1]], dtype=np.int32),
        names=["slow", "fast", ""],
        widths_m=np.full(3, 7.0, dtype=np.float32),
        speeds_mps=np.array([5.0, 25.0, 25.0], dtype=np.float32),
    )
    graph = StreetGraph(network)
    assert graph.route(0, 1, np.zeros(3, dtype=bool)) == [1, 2]
    assert list(graph.names) == ["slow", "fast", "Street 3"]


def test_nearest_point_of_a_street() -> None:
    graph = StreetGraph(grid_streets(3))
    point = graph.nearest(30.0, 7.0)
    assert point.distance_m == pytest.approx(7.0)
    assert point.xyz == pytest.approx((30.0, 0.0, 0.0))


def test_a_network_of_points_has_no_streets() -> None:
    network = StreetNetwork(
        nodes_local_m=np.zeros((2, 3), dtype=np.float32),
        edges=np.array([[0, 1]], dtype=np.int32),
        names=[""],
        widths_m=np.ones(1, dtype=np.float32),
        speeds_mps=np.ones(1, dtype=np.float32),
    )
    with pytest.raises(NoStreetsError):
        StreetGraph(network)


def test_units_keep_to_the_largest_connected_part() -> None:
    network = grid_streets(4)
    island = np.array([[5000, 0, 0], [5100, 0, 0]], dtype=np.float32)
    network = StreetNetwork(
        nodes_local_m=np.concatenate([network.nodes_local_m, island]),
        edges=np.concatenate([network.edges, np.array([[16, 17]], dtype=np.int32)]),
        names=[*network.names, "Island"],
        widths_m=np.append(network.widths_m, np.float32(7)),
        speeds_mps=np.append(network.speeds_mps, np.float32(10)),
    )
    graph = StreetGraph(network)
    assert graph.core.tolist() == list(range(16))
