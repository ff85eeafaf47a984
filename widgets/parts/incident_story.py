"""What happened in an incident, moment by moment, from all that the room holds of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from twin.room.model import Command
from twin.room.parts.alarms import Alarms
from twin.room.parts.incidents import Incident, Incidents
from twin.room.parts.marks import Marks
from twin.room.parts.messages import Messages
from twin.session import TwinSession
from widgets.parts.activity_list import TargetRole, TimeRole
from widgets.parts.command_words import STATE_WORDS, operator_text, request_phrase
from widgets.parts.incident_words import UNIT_WORDS, words
from widgets.parts.wording import clock_text, lower_first

_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened; ``target_id`` is a thing or unit it was about, "" = none."""

    t_ns: int
    text: str
    target_id: str = ""


def story_of(session: TwinSession, incident: Incident) -> list[Moment]:
    """Everything the room knows of an incident, newest first."""
    found = [
        *_of_itself(session, incident),
        *_of_tasks(session, incident),
        *_of_commands(session, incident),
        *_of_the_rest(session, incident),
    ]
    return sorted(found, key=lambda one: -one.t_ns)


def commands_of(session: TwinSession, incident: Incident) -> list[Command]:
    """Commands that were given for it or linked with it."""
    room = session.hub.room
    ids = {one.removeprefix("command:") for one in incident.links if one.startswith("command:")}
    return [
        one
        for one in room.commands.values()
        if one.request.incident == incident.id or one.request.id in ids
    ]


def _of_itself(session: TwinSession, incident: Incident) -> Iterator[Moment]:
    who = operator_text(incident.opened_by)
    yield Moment(incident.opened_ns, f"{who} opened the incident")
    for asked in incident.departments:
        name = words(asked.department)
        if asked.asked_ns > incident.opened_ns or asked.taken_by is None:
            yield Moment(asked.asked_ns, f"{name} was asked to take part")
        if asked.taken_by is not None and asked.taken_ns > incident.opened_ns:
            yield Moment(asked.taken_ns, f"{operator_text(asked.taken_by)} takes part")
    for unit in incident.units:
        told = UNIT_WORDS.get(unit.status, unit.status)
        yield Moment(unit.since_ns, f"{unit.name} is {told}", unit.unit_id)
    for run in session.hub.room[Incidents].runs_of(incident.id):
        title = f"“{run.playbook.title}”"
        yield Moment(run.started_ns, f"{operator_text(run.started_by)} started {title}")
        if run.ended_ns:
            yield Moment(run.ended_ns, f"{title} ended: {run.ended_text}")
    if not incident.is_open:
        by = operator_text(incident.closed_by) if incident.closed_by is not None else "The hub"
        yield Moment(incident.closed_ns, f"{by} closed it: {incident.cause}")


def _of_tasks(session: TwinSession, incident: Incident) -> Iterator[Moment]:
    for task in session.hub.room[Incidents].tasks_of(incident.id):
        if task.status == "open" or task.by is None:
            continue
        did = {"taken": "takes", "done": "has done", "skipped": "skipped"}[task.status]
        found = f": {task.found}" if task.found else ""
        text = f"{operator_text(task.by)} {did} “{task.title}”{found}"
        yield Moment(task.at_ns, text)


def _of_commands(session: TwinSession, incident: Incident) -> Iterator[Moment]:
    for one in commands_of(session, incident):
        what, target = lower_first(request_phrase(one.request)), one.request.target_id
        asked_ns = min(one.times_ns.values(), default=0)
        yield Moment(asked_ns, f"{operator_text(one.issued_by)} asked to {what}", target)
        ended_ns = one.times_ns.get(one.state.value, 0)
        if one.is_terminal and ended_ns:
            state = STATE_WORDS[one.state].lower()
            yield Moment(ended_ns, f"{what[:1].upper()}{what[1:]}: {state}", target)


def _of_the_rest(session: TwinSession, incident: Incident) -> Iterator[Moment]:
    room = session.hub.room
    for line in room[Incidents].lines_of(incident.id):
        yield Moment(line.t_ns, f"{line.by}: {line.text}")
    channel = f"incident:{incident.id}"
    for message in room[Messages].by_id.values():
        if message.channel == channel:
            yield Moment(message.t_ns, f"{operator_text(message.by)} wrote: {message.text}")
    for mark in room[Marks].by_id.values():
        if mark.incident == incident.id or f"mark:{mark.id}" in incident.links:
            what = mark.title or mark.text or mark.kind
            yield Moment(mark.made_ns, f"{operator_text(mark.owner)} marked “{what}”")
    for one in incident.links:
        alarm = room[Alarms].by_id.get(one.removeprefix("alarm:"))
        if one.startswith("alarm:") and alarm is not None:
            where = f"{alarm.thing_name}: " if alarm.thing_name else ""
            yield Moment(alarm.raised_ns, f"Alarm: {where}{alarm.title}", alarm.thing_id)


class MomentList(QAbstractListModel):
    """Item model over moments; painted by `ActivityDelegate`. GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self._moments: list[Moment] = []

    def show_moments(self, moments: Sequence[Moment]) -> None:
        """Replace what is listed, if it is another."""
        if list(moments) != self._moments:
            self.beginResetModel()
            self._moments = list(moments)
            self.endResetModel()

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """How many moments are listed."""
        return 0 if parent.isValid() else len(self._moments)

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Sentence, time of day and target of one moment."""
        if not index.isValid() or index.row() >= len(self._moments):
            return None
        one = self._moments[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return one.text
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{clock_text(one.t_ns)} {one.text}"
        if role == TimeRole:
            return clock_text(one.t_ns)
        return one.target_id if role == TargetRole else None
