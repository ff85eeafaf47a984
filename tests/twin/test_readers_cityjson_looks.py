"""CityJSON materials and textures: every nesting, theme and fault; templates; lines."""

from __future__ import annotations

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.twin.city_samples import CUBE_FACES, cube, rich_city, written
from twin.city import images
from twin.city.asset import CityAsset
from twin.readers.base import open_city


def textured_city(**changes: Any) -> dict[str, Any]:
    """The rich city; its image is called wall.jpg."""
    city = copy.deepcopy(rich_city())
    city["appearance"]["textures"][0]["image"] = "wall.jpg"
    city["appearance"].update(changes)
    return city


def opened(folder: Path, city: dict[str, Any], *, image: bool = True) -> CityAsset:
    if image:
        (folder / "wall.jpg").write_bytes(b"an image")
    return open_city(written(folder, "city.city.json", city))


def kinds_of(city: CityAsset) -> dict[str, int]:
    return {warning.kind: warning.count for warning in city.warnings}


def looks_of(city: CityAsset, feature: str) -> list[tuple[str, tuple[int, ...]]]:
    """Image name and colour of each triangle of a feature, "" and () for none."""
    soup = city.soup
    assert soup.materials is not None
    rows = np.flatnonzero(soup.features == city.features.row_of(feature))
    found = [int(soup.materials[row]) for row in rows]
    looks: list[tuple[str, tuple[int, ...]]] = []
    for number in found:
        one = city.materials[number] if number >= 0 else None
        looks.append(("", ()) if one is None else (one.name if one.image else "", one.rgba))
    return looks


def test_each_surface_has_its_colour_or_its_photograph(tmp_path: Path) -> None:
    city = opened(tmp_path, textured_city())
    plain = ("", ())
    stone, tile = ("", (102, 102, 102, 255)), ("", (204, 51, 0, 128))
    photo = ("wall.jpg", (255, 255, 255, 255))
    assert looks_of(city, "part") == [stone, stone, tile, tile, *[plain] * 6, photo, photo]
    assert city.counts["materials"] == 2
    assert city.counts["textures"] == 1
    assert "missing-textures" not in kinds_of(city)


def test_corners_know_their_place_on_the_photograph(tmp_path: Path) -> None:
    city = opened(tmp_path, textured_city())
    soup = city.soup
    assert soup.uv is not None
    placed = np.isfinite(soup.uv).all(axis=(1, 2))
    assert placed.sum() == 2
    # The last face of the cube lies at x = 0 and runs from y = 10 down to y = 0.
    corners = soup.corners_local_m[placed].reshape(-1, 3).astype(float)
    across = (corners[:, 1].max() - corners[:, 1]) / 10.0
    up = (corners[:, 2] - corners[:, 2].min()) / 10.0
    assert np.allclose(soup.uv[placed].reshape(-1, 2), np.column_stack([across, up]))


@pytest.mark.parametrize(
    ("texture", "n_placed"),
    [
        ({"t": {"values": [[*[None] * 5, [[0, 0, 1, 2, 3]]]]}}, 2),
        ({"t": {"values": [[*[[[]]] * 5, [[0, 0, 1, 2, 3]]]]}}, 2),
        ({"other": {"values": [[*[None] * 5, [[0, 0, 1, 2, 3]]]]}}, 2),
        ({"t": {"values": [None]}}, 0),
    ],
)
def test_every_way_to_say_none_is_understood(
    tmp_path: Path, texture: dict[str, Any], n_placed: int
) -> None:
    value = textured_city()
    value["CityObjects"]["part"]["geometry"][0]["texture"] = texture
    city = opened(tmp_path, value)
    uv = city.soup.uv
    assert (0 if uv is None else int(np.isfinite(uv).all(axis=(1, 2)).sum())) == n_placed
    assert "bad-texture" not in kinds_of(city)


