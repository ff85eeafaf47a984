"""Rules as forms show them, and pasts of dry runs that are files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.twin.recordings import START_NS, announcement, record
from tests.twin.rule_samples import rule
from twin.city.areas import Area as CityArea
from twin.city.areas import circle_area
from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.link.wire import encode_announcement
from twin.perception import rules_sources
from twin.perception.rules_editing import (
    about_text,
    id_of,
    inputs_of,
    inputs_text,
    names_of,
    places_of,
    thresholds_of,
    thresholds_text,
    when_text,
)
from twin.perception.rules_model import RuleError, compiled
from twin.perception.rules_past import DryRunError, dry_run
from twin.perception.rules_sources import RecordingPast, open_past
from twin.recording.form import ANNOUNCED, JSON_LANE, pack_frames
from twin.recording.keeping import Keeper


def test_thresholds_go_to_lines_and_back() -> None:
    tables = {"flood_m": {"default": 2.4, "gauge-3": 2.9}, "limit": {"a/b": -1.0}}
    assert thresholds_of(thresholds_text(tables)) == tables
    assert thresholds_of("# a remark\n\n a = 1e3 ") == {"a": {"default": 1000.0}}


@pytest.mark.parametrize("line", ["a", "a = x", "a = nan", "A = 1", "a[b = 2", "a = 1 2"])
def test_a_line_that_is_no_threshold_is_told(line: str) -> None:
    with pytest.raises(RuleError, match=r"line 2: write name = 2\.4") as caught:
        thresholds_of(f"ok = 1\n{line}")
    assert caught.value.field == "thresholds"


def test_inputs_go_to_lines_and_back() -> None:
    inputs = {"pump": "{thing}/pump_running", "level": "gauge-1/water_level"}
    assert inputs_of(inputs_text(inputs)) == inputs
    with pytest.raises(RuleError, match="line 1"):
        inputs_of("pump {thing}")


def test_ids_are_made_of_titles() -> None:
    assert id_of("River level high!", ()) == "river-level-high"
    assert id_of("River", ("river", "river-2")) == "river-3"
    assert id_of("水位", ()) == "rule"
    assert compiled(rule(id=id_of("x" * 300, ()))).rule.id == "x" * 60


def test_areas_of_the_city_are_taken_along_by_name() -> None:
    square = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 0.0))
    found = places_of(
        [
            CityArea(id="a", name="Quay", rings=(square,)),
            CityArea(id="b", name="Quay", rings=()),
            circle_area("c", "Cordon", (5.0, 5.0), 3.0),
        ]
    )
    assert found["Quay"].points == ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))
    assert len(found["Cordon"].points) == 96
    assert names_of(" a, b\nc,,") == ("a", "b", "c")


def test_a_rule_is_told_in_words() -> None:
    one = rule(
        kinds=("river_gauge",), things=("a", "b", "c", "d"), per="area", needs=3, open_for_s=5.0,
        properties=("pm25", "odd_thing"), datastreams=("x/y",), close="value < 1",
    )  # fmt: skip
    assert about_text(one) == "PM2.5, odd thing of river gauge at a, b, c … (x/y)"
    assert when_text(one) == ("value > 2 at 3 of them, for 5 s", "value < 1")
    assert when_text(rule()) == ("value > 2", "that is not so any more")


def test_a_recording_with_the_json_lane_and_a_damaged_message(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "r.mcap", with_sync=False)
    keeper.take_samples(encode_announcement(announcement()), START_NS)
    for second in range(1, 8):
        text = f'{{"datastream": "box-7/pm25", "result": {second * 10}}}'.encode()
        keeper.take_samples([b"v1/j/box/", text], START_NS + second * NS_PER_S)
    assert keeper.writer is not None
    keeper.writer.add(JSON_LANE, b"rubbish", START_NS + 8 * NS_PER_S)
    keeper.writer.add(ANNOUNCED, pack_frames([b"v1/a/town/", b"x"]), START_NS + 9 * NS_PER_S)
    keeper.close()
    past = open_past(tmp_path / "r.mcap")
    made = compiled(rule(open="value > 35", properties=("pm25",)))
    answer = dry_run(made, past, start_ns=past.start_ns, end_ns=past.end_ns)
    assert answer is not None
    assert [one.place for one in answer.episodes] == ["box-7"]
    assert past.remark(0, 1) == ""


def test_a_recording_can_be_stopped_and_has_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path / "r.mcap", n_seconds=30)
    past = RecordingPast(tmp_path / "r.mcap")
    made = compiled(rule())
    span = {"start_ns": past.start_ns, "end_ns": past.end_ns}
    assert dry_run(made, past, **span, progress=lambda _: True) is None
    monkeypatch.setattr(rules_sources, "MAX_SAMPLES", 10)
    with pytest.raises(DryRunError, match="choose a shorter time"):
        dry_run(made, past, **span)
    past.close()


def test_a_past_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none.mcap"):
        with pytest.raises(TwinError, match=r"no history|cannot be opened"):
            open_past(place)
