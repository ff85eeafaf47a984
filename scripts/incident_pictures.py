"""Makes the picture of docs/incidents.md: an incident that three people work by a playbook.

Needs a window system. ``scripts/screenshots.py incidents`` calls it. Ben and Cleo sit at consoles
without windows in this process; what is in the picture is what the console of Lea shows.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scripts.together_pictures import CIVITWIN, ROOT, city
from twin.clock import SystemClock
from twin.generate.city import generate_city
from twin.incident_working import (
    NewIncident,
    hand_command_over,
    open_incident,
    set_unit,
    take_part,
)
from twin.link.client import HubClient
from twin.playbooks.library import bundled_playbook
from twin.playbooks.working import finish_step, start_playbook
from twin.room.model import Operator
from twin.room.parts.incidents import Incident, Incidents, Severity
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.session import TwinSession

NAMES = ("incidents",)
LEA = "Lea Stone"
SECONDS = 45.0
_WAIT_S = 120.0
_RADIUS_M = 160.0


class _Seat:
    """A console without a window."""

    def __init__(self, control: str, folder: Path, name: str, department: str) -> None:
        clock = SystemClock()
        observations = ObservationStore(capacity=20_000, history=8, clock=clock)
        units = UnitStore(capacity=2_000, history=8, clock=clock)
        operator = Operator(name=name, department=department, console_id=f"picture-{department}")
        self.session = TwinSession(
            city=generate_city(500), clock=clock, observations=observations, units=units,
            ingest=SampleIngest(endpoint="", store=observations, units=units, clock=clock),
            hub=HubClient(
                endpoint=control, operator=operator, outbox_path=folder / f"{name}.sqlite",
                clock=clock,
            ),
        )  # fmt: skip
        self.session.ingest.start()
        self.session.hub.start()

    def until(self, holds: Callable[[], object]) -> None:
        """Go on until something holds; raises `TimeoutError`."""
        end = time.monotonic() + _WAIT_S
        while time.monotonic() < end:
            info = self.session.hub.hub_info()
            if info is not None and info.addresses.samples_out != self.session.ingest.endpoint:
                self.session.ingest.set_endpoint(info.addresses.samples_out)
            self.session.poll()
            if holds():
                return
            time.sleep(0.05)
        raise TimeoutError("The room did not come so far")

    @property
    def part(self) -> Incidents:
        """Incidents as this seat knows them."""
        return self.session.hub.room[Incidents]

    def close(self) -> None:
        """Leave."""
        self.session.ingest.close()
        self.session.hub.close()


def take(pictures: Path, size: str) -> bool:
    """Work an incident and leave its pictures in a folder; False when one is missing."""
    with tempfile.TemporaryDirectory() as name, city(Path(name)) as control:
        ben = _Seat(control, Path(name), "Ben Ash", "water")
        cleo = _Seat(control, Path(name), "Cleo Way", "traffic")
        try:
            incident = _begin(ben, cleo)
            console = _console(Path(name), control, incident, pictures / f"{NAMES[0]}.png", size)
            _hand_over(ben, incident)
            console.wait(SECONDS + _WAIT_S)
        finally:
            for seat in (ben, cleo):
                seat.close()
    missing = [name for name in NAMES if not (pictures / f"{name}.png").is_file()]
    for name in missing:
        print(f"{name}: not taken")
    return not missing


def _begin(ben: _Seat, cleo: _Seat) -> Incident:
    """Ben opens it at a pump station and starts the playbook; Cleo takes part."""
    view = ben.session.city_view
    ben.until(lambda: view.last_value("pump-1/water_level") is not None and ben.session.units.units)
    new = NewIncident(
        title="Water in the underpass at the quay", kind="flood", severity=Severity.SEVERE,
        xyz=view.position("pump-1"), radius_m=_RADIUS_M, departments=("traffic", "fire"),
        links=("thing:pump-1",),
    )  # fmt: skip
    incident_id, _ = open_incident(ben.session, new)
    ben.until(lambda: incident_id in ben.part.by_id)
    start_playbook(ben.session, incident_id, bundled_playbook("flooded-underpass"))
    ben.until(lambda: ben.part.runs_of(incident_id))
    (run,) = ben.part.runs_of(incident_id)
    ben.until(lambda: f"{run.id}/measure" in ben.part.tasks)
    measure = ben.part.tasks.get(f"{run.id}/measure")
    assert measure is not None
    finish_step(ben.session, measure, found="Half a metre at the lowest point", choice="flooded")
    cleo.until(lambda: f"{run.id}/close-road" in cleo.part.tasks)
    incident = cleo.part.by_id.get(incident_id)
    assert incident is not None
    take_part(cleo.session, incident)
    engine = next(u for u in ben.session.units.units if u.kind == "fire_engine")
    set_unit(ben.session, incident, engine.id, "en_route", 240.0)
    ben.until(lambda: ben.part.open[0].units)
    return incident


def _hand_over(ben: _Seat, incident: Incident) -> None:
    """Lea gets the command as soon as she is there."""

    def lea() -> str:
        there = ben.session.hub.room.operators.values()
        return next((one.console_id for one in there if one.name == LEA), "")

    ben.until(lea)
    hand_command_over(ben.session, incident, lea())
    ben.until(lambda: ben.part.open[0].commander is not None)


def _console(
    folder: Path, control: str, incident: Incident, picture: Path, size: str
) -> subprocess.Popen[bytes]:
    settings = folder / "lea.ini"
    settings.write_text("[window]\nworkspace=incidents\n", encoding="utf-8")
    x, y, z = incident.xyz or (0.0, 0.0, 0.0)
    camera = ",".join(f"{c:.0f}" for c in (x - 180.0, y - 420.0, z + 300.0, x, y, z))
    command = [
        *(*CIVITWIN, "demo", "--hub", control, "--theme", "light", "--window", size),
        *("--operator", LEA, "--department", "control_room", "--panel", "incidents"),
        *(f"--camera={camera}", "--settings", str(settings), "--seconds", str(SECONDS)),
        *("--screenshot", str(picture)),
    ]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
