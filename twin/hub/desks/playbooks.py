"""Starting playbooks on incidents and ending them early. Their steps are moved as tasks are."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.hub.desks.base import Ask, Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.incident_rules import why_not_end, worked
from twin.hub.playbook_steps import move_on
from twin.hub.rules import is_plain
from twin.hub.who import Who
from twin.playbooks.model import Playbook, PlaybookRun, task_id
from twin.playbooks.rules import first_fault
from twin.room.parts.incidents import Asked, Incident, Incidents

#: The id of a step's task is the run's, a slash and the step's: at most 64 letters.
MAX_ID = 39
MAX_TEXT = 2_000
MAX_BYTES = 65_536
MAX_RUNS = 8
MAX_DEPARTMENTS = 500


class Start(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "playbook.start": the whole playbook, so that the log needs no file."""

    id: str
    incident: str
    playbook: Playbook


class Stop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "playbook.stop": its open steps are skipped with this reason."""

    id: str
    reason: str


class PlaybookDesk(Desk):
    """Keeps playbooks that are worked."""

    def acts(self) -> Mapping[str, Taken]:
        """Playbook acts."""
        return {
            "playbook.start": Taken(Start, self._start),
            "playbook.stop": Taken(Stop, self._stop),
        }

    def permissions(self) -> Mapping[str, Ask]:
        """Starting one by id of the incident, ending one by that of its run."""
        return {
            "playbook.start": self.asked("playbook.start", lambda _, key: self._why_not_start(key)),
            "playbook.stop": self.asked(
                "playbook.stop",
                lambda who, key: why_not_end(who.operator, self._part.runs.get(key), self._part),
            ),
        }

    @property
    def _part(self) -> Incidents:
        return self.hall.room[Incidents]

    def _why_not_start(self, incident_id: str) -> str:
        incident = worked(self._part, incident_id)
        if isinstance(incident, str):
            return incident
        if len(self._part.runs_of(incident_id)) >= MAX_RUNS:
            return f"{MAX_RUNS} playbooks were started on “{incident.title}” already"
        return ""

    def _start(self, who: Who, body: Start) -> str:
        why = self._start_fault(body)
        if why:
            return why
        incident = self._part.by_id.get(body.incident)
        assert incident is not None  # noqa: S101 - looked at before
        hall, actor = self.hall, person(who.operator)
        run = PlaybookRun(
            id=body.id, incident=body.incident, playbook=body.playbook,
            started_by=who.operator, started_ns=hall.now_ns,
        )  # fmt: skip
        hall.emit("playbook.started", actor, run=run)
        changes = {"playbook": body.playbook.id}
        hall.emit("incident.changed", actor, id=incident.id, changes=changes)
        self._ask_departments(incident, body.playbook, actor)
        move_on(hall, run.id)
        return ""

    def _start_fault(self, body: Start) -> str:
        why = self._why_not_start(body.incident)
        if why:
            return why
        if not 0 < len(body.id) <= MAX_ID or "/" in body.id or body.id in self._part.runs:
            return f"A playbook is started under a new id of 1 to {MAX_ID} letters, without “/”"
        plain = msgspec.to_builtins(body.playbook)
        if not is_plain(plain) or len(msgspec.json.encode(plain)) > MAX_BYTES:
            return f"A playbook is plain JSON of at most {MAX_BYTES:,} bytes"
        fault = first_fault(body.playbook, self.hall.types)
        if fault is not None:
            where = f"step {fault.step + 1}: " if fault.step >= 0 else ""
            return f"The playbook cannot be used: {where}{fault.what}"
        runs = self._part.runs_of(body.incident)
        same = [run for run in runs if run.playbook.id == body.playbook.id and not run.ended_ns]
        return f"“{body.playbook.title}” is worked on it already" if same else ""

    def _ask_departments(self, incident: Incident, playbook: Playbook, actor: str) -> None:
        there = {one.department for one in incident.departments}
        for name in dict.fromkeys(playbook.departments):
            if name not in there and len(there) < MAX_DEPARTMENTS:
                there.add(name)
                asked = Asked(
                    department=name, asked_ns=self.hall.now_ns, text=f"For “{playbook.title}”"
                )
                self.hall.emit("incident.department_asked", actor, id=incident.id, asked=asked)

    def _stop(self, who: Who, body: Stop) -> str:
        run = self._part.runs.get(body.id)
        why = why_not_end(who.operator, run, self._part)
        if why or run is None:
            return why
        reason = body.reason.strip()
        if not 0 < len(reason) <= MAX_TEXT:
            return "A playbook is ended early with a reason only"
        actor = person(who.operator)
        self.hall.emit("playbook.ended", actor, id=run.id, text=f"Ended early: {reason}")
        for step in run.playbook.steps:
            task = self._part.tasks.get(task_id(run.id, step.id))
            if task is not None and task.status in ("open", "taken"):
                skipped = msgspec.structs.replace(
                    task, status="skipped", found=reason, by=who.operator, at_ns=self.hall.now_ns
                )
                self.hall.emit("task.put", actor, task=skipped)
        return ""


DESK = DeskType(id="playbooks", make=PlaybookDesk)
