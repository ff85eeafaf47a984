"""Outlines of buildings as edges, and the frames in which their ridges lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.city.flat_map import GeometryArray
from twin.city.polygons import Polygons


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges of outlines, the inside to their left: ends a, b (E, 2), building (E,)."""

    a: Float64Array
    b: Float64Array
    body: Int64Array

    @classmethod
    def of(cls, plan: Polygons, owner: Int64Array) -> Edges:
        """All edges of all rings."""
        xy = plan.vertices[plan.corners, :2]
        starts = np.cumsum(plan.ring_sizes) - plan.ring_sizes
        following = np.arange(1, len(xy) + 1)
        following[starts + plan.ring_sizes - 1] = starts
        return cls(xy, xy[following], owner[plan.corner_surfaces()])

    def split(self, shares: Float64Array) -> Edges:
        """Cut each edge at shares (E, C) of its length; NaN = no cut."""
        n, n_cuts = shares.shape
        stops = np.concatenate([np.zeros((n, 1)), shares, np.ones((n, 1))], axis=1)
        stops = np.sort(np.nan_to_num(stops, nan=1.0), axis=1)
        first, last = stops[:, :-1].ravel(), stops[:, 1:].ravel()
        rows = np.repeat(np.arange(n), n_cuts + 1)
        keep = last - first > 1e-9
        rows, first, last = rows[keep], first[keep, None], last[keep, None]
        way = self.b[rows] - self.a[rows]
        return Edges(self.a[rows] + first * way, self.a[rows] + last * way, self.body[rows])


@dataclass(frozen=True, slots=True)
class Frames:
    """Where the ridges lie: middle (B, 2), unit vector along (B, 2), half sizes (B, 2)."""

    middle: Float64Array
    along: Float64Array
    half: Float64Array

    def uv(self, xy: Float64Array, body: Int64Array) -> Float64Array:
        """(K, 2) metres along and across the ridge from the middle."""
        away, along = xy - self.middle[body], self.along[body]
        return np.stack(
            [
                away[:, 0] * along[:, 0] + away[:, 1] * along[:, 1],
                away[:, 1] * along[:, 0] - away[:, 0] * along[:, 1],
            ],
            axis=1,
        )

    def xy(self, uv: Float64Array) -> Float64Array:
        """(B, k, 2) local points of (B, k, 2) metres along and across."""
        across = np.stack([-self.along[:, 1], self.along[:, 0]], axis=1)
        return (
            self.middle[:, None] + uv[..., :1] * self.along[:, None] + uv[..., 1:] * across[:, None]
        )


def frames_of(polygons: GeometryArray, ridge_rad: Float64Array, across: BoolArray) -> Frames:
    """Frames of buildings along their longer sides, or as told.

    Parameters
    ----------
    polygons : (B,) shapely polygons
    ridge_rad : (B,) direction of the ridge, NaN = along the longer side
    across : (B,) the shorter side instead
    """
    import shapely

    boxes = shapely.oriented_envelope(polygons)
    corners = np.stack(
        [shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(boxes), k))
         for k in range(3)], axis=1,
    )  # fmt: skip
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1]
    is_first = np.hypot(*first.T) >= np.hypot(*second.T)
    is_first ^= across
    along = np.where(is_first[:, None], first, second)
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    told = np.isfinite(ridge_rad)
    ridge = np.nan_to_num(ridge_rad)
    along[told] = np.stack([np.cos(ridge), np.sin(ridge)], axis=1)[told]
    xy, body = shapely.get_coordinates(polygons, return_index=True)
    rough = Frames(np.zeros_like(along), along, np.ones_like(along))
    uv = rough.uv(xy, body)
    low, high = np.full_like(along, np.inf), np.full_like(along, -np.inf)
    np.minimum.at(low, body, uv)
    np.maximum.at(high, body, uv)
    middle = rough.xy(((low + high) / 2)[:, None])[:, 0]
    return Frames(middle, along, np.maximum((high - low) / 2, 1e-3))
