"""Actuators really act: each command has its measured effect, in time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.twin.sim_city import grid_city
from tests.twin.sim_drive import Drive
from twin.sim.world import World, WorldOptions


@pytest.fixture
def drive() -> Drive:
    drive = Drive(World(grid_city(), WorldOptions(weather="clear")))
    drive.run(5)
    return drive


def central_road(drive: Drive) -> tuple[str, int]:
    """A road segment with neighbours that are measured too."""
    roads = [t for t in drive.world.things if t.kind == "road_segment"]
    centre = drive.world.sites.centre
    road = min(roads, key=lambda t: float(np.hypot(*(np.array(t.xyz) - centre)[:2])))
    return road.id, int(road.id.removeprefix("road-")) - 1


def test_closing_a_road_empties_it_and_loads_its_neighbours(drive: Drive) -> None:
    road, edge = central_road(drive)
    beside = drive.world.sites.graph.edges_beside(edge)
    flow = drive.world.traffic.flow_vph[beside].copy()
    slowness = drive.world.traffic.slowness[beside].copy()
    assert drive.seen(f"{road}/traffic_flow") > 100
    request = drive.command("road.close", road, cause="works")
    taken_s = drive.run(25, until=lambda: drive.seen(f"{road}/traffic_flow") < 30)
    assert 2 < taken_s < 8
    drive.run(10)
    assert drive.stages(request) == ["executing", "done"]
    assert drive.seen(f"{road}/closed") == 1.0
    assert drive.world.traffic.flow_vph[beside].sum() > 1.1 * flow.sum()
    assert (drive.world.traffic.slowness[beside] < 0.85 * slowness).all()


def test_the_rest_of_a_closed_street_is_nearly_empty_up_to_its_junctions() -> None:
    city = grid_city(10)
    assert city.streets is not None
    nodes, edges = city.streets.nodes_local_m, city.streets.edges.copy()
    middle = np.float32(0.5) * (nodes[edges[90, 0]] + nodes[edges[90, 1]])
    end, edges[90, 1] = edges[90, 1], len(nodes)  # segment 90 now ends halfway …
    streets = dataclasses.replace(
        city.streets,
        nodes_local_m=np.concatenate([nodes, middle[None]]),
        edges=np.concatenate([edges, np.array([[len(nodes), end]], dtype=np.int32)]),
        names=[*city.streets.names, city.streets.names[90]],
        widths_m=np.append(city.streets.widths_m, city.streets.widths_m[90]),
        speeds_mps=np.append(city.streets.speeds_mps, city.streets.speeds_mps[90]),
    )
    drive = Drive(World(dataclasses.replace(city, streets=streets), WorldOptions(weather="clear")))
    drive.run(2)
    flow, last = drive.world.traffic.flow_vph.copy(), len(streets.edges) - 1
    assert drive.world.sites.graph.chain_of(last) == [90, last]  # … and this one continues it
    drive.command("road.close", "road-91")
    drive.run(20)
    ratio = drive.world.traffic.flow_vph / flow
    assert ratio[90] < 0.01
    assert ratio[last] < 0.1
    junctions = drive.world.sites.graph.edges_beside(90) + drive.world.sites.graph.edges_beside(
        last
    )
    assert all(ratio[e] > 1.0 for e in set(junctions) - {90, last})


def test_opening_a_road_undoes_it(drive: Drive) -> None:
    road, _ = central_road(drive)
    before = drive.world.traffic.slowness.copy()
    drive.command("road.close", road)
    drive.run(20)
    request = drive.command("road.open", road)
    taken_s = drive.run(25, until=lambda: drive.seen(f"{road}/traffic_flow") > 30)
    assert taken_s < 10
    drive.run(30)
    assert drive.stages(request) == ["executing", "done"]
    assert drive.seen(f"{road}/closed") == 0.0
    assert np.allclose(drive.world.traffic.slowness, before, atol=0.05)


def test_a_closed_road_cannot_be_closed_again(drive: Drive) -> None:
    road, _ = central_road(drive)
    assert "already open" in drive.refusal("road.open", road)
    drive.command("road.close", road)
    drive.run(10)
    assert "already closed" in drive.refusal("road.close", road)


def test_a_pump_lowers_its_basin_and_stops(drive: Drive) -> None:
    pump = drive.first_of("pump_station")
    before = drive.seen(f"{pump}/water_level")
    request = drive.command("pump.start", pump, speed_pct=100.0)
    taken_s = drive.run(25, until=lambda: before - drive.seen(f"{pump}/water_level") > 0.1)
    assert 3 < taken_s < 15
    drive.run(5)
    assert drive.stages(request) == ["executing", "done"]
    assert drive.seen(f"{pump}/pump_running") == 1.0
    assert "already running" in drive.refusal("pump.start", pump)
    stop = drive.command("pump.stop", pump)
    assert drive.run(25, until=lambda: drive.seen(f"{pump}/pump_running") == 0.0) < 10
    drive.run(10)
    assert drive.stages(stop) == ["executing", "done"]
    assert "not running" in drive.refusal("pump.stop", pump)


def test_a_pump_stops_falling_at_the_floor(drive: Drive) -> None:
    pump = drive.first_of("pump_station")
    drive.command("pump.start", pump)
    drive.dt_s = 0.5
    drive.run(300)
    level = drive.world.value_of(f"{pump}/water_level")
    assert level == pytest.approx(0.5, abs=0.02)
    drive.run(20)
    assert drive.world.value_of(f"{pump}/water_level") == pytest.approx(level, abs=0.01)


def test_a_gate_moves_gradually_and_lifts_the_water_downstream(drive: Drive) -> None:
    gate = drive.first_of("gate")
    level = drive.world.value_of(f"{gate}/water_level")
    request = drive.command("gate.set", gate, opening_pct=87.3)
    drive.run(3)
    assert 50 < drive.seen(f"{gate}/gate_opening") < 87.3
    assert drive.run(25, until=lambda: drive.seen(f"{gate}/gate_opening") == 87.3) < 20
    drive.run(15)
    assert drive.stages(request) == ["executing", "done"]
    assert drive.world.value_of(f"{gate}/water_level") > level + 0.15
    assert "already" in drive.refusal("gate.set", gate, opening_pct=87.3)
    assert "0 to 100" in drive.refusal("gate.set", gate, opening_pct=130.0)


def test_a_signal_plan_changes_its_approaches(drive: Drive) -> None:
    signal = drive.first_of("signal")
    before = drive.world.traffic.flow_vph.copy()
    request = drive.command("signal.set_plan", signal, plan=4)
    assert drive.run(25, until=lambda: drive.seen(f"{signal}/signal_plan") == 4.0) < 5
    drive.run(15)
    assert drive.stages(request) == ["executing", "done"]
    change = drive.world.traffic.flow_vph / before
    assert np.count_nonzero(change > 1.1) >= 1
    assert np.count_nonzero(change < 0.9) >= 1
    assert np.count_nonzero(np.abs(change - 1) > 0.1) <= 4
    assert "already" in drive.refusal("signal.set_plan", signal, plan=4)
    assert "plans 1 to 4" in drive.refusal("signal.set_plan", signal, plan=9)


def test_dimming_lights_lowers_their_load_in_proportion(drive: Drive) -> None:
    lights = drive.first_of("street_light_group")
    before = drive.world.value_of(f"{lights}/power_load")
    request = drive.command("lights.dim", lights, level_pct=40.0)
    assert drive.run(25, until=lambda: drive.seen(f"{lights}/dimming") == 40.0) < 15
    drive.run(5)
    assert drive.stages(request) == ["executing", "done"]
    after = drive.world.value_of(f"{lights}/power_load")
    assert after / before == pytest.approx(0.4, abs=0.05)
    assert "already" in drive.refusal("lights.dim", lights, level_pct=40.0)


def test_nonsense_is_refused_with_a_reason(drive: Drive) -> None:
    road, _ = central_road(drive)
    gate = drive.first_of("gate")
    assert "no asset called nobody" in drive.refusal("road.close", "nobody")
    assert "does not act on pump.start" in drive.refusal("pump.start", road)
    assert "incomplete" in drive.refusal("gate.set", gate)
    assert "incomplete" in drive.refusal("gate.set", gate, opening_pct="wide")


def test_a_newer_command_takes_over(drive: Drive) -> None:
    gate = drive.first_of("gate")
    first = drive.command("gate.set", gate, opening_pct=100.0)
    drive.run(2)
    second = drive.command("gate.set", gate, opening_pct=10.0)
    drive.run(25)
    assert drive.stages(first) == ["executing", "failed"]
    assert drive.stages(second) == ["executing", "done"]


def test_a_command_cancelled_before_it_began_does_nothing(drive: Drive) -> None:
    road, _ = central_road(drive)
    request = drive.command("road.close", road)
    drive.world.cancel(request.id)
    drive.run(5)
    assert drive.stages(request) == []
    assert drive.seen(f"{road}/closed") == 0.0


def test_random_commands_never_break_the_city() -> None:
    rng = np.random.default_rng(3)
    drive = Drive(World(grid_city(), WorldOptions(weather="storm", speed=60.0)), dt_s=0.2)
    assets = [a for a in (*drive.world.things, *drive.world.units) if a.accepts]
    last = drive.world.positions()[0]
    n_taken = 0
    for _ in range(1_500):
        asset = assets[rng.integers(len(assets))]
        x, y = rng.uniform(-700, 700, 2).tolist()
        request = drive.request(
            asset.accepts[rng.integers(len(asset.accepts))],
            asset.id,
            plan=int(rng.integers(-1, 6)),
            opening_pct=float(rng.uniform(-20, 120)),
            level_pct=float(rng.choice([-5.0, 0.0, 55.5, 100.0, np.nan, np.inf])),
            x_m=x,
            y_m=y,
        )
        verdict = drive.world.command(request)
        n_taken += verdict.is_accepted
        assert verdict.text
        if rng.random() < 0.1:
            drive.world.cancel(f"command-{rng.integers(1, drive.n_commands + 1)}")
        drive.run(0.2)
        here = drive.world.positions()[0]
        assert np.linalg.norm(here - last, axis=1).max() < 6.0
        last = here
    assert n_taken > 300
    assert np.isfinite(list(drive.last.values())).all()
    assert (drive.world.fleet.movers.speed >= 0).all()
