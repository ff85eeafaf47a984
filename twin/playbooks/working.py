"""Working a playbook at a console: starting it, what belongs to a step now, taking and ticking.

Functions over a session. Those that ask the hub give the id of the act, under which a refusal
comes back. GUI thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

import msgspec
import numpy as np

from twin.commanding import Draft, command_types, issue_command, request_of, target_of
from twin.commands.params import params_from_args
from twin.errors import CommandRejected
from twin.ids import uuid7
from twin.interlocks.expression import expression_of
from twin.playbooks.engine import guard_state
from twin.playbooks.facts import facts_of
from twin.playbooks.model import Evidence, Order, Playbook, PlaybookRun, Reading, Source, Step
from twin.playbooks.rules import filled_args, names_of
from twin.room.model import Command, CommandRequest, CommandState
from twin.room.parts.incidents import Incident, Incidents, Task
from twin.sense.model import Datastream
from twin.session import TwinSession

#: So many things, the nearest ones, are asked for their values.
MOST_ASKED = 80
#: So many values of a source that takes every one.
MOST_READINGS = 20
Point = tuple[float, float, float]


def start_playbook(session: TwinSession, incident_id: str, playbook: Playbook) -> str:
    """Start a playbook on an incident, for everybody."""
    body = {"incident": incident_id, "playbook": msgspec.to_builtins(playbook)}
    return session.hub.act("playbook.start", {"id": uuid7(session.clock), **body})


def stop_playbook(session: TwinSession, run: PlaybookRun, reason: str) -> str:
    """End a playbook early: what is open of it is skipped with the reason."""
    return session.hub.act("playbook.stop", {"id": run.id, "reason": reason})


def middle_of(incident: Incident) -> Point | None:
    """Where an incident is: its place, else the middle of its area; None = it has neither."""
    if incident.xyz is not None:
        return incident.xyz
    if not incident.ring:
        return None
    x, y, z = np.array(incident.ring).mean(axis=0).tolist()
    return (x, y, z)


# --- what belongs to a step -----------------------------------------------------------------------


def collected(session: TwinSession, incident: Incident, step: Step) -> tuple[Reading, ...]:
    """The values that belong to a step, as they are known now; what is not known is left out."""
    middle = middle_of(incident)
    if middle is None:
        return ()
    return tuple(one for source in step.collect for one in _readings(session, middle, source))


def _readings(session: TwinSession, middle: Point, source: Source) -> list[Reading]:
    kinds = session.city_view.kinds_like(source.kind)
    ids = session.city_view.things_near(middle, source.within_m, kinds) if kinds else ()
    found: list[_Seen] = []
    streams = session.observations.datastreams
    for thing_id in ids[:MOST_ASKED]:
        found += _seen_at(session, thing_id, source, streams)
        if source.take == "nearest" and found:
            break
    if source.take == "highest":
        found = [max(found, key=lambda one: one.value)] if found else []
    elif source.take == "lowest":
        found = [min(found, key=lambda one: one.value)] if found else []
    most = MOST_READINGS if source.take == "every" else 1
    return [_reading(session, source.name, one) for one in found[:most]]


class _Seen(NamedTuple):
    """The last value of a datastream that is known."""

    value: float
    t_ns: int
    stream: Datastream
    thing_id: str


def _seen_at(
    session: TwinSession, thing_id: str, source: Source, streams: Sequence[Datastream]
) -> Iterator[_Seen]:
    store = session.observations
    for slot in store.slots_of_thing(thing_id).tolist():
        stream = streams[slot]
        if not fnmatchcase(stream.observed_property, source.property):
            continue
        times, values = store.history_of(slot)
        known = np.flatnonzero(np.isfinite(values))
        if len(known):
            yield _Seen(float(values[known[-1]]), int(times[known[-1]]), stream, thing_id)


def _reading(session: TwinSession, name: str, seen: _Seen) -> Reading:
    return Reading(
        name=name, datastream_id=seen.stream.id, unit=seen.stream.unit, value=seen.value,
        thing_name=session.city_view.name_of(seen.thing_id), t_ns=seen.t_ns,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class StepNow:
    """What is known for an open step at this moment.

    Attributes
    ----------
    guard : True = it holds, False = it does not, a text = why that is not known
    proposed : id of the choice that the values speak for, "" = none or several
    """

    readings: tuple[Reading, ...]
    guard: bool | str = True
    proposed: str = ""


def step_now(session: TwinSession, incident: Incident, step: Step) -> StepNow:
    """Values, guard and proposed answer of a step; asked about once a second."""
    readings = collected(session, incident, step)
    values = {one.name: one.value for one in readings}
    values |= facts_of(incident, session.clock.now_ns())
    names = names_of(step)
    holds = [
        one.id
        for one in step.choices
        if one.when and expression_of(one.when, names).ask(values, {}) is True
    ]
    return StepNow(
        readings=readings,
        guard=guard_state(step, values),
        proposed=holds[0] if len(holds) == 1 else "",
    )


# --- its command ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOrder:
    """The command of a step as it would be given now.

    Attributes
    ----------
    effect : one sentence that names what it does
    inverse_of : id of the earlier command of this incident that it undoes, "" = none
    """

    draft: Draft
    target_name: str
    effect: str
    inverse_of: str = ""


def order_now(session: TwinSession, incident: Incident, order: Order) -> StepOrder:
    """Find the asset of a step's command, and say what it would do.

    The asset of an earlier command of the incident that this one undoes, else the one that is
    named, else the nearest of its kind that takes the command and is not busy.

    Raises
    ------
    CommandRejected
        There is no such asset, or the command does not fit it.
    """
    command_type = command_types().get(order.type_id)
    if command_type is None:
        raise CommandRejected(f"This console knows no command called {order.type_id}")
    undone = _undone(session, incident, order)
    target_id = undone.request.target_id if undone is not None else order.target_id
    target_id = target_id or _nearest(session, incident, order)
    if not target_id:
        raise CommandRejected(
            f"No {order.kind.replace('_', ' ')} within {order.within_m:,.0f} m is free to take "
            f"“{command_type.title}”; give the command by hand"
        )
    middle = middle_of(incident) or (0.0, 0.0, 0.0)
    stands_for = {
        "incident.x": round(middle[0], 2), "incident.y": round(middle[1], 2),
        "incident.title": incident.title,
    }  # fmt: skip
    args = filled_args(order.args, stands_for)
    draft = Draft(type_id=order.type_id, target_id=target_id, args=args)
    request_of(session, draft)  # says why not
    target = target_of(session, target_id)
    name = target.name if target is not None else target_id
    effect = command_type.describe(name, params_from_args(command_type.params, args))
    return StepOrder(
        draft=draft, target_name=name, effect=effect,
        inverse_of=undone.request.id if undone is not None else "",
    )  # fmt: skip


def _undone(session: TwinSession, incident: Incident, order: Order) -> Command | None:
    types = command_types()
    given = [one for one in session.hub.room.commands.values()
             if one.request.incident == incident.id]  # fmt: skip
    undone = {one.request.inverse_of for one in given}
    for one in reversed(given):
        known = types.get(one.request.type_id)
        fits = known is not None and known.inverse == order.type_id
        if fits and one.state is CommandState.VERIFIED and one.request.id not in undone:
            return one
    return None


def _nearest(session: TwinSession, incident: Incident, order: Order) -> str:
    middle, kinds = middle_of(incident), session.city_view.kinds_like(order.kind)
    if middle is None or not kinds:
        return ""
    room = session.hub.room
    busy = {one.request.target_id for one in room.commands.values() if not one.is_terminal}
    for thing_id in session.city_view.things_near(middle, order.within_m, kinds):
        target = target_of(session, thing_id)
        if target is not None and order.type_id in target.accepts and thing_id not in busy:
            return thing_id
    return ""


# --- moving it ------------------------------------------------------------------------------------


def take_step(session: TwinSession, task: Task) -> str:
    """Take a task, or a step without giving its command."""
    return _set(session, task, "taken")


def command_step(
    session: TwinSession, task: Task, step: Step, ordered: StepOrder, override: str = ""
) -> tuple[CommandRequest, str]:
    """Take a step and give its command under this operator's name; the request, and the act's id.

    The hub judges both: the command by rights, leases, interlocks and approvals, the step by its
    guard. Raises `CommandRejected` when the guard does not hold and there is no override, or when
    the command cannot be given; then nothing was sent.
    """
    incident = session.hub.room[Incidents].by_id.get(task.incident)
    if incident is None:
        raise CommandRejected("Its incident is not in the room any more")
    now = step_now(session, incident, step)
    if now.guard is not True and not override.strip():
        why = f" ({now.guard})" if isinstance(now.guard, str) else ""
        wanted = step.guard_text or step.guard
        raise CommandRejected(f"It waits: {wanted}{why}. Wait, or pass it over with a reason")
    request = issue_command(
        session, ordered.draft.type_id, ordered.draft.target_id, ordered.draft.args,
        reason=f"{incident.title}: {step.title}", inverse_of=ordered.inverse_of,
        incident=incident.id,
    )  # fmt: skip
    evidence = Evidence(readings=now.readings, commands=(request.id,), override=override.strip())
    return request, _set(session, task, "taken", evidence=evidence)


def finish_step(
    session: TwinSession,
    task: Task,
    *,
    found: str = "",
    choice: str = "",
    override: str = "",
) -> str:
    """Tick a task; a step takes the values that belong to it along."""
    part = session.hub.room[Incidents]
    run, incident = part.run_of(task), part.by_id.get(task.incident)
    step = run.playbook.step(task.step) if run is not None else None
    readings: tuple[Reading, ...] = ()
    if step is not None and incident is not None:
        readings = collected(session, incident, step)
    evidence = Evidence(readings=readings, choice=choice, override=override.strip())
    return _set(session, task, "done", found=found, evidence=evidence)


def skip_step(session: TwinSession, task: Task, reason: str) -> str:
    """Skip a task, and say why."""
    return _set(session, task, "skipped", found=reason)


def _set(
    session: TwinSession, task: Task, status: str, *, found: str = "",
    evidence: Evidence | None = None,
) -> str:  # fmt: skip
    body = {"id": task.id, "status": status}
    if found.strip():
        body["found"] = found.strip()
    if evidence is not None and evidence != Evidence():
        return session.hub.act("task.set", {**body, "evidence": msgspec.to_builtins(evidence)})
    return session.hub.act("task.set", body)
