"""Leave single bad samples out of decoded batches, keep the rest. Pure functions, any thread."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from twin.arrays import BoolArray, Int64Array
from twin.clock import NS_PER_S
from twin.link.wire import PositionBatch, SampleBatch
from twin.sense.model import Quality

MAX_QUALITY = int(max(Quality))
#: A timestamp further ahead or behind than this is dropped.
MAX_AHEAD_NS = 86_400 * NS_PER_S
MAX_BEHIND_NS = 366 * 86_400 * NS_PER_S


def sift(batch: SampleBatch, now_ns: int) -> tuple[SampleBatch, int]:
    """Leave out samples that are NaN, infinite, of unknown quality or out of time.

    Returns
    -------
    (SampleBatch, int)
        The batch (the same object where all samples are good) and how many were dropped.
    """
    if _is_all_good(batch, now_ns):
        return batch, 0
    good = np.isfinite(batch.values)
    good &= _is_timely(batch.t_ns, now_ns)
    good &= batch.quality <= MAX_QUALITY
    n_good = int(np.count_nonzero(good))
    if n_good == len(good):
        return batch, 0
    kept = replace(
        batch, indices=batch.indices[good], t_ns=batch.t_ns[good],
        values=batch.values[good], quality=batch.quality[good],
    )  # fmt: skip
    return kept, len(good) - n_good


def _is_all_good(batch: SampleBatch, now_ns: int) -> bool:
    """The usual case at a few reductions: a sum is finite only where every value is."""
    if not len(batch.values):
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(batch.values.sum())
    return bool(
        math.isfinite(total)
        and is_timely(int(batch.t_ns.min()), now_ns)
        and is_timely(int(batch.t_ns.max()), now_ns)
        and batch.quality.max() <= MAX_QUALITY
    )


def sift_positions(batch: PositionBatch, now_ns: int) -> tuple[PositionBatch, int]:
    """Like `sift`, for positions: x, y, z must be finite, longitude and latitude on Earth.

    A heading that is not finite stays, as "not known" (NaN).
    """
    good = np.isfinite(batch.x) & np.isfinite(batch.y) & np.isfinite(batch.z)
    good &= _is_timely(batch.t_ns, now_ns)
    if batch.frame == "geographic":
        good &= (np.abs(batch.x) <= 180.0) & (np.abs(batch.y) <= 90.0)
    n_good = int(np.count_nonzero(good))
    if n_good == len(good):
        return batch, 0
    kept = replace(
        batch, indices=batch.indices[good], t_ns=batch.t_ns[good], x=batch.x[good],
        y=batch.y[good], z=batch.z[good], heading_rad=batch.heading_rad[good],
    )  # fmt: skip
    return kept, len(good) - n_good


def is_timely(t_ns: int, now_ns: int) -> bool:
    """Whether a timestamp is at most a day ahead and a year behind."""
    return now_ns - MAX_BEHIND_NS <= t_ns <= now_ns + MAX_AHEAD_NS


def _is_timely(t_ns: Int64Array, now_ns: int) -> BoolArray:
    timely: BoolArray = (t_ns >= now_ns - MAX_BEHIND_NS) & (t_ns <= now_ns + MAX_AHEAD_NS)
    return timely
