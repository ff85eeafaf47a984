"""Alarms that belong together as one entry, so that a flood from one cause stays readable.

What its source calls the root of an alarm decides first. Alarms without one belong together when
they came within a minute of each other and share the rule, the thing or the place; fewer than three
such stay entries of their own. Every alarm is in exactly one group. The critical ones of a group
are shown with it: `AlarmGroup.pinned` have rows of their own, all are counted on its face.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal, TypeVar

from twin.clock import NS_PER_S
from twin.room.parts.alarms import PRIORITIES, Alarm, Priority

#: Alarms that came within this time of each other may have one cause.
LINK_NS: Final = 60 * NS_PER_S
#: A group without a root holds what came within this time of its first.
LONGEST_NS: Final = 600 * NS_PER_S
#: Edge of the squares within and between which places count as near, metres.
NEAR_M: Final = 200.0
#: Fewer alarms without a root are not made a group.
LEAST: Final = 3
#: Critical alarms of a closed group that have a row of their own.
PINNED: Final = 5
RANK: Final = {priority: rank for rank, priority in enumerate(PRIORITIES)}

Cause = Literal["one", "root", "rule", "place"]
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, eq=False)
class AlarmGroup:
    """One entry of the alarm list.

    Attributes
    ----------
    key : the same for the same group as long as its first alarm stays
    alarms : most urgent first, then in the order they came; at least one
    cause : why they are together; "one" = a single alarm
    root : id of the alarm they follow from, "" = none is known
    """

    key: str
    alarms: tuple[Alarm, ...]
    cause: Cause = "one"
    root: str = ""

    @cached_property
    def first_up(self) -> Alarm:
        """The one that came first; where the source says which, that one."""
        said = [alarm for alarm in self.alarms if alarm.is_first_up]
        return min(said or self.alarms, key=_came)

    @cached_property
    def head(self) -> Alarm:
        """The one that names the group: its root if that is still there, else the first up."""
        return next((alarm for alarm in self.alarms if alarm.id == self.root), self.first_up)

    @cached_property
    def counts(self) -> Mapping[Priority, int]:
        """How many of each priority."""
        return Counter(alarm.priority for alarm in self.alarms)

    @cached_property
    def unacknowledged(self) -> Mapping[Priority, int]:
        """How many of each priority nobody has seen yet."""
        return Counter(
            alarm.priority for alarm in self.alarms if not alarm.acked_ns and alarm.is_annunciated
        )

    @property
    def n_unacknowledged(self) -> int:
        """How many nobody has seen yet."""
        return sum(self.unacknowledged.values())

    @cached_property
    def worst(self) -> Priority:
        """The most urgent priority."""
        return self.alarms[0].priority

    @cached_property
    def newest_ns(self) -> int:
        """When the last one came."""
        return max(alarm.raised_ns for alarm in self.alarms)

    @cached_property
    def weight(self) -> tuple[bool, int, int, str]:
        """What sorts entries: unseen ones first, then the most urgent, then the newest."""
        unseen = self.unacknowledged
        rank = min((RANK[priority] for priority in unseen), default=RANK[self.worst])
        return not unseen, rank, -self.newest_ns, self.key

    @property
    def pinned(self) -> tuple[Alarm, ...]:
        """Critical alarms that are seen even while the group is closed."""
        if len(self.alarms) == 1:
            return ()
        critical = [alarm for alarm in self.alarms if alarm.priority is Priority.CRITICAL]
        critical.sort(key=lambda alarm: (bool(alarm.acked_ns), _came(alarm)))
        return tuple(critical[:PINNED])

    def only(self, ids: Collection[str]) -> AlarmGroup | None:
        """The group without alarms that a filter leaves out, None if it leaves none."""
        alarms = tuple(alarm for alarm in self.alarms if alarm.id in ids)
        if len(alarms) == len(self.alarms):
            return self
        if not alarms:
            return None
        return AlarmGroup(self.key, alarms, self.cause if len(alarms) > 1 else "one", self.root)


def grouped(alarms: Iterable[Alarm]) -> tuple[AlarmGroup, ...]:
    """Alarms as entries, in no particular order. Pure; 10,000 take some tens of milliseconds."""
    by_id = {alarm.id: alarm for alarm in alarms}
    with_root: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in by_id.values():
        with_root[root_of(alarm, by_id)].append(alarm)
    groups: list[AlarmGroup] = []
    alone: list[Alarm] = []
    for root, members in with_root.items():
        if len(members) > 1:
            groups.append(_group(f"root:{root}", members, "root", root))
        else:
            alone += members
    for members in _linked(alone):
        if len(members) < LEAST:
            groups += [AlarmGroup(alarm.id, (alarm,)) for alarm in members]
        else:
            first = min(members, key=_came)
            groups.append(_group(f"with:{first.id}", members, _shared(members), ""))
    return tuple(groups)


def in_order(groups: Iterable[AlarmGroup]) -> list[AlarmGroup]:
    """What somebody has to look at first: not yet acknowledged, most urgent, newest."""
    return sorted(groups, key=lambda group: group.weight)


def root_of(alarm: Alarm, by_id: Mapping[str, Alarm]) -> str:
    """Id of the alarm at the end of the chain of roots; of a ring of roots the smallest id."""
    path = [alarm.id]
    here = alarm
    while here.root and here.root != here.id:
        if here.root in path:
            return min(path[path.index(here.root) :])
        path.append(here.root)
        if here.root not in by_id:
            break
        here = by_id[here.root]
    return path[-1]


def _group(key: str, members: Iterable[Alarm], cause: Cause, root: str) -> AlarmGroup:
    alarms = tuple(sorted(members, key=lambda alarm: (RANK[alarm.priority], *_came(alarm))))
    return AlarmGroup(key, alarms, cause, root)


def _came(alarm: Alarm) -> tuple[int, str]:
    return alarm.raised_ns, alarm.id


def _shared(members: Sequence[Alarm]) -> Cause:
    """What most of them share."""
    (_, n), *_ = Counter(_rule(alarm) for alarm in members).most_common(1)
    return "rule" if 2 * n > len(members) else "place"


def _rule(alarm: Alarm) -> str:
    return alarm.rule or alarm.title


# --- what came together -------------------------------------------------------------------------


def _linked(alarms: Iterable[Alarm]) -> list[list[Alarm]]:
    """Alarms in sets that hang together in time and rule, thing or place."""
    ordered = sorted(alarms, key=_came)
    sets = _Sets(len(ordered))
    bursts: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for key_of in (_rule, _thing):
        for rows in _by_key(ordered, key_of).values():
            if len(rows) > 1:
                _chain(ordered, rows, sets)
    for cell, rows in _by_key(ordered, _cell).items():
        bursts[cell] = _chain(ordered, rows, sets)
    _link_neighbours(bursts, sets)
    parts: list[list[Alarm]] = []
    for rows in sets.parts():
        parts += _cut([ordered[row] for row in rows])
    return parts


def _thing(alarm: Alarm) -> str:
    return alarm.thing_id or alarm.datastream_id


def _cell(alarm: Alarm) -> tuple[int, int] | None:
    if alarm.xyz is None:
        return None
    return int(alarm.xyz[0] // NEAR_M), int(alarm.xyz[1] // NEAR_M)


def _by_key(ordered: Sequence[Alarm], key_of: Callable[[Alarm], K | None]) -> dict[K, list[int]]:
    """Rows by what they share; those that have nothing to share are left out."""
    rows: dict[K, list[int]] = defaultdict(list)
    for row, alarm in enumerate(ordered):
        key = key_of(alarm)
        if key:
            rows[key].append(row)
    return rows


def _chain(
    ordered: Sequence[Alarm], rows: Sequence[int], sets: _Sets
) -> list[tuple[int, int, int]]:
    """Join rows that follow each other soon; the bursts: first and last time, and one row."""
    bursts = [(ordered[rows[0]].raised_ns, ordered[rows[0]].raised_ns, rows[0])]
    for before, row in pairwise(rows):
        t_ns = ordered[row].raised_ns
        if t_ns - ordered[before].raised_ns <= LINK_NS:
            sets.join(before, row)
            bursts[-1] = (bursts[-1][0], t_ns, row)
        else:
            bursts.append((t_ns, t_ns, row))
    return bursts


def _link_neighbours(
    bursts: Mapping[tuple[int, int], Sequence[tuple[int, int, int]]], sets: _Sets
) -> None:
    """Join bursts of neighbouring squares that were there at about the same time."""
    for (x, y), here in bursts.items():
        for step in ((1, 0), (0, 1), (1, 1), (1, -1)):
            beside = bursts.get((x + step[0], y + step[1]), ())
            i = j = 0
            while i < len(here) and j < len(beside):
                (a_from, a_to, a), (b_from, b_to, b) = here[i], beside[j]
                if a_from <= b_to + LINK_NS and b_from <= a_to + LINK_NS:
                    sets.join(a, b)
                if a_to < b_to:
                    i += 1
                else:
                    j += 1


def _cut(alarms: Sequence[Alarm]) -> list[list[Alarm]]:
    """Cut what goes on for long into pieces of at most `LONGEST_NS`."""
    parts = [[alarms[0]]]
    for alarm in alarms[1:]:
        if alarm.raised_ns - parts[-1][0].raised_ns > LONGEST_NS:
            parts.append([])
        parts[-1].append(alarm)
    return parts


class _Sets:
    """Disjoint sets of rows."""

    def __init__(self, n: int) -> None:
        self._above = list(range(n))

    def join(self, a: int, b: int) -> None:
        """Put two rows into one set."""
        a, b = self._top(a), self._top(b)
        if a != b:
            self._above[max(a, b)] = min(a, b)

    def parts(self) -> list[list[int]]:
        """All sets; rows rise within each."""
        parts: dict[int, list[int]] = defaultdict(list)
        for row in range(len(self._above)):
            parts[self._top(row)].append(row)
        return list(parts.values())

    def _top(self, row: int) -> int:
        above = self._above
        while above[row] != row:
            above[row] = above[above[row]]
            row = above[row]
        return row
