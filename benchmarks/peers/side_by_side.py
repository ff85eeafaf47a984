"""One imported city in CesiumJS and in our own view, same tiles and camera, as one picture."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from benchmarks.bench_cesium import make_job

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(__file__).parent / "cesium"
MODULES = ROOT / "build" / "peers"
SIDE_PX = (800, 900)
BAND_PX = 40
TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Beside:
    """A city and where it is looked at from.

    Attributes
    ----------
    sources : what is imported
    folder : the imported city; imported anew each time, which takes seconds
    eye, target : the camera, metres in the city's local frame
    """

    sources: tuple[Path, ...]
    folder: Path
    eye: tuple[float, float, float]
    target: tuple[float, float, float]


def take_side_by_side(beside: Beside, picture: Path) -> bool:
    """Import a city and take both; False where something is absent."""
    browser = _browser()
    absent = next((source for source in beside.sources if not source.is_file()), None)
    if not browser or absent:
        print(f"{picture.stem}: left out, {absent if browser else 'Chromium'} is absent")
        return False
    given = map(str, beside.sources)
    command = [sys.executable, "-m", "viewer.cli", "import", *given, "-o", str(beside.folder)]
    subprocess.run([*command, "--force"], cwd=ROOT, check=True)
    city = beside.folder
    job = {
        **make_job(city, browser),
        "width": SIDE_PX[0],
        "height": SIDE_PX[1] - BAND_PX,
        "paths": {
            "view": {"poses": [{"eye": beside.eye, "target": beside.target}], "settled": True}
        },
        "governed": False,
    }
    sides = [picture.with_name(f"{picture.stem}-{name}.png") for name in ("peer", "ours")]
    version = _take_peer({**job, "screenshot": str(sides[0])})["version"]
    _take_ours({**job, "screenshot": str(sides[1])})
    _join(sides, (f"CesiumJS {version}", "Civitwin"), picture)
    for side in sides:
        side.unlink()
    return True


def _browser() -> str:
    """Path of Chromium once it and CesiumJS are installed, "" where they cannot be."""
    done = subprocess.run(
        ["bash", "scripts/peers.sh"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    return done.stdout.strip().splitlines()[-1] if done.returncode == 0 else ""


def _take_peer(job: dict[str, Any]) -> dict[str, Any]:
    for name in ("run.mjs", "index.html", "page.js"):
        shutil.copy(PEER / name, MODULES / name)
    return _run(["node", str(MODULES / "run.mjs")], MODULES, job)


def _take_ours(job: dict[str, Any]) -> dict[str, Any]:
    return _run([sys.executable, "-m", "benchmarks.peers.ours"], ROOT, job)


def _run(command: list[str], folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    path = ROOT / "build" / "job-side-by-side.json"
    path.write_text(json.dumps(job))
    done = subprocess.run(
        [*command, str(path)],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=TIMEOUT_S,
        env={"QT_QPA_PLATFORM": "xcb", **os.environ},
    )
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def _join(sides: list[Path], names: tuple[str, ...], picture: Path) -> None:
    """Beside each other, each under its name."""
    whole = Image.new("RGB", (SIDE_PX[0] * len(sides), SIDE_PX[1]), "#F7F8F9")
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(20)
    for number, (side, name) in enumerate(zip(sides, names, strict=True)):
        left = number * SIDE_PX[0]
        whole.paste(Image.open(side).convert("RGB").crop((0, 0, *SIDE_PX)), (left, BAND_PX))
        draw.text((left + 16, 8), name, fill="#1F2429", font=font)
    draw.line([(SIDE_PX[0], 0), (SIDE_PX[0], SIDE_PX[1])], fill="#D5D9DD", width=2)
    whole.save(picture)
