"""scene.toml: what is written is read again; what is wrong is said with its place."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from twin.city.scene_file import (
    Join,
    Placement,
    SceneFile,
    SceneFileError,
    SceneSource,
    is_scene,
    load_scene,
    scene_of_files,
)

FULL = """
[scene]
title = "Monaco"
crs = "EPSG:32632"
origin = [373000, 4843500.0, 0.0]
vertical = "EPSG:5709"

[[source]]
id = "buildings"
path = "data/monaco.osm.gz"
visible = false

[[source]]
id = "tower"
path = "tower.obj"
[source.place]
east_m = 12.5
turn_deg = 30

[[join]]
source = "buildings"
path = "values.csv"
key = "building_id"

[[style]]
name = "night"
rules = [{ colour = "#fff", when = "height > 3" }]

[tour.stop]
"odd key" = 1
"""


def test_everything_survives_a_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "scene.toml"
    path.write_text(FULL, encoding="utf-8")
    scene = load_scene(path)
    assert scene.origin == (373000.0, 4843500.0, 0.0)
    assert scene.source("tower").place == Placement(east_m=12.5, turn_deg=30.0)
    assert not scene.source("buildings").visible
    assert scene.joins == (Join(source="buildings", path="values.csv", key="building_id"),)
    scene.save()
    again = load_scene(tmp_path)
    assert again == scene
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    assert written["style"] == tomllib.loads(FULL)["style"]
    assert written["tour"] == {"stop": {"odd key": 1}}
    assert "[[source]]" in path.read_text(encoding="utf-8")
    assert [one.name for one in tmp_path.iterdir()] == ["scene.toml"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[scene", "not valid TOML"),
        ("[scene]\ntitel = 'x'", r"\[scene\] has an unknown key 'titel'"),
        ("[scene]\ntitle = 3", "title must be text"),
        ("[scene]\norigin = [1, 2]", "origin must be three numbers"),
        ("[scene]\norigin = [1, 2, nan]", "origin must be three numbers"),
        ("[[source]]\nid = 'a'", r"\[\[source\]\] number 1 has no path"),
        ("[[source]]\nid = 'a'\npath = 'b'\nvisible = 1", "visible must be true or false"),
        ("source = 3", r"must be written as \[\[source\]\]"),
        ("[[source]]\nid='a'\npath='b'\n[[source]]\nid='a'\npath='c'", "two sources with the id"),
        ("[[source]]\nid='a'\npath='b'\n[source.place]\nscale = 0", "scale of source 'a'"),
        ("[[source]]\nid='a'\npath='b'\nplace = 3", "place must be a table"),
        ("[[join]]\npath='b'", "number 1 has no key"),
        ("[[join]]\npath='b'\nkey='c'\nsource='z'", "joins 'b' to 'z'"),
    ],
)
def test_a_wrong_key_is_named_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "scene.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SceneFileError, match=says) as caught:
        load_scene(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_absent_or_binary_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SceneFileError, match="cannot be read"):
        load_scene(tmp_path / "none.toml")
    (tmp_path / "scene.toml").write_bytes(b"\xff\xfe\x00x")
    with pytest.raises(SceneFileError, match="UTF-8"):
        load_scene(tmp_path)


def test_saving_elsewhere_leads_to_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    source = SceneSource(id="x", path="x.json")
    web = SceneSource(id="w", path="https://example.org/tileset.json")
    scene = SceneFile(path=tmp_path / "a" / "scene.toml", sources=(source, web))
    scene.save(tmp_path / "scene.toml")
    assert [one.path for one in load_scene(tmp_path).sources] == ["a/x.json", web.path]
    scene.save(tmp_path / "b" / "scene.toml")
    moved = load_scene(tmp_path / "b")
    assert moved.location_of(moved.source("x")) == tmp_path / "a" / "x.json"


def test_a_scene_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(SceneFileError, match="no file yet"):
        SceneFile().save()
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SceneFileError, match="cannot be saved"):
        SceneFile().save(tmp_path / "file" / "scene.toml")


def test_several_files_make_a_scene_with_its_terrain_draped(tmp_path: Path) -> None:
    scene = scene_of_files([tmp_path / "a.json", tmp_path / "x" / "a.json", "N43E007.hgt.zip"])
    assert [one.id for one in scene.sources] == ["a", "a-2", "N43E007"]
    assert [one.drape for one in scene.sources] == [False, False, True]
    assert not is_scene(tmp_path)
    scene.save(tmp_path / "scene.toml")
    assert is_scene(tmp_path)
    assert is_scene(tmp_path / "scene.toml")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("https://tiles.example.org/cities/rotterdam/tileset.json?key=1", "rotterdam"),
        ("https://tiles.example.org/tileset.json", "tileset"),
        ("https://tiles.example.org/cities/delft%20west.json", "delft west"),
        ("/data/monaco.osm.gz", "monaco"),
        ("/data/metropolis/tileset.json", "metropolis"),
    ],
)
def test_a_source_is_called_after_its_file_or_folder(path: str, name: str) -> None:
    (source,) = scene_of_files([path]).sources
    assert source.id == name
