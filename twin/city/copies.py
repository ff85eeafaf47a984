"""One template, many places: copies of polygons moved by matrices."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array, Int32Array
from twin.city.gathering import MAX_CORNERS, Gathered, Gatherer
from twin.city.polygons import Polygons


def add_copies(
    gatherer: Gatherer,
    template: Gathered,
    matrices: Float64Array,
    anchors: Float64Array,
    features: Int32Array,
    *,
    scales: Float64Array | None = None,
) -> None:
    """Add `template` once for each matrix, for the feature of the same number.

    Parameters
    ----------
    matrices : (n, 4, 4) from the template's own space to the one round its anchor
    anchors : (n, 3) places in the file's CRS
    features : (n,) rows of the features
    scales : (n, 3) units of the file's CRS in one unit of the matrices' space; None = all 1

    Raises
    ------
    ValueError
        The copies would have more corners than a city may have.
    """
    polygons, n = template.polygons, len(matrices)
    if n * max(len(polygons.corners), len(polygons.vertices)) > MAX_CORNERS:
        raise ValueError(f"its templates make over {MAX_CORNERS:,} corners")
    points = np.einsum("nij,vj->nvi", matrices[:, :3, :3], polygons.vertices)
    points += matrices[:, None, :3, 3]
    if scales is not None:
        points *= scales[:, None, :]
    points += anchors[:, None, :]
    offsets = np.arange(n)[:, None] * len(polygons.vertices)
    gatherer.add_polygons(
        Polygons(
            vertices=points.reshape(-1, 3),
            corners=(polygons.corners[None, :] + offsets).ravel(),
            ring_sizes=np.tile(polygons.ring_sizes, n),
            surface_rings=np.tile(polygons.surface_rings, n),
        ),
        np.repeat(features, polygons.n_surfaces),
        np.tile(template.codes, n),
        materials=None if template.materials is None else np.tile(template.materials, n),
        uv=None if template.uv is None else np.tile(template.uv, (n, 1)),
    )
