"""What a console asks about stage, shift, units and workspaces, and what a handover begins with.

Each function that asks sends one act and gives its id; a refusal comes back under that id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from twin.ids import uuid7
from twin.link.presence import Look
from twin.room.fold import Room
from twin.room.model import Operator
from twin.room.parts.alarms import Alarms, AlarmState
from twin.room.parts.holds import Holds
from twin.room.parts.incidents import Incidents
from twin.room.parts.leases import Leases
from twin.room.parts.shifts import Handover, HandoverItem, Shifts
from twin.room.parts.stage import STAGE_WORDS, Stage
from twin.sense.health import Health, health_of, health_text
from twin.session import TwinSession
from twin.staging import Proposal

#: Most of one kind in a handover; further ones are counted in a line.
MOST_OF_A_KIND = 40


def set_stage(session: TwinSession, level: int, reason: str, proposal: Proposal) -> str:
    """Set the stage of the city; what was proposed is kept with it."""
    body = {
        "level": level,
        "expected": session.hub.room[Stage].level,
        "reason": reason,
        "proposed": proposal.level,
        "facts": list(proposal.facts),
    }
    return session.hub.act("stage.set", body)


# --- shift ----------------------------------------------------------------------------------------


def note_for_shift(session: TwinSession, text: str) -> str:
    """Write a line into the log of the shift."""
    return session.hub.act("shift.note", {"id": uuid7(session.clock), "text": text})


def take_shift(session: TwinSession, reason: str = "") -> str:
    """Lead the shift from now on."""
    return session.hub.act("shift.take", {"reason": reason})


def hand_shift_over(
    session: TwinSession, to: Operator | None, text: str, items: tuple[HandoverItem, ...]
) -> str:
    """Hand the shift over; None = to whoever accepts it."""
    body = {
        "id": uuid7(session.clock),
        "to_console": to.console_id if to is not None else "",
        "text": text,
        "items": msgspec.to_builtins(items),
    }
    return session.hub.act("shift.hand_over", body)


def accept_shift(session: TwinSession, handover: Handover, text: str = "") -> str:
    """Accept exactly the handover that was read."""
    body = {"id": handover.id, "digest": handover.digest, "text": text}
    return session.hub.act("shift.accept", body)


def send_shift_back(session: TwinSession, handover: Handover, text: str) -> str:
    """Say what is missing."""
    return session.hub.act("shift.send_back", {"id": handover.id, "text": text})


def handover_items(session: TwinSession) -> tuple[HandoverItem, ...]:
    """What is to be handed over now: stage, incidents, alarms, queues, leases, sensors, notes."""
    room = session.hub.room
    kinds = (
        _stage_items(room),
        _incident_items(room),
        _alarm_items(room),
        _queue_items(room),
        _lease_items(room),
        _note_items(room),
    )
    items = [item for kind in kinds for item in _bounded(tuple(kind))]
    return (*items, *_sensor_items(session))


def _bounded(items: tuple[HandoverItem, ...]) -> tuple[HandoverItem, ...]:
    n_more = len(items) - MOST_OF_A_KIND
    if n_more <= 0:
        return items
    return (
        *items[:MOST_OF_A_KIND],
        HandoverItem(kind=items[0].kind, title=f"… and {n_more:,} more"),
    )


def _stage_items(room: Room) -> Iterator[HandoverItem]:
    stage = room[Stage]
    newest = stage.newest
    detail = newest.reason if newest is not None else ""
    title = f"Stage {stage.level} ({STAGE_WORDS[stage.level]})"
    yield HandoverItem(kind="stage", title=title, detail=detail)


def _incident_items(room: Room) -> Iterator[HandoverItem]:
    incidents = room[Incidents]
    for one in incidents.open:
        left = [t for t in incidents.tasks_of(one.id) if t.status in ("open", "taken")]
        parts = [one.severity.value]
        if one.commander is not None:
            parts.append(f"{one.commander.name} commands")
        if left:
            parts.append(f"{len(left)} task{'' if len(left) == 1 else 's'} left")
        waiting = [d.department.replace("_", " ") for d in one.departments if d.taken_by is None]
        if waiting:
            parts.append(f"no answer from {', '.join(waiting)}")
        yield HandoverItem(kind="incident", title=one.title, detail=" · ".join(parts), key=one.id)


_SET_ASIDE = {
    AlarmState.SHELVED: "shelved",
    AlarmState.SUPPRESSED: "suppressed",
    AlarmState.OUT_OF_SERVICE: "out of service",
}


def _alarm_items(room: Room) -> Iterator[HandoverItem]:
    for alarm in room[Alarms].by_id.values():
        state = alarm.state
        if state in _SET_ASIDE:
            words = _SET_ASIDE[state]
            by = f" by {alarm.shelved_by.name}" if alarm.shelved_by is not None else ""
            reason = f": {alarm.shelve_reason}" if alarm.shelve_reason else ""
            detail = f"{words}{by}{reason}"
        elif state is AlarmState.UNACKNOWLEDGED:
            detail = f"{alarm.priority.value}, not acknowledged"
        else:
            continue
        title = f"{alarm.thing_name}: {alarm.title}" if alarm.thing_name else alarm.title
        yield HandoverItem(kind="alarm", title=title, detail=detail, key=alarm.id)


def _queue_items(room: Room) -> Iterator[HandoverItem]:
    for hold in room[Holds].by_queue.values():
        detail = f"held by {hold.by.name}" + (f": {hold.reason}" if hold.reason else "")
        kind, _, name = hold.queue.partition(":")
        title = f"Commands of {kind} {name.replace('_', ' ')}" if name else "All commands"
        yield HandoverItem(kind="queue", title=title, detail=detail, key=hold.queue)


def _lease_items(room: Room) -> Iterator[HandoverItem]:
    for lease in room[Leases].held:
        if lease.holder is not None:
            title = lease.asset_name or lease.asset_id
            detail = f"held by {lease.holder.name}"
            yield HandoverItem(kind="lease", title=title, detail=detail, key=lease.asset_id)


def _sensor_items(session: TwinSession) -> Iterator[HandoverItem]:
    """The first of those that are stale or doubtful, and how many more there are."""
    store, now_ns = session.observations, session.clock.now_ns()
    snapshot = store.snapshot()
    codes = health_of(snapshot, now_ns)
    streams, things = store.datastreams, store.things
    bad = np.flatnonzero((codes == Health.STALE) | (codes == Health.SUSPECT))
    for slot in bad[:MOST_OF_A_KIND].tolist():
        stream = streams[slot]
        thing = things.get(stream.thing_id)
        name = thing.name if thing is not None else stream.thing_id
        title = stream.name or f"{name}, {stream.observed_property.replace('_', ' ')}"
        detail = health_text(store, slot, snapshot, now_ns).partition(". ")[0]
        yield HandoverItem(kind="sensor", title=title, detail=detail, key=stream.id)
    n_more = len(bad) - MOST_OF_A_KIND
    if n_more > 0:
        yield HandoverItem(kind="sensor", title=f"… and {n_more:,} more")


def _note_items(room: Room) -> Iterator[HandoverItem]:
    part = room[Shifts]
    began_ns = part.now.began_ns if part.now is not None else 0
    for line in part.lines.values():
        if line.group == "notes" and line.t_ns >= began_ns:
            yield HandoverItem(kind="note", title=line.text[:300], detail=line.actor, key=line.ref)


# --- units ----------------------------------------------------------------------------------------


def take_unit_out(session: TwinSession, unit_id: str, name: str, reason: str) -> str:
    """Say that a unit is out of service."""
    body = {"unit_id": unit_id, "name": name, "reason": reason}
    return session.hub.act("unit.take_out", body)


def put_unit_back(session: TwinSession, unit_id: str) -> str:
    """Say that a unit is in service again."""
    return session.hub.act("unit.put_back", {"unit_id": unit_id})


# --- workspaces -----------------------------------------------------------------------------------


def offer_workspace(session: TwinSession, to: str, look: Look | None, **more: Any) -> str:
    """Offer a workspace to another console; `more` are fields of `WorkspaceOffer`."""
    body = {"id": uuid7(session.clock), "to": to, "look": msgspec.to_builtins(look), **more}
    return session.hub.act("workspace.offer", body)


def take_workspace(session: TwinSession, offer_id: str) -> str:
    """Take an offered workspace over."""
    return session.hub.act("workspace.take", {"id": offer_id})


def withdraw_workspace(session: TwinSession, offer_id: str) -> str:
    """Take an offer back, or decline it."""
    return session.hub.act("workspace.withdraw", {"id": offer_id})
