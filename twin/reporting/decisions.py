"""What people decided: who, what, about what, and why, from the facts themselves. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from twin.reporting.words import ask_text, department_text
from twin.room.model import Command, CommandState, Event
from twin.room.parts.incidents import Incident, Task
from twin.room.parts.stage import STAGE_WORDS

_CHANGED = {"severity": "severity", "commander": "commander", "objectives": "objectives",
            "kind": "kind"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision of a person.

    Attributes
    ----------
    kind : "ordered", "approved", "denied", "glass", "cancelled", "incident", "alarm", "task",
        "lease", "queue", "review", "stage", "unit",
        "proposal", "verdict", "rule", "shift"
    who, what, about, why : for a person; `why` "" = no reason was given
    department : for which department it counts, "" = the person's own
    command, incident : what it belongs to, "" = none
    alarms : ids
    """

    seq: int
    t_ns: int
    kind: str
    who: str
    what: str
    about: str
    why: str = ""
    department: str = ""
    command: str = ""
    incident: str = ""
    alarms: tuple[str, ...] = ()


def decision_of(
    event: Event,
    commands: Mapping[str, Command],
    tasks: Mapping[str, Task],
    incidents: Mapping[str, Incident],
) -> Decision | None:
    """The decision that a fact holds, None if it is none.

    Parameters
    ----------
    commands, tasks, incidents : by id, after the fact
    """
    make = _MAKERS.get(event.kind)
    return None if make is None else make(event, commands, _Known(tasks, incidents))


def _reason(event: Event, *names: str) -> str:
    """Why, as the act that caused the fact says it, else the fact."""
    act = event.body.get("act")
    said = act.get("body", {}) if isinstance(act, dict) else {}
    for source in (said, event.body):
        for name in names:
            if isinstance(source, dict) and source.get(name):
                return str(source[name])
    return ""


def _plain(event: Event, kind: str, what: str, about: str, **more: Any) -> Decision:
    return Decision(
        seq=event.seq, t_ns=event.t_ns, kind=kind, who=event.actor, what=what, about=about, **more
    )


_Commands = Mapping[str, Command]


class _Known(NamedTuple):
    """Tasks and incidents by id."""

    tasks: Mapping[str, Task]
    incidents: Mapping[str, Incident]

    def title(self, incident_id: object) -> str:
        """Of an incident."""
        found = self.incidents.get(str(incident_id))
        return found.title if found is not None else ""


_Maker = Callable[[Event, _Commands, _Known], Decision | None]


def _about_command(event: Event, commands: _Commands, kind: str, what: str, why: str) -> Decision:
    key = str(event.body.get("command_id") or event.body.get("id"))
    command = commands.get(key)
    about = ask_text(command.request) if command else key
    incident = command.request.incident if command else ""
    return _plain(event, kind, what, about, why=why, command=key, incident=incident)


def _ordered(event: Event, commands: _Commands, _room: _Known) -> Decision | None:
    key = str(event.body["request"]["id"])
    command = commands.get(key)
    if command is None:
        return None
    asked = command.request
    return _plain(
        event, "ordered", "Ordered", ask_text(asked), why=asked.reason, command=key,
        incident=asked.incident,
    )  # fmt: skip


def _granted(event: Event, commands: _Commands, _room: _Known) -> Decision:
    grant = event.body.get("grant", {})
    found = _about_command(event, commands, "approved", "Approved", str(grant.get("text") or ""))
    return _with_department(found, str(grant.get("department", "")))


def _with_department(found: Decision, department: str) -> Decision:
    what = f"{found.what} for {department_text(department)}" if department else found.what
    return Decision(
        seq=found.seq, t_ns=found.t_ns, kind=found.kind, who=found.who, what=what,
        about=found.about, why=found.why, department=department, command=found.command,
        incident=found.incident,
    )  # fmt: skip


def _state(event: Event, commands: _Commands, _room: _Known) -> Decision | None:
    state, text = event.body.get("state"), str(event.body.get("text", ""))
    if state == CommandState.DENIED:
        why = _reason(event, "text")
        if why == text:
            why = text.partition(": ")[2] or text
        return _about_command(event, commands, "denied", "Denied", why)
    if state == CommandState.CANCELLED and event.actor not in ("", "hub"):
        return _about_command(event, commands, "cancelled", "Cancelled", text)
    return None


def _glass(event: Event, commands: _Commands, _room: _Known) -> Decision:
    why = _reason(event, "reason") or str(event.body.get("text", ""))
    return _about_command(event, commands, "glass", "Broke the glass", why)


def _review(event: Event, _commands: _Commands, _room: _Known) -> Decision:
    key = str(event.body.get("id", "")).removeprefix("review-")
    return _plain(
        event, "review", "Closed the review", "of the broken glass", why=_reason(event, "text"),
        command=key,
    )  # fmt: skip


def _opened(event: Event, _commands: _Commands, _room: _Known) -> Decision:
    incident = event.body["incident"]
    about = f"{incident['title']} ({incident['kind']}, {incident['severity']})"
    return _plain(event, "incident", "Opened an incident", about, incident=incident["id"])


def _changed(event: Event, _commands: _Commands, room: _Known) -> Decision | None:
    said = []
    for name, value in event.body.get("changes", {}).items():
        if name not in _CHANGED:
            continue
        if name == "commander":
            value = value.get("name", "") if isinstance(value, dict) else value
        if isinstance(value, list | tuple):
            value = "; ".join(map(str, value))
        said.append(f"{_CHANGED[name]}: {value}")
    if not said:
        return None
    incident = str(event.body.get("id"))
    return _plain(
        event,
        "incident",
        "Changed the incident",
        "\n".join(filter(None, (room.title(incident), *said))),
        incident=incident,
    )


