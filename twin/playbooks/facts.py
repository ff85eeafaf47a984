"""Numbers of an incident that guards may ask for: `twin.playbooks.rules.ROOM_FACTS`."""

from __future__ import annotations

from typing import Final

from twin.clock import NS_PER_S
from twin.room.parts.incidents import Incident, Severity

_GRAVITY: Final = {
    Severity.MINOR: 1.0, Severity.MODERATE: 2.0, Severity.SEVERE: 3.0, Severity.EXTREME: 4.0
}  # fmt: skip


def facts_of(incident: Incident, now_ns: int) -> dict[str, float]:
    """The numbers of an incident that guards may use."""
    return {
        "minutes": (now_ns - incident.opened_ns) / (60.0 * NS_PER_S),
        "severity": _GRAVITY[incident.severity],
        "units_on_scene": float(sum(one.status == "on_scene" for one in incident.units)),
        "departments_waiting": float(sum(one.taken_by is None for one in incident.departments)),
    }
