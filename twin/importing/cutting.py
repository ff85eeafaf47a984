"""Cuts triangles of ground along upright planes, so that neighbours keep their common corners."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int64Array
from twin.importing.threes import greatest, least

#: Large triangles are cut along this grid, which is the quadtree's own.
GRID_M = 1024.0


def cut(corners_local_m: Float32Array, grid_m: float = GRID_M) -> tuple[Float32Array, Int64Array]:
    """Cut triangles along the lines of a grid, until each lies in one cell.

    Neighbours are cut where they meet in the very same points, so that no gap opens.

    Returns
    -------
    corners : (T', 3, 3) float32
    sources : (T',) the triangle each comes from
    """
    corners = corners_local_m.astype(np.float64)
    sources = np.arange(len(corners))
    for axis in (0, 1):
        done, done_from = [np.zeros((0, 3, 3))], [np.zeros(0, np.int64)]
        while len(corners):
            first = np.floor(least(corners[:, :, axis]) / grid_m) + 1
            last = np.ceil(greatest(corners[:, :, axis]) / grid_m) - 1
            whole = first > last
            done.append(corners[whole])
            done_from.append(sources[whole])
            corners, sources = corners[~whole], sources[~whole]
            lines = np.floor((first + last) / 2)[~whole] * grid_m
            parts = [_side(corners, axis, lines, sign) for sign in (1.0, -1.0)]
            sources = np.concatenate([sources[part[1]] for part in parts])
            corners = np.concatenate([part[0] for part in parts])
        corners, sources = np.concatenate(done), np.concatenate(done_from)
    return corners.astype(np.float32), sources


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
    limits = np.full(len(corners_local_m), limit_m)
    corners, sources = _side(corners_local_m.astype(np.float64), axis, limits, sign)
    return corners.astype(np.float32), sources


def _side(
    corners: Float64Array, axis: int, limits_m: Float64Array, sign: float
) -> tuple[Float64Array, Int64Array]:
    """The part of each triangle on one side of its plane, in one or two triangles."""
    level = sign * (corners[:, :, axis] - limits_m[:, None])
    inside = level <= 0.0
    n_inside = inside.sum(axis=1)
    kept, kept_from = [corners[n_inside == 3]], [np.flatnonzero(n_inside == 3)]
    for n in (1, 2):
        rows = np.flatnonzero(n_inside == n)
        lone = (inside[rows] if n == 1 else ~inside[rows]).argmax(axis=1)[:, None]
        turn = (lone + np.arange(3)) % 3
        a, b, c = np.moveaxis(np.take_along_axis(corners[rows], turn[:, :, None], axis=1), 1, 0)
        ab = _crossing(a, b, axis, limits_m[rows])
        ac = _crossing(a, c, axis, limits_m[rows])
        if n == 1:
            kept.append(np.stack([a, ab, ac], axis=1))
            kept_from.append(rows)
        else:
            kept += [np.stack([ab, b, c], axis=1), np.stack([ab, c, ac], axis=1)]
            kept_from += [rows, rows]
    parts, sources = np.concatenate(kept), np.concatenate(kept_from)
    a, b, c = np.moveaxis(parts, 1, 0)
    same = (a == b).all(axis=1) | (b == c).all(axis=1) | (c == a).all(axis=1)
    return parts[~same], sources[~same]


def _crossing(a: Float64Array, b: Float64Array, axis: int, limits_m: Float64Array) -> Float64Array:
    """Where edges meet their planes, the same from both ends."""
    swap = (a[:, axis] > b[:, axis])[:, None]
    low, high = np.where(swap, b, a), np.where(swap, a, b)
    share = (limits_m - low[:, axis]) / (high[:, axis] - low[:, axis])
    point: Float64Array = low + share[:, None] * (high - low)
    point[:, axis] = limits_m
    return point
