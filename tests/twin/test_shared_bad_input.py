"""All bad input of shared/data, and cut-off copies of what is good: warnings or one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.twin.tileset_samples import write_tileset

ROOT = Path(__file__).resolve().parents[2]
MAX_SECONDS, MAX_MIB = 15.0, 1024.0
SHARES = (0.1, 0.5, 0.9, 0.99)
N_CHILDREN = 2

GOOD_FOLDERS = ("cityjson", "citygml", "osm", "gtfs", "dem", "footprints", "gltf")
BAD_FOLDERS = ("cityjson-conformance", "3dtiles-bad")
PICTURES = {".jpg", ".png"}
TILES = {".b3dm", ".i3dm", ".pnts", ".cmpt", ".glb", ".gltf"}

WALK = """
import json, sys
from pathlib import Path
from time import perf_counter
import numpy as np
from twin.errors import ReadError
from twin.readers.base import open_city
for line in sys.stdin:
    path = Path(line.rstrip("\\n"))
    started = perf_counter()
    try:
        asset = open_city(path)
        said = [[one.kind, one.message, one.count] for one in asset.warnings]
        assert np.isfinite(asset.soup.corners_local_m).all()
        assert asset.soup.features.max(initial=-1) < asset.features.n_features
        assert len(set(asset.features.ids)) == asset.features.n_features
    except ReadError as error:
        said = str(error)
    status = Path("/proc/self/status").read_text()
    peak = next(row.split()[1] for row in status.splitlines() if row.startswith("VmHWM"))
    print(json.dumps([str(path), said, perf_counter() - started, int(peak) / 1024]), flush=True)
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").is_file(), reason="needs /proc for its guard"
)


class Opened(NamedTuple):
    """What came of one file: warnings, or the sentence that refused it."""

    path: str
    said: list[Any] | str
    seconds: float
    peak_mib: float


def opened(paths: list[Path]) -> list[Opened]:
    """Open files in processes of their own; whatever is no ReadError ends one and fails here."""
    shares = [paths[number::N_CHILDREN] for number in range(N_CHILDREN)]
    with ThreadPoolExecutor(N_CHILDREN) as pool:
        rows = [row for part in pool.map(_opened_in_a_child, shares) for row in part]
    assert sorted(row.path for row in rows) == sorted(map(str, paths))
    return rows


def _opened_in_a_child(paths: list[Path]) -> list[Opened]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WALK],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=170,
        check=False,
    )
    rows = [Opened(*json.loads(line)) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (paths[len(rows)], done.stderr)
    return rows


def require_sound(row: Opened) -> None:
    assert row.seconds < MAX_SECONDS, row.path
    assert row.peak_mib < MAX_MIB, row.path
    if isinstance(row.said, str):
        name = Path(row.path).name
        sentence = row.said.removesuffix(row.path).removesuffix(name)
        assert sentence != row.said, row.said
        assert sentence.strip(": "), row.path
        assert "\n" not in sentence
        assert "Error" not in sentence, row.said
    else:
        assert all(kind and message and count > 0 for kind, message, count in row.said)


def files_below(folders: tuple[str, ...], shared_data: Path) -> list[Path]:
    found = [path for folder in folders for path in sorted((shared_data / folder).rglob("*"))]
    return [path for path in found if path.is_file() and path.suffix.lower() not in PICTURES]


def in_a_tileset(tile: Path, folder: Path) -> Path:
    """A tile does not open by itself: a tileset around a copy of it."""
    return write_tileset(folder, {"content": {"uri": tile.name}}, {tile.name: tile.read_bytes()})


def test_all_bad_files_open_in_part_or_are_refused(shared_data: Path, tmp_path: Path) -> None:
    paths = files_below(BAD_FOLDERS, shared_data)
    tiles = [path for path in paths if path.suffix in TILES]
    assert len(tiles) > 60
    paths += [in_a_tileset(tile, tmp_path / str(number)) for number, tile in enumerate(tiles)]
    paths += [shared_data / "gtfs" / name for name in ("bart_errors.zip", "invalid.zip")]
    paths += [shared_data / "osm" / "newcastle_abst_u_turns.osm"]
    assert len(paths) > 480
    rows = opened(paths)
    for row in rows:
        require_sound(row)
    refused = {Path(row.path).name for row in rows if isinstance(row.said, str)}
    assert {
        "with-errors.json",
        "completely_empty.json",
        "generic.ext.json",
        "invalid.zip",
    } <= refused
    assert not {"invalid_out_of_range_vertex_index.json", "duplicate.json"} & refused
    warned = {Path(row.path).name for row in rows if isinstance(row.said, list) and row.said}
    assert {"bart_errors.zip", "newcastle_abst_u_turns.osm", "tilesetWithCycleA.json"} <= warned


def test_all_good_files_cut_off_open_in_part_or_are_refused(
    shared_data: Path, tmp_path: Path
) -> None:
    cut = []
    for number, source in enumerate(files_below(GOOD_FOLDERS, shared_data)):
        content = source.read_bytes()
        for share in SHARES:
            path = tmp_path / f"{number}-{share}" / source.name
            path.parent.mkdir()
            path.write_bytes(content[: int(len(content) * share)])
            cut.append(path)
    assert len(cut) > 130
    rows = opened(cut)
    for row in rows:
        require_sound(row)
        assert row.said, row.path  # something is missing, so something is said
    in_part = {Path(row.path).name for row in rows if isinstance(row.said, list)}
    assert {"potsdam_lod1.gml", "monaco.osm.gz", "vienna.v11.city.jsonl"} <= in_part
