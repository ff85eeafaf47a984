"""Makes the pictures of docs/command.md: three consoles with keys on one hub, and a simulator.

Needs a window system. ``scripts/screenshots.py command`` calls it.
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
sys.path.insert(0, str(ROOT))

from viewer.settings import Settings  # noqa: E402 - the root must be known first

CIVITWIN = [sys.executable, "-m", "viewer.cli"]
SCRIPT = ROOT / "scripts" / "command_pictures.yaml"
POLICIES = ROOT / "resources" / "policies"
NAMES = ("command-compose", "command-approval", "command-board", "command-interlocks")
SECONDS = 150.0
END_S = 20.0
_PASSWORD = "a pass phrase for the pictures"


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits where, and how the console looks."""

    name: str
    person: str
    operator: str
    department: str
    theme: str
    workspace: str


SEATS = (
    Seat("flood", "ada", "Ada Brook", "water", "light", "overview"),
    Seat("fire", "ben", "Ben Ash", "fire", "dark", "command"),
    Seat("traffic", "cleo", "Cleo Way", "traffic", "light", "command"),
)


def take(pictures: Path, size: str) -> bool:
    """Play the script and leave its pictures in a folder; False when one is missing."""
    with tempfile.TemporaryDirectory() as name, _city(Path(name)) as control:
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
def _city(folder: Path) -> Iterator[str]:
    """A hub with keys and a simulator; the address of the hub."""
    keys = folder / "keys"
    _call("keys", "init", "Marrowbridge", "--keys", str(keys))
    for seat in SEATS:
        _call("keys", "workstation", seat.name, "--keys", str(keys))
        _call(
            *("keys", "person", seat.person, "--name", seat.operator, "--at", seat.name),
            *("--department", seat.department, "--role", "operator", "--role", "shift_leader"),
            *("--on-shift", "--password-stdin", "--keys", str(keys)),
        )
    roles = ("--role", "actuator", "--role", "source")
    _call("keys", "workstation", "sim", *roles, "--keys", str(keys))
    hub = subprocess.Popen(
        [
            *(*CIVITWIN, "hub", "--keys", str(keys), "--policy", str(POLICIES / "city.toml")),
            *("--interlocks", str(POLICIES / "interlocks.toml"), "--ephemeral"),
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
        sim = [*CIVITWIN, "sim", "--hub", control, "--keys", str(keys / "workstations" / "sim")]
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
    settings = folder / f"{seat.name}.ini"
    kept = Settings(settings)
    kept.set_workspace_of(seat.person, seat.workspace)
    kept.save()
    command = [
        *(*CIVITWIN, "demo", "--hub", control, "--theme", seat.theme, "--window", size),
        *("--keys", str(folder / "keys" / "workstations" / seat.name), "--person", seat.person),
        *("--password-stdin", "--settings", str(settings), "--seconds", str(SECONDS)),
        *("--play", str(SCRIPT), "--seat", seat.name, "--run", "pictures"),
        *("--pictures", str(pictures)),
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write(f"{_PASSWORD}\n")
    process.stdin.flush()
    return process


def _call(*arguments: str) -> None:
    subprocess.run(
        [*CIVITWIN, *arguments],
        cwd=ROOT,
        check=True,
        input=f"{_PASSWORD}\n",
        text=True,
        stdout=subprocess.DEVNULL,
    )
