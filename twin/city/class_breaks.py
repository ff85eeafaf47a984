"""Where numbers are cut into classes: equal steps, equal counts, or natural gaps."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array
from twin.city.style import Breaks

#: Natural breaks are found on at most so many quantiles of the values.
_SAMPLE = 256


def class_edges(values: Float64Array, how: Breaks, n_classes: int) -> Float64Array:
    """(k + 1,) rising edges of up to ``n_classes`` classes; fewer where values repeat.

    Parameters
    ----------
    values : finite numbers; empty gives 0 and 1
    """
    if not len(values):
        return np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.array([low, high])
    if how == "equal":
        return np.linspace(low, high, n_classes + 1)
    if how == "quantile":
        return np.unique(np.quantile(values, np.linspace(0, 1, n_classes + 1)))
    return np.unique([low, *_natural_starts(values, n_classes), high])


def class_of(values: Float64Array, edges: Float64Array) -> np.ndarray:
    """(N,) class of each value, 0 to k - 1; values outside get the near end's class."""
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)


def _natural_starts(values: Float64Array, n_classes: int) -> Float64Array:
    """First value of every class but the first, so that the classes vary least within themselves.

    Exact on a sample (Fisher 1958, "On grouping for maximum homogeneity"): dynamic programming
    over the sums of squared deviations of all runs.
    """
    distinct = np.unique(values)
    if len(distinct) <= n_classes:
        return distinct[1:]
    sample = values
    if len(values) > _SAMPLE:
        sample = np.quantile(values, np.linspace(0, 1, _SAMPLE))
    points = np.sort(sample)
    cost = _spread_of_runs(points)
    n = len(points)
    best = cost[0].copy()
    starts = np.zeros((n_classes, n), int)
    for k in range(1, n_classes):
        # best of "first j points in k classes, then one run from j to i"
        through = np.concatenate([[0.0], best[:-1]])[:, None] + cost
        starts[k] = through.argmin(axis=0)
        best = through.min(axis=0)
    cuts, end = [], n - 1
    for k in range(n_classes - 1, 0, -1):
        begin = int(starts[k, end])
        if begin == 0:
            break
        cuts.append(begin)
        end = begin - 1
    return points[sorted(cuts)]


def _spread_of_runs(points: Float64Array) -> Float64Array:
    """(n, n) sum of squared deviations of points i..j; infinite for i > j."""
    centred = points - points.mean()
    sums = np.concatenate([[0.0], np.cumsum(centred)])
    squares = np.concatenate([[0.0], np.cumsum(centred**2)])
    i, j = np.indices((len(points), len(points)))
    count = np.maximum(j - i + 1, 1)
    spread = squares[j + 1] - squares[i] - (sums[j + 1] - sums[i]) ** 2 / count
    return np.where(j >= i, np.maximum(spread, 0.0), np.inf)
