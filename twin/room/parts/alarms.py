"""Alarms by ISA-18.2: active or returned, acknowledged or not, shelved, suppressed, out of service.

An alarm is known by its id, which its source makes from rule and datastream, so that the same thing
is one alarm however often it comes. The room keeps every alarm that is not normal; one that is
normal again (returned and acknowledged) leaves, and its history is in the journal. Beside the
alarms stand counts of ten minutes each, for the figures of EEMUA 191.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from twin.clock import NS_PER_S
from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

SPAN_NS = 600 * NS_PER_S
#: Ten-minute spans that are kept: a day and a shift.
SPANS_KEPT = 216
#: How often an alarm came is known for so many of its last times.
TIMES_KEPT = 3
#: Sources of alarms that a span counts one by one.
SOURCES_KEPT = 24


class Priority(enum.StrEnum):
    """How soon somebody must act; ISA-18.2 asks for few of the first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


#: Most urgent first.
PRIORITIES = tuple(Priority)


class AlarmState(enum.StrEnum):
    """States of ISA-18.2 figure 4, the ones an alarm in the room can be in."""

    UNACKNOWLEDGED = "UNACKNOWLEDGED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RETURNED = "RETURNED"
    LATCHED = "LATCHED"
    SHELVED = "SHELVED"
    SUPPRESSED = "SUPPRESSED"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm. All fields are always written, see `Table`.

    Attributes
    ----------
    title : what is wrong, a short sentence without the thing's name
    thing_id, thing_name, xyz : where; local metres, None = nowhere in particular
    datastream_id, value_text : what was observed, with its unit, as text
    response : what to do, one sentence
    department : whose alarm it is
    root : id of the alarm that it follows from, "" = it stands for itself
    is_latched : stays until it is reset after it was acknowledged
    raised_ns, returned_ns, acked_ns : hub time, 0 = not
    n_raised : how often it came since it was last normal
    came_ns : the last `TIMES_KEPT` of these times, hub time, oldest first
    is_first_up : the first of its group
    shelved_until_ns : 0 = not shelved
    suppressed_by : the design rule that suppresses it, "" = none
    is_out_of_service : taken out of service until somebody puts it back
    service_reason : why it was
    rule : of the source, for grouping in figures
    """

    id: str
    title: str
    priority: Priority
    thing_id: str = ""
    thing_name: str = ""
    xyz: tuple[float, float, float] | None = None
    datastream_id: str = ""
    value_text: str = ""
    response: str = ""
    department: str = ""
    root: str = ""
    is_latched: bool = False
    is_active: bool = True
    is_first_up: bool = False
    raised_ns: int = 0
    returned_ns: int = 0
    acked_ns: int = 0
    acked_by: Operator | None = None
    n_raised: int = 1
    shelved_until_ns: int = 0
    shelved_by: Operator | None = None
    shelve_reason: str = ""
    suppressed_by: str = ""
    is_out_of_service: bool = False
    rule: str = ""
    came_ns: tuple[int, ...] = ()
    service_reason: str = ""

    @property
    def state(self) -> AlarmState:
        """Where it stands."""
        if self.is_out_of_service:
            return AlarmState.OUT_OF_SERVICE
        if self.shelved_until_ns:
            return AlarmState.SHELVED
        if self.suppressed_by:
            return AlarmState.SUPPRESSED
        if self.is_active:
            return AlarmState.ACKNOWLEDGED if self.acked_ns else AlarmState.UNACKNOWLEDGED
        return AlarmState.LATCHED if self.acked_ns else AlarmState.RETURNED

    @property
    def is_annunciated(self) -> bool:
        """Whether it may blink, sound and count."""
        state = self.state
        return state in (AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED, AlarmState.ACKNOWLEDGED)

    @property
    def is_normal(self) -> bool:
        """Whether nothing of it is left to show."""
        is_set_aside = self.shelved_until_ns or self.suppressed_by or self.is_out_of_service
        is_settled = not self.is_active and bool(self.acked_ns) and not self.is_latched
        return is_settled and not is_set_aside


class AlarmCount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ten minutes of alarms.

    Attributes
    ----------
    span : start in hub time over ten minutes, whole number, as text
    raised, acked : annunciated alarms that came, and acknowledgements
    by_priority, by_department : of those that came
    by_source : of those that came, by thing and title; at most `SOURCES_KEPT`, what came once
        makes room for others, the rest is under ""
    acked_by : acknowledgements by who gave them
    ack_s_total : seconds between coming and acknowledging, summed
    """

    span: str
    raised: int = 0
    acked: int = 0
    by_priority: dict[str, int] = {}
    by_department: dict[str, int] = {}
    by_source: dict[str, int] = {}
    acked_by: dict[str, int] = {}
    ack_s_total: float = 0.0


