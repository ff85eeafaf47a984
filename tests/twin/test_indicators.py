"""Indicators: what they are computed from, what is left out, and no number where data lack."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twin.clock import NS_PER_S, FakeClock
from twin.indicators.base import (
    MOST_LISTED,
    TREND_KEPT,
    CityIndex,
    CityNow,
    IndicatorType,
    Result,
    Trends,
    compute_all,
    how_computed,
    indicator_registry,
    plain,
)
from twin.room.parts.units import Response
from twin.sense.health import health_of
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore

ALL: dict[str, IndicatorType] = {one.id: one for one in indicator_registry()}
Spec = tuple[str, str, str, float | None, bool]


class City:
    """A store of (thing, kind, property, value or None, is it fresh)."""

    def __init__(self, *specs: Spec, responses: tuple[Response, ...] = ()) -> None:
        clock = FakeClock()
        store = ObservationStore(capacity=64, history=4, clock=clock)
        things = {t: Thing(id=t, name=t.capitalize(), kind=kind) for t, kind, *_ in specs}
        streams = tuple(
            Datastream(
                index=n, id=f"{thing}/{name}", thing_id=thing, observed_property=name, unit="u",
                interval_s=1.0,
            )
            for n, (thing, _, name, _, _) in enumerate(specs)
        )  # fmt: skip
        said = Announcement(
            source="s", epoch="e", things=tuple(things.values()), datastreams=streams
        )
        store.announce(said)
        for fresh in (False, True):
            if fresh:
                clock.advance_s(600.0)
            now_ns = clock.now_ns()
            for slot, (_, _, _, value, is_fresh) in enumerate(specs):
                if value is not None and is_fresh is fresh:
                    at = np.array([now_ns])
                    store.add(
                        np.array([slot]), at, np.array([value]), np.zeros(1, np.uint8), now_ns
                    )
        snapshot = store.snapshot()
        self.now_ns = clock.now_ns()
        self.now = CityNow(
            now_ns=self.now_ns,
            snapshot=snapshot,
            codes=health_of(snapshot, self.now_ns),
            datastreams=store.datastreams,
            things=store.things,
            index=CityIndex(store.datastreams, store.things),
            responses=responses,
        )

    def __getitem__(self, indicator: str) -> Result:
        return ALL[indicator].compute(self.now)


@pytest.mark.parametrize("indicator", ALL)
def test_an_empty_city_has_no_numbers_and_says_what_is_missing(indicator: str) -> None:
    result = City()[indicator]
    assert result.value is None
    assert result.missing
    assert not result.missing.endswith(".")
    assert result.inputs == ()


@pytest.mark.parametrize("kind", ALL.values(), ids=lambda kind: kind.id)
def test_each_says_unit_formula_period_and_inputs(kind: IndicatorType) -> None:
    for text in (kind.title, kind.unit, kind.formula, kind.period, kind.inputs):
        assert text
        assert not text.endswith(".")
    told = how_computed(kind)
    assert told.startswith(f"{kind.formula}. {kind.period}. Computed from ")
    assert told.endswith(f"{kind.limits or kind.inputs[1:]}.")


@pytest.mark.parametrize("kind", ALL.values(), ids=lambda kind: kind.id)
def test_none_speaks_for_a_standard(kind: IndicatorType) -> None:
    told = f"{kind.title} {how_computed(kind)}".casefold()
    for word in ("iso ", "37120", "37122", "clause", "standard"):
        assert word not in told


def test_air_is_the_mean_of_what_can_be_trusted() -> None:
    city = City(
        ("a", "air_station", "PM2.5", 10.0, True),
        ("b", "air_station", "pm25", 20.0, True),
        ("c", "air_station", "pm25", 900.0, False),
        ("d", "air_station", "pm25", None, True),
    )
    result = city["air.pm25"]
    assert result.value == 15.0
    assert result.n_counted == 2
    notes = {one.name: one.note for one in result.inputs}
    assert notes["C"] == "left out: not heard in time"
    assert notes["D"] == "left out: no value yet"
    assert {one.datastream_id for one in result.inputs if not one.note} == {"a/PM2.5", "b/pm25"}
    assert city["air.pm10"].missing == "No datastream observes particulate matter (PM10)"


def test_where_nothing_is_fresh_there_is_no_value_but_its_inputs() -> None:
    result = City(("a", "air_station", "no2", 10.0, False))["air.no2"]
    assert result.value is None
    assert "fresh and trusted" in result.missing
    assert len(result.inputs) == 1


def test_noise_is_averaged_as_energy() -> None:
    city = City(("a", "m", "noise", 50.0, True), ("b", "m", "noise", 70.0, True))
    value = city["noise.level"].value
    assert value is not None
    assert value == pytest.approx(10 * math.log10((1e5 + 1e7) / 2))
    assert value > 60.0


def test_response_time_counts_incidents_with_somebody_on_scene() -> None:
    minute = 60 * NS_PER_S
    responses = (
        Response(id="i1", title="Fire", kind="fire", opened_ns=minute, on_scene_ns=5 * minute,
                 unit_id="f1", unit_name="Engine 1"),
        Response(id="i2", title="Flood", kind="flood", opened_ns=minute, on_scene_ns=9 * minute),
        Response(id="i3", title="Smoke", kind="fire", opened_ns=minute),
    )  # fmt: skip
    result = City(responses=responses)["safety.response_time"]
    assert result.value == 6.0
    assert result.inputs[0].name == "Fire: Engine 1"
    assert result.inputs[2].note == "left out: nobody is on scene yet"
    waiting = City(responses=responses[2:])["safety.response_time"]
    assert waiting.value is None
    assert "No incident has had a unit on scene" in waiting.missing


def test_signals_count_as_a_whole() -> None:
    city = City(
        ("s1", "signal", "signal_plan", 1.0, True),
        ("s1", "signal", "signal_mode", 0.0, True),
        ("s2", "signal", "signal_plan", 1.0, True),
        ("s2", "signal", "signal_mode", 0.0, False),
        ("s3", "signal", "signal_plan", None, True),
        ("x", "pump", "pump_running", 1.0, True),
    )
    result = city["transport.signals_working"]
    assert result.value == pytest.approx(100 / 3)
    assert [(one.name, one.value) for one in result.inputs] == [
        ("S2", 0.0), ("S3", 0.0), ("S1", 1.0),
    ]  # fmt: skip


def test_lights_water_and_sensors() -> None:
    city = City(
        ("l1", "street_light_group", "dimming", 80.0, True),
        ("l2", "street_light_group", "dimming", 0.0, True),
        ("l3", "street_light_group", "dimming", 50.0, False),
        ("w1", "gauge", "water_level", 1.2, True),
        ("w2", "gauge", "water_level", 2.4, True),
        ("w3", "gauge", "water_level", 9.9, False),
        ("r1", "road_segment", "traffic_flow", 100.0, True),
        ("r2", "road_segment", "traffic_flow", 100.0, False),
    )
    assert city["energy.lights_lit"].value == 50.0
    assert city["water.highest_level"].value == 2.4
    assert city["water.highest_level"].inputs[0].name == "W2"
    assert city["transport.roads_watched"].value == 50.0
    fresh = city["sensors.fresh"]
    assert fresh.value == pytest.approx(100 * 5 / 8)
    assert [bool(one.note) for one in fresh.inputs] == [True] * 3 + [False] * 5


def test_all_are_computed_together_and_every_number_is_finite() -> None:
    city = City(("a", "air_station", "pm25", 10.0, True))
    results = compute_all(ALL.values(), city.now)
    assert set(results) == set(ALL)
    for result in results.values():
        assert result.value is None or math.isfinite(result.value)
        assert (result.value is None) == bool(result.missing)


def test_a_hundred_thousand_datastreams_are_counted_and_some_are_listed() -> None:
    n = 100_000
    clock = FakeClock()
    store = ObservationStore(capacity=n, history=2, clock=clock)
    streams = tuple(
        Datastream(index=i, id=f"t{i}/pm25", thing_id=f"t{i}", observed_property="pm25")
        for i in range(n)
    )
    store.announce(Announcement(source="s", epoch="e", datastreams=streams))
    now_ns = clock.now_ns()
    values = np.arange(n, dtype=np.float64)
    times = np.full(n, now_ns, np.int64)
    store.add(np.arange(n), times, values, np.zeros(n, np.uint8), now_ns)
    snapshot = store.snapshot()
    city = CityNow(
        now_ns=now_ns, snapshot=snapshot, codes=health_of(snapshot, now_ns),
        datastreams=store.datastreams, things=store.things,
        index=CityIndex(store.datastreams, store.things),
    )  # fmt: skip
    result = ALL["air.pm25"].compute(city)
    assert result.value == pytest.approx(values.mean())
    assert (result.n_counted, result.n_all, len(result.inputs)) == (n, n, MOST_LISTED)


def test_a_trend_is_bounded_and_begins_anew_in_the_past() -> None:
    trends = Trends()
    for n in range(TREND_KEPT + 10):
        trends.note({"x": Result(value=float(n)), "y": Result(missing="no")}, n)
    assert len(trends.values("x")) == TREND_KEPT
    assert trends.values("x")[-1] == TREND_KEPT + 9
    assert trends.values("y") == []
    assert trends.begins_ns("x") == 10
    trends.note({"x": Result(value=1.0)}, 5)
    assert trends.values("x") == [1.0]


@pytest.mark.parametrize("name", ["PM2.5", "pm2_5", "pm25", "PM 2.5"])
def test_names_of_properties_are_compared_plainly(name: str) -> None:
    assert plain(name) == "pm25"
