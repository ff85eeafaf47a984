"""The nearest normal day: the earlier day most like this one, apart from the episode. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.clock import NS_PER_S
from twin.perception.episode_log import Trace

DAY_NS, HOUR_NS = 86_400 * NS_PER_S, 3_600 * NS_PER_S
#: Earlier days, or hours where no whole day is known, that are looked at.
MOST_BACK = 28
#: A candidate knows at least this share of the buckets, and there are at least so many.
LEAST_SHARE, LEAST_BUCKETS = 0.5, 8
Span = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class NearestDay:
    """Another day laid over the one of an episode.

    Attributes
    ----------
    unit : "day" or "hour"
    back : so many of them before
    start_ns, end_ns : the window of the episode's own day
    t_ns : (k,) times in that window
    values : (k,) of the other day
    distance : root mean square of the difference, outside the episode, in the datastream's unit
    """

    unit: str
    back: int
    start_ns: int
    end_ns: int
    t_ns: Int64Array
    values: Float64Array
    distance: float


def window_of(trace: Trace, episode: Span, utc_offset_s: float = 0.0) -> tuple[str, int, int]:
    """Day (by the city's time) or hour around an episode's beginning: unit, start, end.

    An hour is taken where the trace does not reach back to the day before.
    """
    begin_ns = episode[0]
    offset_ns = round(utc_offset_s * NS_PER_S)
    start_ns = (begin_ns + offset_ns) // DAY_NS * DAY_NS - offset_ns
    if len(trace.t_ns) and int(trace.t_ns[0]) <= start_ns - DAY_NS // 2:
        return "day", start_ns, start_ns + DAY_NS
    start_ns = begin_ns - HOUR_NS // 2
    return "hour", start_ns, start_ns + HOUR_NS


def nearest_day(
    trace: Trace, episode: Span, unusual: Sequence[Span] = (), utc_offset_s: float = 0.0
) -> NearestDay | None:
    """Find it; None where nothing earlier is known that is long enough and without episodes.

    Parameters
    ----------
    episode : its beginning and end, ns
    unusual : spans of episodes that are anomalies, or not judged; days with one are left out
    """
    unit, start_ns, end_ns = window_of(trace, episode, utc_offset_s)
    step_ns = DAY_NS if unit == "day" else HOUR_NS
    own = trace.between(start_ns, end_ns)
    if len(own.t_ns) < LEAST_BUCKETS:
        return None
    outside = (own.t_ns < episode[0]) | (own.t_ns >= episode[1])
    judged = outside if np.count_nonzero(outside) >= LEAST_BUCKETS else np.ones(len(outside), bool)
    best: NearestDay | None = None
    for back in range(1, MOST_BACK + 1):
        shift = back * step_ns
        if any(a < end_ns - shift and b > start_ns - shift for a, b in unusual):
            continue
        other = trace.between(start_ns - shift, end_ns - shift)
        at = np.searchsorted(other.t_ns, own.t_ns - shift)
        at = np.minimum(at, max(len(other.t_ns) - 1, 0))
        is_there = np.zeros(len(own.t_ns), bool)
        if len(other.t_ns):
            is_there = (other.t_ns[at] == own.t_ns - shift) & judged
        if np.count_nonzero(is_there) < max(LEAST_SHARE * np.count_nonzero(judged), LEAST_BUCKETS):
            continue
        gap = own.values[is_there] - other.values[at[is_there]]
        distance = float(np.sqrt(np.mean(gap**2)))
        if best is None or distance < best.distance:
            best = NearestDay(
                unit, back, start_ns, end_ns, other.t_ns + shift, other.values, distance
            )
    return best
