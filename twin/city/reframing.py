"""Brings an opened source into another frame: its CRS, its heights, or a placing by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from twin.arrays import Float32Array, Float64Array
from twin.city.asset import CityAsset, FeatureTable, Place, PointCloud, StreetNetwork
from twin.city.frames import Origin, TooFarFromOriginError
from twin.city.merging import table_of
from twin.city.placing import heights_between, projected_between, vertical_name
from twin.city.scene_file import Placement
from twin.city.soup import feature_bounds
from twin.city.tally import Tally

#: (N, 3) points of one local frame in another, float32 both.
Move = Callable[[Float32Array], Float32Array]

_CHUNK = 400_000
#: Points a side of the lattice on which PROJ is asked, and the error allowed between them.
_LATTICE = 65
_ERROR_M = 0.003
_MOST_LOCAL_M = 131_072.0


def placed_by_hand(place: Placement) -> Move:
    """Scale, turn clockwise about the source's own origin, then shift."""
    matrix = _matrix(place)
    return lambda xyz: (xyz @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32)


def between_frames(asset: CityAsset, target: Origin, vertical: str, tally: Tally) -> Move | None:
    """The way of an asset's local coordinates into another frame; None = it is there already.

    Parameters
    ----------
    vertical : vertical datum of the scene, e.g. "EPSG:5709", "" = as it comes

    Raises
    ------
    CrsError
        A CRS is unknown.
    TooFarFromOriginError
        The source lies over 131 km from the scene.
    """
    source = asset.origin
    if source.crs is None or target.crs is None:
        return None if source == target else _shift(source.as_array() * 0.0)
    lift = _lift(asset, source, vertical, tally)
    if source.crs == target.crs:
        shift = source.as_array() - target.as_array()
        move = _shift(shift)
        _check_reach(asset, move)
        return None if not shift.any() and lift is None else _lifted(move, lift)
    horizontal = _horizontal(asset, source, target)
    up = source.height_m - target.height_m

    def move_all(xyz: Float32Array) -> Float32Array:
        heights = xyz[:, 2].astype(np.float64) + up
        return np.column_stack([horizontal(xyz), heights]).astype(np.float32)

    _check_reach(asset, move_all)
    return _lifted(move_all, lift)


def _shift(by: Float64Array) -> Move:
    return lambda xyz: (xyz.astype(np.float64) + by).astype(np.float32)


def _lifted(move: Move, lift: Callable[[Float32Array], Float64Array] | None) -> Move:
    if lift is None:
        return move

    def both(xyz: Float32Array) -> Float32Array:
        moved = move(xyz)
        moved[:, 2] += lift(xyz)
        return moved

    return both


def _check_reach(asset: CityAsset, move: Move) -> None:
    bounds = asset.bounds_min_max_local_m().astype(np.float32)
    reach = float(np.nanmax(np.abs(move(np.stack([bounds[:3], bounds[3:]])))))
    if not reach < _MOST_LOCAL_M:
        raise TooFarFromOriginError(
            f"It lies {reach / 1000:,.0f} km from the scene, but a scene may reach 131 km"
        )


def _horizontal(
    asset: CityAsset, source: Origin, target: Origin
) -> Callable[[Float32Array], Float64Array]:
    """(N, 2) local x, y of the target, read from a lattice where that is exact enough."""

    def exact(xyz: Float64Array) -> Float64Array:
        projected = xyz[:, :2] + source.as_array()[:2]
        there = projected_between(projected, str(source.crs), str(target.crs))
        return there - target.as_array()[:2]

    bounds = asset.bounds_min_max_local_m()
    low, high = bounds[:2] - 1.0, bounds[3:5] + 1.0
    x, y = np.meshgrid(*(np.linspace(low[a], high[a], _LATTICE) for a in (0, 1)))
    nodes = exact(np.column_stack([x.ravel(), y.ravel()])).reshape(_LATTICE, _LATTICE, 2)

    def read(xyz: Float32Array) -> Float64Array:
        at = (xyz[:, :2].astype(np.float64) - low) / (high - low) * (_LATTICE - 1)
        cell = np.clip(np.floor(at).astype(np.int64), 0, _LATTICE - 2)
        right, up = (at - cell).T[:, :, None]
        c, r = cell.T
        below = nodes[r, c] * (1 - right) + nodes[r, c + 1] * right
        above = nodes[r + 1, c] * (1 - right) + nodes[r + 1, c + 1] * right
        out: Float64Array = below * (1 - up) + above * up
        return out

    spread = np.random.default_rng(1).uniform(low, high, (256, 2)).astype(np.float32)
    is_good = np.abs(read(spread) - exact(spread.astype(np.float64))).max() < _ERROR_M
    return read if is_good else lambda xyz: exact(xyz.astype(np.float64))


