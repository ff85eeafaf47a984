"""Working on incidents from a console: opening, asking, commanding, tasks, units, log, closing.

Each function sends acts and gives the id of the last one; a refusal comes back under that id. The
steps of playbooks have functions of their own in `twin.playbooks.working`. GUI thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.ids import uuid7
from twin.room.parts.incidents import Incident, Severity
from twin.session import TwinSession

#: Types of incidents that the bundled playbooks know; any other word is as good.
KINDS = ("flood", "fire", "power", "accident", "crowd", "gas", "other")
USUAL_RADIUS_M = 150.0
Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIncident:
    """What is known of an incident before it is opened.

    Attributes
    ----------
    xyz : local metres, None = nowhere in particular
    departments : asked at once, in parallel; the opener's own takes part anyway
    links : "alarm:…", "thing:…", "mark:…" …
    """

    title: str
    kind: str
    severity: Severity
    xyz: Point | None = None
    radius_m: float = 0.0
    ring: tuple[Point, ...] = ()
    departments: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def open_incident(session: TwinSession, new: NewIncident) -> tuple[str, str]:
    """Open an incident for everybody; its id, and that of the act."""
    incident_id = uuid7(session.clock)
    body: dict[str, Any] = {
        "id": incident_id, "title": new.title.strip(), "kind": new.kind,
        "severity": new.severity.value, "links": list(new.links),
        "departments": list(new.departments),
    }  # fmt: skip
    if new.xyz is not None:
        body["xyz"] = [round(c, 2) for c in new.xyz]
        body["radius_m"] = round(new.radius_m, 1)
    if new.ring:
        body["ring"] = [[round(c, 2) for c in point] for point in new.ring]
    return incident_id, session.hub.act("incident.open", body)


def change(session: TwinSession, incident: Incident, **changes: Any) -> str:
    """Change fields of an incident."""
    return session.hub.act("incident.change", {"id": incident.id, "changes": changes})


def ask_departments(
    session: TwinSession, incident: Incident, departments: Iterable[str], text: str = ""
) -> str:
    """Ask departments to take part, all at once: one act each, each with a clock of its own."""
    act_id = ""
    for name in departments:
        body = {"id": incident.id, "department": name, "text": text.strip()}
        act_id = session.hub.act("incident.ask", body)
    return act_id


def take_part(session: TwinSession, incident: Incident) -> str:
    """Answer for one's own department that it takes part."""
    department = session.hub.operator.department
    return session.hub.act("incident.take_part", {"id": incident.id, "department": department})


def take_command(session: TwinSession, incident: Incident) -> str:
    """Take command of an incident."""
    return session.hub.act("incident.command", {"id": incident.id})


def hand_command_over(session: TwinSession, incident: Incident, console_id: str) -> str:
    """Hand the command over to the operator at a console."""
    return session.hub.act("incident.command", {"id": incident.id, "console_id": console_id})


def set_unit(
    session: TwinSession, incident: Incident, unit_id: str, status: str, eta_s: float | None = None
) -> str:
    """Say where a unit of the incident stands; an unknown one joins it."""
    name = session.city_view.name_of(unit_id)
    body: dict[str, Any] = {"id": incident.id, "unit_id": unit_id, "name": name, "status": status}
    if eta_s is not None:
        body["eta_s"] = round(eta_s, 1)
    return session.hub.act("incident.unit", body)


def log_line(session: TwinSession, incident: Incident, text: str) -> str:
    """Write a line into an incident's log."""
    return session.hub.act("incident.log", {"id": incident.id, "text": text.strip()})


def link(session: TwinSession, incident: Incident, links: Sequence[str]) -> str:
    """Say that something belongs to an incident."""
    return _edit_list(session, incident, "links", add=links)


def unlink(session: TwinSession, incident: Incident, one: str) -> str:
    """Say that something does not belong to it."""
    return _edit_list(session, incident, "links", remove=[one])


def add_objective(session: TwinSession, incident: Incident, text: str) -> str:
    """Add a sentence that says what is to be reached."""
    return _edit_list(session, incident, "objectives", add=[text.strip()])


def remove_objective(session: TwinSession, incident: Incident, text: str) -> str:
    """Take an objective away."""
    return _edit_list(session, incident, "objectives", remove=[text])


def attach(session: TwinSession, incident: Incident, text: str) -> str:
    """Add an attachment: a sentence, an address, or what `attachment_of` says of a file."""
    return _edit_list(session, incident, "attachments", add=[text])


def _edit_list(
    session: TwinSession, incident: Incident, field: str, *, add: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> str:  # fmt: skip
    body = {"id": incident.id, "field": field, "add": list(add), "remove": list(remove)}
    return session.hub.act("incident.edit_list", body)


def attachment_of(path: Path) -> str:
    """Name, size and SHA-256 of a file: which one it was can be proved. Reads it; for a worker.

    The file itself stays where it is. Raises `TwinError` when it cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise TwinError(f"The file cannot be read ({error.strerror}): {path}") from error
    return f"{path.name} · {size:,} bytes · SHA-256 {digest.hexdigest()}"


def close(session: TwinSession, incident: Incident, cause: str) -> str:
    """Close an incident with its cause."""
    return session.hub.act("incident.close", {"id": incident.id, "cause": cause.strip()})


def give_task(
    session: TwinSession, incident: Incident, title: str, department: str = "", due_ns: int = 0
) -> str:
    """Give a task that belongs to no playbook."""
    body: dict[str, Any] = {
        "id": uuid7(session.clock), "incident": incident.id, "title": title.strip()
    }  # fmt: skip
    if department:
        body["department"] = department
    if due_ns:
        body["due_ns"] = due_ns
    return session.hub.act("task.give", body)
