"""Which feeder supplies what, and what lamps draw: rules for the simulator and for previews.

Everything hangs on the feeder whose cabinet is nearest. A real network has its own plan; where one
is known, it takes the place of this rule.
"""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array, Int64Array

#: What dark lamps still draw of their full load.
STANDBY_SHARE = 0.04


def dimmed_load(load_kw: float, from_pct: float, to_pct: float) -> float:
    """Load of burning lamps after they were dimmed from one level to another."""
    was = STANDBY_SHARE + (1.0 - STANDBY_SHARE) * from_pct / 100.0
    return load_kw * (STANDBY_SHARE + (1.0 - STANDBY_SHARE) * to_pct / 100.0) / was


def feeder_of(xy: Float64Array, feeders_xy: Float64Array) -> Int64Array:
    """(N,) row of the feeder that supplies each of (N, 2) places; -1 where there are no feeders.

    Parameters
    ----------
    feeders_xy : (K, 2) where the feeders' cabinets stand, same frame
    """
    if not len(feeders_xy):
        return np.full(len(xy), -1, dtype=np.int64)
    gaps = ((xy[:, None, :] - feeders_xy[None, :, :]) ** 2).sum(axis=2)
    nearest: Int64Array = gaps.argmin(axis=1).astype(np.int64)
    return nearest
