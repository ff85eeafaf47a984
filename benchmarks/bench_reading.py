"""CityJSON to drawable arrays, against ``cjio FILE triangulate``: whole processes, cold start.

Both sides start an interpreter, read the file and triangulate it, and end; ours has also placed
the city, sorted the surfaces into shades and filled the feature table by then. The sides take
turns, and the fastest run of each counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.bench_city_scale import cached_bytecode
from benchmarks.result import Result

ROOT = Path(__file__).resolve().parents[1]
CITIES = ROOT.parent / "shared" / "data" / "cityjson"
FILES = {
    "the_hague": "denhaag_01_lod2.v10.city.json",
    "delfshaven": "rotterdam_delfshaven.v20.city.json",
}
ROUNDS = 5
LIMIT = 0.1

_OURS = (
    "import sys; from pathlib import Path; from twin.readers.base import open_city; "
    "asset = open_city(Path(sys.argv[1])); sys.exit(0 if asset.soup.n_triangles else 1)"
)


def cjio_program() -> Path:
    """The cjio beside this interpreter.

    Raises
    ------
    RuntimeError
        It is not installed.
    """
    program = Path(sys.executable).parent / "cjio"
    if not program.is_file():
        raise RuntimeError(
            "cjio, the yardstick of this benchmark, is absent; "
            f"install it with: {sys.executable} -m pip install 'cjio[export]>=0.10'"
        )
    return program


def run() -> list[Result]:
    """Measure both cities.

    Raises
    ------
    RuntimeError
        cjio, the data or a triangulation is missing.
    """
    cjio = cjio_program()
    return [_measured(name, CITIES / file, cjio) for name, file in FILES.items()]


def _measured(name: str, city: Path, cjio: Path) -> Result:
    if not city.is_file():
        raise RuntimeError(f"The city to measure with is absent: {city}")
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_seconds([sys.executable, "-c", _OURS, str(city)]))
        theirs.append(_seconds([str(cjio), str(city), "triangulate"]))
    value, yardstick = min(ours), min(theirs)
    ratio = value / yardstick
    return Result(
        name=f"reading.cityjson.{name}",
        value=round(value, 4),
        unit="s",
        ratio=round(ratio, 4),
        limit=LIMIT,
        ok=ratio <= LIMIT,
        note=f"cjio triangulate: {yardstick:.3f} s, {yardstick / value:.1f} times as long",
    )


def _seconds(command: list[str]) -> float:
    env = {**os.environ, **cached_bytecode()}  # both sides as where they are installed
    started = perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    seconds = perf_counter() - started
    said = done.stdout + done.stderr
    if done.returncode != 0 or "Cannot triangulate" in said:
        raise RuntimeError(f"{command[0]} failed: {said.strip()[-300:]}")
    return seconds


if __name__ == "__main__":
    for result in run():
        print(result.to_json())
