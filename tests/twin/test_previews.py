"""Previews: every type tells one and names its model; what is predicted then happens."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from tests.twin.cap_samples import ARGS as ALERT
from tests.twin.command_samples import valid_args
from tests.twin.sim_city import grid_city
from tests.twin.sim_drive import Drive
from tests.twin.sim_view import view_of
from twin.city.asset import CityAsset
from twin.city.frames import Origin
from twin.commands.base import CommandType, command_registry
from twin.commands.city_view import StoreCityView
from twin.commands.params import params_from_args
from twin.commands.preview import People, Point, Preview, PreviewArea, PreviewTarget, Route
from twin.sim.world import World, WorldOptions

CITY = dataclasses.replace(
    grid_city(n_places=4), origin=Origin(crs="EPSG:32631", east_m=490_000.0, north_m=6_195_000.0)
)
TYPES = command_registry()
each_type = pytest.mark.parametrize("command_type", list(TYPES), ids=lambda t: t.id)


@pytest.fixture(scope="module")
def scene() -> tuple[Drive, StoreCityView]:
    """One city for all that only look."""
    drive = Drive(World(CITY, WorldOptions(weather="clear")))
    return drive, view_of(drive, CITY)


def preview(view: StoreCityView, type_id: str, target_id: str, **args: Any) -> Preview:
    command_type = TYPES[type_id]
    assert command_type.preview is not None
    params = params_from_args(command_type.params, args)
    return command_type.preview(view.target(target_id), params, view)


def fresh(city: CityAsset = CITY) -> tuple[Drive, StoreCityView]:
    drive = Drive(World(city, WorldOptions(weather="clear")))
    return drive, view_of(drive, city)


class NothingKnown:
    """A city of which a console knows nothing yet."""

    def last_value(self, datastream_id: str) -> float | None:
        return None

    def position(self, thing_id: str) -> Point | None:
        return None

    def path(self, thing_id: str) -> tuple[Point, ...]:
        return ()

    def things_near(
        self, centre: Point, radius_m: float, kinds: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        return ()

    def name_of(self, thing_id: str) -> str:
        return thing_id

    def route(self, start: Point, goal: Point) -> Route | None:
        return None

    def people_in(self, area: PreviewArea) -> People:
        return People(0, 0)

    def highest_roof_m(self, start: Point, end: Point, width_m: float) -> float | None:
        return None


def check_preview(told: Preview, target_id: str) -> None:
    assert told.basis
    assert told.things[0] == target_id
    assert len(set(told.things)) == len(told.things)
    for prediction in told.predictions:
        assert math.isfinite(prediction.after)
        assert 0.0 <= prediction.after_s < 3_600.0
        assert prediction.before is None or math.isfinite(prediction.before)
        assert prediction.text
    for line in told.lines:
        assert len(line) >= 2
        assert np.isfinite(np.array(line)).all()
    for area in told.areas:
        assert area.label
        assert len(area.ring) >= 3 or area.radius_m > 0
    assert all(note and not note.endswith(".") for note in told.notes)


@each_type
def test_every_type_tells_what_it_would_change(
    command_type: CommandType, scene: tuple[Drive, StoreCityView]
) -> None:
    drive, view = scene
    params = params_from_args(command_type.params, valid_args(command_type))
    assert command_type.preview is not None
    targets = [
        asset
        for asset in (*drive.world.things, *drive.world.units)
        if command_type.id in asset.accepts
    ]
    assert targets
    known = {stream.id for stream in drive.world.datastreams}
    assets = {asset.id for asset in (*drive.world.things, *drive.world.units)}
    for asset in targets[:3]:
        told = command_type.preview(view.target(asset.id), params, view)
        check_preview(told, asset.id)
        assert {p.datastream_id for p in told.predictions} <= known
        assert set(told.things) <= assets


@each_type
def test_a_preview_of_an_unknown_city_says_what_it_does_not_know(command_type: CommandType) -> None:
    params = params_from_args(command_type.params, valid_args(command_type))
    target = PreviewTarget(id="x-1", name="X", kind=command_type.target_kinds[0])
    assert command_type.preview is not None
    check_preview(command_type.preview(target, params, NothingKnown()), "x-1")


# --- what is predicted is what happens ------------------------------------------------------------


def test_gate_levels_are_as_predicted() -> None:
    drive, view = fresh()
    gate = drive.first_of("gate")
    told = preview(view, "gate.set", gate, opening_pct=90.0)
    levels = [p for p in told.predictions if p.datastream_id.endswith("/water_level")]
    assert levels[0].datastream_id == f"{gate}/water_level"
    assert max(p.after - (p.before or 0.0) for p in levels) > 0.2
    drive.command("gate.set", gate, opening_pct=90.0)
    drive.run(61)
    for level in levels:
        assert drive.world.value_of(level.datastream_id) == pytest.approx(level.after, abs=0.03)
    assert drive.world.value_of(f"{gate}/gate_opening") == told.predictions[0].after


def test_a_pumped_basin_is_as_predicted() -> None:
    drive, view = fresh()
    pump = drive.first_of("pump_station")
    (level,) = preview(view, "pump.start", pump, speed_pct=60.0).predictions
    drive.command("pump.start", pump, speed_pct=60.0)
    drive.run(level.after_s + 0.8)
    assert drive.world.value_of(level.datastream_id) == pytest.approx(level.after, abs=0.05)
    assert level.after < (level.before or 0.0) - 0.3


def test_a_closed_road_tells_its_length_and_who_is_on_it(
    scene: tuple[Drive, StoreCityView],
) -> None:
    drive, view = scene
    road = next(t for t in drive.world.things if t.kind == "road_segment")
    told = preview(view, "road.close", road.id)
    (line,) = told.lines
    assert math.dist(line[0], line[-1]) == pytest.approx(math.dist(road.xyz, road.path), abs=0.1)
    assert any("m of street are closed" in note for note in told.notes)
    flow = view.last_value(f"{road.id}/traffic_flow")
    assert told.predictions[0].before == flow
    xyz = drive.world.positions()[0]
    for unit_id in told.things[1:]:
        unit = next((u for u in drive.world.units if u.id == unit_id), None)
        if unit is not None:  # drawn one interval behind, so somewhat more than on it
            middle = np.array(line)[:, :2].mean(axis=0)
            assert math.dist(xyz[unit.index][:2], middle) < 160


def test_what_goes_dark_is_what_was_predicted() -> None:
    drive, view = fresh()
    feeder = drive.first_of("feeder")
    told = preview(view, "power.open_breaker", feeder)
    named = [thing for thing in told.things if thing.startswith("lights-")]
    drive.command("power.open_breaker", feeder)
    drive.run(3)
    dark = [
        s.thing_id
        for s in drive.world.datastreams
        if s.observed_property == "power_load"
        and s.thing_id.startswith("lights-")
        and drive.world.value_of(s.id) == 0.0
    ]
    assert sorted(dark) == sorted(named)
    assert any(f"{len(named)} street light group" in note for note in told.notes)


def test_dimmed_lights_draw_what_was_predicted() -> None:
    drive, view = fresh()
    lights = drive.first_of("street_light_group")
    told = preview(view, "lights.dim", lights, level_pct=30.0)
    load = next(p for p in told.predictions if p.datastream_id.endswith("power_load"))
    drive.command("lights.dim", lights, level_pct=30.0)
    drive.run(12)
    assert drive.world.value_of(load.datastream_id) == pytest.approx(load.after, rel=0.1)


def test_noise_meters_hear_the_siren_as_predicted() -> None:
    drive, view = fresh()
    siren = drive.first_of("siren")
    told = preview(view, "siren.sound", siren)
    assert told.areas[0].radius_m == pytest.approx(480.0, abs=5.0)
    assert "people in" in told.notes[0]
    heard = [p for p in told.predictions if p.datastream_id.endswith("/noise")]
    assert heard
    drive.command("siren.sound", siren, seconds=60)
    drive.run(12)
    for noise in heard:
        assert drive.world.value_of(noise.datastream_id) == pytest.approx(noise.after, abs=3.0)


def test_people_leave_as_predicted() -> None:
    drive, view = fresh()
    speakers = drive.first_of("evacuation_speakers")
    (people,) = preview(view, "building.evacuate", speakers).predictions
    drive.command("building.evacuate", speakers)
    drive.run(people.after_s)
    assert drive.world.value_of(people.datastream_id) == pytest.approx(
        people.after, abs=max(3.0, 0.1 * (people.before or 0.0))
    )


def test_a_unit_takes_the_predicted_way_in_about_the_predicted_time() -> None:
    drive, view = fresh()
    unit = drive.first_of("fire_engine")
    told = preview(view, "unit.dispatch", unit, x_m=300.0, y_m=-300.0, place="Old Bridge")
    (line,), (arrival,) = told.lines, told.predictions
    assert math.dist(line[-1][:2], (300.0, -300.0)) < 60.0
    assert "km, about" in told.notes[0]
    request = drive.request("unit.dispatch", unit, x_m=300.0, y_m=-300.0)
    verdict = drive.world.command(request)
    assert verdict.is_accepted
    taken_s = drive.run(300, until=lambda: "done" in drive.stages(request))
    assert 0.5 * arrival.after_s < taken_s < 2.0 * arrival.after_s + 15.0


def test_the_way_avoids_closed_streets_and_is_straight_without_any() -> None:
    drive, view = fresh()
    roads = [t for t in drive.world.things if t.kind == "road_segment"]
    road = min(roads, key=lambda t: math.hypot(*t.xyz[:2]))  # with streets on all sides
    (x1, y1, _), (x2, y2, _) = road.xyz, road.path
    start = (x1 - (x2 - x1) * 0.4, y1 - (y2 - y1) * 0.4, 0.0)
    goal = (x2 + (x2 - x1) * 0.4, y2 + (y2 - y1) * 0.4, 0.0)
    direct = view.route(start, goal)
    assert direct is not None
    assert direct.length_m == pytest.approx(math.dist(start, goal), abs=1.0)
    short = view.route(road.xyz, road.path)
    assert short is not None
    assert short.length_m == pytest.approx(math.dist(road.xyz, road.path), abs=0.1)
    drive.command("road.close", road.id)
    drive.run(6)
    closed = view_of(drive, CITY)
    around = closed.route(start, goal)
    assert around is not None
    assert around.length_m > 2 * direct.length_m
    assert closed.route((9e4, 9e4, 0.0), goal) is None
    nowhere = view_of(drive, dataclasses.replace(CITY, streets=None))
    told = preview(nowhere, "unit.dispatch", drive.first_of("police"), x_m=0.0, y_m=0.0)
    assert "straight line" in told.basis
    assert len(told.lines[0]) == 2


def test_a_drone_takes_about_the_predicted_time_and_is_told_of_roofs() -> None:
    drive, view = fresh()
    drone = drive.first_of("drone")
    x, y, _ = view.position(drone) or (0.0, 0.0, 0.0)
    args = {"x_m": x - 300.0, "y_m": y + 200.0, "height_m": 90.0}
    told = preview(view, "drone.fly", drone, **args)
    assert not any("stands in the way" in note for note in told.notes)
    low = preview(view, "drone.fly", drone, **(args | {"height_m": 20.0}))
    is_low = any("stands in the way" in note for note in low.notes)
    assert is_low == (not drive.world.command(drive.request("drone.fly", drone, **args | {
        "height_m": 20.0})).is_accepted)  # fmt: skip
    request = drive.command("drone.fly", drone, **args)
    taken_s = drive.run(300, until=lambda: "done" in drive.stages(request))
    assert taken_s == pytest.approx(told.predictions[0].after_s, rel=0.2)


def test_an_alert_counts_the_people_in_a_circle_and_in_a_drawn_area(
    scene: tuple[Drive, StoreCityView],
) -> None:
    _, view = scene
    gateway = "alerts-1"
    around = ALERT | {"x_m": 0.0, "y_m": 0.0}
    circle = preview(view, "alert.publish", gateway, **(around | {"radius_m": 300.0}))
    box = "-300,-300 300,-300 300,300 -300,300"
    drawn = preview(view, "alert.publish", gateway, **(around | {"outline": box}))
    all_of_it = view.people_in(PreviewArea(label="all", radius_m=1e5))
    assert all_of_it.n_buildings == 99
    n_circle = view.people_in(circle.areas[0]).n_buildings
    n_drawn = view.people_in(drawn.areas[0]).n_buildings
    assert 0 < n_circle < n_drawn < 99
    middles = CITY.features.bounds_min_max_local_m
    inside = (np.abs(middles[:, :2] + middles[:, 3:5]) / 2 < 300).all(axis=1)
    assert n_drawn == int(inside.sum())
    assert any("Cancel is prepared" in note for note in circle.notes)


def test_the_view_knows_names_kinds_and_neighbours(scene: tuple[Drive, StoreCityView]) -> None:
    drive, view = scene
    bus = drive.first_of("bus")
    assert view.target(bus).kind == "bus"
    assert view.target("nobody") == PreviewTarget(id="nobody", name="nobody", kind="")
    here = view.position(bus)
    assert here is not None
    near = view.things_near(here, 200.0)
    assert bus in near
    only = view.things_near(here, 2_000.0, ("hospital", "siren"))
    assert {view.target(one).kind for one in only} == {"siren"}
    gaps = [math.dist((view.position(one) or here)[:2], here[:2]) for one in near]
    assert gaps == sorted(gaps)
    assert view.last_value("nobody/nothing") is None
