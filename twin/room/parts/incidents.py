"""Incidents in the terms of ICS and NIMS: what, where, who commands, who was asked, what is to do.

An incident holds objectives, requests to departments (each with its own clock until somebody there
takes it), tasks with deadlines, units with their status, attachments and linked alarms, commands
and marks. Playbooks that are worked on it are here with their whole content; their steps are tasks.
Closed ones stay until the room holds more than `CLOSED_KEPT`; all is in the journal.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec

from twin.playbooks.model import Evidence, PlaybookRun
from twin.room.errors import EventError
from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

CLOSED_KEPT = 50
#: Lines of its log that the room keeps for each incident; the rest is in the journal.
LINES_KEPT = 200


class Severity(enum.StrEnum):
    """How grave; the words of CAP 1.2."""

    EXTREME = "extreme"
    SEVERE = "severe"
    MODERATE = "moderate"
    MINOR = "minor"


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One department that was asked to join; ``taken_by`` None = nobody there has answered."""

    department: str
    asked_ns: int
    text: str = ""
    taken_by: Operator | None = None
    taken_ns: int = 0


class UnitStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One unit on an incident: "assigned", "en_route", "on_scene", "released"."""

    unit_id: str
    name: str
    status: str
    since_ns: int
    eta_s: float | None = None


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident. All fields are always written.

    Attributes
    ----------
    kind : type of incident, e.g. "flood", "fire", "power"
    xyz, radius_m, ring : where, local metres; the ring is a polygon on the ground or empty
    commander : who leads it, None = nobody yet
    objectives : sentences, in order
    links : ids of what belongs to it, as "alarm:…", "command:…", "mark:…", "batch:…"
    cause : why it was closed and what it was, "" while it is open
    playbook : id of the playbook it is worked by, "" = none
    """

    id: str
    title: str
    kind: str
    severity: Severity
    opened_by: Operator
    opened_ns: int
    xyz: tuple[float, float, float] | None = None
    radius_m: float = 0.0
    ring: tuple[tuple[float, float, float], ...] = ()
    commander: Operator | None = None
    objectives: tuple[str, ...] = ()
    departments: tuple[Asked, ...] = ()
    units: tuple[UnitStatus, ...] = ()
    links: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    playbook: str = ""
    closed_ns: int = 0
    closed_by: Operator | None = None
    cause: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still worked."""
        return not self.closed_ns


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a department or person has to do.

    Attributes
    ----------
    step : of the playbook, "" = somebody gave it
    due_ns : 0 = no deadline
    status : "open", "taken", "done", "skipped"
    found : what was collected or answered
    evidence : values, commands and the choice that go with it, None = nothing
    """

    id: str
    incident: str
    title: str
    department: str = ""
    status: str = "open"
    due_ns: int = 0
    step: str = ""
    by: Operator | None = None
    at_ns: int = 0
    found: str = ""
    given_ns: int = 0
    evidence: Evidence | None = None


class LogLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an incident's log; ``seq`` is its event, ``by`` its actor."""

    seq: int
    incident: str
    t_ns: int
    by: str
    text: str


