"""The simulated city: size, rhythm, weather, faults, determinism."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

from tests.twin.command_samples import valid_args
from tests.twin.sim_city import grid_city
from tests.twin.sim_drive import Drive
from twin.commands.base import command_registry
from twin.commands.params import params_from_args
from twin.errors import TwinError
from twin.sense.model import OBSERVED_PROPERTIES, Quality
from twin.sim.faults import FAULT_SHARE, Fault
from twin.sim.rhythm import Moment
from twin.sim.world import World, WorldOptions


def make(**options: object) -> Drive:
    return Drive(World(grid_city(), WorldOptions(**options)))  # type: ignore[arg-type]


def mean_of(drive: Drive, observed_property: str) -> float:
    streams = [s for s in drive.world.datastreams if s.observed_property == observed_property]
    return float(np.mean([drive.world.value_of(s.id) for s in streams[:: len(streams) // 60]]))


def test_a_city_of_99_buildings_has_2400_datastreams_of_eight_properties() -> None:
    world = make().world
    names = [s.observed_property for s in world.datastreams]
    observed = [name for name in names if name in OBSERVED_PROPERTIES]
    assert len(observed) == 2_400
    assert set(observed) == set(OBSERVED_PROPERTIES)
    assert len(world.units) == 200
    assert {u.kind for u in world.units} == {
        "bus", "ambulance", "fire_engine", "police", "works", "drone"
    }  # fmt: skip
    assert [u.index for u in world.units] == list(range(200))
    assert len(world.datastreams) < 3_300  # what actuators say of themselves stays modest


def test_ids_and_names_are_unique_and_indices_contiguous() -> None:
    world = make().world
    assert len({t.id for t in world.things}) == len(world.things)
    assert len({t.name for t in world.things}) == len(world.things)
    assert [s.index for s in world.datastreams] == list(range(len(world.datastreams)))
    assert len({s.id for s in world.datastreams}) == len(world.datastreams)
    owners = {t.id for t in world.things} | {u.id for u in world.units}
    assert all(s.id == f"{s.thing_id}/{s.observed_property}" for s in world.datastreams)
    assert {s.thing_id for s in world.datastreams} <= owners


def test_every_kind_of_asset_reports_the_stream_that_verifies_its_commands() -> None:
    world = make().world
    streams = {s.id for s in world.datastreams}
    seen = set()
    for asset in (*world.things, *world.units):
        for type_id in asset.accepts:
            command_type = command_registry()[type_id]
            params = params_from_args(command_type.params, valid_args(command_type))
            assert command_type.effect(asset.id, params).datastream_id in streams
            assert {f"{asset.id}/{name}" for name in command_type.before} <= streams
            assert asset.kind in command_type.target_kinds
            seen.add(type_id)
    assert seen == set(command_registry().ids())


def test_same_seed_same_city_same_samples() -> None:
    first, second = make(seed=5).gather(5), make(seed=5).gather(5)
    for column in ("indices", "t_ns", "values", "quality"):
        assert np.array_equal(getattr(first, column), getattr(second, column))
    other = make(seed=6).gather(5)
    assert len(other.values) != len(first.values) or not np.array_equal(other.values, first.values)


def test_a_step_of_the_same_world_moves_all_its_units_alike() -> None:
    first, second = make(seed=5), make(seed=5)
    first.run(20)
    second.run(20)
    assert np.array_equal(first.world.positions()[0], second.world.positions()[0])


def test_about_one_sample_a_second_and_datastream_staggered() -> None:
    drive = make()
    drive.run(5)
    samples = drive.gather(10)
    per_stream_hz = len(samples.values) / 10 / len(drive.world.datastreams)
    assert 0.75 < per_stream_hz < 1.1
    per_tick = np.unique(samples.t_ns, return_counts=True)[1]
    assert per_tick.max() < 2 * per_tick.mean()


def test_rate_multiplies_the_samples_beyond_the_step() -> None:
    slow, fast = make(), make(rate=30.0)
    slow.run(2), fast.run(2)
    ratio = len(fast.gather(5).values) / len(slow.gather(5).values)
    assert ratio == pytest.approx(30.0, rel=0.1)
    times = fast.gather(1).t_ns
    assert times.min() > fast.t_ns - 2 * 10**9
    assert times.max() <= fast.t_ns


def test_traffic_and_noise_peak_in_the_evening_and_sleep_at_night() -> None:
    evening, night = make(time_of_day_s=17.5 * 3600), make(time_of_day_s=3 * 3600)
    evening.run(2), night.run(2)
    assert mean_of(evening, "traffic_flow") > 5 * mean_of(night, "traffic_flow")
    assert mean_of(evening, "traffic_speed") < 0.9 * mean_of(night, "traffic_speed")
    assert mean_of(evening, "noise") > mean_of(night, "noise") + 5
    # street lights burn at both times, and what feeds them carries them too
    assert mean_of(evening, "power_load") > 1.3 * mean_of(night, "power_load")
    # no open street is ever so quiet that it looks closed
    flows = [s for s in night.world.datastreams if s.observed_property == "traffic_flow"]
    assert min(night.world.value_of(s.id) for s in flows) > 40


def test_speed_runs_the_day_but_not_the_timestamps() -> None:
    drive = make(speed=3600.0, time_of_day_s=23 * 3600.0)
    samples = drive.gather(2)
    assert drive.world.now.clock_text == "01:00"
    assert samples.t_ns.max() == drive.t_ns


def test_moment_reads_curves_round_midnight() -> None:
    assert Moment(0, 0, 86_399.0).share("traffic") == pytest.approx(
        Moment(0, 0, 1.0).share("traffic"), abs=0.01
    )


def test_storm_raises_the_river_washes_the_air_and_slows_traffic() -> None:
    clear, storm = make(weather="clear", speed=60.0), make(weather="storm", speed=60.0)
    clear.run(12), storm.run(12)
    assert mean_of(clear, "rain") == 0.0
    assert storm.world.weather.wetness_mm > 0.5
    assert mean_of(storm, "water_level") > mean_of(clear, "water_level") + 0.1
    assert mean_of(storm, "pm25") < 0.9 * mean_of(clear, "pm25")


def test_the_centre_is_busier_than_the_rim_and_neighbours_are_alike() -> None:
    sites = make().world.sites
    gap = np.linalg.norm(sites.graph.middles[:, :2] - sites.centre[:2], axis=1)
    order = np.argsort(gap)
    tenth = len(order) // 10
    assert sites.bustle[order[:tenth]].mean() > sites.bustle[order[-tenth:]].mean() + 0.15
    beside = [
        abs(sites.bustle[e] - sites.bustle[sites.graph.edges_beside(e)].mean())
        for e in range(sites.graph.n_edges)
    ]
    assert np.mean(beside) < 0.5 * sites.bustle.std()


def test_values_are_finite_and_within_what_is_physical() -> None:
    drive = make()
    samples = drive.gather(20)
    assert np.isfinite(samples.values).all()
    kinds = drive.world.sampler.faults.plan.kinds[samples.indices]
    healthy = samples.values[kinds == Fault.NONE]
    assert healthy.min() >= 0.0
    names = np.array([s.observed_property for s in drive.world.datastreams])
    for name, (_, _, low, high) in OBSERVED_PROPERTIES.items():
        values = samples.values[(names[samples.indices] == name) & (kinds == Fault.NONE)]
        assert low - 1 <= np.median(values) <= high, name


def test_faults_have_the_stated_share_and_leave_actuators_alone() -> None:
    world = make().world
    kinds = world.sampler.faults.plan.kinds
    assert np.count_nonzero(kinds) == round(FAULT_SHARE * len(kinds))
    assert set(kinds.tolist()) == {int(fault) for fault in Fault}
    assets = {t.id for t in world.things if t.accepts} | {u.id for u in world.units}
    assert all(world.datastreams[k].thing_id not in assets for k in np.flatnonzero(kinds))


def test_each_fault_shows_in_the_samples() -> None:
    drive = make()
    drive.dt_s = 0.5
    drive.run(301)  # every fault has begun by then
    plan = drive.world.sampler.faults.plan
    samples = drive.gather(120)
    by_stream = {k: samples.values[samples.indices == k] for k in np.flatnonzero(plan.kinds)}
    stuck = [v for k, v in by_stream.items() if plan.kinds[k] == Fault.STUCK]
    assert stuck
    assert all(len(np.unique(v)) == 1 for v in stuck)
    full = {k: 120 / drive.world.datastreams[k].interval_s for k in by_stream}
    silent = [len(v) / full[k] for k, v in by_stream.items() if plan.kinds[k] == Fault.DROPOUT]
    assert np.mean(silent) < 0.5
    ill = np.isin(samples.indices, np.flatnonzero(plan.kinds))
    assert (samples.quality[~ill] == Quality.GOOD).all()
    flagged = np.unique(samples.indices[samples.quality == Quality.SUSPECT])
    liars = np.flatnonzero((plan.kinds == Fault.STUCK) & ~plan.is_flagged)
    assert len(flagged)
    assert len(liars)
    assert not np.isin(liars, flagged).any()


def test_ten_thousand_samples_a_second_cost_less_than_two_fifths_of_a_core() -> None:
    drive = make(rate=5.0)
    drive.run(1)
    start_s = time.process_time()
    samples = drive.gather(10)
    assert len(samples.values) / 10 > 10_000
    assert (time.process_time() - start_s) / 10 < 0.4


def test_a_city_without_streets_is_refused_in_one_sentence() -> None:
    with pytest.raises(TwinError, match="streets"):
        World(dataclasses.replace(grid_city(), streets=None), WorldOptions())


def test_a_city_without_buildings_or_places_still_lives() -> None:
    drive = Drive(World(grid_city(4, n_buildings=0, n_places=0), WorldOptions(n_units=10)))
    drive.run(5)
    kinds = {t.kind for t in drive.world.things if t.accepts}
    assert kinds == {
        "road_segment", "signal", "pump_station", "gate", "street_light_group", "feeder",
        "message_sign", "siren", "camera", "alert_gateway",
    }  # fmt: skip
