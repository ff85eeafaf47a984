"""The whole console in a real window, with a real hub and simulator in their own processes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.viewer.console_run import CIVITWIN, run_console

pytestmark = pytest.mark.display

REPORT_KEYS = {
    "frames",
    "frame_ms_p50",
    "frame_ms_p95",
    "samples_received",
    "sample_gaps",
    "datastreams",
    "units_moving",
    "commands",
    "publish_to_screen_ms_p50",
    "publish_to_screen_ms_p95",
    "peak_rss_mb",
    "first_frame_s",
    "features",
}


def n_colours(image: Image.Image) -> int:
    width, height = image.size
    middle = image.crop((width // 4, height // 8, 3 * width // 4, 3 * height // 4))
    return len(middle.getcolors(width * height) or range(1_000_000))


def test_demo_lives_and_a_command_is_verified_by_the_city(tmp_path: Path):
    report, image = run_console(tmp_path, "demo", "--buildings", "800", seconds=22)
    assert set(report) == REPORT_KEYS
    assert report["samples_received"] > 5_000
    assert report["sample_gaps"] == 0
    assert report["datastreams"] >= 2_000
    assert report["units_moving"] > 150
    assert report["commands"].get("VERIFIED", 0) >= 1
    assert report["frames"] > 10
    assert n_colours(image) > 300


def test_a_real_city_lives_too(tmp_path: Path, shared_data: Path):
    city = shared_data / "cityjson" / "denhaag_01_lod2.v10.city.json"
    report, image = run_console(tmp_path, "demo", "--city", str(city), seconds=22)
    assert report["features"] == 2498
    assert report["sample_gaps"] == 0
    assert report["commands"].get("VERIFIED", 0) >= 1
    assert n_colours(image) > 300


def test_taxis_of_manhattan_are_fed_in(tmp_path: Path, shared_data: Path):
    city = shared_data / "footprints" / "manhattan_buildings_heights.json"
    taxis = shared_data / "trajectories" / "nyc_taxi_trips_v7.json"
    report, _image = run_console(
        tmp_path,
        *("open", str(city), "--feed", str(taxis)),
        "--feed-arguments=--start 600 --loop --speed 10",
        seconds=14,
    )
    assert report["features"] == 999
    assert report["units_moving"] > 100
    assert report["sample_gaps"] == 0


def test_an_absent_city_is_one_sentence(tmp_path: Path):
    done = subprocess.run(
        [*CIVITWIN, "open", str(tmp_path / "none.city.json")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "There is no such file" in done.stderr


def test_sigterm_closes_the_console_and_its_children(tmp_path: Path):
    with subprocess.Popen(
        [*CIVITWIN, "demo", "--buildings", "500", "--journal", str(tmp_path / "j.sqlite")],
        stderr=subprocess.PIPE,
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)},
    ) as console:
        deadline = time.monotonic() + 60
        while not (tmp_path / "j.sqlite").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        console.send_signal(signal.SIGTERM)
        assert console.wait(30) == 0
