"""One tile: a part of the city small enough to cull, pick and load by itself."""

from __future__ import annotations

from dataclasses import dataclass

from twin.arrays import Float32Array, Int32Array

#: Light is stored as a fraction of this (hemisphere 0.70 + sun 0.55).
LIGHT_MAX = 1.25
#: The fraction stays below one, because the integer part holds the surface.
LIGHT_SCALE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Triangles of some features, ready to draw: corners that look alike share one point.

    Attributes
    ----------
    points_local_m : (P, 3) float32
    triangles : (T, 3) int32, rows of ``points_local_m``, counter-clockwise from outside
    features : (T,) int32, row of the feature table for each triangle
    point_features : (P,) float32, the same for each point (exact up to 16 M features)
    code_light : (P,) float32, `twin.city.asset.Surface` + light / LIGHT_MAX * LIGHT_SCALE
    bounds_min_max_local_m : (6,) float32, xmin ymin zmin xmax ymax zmax
    edges_local_m : (E, 2, 3) float32, creases and outlines to draw as thin lines
    edge_features : (E,) int32, row of the feature table for each line
    edge_code_light : (E, 2) float32, like ``code_light`` for both ends
    """

    points_local_m: Float32Array
    triangles: Int32Array
    features: Int32Array
    point_features: Float32Array
    code_light: Float32Array
    bounds_min_max_local_m: Float32Array
    edges_local_m: Float32Array
    edge_features: Int32Array
    edge_code_light: Float32Array

    @property
    def n_triangles(self) -> int:
        """How many triangles."""
        return len(self.features)

    @property
    def corners_local_m(self) -> Float32Array:
        """(T, 3, 3) float32 unshared corners, made on each call."""
        corners: Float32Array = self.points_local_m[self.triangles]
        return corners
