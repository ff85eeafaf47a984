"""The alarms of a room as entries that can be filtered, brought up to date without work done twice.

Grouping is done anew only when alarms came or went; an acknowledgement changes the entries only.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twin.operations.alarm_groups import AlarmGroup, grouped, in_order
from twin.operations.alarm_rates import CHATTERS, is_chattering, is_stale
from twin.room.parts.alarms import Alarm, AlarmState, Priority


class Shown(enum.StrEnum):
    """Which alarms are listed, by where they stand."""

    IN_SIGHT = "in sight"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    LATCHED = "latched"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out of service"
    CHATTERING = "chattering"
    STALE = "stale"


_STATES: Mapping[Shown, frozenset[AlarmState]] = {
    Shown.UNACKNOWLEDGED: frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED}),
    Shown.ACKNOWLEDGED: frozenset({AlarmState.ACKNOWLEDGED}),
    Shown.RETURNED: frozenset({AlarmState.RETURNED}),
    Shown.LATCHED: frozenset({AlarmState.LATCHED}),
    Shown.SHELVED: frozenset({AlarmState.SHELVED}),
    Shown.SUPPRESSED: frozenset({AlarmState.SUPPRESSED}),
    Shown.OUT_OF_SERVICE: frozenset({AlarmState.OUT_OF_SERVICE}),
}
#: Set aside by somebody or by a design rule.
SET_ASIDE = frozenset({AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFilter:
    """Which alarms are listed.

    Attributes
    ----------
    words : in lower case; each must occur in what the alarm, its thing, rule or department says
    priority : None = all
    department : "" = all; others see alarms without a department too
    shown : by where they stand
    """

    words: tuple[str, ...] = ()
    priority: Priority | None = None
    department: str = ""
    shown: Shown = Shown.IN_SIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """How many alarms of one priority are there, and how many of them nobody has acknowledged."""

    n: int = 0
    n_unacknowledged: int = 0


class AlarmBook:
    """Entries of one console's alarm list. Not thread safe.

    Attributes
    ----------
    groups : all in sight, what somebody has to look at first in front
    """

    def __init__(self) -> None:
        self.groups: list[AlarmGroup] = []
        self._alarms: dict[str, Alarm] = {}
        self._texts: dict[str, tuple[Alarm, str]] = {}
        self._states: Counter[AlarmState] = Counter()
        self._often: list[Alarm] = []
        self._members: frozenset[tuple[object, ...]] = frozenset()

    @property
    def alarms(self) -> Mapping[str, Alarm]:
        """All alarms by id, those that are set aside too."""
        return self._alarms

    def follow(self, alarms: Mapping[str, Alarm]) -> bool:
        """Take in the alarms of the room; whether anything has changed."""
        if len(alarms) == len(self._alarms) and all(
            self._alarms.get(key) is alarm for key, alarm in alarms.items()
        ):
            return False
        self._alarms = dict(alarms)
        self._states = Counter(alarm.state for alarm in alarms.values())
        self._often = [alarm for alarm in alarms.values() if len(alarm.came_ns) >= CHATTERS]
        in_sight = [alarm for alarm in alarms.values() if alarm.state not in SET_ASIDE]
        members = frozenset(map(_what_groups, in_sight))
        if members != self._members:
            self._members = members
            self.groups = in_order(grouped(in_sight))
        else:
            self.groups = in_order(self._renewed(group) for group in self.groups)
        return True

    def _renewed(self, group: AlarmGroup) -> AlarmGroup:
        """The same group with its alarms as they are now."""
        now = tuple(self._alarms[alarm.id] for alarm in group.alarms)
        if all(a is b for a, b in zip(now, group.alarms, strict=True)):
            return group
        return AlarmGroup(group.key, now, group.cause, group.root)

    def listed(self, wanted: AlarmFilter, now_ns: int) -> list[AlarmGroup]:
        """Entries that fit a filter; alarms that are set aside stand each for itself."""
        fitting = self._fitting(wanted, now_ns)
        if _STATES.get(wanted.shown, frozenset()) & SET_ASIDE:
            alone = (AlarmGroup(alarm.id, (alarm,)) for alarm in fitting.values())
            return in_order(alone)
        ids = frozenset(fitting)
        listed: list[AlarmGroup] = []
        for group in self.groups:
            if len(group.alarms) == 1:
                kept = group if group.alarms[0].id in ids else None
            else:
                kept = group.only(ids)
            if kept is not None:
                listed.append(kept)
        return listed

    def n_of(self, shown: Shown, now_ns: int) -> int:
        """How many stand so."""
        if shown in _STATES:
            return sum(self._states[state] for state in _STATES[shown])
        if shown is Shown.CHATTERING:
            return sum(
                alarm.state not in SET_ASIDE and is_chattering(alarm, now_ns)
                for alarm in self._often
            )
        return len(self._fitting(AlarmFilter(shown=shown), now_ns))

    def departments(self) -> tuple[str, ...]:
        """Departments that have alarms, in the order of the alphabet."""
        return tuple(sorted({alarm.department for alarm in self._alarms.values()} - {""}))

    def _fitting(self, wanted: AlarmFilter, now_ns: int) -> dict[str, Alarm]:
        found = self._alarms
        states = _STATES.get(wanted.shown)
        if states is not None:
            found = {key: alarm for key, alarm in found.items() if alarm.state in states}
        else:
            found = {key: alarm for key, alarm in found.items() if alarm.state not in SET_ASIDE}
        if wanted.shown is Shown.CHATTERING:
            found = {key: alarm for key, alarm in found.items() if is_chattering(alarm, now_ns)}
        elif wanted.shown is Shown.STALE:
            found = {key: alarm for key, alarm in found.items() if is_stale(alarm, now_ns)}
        if wanted.priority is not None:
            found = {k: alarm for k, alarm in found.items() if alarm.priority == wanted.priority}
        if wanted.department:
            those = ("", wanted.department)
            found = {key: alarm for key, alarm in found.items() if alarm.department in those}
        if wanted.words:
            found = {
                key: alarm
                for key, alarm in found.items()
                if all(word in text for text in (self._text(alarm),) for word in wanted.words)
            }
        return found

    def _text(self, alarm: Alarm) -> str:
        known = self._texts.get(alarm.id)
        if known is not None and known[0] is alarm:
            return known[1]
        if len(self._texts) > 2 * len(self._alarms):
            self._texts.clear()
        told = (alarm.title, alarm.thing_name, alarm.thing_id, alarm.rule, alarm.department)
        text = " ".join(told).casefold()
        self._texts[alarm.id] = (alarm, text)
        return text


def _what_groups(alarm: Alarm) -> tuple[object, ...]:
    """What of an alarm decides which group it is in, and where there."""
    return (
        alarm.id, alarm.raised_ns, alarm.root, alarm.priority, alarm.rule or alarm.title,
        alarm.thing_id or alarm.datastream_id, alarm.xyz,
    )  # fmt: skip


def unseen_of(alarms: Iterable[Alarm]) -> dict[Priority, Unseen]:
    """Annunciated alarms of each priority that has any."""
    counts: dict[Priority, list[int]] = {}
    for alarm in alarms:
        if alarm.is_annunciated:
            count = counts.setdefault(alarm.priority, [0, 0])
            count[0] += 1
            count[1] += not alarm.acked_ns
    return {key: Unseen(n=n, n_unacknowledged=unacked) for key, (n, unacked) in counts.items()}
