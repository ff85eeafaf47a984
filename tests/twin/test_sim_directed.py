"""A directed city: rain that is told, water in the underpass, broken sensors, what is injected."""

from __future__ import annotations

import io

import msgspec
import numpy as np
import pytest

from tests.twin.sim_drive import Drive
from twin.errors import TwinError
from twin.generate.city import generate_city
from twin.sim.directing import Break, Directions, Inject, Until, Weather, line_of
from twin.sim.world import World, WorldOptions

CITY = generate_city(500)


def drive() -> Drive:
    options = WorldOptions(
        n_datastreams=250, n_units=10, weather="clear", speed=10.0, fault_share=0.0
    )
    return Drive(World(CITY, options))


def test_a_cloudburst_floods_the_underpass_and_its_pump_empties_it() -> None:
    run = drive()
    pump = beside(run.world, "underpass-1")
    run.run(3.0)
    assert run.world.value_of("underpass-1/flood_depth") == 0.0
    run.world.weather.tell(70.0, 5.0)
    river_m = run.world.value_of("gauge-1/water_level")
    run.run(40.0)
    assert run.world.value_of("underpass-1/flood_depth") > 0.3
    assert run.world.value_of("gauge-1/water_level") > river_m + 0.2
    assert run.seen("rain-1/rain") > 30.0
    run.command("pump.start", pump)
    run.world.weather.tell(5.0, 10.0)
    taken_s = run.run(90.0, lambda: run.world.value_of("underpass-1/flood_depth") < 0.05)
    assert taken_s < 90.0


def beside(world: World, thing_id: str) -> str:
    """The pump station nearest to a thing."""
    here = next(np.array(t.xyz) for t in world.things if t.id == thing_id)
    pumps = [thing for thing in world.things if thing.kind == "pump_station"]
    return min(pumps, key=lambda t: float(np.linalg.norm(np.array(t.xyz) - here))).id


def test_sensors_and_drives_break_and_are_mended() -> None:
    run = drive()
    run.run(3.0)
    run.world.break_down("gauge-1", "silent")
    index = next(s.index for s in run.world.datastreams if s.id == "gauge-1/water_level")
    assert index not in run.gather(5.0).indices
    run.world.break_down("gauge-1", "well")
    assert index in run.gather(5.0).indices
    run.world.break_down("pump-1", "actuator")
    run.command("pump.start", "pump-1")
    run.run(3.0)
    assert [(r.stage, "drive" in r.text) for r in run.reports] == [("failed", True)]
    run.world.break_down("pump-1", "well")
    run.command("pump.start", "pump-1")
    run.run(3.0)
    assert run.reports[-1].stage == "executing"
    with pytest.raises(TwinError, match="gauge-999"):
        run.world.break_down("gauge-999", "silent")


def test_what_is_injected_shows_and_goes() -> None:
    run = drive()
    run.run(3.0)
    name = "gauge-2/water_level"
    was = run.seen(name)
    run.world.inject(name, "ramp", 2.0, 10.0)
    run.run(5.0)
    assert was + 0.6 < run.seen(name) < was + 1.4
    run.run(7.0)
    assert run.seen(name) > was + 1.8
    run.world.inject(name, "noise", 0.5, 0.0)
    seen = run.gather(20.0)
    index = next(s.index for s in run.world.datastreams if s.id == name)
    assert seen.values[seen.indices == index].std() > 0.2
    run.world.inject(name, "end", 0.0, 0.0)
    run.run(3.0)
    assert run.seen(name) < was + 0.3


def test_directions_come_as_lines_and_a_wrong_one_is_told(caplog: pytest.LogCaptureFixture) -> None:
    run = drive()
    run.run(1.0)
    said = [
        Until(seconds=12.5), Weather(rain_mm_h=30.0), Inject("rain-1/rain", "step", 5.0),
        Break("nothing", "silent"),
    ]  # fmt: skip
    lines = b"".join(map(line_of, said)) + b"rubbish\n"
    directions = Directions(io.BytesIO(lines))
    assert directions.is_over.wait(10.0)
    directions.take(run.world)
    assert directions.until_s == 12.5
    run.run(2.0)
    assert run.world.value_of("rain-1/rain") > 15.0
    texts = [record.message for record in caplog.records]
    assert any("nothing" in text for text in texts)
    assert any("no direction" in text for text in texts)
    caplog.clear()


def test_directed_lines_are_json() -> None:
    assert msgspec.json.decode(line_of(Until(3.0))) == {"type": "until", "seconds": 3.0}
