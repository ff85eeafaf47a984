"""Cuts large triangles to a size that fits tiles."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array, Int64Array
from twin.importing.threes import greatest

#: A triangle of ground reaches no further than this.
MOST_M = 1024.0


def cut(corners_local_m: Float32Array, most_m: float = MOST_M) -> tuple[Float32Array, Int64Array]:
    """Halve triangles across their longest side until none is longer than `most_m`.

    Returns
    -------
    corners : (T', 3, 3) float32
    sources : (T',) the triangle each comes from
    """
    done, done_from = [np.zeros((0, 3, 3), np.float32)], [np.zeros(0, np.int64)]
    corners, sources = corners_local_m, np.arange(len(corners_local_m))
    while len(corners):
        sides = np.roll(corners, -1, axis=1) - corners
        length = np.hypot(sides[:, :, 0], sides[:, :, 1])
        small = greatest(length) <= most_m
        done.append(corners[small])
        done_from.append(sources[small])
        corners, sources = corners[~small], sources[~small]
        # Put the longest side first, then halve it: both neighbours find the same middle.
        first = length[~small].argmax(axis=1)[:, None]
        turn = (first + np.arange(3)) % 3
        a, b, c = np.moveaxis(np.take_along_axis(corners, turn[:, :, None], axis=1), 1, 0)
        middle = (a + b) / 2
        halves = [np.stack([a, middle, c], axis=1), np.stack([middle, b, c], axis=1)]
        corners, sources = np.concatenate(halves), np.concatenate([sources, sources])
    return np.concatenate(done), np.concatenate(done_from)


def clipped(
    corners_local_m: Float32Array, axis: int, limit_m: float, sign: float
) -> tuple[Float32Array, Int64Array]:
    """Keep what lies on one side of an upright plane.

    Parameters
    ----------
    axis, limit_m, sign : kept is ``sign * (x[axis] - limit_m) <= 0``

    Returns
    -------
    corners : (T', 3, 3) float32
    sources : (T',) the triangle each comes from
    """
    level = sign * (corners_local_m[:, :, axis] - limit_m)
    inside = level <= 0.0
    n_inside = inside.sum(axis=1)
    kept, kept_from = [corners_local_m[n_inside == 3]], [np.flatnonzero(n_inside == 3)]
    for n in (1, 2):
        rows = np.flatnonzero(n_inside == n)
        lone = (inside[rows] if n == 1 else ~inside[rows]).argmax(axis=1)[:, None]
        turn = (lone + np.arange(3)) % 3
        a, b, c = np.moveaxis(
            np.take_along_axis(corners_local_m[rows], turn[:, :, None], axis=1), 1, 0
        )
        la, lb, lc = np.take_along_axis(level[rows], turn, axis=1).T[:, :, None]
        ab = a + (b - a) * (la / (la - lb))
        ac = a + (c - a) * (la / (la - lc))
        if n == 1:
            kept.append(np.stack([a, ab, ac], axis=1))
            kept_from.append(rows)
        else:
            kept += [np.stack([ab, b, c], axis=1), np.stack([ab, c, ac], axis=1)]
            kept_from += [rows, rows]
    return np.concatenate(kept).astype(np.float32), np.concatenate(kept_from)
