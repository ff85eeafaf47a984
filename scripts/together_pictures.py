"""Makes the pictures of docs/together.md: three consoles on one hub, and a simulator.

Needs a window system. ``scripts/screenshots.py together`` calls it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CIVITWIN = [sys.executable, "-m", "viewer.cli"]
SCRIPT = ROOT / "scripts" / "together_pictures.yaml"
NAMES = ("together", "together-following")
SECONDS = 120.0
END_S = 20.0


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits where, and how the console looks."""

    name: str
    operator: str
    department: str
    theme: str


SEATS = (
    Seat("traffic", "Ada Brook", "traffic", "light"),
    Seat("fire", "Ben Ash", "fire", "light"),
    Seat("water", "Cleo Way", "water", "dark"),
)


def take(pictures: Path, size: str) -> bool:
    """Play the script and leave its pictures in a folder; False when one is missing."""
    with tempfile.TemporaryDirectory() as name, city(Path(name)) as control:
        consoles = [_console(Path(name), seat, control, pictures, size) for seat in SEATS]
        for seat, console in zip(SEATS, consoles, strict=True):
            said, _ = console.communicate(timeout=SECONDS + 120.0)
            for line in said.splitlines():
                if line.startswith("{") and json.loads(line).get("text"):  # why a step failed
                    print(f"{seat.name}: {line}")
    missing = [name for name in NAMES if not (pictures / f"{name}.png").is_file()]
    for name in missing:
        print(f"{name}: not taken")
    return not missing


@contextmanager
def city(folder: Path) -> Iterator[str]:
    """A hub without keys and a simulator; the address of the hub."""
    hub = subprocess.Popen(
        [
            *(*CIVITWIN, "hub", "--insecure-loopback", "--ephemeral"),
            *("--journal", str(folder / "journal.sqlite")),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    started: list[subprocess.Popen[Any]] = [hub]
    try:
        assert hub.stdout is not None
        control = str(json.loads(hub.stdout.readline())["control"])
        sim = [*CIVITWIN, "sim", "--hub", control]
        started.append(subprocess.Popen(sim, cwd=ROOT, stdout=subprocess.DEVNULL))
        yield control
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(END_S)


def _console(
    folder: Path, seat: Seat, control: str, pictures: Path, size: str
) -> subprocess.Popen[str]:
    command = [
        *(*CIVITWIN, "demo", "--hub", control, "--theme", seat.theme, "--window", size),
        *("--operator", seat.operator, "--department", seat.department),
        *("--settings", str(folder / f"{seat.name}.ini"), "--seconds", str(SECONDS)),
        *("--play", str(SCRIPT), "--seat", seat.name, "--run", "pictures"),
        *("--pictures", str(pictures)),
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