class _Opened(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "incident.opened"."""

    incident: Incident


class _Changed(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "incident.changed": fields of `Incident` that are new."""

    id: str
    changes: dict[str, Any]


class _Took(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "incident.department_asked" and "incident.department_took"."""

    id: str
    asked: Asked


class _Unit(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "incident.unit"."""

    id: str
    unit: UnitStatus


class _Closed(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "incident.closed"."""

    id: str
    by: Operator
    cause: str


class _Logged(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "incident.logged": a line of its log."""

    id: str
    text: str


class _TaskPut(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "task.put"."""

    task: Task


class _Started(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "playbook.started"."""

    run: PlaybookRun


class _Passed(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "playbook.passed": steps that never open, and why."""

    id: str
    passed: dict[str, str]


class _Ended(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "playbook.ended"."""

    id: str
    text: str


class Incidents(Part):
    """Incidents, their tasks and the playbooks worked on them, by id."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("incident", Incident, lambda entry: entry.id)
        self.tasks = self.table("task", Task, lambda entry: entry.id)
        self.runs = self.table("playbook_run", PlaybookRun, lambda entry: entry.id)
        self.lines = self.table("incident_line", LogLine, lambda entry: str(entry.seq))
        self._closed: deque[str] = deque()

    @property
    def open(self) -> tuple[Incident, ...]:
        """Incidents that are worked."""
        return tuple(one for one in self.by_id.values() if one.is_open)

    def tasks_of(self, incident_id: str) -> tuple[Task, ...]:
        """Tasks of an incident in the order they were given."""
        return tuple(task for task in self.tasks.values() if task.incident == incident_id)

    def lines_of(self, incident_id: str) -> tuple[LogLine, ...]:
        """The last lines of an incident's log, oldest first."""
        return tuple(line for line in self.lines.values() if line.incident == incident_id)

    def runs_of(self, incident_id: str) -> tuple[PlaybookRun, ...]:
        """Playbooks worked on an incident, in the order they were started."""
        return tuple(run for run in self.runs.values() if run.incident == incident_id)

    def run_of(self, task: Task) -> PlaybookRun | None:
        """The playbook of which a task is a step, None if somebody gave it."""
        return self.runs.get(task.id.rpartition("/")[0]) if task.step else None

    def handlers(self) -> Mapping[str, Handler]:
        """All that happens to incidents and tasks."""
        return {
            "incident.opened": self._opened,
            "incident.changed": self._changed,
            "incident.department_asked": self._asked,
            "incident.department_took": self._asked,
            "incident.unit": self._unit,
            "incident.closed": self._close,
            "incident.logged": self._logged,
            "task.put": self._task,
            "playbook.started": self._started,
            "playbook.passed": self._passed,
            "playbook.ended": self._ended,
        }

    def loaded(self) -> None:
        """Remember in which order the closed ones ended."""
        closed = [one for one in self.by_id.values() if not one.is_open]
        closed.sort(key=lambda one: (one.closed_ns, one.id))
        self._closed = deque(one.id for one in closed)

    def _opened(self, event: Event) -> None:
        incident = read_body(event, _Opened).incident
        if incident.id in self.by_id:
            raise EventError(f"Incident {incident.id} was opened before")
        self.by_id.put(incident)

    def _changed(self, event: Event) -> None:
        body = read_body(event, _Changed)
        plain = {**msgspec.to_builtins(self._require(body.id)), **body.changes}
        try:
            self.by_id.put(msgspec.convert(plain, Incident))
        except msgspec.ValidationError as error:
            raise EventError(f"Event {event.seq} changes what it cannot: {error}") from error

    def _asked(self, event: Event) -> None:
        body = read_body(event, _Took)
        incident = self._require(body.id)
        others = (one for one in incident.departments if one.department != body.asked.department)
        self._replace(incident, departments=(*others, body.asked))

    def _unit(self, event: Event) -> None:
        body = read_body(event, _Unit)
        incident = self._require(body.id)
        others = (one for one in incident.units if one.unit_id != body.unit.unit_id)
        self._replace(incident, units=(*others, body.unit))

    def _close(self, event: Event) -> None:
        body = read_body(event, _Closed)
        incident = self._require(body.id)
        if not incident.is_open:
            raise EventError(f"Incident {incident.id} is closed already")
        self._replace(incident, closed_ns=event.t_ns, closed_by=body.by, cause=body.cause)
        self._closed.append(incident.id)
        if len(self._closed) > CLOSED_KEPT:
            oldest = self._closed.popleft()
            self.by_id.drop(oldest)
            for task in self.tasks_of(oldest):
                self.tasks.drop(task.id)
            for run in self.runs_of(oldest):
                self.runs.drop(run.id)
            for line in self.lines_of(oldest):
                self.lines.drop(str(line.seq))

    def _logged(self, event: Event) -> None:
        body = read_body(event, _Logged)
        self._require(body.id)
        kept = self.lines_of(body.id)
        for line in kept[: max(0, len(kept) + 1 - LINES_KEPT)]:
            self.lines.drop(str(line.seq))
        self.lines.put(
            LogLine(
                seq=event.seq, incident=body.id, t_ns=event.t_ns, by=event.actor, text=body.text
            )
        )  # fmt: skip

    def _task(self, event: Event) -> None:
        task = read_body(event, _TaskPut).task
        self._require(task.incident)
        self.tasks.put(task)

    def _started(self, event: Event) -> None:
        run = read_body(event, _Started).run
        self._require(run.incident)
        if run.id in self.runs:
            raise EventError(f"Playbook run {run.id} was started before")
        self.runs.put(run)

    def _passed(self, event: Event) -> None:
        body = read_body(event, _Passed)
        run = self._require_run(body.id)
        self.runs.put(msgspec.structs.replace(run, passed={**run.passed, **body.passed}))

    def _ended(self, event: Event) -> None:
        body = read_body(event, _Ended)
        run = self._require_run(body.id)
        if run.ended_ns:
            raise EventError(f"Playbook run {run.id} has ended already")
        self.runs.put(msgspec.structs.replace(run, ended_ns=event.t_ns, ended_text=body.text))

    def _require_run(self, run_id: str) -> PlaybookRun:
        run = self.runs.get(run_id)
        if run is None:
            raise EventError(f"No playbook is worked as {run_id}")
        return run

    def _require(self, incident_id: str) -> Incident:
        incident = self.by_id.get(incident_id)
        if incident is None:
            raise EventError(f"There is no incident {incident_id}")
        return incident

    def _replace(self, incident: Incident, **changes: object) -> None:
        self.by_id.put(msgspec.structs.replace(incident, **changes))


PART = PartType(id="incidents", make=Incidents)
