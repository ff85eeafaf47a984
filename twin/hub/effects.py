"""Which samples may count when the hub looks for an effect. Pure functions."""

from __future__ import annotations

import math

from twin.clock import NS_PER_S
from twin.hub.requests import Observation

MAX_CLOCK_ERROR_NS = 86_400 * NS_PER_S


def is_good(seen: Observation, now_ns: int) -> bool:
    """Whether a sample may count: good quality, finite, its time not over a day off."""
    is_timely = abs(seen.t_ns - now_ns) <= MAX_CLOCK_ERROR_NS
    return seen.quality == 0 and math.isfinite(seen.value) and is_timely
