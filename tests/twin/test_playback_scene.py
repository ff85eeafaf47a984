"""Scenes: times, stage verbs, branches, what does not fit the city; the clock of a scene."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from twin.clock import NS_PER_S
from twin.playback.scene_check import act_bodies, check_scene
from twin.playback.scene_clock import MOST_STEP_S, SceneClock, WallTime, time_text
from twin.playback.script import Script, ScriptError, parse_script, read_script

BUNDLED = sorted((Path(__file__).resolve().parents[2] / "resources" / "scenes").glob("*.yaml"))
SCENE = """
title: Small
summary: A small scene
length: "00:01:00"
pace: 2
city: {buildings: 500, datastreams: 250, units: 20, weather: clear}
seats:
  water: {operator: Ada, department: water}
things:
  - {datastream: smoke-1/smoke, name: Smoke, kind: air_station, near: pump-1, unit: "%", max: 100}
steps:
  - {caption: Rain, at: "0:05", seconds: 4}
  - {camera: {tour: [{to: pump-1, distance_m: 300}, {to: [1, 2], seconds: 3}]}}
  - {highlight: pump-1}
  - {weather: 40, at: 1:10, seconds: 5}
  - {inject: {datastream: smoke-1/smoke, shape: ramp, by: 60, seconds: 8}}
  - {fault: actuator, target: pump-1}
  - {wait_for_audience: true}
  - {seat: water, do: submit, label: pump, command: pump.start, target: pump-1, at: 20}
  - seat: water
    if: {datastream: pump-1/pump_running, above: 0}
    then:
      - {do: message, text: It runs}
    else:
      - {do: act, kind: message.post, body: {channel: room, text: It does not}}
  - {expect: {label: pump, state: VERIFIED}, by: "00:00:50.5"}
  - {expect: {alarm: flood, is: gone}, within_s: 5}
