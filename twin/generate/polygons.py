"""Many small convex polygons at once: clipping, insetting and fans, all in numpy.

A batch is padded to `SLOTS` corners; the slots behind a polygon's last corner repeat its first.
Every edge carries a label (the street it lies on), which survives clipping.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array

SLOTS = 10
#: Edges shorter than this are no edges.
SHORT_M = 1e-6

#: From (N, 2) points to their signed level; positive is inside.
Level = Callable[[Float64Array], Float64Array]


@dataclass(frozen=True, slots=True)
class Polygons:
    """A batch of convex polygons, counter-clockwise.

    Attributes
    ----------
    xy : (P, SLOTS, 2) float64, metres
    counts : (P,) int64, corners of each
    labels : (P, SLOTS) int64, label of the edge that leaves each corner
    """

    xy: Float64Array
    counts: Int64Array
    labels: Int64Array

    def __len__(self) -> int:
        return len(self.counts)

    def take(self, rows: Int64Array | BoolArray) -> Polygons:
        """The polygons of some rows."""
        return Polygons(self.xy[rows], self.counts[rows], self.labels[rows])

    def ends(self) -> Float64Array:
        """(P, SLOTS, 2) the corner each edge leads to."""
        return np.roll(self.xy, -1, axis=1)

    def real(self) -> BoolArray:
        """(P, SLOTS) which slots hold a corner."""
        return np.arange(SLOTS) < self.counts[:, None]

    def areas(self) -> Float64Array:
        """(P,) square metres."""
        return ring_areas(self.xy)

    def centres(self) -> Float64Array:
        """(P, 2) mean of the corners."""
        total: Float64Array = (self.xy * self.real()[:, :, None]).sum(axis=1)
        return total / np.maximum(self.counts, 1)[:, None]


def ring_areas(xy: Float64Array) -> Float64Array:
    """(P,) signed areas of (P, K, 2) rings; counter-clockwise is positive."""
    xy = xy - xy[:, :1]
    ends = np.roll(xy, -1, axis=1)
    area: Float64Array = 0.5 * (xy[..., 0] * ends[..., 1] - xy[..., 1] * ends[..., 0]).sum(axis=1)
    return area


def joined(parts: list[Polygons]) -> Polygons:
    """One batch of several."""
    return Polygons(
        np.concatenate([p.xy for p in parts]),
        np.concatenate([p.counts for p in parts]),
        np.concatenate([p.labels for p in parts]),
    )


def padded(corners: Float64Array, labels: Int64Array) -> Polygons:
    """A batch of (P, n, 2) corners and (P, n) labels, all with n corners."""
    n = corners.shape[1]
    xy = np.repeat(corners[:, :1], SLOTS, axis=1)
    xy[:, :n] = corners
    all_labels = np.full((len(corners), SLOTS), -1, dtype=np.int64)
    all_labels[:, :n] = labels
    return Polygons(xy, np.full(len(corners), n), all_labels)


def clip(
    polygons: Polygons, values: Float64Array, cut_labels: Int64Array, level: Level | None = None
) -> Polygons:
    """Keep the part of each polygon whose level is positive.

    Parameters
    ----------
    values : (P, SLOTS) level at each corner
    cut_labels : (P,) label of the new edge
    level : for curved levels, refines where edges cross it; the new edge is the chord

    Returns
    -------
    Polygons
        P polygons; those without a positive part have fewer than 3 corners.
    """
    xy, ends = polygons.xy, polygons.ends()
    end_values = np.roll(values, -1, axis=1)
    real, inside = polygons.real(), values > 0
    crossing = real & (inside != (end_values > 0))
    span = np.where(crossing, values - end_values, 1.0)
    fraction = np.where(crossing, values / span, 0.0)
    if level is not None:
        fraction[crossing] = _bisected(xy[crossing], ends[crossing], inside[crossing], level)
    cut = xy + fraction[:, :, None] * (ends - xy)
    size = (len(polygons), 2 * SLOTS)
    all_xy = np.stack([xy, cut], axis=2).reshape(*size, 2)
    wanted = np.stack([real & inside, crossing], axis=2).reshape(size)
    cut_or_old = np.where(inside, cut_labels[:, None], polygons.labels)
    all_labels = np.stack([polygons.labels, cut_or_old], axis=2).reshape(size)
    order = np.argsort(~wanted, axis=1, kind="stable")[:, :SLOTS]
    counts = np.minimum(wanted.sum(axis=1), SLOTS)
    new_xy = np.take_along_axis(all_xy, order[:, :, None], axis=1)
    new_labels = np.take_along_axis(all_labels, order, axis=1)
    empty = np.arange(SLOTS) >= counts[:, None]
    new_xy = np.where(empty[:, :, None], new_xy[:, :1], new_xy)
    return Polygons(new_xy, counts, np.where(empty, -1, new_labels))


def _bisected(
    starts: Float64Array, ends: Float64Array, start_inside: BoolArray, level: Level
) -> Float64Array:
    """Fractions along edges where a level changes sign."""
    low, high = np.zeros(len(starts)), np.ones(len(starts))
    for _ in range(44):
        middle = 0.5 * (low + high)
        same = (level(starts + middle[:, None] * (ends - starts)) > 0) == start_inside
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return 0.5 * (low + high)


def inset(xy: Float64Array, depths: Float64Array) -> tuple[Float64Array, BoolArray]:
    """Move every edge inwards; edges that vanish shrink to a point, corners keep their slots.

    Parameters
    ----------
    xy : (P, K, 2) convex rings, counter-clockwise, may repeat corners
    depths : (P, K) metres an edge

    Returns
    -------
    (P, K, 2) corners and (P,) whether something is left
    """
    out = xy.copy()
    fits = np.zeros(len(xy), dtype=bool)
    edge = np.roll(xy, -1, axis=1) - xy
    length = np.hypot(edge[..., 0], edge[..., 1])
    alive = length > SHORT_M
    along = edge / np.where(alive, length, 1.0)[..., None]
    normal = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    offset = (normal * xy).sum(axis=-1) + depths
    rows = np.arange(len(xy))
    for _ in range(xy.shape[1] - 2):
        rows = rows[alive[rows].sum(axis=1) >= 3]
        if not len(rows):
            break
        corners, inner = _corners(normal[rows], offset[rows], along[rows], alive[rows])
        inner = np.where(alive[rows], inner, np.inf)
        worst = inner.argmin(axis=1)
        good = inner[np.arange(len(rows)), worst] > 0.02
        out[rows[good]] = corners[good]
        fits[rows[good]] = True
        bad = rows[~good]
        alive[bad, worst[~good]] = False
        rows = bad
    return out, fits


def _corners(
    normal: Float64Array, offset: Float64Array, along: Float64Array, alive: BoolArray
) -> tuple[Float64Array, Float64Array]:
    """Start corner of every living edge (others: of the next one) and the edges' new lengths."""
    slots = alive.shape[1]
    following = _next_alive(alive)
    previous = slots - 1 - _next_alive(alive[:, ::-1])[:, ::-1]
    previous = np.roll(previous, 1, axis=1)
    pick = np.take_along_axis
    n1, o1 = pick(normal, previous[..., None], axis=1), pick(offset, previous, axis=1)
    n1, o1 = pick(n1, following[..., None], axis=1), pick(o1, following, axis=1)
    n2, o2 = pick(normal, following[..., None], axis=1), pick(offset, following, axis=1)
    cross = n1[..., 0] * n2[..., 1] - n1[..., 1] * n2[..., 0]
    cross = np.where(np.abs(cross) < 1e-3, 1e-3, cross)
    x = (o1 * n2[..., 1] - o2 * n1[..., 1]) / cross
    y = (n1[..., 0] * o2 - n2[..., 0] * o1) / cross
    corners = np.stack([x, y], axis=-1)
    inner = ((np.roll(corners, -1, axis=1) - corners) * along).sum(axis=-1)
    return corners, inner


def _next_alive(alive: BoolArray) -> Int64Array:
    """(P, K) the slot itself where alive, else the next living one (cyclic)."""
    slots = alive.shape[1]
    twice = np.concatenate([alive, alive], axis=1)
    index = np.where(twice, np.arange(2 * slots), 4 * slots)
    ahead = np.minimum.accumulate(index[:, ::-1], axis=1)[:, ::-1][:, :slots]
    found: Int64Array = ahead % slots
    return found


def fans(xy: Float64Array) -> tuple[Float64Array, Int64Array]:
    """Triangles (T, 3, 2) of convex rings (P, K, 2) and the ring of each; slivers left out."""
    slots = xy.shape[1]
    first = np.repeat(xy[:, None, :1], slots - 2, axis=1)
    triangles = np.concatenate([first, xy[:, 1:-1, None], xy[:, 2:, None]], axis=2).reshape(
        -1, 3, 2
    )
    rows = np.repeat(np.arange(len(xy)), slots - 2)
    thick = ring_areas(triangles) > 1e-2
    return triangles[thick], rows[thick]
