"""Where an incident was worked otherwise than planned: steps skipped, late or left open. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from twin.clock import NS_PER_S
from twin.hub.hall import person
from twin.playbooks.engine import progress_of
from twin.playbooks.model import PlaybookRun
from twin.reporting.words import department_text, span_text
from twin.room.parts.incidents import Incident, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One difference between plan and deed.

    Attributes
    ----------
    kind : "skipped", "late", "open", "unanswered", "guard", "ended", "waiting"
    t_ns : when it showed, 0 = at the end
    """

    kind: str
    incident: str
    what: str
    text: str
    t_ns: int = 0


def deviations(
    incidents: Iterable[Incident],
    tasks: Iterable[Task],
    end_ns: int,
    runs: Iterable[PlaybookRun] = (),
) -> tuple[Deviation, ...]:
    """All deviations, by time."""
    titles = {one.id: one.title for one in incidents}
    found = [one for task in tasks for one in _of_task(task, titles.get(task.incident, ""), end_ns)]
    for incident in incidents:
        found += _of_departments(incident, end_ns)
    by_id = {task.id: task for task in tasks}
    for run in runs:
        found += _of_run(run, titles.get(run.incident, ""), by_id)
    return tuple(sorted(found, key=lambda one: one.t_ns or end_ns))


def _of_task(task: Task, incident: str, end_ns: int) -> Iterator[Deviation]:
    who = f" by {person(task.by)}" if task.by else ""
    if task.evidence is not None and task.evidence.override:
        yield Deviation(
            kind="guard", incident=incident, what=task.title, t_ns=task.at_ns,
            text=f"What had to hold was passed over{who}: {task.evidence.override}",
        )  # fmt: skip
    if task.status == "skipped":
        yield Deviation(
            kind="skipped", incident=incident, what=task.title, t_ns=task.at_ns,
            text=f"Skipped{who}: {task.found or 'no reason was given'}",
        )  # fmt: skip
        return
    is_over = task.status == "done"
    late_s = ((task.at_ns if is_over else end_ns) - task.due_ns) / NS_PER_S if task.due_ns else 0.0
    if late_s > 0:
        done = f"Done{who} {span_text(late_s)} late" if is_over else (
            f"Not done, {span_text(late_s)} over its deadline at the end; {_whose(task)}"
        )  # fmt: skip
        yield Deviation(
            kind="late" if is_over else "open", incident=incident, what=task.title, text=done,
            t_ns=task.at_ns if is_over else 0,
        )  # fmt: skip
    elif not is_over:
        text = f"Not done at the end; {_whose(task)}"
        yield Deviation(kind="open", incident=incident, what=task.title, text=text)


def _of_run(run: PlaybookRun, incident: str, tasks: Mapping[str, Task]) -> Iterator[Deviation]:
    """A playbook that was ended early, and steps of one that is still worked that never opened."""
    if run.ended_text.startswith("Ended early"):
        yield Deviation(
            kind="ended", incident=incident, what=f"Playbook “{run.playbook.title}”",
            text=run.ended_text, t_ns=run.ended_ns,
        )  # fmt: skip
        return
    for step in progress_of(run, tasks.get):
        if step.status == "waiting":
            yield Deviation(
                kind="waiting", incident=incident, what=step.step.title,
                text=f"Never came up; for {department_text(step.step.department)}",
            )  # fmt: skip


def _whose(task: Task) -> str:
    if task.status == "taken" and task.by is not None:
        return f"taken by {person(task.by)}"
    return f"for {department_text(task.department)}" if task.department else "for nobody"


def _of_departments(incident: Incident, end_ns: int) -> Iterator[Deviation]:
    for one in incident.departments:
        if one.taken_by is None:
            waited = span_text((end_ns - one.asked_ns) / NS_PER_S)
            yield Deviation(
                kind="unanswered", incident=incident.title,
                what=f"{department_text(one.department)} was asked to join",
                text=f"Nobody there has answered for {waited}",
            )  # fmt: skip
