"""Cutting triangles by a plane: the lines of the cut, and the solid areas they enclose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int32Array

if TYPE_CHECKING:
    from shapely import LinearRing, Polygon
    from shapely.geometry.base import BaseGeometry

#: Corners of a cut that lie nearer than this are one.
_SNAP_M = 1e-3
_LEAST_AREA_M2 = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Points with ``normal . xyz = offset_m``; what lies beyond (greater) is cut away.

    Attributes
    ----------
    normal : (3,) unit
    """

    normal: Float64Array
    offset_m: float

    def distance_m(self, xyz: Float32Array | Float64Array) -> Float64Array:
        """(...,) how far points (..., 3) lie beyond the plane, negative before it."""
        away: Float64Array = np.asarray(xyz, np.float64) @ self.normal - self.offset_m
        return away

    def axes(self) -> Float64Array:
        """(2, 3) two unit vectors in the plane; the first is horizontal."""
        up = np.array([0.0, 0.0, 1.0] if abs(self.normal[2]) < 0.99 else [0.0, 1.0, 0.0])
        right = np.cross(up, self.normal)
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(self.normal, right)])


@dataclass(frozen=True, slots=True, eq=False)
class Cap:
    """What one plane cuts.

    Attributes
    ----------
    lines : (S, 2, 3) float64, all lines of the cut
    triangles : (T, 3, 3) float64, the solid areas
    area_m2 : of the solid areas
    n_open : features whose lines do not close: they have no inside, only lines
    """

    lines: Float64Array
    triangles: Float64Array
    area_m2: float
    n_open: int


def cut_lines(
    corners: Float32Array, features: Int32Array, plane: Plane
) -> tuple[Float64Array, Int32Array]:
    """Where triangles cross a plane.

    Parameters
    ----------
    corners : (T, 3, 3) local metres
    features : (T,)

    Returns
    -------
    (S, 2, 3) float64 ends and (S,) the feature of each
    """
    away = plane.distance_m(corners)
    side = away > 0.0
    crosses = np.flatnonzero(side.any(axis=1) & ~side.all(axis=1))
    away, side, corners = away[crosses], side[crosses], corners[crosses].astype(np.float64)
    # The corner that is alone on its side; both edges from it are cut.
    alone = np.where(side.sum(axis=1) == 1, side.argmax(axis=1), (~side).argmax(axis=1))
    row = np.arange(len(crosses))
    ends = []
    for step in (1, 2):
        other = (alone + step) % 3
        first, last = away[row, alone], away[row, other]
        share = (first / (first - last))[:, None]
        ends.append(corners[row, alone] * (1.0 - share) + corners[row, other] * share)
    lines = np.stack(ends, axis=1)
    keep = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1) > 1e-6
    return lines[keep], features[crosses][keep]


def cap_of(
    corners: Float32Array,
    features: Int32Array,
    plane: Plane,
    others: tuple[Plane, ...] = (),
) -> Cap:
    """The cut of a plane, feature by feature, without what other planes cut away.

    A feature whose lines close (a solid) gives areas; open geometry (terrain, single walls)
    leaves its lines.
    """
    lines, owners = cut_lines(corners, features, plane)
    axes = plane.axes()
    flat = np.round((lines @ axes.T) / _SNAP_M) * _SNAP_M
    window = _window(axes, plane, others)
    order = np.argsort(owners, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(owners[order])) + 1) if len(order) else []
    pieces: list[Float64Array] = []
    n_open, area = 0, 0.0
    for group in groups:
        polygons, is_open = _areas(flat[group], window)
        n_open += is_open
        area += sum(float(polygon.area) for polygon in polygons)
        pieces += [_triangles(polygon) for polygon in polygons]
    inside = np.concatenate([np.zeros((0, 3, 2)), *pieces])
    solid = inside @ axes + plane.normal * plane.offset_m
    return Cap(lines=_kept(lines, others), triangles=solid, area_m2=area, n_open=n_open)


def _areas(flat: Float64Array, window: BaseGeometry | None) -> tuple[list[Polygon], bool]:
    """Solid polygons of one feature's lines (S, 2, 2), and whether some lines stay open."""
    import shapely

    flat = flat[np.any(flat[:, 0] != flat[:, 1], axis=1)]
    faces, _, dangles, _ = shapely.polygonize_full(shapely.linestrings(flat))
    found = []
    for face in shapely.get_parts(faces):
        if face.area < _LEAST_AREA_M2:
            continue
        inner = shapely.point_on_surface(face)
        if _crossings(flat, inner.x, inner.y) % 2:
            part = face if window is None else shapely.intersection(face, window)
            parts = [p for p in shapely.get_parts(part) if p.geom_type == "Polygon"]
            found += [p for p in parts if p.area >= _LEAST_AREA_M2]
    return found, not shapely.is_empty(dangles)


def _crossings(flat: Float64Array, x: float, y: float) -> int:
    """How often a ray to the right from a point crosses lines (S, 2, 2)."""
    (x0, y0), (x1, y1) = flat[:, 0].T, flat[:, 1].T
    spans = (y0 > y) != (y1 > y)
    rise = np.where(spans, y1 - y0, 1.0)
    return int(np.count_nonzero(spans & (x0 + (y - y0) / rise * (x1 - x0) > x)))


def _triangles(polygon: Polygon) -> Float64Array:
    """(T, 3, 2) triangles of a shapely polygon."""
    import mapbox_earcut

    rings = [np.asarray(ring.coords)[:-1] for ring in _rings(polygon)]
    points = np.concatenate(rings)
    ends = np.cumsum([len(ring) for ring in rings]).astype(np.uint32)
    picked = mapbox_earcut.triangulate_float64(points, ends)
    corners: Float64Array = points[np.asarray(picked, np.int64)].reshape(-1, 3, 2)
    return corners


def _rings(polygon: Polygon) -> list[LinearRing]:
    return [polygon.exterior, *polygon.interiors]


def _window(axes: Float64Array, plane: Plane, others: tuple[Plane, ...]) -> BaseGeometry | None:
    """What other planes leave of a plane, as a polygon in its axes; None = all of it."""
    if not others:
        return None
    import shapely

    half = 1e6
    window = shapely.box(-half, -half, half, half)
    middle = plane.normal * plane.offset_m
    for other in others:
        along = axes @ other.normal
        length = float(np.linalg.norm(along))
        if length < 1e-9:
            continue
        reach = (other.offset_m - float(other.normal @ middle)) / length
        along /= length
        across = np.array([-along[1], along[0]])
        edge = along * reach
        ring = [
            edge + across * half,
            edge - across * half,
            edge - across * half - along * 2 * half,
            edge + across * half - along * 2 * half,
        ]
        window = shapely.intersection(window, shapely.Polygon(ring))
    return window


def _kept(lines: Float64Array, others: tuple[Plane, ...]) -> Float64Array:
    """Lines without the parts that other planes cut away."""
    for plane in others:
        away = plane.distance_m(lines)
        lines, away = lines[(away <= 0).any(axis=1)], away[(away <= 0).any(axis=1)]
        for end in (0, 1):
            beyond = away[:, end] > 0
            gap = away[beyond, end] - away[beyond, 1 - end]
            share = (away[beyond, end] / gap)[:, None]
            lines = lines.copy()
            lines[beyond, end] += (lines[beyond, 1 - end] - lines[beyond, end]) * share
            away[beyond, end] = 0.0
    return lines
