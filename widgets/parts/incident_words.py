"""Incidents, tasks and playbooks for a person: words, rows of lists, sentences of the activity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twin.clock import NS_PER_S
from twin.playbooks.engine import Progress
from twin.playbooks.model import Reading
from twin.room.model import Event, Operator
from twin.room.parts.incidents import Asked, Incident, Incidents, Severity, Task, UnitStatus
from twin.session import TwinSession
from widgets.parts.command_words import operator_text
from widgets.parts.section_list import Row
from widgets.parts.wording import clock_text, count_text, duration_text, elapsed_text, number_text
from widgets.shape_mark import Level

LEVEL_OF_SEVERITY: Final[dict[Severity, Level]] = {
    Severity.EXTREME: "alarm",
    Severity.SEVERE: "warning",
    Severity.MODERATE: "notice",
    Severity.MINOR: "low",
}
UNIT_WORDS: Final = {
    "assigned": "assigned",
    "en_route": "on the way",
    "on_scene": "at the scene",
    "released": "released",
}
#: A department that has not answered is worth a look after, and presses after, seconds.
_SLOW_S, _VERY_SLOW_S = 60.0, 180.0
_TICKS: Final = {"done": "✓ ", "skipped": "– ", "passed": "– "}


def words(name: str) -> str:
    """An id for people: "control_room" -> "control room"."""
    return name.replace("_", " ")


def incident_row(incident: Incident, n_late: int, now_ns: int) -> Row:
    """One line of the list of incidents; ``n_late`` of its tasks should be over."""
    if not incident.is_open:
        return Row(
            key=incident.id, title=incident.title, right=clock_text(incident.closed_ns),
            caption=f"{words(incident.kind)} · closed: {incident.cause}",
        )  # fmt: skip
    waiting = sum(one.taken_by is None for one in incident.departments)
    told = [words(incident.kind), incident.severity.value]
    if n_late:
        told.append(f"{count_text(n_late, 'task')} late")
    if waiting:
        told.append(f"{count_text(waiting, 'department')} not answered")
    return Row(
        key=incident.id, title=incident.title, caption=" · ".join(told),
        right=elapsed_text((now_ns - incident.opened_ns) / NS_PER_S),
        level=LEVEL_OF_SEVERITY[incident.severity], is_bold=bool(n_late),
    )  # fmt: skip


def head_text(incident: Incident, now_ns: int) -> str:
    """Type, severity, how long, and who commands."""
    end_ns = incident.closed_ns or now_ns
    lasted = elapsed_text((end_ns - incident.opened_ns) / NS_PER_S)
    state = f"open for {lasted}" if incident.is_open else f"closed after {lasted}"
    kind = words(incident.kind)
    first = f"{kind[:1].upper()}{kind[1:]} · {incident.severity.value} · {state}"
    if not incident.is_open:
        by = operator_text(incident.closed_by) if incident.closed_by is not None else "the hub"
        return f"{first}\nClosed by {by}: {incident.cause}"
    leads = incident.commander
    second = f"{operator_text(leads)} commands it" if leads else "Nobody commands it yet"
    return f"{first}\n{second}"


def is_late(task: Task, now_ns: int) -> bool:
    """Whether it should be over and is not."""
    return task.status in ("open", "taken") and 0 < task.due_ns < now_ns


def countdown_text(due_ns: int, now_ns: int) -> str:
    """How much time is left: "4:12", "2:10 late"; "" without a deadline."""
    if not due_ns:
        return ""
    left_s = (due_ns - now_ns) / NS_PER_S
    return elapsed_text(left_s) if left_s >= 0 else f"{elapsed_text(-left_s)} late"


def task_row(task: Task, me: Operator, now_ns: int) -> Row:
    """One task or open step."""
    told = [words(task.department)] if task.department else []
    by = task.by.name if task.by is not None else ""
    if task.status == "taken":
        told.append(f"{by} is at it since {clock_text(task.at_ns)}")
    elif task.status in ("done", "skipped"):
        told.append(f"{task.status} by {by}")
        told += [task.found] if task.found else []
    is_over = task.status in ("done", "skipped")
    right = clock_text(task.at_ns) if is_over else countdown_text(task.due_ns, now_ns)
    level: Level | None = None
    is_mine = not task.department or task.department == me.department
    if not is_over:
        level = "warning" if is_late(task, now_ns) else "low" if is_mine else "calm"
    return Row(
        key=task.id, title=_TICKS.get(task.status, "") + task.title,
        caption=" · ".join(told) or "for whoever works it", right=right, level=level,
        is_bold=level == "warning",
    )  # fmt: skip


def asked_row(asked: Asked, now_ns: int) -> Row:
    """A department with its clock: how long it took to answer, or waits already."""
    if asked.taken_by is not None:
        took = (asked.taken_ns - asked.asked_ns) / NS_PER_S
        after = f"after {elapsed_text(took)}" if took >= 1.0 else "at once"
        return Row(
            key=f"department:{asked.department}", title=words(asked.department).capitalize(),
            caption=f"{asked.taken_by.name} takes part, {after}", right=clock_text(asked.taken_ns),
        )  # fmt: skip
    waits_s = (now_ns - asked.asked_ns) / NS_PER_S
    level: Level = "low" if waits_s < _SLOW_S else "notice"
    text = f" · {asked.text}" if asked.text else ""
    return Row(
        key=f"department:{asked.department}", title=words(asked.department).capitalize(),
        caption=f"asked at {clock_text(asked.asked_ns)}, nobody has answered{text}",
        right=elapsed_text(waits_s), level="warning" if waits_s >= _VERY_SLOW_S else level,
    )  # fmt: skip


def unit_row(unit: UnitStatus, now_ns: int) -> Row:
    """A unit with its status and when it is expected."""
    told = UNIT_WORDS.get(unit.status, unit.status)
    since_s = (now_ns - unit.since_ns) / NS_PER_S
    if unit.eta_s is not None and unit.status in ("assigned", "en_route"):
        left_s = unit.eta_s - since_s
        told += f", there in {duration_text(left_s)}" if left_s > 0 else ", should be there"
    return Row(
        key=f"unit:{unit.unit_id}", title=unit.name or unit.unit_id,
        caption=f"{told}, since {clock_text(unit.since_ns)}",
    )  # fmt: skip


def plan_row(row: Progress, now_ns: int) -> Row:
    """One step as planned and as it went."""
    told = []
    if row.planned_ns:
        told.append(f"planned {clock_text(row.planned_ns)}")
    by = f" by {row.by.name}" if row.by is not None else ""
    match row.status:
        case "done" | "skipped":
            told.append(f"{row.status} {clock_text(row.ended_ns)}{by}")
        case "taken":
            told.append(f"taken{by}")
        case "passed":
            told = ["not needed"]
        case _:
            told.append("waits for what is before it" if row.status == "waiting" else "open")
    evidence = row.evidence
    told += [row.text] if row.text else []
    if evidence is not None and evidence.override:
        told.append(f"guard passed over: {evidence.override}")
    right, level = _difference(row, now_ns)
    return Row(
        key=row.step.id, title=_TICKS.get(row.status, "") + row.step.title,
        caption=" · ".join(told), right=right, level=level,
    )  # fmt: skip


def _difference(row: Progress, now_ns: int) -> tuple[str, Level | None]:
    """How far a step is from its plan, and whether that is worth a look."""
    if row.ended_ns and row.planned_ns:
        late_s = (row.ended_ns - row.planned_ns) / NS_PER_S
        text = f"{elapsed_text(abs(late_s))} {'late' if late_s > 0 else 'early'}"
        return text, "notice" if late_s > 0 else None
    if row.is_overdue(now_ns):
        return countdown_text(row.due_ns, now_ns), "warning"
    return (countdown_text(row.due_ns, now_ns), None) if row.due_ns else ("", None)


def readings_text(readings: tuple[Reading, ...]) -> str:
    """Values that belong to a step, a line each."""
    return "\n".join(
        f"{words(one.name)}: {number_text(one.value)} {one.unit}".rstrip()
        + f" – {one.thing_name}"
        + (f" at {clock_text(one.t_ns)}" if one.t_ns else "")
        for one in readings
    )


# --- sentences of the activity --------------------------------------------------------------------


def incident_sentence(session: TwinSession, event: Event) -> str:
    """What happened to an incident, for a person; "" for kinds that are told elsewhere."""
    say = _SAID.get(event.kind)
    return say(session, event.actor, event.body) if say is not None else ""


def _title(session: TwinSession, body: dict[str, Any]) -> str:
    incident = session.hub.room[Incidents].by_id.get(str(body.get("id")))
    return f"“{incident.title}”" if incident is not None else "an incident"


def _changed(session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    changes = body.get("changes", {})
    title = _title(session, body)
    commander = changes.get("commander") if isinstance(changes, dict) else None
    if isinstance(commander, dict):
        return f"{actor}: {commander.get('name')} commands {title}"
    names = ", ".join(words(name) for name in changes)
    return f"{actor} changed {names} of {title}"


def _task(_session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    task = body.get("task", {})
    title, found = f"“{task.get('title', '')}”", task.get("found", "")
    told = f" – {found}" if found else ""
    match task.get("status", "open"):
        case "taken":
            return f"{actor} takes {title}"
        case "done":
            return f"{actor} has done {title}{told}"
        case "skipped":
            return f"{actor} skipped {title}{told}"
        case _:
            to = words(task.get("department", "")) or "whoever works it"
            return f"To do for {to}: {title}"


def _unit(session: TwinSession, actor: str, body: dict[str, Any]) -> str:
    unit = body.get("unit", {})
    status = UNIT_WORDS.get(unit.get("status", ""), "")
    return f"{actor}: {unit.get('name', '')} is {status} for {_title(session, body)}"


def _run_title(session: TwinSession, body: dict[str, Any]) -> str:
    run = session.hub.room[Incidents].runs.get(str(body.get("id")))
    return f"“{run.playbook.title}”" if run is not None else "a playbook"


def _passed(session: TwinSession, _actor: str, body: dict[str, Any]) -> str:
    n = len(body.get("passed", {}))
    return f"{count_text(n, 'step')} of {_run_title(session, body)} not needed"


_Said = Callable[[TwinSession, str, dict[str, Any]], str]
_SAID: dict[str, _Said] = {
    "incident.opened": lambda _s, actor, body: (
        f"{actor} opened the incident “{body.get('incident', {}).get('title', '')}”"
    ),
    "incident.changed": _changed,
    "incident.department_asked": lambda s, actor, body: (
        f"{actor} asked {words(body.get('asked', {}).get('department', ''))} to take part in"
        f" {_title(s, body)}"
    ),
    "incident.department_took": lambda s, actor, body: f"{actor} takes part in {_title(s, body)}",
    "incident.unit": _unit,
    "incident.logged": lambda s, actor, body: f"{actor} on {_title(s, body)}: {body.get('text')}",
    "incident.closed": lambda s, actor, body: (
        f"{actor} closed {_title(s, body)}: {body.get('cause', '')}"
    ),
    "task.put": _task,
    "playbook.started": lambda _s, actor, body: (
        f"{actor} started the playbook “{body.get('run', {}).get('playbook', {}).get('title', '')}”"
    ),
    "playbook.passed": _passed,
    "playbook.ended": lambda s, _actor, body: (
        f"{_run_title(s, body)} has ended: {body.get('text', '')}"
    ),
}
