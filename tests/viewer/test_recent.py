"""The recent list, scenes on the command line, and the simulator's arguments."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from tests.twin.scene_samples import EAST, NORTH, footprints
from twin.city.compose import compose, scene_at
from viewer.city_source import CitySource, LoadedCity, opening_remark
from viewer.commands.open import SUBCOMMAND
from viewer.console_arguments import city_of_files
from viewer.recent import MOST, RecentScenes


def test_the_latest_comes_first_and_once(tmp_path: Path) -> None:
    recent = RecentScenes(tmp_path / "state" / "recent.json")
    assert "Nothing was opened yet" in next(recent.lines())
    recent.note(["a.json"])
    recent.note(["https://example.org/tileset.json"])
    recent.note(["a.json"])
    entries = RecentScenes(recent.path).entries()
    assert [Path(one[0]).name for one in entries] == ["a.json", "tileset.json"]
    assert Path(entries[0][0]).is_absolute()
    for number in range(2 * MOST):
        recent.note([f"{number} x.json"])
    assert len(recent.entries()) == MOST
    assert list(recent.lines())[1].endswith(f"'{Path('23 x.json').resolve()}'")


@pytest.mark.parametrize("content", ["", "{", "3", '[3, [], ["a", 1]]', "\x00"])
def test_a_broken_list_is_an_empty_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "recent.json"
    path.write_text(content, encoding="utf-8")
    assert RecentScenes(path).entries() == []
    RecentScenes(path).note(["a"])
    assert len(RecentScenes(path).entries()) == 1


def test_a_list_that_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    RecentScenes(tmp_path / "file" / "recent.json").note(["a"])


def arguments(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    SUBCOMMAND.add_arguments(parser)
    return parser.parse_args(given)


def test_several_files_are_one_scene_that_the_simulator_gets_too(tmp_path: Path) -> None:
    one = footprints(tmp_path / "one.geojson", {"a": (EAST, NORTH)})
    two = footprints(tmp_path / "two.geojson", {"b": (EAST + 90, NORTH)})
    table = tmp_path / "v.csv"
    table.write_text("k,v\nb,5\n", encoding="utf-8")
    told = arguments(str(one), str(two), "--join", f"{table}:k", "--lod", "2")
    source = city_of_files(told.files, told)
    assert source.title == "one.geojson and 1 more"
    opened = source.load(lambda _fraction: None)
    assert opened.asset.features.attributes["v"][1] == 5.0
    for_sim = source.sim_arguments(tmp_path / "private")
    assert for_sim[0] == "--city"
    again = compose(scene_at([for_sim[1]])).asset
    assert list(again.features.ids) == list(opened.asset.features.ids) == ["a", "b"]
    assert again.features.attributes["v"][1] == 5.0


def test_what_is_opened_can_be_saved_as_a_scene(tmp_path: Path) -> None:
    one = footprints(tmp_path / "one.geojson", {"a": (EAST, NORTH)})
    scene = tmp_path / "kept" / "scene.toml"
    CitySource(path=one, save_scene=scene).load(lambda _fraction: None)
    assert compose(scene_at([scene.parent])).asset.features.n_features == 1
    assert CitySource(path=scene).sim_arguments(tmp_path) == ["--city", str(scene)]


def test_the_operator_is_told_which_source_is_missing(tmp_path: Path) -> None:
    one = footprints(tmp_path / "one.geojson", {"a": (EAST, NORTH)})
    opened = CitySource(path=one, further=(tmp_path / "none.json",)).load(lambda _fraction: None)
    assert opening_remark(opened.asset).startswith("none is not shown: There is no such file")
    loaded = LoadedCity(opened.asset, [], opened.streams, opened.scene, opened.reports)
    assert loaded.reports[1].trouble
