"""Bridges: a slightly arched deck with parapets, on piers that stand in the river."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.asset import Surface, TriangleSoup
from twin.generate.ground import quads_soup
from twin.generate.river import WATER_Z_M, River
from twin.generate.solids import Solids, joined_soup, soup_of_solids

_RISE_M, _DECK_M, _PARAPET_M = 1.6, 1.1, 1.0
_OVERLAP_M = 4.0
_STEPS = 10


def bridges_soup(
    start: Float64Array,
    end: Float64Array,
    widths_m: Float64Array,
    features: Int64Array,
    river: River,
) -> TriangleSoup:
    """Triangles of N bridges from bank to bank.

    Parameters
    ----------
    start, end : (N, 2) where the street reaches the embankments
    """
    along = end - start
    length = np.hypot(along[:, 0], along[:, 1])
    along = along / np.maximum(length, 1e-9)[:, None]
    side = np.stack([-along[:, 1], along[:, 0]], axis=1) * (widths_m / 2)[:, None]
    share = np.linspace(0.0, 1.0, _STEPS + 1)
    reach = share[None] * (length + 2 * _OVERLAP_M)[:, None] - _OVERLAP_M
    z = deck_z_m(share)
    middle = start[:, None] + along[:, None] * reach[..., None]
    left = _with_z(middle + side[:, None], z)
    right = _with_z(middle - side[:, None], z)
    down, up = np.array([0, 0, -_DECK_M]), np.array([0, 0, _PARAPET_M])
    bands = [
        (right, left, Surface.BRIDGE),
        (left + up, left + down, Surface.BRIDGE),
        (right + down, right + up, Surface.BRIDGE),
        (left, left + up, Surface.BRIDGE),
        (right + up, right, Surface.BRIDGE),
        (left + down, right + down, Surface.BRIDGE),
    ]
    parts = [_band(a, b, features, surface) for a, b, surface in bands]
    parts.append(_piers(start, along, length, side, features, river))
    return joined_soup(parts)


def deck_z_m(share: Float64Array) -> Float64Array:
    """Height of the deck along a bridge; its ends dip just under the embankment's surface."""
    return -0.14 + _RISE_M * 4 * share * (1 - share)


def _with_z(xy: Float64Array, z: Float64Array) -> Float64Array:
    heights = np.broadcast_to(z[None, :, None], (*xy.shape[:2], 1))
    return np.concatenate([xy, heights], axis=2)


def _band(a: Float64Array, b: Float64Array, features: Int64Array, surface: Surface) -> TriangleSoup:
    """The strip from line a to line b, counter-clockwise when b lies left of a."""
    quads = np.stack([a[:, :-1], a[:, 1:], b[:, 1:], b[:, :-1]], axis=2).reshape(-1, 4, 3)
    return quads_soup(quads, np.repeat(features, _STEPS), surface)


def _piers(
    start: Float64Array,
    along: Float64Array,
    length: Float64Array,
    side: Float64Array,
    features: Int64Array,
    river: River,
) -> TriangleSoup:
    """Three walls across the stream, as wide as the deck."""
    share = np.array([0.34, 0.5, 0.66])
    n = len(start)
    at = (start[:, None] + along[:, None] * (share[None] * length[:, None])[..., None]).reshape(
        -1, 2
    )
    half, wide = np.repeat(along, 3, axis=0) * 1.3, np.repeat(side, 3, axis=0) * 0.92
    wet = np.abs(river.side_m(at)) < river.half_width_m - 3
    quads = np.stack(
        [at - half - wide, at + half - wide, at + half + wide, at - half + wide], axis=1
    )
    quads, rows = quads[wet], np.repeat(features, 3)[wet]
    top = np.tile(deck_z_m(share) - 0.6, n)[wet]
    count = len(quads)
    return soup_of_solids(
        Solids(
            quads=quads,
            base_m=np.full(count, WATER_Z_M - 0.2),
            eaves_m=top,
            rise_m=np.zeros(count),
            roofs=np.zeros(count, dtype=np.int64),
            features=rows,
            open_start=np.zeros(count, dtype=bool),
            open_end=np.zeros(count, dtype=bool),
        )
    )
