"""How long each step took, over all and by department: median, longest, and which one. Pure.

A step that has not happened (an alarm nobody acknowledged) has no time; it is counted as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from twin.clock import NS_PER_S
from twin.reporting.chronicle import Chronicle
from twin.reporting.scope import Scope
from twin.reporting.words import ask_text
from twin.room.model import Command, CommandState
from twin.room.parts.incidents import Incident

S = CommandState


@dataclass(frozen=True, slots=True)
class Took:
    """One step of one thing.

    Attributes
    ----------
    seconds : None = it has not happened
    what : which alarm, command, incident
    """

    department: str
    seconds: float | None
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTime:
    """A step, over all things that had it to take.

    Attributes
    ----------
    department : "" = all together
    n, n_missing : that took it; that have not
    median_s, longest_s : None where n is 0
    longest_what : which one took longest
    """

    phase: str
    department: str
    n: int
    n_missing: int
    median_s: float | None
    longest_s: float | None
    longest_what: str = ""


PHASES: tuple[tuple[str, Callable[[Scope, Chronicle], Iterator[Took]]], ...]


def phase_times(scope: Scope, chronicle: Chronicle) -> tuple[PhaseTime, ...]:
    """All phases, each over all and then by department; what nothing had to take is left out.

    Where all of them are of one department there is one line, of that department.
    """
    found: list[PhaseTime] = []
    for phase, steps in PHASES:
        took = list(steps(scope, chronicle))
        if not took:
            continue
        departments = sorted({one.department for one in took})
        if len(departments) == 1:
            found.append(_summed(phase, departments[0], took))
            continue
        found.append(_summed(phase, "", took))
        for department in filter(None, departments):
            own = [one for one in took if one.department == department]
            found.append(_summed(phase, department, own))
    return tuple(found)


def _summed(phase: str, department: str, took: Iterable[Took]) -> PhaseTime:
    every = list(took)
    done = [(one.seconds, one.what) for one in every if one.seconds is not None]
    longest = max(done, default=None)
    return PhaseTime(
        phase=phase, department=department, n=len(done), n_missing=len(every) - len(done),
        median_s=median(seconds for seconds, _ in done) if done else None,
        longest_s=longest[0] if longest else None, longest_what=longest[1] if longest else "",
    )  # fmt: skip


def _between(start_ns: int, end_ns: int) -> float | None:
    return (end_ns - start_ns) / NS_PER_S if start_ns and end_ns else None


def _acknowledged(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    for line in scope.alarms:
        if line.is_annunciated and line.raised_ns:
            seconds = _between(line.raised_ns, line.acked_ns)
            yield Took(
                line.alarm.department, seconds, _alarm(line.alarm.title, line.alarm.thing_name)
            )


def _returned(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    for line in scope.alarms:
        if line.is_annunciated and line.raised_ns:
            seconds = _between(line.raised_ns, line.returned_ns)
            yield Took(
                line.alarm.department, seconds, _alarm(line.alarm.title, line.alarm.thing_name)
            )


def _opened(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    for incident in scope.incidents:
        first = _first_alarm(scope, incident)
        if first:
            yield Took(
                incident.opened_by.department, _between(first, incident.opened_ns), incident.title
            )


def _commanded(scope: Scope, chronicle: Chronicle) -> Iterator[Took]:
    for incident in scope.incidents:
        t_ns = chronicle.commanded_ns.get(incident.id, 0)
        department = incident.commander.department if incident.commander else ""
        yield Took(department, _between(incident.opened_ns, t_ns), incident.title)


def _joined(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    for incident in scope.incidents:
        for one in incident.departments:
            if one.department != incident.opened_by.department:
                yield Took(one.department, _between(one.asked_ns, one.taken_ns), incident.title)


def _all_joined(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    for incident in scope.incidents:
        asked = [o for o in incident.departments if o.department != incident.opened_by.department]
        if asked:
            last = 0 if any(not o.taken_ns for o in asked) else max(o.taken_ns for o in asked)
            yield Took("", _between(incident.opened_ns, last), incident.title)


def _assigned(scope: Scope, chronicle: Chronicle) -> Iterator[Took]:
    for incident in scope.incidents:
        response = chronicle.responses.get(incident.id)
        if response is not None and response.assigned_ns:
            yield Took("", _between(incident.opened_ns, response.assigned_ns), incident.title)


def _on_scene(scope: Scope, chronicle: Chronicle) -> Iterator[Took]:
    for incident in scope.incidents:
        response = chronicle.responses.get(incident.id)
        if response is not None and response.assigned_ns:
            what = f"{incident.title}: {response.unit_name}" if response.unit_name else (
                incident.title
            )  # fmt: skip
            yield Took("", _between(response.assigned_ns, response.on_scene_ns), what)


def _first_command(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    for incident in scope.incidents:
        own = [c for c in scope.commands if scope.incident or c.request.incident == incident.id]
        own = [c for c in own if _at(c, S.SUBMITTED) >= incident.opened_ns]
        first = min(own, key=lambda c: _at(c, S.SUBMITTED), default=None)
        if first is not None:
            seconds = _between(incident.opened_ns, _at(first, S.SUBMITTED))
            yield Took(
                first.issued_by.department, seconds, f"{incident.title}: {ask_text(first.request)}"
            )


def _approved(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    for command in scope.commands:
        asked_ns = _at(command, S.AWAITING_APPROVAL)
        if not asked_ns:
            continue
        said_ns = min((t for t in (_at(command, S.QUEUED), _at(command, S.DENIED)) if t), default=0)
        grants = command.approval.grants if command.approval else ()
        for grant in grants:
            yield Took(grant.department or grant.by.department, _between(asked_ns, grant.t_ns),
                       ask_text(command.request))  # fmt: skip
        if not grants:
            yield Took("", _between(asked_ns, said_ns), ask_text(command.request))


def _sent(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    return _steps(scope, S.SUBMITTED, S.SENT)


def _accepted(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    return _steps(scope, S.SENT, S.ACCEPTED)


def _verified(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    return _steps(scope, S.ACCEPTED, S.VERIFIED)


def _order_to_effect(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    return _steps(scope, S.SUBMITTED, S.VERIFIED)


def _steps(scope: Scope, begin: CommandState, end: CommandState) -> Iterator[Took]:
    for command in scope.commands:
        if _at(command, begin):
            seconds = _between(_at(command, begin), _at(command, end))
            yield Took(command.issued_by.department, seconds, ask_text(command.request))


def _closed(scope: Scope, _chronicle: Chronicle) -> Iterator[Took]:
    for incident in scope.incidents:
        yield Took("", _between(incident.opened_ns, incident.closed_ns), incident.title)


def _at(command: Command, state: CommandState) -> int:
    return command.times_ns.get(state.value, 0)


def _alarm(title: str, thing: str) -> str:
    return f"{thing}: {title}" if thing else title


def _first_alarm(scope: Scope, incident: Incident) -> int:
    linked = {one.removeprefix("alarm:") for one in incident.links if one.startswith("alarm:")}
    own = [a for a in scope.alarms if scope.incident is not None or a.alarm.id in linked]
    own = [a for a in own if 0 < a.raised_ns <= incident.opened_ns]
    return min((a.raised_ns for a in own), default=0)


PHASES = (
    ("Alarm raised → acknowledged", _acknowledged),
    ("Alarm raised → returned to normal", _returned),
    ("First alarm → incident opened", _opened),
    ("Incident opened → somebody commands it", _commanded),
    ("Department asked → joined", _joined),
    ("Incident opened → all departments joined", _all_joined),
    ("Incident opened → first unit assigned", _assigned),
    ("First unit assigned → first on scene", _on_scene),
    ("Incident opened → first command", _first_command),
    ("Approval asked → given or denied", _approved),
    ("Command ordered → sent", _sent),
    ("Command sent → accepted", _accepted),
    ("Command accepted → effect verified", _verified),
    ("Command ordered → effect verified", _order_to_effect),
    ("Incident opened → closed", _closed),
)