class _Raised(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "alarm.raised"."""

    alarm: Alarm


class _Ids(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "alarm.returned", "alarm.unshelved", "alarm.reset", "alarm.unsuppressed"."""

    ids: tuple[str, ...]


class _Acked(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "alarm.acknowledged"."""

    ids: tuple[str, ...]
    by: Operator


class _Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "alarm.shelved"."""

    ids: tuple[str, ...]
    by: Operator
    until_ns: int
    reason: str


class _Service(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "alarm.out_of_service" and "alarm.in_service"."""

    ids: tuple[str, ...]
    reason: str = ""


class _Suppressed(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "alarm.suppressed"."""

    ids: tuple[str, ...]
    rule: str


class Alarms(Part):
    """Alarms by id, in the order they came, and the counts of the last day."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("alarm", Alarm, lambda entry: entry.id)
        self.counts = self.table("alarm_count", AlarmCount, lambda entry: entry.span)

    def active_of(self, priority: Priority) -> int:
        """How many annunciated alarms of a priority are there."""
        found = self.by_id.entries.values()
        return sum(alarm.priority is priority and alarm.is_annunciated for alarm in found)

    def handlers(self) -> Mapping[str, Handler]:
        """All that happens to alarms."""
        return {
            "alarm.raised": self._raised,
            "alarm.returned": self._returned,
            "alarm.acknowledged": self._acked,
            "alarm.shelved": self._shelved,
            "alarm.unshelved": self._unshelved,
            "alarm.suppressed": self._suppressed,
            "alarm.unsuppressed": self._unsuppressed,
            "alarm.out_of_service": self._out_of_service,
            "alarm.in_service": self._in_service,
            "alarm.reset": self._reset,
        }

    # --- one function a kind of event ---------------------------------------------------------

    def _raised(self, event: Event) -> None:
        came = read_body(event, _Raised).alarm
        old = self.by_id.get(came.id)
        alarm = msgspec.structs.replace(
            came, is_active=True, raised_ns=event.t_ns, returned_ns=0, acked_ns=0, acked_by=None,
            n_raised=old.n_raised + 1 if old else 1,
            came_ns=(*(old.came_ns if old else ()), event.t_ns)[-TIMES_KEPT:],
            shelved_until_ns=old.shelved_until_ns if old else 0,
            shelved_by=old.shelved_by if old else None,
            shelve_reason=old.shelve_reason if old else "",
            suppressed_by=old.suppressed_by if old else came.suppressed_by,
            is_out_of_service=old.is_out_of_service if old else False,
            service_reason=old.service_reason if old else "",
        )  # fmt: skip
        self.by_id.put(alarm)
        if alarm.is_annunciated:
            self._count(event, raised=alarm)

    def _returned(self, event: Event) -> None:
        for alarm in self._those(event, _Ids):
            self._put(alarm, is_active=False, returned_ns=event.t_ns)

    def _acked(self, event: Event) -> None:
        body = read_body(event, _Acked)
        for alarm in self._of(body.ids):
            if not alarm.acked_ns:
                self._count(event, acked=alarm, by=body.by)
            self._put(alarm, acked_ns=event.t_ns, acked_by=body.by)

    def _shelved(self, event: Event) -> None:
        body = read_body(event, _Shelved)
        for alarm in self._of(body.ids):
            self._put(
                alarm, shelved_until_ns=body.until_ns, shelved_by=body.by,
                shelve_reason=body.reason,
            )  # fmt: skip

    def _unshelved(self, event: Event) -> None:
        for alarm in self._those(event, _Ids):
            self._put(alarm, shelved_until_ns=0, shelved_by=None, shelve_reason="")

    def _suppressed(self, event: Event) -> None:
        body = read_body(event, _Suppressed)
        for alarm in self._of(body.ids):
            self._put(alarm, suppressed_by=body.rule)

    def _unsuppressed(self, event: Event) -> None:
        for alarm in self._those(event, _Ids):
            self._put(alarm, suppressed_by="")

    def _out_of_service(self, event: Event) -> None:
        body = read_body(event, _Service)
        for alarm in self._of(body.ids):
            self._put(alarm, is_out_of_service=True, service_reason=body.reason)

    def _in_service(self, event: Event) -> None:
        for alarm in self._those(event, _Service):
            self._put(alarm, is_out_of_service=False, service_reason="")

    def _reset(self, event: Event) -> None:
        for alarm in self._those(event, _Ids):
            self._put(alarm, is_latched=False)

    def _those(self, event: Event, body_type: type[_Ids | _Service]) -> tuple[Alarm, ...]:
        return self._of(read_body(event, body_type).ids)

    def _of(self, ids: tuple[str, ...]) -> tuple[Alarm, ...]:
        """The alarms that are still there; others have become normal meanwhile."""
        found = (self.by_id.get(alarm_id) for alarm_id in ids)
        return tuple(alarm for alarm in found if alarm is not None)

    def _put(self, alarm: Alarm, **changes: object) -> None:
        alarm = msgspec.structs.replace(alarm, **changes)
        if alarm.is_normal:
            self.by_id.drop(alarm.id)
        else:
            self.by_id.put(alarm)

    def _count(
        self,
        event: Event,
        *,
        raised: Alarm | None = None,
        acked: Alarm | None = None,
        by: Operator | None = None,
    ) -> None:
        span = str(event.t_ns // SPAN_NS)
        count = self.counts.get(span) or AlarmCount(span=span)
        if raised is not None:
            count = msgspec.structs.replace(
                count,
                raised=count.raised + 1,
                by_priority=_one_more(count.by_priority, raised.priority.value),
                by_department=_one_more(count.by_department, raised.department),
                by_source=_one_more_source(count.by_source, source_of(raised)),
            )
        if acked is not None:
            took_s = (event.t_ns - acked.raised_ns) / NS_PER_S
            count = msgspec.structs.replace(
                count,
                acked=count.acked + 1,
                acked_by=_one_more(count.acked_by, by.name if by is not None else ""),
                ack_s_total=round(count.ack_s_total + took_s, 3),
            )
        self.counts.put(count)
        if len(self.counts) > SPANS_KEPT:
            self.counts.drop(min(self.counts, key=int))


def source_of(alarm: Alarm) -> str:
    """What an alarm is counted under: its thing and its title."""
    where = alarm.thing_name or alarm.thing_id
    return f"{where}: {alarm.title}" if where else alarm.title


def _one_more(counts: dict[str, int], name: str) -> dict[str, int]:
    return {**counts, name: counts.get(name, 0) + 1}


def _one_more_source(counts: dict[str, int], source: str) -> dict[str, int]:
    """Count a source; where all places are taken the first that came only once gives up its own."""
    if source in counts or len(counts) < SOURCES_KEPT:
        return _one_more(counts, source)
    once = next((name for name, n in counts.items() if name and n == 1), None)
    if once is None:
        return _one_more(counts, "")
    left = {name: n for name, n in counts.items() if name != once}
    return {**_one_more(left, ""), source: 1}


PART = PartType(id="alarms", make=Alarms)
