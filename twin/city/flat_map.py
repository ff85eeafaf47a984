"""Flat areas under a city, the smaller above the larger, in height steps that never flicker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.arrays import BoolArray, Float64Array, Int32Array, Int64Array, UInt8Array
from twin.city.asset import TriangleSoup
from twin.city.polygons import Polygons, triangulate
from twin.city.tally import Tally

#: Shapely geometries in an array.
GeometryArray = NDArray[np.object_]

#: Height between areas of different shade that overlap, and between those of the same.
STEP_M, SAME_STEP_M = 0.06, 0.012
#: Areas never lie higher than this.
HIGHEST_AREA_M = 0.36
#: What is drawn along lines lies above all areas, in this order.
PATH_M, ROAD_M, RAIL_M, ROUTE_M = 0.04, 0.10, 0.16, 0.22
MARKING_M = 0.13


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatAreas:
    """Polygons on the ground: polygons (A,) of shapely, features (A,), surfaces (A,)."""

    polygons: GeometryArray
    features: Int32Array
    surfaces: UInt8Array


def area_heights_m(areas: FlatAreas) -> Float64Array:
    """(A,) z of each area: above every larger one that it overlaps."""
    import shapely

    n = len(areas.polygons)
    size = shapely.area(areas.polygons)
    place = np.empty(n, dtype=np.int64)
    place[np.argsort(-size, kind="stable")] = np.arange(n)
    below, above = _overlaps(areas.polygons, place)
    heights = np.zeros(n)
    step = np.where(areas.surfaces[below] == areas.surfaces[above], SAME_STEP_M, STEP_M)
    order = np.argsort(place[above], kind="stable")
    for low, high, rise in zip(
        below[order].tolist(), above[order].tolist(), step[order].tolist(), strict=True
    ):
        heights[high] = max(heights[high], heights[low] + rise)
    return np.minimum(heights, HIGHEST_AREA_M)


def _overlaps(polygons: GeometryArray, place: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Pairs whose insides meet, the larger one first."""
    import shapely

    if not len(polygons):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    tree = shapely.STRtree(polygons)
    a, b = tree.query(polygons, predicate="intersects")
    larger = place[a] < place[b]
    a, b = a[larger], b[larger]
    # Most lie well inside the larger one, which a prepared polygon says at once.
    shapely.prepare(polygons[np.unique(a)])
    meet: BoolArray = shapely.contains_properly(polygons[a], polygons[b])
    rest = np.flatnonzero(~meet)
    meet[rest] = shapely.relate_pattern(polygons[a[rest]], polygons[b[rest]], "T********")
    return a[meet], b[meet]


def flat_soup(
    areas: FlatAreas, heights_m: Float64Array, tally: Tally, base_m: Float64Array | None = None
) -> TriangleSoup:
    """Triangles of areas at their heights, looking up."""
    polygons, owner = ragged(areas.polygons)
    found = triangulate(polygons)
    tally.add(
        "degenerate-surface",
        "Surfaces without an area (or crossing themselves) are not drawn",
        found.n_degenerate,
    )
    corners = polygons.vertices[found.corners]
    area = owner[found.surfaces]
    z = heights_m if base_m is None else heights_m + base_m
    corners[:, :, 2] = z[area][:, None]
    corners = looking_up(corners)
    return TriangleSoup(
        corners_local_m=corners.astype(np.float32),
        features=areas.features[area].astype(np.int32),
        surfaces=areas.surfaces[area].astype(np.uint8),
    )


def looking_up(corners: Float64Array) -> Float64Array:
    """Triangles (T, 3, 3), those that look down turned over."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    twice = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    corners = corners.copy()
    corners[twice < 0] = corners[twice < 0][:, ::-1]
    return corners


def ragged(polygons: GeometryArray) -> tuple[Polygons, Int64Array]:
    """Flat arrays (z = 0) of shapely polygons and multipolygons; and the row each came from."""
    import shapely

    parts, owner = shapely.get_parts(polygons, return_index=True)
    is_polygon = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    parts, owner = parts[is_polygon], owner[is_polygon]
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    xy, point_ring = shapely.get_coordinates(rings, return_index=True)
    sizes = np.bincount(point_ring, minlength=len(rings))
    lasts = np.cumsum(sizes) - 1
    keep = np.ones(len(xy), dtype=bool)
    keep[lasts] = False  # a ring repeats its first point at its end
    xy = xy[keep]
    return (
        Polygons(
            vertices=np.column_stack([xy, np.zeros(len(xy))]),
            corners=np.arange(len(xy)),
            ring_sizes=sizes - 1,
            surface_rings=np.bincount(ring_part, minlength=len(parts)),
        ),
        owner.astype(np.int64),
    )


def only_polygons(geometries: Any) -> tuple[GeometryArray, Int64Array]:
    """Valid polygons (P,) of whatever geometries, and the row (P,) each came from."""
    import shapely

    given: GeometryArray = np.asarray(geometries, dtype=object)
    if not len(given):
        return given, np.zeros(0, np.int64)
    broken = ~shapely.is_valid(given)
    if broken.any():
        given = given.copy()
        given[broken] = shapely.make_valid(given[broken])
    parts, owner = shapely.get_parts(given, return_index=True)
    nested = shapely.get_type_id(parts) > 3  # make_valid gives collections of multipolygons
    if nested.any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        owner = owner[inner]
    good = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 1e-4)
    return parts[good], owner[good].astype(np.int64)


def joined(parts: list[TriangleSoup]) -> TriangleSoup:
    """One soup of several."""
    return TriangleSoup(
        corners_local_m=np.concatenate(
            [np.zeros((0, 3, 3), np.float32), *(part.corners_local_m for part in parts)]
        ),
        features=np.concatenate([np.zeros(0, np.int32), *(part.features for part in parts)]),
        surfaces=np.concatenate([np.zeros(0, np.uint8), *(part.surfaces for part in parts)]),
    )
