"""Makes the pictures of docs/workspaces.md: units board, shift and indicators of a busy evening.

Needs a window system. ``scripts/screenshots.py duty`` calls it. Ben sits at a console without a
window in this process; what is in the pictures is what the console of Lea shows.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.together_pictures import CIVITWIN, ROOT, city
from twin.clock import SystemClock
from twin.ids import uuid7
from twin.link.client import HubClient
from twin.room.model import CommandRequest, Operator
from twin.room.parts.shifts import Shifts
from twin.sim.fleet import named_units
from viewer.settings import Settings

LEA = "Lea Stone"
SECONDS = 45.0
#: Picture -> workspace and panel.
SHOTS = {
    "units": ("incidents", "units"),
    "shift": ("incidents", "shift"),
    "indicators": ("review", "indicators"),
}
NAMES = tuple(SHOTS)
_WAIT_S = 120.0
_PLACES = ((-320.0, 180.0, "Cloisterhurst"), (260.0, -140.0, "Bakerpark"), (80.0, 60.0, "Old Town"))


class _Ben:
    """A console without a window: it asks and waits for the answer."""

    def __init__(self, control: str, folder: Path) -> None:
        self.client = HubClient(
            endpoint=control,
            operator=Operator(name="Ben Ash", department="fire", console_id="picture-fire"),
            outbox_path=folder / "ben.sqlite",
            clock=SystemClock(),
        )
        self.client.start()

    def until(self, holds: Callable[[], object]) -> None:
        """Go on until something holds; raises `TimeoutError`."""
        end = time.monotonic() + _WAIT_S
        while time.monotonic() < end:
            self.client.poll()
            if holds():
                return
            time.sleep(0.05)
        raise TimeoutError("The room did not come so far")

    def act(self, kind: str, /, **body: Any) -> None:
        """Ask, and wait until it is a fact."""
        key = self.client.act(kind, body)
        self.until(lambda: any(one.key == key for one in self.client.room.activity))

    def send(self, unit_id: str, name: str, place: tuple[float, float, str]) -> None:
        """Dispatch a unit."""
        east, north, title = place
        request = CommandRequest(
            id=uuid7(), type_id="unit.dispatch", type_version=1, target_id=unit_id,
            target_name=name, args={"x_m": east, "y_m": north, "place": title},
        )  # fmt: skip
        self.client.submit(request)
        self.until(lambda: request.id in self.client.room.commands)


def take(pictures: Path, size: str) -> bool:
    """Leave the pictures in a folder; False when one is missing."""
    with tempfile.TemporaryDirectory() as name, city(Path(name)) as control:
        folder = Path(name)
        ben = _Ben(control, folder)
        try:
            ben.until(lambda: bool(ben.client.room.operators))
            _work(ben)
            for picture, (workspace, panel) in SHOTS.items():
                settings = folder / f"{picture}.ini"
                kept = Settings(settings)
                kept.set_workspace_of(LEA, workspace)
                kept.save()
                subprocess.run(
                    [
                        *(*CIVITWIN, "demo", "--hub", control, "--theme", "light"),
                        *("--window", size, "--operator", LEA, "--department", "control_room"),
                        *("--settings", str(settings), "--seconds", str(SECONDS)),
                        *("--panel", panel, "--screenshot", str(pictures / f"{picture}.png")),
                    ],
                    cwd=ROOT,
                    check=False,
                )
                _arrive(ben)
        finally:
            ben.client.close()
    missing = [name for name in NAMES if not (pictures / f"{name}.png").is_file()]
    for name in missing:
        print(f"{name}: not taken")
    return not missing


def _arrive(ben: _Ben) -> None:
    """Somebody notes that the first engines are there."""
    engines = [one for one in named_units(150) if one.kind == "fire_engine"]
    for engine, incident in zip(engines, ("i2", "i1"), strict=False):
        ben.act(
            "incident.unit", id=incident, unit_id=engine.id, name=engine.name, status="on_scene"
        )


def _work(ben: _Ben) -> None:
    """What has happened before the pictures are taken."""
    units = named_units(150)
    engines = [one for one in units if one.kind == "fire_engine"]
    ambulances = [one for one in units if one.kind == "ambulance"]
    ben.act("shift.take")
    ben.act("shift.note", id="n1", text="Parade in the old town from 19:00, stewards at both ends")
    alarms = [
        {"id": "a1", "title": "Level above 2.8 m", "priority": "critical", "thing_name": "Quay 3"},
        {"id": "a2", "title": "Pump stands still", "priority": "high", "thing_name": "Pump 2"},
        {"id": "a3", "title": "No samples", "priority": "low", "thing_name": "Noise meter 4"},
    ]
    ben.act("alarm.raise", alarms=alarms)
    ben.act("alarm.shelve", ids=["a3"], seconds=3_600, reason="Batteries are on their way")
    ben.act(
        "incident.open", id="i1", title="Water in the underpass", kind="flood", severity="severe",
        xyz=[260.0, -140.0, 0.0], radius_m=120.0, departments=["water", "traffic"],
        links=["alarm:a1"],
    )  # fmt: skip
    ben.act(
        "incident.open", id="i2", title="Smoke in Cloisterhurst", kind="fire", severity="moderate",
        xyz=[-320.0, 180.0, 0.0],
    )  # fmt: skip
    ben.act("alarm.acknowledge", ids=["a1"])
    body = {"level": 3, "expected": 1, "reason": "Severe incident, and the river rises"}
    ben.act("stage.set", **body, proposed=3, facts=["1 severe incident is open"])
    for number, engine in enumerate(engines[:4]):
        ben.send(engine.id, engine.name, _PLACES[number % 2])
        incident = ("i2", "i1")[number % 2]
        ben.act(
            "incident.unit", id=incident, unit_id=engine.id, name=engine.name, status="en_route"
        )
    for ambulance in ambulances[:3]:
        ben.send(ambulance.id, ambulance.name, _PLACES[2])
    ben.act("incident.unit", id="i1", unit_id=ambulances[4].id, name=ambulances[4].name,
            status="assigned", eta_s=420.0)  # fmt: skip
    for ambulance, reason in ((ambulances[6], "Flat tyre"), (ambulances[7], "Being cleaned")):
        ben.act("unit.take_out", unit_id=ambulance.id, name=ambulance.name, reason=reason)
    ben.act("queue.hold", queue="type:road.open", reason="Parade until three")
    ben.act("shift.note", id="n2", text="Gate 2 sticks below 20 %; works come at 21:00")
    items = [
        {"kind": "incident", "title": "Water in the underpass", "detail": "severe · Ben commands"},
        {"kind": "queue", "title": "Queue type:road.open", "detail": "held by Ben Ash"},
    ]
    ben.act("shift.hand_over", id="h1", text="Watch the underpass", items=items)
    ben.until(lambda: bool(ben.client.room[Shifts].open))
