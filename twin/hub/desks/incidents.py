"""Opening, working and closing incidents; tasks; parallel requests to departments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from twin.hub.desks.base import Ask, Desk, DeskType, Taken
from twin.hub.hall import person, words
from twin.hub.incident_rules import (
    why_not_close,
    why_not_command,
    why_not_open,
    why_not_part,
    why_not_task,
    worked,
)
from twin.hub.playbook_steps import merged, move_on, readings_fault, step_refusal
from twin.hub.rules import is_plain
from twin.hub.who import Who
from twin.playbooks.model import Evidence
from twin.room.parts.incidents import (
    Asked,
    Incident,
    Incidents,
    Severity,
    Task,
    UnitStatus,
)

MAX_ID = 64
MAX_TEXT = 2_000
MAX_LIST = 500
MAX_TASKS = 2_000
MAX_COMMANDS = 20
#: Fields of an incident that "incident.change" may set.
CHANGEABLE = frozenset(
    {"title", "kind", "severity", "xyz", "radius_m", "ring", "objectives", "links", "attachments",
     "playbook"}
)  # fmt: skip
TASK_STATES = ("open", "taken", "done", "skipped")
UNIT_STATES = ("assigned", "en_route", "on_scene", "released")
Point = tuple[float, float, float]


class Open(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "incident.open"."""

    id: str
    title: str
    kind: str
    severity: Severity
    xyz: Point | None = None
    radius_m: float = 0.0
    ring: tuple[Point, ...] = ()
    departments: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    playbook: str = ""


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "incident.change"."""

    id: str
    changes: dict[str, Any]


class ListEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "incident.edit_list": entries come and go without touching what others wrote."""

    id: str
    field: Literal["links", "attachments", "objectives"]
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class Department(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "incident.ask" and "incident.take_part"."""

    id: str
    department: str
    text: str = ""


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "incident.command": take command, or hand it to the operator at a console."""

    id: str
    console_id: str = ""


class UnitMove(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "incident.unit"."""

    id: str
    unit_id: str
    name: str
    status: str
    eta_s: float | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "incident.log"."""

    id: str
    text: str


class Close(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "incident.close": with its cause."""

    id: str
    cause: str


class TaskGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "task.give"."""

    id: str
    incident: str
    title: str
    department: str = ""
    due_ns: int = 0
    step: str = ""


class TaskMoved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "task.set"; skipping needs a reason in ``found``.

    A taken task may be set taken once more, to add the commands that were given for it.
    """

    id: str
    status: str
    found: str = ""
    evidence: Evidence | None = None


class IncidentDesk(Desk):
    """Keeps incidents and tasks."""

    def acts(self) -> Mapping[str, Taken]:
        """Incident and task acts."""
        return {
            "incident.open": Taken(Open, self._open),
            "incident.change": Taken(Change, self._change),
            "incident.edit_list": Taken(ListEdit, self._edit_list),
            "incident.ask": Taken(Department, self._ask),
            "incident.take_part": Taken(Department, self._take_part),
            "incident.command": Taken(Command, self._command),
            "incident.unit": Taken(UnitMove, self._unit),
            "incident.log": Taken(Line, self._log),
            "incident.close": Taken(Close, self._close),
            "task.give": Taken(TaskGiven, self._give),
            "task.set": Taken(TaskMoved, self._set),
        }

    def permissions(self) -> Mapping[str, Ask]:
        """By id of the incident, of "task.set" by that of the task; a new one has none."""
        worked_on = ("change", "edit_list", "ask", "take_part", "command", "unit", "log", "close")
        kinds = ("task.give", *(f"incident.{name}" for name in worked_on))
        asks = {kind: self.asked(kind, self._why_not(kind)) for kind in kinds}
        asks["incident.open"] = self.standing("incident.open", lambda *_: why_not_open(self._part))
        asks["task.set"] = self.asked("task.set", self._why_not_set)
        return asks

    @property
    def _part(self) -> Incidents:
        return self.hall.room[Incidents]

    def _worked(self, incident_id: str) -> Incident | str:
        return worked(self._part, incident_id)

    def _why_not(self, kind: str) -> Callable[[Who, str], str]:
        def why_not(who: Who, incident_id: str) -> str:
            incident, me = self._worked(incident_id), who.operator
            if isinstance(incident, str):
                return incident
            if kind == "incident.take_part":
                return why_not_part(me, incident, me.department)
            if kind == "incident.command":
                return why_not_command(me, incident)
            return why_not_close(me, incident, self._part) if kind == "incident.close" else ""

        return why_not

    def _why_not_set(self, who: Who, task_id: str) -> str:
        task = self._part.tasks.get(task_id)
        if task is None:
            return "There is no such task"
        incident = self._worked(task.incident)
        return incident if isinstance(incident, str) else why_not_task(who.operator, incident, task)

    def _open(self, who: Who, body: Open) -> str:
        if not 0 < len(body.id) <= MAX_ID or body.id in self._part.by_id:
            return f"An incident has a new id of 1 to {MAX_ID} letters"
        if not 0 < len(body.title.strip()) <= MAX_TEXT or not 0 < len(body.kind) <= MAX_ID:
            return "An incident has a title and a kind"
        full = why_not_open(self._part)
        if full:
            return full
        if max(len(body.ring), len(body.links), len(body.departments)) > MAX_LIST:
            return f"Its area, links and departments have at most {MAX_LIST} entries each"
        if not is_plain(msgspec.to_builtins(body)):
            return "Its numbers must be finite"
        now_ns = self.hall.now_ns
        departments = tuple(dict.fromkeys((who.operator.department, *body.departments)))
        incident = Incident(
            id=body.id, title=body.title, kind=body.kind, severity=body.severity,
            opened_by=who.operator, opened_ns=now_ns, xyz=body.xyz, radius_m=body.radius_m,
            ring=body.ring, links=body.links, playbook=body.playbook,
            departments=tuple(
                Asked(
                    department=name, asked_ns=now_ns,
                    taken_by=who.operator if name == who.operator.department else None,
                    taken_ns=now_ns if name == who.operator.department else 0,
                )
                for name in departments
            ),
        )  # fmt: skip
        self.hall.emit("incident.opened", person(who.operator), incident=incident)
        return ""

    def _change(self, who: Who, body: Change) -> str:
        incident = self._worked(body.id)
        if isinstance(incident, str):
            return incident
        unknown = sorted(set(body.changes) - CHANGEABLE)
        if unknown or not body.changes:
            return f"An incident's {unknown[0][:60]} is not changed so" if unknown else "Say what"
        if len(msgspec.json.encode(body.changes)) > 65_536:
            return "That is more than 64 KiB"
        try:
            msgspec.convert({**msgspec.to_builtins(incident), **body.changes}, Incident)
        except msgspec.ValidationError as error:
            return f"That is no incident: {error}"
        self.hall.emit("incident.changed", person(who.operator), id=body.id, changes=body.changes)
        return ""

    def _edit_list(self, who: Who, body: ListEdit) -> str:
        incident = self._worked(body.id)
        if isinstance(incident, str):
            return incident
        lists = {
            "links": incident.links, "attachments": incident.attachments,
            "objectives": incident.objectives,
        }  # fmt: skip
        now = lists[body.field]
        gone = set(body.remove)
        after = tuple(dict.fromkeys((*(one for one in now if one not in gone), *body.add)))
        if after == now:
            return "Nothing changes by that"
        if len(after) > MAX_LIST or any(not 0 < len(one.strip()) <= MAX_TEXT for one in body.add):
            return f"It has at most {MAX_LIST} {body.field}, each of 1 to {MAX_TEXT} letters"
        changes = {body.field: after}
        self.hall.emit("incident.changed", person(who.operator), id=body.id, changes=changes)
        return ""

    def _ask(self, who: Who, body: Department) -> str:
        incident = self._worked(body.id)
        if isinstance(incident, str):
            return incident
        if not 0 < len(body.department) <= MAX_ID or len(body.text) > MAX_TEXT:
            return "Name the department, and what it is asked for in a few sentences"
        if len(incident.departments) >= MAX_LIST:
            return f"It has {MAX_LIST} departments already"
        if any(one.department == body.department for one in incident.departments):
            return f"{words(body.department)} was asked already"
        asked = Asked(department=body.department, asked_ns=self.hall.now_ns, text=body.text)
        actor = person(who.operator)
        self.hall.emit("incident.department_asked", actor, id=body.id, asked=asked)
        return ""

    def _take_part(self, who: Who, body: Department) -> str:
        incident = self._worked(body.id)
        if isinstance(incident, str):
            return incident
        why = why_not_part(who.operator, incident, body.department)
        if why:
            return why
        found = next(one for one in incident.departments if one.department == body.department)
        asked = msgspec.structs.replace(found, taken_by=who.operator, taken_ns=self.hall.now_ns)
        actor = person(who.operator)
        self.hall.emit("incident.department_took", actor, id=body.id, asked=asked)
        return ""

    def _command(self, who: Who, body: Command) -> str:
        incident = self._worked(body.id)
        if isinstance(incident, str):
            return incident
        to = who.operator
        if body.console_id:
            found = self.hall.room.operators.get(body.console_id)
            if found is None:
                return "Nobody is there to hand it to"
            to = found
        why = why_not_command(who.operator, incident)
        if why:
            return why
        changes = {"commander": msgspec.to_builtins(to)}
        self.hall.emit("incident.changed", person(who.operator), id=body.id, changes=changes)
        return ""

    def _unit(self, who: Who, body: UnitMove) -> str:
        incident = self._worked(body.id)
        if isinstance(incident, str):
            return incident
        if body.status not in UNIT_STATES:
            return f"A unit is {', '.join(UNIT_STATES)}"
        if not 0 < len(body.unit_id) <= MAX_TEXT or len(incident.units) >= MAX_LIST:
            return f"An incident has at most {MAX_LIST} units, each with an id"
        unit = UnitStatus(
            unit_id=body.unit_id, name=body.name[:MAX_TEXT], status=body.status,
            since_ns=self.hall.now_ns, eta_s=body.eta_s,
        )  # fmt: skip
        self.hall.emit("incident.unit", person(who.operator), id=body.id, unit=unit)
        return ""

    def _log(self, who: Who, body: Line) -> str:
        incident = self._worked(body.id)
        if isinstance(incident, str):
            return incident
        if not 0 < len(body.text.strip()) <= MAX_TEXT:
            return f"A line of the log has 1 to {MAX_TEXT} letters"
        self.hall.emit("incident.logged", person(who.operator), id=body.id, text=body.text)
        return ""

    def _close(self, who: Who, body: Close) -> str:
        incident = self._worked(body.id)
        if isinstance(incident, str):
            return incident
        why = why_not_close(who.operator, incident, self._part)
        if why:
            return why
        if not 0 < len(body.cause.strip()) <= MAX_TEXT:
            return "Say what it was: an incident is closed with its cause"
        by = msgspec.to_builtins(who.operator)
        self.hall.emit("incident.closed", person(who.operator), id=body.id, by=by, cause=body.cause)
        return ""

    # --- tasks ------------------------------------------------------------------------------------

    def _give(self, who: Who, body: TaskGiven) -> str:
        incident = self._worked(body.incident)
        if isinstance(incident, str):
            return incident
        if not 0 < len(body.id) <= MAX_ID or body.id in self._part.tasks or "/" in body.id:
            return f"A task has a new id of 1 to {MAX_ID} letters, without “/”"
        if not 0 < len(body.title.strip()) <= MAX_TEXT or len(self._part.tasks) >= MAX_TASKS:
            return f"A task has a title, and there are at most {MAX_TASKS}"
        task = Task(given_ns=self.hall.now_ns, **msgspec.structs.asdict(body))
        self.hall.emit("task.put", person(who.operator), task=task)
        return ""

    def _set(self, who: Who, body: TaskMoved) -> str:
        task = self._part.tasks.get(body.id)
        if task is None:
            return "There is no such task"
        incident = self._worked(task.incident)
        if isinstance(incident, str):
            return incident
        why = why_not_task(who.operator, incident, task) or self._set_fault(task, body)
        if why:
            return why
        evidence = merged(task.evidence, body.evidence)
        why = step_refusal(self.hall, task, body.status, body.evidence, evidence)
        if why:
            return why
        moved = msgspec.structs.replace(
            task, status=body.status, found=body.found[:MAX_TEXT] or task.found,
            by=who.operator, at_ns=self.hall.now_ns,
            evidence=task.evidence if body.evidence is None else evidence,
        )  # fmt: skip
        self.hall.emit("task.put", person(who.operator), task=moved)
        run = self._part.run_of(task)
        if run is not None:
            move_on(self.hall, run.id)
        return ""

    def _set_fault(self, task: Task, body: TaskMoved) -> str:
        evidence = body.evidence or Evidence()
        adds = body.status == task.status == "taken" and bool(evidence.commands)
        if body.status not in TASK_STATES or (body.status == task.status and not adds):
            return f"A task becomes one of {', '.join(TASK_STATES)}"
        if body.status == "skipped" and not body.found.strip():
            return "A step is skipped with a reason only"
        if not is_plain(msgspec.to_builtins(evidence)) or len(evidence.commands) > MAX_COMMANDS:
            return f"Its numbers must be finite, and it has at most {MAX_COMMANDS} commands"
        if max(len(evidence.override), len(evidence.choice)) > MAX_TEXT:
            return f"A reason has at most {MAX_TEXT} letters"
        return readings_fault(evidence.readings)


DESK = DeskType(id="incidents", make=IncidentDesk)
