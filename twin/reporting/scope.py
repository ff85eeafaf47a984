"""What a report speaks of: a span of time, or one incident with all that belongs to it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

from twin.clock import NS_PER_S
from twin.near_names import near_names
from twin.playbooks.model import PlaybookRun
from twin.reporting.chronicle import AlarmLine, Chronicle, LogLine
from twin.reporting.decisions import Decision
from twin.reporting.errors import ReportError
from twin.room.model import Command
from twin.room.parts.incidents import Incident, Task
from twin.room.parts.messages import Message

#: Alarms that came so long before an incident was opened may have led to it.
BEFORE_NS = 600 * NS_PER_S
#: Where nobody linked its alarms, those so near an incident count as its own, metres.
NEAR_M = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What was chosen out of a chronicle.

    Attributes
    ----------
    incident : the one the report is about, None = everything in the span
    incidents : all that are told, by time
    remark : how alarms were assigned to an incident, "" = by its own links
    """

    start_ns: int
    end_ns: int
    incident: Incident | None = None
    incidents: tuple[Incident, ...] = ()
    tasks: tuple[Task, ...] = ()
    runs: tuple[PlaybookRun, ...] = ()
    alarms: tuple[AlarmLine, ...] = ()
    commands: tuple[Command, ...] = ()
    decisions: tuple[Decision, ...] = ()
    messages: tuple[Message, ...] = ()
    lines: tuple[LogLine, ...] = ()
    remark: str = ""

    @property
    def seconds(self) -> float:
        """Length of the span."""
        return (self.end_ns - self.start_ns) / NS_PER_S


def whole_scope(chronicle: Chronicle, start_ns: int, end_ns: int) -> Scope:
    """Everything between two moments."""

    def inside(t_ns: int) -> bool:
        return start_ns <= t_ns <= end_ns

    incidents = tuple(
        one
        for one in chronicle.incidents.values()
        if one.opened_ns <= end_ns and (one.is_open or one.closed_ns >= start_ns)
    )
    ids = {one.id for one in incidents}
    return Scope(
        start_ns=start_ns, end_ns=end_ns, incidents=incidents,
        tasks=tuple(task for task in chronicle.tasks.values() if task.incident in ids),
        runs=tuple(run for run in chronicle.runs.values() if run.incident in ids),
        alarms=tuple(
            line
            for line in chronicle.alarms
            if line.raised_ns <= end_ns and not 0 < line.returned_ns < start_ns
        ),
        commands=tuple(
            one
            for one in chronicle.commands.values()
            if _submitted(one) <= end_ns and (not one.is_terminal or one.moved_ns >= start_ns)
        ),
        decisions=tuple(one for one in chronicle.decisions if inside(one.t_ns)),
        messages=tuple(one for one in chronicle.messages if inside(one.t_ns)),
        lines=tuple(one for one in chronicle.lines if inside(one.t_ns)),
    )  # fmt: skip


def incident_scope(chronicle: Chronicle, incident: Incident, last_ns: int) -> Scope:
    """One incident with its alarms, commands, tasks, messages and decisions."""
    end_ns = incident.closed_ns or last_ns
    alarms, remark = _alarms_of(chronicle, incident, end_ns)
    links = set(incident.links)
    commands = tuple(
        one
        for one in chronicle.commands.values()
        if one.request.incident == incident.id
        or f"command:{one.request.id}" in links
        or (one.request.batch and f"batch:{one.request.batch}" in links)
    )
    keys, ids = {one.request.id for one in commands}, {line.alarm.id for line in alarms}
    decisions = tuple(
        one
        for one in chronicle.decisions
        if one.incident == incident.id or one.command in keys or ids.intersection(one.alarms)
    )
    channel = f"incident:{incident.id}"
    times = [incident.opened_ns, *(line.raised_ns for line in alarms if line.raised_ns)]
    return Scope(
        start_ns=max(min(times), incident.opened_ns - BEFORE_NS), end_ns=end_ns,
        incident=incident, incidents=(incident,),
        tasks=tuple(task for task in chronicle.tasks.values() if task.incident == incident.id),
        runs=tuple(run for run in chronicle.runs.values() if run.incident == incident.id),
        alarms=alarms, commands=commands, decisions=decisions,
        messages=tuple(one for one in chronicle.messages if one.channel == channel),
        lines=tuple(one for one in chronicle.lines if one.incident == incident.id),
        remark=remark,
    )  # fmt: skip


def incident_named(chronicle: Chronicle, name: str) -> Incident:
    """The incident of an id or a title.

    Raises
    ------
    ReportError
        There is none, or several have that title.
    """
    known = chronicle.incidents
    if name in known:
        return known[name]
    found = [one for one in known.values() if one.title.casefold() == name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one.id for one in found)
        raise ReportError(f"{len(found)} incidents are called “{name}”; name one by its id: {ids}")
    if not known:
        raise ReportError(f"The log holds no incident, so none that is called {name!r}")
    near = near_names(name, [*(one.title for one in known.values()), *known])
    several = "; ".join(f"{one.id} “{one.title}”" for one in list(known.values())[:5])
    hint = f"did you mean {near}?" if near else f"it holds {several}"
    raise ReportError(f"The log holds no incident that is called {name!r}; {hint}")


def _alarms_of(
    chronicle: Chronicle, incident: Incident, end_ns: int
) -> tuple[tuple[AlarmLine, ...], str]:
    linked = {one.removeprefix("alarm:") for one in incident.links if one.startswith("alarm:")}
    in_time = [
        line
        for line in chronicle.alarms
        if line.raised_ns <= end_ns and not 0 < line.returned_ns < incident.opened_ns - BEFORE_NS
    ]
    if linked:
        found = [a for a in in_time if a.alarm.id in linked or a.alarm.root in linked]
        return tuple(found), ""
    if incident.xyz is None:
        return (), "No alarm was linked to the incident, and it has no place to find some by."
    x, y, _ = incident.xyz
    reach = max(incident.radius_m, NEAR_M)
    near = [
        line
        for line in in_time
        if line.alarm.xyz is not None
        and line.raised_ns >= incident.opened_ns - BEFORE_NS
        and hypot(line.alarm.xyz[0] - x, line.alarm.xyz[1] - y) <= reach
    ]
    return tuple(near), (
        f"Nobody linked alarms to the incident; told are those within {reach:,.0f} m of it, from"
        f" {BEFORE_NS // NS_PER_S // 60} minutes before it was opened on."
    )


def _submitted(command: Command) -> int:
    return min(command.times_ns.values(), default=command.moved_ns)
