"""Sets footprints, streets and places on a terrain, and pushes a terrain under what has ground."""

from __future__ import annotations

import dataclasses

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from twin.city.asset import CityAsset, FeatureTable, Place, StreetNetwork, Surface, TriangleSoup
from twin.city.ground_raster import FLAT, ground_cover, samples_of
from twin.city.merging import table_of
from twin.city.refining import refined
from twin.city.soup import feature_bounds
from twin.city.terrain_heights import GroundHeights

#: What lies flat floats so far above the terrain, so that its triangles do not cut it.
LIFT_M = 0.45
#: Walls go on so far below the lowest ground at their feet.
_ROOT_M = 0.3
#: Maps put their layers, and the feet of houses, so far above and below zero at most.
_NEAR_ZERO_M = 1.0
_MOST = 0.6
#: Corners that lie within this of a family's lowest point are its feet.
_FOOT_M = 0.05
#: Share of a building's height that may be buried on the upper side.
_MOST_BURIED = 0.5
#: Flat triangles are cut to this length, so that they follow the ground.
_STEP_M = 20.0
#: Streets are cut less: their pieces are what is measured and named.
_STREET_STEP_M = 60.0
#: Rounds in which the heights inside tunnels are drawn level between their mouths.
_TUNNEL_ROUNDS = 400
#: Water is sampled this closely; where its ground differs by more than this, it flows.
_WATER_STEP_M = 30.0
_FLOWS_M = 12.0
#: A terrain stays so far below still water.
_BED_M = 1.5
#: A terrain under a city's own ground stays this far below it.
UNDER_M = 0.6
DRAPED_UNDER_M = 0.9
_GROUNDS = tuple(one for one in FLAT if one != Surface.WATER)

_STANDING = np.array([Surface.WALL, Surface.ROOF, Surface.OTHER], np.uint8)


def stands_on_zero(asset: CityAsset, zero_z_m: float = 0.0) -> bool:
    """Whether a source counts its heights from the ground, not from a vertical datum.

    So do footprints and maps, whose buildings nearly all stand at exactly 0.

    Parameters
    ----------
    zero_z_m : local z of the source's own zero
    """
    soup, features = asset.soup, table_of(asset)
    if not soup.n_triangles:
        return asset.streets is not None
    low = _lowest(soup.corners_local_m[:, :, 2].min(axis=1), soup.features, features) - zero_z_m
    stands = np.zeros(features.n_features, bool)
    stands[_roots(features.parents)[soup.features[np.isin(soup.surfaces, _STANDING)]]] = True
    if stands.any():
        return _is_one_level(low[stands])
    return bool((np.abs(low[np.isfinite(low)]) < _NEAR_ZERO_M).mean() > _MOST)


def _is_one_level(low: Float32Array) -> bool:
    """Whether most stand on one of two heights near zero: surveyed ground is never so even."""
    near = low[np.abs(low) < _NEAR_ZERO_M]
    _values, counts = np.unique(np.round(near, 2), return_counts=True)
    return bool(np.sort(counts)[-2:].sum() > _MOST * len(low))


def draped(asset: CityAsset, ground: GroundHeights, zero_z_m: float) -> tuple[CityAsset, int]:
    """Set an asset that counts its heights from the ground on a terrain.

    Buildings keep their shape: each family (building and parts) rises by the mean height of the
    ground at its feet, or further so that no more than half of it is buried at the highest, and
    its walls go down to the lowest. What lies flat is cut into small
    triangles that follow the ground. What lies outside the terrain stays where it is.

    Returns
    -------
    the asset, and how many families lie outside the terrain
    """
    soup, n_outside = _draped_soup(asset, ground, zero_z_m)
    rows = np.repeat(soup.features, 3)
    bounds = feature_bounds(soup.corners_local_m.reshape(-1, 3), rows, asset.features.n_features)
    bare = np.isnan(bounds[:, 0])
    bounds[bare] = _risen_bounds(asset.features.bounds_min_max_local_m[bare], ground, zero_z_m)
    features = table_of(asset)
    return (
        dataclasses.replace(
            asset,
            soup=soup,
            features=dataclasses.replace(features, bounds_min_max_local_m=bounds),
            streets=_draped_streets(asset.streets, ground, zero_z_m),
            places=_draped_places(asset.places, ground, zero_z_m),
        ),
        n_outside,
    )


def _lowest(z: Float32Array, features: Int32Array, table: FeatureTable) -> Float32Array:
    """(N,) lowest z of each root row's family, infinite without triangles."""
    roots = _roots(table.parents)
    low = np.full(table.n_features, np.inf, np.float32)
    np.minimum.at(low, roots[features], z)
    return low


def _roots(parents: Int32Array) -> Int64Array:
    roots = np.arange(len(parents))
    for _ in range(32):
        above = parents[roots]
        if (above < 0).all():
            break
        roots = np.where(above >= 0, above, roots)
    return roots


