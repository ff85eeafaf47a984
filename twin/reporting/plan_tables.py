"""The tables on how the work went: departments, playbooks, tasks, deviations. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twin.clock import NS_PER_S
from twin.hub.hall import person
from twin.playbooks.engine import Progress, progress_of
from twin.playbooks.model import Evidence, PlaybookRun
from twin.reporting.chronicle import UnitLine
from twin.reporting.deviations import Deviation
from twin.reporting.document import Column, Table
from twin.reporting.tables import MOST_ROWS, cut_caption
from twin.reporting.words import Clockwork, department_text, span_text, value_text
from twin.room.parts.incidents import Incident, Task


def department_table(incident: Incident, end_ns: int, clockwork: Clockwork) -> Table:
    """Who was asked to join, and when they did."""
    rows = []
    for one in sorted(incident.departments, key=lambda o: o.asked_ns):
        waited = ((one.taken_ns or end_ns) - one.asked_ns) / NS_PER_S
        by = person(one.taken_by) if one.taken_by else "nobody"
        rows.append((
            department_text(one.department), clockwork.time(one.asked_ns),
            clockwork.time(one.taken_ns) if one.taken_ns else "not joined", span_text(waited), by,
            one.text or "–",
        ))  # fmt: skip
    columns = (
        Column("Department", 1.3), Column("Asked", 0.9), Column("Joined", 0.9),
        Column("After", 0.9, "right"), Column("By", 1.4), Column("Asked for", 2.4),
    )  # fmt: skip
    return Table(caption=f"Departments of “{incident.title}”", columns=columns, rows=tuple(rows))


def task_table(tasks: Sequence[Task], clockwork: Clockwork) -> Table:
    """Tasks as they ended."""
    rows = [
        (
            one.title, department_text(one.department), clockwork.time(one.given_ns),
            clockwork.time(one.due_ns), _ended(one, clockwork),
            person(one.by) if one.by else "–", _found(one.found, one.evidence),
        )
        for one in sorted(tasks, key=lambda t: t.given_ns)[:MOST_ROWS]
    ]  # fmt: skip
    columns = (
        Column("Task", 2.4), Column("For", 1.1), Column("Given", 0.9), Column("Due", 0.9),
        Column("Ended", 0.9), Column("By", 1.3), Column("Found", 2.0),
    )  # fmt: skip
    return Table(
        caption=cut_caption("Tasks that people gave", len(tasks)), columns=columns,
        rows=tuple(rows), empty="No task was given",
    )  # fmt: skip


def _ended(task: Task, clockwork: Clockwork) -> str:
    return f"{task.status}\n{clockwork.time(task.at_ns)}" if task.at_ns else task.status


def deviation_table(found: Sequence[Deviation], clockwork: Clockwork) -> Table:
    """Plan against done."""
    rows = [
        (clockwork.time(one.t_ns) if one.t_ns else "at the end", one.what, one.text, one.incident)
        for one in found[:MOST_ROWS]
    ]
    columns = (
        Column("When", 0.9),
        Column("Planned", 2.4),
        Column("Done", 3.0),
        Column("Incident", 1.7),
    )
    return Table(
        caption="Where the work was not as planned", columns=columns, rows=tuple(rows),
        empty="Every task was done in time and every department that was asked has joined",
    )  # fmt: skip


def unit_table(units: Sequence[UnitLine], incident: Incident, clockwork: Clockwork) -> Table:
    """When each unit of an incident was what."""
    rows = tuple(
        (one.name, *(clockwork.time(one.times_ns.get(status, 0)) for status in _UNIT_WORDS))
        for one in units
    )
    columns = (
        Column("Unit", 2.0), *(Column(word, 1.0) for word in _UNIT_WORDS.values()),
    )  # fmt: skip
    return Table(
        caption=f"Units of “{incident.title}”", columns=columns, rows=rows,
        empty="No unit was sent",
    )  # fmt: skip


def run_table(run: PlaybookRun, tasks: Mapping[str, Task], clockwork: Clockwork) -> Table:
    """One playbook, plan against done: a row a step, in its order."""
    rows = [
        (
            one.step.title, department_text(one.step.department), clockwork.time(one.planned_ns),
            clockwork.time(one.due_ns), _step_end(one, clockwork),
            person(one.by) if one.by else "–", _found(one.text, one.evidence),
        )
        for one in progress_of(run, tasks.get)
    ]  # fmt: skip
    ended = f"; {run.ended_text}" if run.ended_text else ""
    columns = (
        Column("Step", 2.2), Column("For", 1.0), Column("Planned by", 0.9), Column("Due", 0.9),
        Column("Ended", 1.2), Column("By", 1.1), Column("Found", 2.2),
    )  # fmt: skip
    return Table(
        caption=f"Playbook “{run.playbook.title}”, started {clockwork.time(run.started_ns)} by"
        f" {person(run.started_by)}{ended}", columns=columns, rows=tuple(rows),
        empty="It has no steps",
    )  # fmt: skip


_UNIT_WORDS = {"assigned": "Assigned", "en_route": "On its way", "on_scene": "On scene",
               "released": "Released"}  # fmt: skip
_STEP_WORDS = {"passed": "not needed", "waiting": "never came up", "open": "not done",
               "taken": "not done"}  # fmt: skip


def _step_end(one: Progress, clockwork: Clockwork) -> str:
    if not one.ended_ns:
        return _STEP_WORDS.get(one.status, one.status)
    late = f"\n{span_text(one.late_ns / NS_PER_S)} late" if one.late_ns > 0 else ""
    return f"{one.status}\n{clockwork.time(one.ended_ns)}{late}"


def _found(text: str, evidence: Evidence | None) -> str:
    """What was found, and the values that were attached."""
    lines = [text] if text else []
    if evidence is not None:
        lines += [f"Answer: {evidence.choice}"] if evidence.choice else []
        lines += [
            f"{one.thing_name}: {value_text(one.value, one.unit)}" for one in evidence.readings
        ]
    return "\n".join(lines) or "–"
