"""The same imported city in CesiumJS and in our own view: same driver, tiles, camera path.

CesiumJS runs in the system's Chromium with ANGLE on the display's OpenGL, MSAA off. Both windows
are 1280 x 720 and refine to 16 px. The peer is installed by ``scripts/peers.sh``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_city_scale import cached_bytecode
from benchmarks.cities import imported_city
from benchmarks.peers.tree import Watched, watch
from benchmarks.result import Result
from scenes.pose import VIEW_ANGLE_DEG

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).parent / "peers" / "cesium"
BUILDINGS = 100_000
SIZE_PX = (1280, 720)
DETAIL_PX = 16
CACHE_BYTES = 2 << 30
FRAMES = 40
LIMIT = 0.5
TIMEOUT_S = 900.0


def run() -> Iterator[Result]:
    """Figures of both sides, and ours over theirs."""
    browser = _browser()
    if browser is None:
        print("No Chromium or npm: the comparison with CesiumJS is left out", file=sys.stderr)
        return
    city = imported_city(BUILDINGS)
    job = make_job(city, browser)
    theirs = _parsed(_run_peer(job))
    if tuple(theirs["size_px"]) != SIZE_PX:
        raise RuntimeError(f"CesiumJS drew {theirs['size_px']} pixels, not {SIZE_PX}")
    governed = _parsed(_run_ours({**job, "governed": True}))
    ours = _parsed(_run_ours({**job, "governed": False}))
    for name in job["paths"]:
        a, b = _median(ours, name), _median(theirs, name)
        note = f"CesiumJS {theirs['version']} {b:.0f} ms; triangles {ours['triangles'][name]:,} "
        note += f"against {theirs['triangles'][name]:,}; {theirs['renderer']}"
        yield _result(f"cesium.frame.{name}", a, "ms", a / b, note)
        c = _median(governed, name)
        note = f"the same with the governor at 20 fps; CesiumJS {b:.0f} ms"
        yield _result(f"cesium.frame.{name}.governed", c, "ms", c / b, note)
    a, b = ours["first_view_ms"], theirs["first_view_ms"]
    note = f"from the start of the process; CesiumJS {b:.0f} ms from the start of the browser"
    yield _result("cesium.first_view", a, "ms", a / b, note)
    a, b = ours["peak_rss_mb"], theirs["peak_rss_mb"]
    note = f"process tree; CesiumJS {b:.0f} MiB; with shared pages divided "
    note += f"{ours['peak_pss_mb']:.0f} against {theirs['peak_pss_mb']:.0f}"
    yield _result("cesium.peak_rss", a, "MiB", a / b, note)


def _result(name: str, value: float, unit: str, ratio: float, note: str) -> Result:
    return Result(
        name=name, value=round(value, 1), unit=unit, ratio=round(ratio, 3), limit=LIMIT,
        ok=ratio <= LIMIT, note=note,
    )  # fmt: skip


def make_job(city: Path, browser: str) -> dict[str, Any]:
    """What both sides are told; poses are metres in the city's local frame."""
    return {
        "folder": str(city),
        "modules": str(ROOT / "build" / "peers" / "node_modules"),
        "browser": browser,
        "width": SIZE_PX[0],
        "height": SIZE_PX[1],
        "fovYRad": float(np.radians(VIEW_ANGLE_DEG)),
        "screenSpaceErrorPx": DETAIL_PX,
        "cacheBytes": CACHE_BYTES,
        "paths": {
            "overview": {"poses": orbit(0.9 * city_radius_m(city), 0.6), "settled": False},
            "street": {"poses": street(), "settled": True},
        },
    }


def city_radius_m(city: Path) -> float:
    """Half the diagonal of the root's box on the ground."""
    box = json.loads((city / "tileset.json").read_text())["root"]["boundingVolume"]["box"]
    return float(np.hypot(box[3], box[7])) * 0.5


def orbit(distance_m: float, elevation_rad: float, n: int = FRAMES) -> list[dict[str, list[float]]]:
    """Around the middle of the city, a degree a frame."""
    turns = np.radians(np.arange(n))
    flat, up = distance_m * np.cos(elevation_rad), distance_m * np.sin(elevation_rad)
    return [
        {"eye": [flat * np.sin(t), -flat * np.cos(t), up], "target": [0.0, 0.0, 0.0]}
        for t in turns.tolist()
    ]


def street(n: int = FRAMES) -> list[dict[str, list[float]]]:
    """Along the middle of the city, 30 m above the ground, two metres a frame."""
    return [
        {"eye": [2.0 * i, -150.0 + 2.0 * i, 30.0], "target": [2.0 * i + 150.0, 2.0 * i, 10.0]}
        for i in range(n)
    ]


def _browser() -> str | None:
    done = subprocess.run(
        ["bash", "scripts/peers.sh"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(done.stderr.strip(), file=sys.stderr)
        return None
    return done.stdout.strip().splitlines()[-1]


def _run_peer(job: dict[str, Any]) -> Watched:
    path = _write_job("cesium", job)
    modules = ROOT / "build" / "peers"
    runner = modules / "run.mjs"
    for name in ("run.mjs", "index.html", "page.js"):
        (modules / name).write_text((HERE / name).read_text())
    return watch(["node", str(runner), str(path)], folder=modules, timeout_s=TIMEOUT_S)


def _run_ours(job: dict[str, Any]) -> Watched:
    path = _write_job("ours", job)
    command: Sequence[str] = [sys.executable, "-m", "benchmarks.peers.ours", str(path)]
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
    os.environ.update(cached_bytecode())
    return watch(command, folder=ROOT, timeout_s=TIMEOUT_S)


def _write_job(name: str, job: dict[str, Any]) -> Path:
    path = ROOT / "build" / f"job-{name}.json"
    path.write_text(json.dumps(job))
    return path


def _parsed(watched: Watched) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(watched.text.strip().splitlines()[-1])
    return {**result, "peak_rss_mb": watched.peak_rss_mb, "peak_pss_mb": watched.peak_pss_mb}


def _median(side: dict[str, Any], name: str) -> float:
    return float(np.median(side["frames_ms"][name]))
