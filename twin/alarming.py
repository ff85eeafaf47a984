"""Answering alarms from a console: acknowledge, shelve, out of service, reset, make an incident.

Each function sends acts and gives the id of the last; a refusal comes back under that id
(`twin.acting.refusal_of`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from twin.hub.desks.alarms import MAX_IDS
from twin.incident_working import USUAL_RADIUS_M, NewIncident, open_incident
from twin.operations.alarm_groups import RANK
from twin.room.parts.alarms import Alarm, AlarmState, Priority
from twin.room.parts.incidents import Severity
from twin.session import TwinSession

#: Alarms that an incident is linked with; it knows its first and most urgent ones.
MOST_LINKS = 200
SEVERITY_OF = {
    Priority.CRITICAL: Severity.EXTREME,
    Priority.HIGH: Severity.SEVERE,
    Priority.MEDIUM: Severity.MODERATE,
    Priority.LOW: Severity.MINOR,
}


def to_acknowledge(alarms: Iterable[Alarm]) -> list[str]:
    """Ids of those that nobody has acknowledged."""
    return [alarm.id for alarm in alarms if not alarm.acked_ns and alarm.is_annunciated]


def acknowledge(session: TwinSession, alarms: Iterable[Alarm]) -> str:
    """Say that they were seen; "" when all were already."""
    return _each(session, "alarm.acknowledge", to_acknowledge(alarms))


def shelve(session: TwinSession, alarms: Iterable[Alarm], seconds: float, reason: str) -> str:
    """Take them out of sight for a while."""
    ids = [alarm.id for alarm in alarms]
    return _each(session, "alarm.shelve", ids, seconds=seconds, reason=reason)


def unshelve(session: TwinSession, alarms: Iterable[Alarm]) -> str:
    """Bring them back before their time."""
    ids = [alarm.id for alarm in alarms if alarm.state is AlarmState.SHELVED]
    return _each(session, "alarm.unshelve", ids)


def take_out(session: TwinSession, alarms: Iterable[Alarm], reason: str) -> str:
    """Take them out of service until somebody puts them back."""
    ids = [alarm.id for alarm in alarms if not alarm.is_out_of_service]
    return _each(session, "alarm.take_out", ids, reason=reason)


def put_back(session: TwinSession, alarms: Iterable[Alarm]) -> str:
    """Put them back into service."""
    ids = [alarm.id for alarm in alarms if alarm.is_out_of_service]
    return _each(session, "alarm.put_back", ids)


def unsuppress(session: TwinSession, alarms: Iterable[Alarm]) -> str:
    """Show what a design rule suppresses; until that rule suppresses it again."""
    ids = [alarm.id for alarm in alarms if alarm.suppressed_by]
    return _each(session, "alarm.unsuppress", ids)


def to_reset(alarms: Iterable[Alarm]) -> list[str]:
    """Ids of those that latched and have returned."""
    return [alarm.id for alarm in alarms if alarm.is_latched and not alarm.is_active]


def reset(session: TwinSession, alarms: Iterable[Alarm]) -> str:
    """Let latched alarms go whose cause is over."""
    return _each(session, "alarm.reset", to_reset(alarms))


def make_incident(
    session: TwinSession, alarms: Sequence[Alarm], *, title: str, kind: str, severity: Severity
) -> str:
    """Open an incident at the place of the first alarm, linked with all of them.

    The departments of the alarms are asked to join.
    """
    urgent = sorted(alarms, key=lambda alarm: (RANK[alarm.priority], alarm.raised_ns))
    xyz = next((alarm.xyz for alarm in alarms if alarm.xyz is not None), None)
    new = NewIncident(
        title=title,
        kind=kind,
        severity=severity,
        xyz=xyz,
        radius_m=USUAL_RADIUS_M,
        departments=tuple(sorted({alarm.department for alarm in alarms} - {""})),
        links=tuple(f"alarm:{alarm.id}" for alarm in urgent[:MOST_LINKS]),
    )
    _, act_id = open_incident(session, new)
    return act_id


def _each(session: TwinSession, kind: str, ids: list[str], **more: Any) -> str:
    """One act for each `MAX_IDS` alarms."""
    act_id = ""
    for start in range(0, len(ids), MAX_IDS):
        act_id = session.hub.act(kind, {"ids": ids[start : start + MAX_IDS], **more})
    return act_id
