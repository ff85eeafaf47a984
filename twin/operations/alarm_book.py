"""The alarms of a room as entries that can be filtered, brought up to date without work done twice.

Grouping is done anew only when alarms came or went; an acknowledgement changes the entries only.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
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
_UNSEEN = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED})
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


@dataclass(frozen=True, slots=True)
class Listing:
    """What a filter leaves.

    Attributes
    ----------
    groups : entries, what somebody has to look at first in front
    n_alarms, n_unacknowledged : alarms in them
    """

    groups: Sequence[AlarmGroup] = ()
    n_alarms: int = 0
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
        self._state_of: dict[str, AlarmState] = {}
        self._in_sight: dict[str, Alarm] = {}
        self._unseen: set[str] = set()
        self._often: dict[str, Alarm] = {}
        self._texts: dict[str, str] = {}
        #: What of each alarm in sight decides its group; see `_what_groups`.
        self._shapes: dict[str, tuple[object, ...]] = {}
        #: Alarm's id -> key of its group.
        self._group_of: dict[str, str] = {}
        #: Groups with the id of their alarm, "" for several: filtering walks over ten thousand.
        self._flat: list[tuple[AlarmGroup, str]] = []

    @property
    def alarms(self) -> Mapping[str, Alarm]:
        """All alarms by id, those that are set aside too."""
        return self._alarms

    def follow(self, alarms: Mapping[str, Alarm]) -> bool:
        """Take in the alarms of the room; whether anything has changed."""
        before = self._alarms
        changed = [key for key, alarm in alarms.items() if before.get(key) is not alarm]
        if not changed and len(alarms) == len(before):
            return False
        gone = before.keys() - alarms.keys()
        self._alarms = dict(alarms)
        shapes_moved = [self._forget(key) for key in gone]
        shapes_moved += [self._note(alarms[key]) for key in changed]
        if any(shapes_moved):
            self.groups = in_order(grouped(self._in_sight.values()))
            self._group_of = {one.id: group.key for group in self.groups for one in group.alarms}
        else:
            moved = {self._group_of[key] for key in changed if key in self._group_of}
            self.groups = in_order(
                self._renewed(group) if group.key in moved else group for group in self.groups
            )
        self._flat = [(g, g.alarms[0].id if len(g.alarms) == 1 else "") for g in self.groups]
        return True

    def _note(self, alarm: Alarm) -> bool:
        """Take in one alarm; whether groups have to be made anew for it."""
        key, state = alarm.id, alarm.state
        self._texts.pop(key, None)
        self._state_of[key] = state
        if len(alarm.came_ns) >= CHATTERS:
            self._often[key] = alarm
        if state in _UNSEEN:
            self._unseen.add(key)
        else:
            self._unseen.discard(key)
        if state in SET_ASIDE:
            self._in_sight.pop(key, None)
            return self._shapes.pop(key, None) is not None
        self._in_sight[key] = alarm
        shape = _what_groups(alarm)
        is_other = self._shapes.get(key) != shape
        self._shapes[key] = shape
        return is_other

    def _forget(self, key: str) -> bool:
        """Let go of an alarm that is normal again; whether groups have to be made anew."""
        self._texts.pop(key, None)
        self._state_of.pop(key, None)
        self._often.pop(key, None)
        self._in_sight.pop(key, None)
        self._unseen.discard(key)
        return self._shapes.pop(key, None) is not None

    def _renewed(self, group: AlarmGroup) -> AlarmGroup:
        """The same group with its alarms as they are now."""
        now = tuple(self._alarms[alarm.id] for alarm in group.alarms)
        return AlarmGroup(group.key, now, group.cause, group.root)

    def listed(self, wanted: AlarmFilter, now_ns: int) -> Listing:
        """Entries that fit a filter; alarms that are set aside stand each for itself."""
        fitting = self._fitting(wanted, now_ns)
        groups = self.groups
        if _STATES.get(wanted.shown, frozenset()) & SET_ASIDE:
            groups = in_order(AlarmGroup(alarm.id, (alarm,)) for alarm in fitting.values())
        elif len(fitting) < len(self._in_sight):
            groups = []
            for group, alarm_id in self._flat:
                if alarm_id:
                    if alarm_id in fitting:
                        groups.append(group)
                elif (kept := group.only(fitting)) is not None:
                    groups.append(kept)
        return Listing(groups, len(fitting), len(self._unseen & fitting.keys()))

    def n_of(self, shown: Shown, now_ns: int) -> int:
        """How many stand so."""
        if shown in _STATES:
            return sum(state in _STATES[shown] for state in self._state_of.values())
        if shown is Shown.CHATTERING:
            return sum(
                alarm.state not in SET_ASIDE and is_chattering(alarm, now_ns)
                for alarm in self._often.values()
            )
        return len(self._fitting(AlarmFilter(shown=shown), now_ns))

    def departments(self) -> tuple[str, ...]:
        """Departments that have alarms, in the order of the alphabet."""
        return tuple(sorted({alarm.department for alarm in self._alarms.values()} - {""}))

    def _fitting(self, wanted: AlarmFilter, now_ns: int) -> Mapping[str, Alarm]:
        found = self._in_sight
        states = _STATES.get(wanted.shown)
        if states is not None:
            found = {k: self._alarms[k] for k, state in self._state_of.items() if state in states}
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
            texts = self._all_texts()
            for word in wanted.words:
                found = {key: alarm for key, alarm in found.items() if word in texts[key]}
        return found

    def _all_texts(self) -> Mapping[str, str]:
        """What words are looked for in; made once for each alarm as it is."""
        if len(self._texts) < len(self._alarms):
            missing = self._alarms.keys() - self._texts.keys()
            for key in missing:
                alarm = self._alarms[key]
                told = (alarm.title, alarm.thing_name, alarm.thing_id, alarm.rule)
                self._texts[key] = " ".join((*told, alarm.department)).casefold()
        return self._texts


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
