"""Who may do what to an incident and its tasks, beyond the policy; handlers and answers share it.

Each gives "" or the sentence with which an act is refused. They read only.
"""

from __future__ import annotations

from twin.hub.hall import person, words
from twin.playbooks.model import PlaybookRun
from twin.room.model import Operator
from twin.room.parts.incidents import Incident, Incidents, Task

MAX_OPEN = 500


def why_not_open(part: Incidents) -> str:
    """Why no other incident is opened."""
    full = len(part.open) >= MAX_OPEN
    return f"There are {MAX_OPEN} open incidents; close some" if full else ""


def worked(part: Incidents, incident_id: str) -> Incident | str:
    """The incident, or why it cannot be worked."""
    incident = part.by_id.get(incident_id)
    if incident is None:
        return "There is no such incident"
    if not incident.is_open:
        return f"“{incident.title}” is closed; open another one"
    return incident


def why_not_part(me: Operator, incident: Incident, department: str) -> str:
    """Why somebody does not take part for a department."""
    if me.department != department:
        return f"Only {words(department)} can answer for itself"
    found = next((one for one in incident.departments if one.department == department), None)
    if found is None or found.taken_by is not None:
        return "It was not asked, or somebody has answered"
    return ""


def why_not_command(me: Operator, incident: Incident) -> str:
    """Why somebody neither takes command nor hands it over."""
    old = incident.commander
    if old is None or old.identity == me.identity or me.rank > old.rank:
        return ""
    return f"{person(old)} commands it; only they or a higher rank"


def why_not_close(me: Operator, incident: Incident, part: Incidents) -> str:
    """Why somebody does not close it."""
    old = incident.commander
    if old is not None and old.identity != me.identity and me.rank <= old.rank:
        return f"{person(old)} commands it and closes it"
    left = [task.title for task in part.tasks_of(incident.id) if task.status in ("open", "taken")]
    if left:
        if len(left) == 1:
            return f"A task is not done, “{left[0]}”: do or skip it first"
        return f"{len(left)} tasks are not done, e.g. “{left[0]}”: do or skip them first"
    return ""


def why_not_task(me: Operator, incident: Incident, task: Task) -> str:
    """Why somebody does not move a task: it is over, or for another department."""
    if task.status in ("done", "skipped"):
        return f"“{task.title}” is {task.status} already"
    leads = incident.commander is not None and incident.commander.identity == me.identity
    if task.department and task.department != me.department and not leads:
        return f"“{task.title}” is for {words(task.department)}"
    return ""


def why_not_end(me: Operator, run: PlaybookRun | None, part: Incidents) -> str:
    """Why somebody does not end a playbook early."""
    if run is None or run.ended_ns:
        return "That playbook is not worked"
    incident = part.by_id.get(run.incident)
    if incident is None or not incident.is_open:
        return "Its incident is closed"
    leader = incident.commander or run.started_by
    if leader.identity != me.identity and me.rank <= leader.rank:
        return f"{person(leader)} leads it; only they or a higher rank end it early"
    return ""
