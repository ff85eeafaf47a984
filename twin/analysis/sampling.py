"""Random points on surfaces, for shares and areas that are too dear to measure exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array, UInt8Array


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Points that stand for equal areas.

    Attributes
    ----------
    points_m : (N, 3) float32, a little off their surface, on the side of its normal
    surfaces : (N,) uint8, `twin.city.asset.Surface`
    area_each_m2 : what each stands for
    """

    points_m: Float32Array
    surfaces: UInt8Array
    area_each_m2: float

    def area_m2(self, chosen: BoolArray) -> tuple[float, float]:
        """Area that the chosen points (N,) stand for, and its standard error.

        Both follow from a binomial share of the whole.
        """
        n = len(chosen)
        share = float(chosen.mean()) if n else 0.0
        whole = n * self.area_each_m2
        return share * whole, whole * float(np.sqrt(share * (1.0 - share) / max(n, 1)))


def surface_samples(
    corners: Float32Array, surfaces: UInt8Array, n: int, *, off_m: float = 0.05, seed: int = 1
) -> Samples:
    """N points, evenly over the area of triangles (T, 3, 3); always the same for the same input.

    Uniform in a triangle by folding the unit square (Osada et al., Shape distributions, 2002).
    """
    edges = corners[:, 1:].astype(np.float64) - corners[:, :1]
    normals = np.cross(edges[:, 0], edges[:, 1])
    doubled: Float64Array = np.linalg.norm(normals, axis=1)
    total = float(doubled.sum()) / 2
    if total <= 0.0 or n < 1:
        return Samples(np.zeros((0, 3), np.float32), np.zeros(0, np.uint8), 0.0)
    chance = np.random.default_rng(seed)
    rows = np.searchsorted(np.cumsum(doubled), chance.uniform(0, 2 * total, n)).clip(
        0, len(doubled) - 1
    )
    across = chance.uniform(0, 1, (n, 2))
    folded = across.sum(axis=1) > 1
    across[folded] = 1.0 - across[folded]
    points = corners[rows, 0] + np.einsum("ij,ijk->ik", across, edges[rows])
    points = points + normals[rows] / np.maximum(doubled[rows], 1e-12)[:, None] * off_m
    return Samples(points.astype(np.float32), surfaces[rows], total / n)
