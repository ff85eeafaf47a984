"""Which symbols stand so close that one badge with their number says more than all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.view import View
from twin.arrays import BoolArray, Float32Array, Float64Array, Int64Array

#: Groups smaller than this stay single symbols.
LEAST = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters:
    """Groups of symbols.

    Attributes
    ----------
    counts : (k,) how many each stands for
    middles_local_m : (k, 3) float32, the mean of its symbols
    spreads_m : (k,) how far its symbols lie from that at most
    of_row : (N,) cluster of each symbol, -1 = none
    """

    counts: Int64Array
    middles_local_m: Float32Array
    spreads_m: Float64Array
    of_row: Int64Array


def clusters_of(
    view: View,
    xyz_local_m: Float32Array,
    pixels: Float64Array,
    free: BoolArray,
    cell_px: float,
) -> Clusters:
    """Group the free symbols by cells that are fixed to the ground, not to the screen.

    So a badge stays with its symbols while the camera pans. Cells double in size with the
    distance, so that each takes about ``cell_px`` of the screen.

    Parameters
    ----------
    xyz_local_m, pixels : (N, 3) places and what `View.project` made of them
    free : (N,) bool, symbols that may be grouped
    cell_px : device pixels
    """
    n = len(pixels)
    rows = np.flatnonzero(free & (pixels[:, 2] > 0))
    of_row = np.full(n, -1, np.int64)
    nothing = Clusters(
        counts=np.empty(0, np.int64),
        middles_local_m=np.empty((0, 3), np.float32),
        spreads_m=np.empty(0),
        of_row=of_row,
    )
    if not len(rows):
        return nothing
    size_m = cell_px * view.metres_per_px(1.0) * pixels[rows, 2]
    level = np.ceil(np.log2(np.maximum(size_m, 1e-3))).astype(np.int64)
    cell = np.floor(xyz_local_m[rows, :2] / np.exp2(level)[:, None]).astype(np.int64)
    keys = (level * 2_000_003 + cell[:, 0]) * 2_000_003 + cell[:, 1]
    _, group, counts = np.unique(keys, return_inverse=True, return_counts=True)
    group = _merged(group, counts, pixels[rows], 0.6 * cell_px)
    _, group, counts = np.unique(group, return_inverse=True, return_counts=True)
    keeps = counts >= LEAST
    number = np.where(keeps, np.cumsum(keeps) - 1, -1)
    of_row[rows] = number[group]
    inside = of_row >= 0
    if not inside.any():
        return nothing
    k = int(keeps.sum())
    sums = [np.bincount(of_row[inside], xyz_local_m[inside, axis], k) for axis in range(3)]
    middles = np.stack(sums, axis=1) / counts[keeps][:, None]
    away = np.linalg.norm(xyz_local_m[inside] - middles[of_row[inside]], axis=1)
    spreads = np.zeros(k)
    np.maximum.at(spreads, of_row[inside], away)
    return Clusters(
        counts=counts[keeps],
        middles_local_m=middles.astype(np.float32),
        spreads_m=spreads,
        of_row=of_row,
    )


def _merged(
    group: np.ndarray, counts: np.ndarray, pixels: Float64Array, apart_px: float
) -> np.ndarray:
    """Groups whose middles would overlap on the screen join the largest of them."""
    middle = np.stack(
        [np.bincount(group, pixels[:, axis]) / np.maximum(counts, 1) for axis in (0, 1)], axis=1
    )
    into = np.arange(len(counts))
    kept = np.empty((len(counts), 2))
    names = np.empty(len(counts), np.int64)
    n_kept = 0
    for number in np.argsort(-counts, kind="stable"):
        away = np.abs(kept[:n_kept] - middle[number]).max(axis=1)
        near = int(away.argmin()) if n_kept else -1
        if near >= 0 and away[near] < apart_px:
            into[number] = names[near]
        else:
            kept[n_kept], names[n_kept] = middle[number], number
            n_kept += 1
    merged: np.ndarray = into[group]
    return merged
