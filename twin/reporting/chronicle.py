"""One pass over the facts: what became of every alarm, command, incident, task, and who did what.

The room itself forgets what is over; here it is kept. The fold is the room's own, so that what a
report says of a moment is what every console showed.

Hard-won rules (tests/twin/test_reporting.py):

1. A fact that does not fit is counted and said, and the pass goes on: a report of a damaged log is
   better than none. From there to the next whole room no fingerprint is stated.
2. An alarm that comes again before it was normal is the same line with a higher count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from twin.errors import TwinError
from twin.link.control import Heartbeat
from twin.playbooks.model import PlaybookRun
from twin.recording.form import Picture
from twin.reporting.decisions import Decision, decision_of
from twin.reporting.source import Step
from twin.room.fold import Room
from twin.room.model import Command, Event, Operator
from twin.room.parts.alarms import Alarm, Alarms
from twin.room.parts.incidents import Incident, Incidents, Task
from twin.room.parts.messages import Message, Messages
from twin.room.parts.units import Response, Units

_TOLD_EVERY = 2_000


@dataclass(slots=True, kw_only=True)
class AlarmLine:
    """One alarm from its coming until it is normal.

    Attributes
    ----------
    alarm : as it came
    is_annunciated : it was not suppressed, shelved or out of service when it came
    raised_ns, acked_ns, returned_ns : hub time, 0 = not
    again_ns : when it came again before it was normal
    """

    alarm: Alarm
    seq: int
    is_annunciated: bool
    raised_ns: int
    acked_ns: int = 0
    acked_by: Operator | None = None
    returned_ns: int = 0
    shelved_ns: int = 0
    again_ns: list[int] = field(default_factory=list)

    def stands_at(self, t_ns: int) -> bool:
        """Whether it was active then."""
        return self.raised_ns <= t_ns and not 0 < self.returned_ns <= t_ns

    @property
    def n_raised(self) -> int:
        """How often it came."""
        return 1 + len(self.again_ns)


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something somebody wrote down: in the log of an incident, or as a note."""

    seq: int
    t_ns: int
    who: str
    text: str
    incident: str = ""


@dataclass(slots=True)
class UnitLine:
    """One unit on one incident: status -> when it first had it."""

    incident: str
    unit_id: str
    name: str
    times_ns: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Presence:
    """Somebody was there from then until then (0 = until the end)."""

    operator: Operator
    from_ns: int
    to_ns: int = 0


@dataclass(slots=True)
class Agreement:
    """How the room folded here compares with the fingerprints that the hub told."""

    n_agreed: int = 0
    agreed_seq: int = 0
    differs_seq: int = 0


