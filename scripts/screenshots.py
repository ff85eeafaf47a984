"""Makes the pictures of README and docs from the running app. Needs a window system."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
DATA = ROOT.parent / "shared" / "data"
CIVITWIN = [sys.executable, "-m", "viewer.cli"]

#: name -> arguments of civitwin; the picture is taken at the end of a timed run
RUNS: dict[str, list[str]] = {
    "console": ["demo", "--theme", "light"],
    "night": ["demo", "--theme", "dark", "--color-by", "noise"],
    "the-hague": ["demo", "--city", str(DATA / "cityjson" / "denhaag_01_lod2.v10.city.json")],
    "manhattan-taxis": [
        "open",
        str(DATA / "footprints" / "manhattan_buildings_heights.json"),
        *("--feed", str(DATA / "trajectories" / "nyc_taxi_trips_v7.json")),
        "--feed-arguments=--start 600 --loop",
    ],
}

#: name -> arguments of civitwin snapshot
STILLS: dict[str, list[str]] = {
    "street": ["--demo", "--size", "1600x900", "--camera", "40,14,520"],
}


def draw(name: str) -> bool:
    """Draw one picture without a window."""
    command = [*CIVITWIN, "snapshot", *STILLS[name], "-o", str(PICTURES / f"{name}.png")]
    done = subprocess.run(command, cwd=ROOT, check=False)
    return done.returncode == 0


def take(name: str, seconds: float) -> bool:
    """Take one picture; False when its data are absent or the run failed."""
    arguments = RUNS[name]
    absent = [a for a in arguments if a.startswith(str(DATA)) and not Path(a).is_file()]
    if absent:
        print(f"{name}: left out, {absent[0]} is absent")
        return True
    with tempfile.TemporaryDirectory() as folder:
        picture = PICTURES / f"{name}.png"
        arguments = [*arguments, "--operator", "Ada"]
        command = [*CIVITWIN, *arguments, "--seconds", str(seconds), "--screenshot", str(picture)]
        done = subprocess.run(
            [*command, "--settings", str(Path(folder) / "settings.ini")], cwd=ROOT, check=False
        )
    print(f"{name}: {'made' if done.returncode == 0 else 'FAILED'}")
    return done.returncode == 0


def main() -> int:
    """Take the pictures named on the command line, all without names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*RUNS, *STILLS, []], help="pictures to take")
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    names = arguments.names or [*RUNS, *STILLS]
    results = [draw(n) if n in STILLS else take(n, arguments.seconds) for n in names]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