def _asked(event: Event, _commands: _Commands, _room: _Known) -> Decision:
    asked = event.body["asked"]
    about = department_text(asked["department"])
    return _plain(
        event, "incident", "Asked a department to join", about, why=str(asked.get("text", "")),
        incident=str(event.body.get("id")),
    )  # fmt: skip


def _closed(event: Event, _commands: _Commands, room: _Known) -> Decision:
    why, incident = str(event.body.get("cause", "")), str(event.body.get("id"))
    return _plain(
        event, "incident", "Closed the incident", room.title(incident), why=why, incident=incident
    )


def _task(event: Event, _commands: _Commands, room: _Known) -> Decision | None:
    task = room.tasks.get(str(event.body["task"]["id"]))
    if task is None or task.status != "skipped":
        return None
    return _plain(
        event, "task", "Skipped a task", task.title, why=task.found, incident=task.incident
    )


def _alarms(what: str) -> _Maker:
    def make(event: Event, _commands: _Commands, _room: _Known) -> Decision | None:
        if event.actor == "hub":
            return None
        ids = tuple(map(str, event.body.get("ids", ())))
        about = "one alarm" if len(ids) == 1 else f"{len(ids):,} alarms"
        return _plain(event, "alarm", what, about, why=_reason(event, "reason", "rule"), alarms=ids)

    return make


def _lease(event: Event, _commands: _Commands, _room: _Known) -> Decision | None:
    how = str(event.body.get("how", ""))
    if not how.startswith("rank"):
        return None
    name = str(event.body.get("asset_name") or event.body.get("asset_id"))
    return _plain(event, "lease", "Took over", name, why=how.partition(": ")[2])


def _queue(what: str) -> _Maker:
    def make(event: Event, _commands: _Commands, _room: _Known) -> Decision:
        return _plain(
            event, "queue", what, str(event.body.get("queue", "")), why=_reason(event, "reason")
        )

    return make


def _stage(event: Event, _commands: _Commands, _room: _Known) -> Decision:
    level = int(event.body.get("level", 0))
    about = f"{level} {STAGE_WORDS.get(level, '')}, before {event.body.get('before')}"
    return _plain(event, "stage", "Set the stage of the city", about, why=_reason(event, "reason"))


def _unit(event: Event, _commands: _Commands, _room: _Known) -> Decision:
    about = str(event.body.get("name") or event.body.get("id", ""))
    return _plain(event, "unit", "Took out of service", about, why=_reason(event, "reason"))


def _playbook(event: Event, _commands: _Commands, _room: _Known) -> Decision:
    run = event.body["run"]
    return _plain(
        event, "incident", "Started a playbook", str(run["playbook"]["title"]),
        incident=str(run["incident"]),
    )  # fmt: skip


def _answered(event: Event, _commands: _Commands, _room: _Known) -> Decision:
    said = event.body["answer"]
    alarms = tuple(m.removeprefix("alarm:") for m in said["members"] if m.startswith("alarm:"))
    what = "Said they are one incident" if said["is_one"] else "Said they belong apart"
    about = f"{len(said['members']):,} happenings"
    incident = str(said.get("incident", ""))
    return _plain(event, "proposal", what, about, incident=incident, alarms=alarms)


def _forbidden(event: Event, _commands: _Commands, _room: _Known) -> Decision:
    pair = event.body["pair"]
    about = " and ".join(str(pair.get(f"{one}_name") or pair[one]) for one in "ab")
    why = str(pair.get("reason", ""))
    return _plain(event, "proposal", "Never proposed as one again", about, why=why)


def _verdict(event: Event, _commands: _Commands, _room: _Known) -> Decision:
    said = event.body["verdict"]
    what = "Called it unusual" if said["is_anomaly"] else "Called it usual"
    about = str(said.get("thing_name") or said["datastream_id"])
    return _plain(event, "verdict", what, about, why=str(said.get("reason", "")))


def _rule(event: Event, _commands: _Commands, _room: _Known) -> Decision:
    return _plain(event, "rule", str(event.body.get("text", "Changed a rule")), "")


def _shift(what: str) -> _Maker:
    def make(event: Event, _commands: _Commands, _room: _Known) -> Decision:
        return _plain(event, "shift", what, "", why=_reason(event, "reason", "text"))

    return make


_MAKERS: dict[str, _Maker] = {
    "command.submitted": _ordered,
    "command.granted": _granted,
    "command.state": _state,
    "review.opened": _glass,
    "review.closed": _review,
    "incident.opened": _opened,
    "incident.changed": _changed,
    "incident.department_asked": _asked,
    "incident.closed": _closed,
    "task.put": _task,
    "alarm.shelved": _alarms("Shelved"),
    "alarm.suppressed": _alarms("Suppressed"),
    "alarm.out_of_service": _alarms("Took out of service"),
    "lease.taken": _lease,
    "stage.set": _stage,
    "unit.out_of_service": _unit,
    "playbook.started": _playbook,
    "proposal.answered": _answered,
    "proposal.forbidden": _forbidden,
    "verdict.given": _verdict,
    "rule.put": _rule,
    "rule.removed": _rule,
    "rule.switched": _rule,
    "shift.taken": _shift("Took the shift over"),
    "shift.accepted": _shift("Accepted the shift"),
    "queue.held": _queue("Held a queue"),
    "queue.released": _queue("Released a queue"),
}
