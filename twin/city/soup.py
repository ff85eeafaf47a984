"""From gathered polygons to the triangle soup and the bounds of the features."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array, Int32Array
from twin.city.asset import TriangleSoup
from twin.city.gathering import Gathered
from twin.city.kinds import with_normals
from twin.city.polygons import Polygons, triangulate
from twin.city.tally import Tally


def soup_of(gathered: Gathered, xyz_local_m: Float32Array, tally: Tally) -> TriangleSoup:
    """Triangulate polygons whose vertices now lie at `xyz_local_m` (V, 3), local frame."""
    source = gathered.polygons
    polygons = Polygons(
        vertices=xyz_local_m.astype(np.float64),
        corners=source.corners,
        ring_sizes=source.ring_sizes,
        surface_rings=source.surface_rings,
    )
    triangles = triangulate(polygons)
    tally.add(
        "degenerate-surface",
        "Surfaces without an area (or crossing themselves) are not drawn",
        triangles.n_degenerate,
    )
    codes = with_normals(gathered.codes, triangles.normals)
    return TriangleSoup(
        corners_local_m=xyz_local_m[triangles.corners],
        features=gathered.features[triangles.surfaces],
        surfaces=codes[triangles.surfaces],
        materials=None if gathered.materials is None else gathered.materials[triangles.surfaces],
        uv=None if gathered.uv is None else gathered.uv[triangles.corners],
    )


def feature_bounds(
    xyz_local_m: Float32Array, features: Int32Array, n_features: int
) -> Float32Array:
    """(N, 6) float32 bounds of each feature from points (K, 3) and their features (K,).

    NaN for a feature without points.
    """
    bounds = np.full((n_features, 6), np.nan, dtype=np.float32)
    if not len(features):
        return bounds
    if (np.diff(features) < 0).any():
        order = np.argsort(features, kind="stable")
        xyz_local_m, features = xyz_local_m[order], features[order]
    starts = np.flatnonzero(np.diff(features, prepend=features[0] - 1))
    rows = features[starts]
    bounds[rows, :3] = np.minimum.reduceat(xyz_local_m, starts, axis=0)
    bounds[rows, 3:] = np.maximum.reduceat(xyz_local_m, starts, axis=0)
    return bounds
