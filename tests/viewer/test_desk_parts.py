"""The parts of a desk that need no window: recorder, rehearsal, hover text, picks, arguments."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from scenes.legend import Legend as SceneLegend
from scenes.pick import Pick
from tests.widgets.panel_world import World
from twin.city.asset import Surface
from twin.city.frames import Origin
from twin.errors import TwinError
from twin.session import NOTHING, Selection
from viewer.city_source import CityLoading, CitySource, LoadingCancelledError, opening_remark
from viewer.cli import main
from viewer.hover import card_text
from viewer.layer_driver import panel_legend
from viewer.pick_driver import selection_from_pick
from viewer.report import percentile_or_none, process_age_s
from viewer.run_recorder import RunRecorder

HERE = (0.0, 0.0, 0.0)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.fill()
    yield made
    made.close()


def test_a_click_selects_a_symbol_before_a_building_and_nothing_on_bare_ground():
    assert selection_from_pick(None) == NOTHING
    assert selection_from_pick(Pick(xyz_local_m=HERE)) == NOTHING
    terrain = Pick(xyz_local_m=HERE, feature=3, surface=Surface.TERRAIN)
    assert selection_from_pick(terrain) == NOTHING
    assert selection_from_pick(Pick(xyz_local_m=HERE, feature=3)) == Selection(feature=3)
    assert selection_from_pick(Pick(xyz_local_m=HERE, thing_id="t")) == Selection(thing_id="t")
    assert selection_from_pick(Pick(xyz_local_m=HERE, unit_id="u")) == Selection(unit_id="u")


def test_the_panels_legend_says_what_the_scenes_says():
    legend = panel_legend(
        SceneLegend(title="Use", classes=(("office", (1, 2, 255)),), no_data=(9, 9, 9), note="n")
    )
    assert legend.classes == (("office", "#0102FF"),)
    assert (legend.title, legend.no_data, legend.note) == ("Use", "#090909", "n")


def test_the_hover_card_names_a_thing_with_its_values_and_their_age(world):
    thing_id = next(iter(world.session.observations.things))
    title, lines, caption = card_text(world.session, Pick(xyz_local_m=HERE, thing_id=thing_id))
    assert title == world.session.observations.things[thing_id].name
    assert 1 <= len(lines) <= 3
    assert caption.endswith("s ago")


def test_the_hover_card_says_that_a_unit_is_silent(world):
    unit = world.session.units.units[0]
    pick = Pick(xyz_local_m=HERE, unit_id=unit.id)
    assert card_text(world.session, pick)[2].startswith("seen ")
    world.clock.advance_s(60.0)
    assert card_text(world.session, pick)[2].startswith("silent for ")


def test_the_hover_card_names_a_unit_and_a_building_and_keeps_silent_on_ground(world):
    unit = world.session.units.units[0]
    assert card_text(world.session, Pick(xyz_local_m=HERE, unit_id=unit.id))[0] == unit.name
    features = world.session.city.features
    row = next(i for i in range(features.n_features) if features.kind(i) == "Building")
    pick = Pick(xyz_local_m=HERE, feature=row, surface=Surface.ROOF)
    assert card_text(world.session, pick)[2] == "Building"
    assert card_text(world.session, Pick(xyz_local_m=HERE)) is None


def test_the_recorder_counts_frames_latency_and_units_that_moved(world):
    session = world.session
    recorder = RunRecorder(session)
    assert not recorder.has_drawn
    world.clock.advance_s(5.0)  # all units have come to where they were last seen
    recorder.note_units()
    slot = np.array([0])
    start = session.units.at(session.clock.now_ns()).xyz_local_m[0]
    for step in range(1, 4):
        world.clock.advance_s(1.0)
        moved = (start + np.array([50.0 * step, 0.0, 0.0], np.float32))[None]
        session.units.add(slot, np.array([session.clock.now_ns()]), moved, np.array([0.0]))
        recorder.note_units()
    recorder.note_update(3.0)
    recorder.note_frame(7.0)
    report = recorder.report()
    assert (report.frames, report.frame_ms_p50) == (1, 10.0)
    assert report.units_moving == 1
    assert report.features == session.city.features.n_features
    assert report.datastreams == len(session.observations.datastreams)
    assert report.first_frame_s is not None


def test_a_report_is_json_with_none_where_nothing_was_measured(world, tmp_path: Path):
    RunRecorder(world.session).report().save(tmp_path / "r.json")
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["frame_ms_p50"] is None
    assert report["commands"] == {}
    assert percentile_or_none(np.array([]), 50) is None
    assert 0 < process_age_s() < 3600


def test_loading_reports_progress_and_can_be_cancelled():
    loading = CityLoading(CitySource(n_buildings=500))
    city = loading.result()
    assert loading.is_over
    assert loading.fraction > 0.5
    assert city.asset.features.counts_by_kind()["Building"] == 500
    assert sum(len(tile.triangles) for tile in city.tiles) == city.asset.soup.n_triangles

    cancelled = CityLoading(CitySource(n_buildings=20_000))
    cancelled.cancel()
    with pytest.raises(LoadingCancelledError):
        cancelled.result()


def test_loading_an_absent_file_raises_where_the_result_is_asked_for(tmp_path: Path):
    loading = CityLoading(CitySource(path=tmp_path / "none.city.json"))
    with pytest.raises(TwinError, match="no such file"):
        loading.result()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["demo", "--screenshot", "x.png"], "--screenshot needs --seconds"),
        (["demo", "--seconds", "1", "--report", "/no/such/r.json"], "does not exist"),
        (["demo", "--feed", "/no/such/feed.csv"], "no such file to feed"),
    ],
)
def test_what_cannot_be_written_or_read_is_refused_before_anything_starts(
    arguments, sentence, capsys
):
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_the_operator_hears_of_a_city_without_a_crs(world: World, tmp_path: Path):
    assert opening_remark(world.session.city) == ""
    nowhere = Origin(crs=None)
    city = dataclasses.replace(world.session.city, path=tmp_path / "a.obj", origin=nowhere)
    assert "--crs" in opening_remark(city)
