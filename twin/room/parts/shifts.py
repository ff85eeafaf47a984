"""The log of the shift: what was noted by hand beside what is gathered by itself, and handovers.

Lines are kept by group, so that a flood of alarms takes no incident's place. Kinds of events that
other parts take too are read without ever raising: a line is left out rather than a room lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

#: Lines kept of each group.
LINES_KEPT = {"alarms": 200, "incidents": 200, "commands": 200, "stage": 50, "notes": 300}
SHIFTS_KEPT = 30
HANDOVERS_KEPT = 50
#: Priorities of alarms that get a line each; the others are counted.
_TOLD_PRIORITIES = ("critical", "high")
_BAD_ENDS = frozenset({"FAILED", "TIMED_OUT", "UNKNOWN", "DENIED", "EXPIRED"})


class ShiftLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the log.

    Attributes
    ----------
    seq : number of its event, as text
    group : "alarms", "incidents", "commands", "stage" or "notes"
    kind : of its event
    actor : who, as events name people
    name : of what it is about: an alarm's thing, an incident's title, a command's target
    what : priority, severity, command type or final state
    text : title of the alarm, cause, reason or the note itself
    ref : id of the alarm, incident or command
    """

    seq: str
    t_ns: int
    group: str
    kind: str
    actor: str = ""
    name: str = ""
    what: str = ""
    text: str = ""
    ref: str = ""


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One shift. All fields are always written.

    Attributes
    ----------
    id : of the handover it began with; "first" and "taken …" for one that began without
    leader : who leads it, None = nobody has taken it
    ended_ns : 0 = it is the present one
    counts : what happened in it: "alarms", "alarms.critical", "acknowledged", "incidents",
        "incidents.closed", "commands", "commands.verified", "commands.troubled", "notes"
    """

    id: str
    began_ns: int
    leader: Operator | None = None
    ended_ns: int = 0
    counts: dict[str, int] = {}


class HandoverItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is handed over.

    Attributes
    ----------
    kind : "stage", "incident", "alarm", "queue", "lease", "sensor" or "note"
    key : id of what it is, "" for words alone
    """

    kind: str
    title: str
    detail: str = ""
    key: str = ""


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """One handover. All fields are always written.

    Attributes
    ----------
    to : console that is to accept it, None = anybody who may
    digest : of what the outgoing leader sent; whoever accepts names it
    state : "open", "accepted" or "sent_back"
    answered_by, answered_ns, answer : who accepted or sent it back
    """

    id: str
    by: Operator
    at_ns: int
    digest: str
    to: Operator | None = None
    text: str = ""
    items: tuple[HandoverItem, ...] = ()
    state: str = "open"
    answered_by: Operator | None = None
    answered_ns: int = 0
    answer: str = ""


