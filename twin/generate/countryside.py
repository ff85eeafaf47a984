"""Around the city: fields, small woods, and the old roads that run on into the country."""

from __future__ import annotations

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.city.asset import Surface, TriangleSoup
from twin.generate.blocks import Blocks
from twin.generate.chance import fractions
from twin.generate.ground import flat
from twin.generate.polygons import fans, inset
from twin.generate.solids import joined_soup, soup_of, without_slivers
from twin.generate.trees import scattered_trees

_FIELD_Z_M, _ROAD_Z_M = -0.16, -0.12
_VERGE_M, _ROAD_HALF_M = 9.0, 4.5
_GREEN_SHARE, _WOOD_SHARE = 0.46, 0.06
_WOOD_TREE_M2 = 420.0


def green_fields(blocks: Blocks, seed: int) -> BoolArray:
    """(B,) which blocks outside the city are meadows; the others stay plain."""
    return _chance(blocks, seed) < _GREEN_SHARE


def field_rings(blocks: Blocks) -> tuple[Float64Array, BoolArray]:
    """(B, K, 2) fields within their verges, and (B,) which of them exist."""
    depths = np.full(blocks.cells.xy.shape[:2], _VERGE_M)
    return inset(blocks.cells.xy, depths)


def wood_trees(blocks: Blocks, seed: int) -> Float64Array:
    """(N, 2) trees of the small woods."""
    rings, fits = field_rings(blocks)
    return scattered_trees(rings[fits & (_chance(blocks, seed) < _WOOD_SHARE)], _WOOD_TREE_M2, seed)


def countryside_soup(
    blocks: Blocks, green: BoolArray, field_rows: Int64Array, avenue_keys: int, plain: int
) -> TriangleSoup:
    """Meadows (one feature of ``field_rows`` each) and country roads (part of the plain).

    Parameters
    ----------
    avenue_keys : streets with keys below this run on as country roads
    """
    rings, fits = field_rings(blocks)
    shown = green & fits
    triangles, row = fans(rings[shown])
    rows = np.zeros(len(green), dtype=np.int64)
    rows[green] = field_rows
    meadows = soup_of(flat(triangles, _FIELD_Z_M), rows[shown][row], Surface.GREEN)
    return joined_soup([meadows, _country_roads(blocks, avenue_keys, plain)])


def _country_roads(blocks: Blocks, avenue_keys: int, plain: int) -> TriangleSoup:
    cells, keys = blocks.cells, blocks.lines.keys
    road = cells.real() & (keys[cells.labels] < avenue_keys) & (keys[cells.labels] > 0)
    along = road.any(axis=1)
    outer, road = cells.xy[along], road[along]
    inner, fits = inset(outer, np.where(road, _ROAD_HALF_M, 0.0))
    road &= fits[:, None]
    outer_2, inner_2 = np.roll(outer, -1, axis=1), np.roll(inner, -1, axis=1)
    quads = np.stack([outer, outer_2, inner_2, inner], axis=2)[road]
    triangles = flat(quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3, 2), _ROAD_Z_M)
    return without_slivers(soup_of(triangles, np.full(len(triangles), plain), Surface.ROAD))


def _chance(blocks: Blocks, seed: int) -> Float64Array:
    centres = np.round(blocks.cells.centres()).astype(np.int64)
    return fractions(seed, 91, centres[:, 0], centres[:, 1])
