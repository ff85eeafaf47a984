"""Steps of playbooks at the hub: what opens next, and what stands against a step.

Called by the desks of incidents and of playbooks within the same step of the core, so that a tick
and what follows from it are stored together.
"""

from __future__ import annotations

from twin.hub.hall import HUB, Hall
from twin.playbooks.engine import next_moves, refusal
from twin.playbooks.facts import facts_of
from twin.playbooks.model import Evidence, PlaybookRun, Reading, task_id
from twin.room.model import CommandState
from twin.room.parts.incidents import Incidents, Task


def merged(old: Evidence | None, new: Evidence | None) -> Evidence:
    """Evidence of a task after more of it came: commands are added, the rest is the newest."""
    before, after = old or Evidence(), new or Evidence()
    return Evidence(
        readings=after.readings or before.readings,
        commands=tuple(dict.fromkeys((*before.commands, *after.commands))),
        choice=after.choice or before.choice,
        override=after.override or before.override,
    )


def step_refusal(
    hall: Hall, task: Task, status: str, new: Evidence | None, evidence: Evidence
) -> str:
    """Why a step cannot be moved so, "" if it can or the task is no step.

    Parameters
    ----------
    new : what came with this move
    evidence : all of it, with what came before
    """
    part = hall.room[Incidents]
    run, incident = part.run_of(task), part.by_id.get(task.incident)
    step = run.playbook.step(task.step) if run is not None else None
    if step is None or incident is None or status not in ("taken", "done"):
        return ""
    fresh = new or Evidence()
    asked = evidence if status == "done" else fresh
    unverified = tuple(filter(None, (_unverified(hall, one) for one in evidence.commands)))
    return refusal(
        step, status, asked, facts_of(incident, hall.now_ns), unverified,
        gives_command=bool(fresh.commands),
    )  # fmt: skip


def move_on(hall: Hall, run_id: str) -> None:
    """Open what is due in a run, pass over what is not needed, end it when all is over."""
    part = hall.room[Incidents]
    run = part.runs.get(run_id)
    if run is None or run.ended_ns:
        return
    moves = next_moves(run, part.tasks.get, hall.now_ns)
    if moves.passed:
        hall.emit("playbook.passed", HUB, id=run.id, passed=dict(moves.passed))
    for step, due_ns in moves.opened:
        task = Task(
            id=task_id(run.id, step.id), incident=run.incident, title=step.title,
            department=step.department, due_ns=due_ns, step=step.id, given_ns=hall.now_ns,
        )  # fmt: skip
        hall.emit("task.put", HUB, task=task)
    if moves.is_ended:
        hall.emit("playbook.ended", HUB, id=run.id, text=_how_it_went(part, run))


def _unverified(hall: Hall, command_id: str) -> str:
    command = hall.command(command_id)
    if command is None:
        return "its command is not in the room any more; say how it was done"
    if command.state is CommandState.VERIFIED:
        return ""
    title = hall.title(command.request.type_id)
    return f"“{title}” for {command.request.target_name} is {command.state.value}"


def _how_it_went(part: Incidents, run: PlaybookRun) -> str:
    ids = [task_id(run.id, step.id) for step in run.playbook.steps]
    tasks = [task for task in map(part.tasks.get, ids) if task is not None]
    done = sum(task.status == "done" for task in tasks)
    skipped = sum(task.status == "skipped" for task in tasks)
    words = [f"{done} of {len(ids)} steps were done"]
    if skipped:
        words.append(f"{skipped} skipped")
    if len(ids) > len(tasks):
        words.append(f"{len(ids) - len(tasks)} not needed")
    return ", ".join(words)


def readings_fault(readings: tuple[Reading, ...]) -> str:
    """Why values cannot be attached, "" if they can."""
    if len(readings) > 100:
        return "At most 100 values go with a task"
    texts = (text for one in readings for text in (one.name, one.datastream_id, one.thing_name))
    return "A value has names of at most 300 letters" if any(len(t) > 300 for t in texts) else ""