class _Noted(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "shift.noted"."""

    id: str
    text: str


class _Offered(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "shift.offered"."""

    handover: Handover


class _Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "shift.accepted" and "shift.sent_back"."""

    id: str
    by: Operator
    text: str = ""


class _Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "shift.taken"."""

    by: Operator


class Shifts(Part):
    """Shifts, their lines and their handovers, oldest first."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.lines = self.table("shift_line", ShiftLine, lambda entry: entry.seq)
        self.shifts = self.table("shift", Shift, lambda entry: entry.id)
        self.handovers = self.table("handover", Handover, lambda entry: entry.id)
        self._by_group: dict[str, deque[str]] = {}

    @property
    def now(self) -> Shift | None:
        """The present shift, None before the first event."""
        return next(reversed(self.shifts.values()), None)

    @property
    def open(self) -> tuple[Handover, ...]:
        """Handovers that wait for an answer."""
        return tuple(one for one in self.handovers.values() if one.state == "open")

    def handlers(self) -> Mapping[str, Handler]:
        """What is noted, gathered and handed over."""
        gathered: dict[str, Callable[[Event], None]] = {
            "alarm.raised": self._alarm,
            "alarm.acknowledged": self._acked,
            "incident.opened": self._incident,
            "incident.closed": self._incident_closed,
            "command.submitted": self._command,
            "command.state": self._command_moved,
            "stage.set": self._stage,
        }
        return {
            **gathered,
            "hub.started": self._begin,
            "shift.noted": self._noted,
            "shift.offered": self._offered,
            "shift.accepted": self._accepted,
            "shift.sent_back": self._sent_back,
            "shift.taken": self._taken,
        }

    def loaded(self) -> None:
        """Remember the order of the lines in each group."""
        self._by_group = {}
        for line in self.lines.values():
            self._by_group.setdefault(line.group, deque()).append(line.seq)

    # --- gathered by itself ---------------------------------------------------------------------

    def _alarm(self, event: Event) -> None:
        alarm: Any = event.body.get("alarm")
        if not isinstance(alarm, dict):
            return
        priority = str(alarm.get("priority", ""))
        self._count(event, "alarms", f"alarms.{priority}")
        if priority in _TOLD_PRIORITIES:
            name, title = str(alarm.get("thing_name", "")), str(alarm.get("title", ""))
            ref = str(alarm.get("id", ""))
            self._tell(event, "alarms", name=name, what=priority, text=title, ref=ref)

    def _acked(self, event: Event) -> None:
        ids: Any = event.body.get("ids")
        n = len(ids) if isinstance(ids, list | tuple) else 0
        if n:
            self._count(event, "acknowledged", n=n)
            self._tell(event, "alarms", what=str(n), ref=str(ids[0]))

    def _incident(self, event: Event) -> None:
        incident: Any = event.body.get("incident")
        if not isinstance(incident, dict):
            return
        self._count(event, "incidents")
        title, severity = str(incident.get("title", "")), str(incident.get("severity", ""))
        ref = str(incident.get("id", ""))
        self._tell(event, "incidents", name=title, what=severity, ref=ref)

    def _incident_closed(self, event: Event) -> None:
        ref, cause = str(event.body.get("id", "")), str(event.body.get("cause", ""))
        self._count(event, "incidents.closed")
        self._tell(event, "incidents", name=self._name_of("incidents", ref), text=cause, ref=ref)

    def _command(self, event: Event) -> None:
        request: Any = event.body.get("request")
        if not isinstance(request, dict):
            return
        self._count(event, "commands")
        name, what = str(request.get("target_name", "")), str(request.get("type_id", ""))
        self._tell(event, "commands", name=name, what=what, ref=str(request.get("id", "")))

    def _command_moved(self, event: Event) -> None:
        state, ref = str(event.body.get("state", "")), str(event.body.get("id", ""))
        if state == "VERIFIED":
            self._count(event, "commands.verified")
        elif state in _BAD_ENDS:
            self._count(event, "commands.troubled")
            name, text = self._name_of("commands", ref), str(event.body.get("text", ""))
            self._tell(event, "commands", name=name, what=state, text=text, ref=ref)

    def _stage(self, event: Event) -> None:
        level, reason = event.body.get("level"), str(event.body.get("reason", ""))
        self._tell(event, "stage", what=str(level), text=reason)

    # --- by people ------------------------------------------------------------------------------

    def _begin(self, event: Event) -> None:
        if self.now is None:
            self.shifts.put(Shift(id="first", began_ns=event.t_ns))

    def _noted(self, event: Event) -> None:
        body = read_body(event, _Noted)
        self._count(event, "notes")
        self._tell(event, "notes", text=body.text, ref=body.id)

    def _offered(self, event: Event) -> None:
        self.handovers.put(read_body(event, _Offered).handover)
        if len(self.handovers) > HANDOVERS_KEPT:
            self.handovers.drop(next(iter(self.handovers)))

    def _accepted(self, event: Event) -> None:
        body = read_body(event, _Answered)
        self._answer(event, body, "accepted")
        self._start(event, body.id, body.by)

    def _sent_back(self, event: Event) -> None:
        self._answer(event, read_body(event, _Answered), "sent_back")

    def _taken(self, event: Event) -> None:
        by = read_body(event, _Taken).by
        self._start(event, f"taken {event.seq}", by)

    def _answer(self, event: Event, body: _Answered, state: str) -> None:
        handover = self.handovers.get(body.id)
        if handover is not None:
            answered = msgspec.structs.replace(
                handover, state=state, answered_by=body.by, answered_ns=event.t_ns,
                answer=body.text,
            )  # fmt: skip
            self.handovers.put(answered)

    def _start(self, event: Event, shift_id: str, leader: Operator) -> None:
        now = self.now
        if now is not None:
            self.shifts.put(msgspec.structs.replace(now, ended_ns=event.t_ns))
        self.shifts.put(Shift(id=shift_id, began_ns=event.t_ns, leader=leader))
        if len(self.shifts) > SHIFTS_KEPT:
            self.shifts.drop(next(iter(self.shifts)))

    # --- keeping --------------------------------------------------------------------------------

    def _count(self, event: Event, *names: str, n: int = 1) -> None:
        self._begin(event)
        now = self.now
        assert now is not None  # noqa: S101 - begun above
        counts = dict(now.counts)
        for name in names:
            counts[name] = counts.get(name, 0) + n
        self.shifts.put(msgspec.structs.replace(now, counts=counts))

    def _tell(self, event: Event, group: str, **more: str) -> None:
        line = ShiftLine(
            seq=str(event.seq), t_ns=event.t_ns, group=group, kind=event.kind, actor=event.actor,
            **more,
        )  # fmt: skip
        self.lines.put(line)
        kept = self._by_group.setdefault(group, deque())
        kept.append(line.seq)
        if len(kept) > LINES_KEPT[group]:
            self.lines.drop(kept.popleft())

    def _name_of(self, group: str, ref: str) -> str:
        """What an earlier line of the same thing called it."""
        for seq in reversed(self._by_group.get(group, ())):
            line = self.lines.get(seq)
            if line is not None and line.ref == ref and line.name:
                return line.name
        return ""


PART = PartType(id="shifts", make=Shifts)
