"""Trees: where they grow, and a low crown on a trunk for each."""

from __future__ import annotations

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.city.asset import Surface, TriangleSoup
from twin.generate.chance import fractions
from twin.generate.lots import Lots
from twin.generate.macro import StreetLines
from twin.generate.network import Pieces
from twin.generate.polygons import fans, ring_areas
from twin.generate.river import River
from twin.generate.solids import joined_soup, soup_of, without_slivers


def avenue_trees(pieces: Pieces, lines: StreetLines) -> Float64Array:
    """(N, 2) rows of trees on both pavements of the wide streets."""
    a, b = pieces.ends()
    wide = (lines.widths_m[pieces.labels] >= 19) & ~pieces.bridge
    a, b, half = a[wide], b[wide], lines.widths_m[pieces.labels[wide]] / 2
    length = np.hypot(*(b - a).T)
    counts = np.maximum(np.floor((length - 36) / 13.0), 0).astype(np.int64)
    piece = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    along = (b - a)[piece] / length[piece, None]
    at = a[piece] + along * (18 + step * 13.0)[:, None]
    side = np.stack([-along[:, 1], along[:, 0]], axis=1) * (half[piece] - 1.6)[:, None]
    return np.concatenate([at + side, at - side])


def scattered_trees(rings: Float64Array, each_m2: float, seed: int) -> Float64Array:
    """(N, 2) points spread evenly by area over (P, K, 2) convex rings."""
    triangles, _ = fans(rings)
    if not len(triangles):
        return np.zeros((0, 2))
    rng = np.random.default_rng([seed, 8])
    areas = ring_areas(triangles)
    pick = rng.choice(len(areas), size=int(areas.sum() / each_m2), p=areas / areas.sum())
    u, v = rng.random((2, len(pick)))
    over = u + v > 1
    u, v = np.where(over, 1 - u, u)[:, None], np.where(over, 1 - v, v)[:, None]
    a, b, c = (triangles[pick, k] for k in range(3))
    points: Float64Array = a + u * (b - a) + v * (c - a)
    return points


def garden_trees(lots: Lots, green: BoolArray, seed: int) -> Float64Array:
    """(N, 2) trees behind some of the houses that have a garden."""
    quads = lots.quads
    front, back = quads[:, :2].mean(axis=1), quads[:, 2:].mean(axis=1)
    inward = back - front
    depth = np.maximum(np.hypot(*inward.T), 1e-9)[:, None]
    chosen = green[lots.block] & (fractions(seed, 61, np.arange(len(quads))) < 0.3)
    chosen &= ~lots.shared_start & ~lots.shared_end
    points: Float64Array = (back + inward / depth * 3.4)[chosen]
    return points


def shore_trees(river: River, u: Float64Array, seed: int) -> Float64Array:
    """(N, 2) loose rows along both banks."""
    jitter = (fractions(seed, 62, np.arange(len(u))) - 0.5) * 8
    return np.concatenate(
        [
            river.line(u + jitter, river.half_width_m + 9),
            river.line(u - jitter, -river.half_width_m - 9),
        ]
    )


def trees_soup(
    xy: Float64Array, base_m: Float64Array, features: Int64Array, seed: int
) -> TriangleSoup:
    """A crown of eight and a trunk of six triangles for each of N trees."""
    size = 0.75 + 0.5 * fractions(seed, 63, np.arange(len(xy)))
    turn = fractions(seed, 64, np.arange(len(xy))) * 6.28
    radius, low, high = 2.3 * size, base_m + 1.9 * size, base_m + 8.2 * size
    belt_z = base_m + 4.4 * size
    corner = turn[:, None] + np.arange(4) * (np.pi / 2)
    belt = np.stack(
        [
            xy[:, :1] + radius[:, None] * np.cos(corner),
            xy[:, 1:] + radius[:, None] * np.sin(corner),
            np.broadcast_to(belt_z[:, None], corner.shape),
        ],
        axis=2,
    )
    belt_2 = np.roll(belt, -1, axis=1)
    top = np.repeat(np.column_stack([xy, high])[:, None], 4, axis=1)
    foot = np.repeat(np.column_stack([xy, low])[:, None], 4, axis=1)
    crown = np.concatenate(
        [np.stack([belt, belt_2, top], axis=2), np.stack([belt_2, belt, foot], axis=2)], axis=1
    )
    return joined_soup(
        [
            soup_of(crown.reshape(-1, 3, 3), np.repeat(features, 8), Surface.GREEN),
            _trunks(xy, base_m, base_m + 2.6 * size, features),
        ]
    )


def _trunks(
    xy: Float64Array, foot_m: Float64Array, top_m: Float64Array, features: Int64Array
) -> TriangleSoup:
    corner = np.arange(3) * (2 * np.pi / 3)
    ring = xy[:, None] + 0.22 * np.stack([np.cos(corner), np.sin(corner)], axis=1)
    low = np.concatenate([ring, np.broadcast_to(foot_m[:, None, None], (len(xy), 3, 1))], axis=2)
    high = np.concatenate([ring, np.broadcast_to(top_m[:, None, None], (len(xy), 3, 1))], axis=2)
    low_2, high_2 = np.roll(low, -1, axis=1), np.roll(high, -1, axis=1)
    sides = np.concatenate(
        [np.stack([low, low_2, high_2], axis=2), np.stack([low, high_2, high], axis=2)], axis=1
    )
    soup = soup_of(sides.reshape(-1, 3, 3), np.repeat(features, 6), Surface.OTHER)
    return without_slivers(soup)