def _draped_soup(
    asset: CityAsset, ground: GroundHeights, zero_z_m: float
) -> tuple[TriangleSoup, int]:
    features = table_of(asset)
    soup = asset.soup
    roots = _roots(features.parents)
    standing = np.zeros(features.n_features, bool)
    standing[roots[soup.features[np.isin(soup.surfaces, _STANDING)]]] = True
    stands: BoolArray = standing[roots[soup.features]]
    solid = _only(soup, stands)
    corners, n_outside = _risen(solid, roots, features.n_features, ground, zero_z_m)
    flat = _laid(_only(soup, ~stands), ground, zero_z_m)
    joined = TriangleSoup(
        corners_local_m=np.concatenate([corners, flat.corners_local_m]),
        features=np.concatenate([solid.features, flat.features]),
        surfaces=np.concatenate([solid.surfaces, flat.surfaces]),
        materials=_joined(solid.materials, flat.materials),
        uv=_joined(solid.uv, flat.uv),
    )
    order = np.argsort(joined.features, kind="stable")
    return _only(joined, order), n_outside


def _laid(soup: TriangleSoup, ground: GroundHeights, zero_z_m: float) -> TriangleSoup:
    """What lies flat: still water level, the rest cut small so that it follows the ground."""
    level_m = _water_levels(soup, ground, zero_z_m)
    is_level = np.isfinite(level_m[soup.features]) & (soup.surfaces == Surface.WATER)
    level, rest = _only(soup, is_level), refined(_only(soup, ~is_level), _STEP_M)
    level.corners_local_m[:, :, 2] += level_m[level.features, None].astype(np.float32)
    points = rest.corners_local_m.reshape(-1, 3)
    rise = _rise(ground, points[:, :2].astype(np.float64), zero_z_m)
    points[:, 2] += np.where(np.isnan(rise), 0.0, rise + LIFT_M)
    return TriangleSoup(
        corners_local_m=np.concatenate([level.corners_local_m, rest.corners_local_m]),
        features=np.concatenate([level.features, rest.features]),
        surfaces=np.concatenate([level.surfaces, rest.surfaces]),
        materials=_joined(level.materials, rest.materials),
        uv=_joined(level.uv, rest.uv),
    )