"""


def scene(text: str = SCENE) -> Script:
    return parse_script(text, Path("small.yaml"))


def test_a_scene_is_read() -> None:
    script = scene()
    assert (script.length_s, script.pace, script.city.buildings) == (60.0, 2.0, 500)
    caption, camera, highlight, weather, inject, fault, audience, submit, branch, *expected = (
        script.steps
    )
    assert (caption.at_s, caption.fields) == (5.0, {"text": "Rain", "seconds": 4.0})
    assert camera.fields["tour"][1] == {"to": [1.0, 2.0], "seconds": 3.0}
    assert highlight.fields == {"things": ["pump-1"]}
    assert (weather.at_s, weather.fields) == (70.0, {"rain_mm_h": 40.0, "seconds": 5.0})
    assert inject.fields["by"] == 60.0
    assert fault.fields == {"kind": "actuator", "target": "pump-1"}
    assert audience.fields == {"text": ""}
    assert submit.at_s == 20.0
    assert [step.seat for step in (*branch.then, *branch.otherwise)] == ["water", "water"]
    assert script.watched() == (expected[0],)
    assert expected[0].by_s == 50.5
    assert script.of_seat("")[-1] is expected[1]
    assert len(script.all_steps()) == len(script.steps) + 2
    assert script.things[0].thing_id == "smoke-1"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('at: "0:05"', 'at: "soon"', "line 12: “at” is a time such as “00:01:30”"),
        ("caption: Rain", "captoin: Rain", "line 12: nobody can do “”"),
        ("seconds: 4", "secnds: 4", "line 12: “caption” has no “secnds”; did you mean"),
        ("{caption: Rain", "{seat: water, caption: Rain", "line 12: “caption” is nobody's"),
        ("tour: [{to: pump-1", "tour: [{too: pump-1", "line 13: a camera needs “to”"),
        ("shape: ramp", "shape: wave", "line 16: “shape” is one of ramp, step, noise, end"),
        ("weather: 40", "weather: -1", "line 15: “rain_mm_h” is a number of 0 or more"),
        ("fault: actuator, target: pump-1", "fault: actuator", "line 17: a fault has a target"),
        ("fault: actuator", "fault: earthquake", "line 17: “kind” is one of hub_killed"),
        ("    then:\n      - {do: message, text: It runs}\n", "", "line 20: “if” needs “then:”"),
        ("{do: message, text: It runs}", "{do: mesage}", "line 23: nobody can do “mesage”"),
        ("alarm: flood, is: gone", "alarm: flood", "line 27: one of alarm, incident, task goes"),
        ("is: gone", "is: green", "line 27: “is” of an alarm is one of active"),
        ("pace: 2", "pace: 0", "“pace” is 0.05 to 100"),
        ("buildings: 500", "buildings: many", "line 6: “buildings” of a city is not written"),
        ("buildings: 500", "bildings: 500", "line 6: a city has no “bildings”; did you mean"),
        ("near: pump-1, ", "", "line 10: a thing stands “near” another, or at “xyz”"),
        ("datastream: smoke-1/smoke, name", "datastream: smoke, name", "line 10: a datastream is"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, sentence: str) -> None:
    assert old in SCENE
    with pytest.raises(ScriptError) as caught:
        scene(SCENE.replace(old, new, 1))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("target: pump-1, at", "target: pump-99, at", "line 19: the city has no thing “pump-99”"),
        ("pump.start", "pump.begin", "line 19: there is no command “pump.begin”"),
        ("pump.start", "gate.set", "line 19: pump-1 does not take “gate.set”"),
        ("at: 20}", "at: 20, args: {speed_pct: 900}}", "line 19: "),
        ("message.post", "message.pst", "line 25: the hub takes no act “message.pst”; did you"),
        ("text: It does not", "txt: It does not", "line 25: “message.post” has no “txt”"),
        (", text: It does not", "", "line 25: “message.post” needs “text”"),
        ("pump-1/pump_running", "pump-1/runs", "line 20: the city has no datastream “pump-1/runs”"),
        ("highlight: pump-1", "highlight: pomp-1", "line 14: the city has no thing “pomp-1”"),
        ("near: pump-1", "near: pump-77", "line 10: the city has no thing “pump-77”"),
    ],
)
def test_what_does_not_fit_the_city_is_told_with_its_line(
    old: str, new: str, sentence: str
) -> None:
    check_scene(scene())
    with pytest.raises(ScriptError) as caught:
        check_scene(scene(SCENE.replace(old, new, 1)))
    assert sentence in str(caught.value)


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_bundled_scenes_fit_their_cities(path: Path) -> None:
    script = read_script(path)
    check_scene(script)
    assert script.summary
    assert 120.0 <= script.length_s <= 240.0
    assert len(script.watched()) >= 5


def test_every_kind_of_act_is_known() -> None:
    assert {"cue.show", "alarm.raise", "incident.open", "message.post"} <= set(act_bodies())


class _Hands:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        return self.ns

    def monotonic_ns(self) -> int:
        return self.ns


def test_a_scenes_clock_runs_at_its_pace_and_waits() -> None:
    machine = _Hands()
    clock, wall = SceneClock(machine, pace=4.0), WallTime(machine)

    def pass_(seconds: float, *, is_late: bool = False) -> tuple[float, float]:
        machine.ns += round(seconds * NS_PER_S)
        clock.step(is_late=is_late)
        return clock.now_s(), clock.city_s

    assert pass_(0.2) == (0.0, 0.2)
    clock.begin()
    assert pass_(0.1) == pytest.approx((0.4, 0.6))
    assert pass_(0.1, is_late=True) == pytest.approx((0.4, 0.6))
    clock.held = True
    assert pass_(0.1) == pytest.approx((0.4, 0.7))
    clock.held = False
    assert pass_(60.0)[0] == pytest.approx(0.4 + 4 * MOST_STEP_S)
    assert wall.now_s() == pytest.approx(60.5)
    assert time_text(3_725.9) == "01:02:05"


WRONG = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=8),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.none(), max_size=2),
)  # fmt: skip


@given(where=st.integers(0, 10_000), value=WRONG)
def test_any_wrong_value_is_told_in_one_sentence(where: int, value: object) -> None:
    tree = yaml.safe_load(SCENE)
    places = list(_places(tree))
    holder, key = places[where % len(places)]
    holder[key] = value
    try:
        parse_script(yaml.safe_dump(tree, allow_unicode=True), Path("small.yaml"))
    except ScriptError as error:
        assert "small.yaml" in str(error)  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a tree that a value could be put at."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)