def _lift(
    asset: CityAsset, source: Origin, vertical: str, tally: Tally
) -> Callable[[Float32Array], Float64Array] | None:
    """(N,) metres to add to the heights so that they count from the scene's datum."""
    own = vertical_name(asset.source_crs)
    if not vertical or not own or own == vertical or source.crs is None:
        return None
    crs = source.crs

    def lift(xyz: Float32Array) -> Float64Array:
        projected = xyz.astype(np.float64) + source.as_array()
        heights = heights_between(projected, crs, own, vertical)
        return np.zeros(len(xyz)) if heights is None else heights - projected[:, 2]

    bounds = asset.bounds_min_max_local_m()
    probe = ((bounds[:3] + bounds[3:]) / 2)[None, :] + source.as_array()
    if own != "ellipsoid" and heights_between(probe, crs, own, vertical) is not None:
        return lift
    tally.add(
        "vertical-datum",
        f"The heights count from {own}, the scene's from {vertical}; no grid to convert them is"
        " installed, so they are taken as they are",
    )
    return None


def moved(asset: CityAsset, move: Move, origin: Origin) -> CityAsset:
    """An asset with everything in it moved into another frame."""
    corners = _in_chunks(move, asset.soup.corners_local_m.reshape(-1, 3)).reshape(-1, 3, 3)
    soup = dataclasses.replace(asset.soup, corners_local_m=corners)
    return dataclasses.replace(
        asset,
        origin=origin,
        soup=soup,
        features=dataclasses.replace(
            table_of(asset),
            bounds_min_max_local_m=_moved_bounds(table_of(asset), soup.features, corners, move),
        ),
        streets=_moved_streets(asset.streets, move),
        places=tuple(_moved_place(one, move) for one in asset.places),
        points=_moved_points(asset.points, move),
    )


def _in_chunks(move: Move, points: Float32Array) -> Float32Array:
    out = np.empty_like(points)
    for first in range(0, len(points), _CHUNK):
        out[first : first + _CHUNK] = move(points[first : first + _CHUNK])
    return out


def _moved_bounds(
    features: FeatureTable, rows: np.ndarray, corners: Float32Array, move: Move
) -> Float32Array:
    old = features.bounds_min_max_local_m
    new = feature_bounds(corners.reshape(-1, 3), np.repeat(rows, 3), len(old))
    bare = np.flatnonzero(np.isnan(new[:, 0]) & ~np.isnan(old[:, 0]))
    if len(bare):
        ends = [old[bare][:, [x, y, z]] for x in (0, 3) for y in (1, 4) for z in (2, 5)]
        points = np.stack([move(end) for end in ends])
        new[bare] = np.concatenate([points.min(axis=0), points.max(axis=0)], axis=1)
    return new


def _moved_streets(streets: StreetNetwork | None, move: Move) -> StreetNetwork | None:
    if streets is None or not len(streets.nodes_local_m):
        return streets
    return dataclasses.replace(streets, nodes_local_m=move(streets.nodes_local_m))


def _moved_place(place: Place, move: Move) -> Place:
    x, y, z = move(np.array([place.xyz_local_m], np.float32))[0]
    return dataclasses.replace(place, xyz_local_m=(float(x), float(y), float(z)))


def _moved_points(points: PointCloud | None, move: Move) -> PointCloud | None:
    if points is None:
        return None
    return dataclasses.replace(points, xyz_local_m=_in_chunks(move, points.xyz_local_m))


def part_moved(asset: CityAsset, first: int, end: int, old: Placement, new: Placement) -> CityAsset:
    """An asset with the features ``first <= row < end`` moved from one placing to another.

    Their rows and ids stay, so that whoever knows them goes on knowing them.
    """
    change = change_of_place(old, new)

    def move(xyz: Float32Array) -> Float32Array:
        return (xyz @ change[:3, :3].T + change[:3, 3]).astype(np.float32)

    soup, features = asset.soup, table_of(asset)
    rows = (soup.features >= first) & (soup.features < end)
    corners = soup.corners_local_m.copy()
    corners[rows] = move(corners[rows].reshape(-1, 3)).reshape(-1, 3, 3)
    bounds = features.bounds_min_max_local_m.copy()
    part = dataclasses.replace(features, bounds_min_max_local_m=bounds[first:end])
    bounds[first:end] = _moved_bounds(part, soup.features[rows] - first, corners[rows], move)
    return dataclasses.replace(
        asset,
        soup=dataclasses.replace(soup, corners_local_m=corners),
        features=dataclasses.replace(features, bounds_min_max_local_m=bounds),
    )


def change_of_place(old: Placement, new: Placement) -> Float64Array:
    """(4, 4) that moves local points of a source from one placing to another."""
    change: Float64Array = _matrix(new) @ np.linalg.inv(_matrix(old))
    return change


def _matrix(place: Placement) -> Float64Array:
    """(4, 4) from a source's own coordinates to the scene's."""
    turn = np.radians(place.turn_deg)
    cos, sin = np.cos(turn) * place.scale, np.sin(turn) * place.scale
    matrix = np.eye(4)
    matrix[:3, :3] = [[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, place.scale]]
    matrix[:3, 3] = (place.east_m, place.north_m, place.height_m)
    return matrix
