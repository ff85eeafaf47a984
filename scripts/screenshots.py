"""Makes the pictures of README and docs from the running app. Needs a window system."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.peers.side_by_side import Beside, take_side_by_side  # noqa: E402 - the root must be known first
from scripts import (  # noqa: E402
    alarm_pictures,
    command_pictures,
    duty_pictures,
    incident_pictures,
    scene_pictures,
    together_pictures,
)
from scripts.anomaly_history import street, write_history  # noqa: E402
from twin.clock import SystemClock  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
DATA = ROOT.parent / "shared" / "data"
CITIES = ROOT / "build" / "cities"
CIVITWIN = [sys.executable, "-m", "viewer.cli"]
WIDTH_PX = 1600
#: Pictures of three consoles that command one city together, see `command_pictures`.
COMMAND = "command"
#: Picture of an incident that is worked by a playbook, see `incident_pictures`.
INCIDENTS = "incidents"
#: Pictures of three consoles that work on one incident, see `together_pictures`.
TOGETHER = "together"
#: A flood of alarms, see `alarm_pictures`.
ALARMS = "alarms"
#: Moments of the scenes that come along, see `scene_pictures`.
SCENES = "scenes"
#: Pictures of units, shift and indicators of a busy evening, see `duty_pictures`.
DUTY = "duty"
COMMAND_SIZE = "1920x1080"
SIZE = "1600x900"
#: Two monitors side by side.
WALL_SIZE = "3200x900"
#: A picture that is too large keeps so many colours, without dithering.
COLOURS = 256
MOST_BYTES = 400_000
#: Sizes of generated cities, the largest that is there is taken; ``make bench-long`` makes them.
GENERATED = (10_000_000, 1_000_000, 100_000)

HAGUE = DATA / "cityjson" / "denhaag_01_lod2.v10.city.json"
MONACO = (DATA / "osm" / "monaco.osm.gz", DATA / "dem" / "N43E007.hgt.zip")
HELSINKI = DATA / "osm" / "helsinki_centre.osm.pbf"
MANHATTAN = DATA / "footprints" / "manhattan_buildings_heights.json"
POTSDAM = DATA / "citygml" / "potsdam_lod1.gml"
TAXIS = DATA / "trajectories" / "nyc_taxi_trips_v7.json"


@dataclass(frozen=True, slots=True)
class Shot:
    """One timed run of the app, whose window is kept at its end.

    Attributes
    ----------
    needs : without one of these the picture is left out
    history : three weeks of the traffic at this loop are made up for it, with an odd end
    size : of the window; one wider than the picture is made smaller
    """

    arguments: tuple[str, ...]
    needs: tuple[Path, ...] = ()
    seconds: float = 30.0
    size: str = SIZE
    history: str = ""


def large_city() -> Path:
    """The largest generated city that was imported; the smallest name if none was."""
    folders = [CITIES / f"generated-{size}" for size in GENERATED]
    return next((f for f in folders if (f / "tileset.json").is_file()), folders[-1])


def shots() -> dict[str, Shot]:
    """Every picture by its name."""
    large = large_city()
    monaco = tuple(map(str, MONACO))
    streamed = (large / "tileset.json",)
    quiet = ("--layer", "clusters=off", "--layer", "sensors=off", "--layer", "units=off")
    return {
        "console": Shot(("demo", "--theme", "light")),
        "anomaly": Shot(
            (
                *("demo", "--watch", "loop-300/traffic_flow", "--watch", "loop-400/traffic_speed"),
                *("--panel", "anomalies"),
            ),
            seconds=45.0,
            history="loop-300",
        ),
        "proposals": Shot(
            (
                *("demo", "--panel", "proposals"),
                *("--sim-arguments", "--weather storm --speed 60"),
            ),
            seconds=100.0,
        ),
        "night": Shot(("demo", "--theme", "dark", "--color-by", "noise")),
        "the-hague-shadows": Shot(
            (
                *("open", str(HAGUE), "--camera", "20,33,480", "--panel", "tools"),
                *("--tool", "sun:day=2026-06-21,hour=19"),
            ),
            (HAGUE,),
            20.0,
        ),
        "monaco-terrain": Shot(
            ("open", *monaco, "--camera=-250,10050,620,-1250,11500,60"), MONACO, 25.0
        ),
        "helsinki-traffic": Shot(
            (
                *("open", str(HELSINKI), "--simulate", "--camera", "0,35,1100"),
                *("--layer", "streets_traffic=on", "--layer", "clusters=off"),
                *("--layer", "sensors=off"),
            ),
            (HELSINKI,),
            40.0,
        ),
        "before-after": Shot(
            (
                *("demo", "--compare", "40", "--camera", "0,40,500"),
                *("--layer", "streets_traffic=on", "--layer", "clusters=off"),
            ),
            (),
            75.0,
        ),
        "viewshed": Shot(
            (
                *("open", *monaco, "--camera=-150,10500,750,-1150,11450,30"),
                *("--tool", "viewshed@-1036,11715:height_m=12,range_m=1500", "--panel", "tools"),
            ),
            MONACO,
            30.0,
        ),
        "heat-map": Shot(
            ("open", str(HELSINKI), "--simulate", "--layer", "heat_map=on:observed=noise", *quiet),
            (HELSINKI,),
            40.0,
        ),
        "section": Shot(
            (
                *("open", str(HAGUE), "--camera=-30,-75,60,0,120,0", "--panel", "tools"),
                *("--tool", "section@-200,40@200,40"),
            ),
            (HAGUE,),
            20.0,
        ),
        "city-from-afar": Shot(
            ("open", str(large), "--camera=-4000,-34000,15000,0,-4000,0"), streamed, 45.0
        ),
        "city-near": Shot(
            ("open", str(large), "--camera", "4900,4400,420,5900,5900,20"), streamed, 75.0
        ),
        "wall": Shot(
            (
                *("open", str(HELSINKI), "--simulate", "--wall", "--theme", "dark"),
                *("--camera", "0,35,900"),
                *("--layer", "streets_traffic=on", "--layer", "clusters=off"),
            ),
            (HELSINKI,),
            40.0,
            WALL_SIZE,
        ),
        "manhattan-taxis": Shot(
            (
                *("open", str(MANHATTAN), "--feed", str(TAXIS)),
                "--feed-arguments=--start 600 --loop",
            ),
            (MANHATTAN, TAXIS),
        ),
    }


def pictures_beside() -> dict[str, Beside]:
    """The imported cities in CesiumJS and in our view, by the picture's name."""
    return {
        "beside-cesium": Beside(
            (HAGUE,), CITIES / "the-hague", (-60.0, -330.0, 220.0), (0.0, 20.0, 0.0)
        ),
        "beside-cesium-potsdam": Beside(
            (POTSDAM,), CITIES / "potsdam", (-100.0, -420.0, 260.0), (0.0, -40.0, 0.0)
        ),
        "beside-cesium-monaco": Beside(
            MONACO, CITIES / "monaco", (200.0, 9800.0, 700.0), (-1150.0, 11500.0, 60.0)
        ),
        "beside-cesium-helsinki": Beside(
            (HELSINKI,), CITIES / "helsinki", (-250.0, -900.0, 420.0), (0.0, 0.0, 0.0)
        ),
        "beside-cesium-manhattan": Beside(
            (MANHATTAN,), CITIES / "manhattan", (-500.0, -2300.0, 900.0), (-150.0, -700.0, 0.0)
        ),
    }


