"""First view, a 60 s flight and memory over imported cities of growing size.

1 M buildings against 100 k; with ``CIVITWIN_LONG=1`` (``make bench-long``) from 1 k to 10 M, and
the plot of cost against size in ``docs/pictures``. Cities are imported once, under ``build``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.cities import FOLDER, imported_city
from benchmarks.city_flight import MEMORY_MIB, Flown
from benchmarks.result import Result

ROOT = Path(__file__).resolve().parents[1]
PLOT = ROOT / "docs" / "pictures" / "cost-against-city-size.svg"
YARDSTICK = 100_000
SIZES, LONG_SIZES = (YARDSTICK, 1_000_000), (1_000, 10_000, YARDSTICK, 1_000_000, 10_000_000)
FLIGHT_S = 60.0
FIRST_LIMIT_S, FLIGHT_LIMIT, OVER_LIMIT_MIB = 3.0, 1.5, 500.0
#: Free disk that a city needs while it is imported: buildings from which it is asked, bytes.
LARGE, FREE_BYTES = 5_000_000, 20 << 30


def run() -> Iterator[Result]:
    """Figures of every size beside those of the yardstick."""
    is_long = bool(os.environ.get("CIVITWIN_LONG"))
    flown = {size: _flown(size) for size in (LONG_SIZES if is_long else SIZES) if _has_room(size)}
    for size, city in flown.items():
        yield from _results(size, city, flown[YARDSTICK])
    if is_long:
        plot(flown, PLOT)


def _has_room(size: int) -> bool:
    if size < LARGE or (FOLDER / f"generated-{size}" / "tileset.json").is_file():
        return True
    FOLDER.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(FOLDER).free >= FREE_BYTES:
        print(f"Importing {size:,} buildings once, half an hour or so", file=sys.stderr)
        return True
    print(
        f"The city of {size:,} buildings is left out: its import needs 20 GB of free disk",
        file=sys.stderr,
    )
    return False


def _flown(size: int) -> Flown:
    command = [sys.executable, "-m", "benchmarks.city_flight"]
    done = subprocess.run(
        [*command, str(imported_city(size)), str(FLIGHT_S)],
        cwd=ROOT, env={**os.environ, **cached_bytecode()}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"The flight over {size:,} buildings failed: {done.stderr[-1000:]}")
    return Flown(**json.loads(done.stdout.splitlines()[-1]))


def cached_bytecode() -> dict[str, str]:
    """Environment in which modules are compiled once, as they are where the app is installed."""
    return {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(ROOT / "build" / "bytecode"),
    }


def _results(size: int, city: Flown, yardstick: Flown) -> list[Result]:
    name = f"city_scale.{size}"
    ratio = city.frame_p95_ms / yardstick.frame_p95_ms
    over_mib = city.rss_mib - MEMORY_MIB
    return [
        Result(
            name=f"{name}.first_view", value=city.first_s, unit="s", ratio=None,
            limit=FIRST_LIMIT_S, ok=city.first_s <= FIRST_LIMIT_S,
            note="from the start of the process to the complete picture",
        ),
        Result(
            name=f"{name}.flight_p95", value=city.frame_p95_ms, unit="ms", ratio=round(ratio, 3),
            limit=FLIGHT_LIMIT, ok=ratio <= FLIGHT_LIMIT,
            note=f"{city.n_frames} frames in {FLIGHT_S:.0f} s, median {city.frame_p50_ms} ms, "
            f"{city.n_triangles:,} triangles in {city.n_drawn} tiles at its end; "
            f"{yardstick.frame_p95_ms} ms over {YARDSTICK:,} buildings",
        ),
        Result(
            name=f"{name}.rss_over_budget", value=round(over_mib, 1), unit="MiB", ratio=None,
            limit=OVER_LIMIT_MIB, ok=over_mib <= OVER_LIMIT_MIB,
            note=f"{city.rss_mib} MiB resident at its highest, budget {MEMORY_MIB} MiB, "
            f"{city.used_mib} MiB held",
        ),
    ]  # fmt: skip


def plot(flown: Mapping[int, Flown], path: Path) -> None:
    """Draw what each size cost, side by side."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    sizes = sorted(flown)
    panels = (
        ("First complete view, s", [flown[size].first_s for size in sizes]),
        ("Frame on the flight, 95 %, ms", [flown[size].frame_p95_ms for size in sizes]),
        ("Highest resident memory, MiB", [flown[size].rss_mib for size in sizes]),
    )
    figure, axes = pyplot.subplots(1, len(panels), figsize=(11, 3.2), layout="constrained")
    for axis, (title, values) in zip(axes, panels, strict=True):
        axis.plot(sizes, values, marker="o", color="#2f6fde")
        axis.set_xscale("log")
        axis.set_ylim(0, max(values) * 1.25)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("Buildings in the city", fontsize=9)
        axis.grid(color="#dddddd")
        axis.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


if __name__ == "__main__":
    for result in run():
        print(result.to_json(), flush=True)
