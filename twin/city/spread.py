"""Choosing points that lie far from each other."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array, Int64Array

_MOST_CANDIDATES = 20_000


def spread_rows(xy: Float64Array, rows: Int64Array, n: int, start: Float64Array) -> Int64Array:
    """`n` of the rows of (N, 2) points, each as far from the others as can be.

    The first is the one nearest to `start` (2,). Fewer where there are not so many.
    """
    if not len(rows) or n < 1:
        return np.zeros(0, dtype=np.int64)
    rows = rows[:: max(1, len(rows) // _MOST_CANDIDATES)]
    at = xy[rows]
    chosen = [int(np.hypot(*(at - start).T).argmin())]
    away = np.hypot(*(at - at[chosen[0]]).T)
    while len(chosen) < min(n, len(rows)):
        chosen.append(int(away.argmax()))
        away = np.minimum(away, np.hypot(*(at - at[chosen[-1]]).T))
    picked: Int64Array = rows[np.array(chosen)]
    return picked
