"""Buildings one finds one's way by: the town hall's tower and the stadium."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array
from twin.city.asset import Surface, TriangleSoup
from twin.generate.ground import flat
from twin.generate.solids import Roof, Solids, joined_soup, soup_of, soup_of_solids

_SEATS = 28
#: The town hall's tower above its eaves, and the cap on it.
TOWER_M, CAP_M = 18.0, 13.0


def clock_tower(centre: Float64Array, feature: int, eaves_m: float) -> TriangleSoup:
    """A square tower with a steep hipped cap, `TOWER_M` + `CAP_M` above the eaves."""
    half = 5.0
    square = centre + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    top = eaves_m + TOWER_M
    return soup_of_solids(_solids(square[None], 0.0, top, CAP_M, Roof.HIP, feature))


def stadium(centre: Float64Array, radius_m: float, feature: int) -> TriangleSoup:
    """An oval bowl: outer wall, stands that fall inwards under a ring of roof, and a pitch."""
    angle = np.linspace(0, 2 * np.pi, _SEATS, endpoint=False)
    unit = np.stack([np.cos(angle), 0.82 * np.sin(angle)], axis=1)
    outer, inner = centre + radius_m * unit, centre + 0.60 * radius_m * unit
    wall_top = flat(outer, 21.0)
    lip = flat(centre + 0.80 * radius_m * unit, 23.5)
    parts = [
        _ring(flat(outer, 0.0), wall_top, feature, Surface.WALL),
        _ring(wall_top, lip, feature, Surface.ROOF),
        _ring(lip, flat(centre + 0.80 * radius_m * unit, 15.0), feature, Surface.WALL),
        _ring(
            flat(centre + 0.80 * radius_m * unit, 15.0), flat(inner, 1.2), feature, Surface.PAVED
        ),
        _ring(flat(inner, 1.2), flat(inner, 0.0), feature, Surface.WALL),
    ]
    rim = flat(inner, 0.5)
    after = np.roll(rim, -1, axis=0)
    middle = np.broadcast_to(rim.mean(axis=0), rim.shape)
    pitch = np.stack([middle, rim, after], axis=1)
    parts.append(soup_of(pitch, np.full(len(pitch), feature), Surface.GREEN))
    return joined_soup(parts)


def _ring(low: Float64Array, high: Float64Array, feature: int, surface: Surface) -> TriangleSoup:
    """A closed band; seen from outside the first line runs counter-clockwise below the second."""
    low_2, high_2 = np.roll(low, -1, axis=0), np.roll(high, -1, axis=0)
    triangles = np.concatenate(
        [np.stack([low, low_2, high_2], axis=1), np.stack([low, high_2, high], axis=1)]
    )
    return soup_of(triangles, np.full(len(triangles), feature), surface)


def _solids(
    quads: Float64Array, base: float, eaves: float, rise: float, roof: Roof, feature: int
) -> Solids:
    n = len(quads)
    none = np.zeros(n, dtype=bool)
    return Solids(
        quads=quads,
        base_m=np.full(n, base),
        eaves_m=np.full(n, eaves),
        rise_m=np.full(n, rise),
        roofs=np.full(n, roof, dtype=np.int64),
        features=np.full(n, feature, dtype=np.int64),
        open_start=none,
        open_end=none,
    )
