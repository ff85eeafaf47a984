"""Everything flat: carriageways, pavements, yards, markings, and the plain around the city."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.city.asset import Surface, TriangleSoup
from twin.generate.macro import StreetLines
from twin.generate.network import Pieces
from twin.generate.polygons import Polygons, fans, inset
from twin.generate.river import BANK_Z_M, WATER_Z_M, River
from twin.generate.solids import joined_soup, soup_of, without_slivers
from twin.generate.zoning import Use, rule_column

MARKING_Z_M = 0.08
PLAIN_Z_M = -0.45
#: Width of the green slope between the embankment and the quay, as drawn.
SHORE_M = 62.0
_DASH_M, _DASH_STEP_M = 3.0, 9.0
_MOST_DASHES = 60_000


@dataclass(frozen=True, slots=True)
class Plots:
    """What lies inside the kerbs of each block.

    Attributes
    ----------
    kerb, yard : (B, K, 2) rings at the kerb and behind the pavement
    has_kerb, has_yard : (B,) bool
    """

    kerb: Float64Array
    yard: Float64Array
    has_kerb: BoolArray
    has_yard: BoolArray


def plots_of(cells: Polygons, lines: StreetLines, uses: Int64Array) -> Plots:
    """Take the streets' half widths, then the pavements, off every block."""
    half = lines.widths_m[cells.labels] / 2
    kerb, has_kerb = inset(cells.xy, half)
    pavement = np.maximum(rule_column("pavement_m", uses), 2.0)
    yard, has_yard = inset(kerb, np.broadcast_to(pavement[:, None], half.shape))
    return Plots(kerb, yard, has_kerb, has_kerb & has_yard)


def flat(xy: Float64Array, z_m: float) -> Float64Array:
    """Give (..., 2) points a height."""
    return np.concatenate([xy, np.full((*xy.shape[:-1], 1), z_m)], axis=-1)


def _bands(
    outer: Float64Array, inner: Float64Array, features: Int64Array, surface: Surface
) -> TriangleSoup:
    """The strips between rings (B, K, 2) and the rings inside them, features (B, K)."""
    outer_2, inner_2 = np.roll(outer, -1, axis=1), np.roll(inner, -1, axis=1)
    first = np.stack([outer, outer_2, inner_2], axis=2)
    second = np.stack([outer, inner_2, inner], axis=2)
    both = np.stack([first, second], axis=2).reshape(-1, 3, 2)
    return without_slivers(soup_of(flat(both, 0.0), np.repeat(features.ravel(), 2), surface))


def _filled(
    rings: Float64Array, rows: BoolArray, features: Int64Array, surface: Surface
) -> TriangleSoup:
    triangles, ring = fans(rings[rows])
    return without_slivers(soup_of(flat(triangles, 0.0), features[rows][ring], surface))


def streets_and_yards(
    cells: Polygons,
    plots: Plots,
    uses: Int64Array,
    green: BoolArray,
    block_features: Int64Array,
    line_features: Int64Array,
) -> TriangleSoup:
    """Carriageways, pavements and yards; together they cover every block without overlap.

    Parameters
    ----------
    green : (B,) bool, the yard is green
    block_features : (B,) feature of each block's ground
    line_features : (L,) feature of each street line
    """
    kerbed, yarded = plots.has_kerb, plots.has_yard
    road = line_features[cells.labels[kerbed]]
    around = np.repeat(block_features[yarded][:, None], plots.kerb.shape[1], axis=1)
    park = uses == Use.PARK
    return joined_soup(
        [
            _bands(cells.xy[kerbed], plots.kerb[kerbed], road, Surface.ROAD),
            _bands(plots.kerb[yarded], plots.yard[yarded], around, Surface.PAVED),
            _filled(cells.xy, ~kerbed, block_features, Surface.PAVED),
            _filled(plots.kerb, kerbed & ~yarded, block_features, Surface.PAVED),
            _filled(plots.yard, yarded & green & ~park, block_features, Surface.GREEN),
            _filled(plots.yard, yarded & ~green & ~park, block_features, Surface.PAVED),
        ]
    )


