"""Figures of EEMUA 191 over the alarms of a span: rates, floods, who nags, what nobody saw. Pure.

Only annunciated alarms count. What a flood is, and what chatters, is said by
`twin.operations.alarm_rates`, as for the live panel; here it is measured over a past span.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from twin.clock import NS_PER_S
from twin.operations.alarm_rates import CHATTER_NS, CHATTERS, MOST_ACTORS, STALE_NS, floods
from twin.reporting.chronicle import AlarmLine
from twin.room.parts.alarms import PRIORITIES, SPAN_NS, source_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFigures:
    """What EEMUA 191 asks.

    Attributes
    ----------
    n_raised : annunciated alarms that came in the span, each coming counted
    n_suppressed : that came while they were suppressed, shelved or out of service
    n_spans : ten-minute spans, the last one begun counted
    rate : a ten minutes, over all
    rate_per_operator : the same by the number of operators that were there on average
    peak, peak_ns : most in one ten minutes, and when these begin
    n_floods, flood_share : floods, and which share of the time they took
    by_priority : priority -> number
    n_unacked : never acknowledged in the span
    ack_median_s, ack_longest_s : None where nothing was acknowledged
    most_standing, standing_ns : most that stood at once, and when
    chattering : came three times within a minute, names
    stale : stood for over a day, names
    bad_actors : name and how often, most first
    """

    n_raised: int
    n_suppressed: int
    n_spans: int
    rate: float
    rate_per_operator: float
    peak: int
    peak_ns: int
    n_floods: int
    flood_share: float
    by_priority: dict[str, int]
    n_unacked: int
    ack_median_s: float | None
    ack_longest_s: float | None
    most_standing: int
    standing_ns: int
    chattering: tuple[str, ...]
    stale: tuple[str, ...]
    bad_actors: tuple[tuple[str, int], ...]


def alarm_figures(
    lines: Sequence[AlarmLine], start_ns: int, end_ns: int, n_operators: float
) -> AlarmFigures:
    """Figures of the alarms that came between two moments."""
    loud = [line for line in lines if line.is_annunciated]
    came = _came(loud, start_ns, end_ns)
    n_spans = max(-(-(end_ns - start_ns) // SPAN_NS), 1)
    spans = Counter((t_ns - start_ns) // SPAN_NS for t_ns, _ in came)
    peak_span, peak = max(spans.items(), key=lambda one: (one[1], -one[0]), default=(0, 0))
    acked = [
        (line.acked_ns - line.raised_ns) / NS_PER_S
        for line in loud
        if line.acked_ns and line.raised_ns
    ]
    standing, standing_ns = _most_standing(loud, start_ns, end_ns)
    rate = len(came) / n_spans
    found = floods((t_ns for t_ns, _ in came), max(round(n_operators), 1))
    flooded = [min(one.end_ns, end_ns) - one.start_ns for one in found]
    return AlarmFigures(
        n_raised=len(came),
        n_suppressed=sum(not line.is_annunciated for line in lines),
        n_spans=n_spans,
        rate=rate,
        rate_per_operator=rate / max(n_operators, 1.0),
        peak=peak,
        peak_ns=start_ns + peak_span * SPAN_NS,
        n_floods=len(flooded),
        flood_share=min(sum(flooded) / max(end_ns - start_ns, 1), 1.0),
        by_priority={
            one.value: sum(line.alarm.priority is one for _, line in came) for one in PRIORITIES
        },
        n_unacked=sum(not line.acked_ns for line in loud),
        ack_median_s=median(acked) if acked else None,
        ack_longest_s=max(acked, default=None),
        most_standing=standing,
        standing_ns=standing_ns,
        chattering=tuple(dict.fromkeys(source_of(line.alarm) for line in loud if _chatters(line))),
        stale=tuple(
            source_of(line.alarm)
            for line in loud
            if line.raised_ns and (line.returned_ns or end_ns) - line.raised_ns > STALE_NS
        ),
        bad_actors=tuple(
            Counter(source_of(line.alarm) for _, line in came).most_common(MOST_ACTORS)
        ),
    )


def _times(line: AlarmLine) -> tuple[int, ...]:
    return (line.raised_ns, *line.again_ns) if line.raised_ns else tuple(line.again_ns)


def _came(lines: Sequence[AlarmLine], start_ns: int, end_ns: int) -> list[tuple[int, AlarmLine]]:
    found = [(t, line) for line in lines for t in _times(line) if start_ns <= t <= end_ns]
    return sorted(found, key=lambda one: one[0])


def _chatters(line: AlarmLine) -> bool:
    times = _times(line)
    pairs = zip(times, times[CHATTERS - 1 :], strict=False)
    return any(last - first <= CHATTER_NS for first, last in pairs)


def _most_standing(lines: Sequence[AlarmLine], start_ns: int, end_ns: int) -> tuple[int, int]:
    moves = []
    for line in lines:
        if line.raised_ns <= end_ns:
            moves.append((max(line.raised_ns, start_ns), 1))
            if line.returned_ns:
                moves.append((line.returned_ns, -1))
    n = most = 0
    most_ns = start_ns
    for t_ns, step in sorted(moves, key=lambda one: (one[0], one[1])):
        n += step
        if n > most:
            most, most_ns = n, t_ns
    return most, most_ns
