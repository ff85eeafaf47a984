"""The simulator on the demo city and on a real one."""

from __future__ import annotations

from pathlib import Path

from tests.twin.sim_drive import Drive
from twin.city.asset import CityAsset
from twin.city.furnish import furnish
from twin.generate.city import generate_city
from twin.readers.base import open_city
from twin.sense.model import OBSERVED_PROPERTIES
from twin.sim.world import World, WorldOptions


def check_alive(city: CityAsset) -> World:
    """At least 2,000 observed datastreams, distinct names, moving units, all on the streets."""
    drive = Drive(World(city, WorldOptions()), dt_s=0.2)
    drive.run(20)
    world = drive.world
    observed = [s for s in world.datastreams if s.observed_property in OBSERVED_PROPERTIES]
    assert len(observed) >= 2_000
    assert len({t.name for t in world.things}) == len(world.things)
    features = set(city.features.ids)
    assert {t.feature_id for t in world.things} - {""} <= features
    assert sum(bool(t.feature_id) for t in world.things) > 300
    xyz, _ = world.positions()
    graph = world.sites.graph
    vehicles = xyz[: len(world.fleet.units)].tolist()  # drones stand on their roofs
    assert max(graph.nearest(x, y).distance_m for x, y, _ in vehicles) < 1.0
    assert (world.fleet.movers.speed > 0.5).mean() > 0.6
    commanded = {t.kind for t in world.things if t.accepts}
    assert commanded | {"drone", "bus"} >= {
        "road_segment", "signal", "pump_station", "gate", "street_light_group", "feeder",
        "message_sign", "siren", "camera", "evacuation_speakers", "alert_gateway",
    }  # fmt: skip
    return world


def test_the_demo_city_lives() -> None:
    check_alive(generate_city(n_buildings=1_000, seed=2))


def test_the_hague_lives(shared_data: Path) -> None:
    city = open_city(shared_data / "cityjson" / "denhaag_01_lod2.v10.city.json")
    check_alive(furnish(city, 1))


def test_a_city_of_99_buildings_lives(shared_data: Path) -> None:
    city = open_city(shared_data / "cityjson" / "delft_3dbag_extension.v11.city.jsonl")
    check_alive(furnish(city, 1))