def markings(pieces: Pieces, lines: StreetLines, line_features: Int64Array) -> TriangleSoup:
    """Dashes along the middle of avenues and main streets."""
    a, b = pieces.ends()
    length = np.hypot(*(b - a).T)
    main = (lines.ranks[pieces.labels] <= 1) & ~pieces.bridge & (length > 34)
    main &= lines.widths_m[pieces.labels] > 13
    a, b, length = a[main], b[main], length[main]
    labels = pieces.labels[main]
    counts = np.floor((length - 26) / _DASH_STEP_M).astype(np.int64)
    if counts.sum() > _MOST_DASHES:  # one long line a piece
        counts = np.ones_like(counts)
        size = length - 26
    else:
        size = np.full(len(length), _DASH_M)
    piece = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    along = (b - a)[piece] / length[piece, None]
    side = np.stack([-along[:, 1], along[:, 0]], axis=1) * 0.16
    first = a[piece] + along * (13 + step * _DASH_STEP_M)[:, None]
    last = first + along * size[piece, None]
    quads = np.stack([first - side, last - side, last + side, first + side], axis=1)
    return quads_soup(flat(quads, MARKING_Z_M), line_features[labels[piece]], Surface.MARKING)


def quads_soup(quads: Float64Array, features: Int64Array, surface: Surface) -> TriangleSoup:
    """Two triangles for each of (Q, 4, 3) quads."""
    triangles = quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3, 3)
    return without_slivers(soup_of(triangles, np.repeat(features, 2), surface))


def plain_and_river(
    river: River, city_radius_m: float, plain: int, water: int, shore: int
) -> TriangleSoup:
    """The plain on both sides, the green shores, the quays and the water."""
    reach = 2.6 * city_radius_m + 2500.0
    inner = np.arange(-1.15 * city_radius_m, 1.15 * city_radius_m, 18.0)
    outer = np.geomspace(1.0, reach / (1.15 * city_radius_m), 24)[1:] * 1.15 * city_radius_m
    u = np.concatenate([-outer[::-1], inner, outer])
    edge = river.half_width_m
    far = reach + 4 * river.amplitudes_m[0]
    parts: list[TriangleSoup] = []
    for sign in (1.0, -1.0):
        quay_top = flat(river.line(u, sign * (edge + 1.2)), BANK_Z_M)
        quay_foot = flat(river.line(u, sign * (edge - 0.4)), WATER_Z_M - 0.3)
        shore_line = flat(river.line(u, sign * (edge + SHORE_M)), BANK_Z_M)
        plain_line = flat(river.line(u, sign * (edge + SHORE_M)), PLAIN_Z_M)
        horizon = flat(u[:, None] * river.along + sign * far * river.across, PLAIN_Z_M)
        parts += [
            _strip(shore_line, quay_top, sign, shore, Surface.GREEN),
            _strip(quay_top, quay_foot, sign, shore, Surface.WALL),
            _strip(plain_line, shore_line, sign, shore, Surface.GREEN),
            _strip(horizon, plain_line, sign, plain, Surface.TERRAIN),
        ]
    left = flat(river.line(u, edge), WATER_Z_M)
    right = flat(river.line(u, -edge), WATER_Z_M)
    parts.append(_strip(left, right, 1.0, water, Surface.WATER))
    return joined_soup(parts)


def _strip(
    outer: Float64Array, inner: Float64Array, sign: float, feature: int, surface: Surface
) -> TriangleSoup:
    """A band between two lines of points; seen from above the first lies left for sign > 0."""
    quads = np.stack([inner[:-1], inner[1:], outer[1:], outer[:-1]], axis=1)
    if sign < 0:
        quads = quads[:, ::-1]
    return quads_soup(quads, np.full(len(quads), feature), surface)
