"""Figures of EEMUA 191 over a room's alarms: rates, floods, bad actors, chattering and stale ones.

A flood begins when more than ten alarms came within ten minutes for each operator, and ends when
fewer than five did (EEMUA 191, ISA-18.2). All here is pure: times come from the caller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from twin.clock import NS_PER_S
from twin.room.parts.alarms import SPAN_NS, Alarm, AlarmCount

#: Alarms an operator in ten minutes: more begin a flood, fewer end it.
FLOOD_BEGINS: Final = 10
FLOOD_ENDS: Final = 5
#: So many times within so long: it chatters, and still does for a while.
CHATTERS: Final = 3
CHATTER_NS: Final = 60 * NS_PER_S
CHATTER_SHOWN_NS: Final = 600 * NS_PER_S
#: Active for so long: nobody needs it as an alarm any more.
STALE_NS: Final = 86_400 * NS_PER_S
MOST_ACTORS: Final = 10
#: Alarms an operator in ten minutes on average, and what EEMUA 191 thinks of it.
GRADES: Final = (
    (1.0, "acceptable"),
    (2.0, "manageable"),
    (5.0, "over-demanding"),
    (float("inf"), "unacceptable"),
)


def is_chattering(alarm: Alarm, now_ns: int) -> bool:
    """Whether it comes and goes so often that it tells nothing."""
    times = alarm.came_ns[-CHATTERS:]
    is_often = len(times) == CHATTERS and times[-1] - times[0] <= CHATTER_NS
    return is_often and now_ns - times[-1] <= CHATTER_SHOWN_NS


def is_stale(alarm: Alarm, now_ns: int) -> bool:
    """Whether it has been active for more than a day."""
    return alarm.is_active and now_ns - alarm.raised_ns > STALE_NS


# --- floods -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flood:
    """One flood; ``end_ns`` is when it ends if nothing more comes."""

    start_ns: int
    end_ns: int
    n_alarms: int


def floods(times_ns: Iterable[int], n_operators: int = 1) -> tuple[Flood, ...]:
    """All floods among alarms that came at these times, in order.

    Parameters
    ----------
    times_ns : when annunciated alarms came, in any order
    n_operators : who shares them; fewer than one counts as one
    """
    times = sorted(times_ns)
    begins, ends = FLOOD_BEGINS * max(n_operators, 1), FLOOD_ENDS * max(n_operators, 1)
    found: list[Flood] = []
    first = -1  # of the present flood
    left = 0  # first time that is still within ten minutes
    for i, t_ns in enumerate(times):
        while t_ns - times[left] >= SPAN_NS:
            left += 1
        if first >= 0 and _end(times, i - 1, ends) <= t_ns:
            found.append(_flood(times, first, i - 1, ends))
            first = -1
        if first < 0 and i - left + 1 > begins:
            first = i
    if first >= 0:
        found.append(_flood(times, first, len(times) - 1, ends))
    return tuple(found)


def _end(times: Sequence[int], last: int, ends: int) -> int:
    """When fewer than `ends` of those up to ``last`` are within ten minutes."""
    return times[last - ends + 1] + SPAN_NS


def _flood(times: Sequence[int], first: int, last: int, ends: int) -> Flood:
    return Flood(times[first], _end(times, last, ends), last - first + 1)


def flood_at(times_ns: Iterable[int], now_ns: int, n_operators: int = 1) -> Flood | None:
    """The flood that is going on, None if there is none."""
    past = [t_ns for t_ns in times_ns if t_ns <= now_ns]
    found = floods(past, n_operators)
    return found[-1] if found and now_ns < found[-1].end_ns else None


def times_of(alarms: Iterable[Alarm], department: str = "") -> list[int]:
    """When the annunciated alarms of a room came, as far as it still knows; "" = all departments.

    Alarms without a department count for each.
    """
    return [
        t_ns
        for alarm in alarms
        if alarm.is_annunciated and (not department or alarm.department in ("", department))
        for t_ns in (alarm.came_ns or (alarm.raised_ns,))
    ]


# --- figures ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFigures:
    """What EEMUA 191 asks of a shift. Rates are alarms an operator in ten minutes.

    Attributes
    ----------
    start_ns, end_ns : whole spans of ten minutes
    series : rate of each span, oldest first
    n_raised, n_acked : alarms, acknowledgements
    mean, peak : rates
    flood_share : part of the time in flood, 0 … 1, told by spans
    ack_s : mean seconds between coming and acknowledging, None = none was
    by_priority : how many of each
    by_operator : acknowledgements by who gave them, most first
    actors : what came most, and how often
    grade : what EEMUA 191 thinks of the mean
    """

    start_ns: int
    end_ns: int
    series: tuple[float, ...]
    n_raised: int
    n_acked: int
    mean: float
    peak: float
    flood_share: float
    ack_s: float | None
    grade: str
    by_priority: Mapping[str, int] = field(default_factory=dict)
    by_operator: tuple[tuple[str, int], ...] = ()
    actors: tuple[tuple[str, int], ...] = ()


def figures_of(
    counts: Iterable[AlarmCount],
    *,
    now_ns: int,
    hours: float = 8.0,
    n_operators: int = 1,
    department: str = "",
) -> AlarmFigures:
    """Figures of the last hours, up to and with the span that goes on.

    Parameters
    ----------
    n_operators : who shares the alarms; fewer than one counts as one
    department : only alarms of this one and of none, "" = all; what is counted by source, priority
        and acknowledgement is always of all
    """
    last = now_ns // SPAN_NS
    n_spans = max(round(hours * 3_600 * NS_PER_S / SPAN_NS), 1)
    by_span = {int(one.span): one for one in counts}
    kept = [by_span.get(span) for span in range(last - n_spans + 1, last + 1)]
    there = [one for one in kept if one is not None]
    raised = [0 if one is None else _raised(one, department) for one in kept]
    series = tuple(n / max(n_operators, 1) for n in raised)
    n_acked = sum(one.acked for one in there)
    mean = sum(series) / len(series)
    return AlarmFigures(
        start_ns=(last - n_spans + 1) * SPAN_NS,
        end_ns=(last + 1) * SPAN_NS,
        series=series,
        n_raised=sum(raised),
        n_acked=n_acked,
        mean=mean,
        peak=max(series),
        flood_share=_flood_share(series),
        ack_s=sum(one.ack_s_total for one in there) / n_acked if n_acked else None,
        grade=next(word for most, word in GRADES if mean <= most),
        by_priority=_summed(there, lambda one: one.by_priority),
        by_operator=_most(_summed(there, lambda one: one.acked_by)),
        actors=_most(_summed(there, lambda one: one.by_source)),
    )


def _raised(one: AlarmCount, department: str) -> int:
    if not department:
        return one.raised
    return one.by_department.get(department, 0) + one.by_department.get("", 0)


def _flood_share(series: Sequence[float]) -> float:
    n, is_flood = 0, False
    for rate in series:
        is_flood = rate > FLOOD_BEGINS or (is_flood and rate >= FLOOD_ENDS)
        n += is_flood
    return n / len(series)


def _summed(
    counts: Iterable[AlarmCount], of: Callable[[AlarmCount], Mapping[str, int]]
) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(of(one))
    return total


def _most(total: Counter[str]) -> tuple[tuple[str, int], ...]:
    named = ((name, n) for name, n in total.items() if name)
    return tuple(sorted(named, key=lambda one: (-one[1], one[0]))[:MOST_ACTORS])
