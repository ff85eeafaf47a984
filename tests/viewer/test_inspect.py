"""``civitwin inspect``: its keys, its table, its exit status."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from twin.errors import ReadError
from viewer.commands.inspect import SUBCOMMAND

ROOT = Path(__file__).resolve().parents[2]
KEYS = [
    "format", "version", "crs", "features", "features_by_kind", "counts", "surfaces", "triangles",
    "lods", "attributes", "bounds", "warnings", "seconds", "peak_rss_mb",
]  # fmt: skip


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    parser = argparse.ArgumentParser()
    SUBCOMMAND.add_arguments(parser)
    assert SUBCOMMAND.run(parser.parse_args(arguments)) == 0
    return capsys.readouterr().out


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    value = json.loads(printed(capsys, *arguments, "--json"))
    assert list(value) == KEYS
    return value


def civitwin(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "viewer.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )


def test_the_hague(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shared_data / "cityjson" / "denhaag_01_lod2.v10.city.json"
    value = report(capsys, str(path))
    assert value["features"] == 2498
    assert value["features_by_kind"] == {"Building": 844, "BuildingPart": 1653, "TINRelief": 1}
    assert (value["format"], value["version"], value["crs"]) == ("CityJSON", "1.0", "EPSG:7415")
    assert value["surfaces"] == 21804
    assert value["lods"] == ["2"]
    assert value["warnings"] == []
    assert value["bounds"] == pytest.approx(
        [78248.66, 457604.591, 2.463, 79036.024, 458276.439, 37.481]
    )
    assert 0 < value["seconds"] < 10
    assert value["peak_rss_mb"] is None or value["peak_rss_mb"] > 10


def test_lod_and_crs_are_taken(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    delft = str(shared_data / "cityjson" / "delft_3dbag_extension.v11.city.jsonl")
    fine, coarse = report(capsys, delft), report(capsys, delft, "--lod", "1.2")
    assert coarse["triangles"] < fine["triangles"]
    assert fine["lods"] == ["0", "1.2", "1.3", "2.2"]
    vienna = str(shared_data / "cityjson" / "vienna.v11.city.jsonl")
    bare, told = report(capsys, vienna), report(capsys, vienna, "--crs", "EPSG:31256")
    assert (bare["crs"], told["crs"]) == (None, "EPSG:31256")
    assert "no-crs" in [warning["kind"] for warning in bare["warnings"]]
    assert "no-crs" not in [warning["kind"] for warning in told["warnings"]]


def test_degrees_keep_their_own_bounds(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = report(capsys, str(shared_data / "footprints" / "manhattan_buildings_heights.json"))
    assert value["crs"] == "EPSG:4326"
    assert -75 < value["bounds"][0] < value["bounds"][3] < -73
    assert value["bounds"][5] == 541.0


def test_table(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, str(shared_data / "cityjson" / "delft_lod1.v20.city.json"))
    rows = text.splitlines()
    assert rows[0].split() == ["format", "CityJSON", "2.0"]
    assert any(row.split() == ["160", "Building"] for row in rows)
    assert any(row.startswith("warning") and "degenerate-surface × 2" in row for row in rows)


def test_broken_files_leave_as_read_errors(tmp_path: Path) -> None:
    path = tmp_path / "bad.city.json"
    path.write_text("{")
    parser = argparse.ArgumentParser()
    SUBCOMMAND.add_arguments(parser)
    with pytest.raises(ReadError, match="not valid JSON"):
        SUBCOMMAND.run(parser.parse_args([str(path)]))


def test_the_real_program(shared_data: Path, tmp_path: Path) -> None:
    good = civitwin(
        "inspect", str(shared_data / "cityjson" / "montreal_b4.v20.city.jsonl"), "--json"
    )
    assert good.returncode == 0
    assert json.loads(good.stdout)["features_by_kind"] == {"Building": 4}
    bad = tmp_path / "bad.city.json"
    bad.write_bytes(b"[" * 100_000)
    for path in (bad, tmp_path / "absent.json", tmp_path):
        done = civitwin("inspect", str(path), "--json")
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.startswith("civitwin: ")
        assert done.stderr.count("\n") == 1