def take(name: str, shot: Shot) -> bool:
    """Take one picture; True also when its data are absent."""
    absent = next((path for path in shot.needs if not path.is_file()), None)
    if absent is not None:
        print(f"{name}: left out, {absent} is absent")
        return True
    picture = PICTURES / f"{name}.png"
    theme = () if "--theme" in shot.arguments else ("--theme", "light")
    with tempfile.TemporaryDirectory() as folder:
        past: tuple[str, ...] = ()
        if shot.history:
            place = Path(folder) / "history"
            write_history(place, shot.history, *street(SystemClock().now_ns()))
            past = ("--history", str(place))
        command = [
            *(
                *CIVITWIN,
                *shot.arguments,
                *past,
                *theme,
                "--operator",
                "Ada",
                "--window",
                shot.size,
            ),
            *("--seconds", str(shot.seconds), "--screenshot", str(picture)),
            *("--settings", str(Path(folder) / "settings.ini")),
        ]
        done = subprocess.run(command, cwd=ROOT, check=False)
    return done.returncode == 0 and make_small(name, picture)


def make_small(name: str, picture: Path) -> bool:
    """Pack the file, with fewer colours only where it must be; False when it stays too large."""
    whole = Image.open(picture).convert("RGB")
    if whole.width > WIDTH_PX:
        size = (WIDTH_PX, round(whole.height * WIDTH_PX / whole.width))
        whole = whole.resize(size, Image.Resampling.LANCZOS)
    whole.save(picture, optimize=True)
    if picture.stat().st_size > MOST_BYTES:
        method = Image.Quantize.MAXCOVERAGE  # keeps the few pixels of accent colours
        few = whole.quantize(COLOURS, method=method, kmeans=3, dither=Image.Dither.NONE)
        few.save(picture, optimize=True)
    n_bytes = picture.stat().st_size
    print(f"{name}: {n_bytes / 1000:.0f} kB" + (" is too large" if n_bytes > MOST_BYTES else ""))
    return n_bytes <= MOST_BYTES


def main() -> int:
    """Take the pictures named on the command line, all without names."""
    known, beside = shots(), pictures_beside()
    parser = argparse.ArgumentParser(description=__doc__)
    all_names = [*known, *beside, COMMAND, TOGETHER, INCIDENTS, ALARMS, SCENES, DUTY]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(all_names))
    names = parser.parse_args().names or all_names
    unknown = [name for name in names if name not in all_names]
    if unknown:
        there = ", ".join(all_names)
        parser.error(f"no picture is called {unknown[0]}; there are: {there}")
    PICTURES.mkdir(parents=True, exist_ok=True)
    results = [take(name, known[name]) for name in names if name in known]
    for name in (one for one in names if one in beside):
        picture = PICTURES / f"{name}.png"
        if take_side_by_side(beside[name], picture):
            results.append(make_small(name, picture))
    for several, made in (
        (COMMAND, command_pictures),
        (TOGETHER, together_pictures),
        (INCIDENTS, incident_pictures),
        (ALARMS, alarm_pictures),
        (DUTY, duty_pictures),
    ):
        if several in names:
            results.append(made.take(PICTURES, COMMAND_SIZE))
            there = [PICTURES / f"{one}.png" for one in made.NAMES]
            results += [make_small(one.stem, one) for one in there if one.is_file()]
    for scene in scene_pictures.MOMENTS if SCENES in names else ():
        pictures = scene_pictures.take(scene, PICTURES)
        results += [bool(pictures), *(make_small(one.stem, one) for one in pictures)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
