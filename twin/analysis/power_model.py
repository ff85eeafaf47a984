"""Which feeder supplies what: one rule for the simulator and for previews.

Everything hangs on the feeder whose cabinet is nearest. A real network has its own plan; where one
is known, it takes the place of this rule.
"""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array, Int64Array


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
