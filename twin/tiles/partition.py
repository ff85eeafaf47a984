"""Cut a city into tiles of near features, with light baked and edges found."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from twin.city.asset import CityAsset, TriangleSoup
from twin.readers.base import Progress, no_progress
from twin.tiles.crease import crease_corners
from twin.tiles.light import base_heights, code_light, feature_tints, unit_normals
from twin.tiles.tile import Tile
from twin.tiles.weld import equal_rows

#: A tile never holds more triangles than this for each feature it may hold.
TRIANGLES_PER_FEATURE = 40
#: Features wider than this share of the city are cut triangle by triangle.
WIDE_SHARE = 0.12
WIDE_LEAST_M = 200.0


def tiles_from_asset(
    asset: CityAsset, features_per_tile: int = 1000, progress: Progress = no_progress
) -> list[Tile]:
    """Cut a city into tiles. Any thread; pure.

    Parameters
    ----------
    features_per_tile : int
        At most this many features a tile; wide ones (terrain) are cut per triangle.
    progress : callable
        Called with the fraction done; raising from it stops the work.

    Returns
    -------
    list of Tile, empty for a city without triangles
    """
    soup = asset.soup
    if not soup.n_triangles:
        return []
    n_features = asset.features.n_features
    normals = unit_normals(soup.corners_local_m)
    base_z_m = base_heights(soup, asset.features.parents)
    lit = code_light(soup, normals, base_z_m, feature_tints(n_features))
    groups = _groups(soup, n_features, features_per_tile)
    progress(0.2)
    tiles = []
    for done, rows in enumerate(groups, start=1):
        tiles.append(_tile(soup, normals, lit, rows))
        progress(0.2 + 0.8 * done / len(groups))
    return tiles


def tile_of_soup(soup: TriangleSoup, parents: Int32Array, *, with_edges: bool = True) -> Tile:
    """One tile of all triangles of a soup: light baked, equal corners shared. Any thread; pure.

    Parameters
    ----------
    soup : at least one triangle
    parents : (N,) int32, as in `twin.city.asset.FeatureTable`
    with_edges : find creases and outlines too
    """
    normals = unit_normals(soup.corners_local_m)
    base_z_m = base_heights(soup, parents)
    lit = code_light(soup, normals, base_z_m, feature_tints(len(parents)))
    return _tile(soup, normals, lit, np.arange(soup.n_triangles), with_edges)


def _tile(
    soup: TriangleSoup,
    normals: Float32Array,
    lit: Float32Array,
    rows: Int64Array,
    with_edges: bool = True,
) -> Tile:
    corners = soup.corners_local_m[rows]
    features = soup.features[rows]
    points = np.ascontiguousarray(corners.reshape(-1, 3))
    codes = lit[rows].reshape(-1)
    point_features = np.repeat(features, 3)
    columns = np.vstack([points.view(np.uint32).T, codes.view(np.uint32), point_features])
    first, group = equal_rows(columns.astype(np.uint32, copy=False))
    triangles = group.reshape(-1, 3)
    edges = np.empty((0, 2), np.int64)
    if with_edges:
        edges = crease_corners(points[first], triangles, normals[rows], soup.surfaces[rows])
    return Tile(
        points_local_m=points[first],
        triangles=triangles.astype(np.int32),
        features=features,
        point_features=point_features[first].astype(np.float32),
        code_light=codes[first],
        bounds_min_max_local_m=np.concatenate([points.min(axis=0), points.max(axis=0)]),
        edges_local_m=points[edges],
        edge_features=features[edges[:, 0] // 3],
        edge_code_light=codes[edges],
    )


def _groups(soup: TriangleSoup, n_features: int, features_per_tile: int) -> list[Int64Array]:
    """Rows of triangles of each tile, rows of one feature together."""
    item = _items(soup, n_features)
    n_items = int(item.max()) + 1
    weight = np.bincount(item, minlength=n_items)
    middle = soup.corners_local_m[:, :, :2].mean(axis=1, dtype=np.float64)
    centre = np.column_stack(
        [np.bincount(item, middle[:, axis], n_items) / np.maximum(weight, 1) for axis in (0, 1)]
    )
    used = np.flatnonzero(weight)
    leaf_of_item = np.zeros(n_items, np.int64)
    for leaf, members in enumerate(_split(centre, weight, used, features_per_tile)):
        leaf_of_item[members] = leaf
    leaf_of_row = leaf_of_item[item]
    order = np.lexsort((soup.features, leaf_of_row))
    cuts = np.flatnonzero(np.diff(leaf_of_row[order])) + 1
    return np.split(order, cuts)


def _items(soup: TriangleSoup, n_features: int) -> Int64Array:
    """(T,) what is kept together: the feature, or the triangle itself in a wide feature."""
    low = np.full((n_features, 2), np.inf, np.float32)
    high = np.full((n_features, 2), -np.inf, np.float32)
    for axis in (0, 1):
        np.minimum.at(low[:, axis], soup.features, soup.corners_local_m[:, :, axis].min(axis=1))
        np.maximum.at(high[:, axis], soup.features, soup.corners_local_m[:, :, axis].max(axis=1))
    city_m = float((high.max(axis=0) - low.min(axis=0)).max())
    wide = (high - low).max(axis=1) > max(WIDE_LEAST_M, WIDE_SHARE * city_m)
    item = soup.features.astype(np.int64)
    loose = np.flatnonzero(wide[soup.features])
    item[loose] = n_features + np.arange(len(loose))
    return item


def _split(
    centre: Float64Array, weight: Int64Array, members: Int64Array, features_per_tile: int
) -> list[Int64Array]:
    """Halve at the median of the longer side until every group is small enough."""
    most_triangles = features_per_tile * TRIANGLES_PER_FEATURE
    waiting, done = [members], []
    while waiting:
        group = waiting.pop()
        small = len(group) <= features_per_tile and weight[group].sum() <= most_triangles
        points = centre[group]
        spread = np.ptp(points, axis=0)
        if small or len(group) < 2 or spread.max() <= 0.0:
            done.append(group)
            continue
        axis = int(spread.argmax())
        order = np.argpartition(points[:, axis], len(group) // 2)
        waiting += [group[order[: len(group) // 2]], group[order[len(group) // 2 :]]]
    return done
