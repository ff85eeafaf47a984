"""Every good city file of shared/data through ``civitwin inspect``: the counts of its README."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import SHARED
from viewer.commands.inspect import SUBCOMMAND

FOLDERS = ("cityjson", "citygml", "3dtiles", "gltf", "osm", "footprints", "dem", "gtfs")
ENDINGS = (
    ".json", ".jsonl", ".zip", ".gml", ".xml", ".pbf", ".gz", ".osm", ".tif", ".geojson", ".glb",
)  # fmt: skip
#: README's words for a count, where they are not the name that ``inspect`` gives it.
NAMES = {
    "objects": "features",
    "Generic": "GenericCityObject",
    "buildings": "Building",
    "parts": "BuildingPart",
    "part": "BuildingPart",
    "textures named": "textures",
    "images": "textures",
    "shape points": "shape_points",
    "pnts": "tiles",
}
#: The same words where they stand for something else.
NAMES_IN = {"citygml": {"polygons": "Polygon"}, "osm": {"buildings": "building"}}
#: No counts of ours: "12 of 801 b3dm", a line of CityJSONSeq, "1 degree tile", "587 x 402".
PROSE = {"of", "b", "features", "degree tile", "x"}
#: What README says in other words; a folder's name stands for all of its files.
IN_WORDS: dict[str, dict[str, int]] = {
    "cityjson/delft_lod1.v20.city.json": {"features": 570},
    "3dtiles/rotterdam_geodan_partial/": {"tiles": 801, "tiles_there": 12, "tiles_missing": 789},
    "osm/helsinki_centre.osm.pbf": {"building": 433, "buildings with height or levels": 150},
    "osm/newcastle_abst_u_turns.osm": {"relations": 30},
    "footprints/manhattan_buildings_heights.json": {"polygons": 999},
    "dem/N43E007.hgt.zip": {"cells": 1_201 * 1_201},
    "dem/ky4_elevation.tif": {"cells": 587 * 402},
    "gltf/VirtualCity.glb": {"Mesh": 167},
}
#: Files of a folder that hold one of the things its row counts together.
ALONE = {"cityjson/rotterdam_textured_subset/rotterdam_one.json": {"Building": 1, "textures": 6}}
#: Invented samples: README counts their files, so the tiles were counted in the tilesets.
SAMPLES = {
    "3dtiles/cesium_samples/1.0/TilesetWithDiscreteLOD": {"tiles": 3, "tiles_missing": 1},
    "3dtiles/cesium_samples/1.1/MultipleContents": {"tiles": 2, "points": 16_641},
    "3dtiles/cesium_samples/1.1/SparseImplicitQuadtree": {"tiles": 32, "features": 32},
    "3dtiles/cesium_samples/1.1/TilesetWithFullMetadata": {"tiles": 0},
}
#: Bad on purpose, see ``tests/twin/test_shared_bad_input.py``.
BAD = {"gtfs/bart_errors.zip", "gtfs/invalid.zip"}


class Row(NamedTuple):
    """One line of README's tables."""

    name: str
    counts: str


def readme_rows() -> list[Row]:
    """The rows of README about the formats that open as a city."""
    rows = []
    for line in (SHARED / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 6 and cells[1].split("/")[0] in FOLDERS:
            rows.append(Row(re.sub(r" \(.*", "", cells[1]), cells[4]))
    return rows


def good_files() -> dict[str, Row]:
    """Every good file, or folder of tiles, by its name below shared/data, with its row."""
    if not SHARED.is_dir():
        return {}
    rows, found = readme_rows(), {}
    for folder in FOLDERS:
        paths = [p for p in sorted((SHARED / folder).rglob("*")) if p.name.endswith(ENDINGS)]
        if folder == "3dtiles":
            paths = [path.parent for path in paths if path.name == "tileset.json"]
        for path in paths:
            name = path.relative_to(SHARED).as_posix()
            if name not in BAD:
                (found[name],) = [one for one in rows if f"{name}/".startswith(one.name)]
    return found


def expected_counts(name: str, row: Row) -> dict[str, int]:
    """What README says a file holds, by the names of ``inspect``."""
    if name in ALONE or name in SAMPLES:
        return (ALONE | SAMPLES)[name]
    names = NAMES | NAMES_IN.get(name.split("/")[0], {})
    told = re.findall(r"(\d[\d,]*) ([A-Za-z][A-Za-z ]*)", row.counts)
    said = {word.strip(): int(number.replace(",", "")) for number, word in told}
    counts = {names.get(word, word): n for word, n in said.items() if word not in PROSE}
    return counts | IN_WORDS.get(row.name, {})


def inspected(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    parser = argparse.ArgumentParser()
    SUBCOMMAND.add_arguments(parser)
    assert SUBCOMMAND.run(parser.parse_args([*arguments, "--json"])) == 0
    return json.loads(capsys.readouterr().out)


def test_every_row_of_the_readme_has_files(shared_data: Path) -> None:
    assert {row.name for row in readme_rows()} - BAD == {row.name for row in good_files().values()}
    assert len(good_files()) > 35


@pytest.mark.parametrize("name", good_files())
def test_inspect_prints_the_counts_of_the_readme(
    shared_data: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    row = good_files()[name]
    expected = expected_counts(name, row)
    assert expected, f"README's counts were not understood: {row.counts}"
    said = inspected(capsys, str(shared_data / name))
    counts = {"features": said["features"], **said["counts"]}
    assert {key: counts.get(key) for key in expected} == expected
    assert all(one["kind"] and one["message"] and one["count"] > 0 for one in said["warnings"])
