"""Flat ribbons along lines: roads, tracks, rivers and routes drawn on the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int32Array, Int64Array, UInt8Array
from twin.city.asset import TriangleSoup

#: A corner sticks out at most this many half widths.
_LONGEST_MITER = 2.0
_CAP_STEPS = 6
#: Points closer than this are one point.
_SAME_M = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Many lines in one array.

    Attributes
    ----------
    xy : (K, 2) float64, metres, line after line
    starts : (L + 1,) int64, where each line begins in ``xy``
    """

    xy: Float64Array
    starts: Int64Array

    @property
    def n_lines(self) -> int:
        """How many lines."""
        return len(self.starts) - 1

    def line_of_point(self) -> Int64Array:
        """(K,) line of each point."""
        return np.repeat(np.arange(self.n_lines), np.diff(self.starts))

    def lengths_m(self) -> Float64Array:
        """(L,) length of each line."""
        step = np.hypot(*np.diff(self.xy, axis=0).T) if len(self.xy) > 1 else np.zeros(0)
        line = self.line_of_point()
        same = line[1:] == line[:-1]
        total: Float64Array = np.bincount(
            line[1:][same], weights=step[same], minlength=self.n_lines
        ).astype(np.float64)
        return total


def lines_of(parts: list[Float64Array]) -> Lines:
    """Lines from one (k, 2) array a line."""
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    xy = np.concatenate([np.zeros((0, 2)), *parts])
    return Lines(xy=xy, starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))


def ribbons(
    lines: Lines,
    widths_m: Float64Array,
    z_m: Float64Array,
    features: Int32Array,
    surfaces: UInt8Array,
    *,
    round_ends: bool = True,
) -> TriangleSoup:
    """Flat bands (seen from above) along lines, mitred at corners.

    Parameters
    ----------
    lines : Lines
    widths_m, z_m, features, surfaces : (L,) of each line

    Returns
    -------
    TriangleSoup
        Lines shorter than 2 cm leave nothing.
    """
    lines, kept = _cleaned(lines)
    if not lines.n_lines:
        none = np.zeros((0, 3, 2))
        return _soup(none, np.zeros(0, np.int64), z_m, features, surfaces)
    half = widths_m[kept] / 2
    line = lines.line_of_point()
    ahead, is_last, closed = _directions(lines)
    side = _sides(lines, ahead, closed) * half[line][:, None]
    left, right = lines.xy + side, lines.xy - side
    k = np.flatnonzero(~is_last)
    first = np.stack([right[k], right[k + 1], left[k + 1]], axis=1)
    second = np.stack([right[k], left[k + 1], left[k]], axis=1)
    caps, cap_lines = _caps(lines, ahead, half, ~closed & round_ends)
    corners = np.concatenate([first, second, caps])
    rows = kept[np.concatenate([line[k], line[k], cap_lines])]
    return _soup(corners, rows, z_m, features, surfaces)


def _soup(
    corners: Float64Array,
    rows: Int64Array,
    z_m: Float64Array,
    features: Int32Array,
    surfaces: UInt8Array,
) -> TriangleSoup:
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    twice = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    # A tight bend turns a triangle over: it lies under its neighbours, so nothing is missing.
    keep = twice > 1e-6
    corners, rows = corners[keep], rows[keep]
    heights = np.repeat(z_m[rows][:, None, None], 3, axis=1) if len(rows) else np.zeros((0, 3, 1))
    return TriangleSoup(
        corners_local_m=np.concatenate([corners, heights], axis=2).astype(np.float32),
        features=features[rows].astype(np.int32),
        surfaces=surfaces[rows].astype(np.uint8),
    )


def _cleaned(lines: Lines) -> tuple[Lines, Int64Array]:
    """Lines without repeated points; those of one point are left out. And which are kept."""
    line = lines.line_of_point()
    finite = np.isfinite(lines.xy).all(axis=1)
    xy, line = lines.xy[finite], line[finite]
    same = np.zeros(len(xy), dtype=bool)
    if len(xy) > 1:
        step = np.hypot(*np.diff(xy, axis=0).T)
        same[1:] = (line[1:] == line[:-1]) & (step < _SAME_M)
    xy, line = xy[~same], line[~same]
    counts = np.bincount(line, minlength=lines.n_lines)
    keep = counts >= 2
    chosen = keep[line]
    starts = np.concatenate([[0], np.cumsum(counts[keep])]).astype(np.int64)
    return Lines(xy=xy[chosen], starts=starts), np.flatnonzero(keep)


def _directions(lines: Lines) -> tuple[Float64Array, BoolArray, BoolArray]:
    """Unit direction (K, 2) from each point on, who is last (K,), which close (L,)."""
    n = len(lines.xy)
    is_last = np.zeros(n, dtype=bool)
    is_last[lines.starts[1:] - 1] = True
    step = np.roll(lines.xy, -1, axis=0) - lines.xy
    step[is_last] = 0.0
    length = np.hypot(step[:, 0], step[:, 1])
    ahead = step / np.maximum(length, 1e-12)[:, None]
    ends = lines.xy[lines.starts[1:] - 1] - lines.xy[lines.starts[:-1]]
    closed = (np.hypot(ends[:, 0], ends[:, 1]) < _SAME_M) & (np.diff(lines.starts) > 3)
    return ahead, is_last, closed


def _sides(lines: Lines, ahead: Float64Array, closed: BoolArray) -> Float64Array:
    """(K, 2) from each point to the left edge of a band of half width 1."""
    before = np.roll(ahead, 1, axis=0)
    starts, lasts = lines.starts[:-1], lines.starts[1:] - 1
    before[starts] = ahead[starts]
    after = ahead.copy()
    after[lasts] = before[lasts]
    before[starts[closed]] = ahead[lasts[closed] - 1]
    after[lasts[closed]] = ahead[starts[closed]]
    n_before = np.stack([-before[:, 1], before[:, 0]], axis=1)
    n_after = np.stack([-after[:, 1], after[:, 0]], axis=1)
    middle = n_before + n_after
    length = np.hypot(middle[:, 0], middle[:, 1])
    middle = np.where(length[:, None] > 1e-6, middle / np.maximum(length, 1e-6)[:, None], n_after)
    cosine = (middle * n_after).sum(axis=1)
    miter: Float64Array = middle / np.maximum(cosine, 1.0 / _LONGEST_MITER)[:, None]
    return miter


def _caps(
    lines: Lines, ahead: Float64Array, half: Float64Array, is_open: BoolArray
) -> tuple[Float64Array, Int64Array]:
    """Half discs at both ends of open lines: triangles (T, 3, 2) and their lines (T,)."""
    rows = np.flatnonzero(is_open)
    starts, lasts = lines.starts[:-1][rows], lines.starts[1:][rows] - 1
    at = np.concatenate([lines.xy[starts], lines.xy[lasts]])
    out = np.concatenate([-ahead[starts], ahead[lasts - 1]])
    turn = np.linspace(-np.pi / 2, np.pi / 2, _CAP_STEPS + 1)
    angle = np.arctan2(out[:, 1], out[:, 0])[:, None] + turn
    radius = np.tile(half[rows], 2)
    arc = at[:, None] + radius[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=2)
    middle = np.repeat(at[:, None], _CAP_STEPS, axis=1)
    triangles = np.stack([middle, arc[:, :-1], arc[:, 1:]], axis=2).reshape(-1, 3, 2)
    return triangles, np.repeat(np.tile(rows, 2), _CAP_STEPS)