@pytest.mark.parametrize(
    "values",
    [
        [[*[None] * 5, [[7, 0, 1, 2, 3]]]],
        [[*[None] * 5, [[0, 0, 1, 2, 99]]]],
        [[*[None] * 5, [[0, 0, 1, 2, "x"]]]],
        [[None, None]],
        [7],
    ],
)
def test_textures_that_fit_nothing_are_named(tmp_path: Path, values: Any) -> None:
    value = textured_city()
    value["CityObjects"]["part"]["geometry"][0]["texture"] = {"t": {"values": values}}
    city = opened(tmp_path, value)
    assert kinds_of(city)["bad-texture"] >= 1
    assert city.soup.n_triangles == opened(tmp_path, textured_city()).soup.n_triangles


def test_one_material_for_a_whole_geometry(tmp_path: Path) -> None:
    value = textured_city()
    value["CityObjects"]["plot"]["geometry"][0]["material"] = {"m": {"value": 1}}
    city = opened(tmp_path, value)
    assert set(looks_of(city, "plot")) == {("", (204, 51, 0, 128))}


def test_a_template_brings_its_look_to_every_place(tmp_path: Path) -> None:
    value = textured_city()
    template = value["geometry-templates"]["templates"][0]
    template["material"] = {"m": {"values": [0, 1]}}
    template["texture"] = {"t": {"values": [[[None]], [[0, 0, 1, 2]]]}}
    city = opened(tmp_path, value)
    assert looks_of(city, "tree") == [
        ("", (102, 102, 102, 255)), ("wall.jpg", (255, 255, 255, 255)),
    ]  # fmt: skip


def test_an_absent_image_is_one_warning_and_leaves_the_colours(tmp_path: Path) -> None:
    city = opened(tmp_path, textured_city(), image=False)
    assert kinds_of(city)["missing-textures"] == 1
    assert city.soup.uv is None
    assert {one.image for one in city.materials} == {None}
    assert looks_of(city, "part")[-1] == ("", ())


def test_lines_have_looks_of_their_own_or_those_of_the_header(tmp_path: Path) -> None:
    header = textured_city() | {"CityObjects": {}, "vertices": []}
    lines = [json.dumps(header)]
    for number, appearance in enumerate(
        (None, {"materials": [{"name": "own", "diffuseColor": [0, 0, 1]}]})
    ):
        geometry = {
            "type": "Solid", "lod": "2", "boundaries": [CUBE_FACES],
            "material": {"m": {"value": 0}},
        }  # fmt: skip
        line: dict[str, Any] = {
            "type": "CityJSONFeature",
            "id": f"f{number}",
            "CityObjects": {f"f{number}": {"type": "Building", "geometry": [geometry]}},
            "vertices": cube(40 * number),
        }
        lines.append(json.dumps(line | ({"appearance": appearance} if appearance else {})))
    path = tmp_path / "city.city.jsonl"
    path.write_text("\n".join(lines))
    (tmp_path / "wall.jpg").write_bytes(b"an image")
    city = open_city(path)
    assert set(looks_of(city, "f0")) == {("", (102, 102, 102, 255))}
    assert set(looks_of(city, "f1")) == {("", (0, 0, 255, 255))}


def test_images_come_out_of_a_zip_with_their_city(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "city.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("town/city.city.json", json.dumps(textured_city()))
        archive.writestr("town/appearances/wall.jpg", b"an image")
    assert b"an image" in [one.image for one in open_city(path).materials]
    monkeypatch.setattr(images, "MAX_HELD_BYTES", 4)
    small = open_city(path)
    assert [one.image for one in small.materials] == [None] * len(small.materials)
    assert kinds_of(small)["too-many-textures"] == 1


@pytest.mark.parametrize("appearance", ["x", 7, None, [], {"textures": 3, "materials": "x"}])
def test_an_odd_appearance_costs_the_looks_only(tmp_path: Path, appearance: Any) -> None:
    city = opened(tmp_path, rich_city() | {"appearance": appearance})
    assert city.materials == ()
    assert city.soup.n_triangles > 0
