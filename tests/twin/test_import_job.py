"""An import as a whole: stopping, going on, refusing; look-ups in what it made."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.twin.imported import imported, nodes, quiet
from twin.city.feature_file import FeatureFile
from twin.city.scene_file import load_scene
from twin.errors import ReadError, TwinError
from twin.generate.city import generate_city
from twin.importing import finishing, spill
from twin.importing.job import ImportRefusedError, import_city
from twin.importing.network_files import read_places, read_streets
from twin.importing.sectors import sectors_of
from twin.importing.seq_file import write_city_json_seq
from twin.importing.sources import import_sources
from twin.importing.tasks import CancelledError

N_BUILDINGS = 1500


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CityJSONSeq file of a generated town."""
    path = tmp_path_factory.mktemp("lines") / "town.city.jsonl"
    city = generate_city(N_BUILDINGS, 3)
    n_written = write_city_json_seq(city, path)
    assert n_written == city.features.counts_by_kind()["Building"]
    return path


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return imported(f"generated:{N_BUILDINGS}", tmp_path_factory.mktemp("city") / "town", seed=2)


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_stopped_import_goes_on_to_the_same_city(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.importing.sources.LINES_BYTES", 300_000)
    monkeypatch.setattr("twin.importing.planning.BRANCH_FEATURES", 500)
    whole = imported(str(lines), tmp_path / "whole")
    # imported() puts its own bound back, so both runs are under the same one.
    monkeypatch.setattr("twin.importing.planning.BRANCH_FEATURES", 500)
    parts = tmp_path / "parts"
    sources, stops = import_sources((str(lines),)), 0
    for asked in (1, 2, 5, 3, 4, 4, 4, 200):
        calls = 0

        def stopped(most: int = asked) -> bool:
            nonlocal calls
            calls += 1
            return calls > most

        try:
            import_city(sources, parts, told=quiet, jobs=1, stopped=stopped)
            break
        except CancelledError:
            stops += 1
            assert not (parts / "tileset.json").exists()
            assert (parts / ".import" / "import.json").is_file()
    assert stops >= 3
    assert _files(parts) == _files(whole)


def test_workers_make_the_same_city_as_one_process(tmp_path: Path, city: Path) -> None:
    again = tmp_path / "city"
    sources = import_sources((f"generated:{N_BUILDINGS}",), seed=2)
    import_city(sources, again, told=quiet, jobs=2)
    assert _files(again) == _files(city)


def test_what_is_there_already_is_not_lost(tmp_path: Path, lines: Path) -> None:
    folder = imported("generated:600", tmp_path / "city")
    before = _files(folder)
    with pytest.raises(ImportRefusedError, match="--force"):
        imported("generated:700", folder)
    assert _files(folder) == before
    sources = import_sources((str(lines),))
    with pytest.raises(CancelledError):
        import_city(sources, folder, told=quiet, jobs=1, force=True, stopped=lambda: True)
    assert {k: v for k, v in _files(folder).items() if ".import" not in k} == before
    with pytest.raises(ImportRefusedError, match="left unfinished"):
        imported("generated:600", folder)
    import_city(sources, folder, told=quiet, jobs=1, force=True)
    assert pq.read_metadata(folder / "features.parquet").num_rows == N_BUILDINGS
    assert not (folder / ".import").exists()
    assert not (folder / "streets.parquet").exists(), "streets of the city before are left"


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ImportRefusedError, match="holds other files"):
        imported("generated:600", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        (("generated:many",), "generated:N"),
        (("generated:600", "a.json"), "alone"),
        (("nothing.city.json",), "no such file"),
    ],
)
def test_sources_that_cannot_be(sources: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(TwinError, match=sentence):
        import_sources(sources)


def test_broken_sources_say_so_and_leave_no_city(tmp_path: Path) -> None:
    for name, content in (
        ("a.city.jsonl", b'{"type":"CityJSON"'),
        ("b.city.json", b'{"type":"CityJSON","version":"2.0","CityObjects":{},"vertices":[]}'),
        ("c.xyz", b"what is this"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(TwinError) as told:
            imported(str(path), tmp_path / f"out-{name}")
        assert "\n" not in str(told.value)
        assert not (tmp_path / f"out-{name}" / "tileset.json").exists()


def test_a_full_disk_is_one_sentence_and_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(finishing, "_write_features", full)
        with pytest.raises(TwinError, match="disk is full"):
            imported("generated:600", tmp_path / "city")
    assert not (tmp_path / "city" / "tileset.json").exists()
    imported("generated:600", tmp_path / "city")
    assert (tmp_path / "city" / "tileset.json").is_file()


def test_ctrl_c_in_the_command_and_going_on(tmp_path: Path, lines: Path) -> None:
    command = [sys.executable, "-m", "viewer.cli", "import", "generated:60000", "-o", "city"]
    command += ["--jobs", "2"]
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    process.stderr.readline()  # it is at work
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "start it again to go on" in told
    assert "Traceback" not in told
    assert (tmp_path / "city" / ".import" / "import.json").is_file()
    assert not (tmp_path / "city" / "tileset.json").exists()


def test_a_scene_comes_with_the_city(city: Path) -> None:
    scene = load_scene(city / "scene.toml")
    assert scene.crs == "EPSG:32631"
    assert [source.path for source in scene.sources] == ["tileset.json"]
    source = generate_city(N_BUILDINGS, 2)
    streets, places = read_streets(city), read_places(city)
    assert streets is not None
    assert source.streets is not None
    assert len(streets.edges) == len(source.streets.edges)
    length = _lengths(streets.nodes_local_m, streets.edges)
    assert length == pytest.approx(
        _lengths(source.streets.nodes_local_m, source.streets.edges), rel=1e-5
    )
    assert [one.id for one in places] == [one.id for one in source.places]


def _lengths(nodes_m: np.ndarray, edges: np.ndarray) -> float:
    ends = nodes_m[edges].astype(float)
    return float(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum())


def test_look_ups_agree_with_the_whole_table(city: Path) -> None:
    table = pq.read_table(city / "features.parquet")
    ids, names = table["id"].to_pylist(), table["name"].to_pylist()
    file = FeatureFile(city / "features.parquet")
    try:
        assert file.n_features == len(ids)
        assert "height_m" in file.columns
        assert file.row_of(ids[700]) == 700
        assert file.row_of("nobody") == -1
        one = file.found(700)
        assert (one.id, one.name) == (ids[700], names[700] or "")
        source = generate_city(N_BUILDINGS, 2).features
        assert file.attributes_of(700) == source.attributes_of(source.row_of(ids[700]))
        for text in ("hospital", "TOWN HALL", "building-00", "ó", "a", names[700] or ""):
            wanted = text.lower()
            all_rows = {
                row
                for row, (key, name) in enumerate(zip(ids, names, strict=True))
                if wanted in key.lower() or wanted in (name or "").lower()
            }
            got = [found.row for found in file.find(text, limit=len(ids))]
            assert set(got) == all_rows
            assert len(got) == len(all_rows)
        assert file.find("town hall", 3)[0].name == "Town Hall"
        assert file.find("  ") == file.find("x", 0) == []
        heights = np.array(table["height_m"].drop_null().to_pylist())
        facts = file.statistics("height_m")
        assert (facts.n, facts.least) == (len(heights), heights.min())
        assert facts.mean == pytest.approx(heights.mean())
        assert dict(file.statistics("use").commonest)["residential"] == (
            table["use"].to_pylist().count("residential")
        )
        with pytest.raises(IndexError):
            file.attributes_of(len(ids))
        with pytest.raises(KeyError):
            file.statistics("no such column")
    finally:
        file.close()


def test_no_feature_table(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nonsense")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    for name in ("bad.parquet", "absent.parquet", "other.parquet"):
        with pytest.raises(ReadError):
            FeatureFile(tmp_path / name)


def test_towns_side_by_side_have_every_building_once() -> None:
    sectors = sectors_of(250_001, 1)
    assert sum(one.n_buildings for one in sectors) == 250_001
    assert len({one.seed for one in sectors}) == len(sectors) == 3
    corners = {one.centre_m for one in sectors}
    assert len(corners) == 3
    with pytest.raises(TwinError, match="500 to 10,000,000"):
        sectors_of(20_000_000, 1)


def test_a_town_is_cut_to_its_square(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.importing.sectors.SECTOR_BUILDINGS", 1000)
    sectors = sectors_of(3000, 5)
    towns = [one.city() for one in sectors]
    for sector, town in zip(sectors, towns, strict=True):
        points = town.soup.corners_local_m.reshape(-1, 3)[:, :2] - np.array(sector.centre_m)
        assert np.abs(points).max() <= sector.side_m / 2 + 0.01
        assert town.features.counts_by_kind()["Building"] == sector.n_buildings
    ids = [one for town in towns for one in town.features.ids]
    assert len(set(ids)) == len(ids)
    folder = imported("generated:3000", tmp_path / "city", seed=5)
    assert pq.read_metadata(folder / "features.parquet").num_rows == len(ids)
    assert len(nodes(folder / "tileset.json")) > 3


def test_facts_come_last(tmp_path: Path) -> None:
    """A chunk without its facts is made again, whatever else of it is there."""
    city = generate_city(600, 1)
    base = tmp_path / "00000"
    facts = spill.write_chunk(base, city.features, city.soup)
    base.with_suffix(".json").unlink()
    assert spill.read_facts(base) is None
    assert spill.write_chunk(base, city.features, city.soup) == facts
    assert spill.read_facts(base) == facts
