"""Importing generated CityJSONSeq: buildings a second of processor time, and memory against size.

Whole processes of ``civitwin import``; processor time counts all their threads and children, so
the rate is that of one core however many took part. Also opening CityJSONSeq against cjio.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.bench_city_scale import cached_bytecode
from benchmarks.peers.tree import watch
from benchmarks.result import Result

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "cities"
SMALL, LARGE = 100_000, 400_000
READ = 5_000
RATE_LIMIT = 20_000.0
#: Memory of four times the city over that of the city.
FLAT_LIMIT = 1.25
CJIO_LIMIT = 0.2

_OURS = (
    "import sys; from pathlib import Path; from twin.readers.base import open_city; "
    "asset = open_city(Path(sys.argv[1])); sys.exit(0 if asset.soup.n_triangles else 1)"
)


@dataclass(frozen=True, slots=True)
class Imported:
    """One import: processor seconds, seconds, MiB at its highest."""

    cpu_s: float
    seconds: float
    peak_mb: float


def run() -> list[Result]:
    """Import both cities, read one.

    Raises
    ------
    RuntimeError
        A process failed, or cjio is missing.
    """
    small, large = imported(SMALL), imported(LARGE)
    rate, flat = LARGE / large.cpu_s, large.peak_mb / small.peak_mb
    lines = generated(READ)
    cjio = [str(Path(sys.executable).parent / "cjio"), "stdin", "triangulate"]  # reads lines so
    our_s = min(_seconds([sys.executable, "-c", _OURS, str(lines)]) for _ in range(2))
    their_s = min(_seconds(cjio, lines) for _ in range(2))
    return [
        Result(
            name="import.rate", value=round(rate), unit="buildings/s a core", ratio=None,
            limit=RATE_LIMIT, ok=rate >= RATE_LIMIT,
            note=f"{LARGE:,} buildings in {large.seconds:.1f} s, {large.cpu_s:.1f} s of processor",
        ),
        Result(
            name="import.memory_growth", value=round(large.peak_mb, 1), unit="MiB",
            ratio=round(flat, 3), limit=FLAT_LIMIT, ok=flat <= FLAT_LIMIT,
            note=f"{LARGE:,} buildings; {SMALL:,} take {small.peak_mb:.0f} MiB",
        ),
        Result(
            name="reading.cityjsonseq", value=round(our_s, 3), unit="s",
            ratio=round(our_s / their_s, 4), limit=CJIO_LIMIT, ok=our_s / their_s <= CJIO_LIMIT,
            note=f"{READ:,} buildings; cjio triangulate {their_s:.2f} s",
        ),
    ]  # fmt: skip


def generated(n_buildings: int) -> Path:
    """A generated CityJSONSeq file, made when it is not there yet."""
    path = FOLDER / f"generated-{n_buildings}.city.jsonl"
    if not path.is_file():
        FOLDER.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "viewer.cli", "generate", str(n_buildings), "-o", str(path)])
    return path


def imported(n_buildings: int) -> Imported:
    """Import a generated file into a folder that is thrown away."""
    source = generated(n_buildings)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        command = [sys.executable, "-m", "viewer.cli", "import", str(source)]
        before = psutil.Process().cpu_times()
        os.environ.update(cached_bytecode())  # as where the app is installed
        watched = watch([*command, "-o", folder, "--force"], folder=ROOT, timeout_s=900.0)
        after = psutil.Process().cpu_times()
    cpu_s = after.children_user + after.children_system
    cpu_s -= before.children_user + before.children_system
    return Imported(cpu_s, watched.seconds, watched.peak_rss_mb)


def _seconds(command: Sequence[str], given: Path | None = None) -> float:
    started = time.perf_counter()
    _run(command, given)
    return time.perf_counter() - started


def _run(command: Sequence[str], given: Path | None = None) -> None:
    """Run to the end, with a file as its standard input."""
    with (given or Path(os.devnull)).open(encoding="utf-8") as lines:
        done = subprocess.run(
            command, cwd=ROOT, stdin=lines, capture_output=True, text=True, check=False
        )
    if done.returncode != 0 or "Cannot triangulate" in done.stdout + done.stderr:
        raise RuntimeError(f"{command[0]} failed: {(done.stdout + done.stderr).strip()[-500:]}")


if __name__ == "__main__":
    for result in run():
        print(result.to_json(), flush=True)
