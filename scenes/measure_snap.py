"""Snapping a pick to the corners and creases that are drawn near it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scenes.tool import Bench, PointerAt
from twin.arrays import Float64Array
from twin.tiles.tile import Tile

CORNER_PX = 11.0
EDGE_PX = 7.0
_ASIDE_PX = 6.0
_SAME_PX = 3.0
#: Corners often lie on each other, once for each crease that ends there.
_MOST_ASKED = 24


def snapped(at: PointerAt, bench: Bench, *, snap: bool = True) -> Float64Array | None:
    """(3,) the picked point, or the corner or crease within a few pixels; None on the sky.

    Looks around the pointer too: a pixel beside a roof's corner lies the ground, far below it.
    """
    point = None if at.pick is None else np.array(at.pick.xyz_local_m, np.float64)
    if not snap:
        return point
    ratio = at.view.pixel_ratio
    hits = [*([] if point is None else [point]), *_around(at, bench)]
    edges = np.concatenate(
        [np.zeros((0, 2, 3)), *[_edges_near(bench.tiles, hit, _reach_m(at, hit)) for hit in hits]]
    )
    if not len(edges):
        return point
    corner = _nearest(at, bench, edges.reshape(-1, 3), CORNER_PX * ratio)
    if corner is not None:
        return corner
    feet = np.concatenate([_feet(edges, hit) for hit in hits])
    foot = _nearest(at, bench, feet, EDGE_PX * ratio)
    return point if foot is None else foot


def _around(at: PointerAt, bench: Bench) -> list[Float64Array]:
    """What four rays beside the pointer meet."""
    away = _ASIDE_PX * at.view.pixel_ratio
    found = []
    for dx, dy in ((away, 0.0), (-away, 0.0), (0.0, away), (0.0, -away)):
        hit = bench.cast(*at.view.ray_from(at.x_px + dx, at.y_px + dy))
        if hit is not None and hit.feature >= 0:
            found.append(np.array(hit.xyz_local_m, np.float64))
    return found


def _reach_m(at: PointerAt, point: Float64Array) -> float:
    """How far corners may lie from a point to be near on the screen."""
    depth_m = float(at.view.project(point[None])[0, 2])
    return 2.0 * CORNER_PX * at.view.pixel_ratio * at.view.metres_per_px(max(depth_m, 0.1))


def _edges_near(tiles: Iterable[Tile], point: Float64Array, reach_m: float) -> Float64Array:
    """(k, 2, 3) creases that come within reach of a point."""
    found = [np.zeros((0, 2, 3))]
    for tile in tiles:
        bounds = tile.bounds_min_max_local_m
        if np.all(point > bounds[:3] - reach_m) and np.all(point < bounds[3:] + reach_m):
            edges = tile.edges_local_m
            low, high = edges.min(axis=1), edges.max(axis=1)
            near = np.all((point > low - reach_m) & (point < high + reach_m), axis=1)
            found.append(edges[near].astype(np.float64))
    return np.concatenate(found)


def _feet(edges: Float64Array, point: Float64Array) -> Float64Array:
    """(k, 3) the nearest point of each line (k, 2, 3)."""
    along = edges[:, 1] - edges[:, 0]
    size = np.maximum(np.einsum("ij,ij->i", along, along), 1e-12)
    share = np.clip(np.einsum("ij,ij->i", point - edges[:, 0], along) / size, 0.0, 1.0)
    feet: Float64Array = edges[:, 0] + along * share[:, None]
    return feet


def _nearest(
    at: PointerAt, bench: Bench, points: Float64Array, reach_px: float
) -> Float64Array | None:
    """The point (of k, 3) nearest to the pointer on the screen that nothing hides.

    Of those that are about as near, the one before the others: of a wall seen from above its top.
    """
    pixels = at.view.project(points)
    away = np.hypot(pixels[:, 0] - at.x_px, pixels[:, 1] - at.y_px)
    away = np.where(pixels[:, 2] > 0, away, np.inf)
    away = np.where(away <= reach_px, away, np.inf)
    nearest = float(away.min())
    if not np.isfinite(nearest):
        return None
    depth = np.where(away <= nearest + _SAME_PX * at.view.pixel_ratio, pixels[:, 2], np.inf)
    for row in np.lexsort((away, depth))[:_MOST_ASKED]:
        if not np.isfinite(away[row]):
            return None
        if bench.picker.sees(
            at.view.eyes_of(points[row : row + 1]), points[row : row + 1].astype(np.float32)
        )[0]:
            found: Float64Array = points[row]
            return found
    return None