class Chronicle:
    """Collects while it folds. One thread.

    Attributes
    ----------
    room : after the last fact taken
    is_exact : the room is the hub's; False after a fact was missing, until the next whole room
    commanded_ns : id of an incident -> when somebody first took command
    counts : kind of fact -> how many
    """

    def __init__(self) -> None:
        self.room = Room()
        self.is_exact = True
        self.first_seq = self.last_seq = 0
        self.first_ns = self.last_ns = 0
        self.n_events = 0
        self.missing: list[str] = []
        self.agreement = Agreement()
        self.alarms: list[AlarmLine] = []
        self.commands: dict[str, Command] = {}
        self.incidents: dict[str, Incident] = {}
        self.commanded_ns: dict[str, int] = {}
        self.tasks: dict[str, Task] = {}
        self.runs: dict[str, PlaybookRun] = {}
        self.responses: dict[str, Response] = {}
        self.units: dict[tuple[str, str], UnitLine] = {}
        self.messages: list[Message] = []
        self.decisions: list[Decision] = []
        self.lines: list[LogLine] = []
        self.people: list[Presence] = []
        self.counts: dict[str, int] = {}
        self._running: dict[str, AlarmLine] = {}
        self._here: dict[str, Presence] = {}
        self._n_odd = 0

    def take_all(self, steps: Iterable[Step], told: Callable[[int], None] = lambda _: None) -> None:
        """Take everything; `told` is told now and then which moment it has come to."""
        for n, step in enumerate(steps, 1):
            if n % _TOLD_EVERY == 0:
                told(self.last_ns)
            match step:
                case Event():
                    self.take(step)
                case Picture():
                    self.take_room(step)
                case Heartbeat():
                    self.compare(step)
        if self._n_odd:
            self.missing.append(f"{self._n_odd:,} facts do not fit what the log holds before them")

    def take(self, event: Event) -> None:
        """Take the next fact."""
        if not self.n_events:
            self.first_seq, self.first_ns = event.seq, event.t_ns
        if event.seq <= self.last_seq:
            return
        if event.seq != self.room.seq + 1:
            self._miss(event)
        before = self._running_of(event)
        try:
            self.room.apply(event)
        except TwinError:
            self._n_odd += 1
            self.is_exact = False
            self.room.seq = event.seq
            return
        finally:
            self.n_events += 1
            self.last_seq, self.last_ns = event.seq, event.t_ns
        self.counts[event.kind] = self.counts.get(event.kind, 0) + 1
        self._note(event, before)

    def take_room(self, picture: Picture) -> None:
        """Take a whole room: what began before the log, or in a hole of it, is in it."""
        if self.is_exact and self.n_events and picture.seq == self.room.seq:
            return
        if picture.seq < self.last_seq:
            return
        try:
            self.room = Room.from_bytes(picture.room)
        except TwinError as error:
            self.missing.append(f"A recorded room cannot be read: {error}")
            return
        self.is_exact = True
        self.last_seq = max(self.last_seq, picture.seq)
        self._adopt()

    def compare(self, heartbeat: Heartbeat) -> None:
        """Hold the hub's own fingerprint against the one folded here."""
        if not self.is_exact or heartbeat.seq != self.room.seq:
            return
        if heartbeat.state_hash == self.room.state_hash():
            self.agreement.n_agreed += 1
            self.agreement.agreed_seq = heartbeat.seq
        else:
            self.agreement.differs_seq = self.agreement.differs_seq or heartbeat.seq

    @property
    def state_hash(self) -> str:
        """Fingerprint of the room after the last fact, "" where facts before it are missing."""
        return self.room.state_hash() if self.is_exact else ""

    # --- inside -----------------------------------------------------------------------------------

    def _miss(self, event: Event) -> None:
        first, last = self.room.seq + 1, event.seq - 1
        if self.room.seq == 0 and self.n_events == 0:
            self.missing.append(f"The log begins with fact {event.seq:,}")
        else:
            said = f"Fact {first:,} is" if first == last else f"Facts {first:,} to {last:,} are"
            self.missing.append(f"{said} missing")
        self.is_exact = False
        self.room.seq = event.seq - 1

    def _adopt(self) -> None:
        """Take what a whole room knows and no fact told."""
        for command in self.room.commands.values():
            self._keep_command(command)
        part = self.room[Incidents]
        for incident in part.by_id.values():
            self._keep_incident(incident)
        self.tasks.update(part.tasks.entries)
        self.runs.update(part.runs.entries)
        self.responses.update(self.room[Units].responses.entries)
        known = {message.id for message in self.messages[-2_000:]}
        self.messages += [m for m in self.room[Messages].by_id.values() if m.id not in known]
        there = self.room[Alarms].by_id.entries
        for alarm in there.values():
            if alarm.id not in self._running:
                self._begin(alarm, 0)
        for alarm_id in [key for key in self._running if key not in there]:
            del self._running[alarm_id]
        for operator in self.room.operators.values():
            if operator.console_id not in self._here:
                self._come(operator, 0)

    def _running_of(self, event: Event) -> dict[str, AlarmLine]:
        """The lines an alarm event is about, before it may end them."""
        if not event.kind.startswith("alarm.") or event.kind == "alarm.raised":
            return {}
        ids = event.body.get("ids", ())
        return {one: self._running[one] for one in ids if one in self._running}

    def _note(self, event: Event, lines: dict[str, AlarmLine]) -> None:
        match event.kind.partition("."):
            case "alarm", _, "raised":
                self._raised(event)
            case "alarm", _, _:
                self._alarm_moved(event, lines)
            case "incident" | "task", _, _:
                self._incident_moved(event)
            case "playbook", _, _:
                self.runs.update(self.room[Incidents].runs.entries)
            case "command", _, _:
                self._command_moved(event)
            case "operator" | "hub", _, _:
                self._people_moved(event)
            case ("message", _, "posted") | ("note", _, "added"):
                self._written(event)
        decision = decision_of(event, self.commands, self.tasks, self.incidents)
        if decision is not None:
            self.decisions.append(decision)

    def _raised(self, event: Event) -> None:
        alarm = self.room[Alarms].by_id.get(event.body["alarm"]["id"])
        if alarm is None:
            return
        line = self._running.get(alarm.id)
        if line is not None and (line.returned_ns == 0 or line.acked_ns == 0):
            line.again_ns.append(event.t_ns)
            line.returned_ns = 0
            return
        self._begin(alarm, event.seq)

    def _begin(self, alarm: Alarm, seq: int) -> None:
        line = AlarmLine(
            alarm=alarm, seq=seq, is_annunciated=alarm.is_annunciated, raised_ns=alarm.raised_ns,
            acked_ns=alarm.acked_ns, acked_by=alarm.acked_by, returned_ns=alarm.returned_ns,
        )  # fmt: skip
        self._running[alarm.id] = line
        self.alarms.append(line)

    def _alarm_moved(self, event: Event, lines: dict[str, AlarmLine]) -> None:
        there = self.room[Alarms].by_id
        for alarm_id, line in lines.items():
            if event.kind == "alarm.acknowledged" and not line.acked_ns:
                line.acked_ns = event.t_ns
                line.acked_by = _operator(event.body.get("by"))
            elif event.kind == "alarm.returned":
                line.returned_ns = event.t_ns
            elif event.kind == "alarm.shelved":
                line.shelved_ns = event.t_ns
            if alarm_id not in there:
                del self._running[alarm_id]

    def _command_moved(self, event: Event) -> None:
        body = event.body
        key = str(body["request"]["id"] if "request" in body else body.get("id"))
        command = self.room.commands.get(key)
        if command is not None:
            self._keep_command(command)

    def _written(self, event: Event) -> None:
        if event.kind == "note.added":
            self._add_line(event, "")
            return
        message = self.room[Messages].by_id.get(str(event.body.get("id")))
        if message is not None:
            self.messages.append(message)

    def _add_line(self, event: Event, incident: str) -> None:
        text = str(event.body.get("text", ""))
        self.lines.append(LogLine(event.seq, event.t_ns, event.actor, text, incident))

    def _people_moved(self, event: Event) -> None:
        console_id = str(event.body.get("console_id"))
        found = self.room.operators.get(console_id)
        if event.kind == "operator.joined" and found is not None:
            self._come(found, event.t_ns)
        elif event.kind == "operator.left":
            self._go(console_id, event.t_ns)
        elif event.kind == "hub.started":
            for one in list(self._here):
                self._go(one, event.t_ns)

    def _incident_moved(self, event: Event) -> None:
        body, part = event.body, self.room[Incidents]
        if "task" in body:
            task = part.tasks.get(str(body["task"]["id"]))
            if task is not None:
                self.tasks[task.id] = task
            return
        incident = part.by_id.get(str(body["incident"]["id"] if "incident" in body else body["id"]))
        if incident is None:
            return
        if event.kind == "incident.logged":
            self._add_line(event, incident.id)
        self._keep_incident(incident)
        response = self.room[Units].responses.get(incident.id)
        if response is not None:
            self.responses[incident.id] = response
        if incident.commander is not None:
            self.commanded_ns.setdefault(incident.id, event.t_ns)

    def _keep_incident(self, incident: Incident) -> None:
        self.incidents[incident.id] = incident
        for unit in incident.units:
            empty = UnitLine(incident.id, unit.unit_id, unit.name)
            line = self.units.setdefault((incident.id, unit.unit_id), empty)
            line.times_ns.setdefault(unit.status, unit.since_ns)

    def _keep_command(self, command: Command) -> None:
        self.commands[command.request.id] = command

    def _come(self, operator: Operator, t_ns: int) -> None:
        self._go(operator.console_id, t_ns)
        self._here[operator.console_id] = one = Presence(operator, t_ns)
        self.people.append(one)

    def _go(self, console_id: str, t_ns: int) -> None:
        one = self._here.pop(console_id, None)
        if one is not None:
            one.to_ns = t_ns


def _operator(said: Any) -> Operator | None:
    if not isinstance(said, dict):
        return None
    return Operator(
        name=str(said.get("name", "")), department=str(said.get("department", "")),
        console_id=str(said.get("console_id", "")), person=str(said.get("person", "")),
    )  # fmt: skip
