"""Snapping a pick to the corners and creases that are drawn near it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scenes.tool import PointerAt
from twin.arrays import Float64Array
from twin.tiles.tile import Tile

CORNER_PX = 11.0
EDGE_PX = 7.0


def snapped(at: PointerAt, tiles: Iterable[Tile], *, snap: bool = True) -> Float64Array | None:
    """(3,) the picked point, or the corner or crease within a few pixels; None on the sky."""
    if at.pick is None:
        return None
    point = np.array(at.pick.xyz_local_m, np.float64)
    if not snap:
        return point
    ratio = at.view.pixel_ratio
    depth_m = float((point - at.view.position_m) @ at.view.forward)
    reach_m = 1.5 * CORNER_PX * ratio * at.view.metres_per_px(max(depth_m, 0.1))
    edges = _edges_near(tiles, point, reach_m)
    if not len(edges):
        return point
    corners = edges.reshape(-1, 3)
    best, away_px = _nearest(at, corners)
    if away_px <= CORNER_PX * ratio:
        return best
    best, away_px = _nearest(at, _feet(edges, point))
    return best if away_px <= EDGE_PX * ratio else point


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


def _nearest(at: PointerAt, points: Float64Array) -> tuple[Float64Array, float]:
    """The point (of k, 3) nearest to the pointer on the screen, and how far in pixels."""
    pixels = at.view.project(points)
    away = np.hypot(pixels[:, 0] - at.x_px, pixels[:, 1] - at.y_px)
    away = np.where(pixels[:, 2] > 0, away, np.inf)
    row = int(np.argmin(away))
    return points[row], float(away[row])