def _water_levels(soup: TriangleSoup, ground: GroundHeights, zero_z_m: float) -> Float64Array:
    """(N,) how far the still water of each feature rises; NaN for what is none or flows.

    The level is the low end of the ground at its triangles; water whose ground differs by more
    than a survey's noise flows.
    """
    water = soup.surfaces == Surface.WATER
    n_features = int(soup.features.max()) + 1 if len(soup.features) else 0
    levels = np.full(n_features, np.nan)
    if not water.any():
        return levels
    points = samples_of(soup.corners_local_m[water], _WATER_STEP_M)
    rise = _rise(ground, points.xyz[:, :2], zero_z_m)
    rows = soup.features[water][points.triangles]
    order = np.lexsort((rise, rows))
    order = order[np.isfinite(rise[order])]
    found, first, counts = np.unique(rows[order], return_index=True, return_counts=True)
    low, high = rise[order[first + counts // 10]], rise[order[first + counts * 9 // 10]]
    levels[found] = np.where(high - low < _FLOWS_M, low, np.nan)
    return levels


def _joined(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    return None if first is None or second is None else np.concatenate([first, second])


def _only(soup: TriangleSoup, rows: BoolArray | Int64Array) -> TriangleSoup:
    return TriangleSoup(
        corners_local_m=soup.corners_local_m[rows],
        features=soup.features[rows],
        surfaces=soup.surfaces[rows],
        materials=None if soup.materials is None else soup.materials[rows],
        uv=None if soup.uv is None else soup.uv[rows],
    )


def _rise(ground: GroundHeights, xy: Float64Array, zero_z_m: float) -> Float64Array:
    """(N,) how much higher than the zero of the source the ground is, NaN outside."""
    return ground.height_at(xy).astype(np.float64) - zero_z_m


def _risen(
    soup: TriangleSoup,
    roots: Int64Array,
    n_features: int,
    ground: GroundHeights,
    zero_z_m: float,
) -> tuple[Float32Array, int]:
    """Corners (T, 3, 3) of what stands, each family set on the ground; families outside."""
    points = soup.corners_local_m.reshape(-1, 3).astype(np.float64)
    family = np.repeat(roots[soup.features], 3)
    low = np.full(n_features, np.inf)
    np.minimum.at(low, family, points[:, 2])
    feet = points[:, 2] - low[family] < _FOOT_M
    rise = np.full(len(points), np.nan)
    rise[feet] = _rise(ground, points[feet, :2], zero_z_m)
    known = np.flatnonzero(np.isfinite(rise))
    counts = np.bincount(family[known], minlength=n_features)
    sums = np.bincount(family[known], rise[known], minlength=n_features)
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), 0.0)
    least, most, top = (np.full(n_features, fill) for fill in (np.inf, -np.inf, -np.inf))
    np.minimum.at(least, family[known], rise[known])
    np.maximum.at(most, family[known], rise[known])
    np.maximum.at(top, family, points[:, 2])
    with np.errstate(invalid="ignore"):
        half_buried = most - _MOST_BURIED * (top - low)
    mean = np.where(counts > 0, np.fmax(mean, half_buried), 0.0)
    stands_low = np.abs(low - zero_z_m) < 1.0
    foot_z = np.where(counts > 0, np.minimum(mean, least) - _ROOT_M, 0.0)
    is_foot = feet & stands_low[family]
    points[:, 2] += np.where(is_foot, foot_z[family], mean[family])
    outside = np.isfinite(low) & (counts == 0)
    return points.reshape(-1, 3, 3).astype(np.float32), int(outside.sum())


def _risen_bounds(bounds: Float32Array, ground: GroundHeights, zero_z_m: float) -> Float32Array:
    if not len(bounds):
        return bounds
    middle = (bounds[:, :2] + bounds[:, 3:5]).astype(np.float64) / 2
    rise = np.nan_to_num(_rise(ground, np.nan_to_num(middle), zero_z_m))
    out = bounds.copy()
    out[:, [2, 5]] += rise[:, None].astype(np.float32)
    return out


def _draped_streets(
    streets: StreetNetwork | None, ground: GroundHeights, zero_z_m: float
) -> StreetNetwork | None:
    """Streets cut into short pieces that follow the ground."""
    if streets is None or not len(streets.edges):
        return streets
    nodes = streets.nodes_local_m.astype(np.float64)
    start, step = nodes[streets.edges[:, 0]], np.diff(nodes[streets.edges], axis=1)[:, 0]
    pieces = np.maximum(np.ceil(np.hypot(step[:, 0], step[:, 1]) / _STREET_STEP_M), 1).astype(
        np.int64
    )
    pieces[streets.is_below] = 1
    edge = np.repeat(np.arange(len(pieces)), pieces)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    is_last = number == pieces[edge] - 1
    new = start[edge] + step[edge] * ((number + 1) / pieces[edge])[:, None]
    ids = len(nodes) + np.cumsum(~is_last) - 1
    ends = np.where(is_last, streets.edges[edge, 1], ids)
    starts = np.where(number == 0, streets.edges[edge, 0], np.roll(ends, 1))
    points = np.concatenate([nodes, new[~is_last]])
    rise = _rise(ground, points[:, :2], zero_z_m)
    points[:, 2] += np.where(np.isnan(rise), 0.0, rise + LIFT_M)
    _level_tunnels(points, streets)
    names = np.array(list(streets.names), dtype=object)[edge]
    return StreetNetwork(
        nodes_local_m=points.astype(np.float32),
        edges=np.column_stack([starts, ends]).astype(np.int32),
        names=tuple(names),
        widths_m=streets.widths_m[edge],
        speeds_mps=streets.speeds_mps[edge],
        one_way=None if streets.one_way is None else streets.one_way[edge],
        below=None if streets.below is None else streets.below[edge],
    )


def _level_tunnels(points: Float64Array, streets: StreetNetwork) -> None:
    """Let tunnels run from mouth to mouth: their inner nodes take no part in the hill above."""
    tunnels = streets.edges[streets.is_below]
    if not len(tunnels):
        return
    inner = np.zeros(len(points), bool)
    inner[tunnels] = True
    inner[streets.edges[~streets.is_below]] = False
    mouths = ~inner
    if not inner.any() or not mouths[tunnels].any():
        return
    gap = points[tunnels[:, 1], :2] - points[tunnels[:, 0], :2]
    weight = 1.0 / np.maximum(np.hypot(gap[:, 0], gap[:, 1]), 1.0)
    total = np.zeros(len(points))
    for side in (0, 1):
        np.add.at(total, tunnels[:, side], weight)
    points[inner, 2] = points[np.unique(tunnels[mouths[tunnels]]), 2].mean()
    for _ in range(_TUNNEL_ROUNDS):
        pull = np.zeros(len(points))
        for here, there in ((0, 1), (1, 0)):
            np.add.at(pull, tunnels[:, here], weight * points[tunnels[:, there], 2])
        points[inner, 2] = pull[inner] / total[inner]


def _draped_places(
    places: tuple[Place, ...], ground: GroundHeights, zero_z_m: float
) -> tuple[Place, ...]:
    if not places:
        return places
    xy = np.array([one.xyz_local_m[:2] for one in places], np.float64)
    rise = np.nan_to_num(_rise(ground, xy, zero_z_m))
    return tuple(
        dataclasses.replace(one, xyz_local_m=(*one.xyz_local_m[:2], one.xyz_local_m[2] + float(up)))
        for one, up in zip(places, rise, strict=True)
    )


def pushed_under(terrain: CityAsset, other: CityAsset, below_m: float) -> CityAsset:
    """A terrain that stays below the flat surfaces of another source, by more below its water."""
    corners = terrain.soup.corners_local_m.copy()
    points = corners.reshape(-1, 3)
    xy = points[:, :2].astype(np.float64)
    for surfaces, below in ((_GROUNDS, below_m), ((Surface.WATER,), max(below_m, _BED_M))):
        cover = ground_cover(other, surfaces)
        if cover is not None:
            points[:, 2] = np.fmin(points[:, 2], cover.height_at(xy) - np.float32(below))
    soup = dataclasses.replace(terrain.soup, corners_local_m=corners)
    return dataclasses.replace(terrain, soup=soup)
