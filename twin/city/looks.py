"""Materials of surfaces and the places of their corners on photographs, while a file is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from twin.arrays import BoolArray, Float32Array, Int32Array
from twin.city.polygons import Polygons


@dataclass(frozen=True, slots=True)
class Looks:
    """Materials of surfaces, and where on its image each of their corners lies.

    Attributes
    ----------
    materials : (S,) int32, -1 = none
    uv_rings : S lists of rings of (u, v); None = the surface has no image
    """

    materials: Int32Array
    uv_rings: list[list[list[tuple[float, float]]] | None]

    def kept(self, keep: BoolArray) -> Looks:
        """Only those of the surfaces where `keep` (S,) is true."""
        rings = [one for one, ok in zip(self.uv_rings, keep.tolist(), strict=True) if ok]
        return Looks(self.materials[keep], rings)

    def on(self, polygons: Polygons) -> tuple[Polygons, Float32Array | None]:
        """The polygons with vertices of their own, and (V, 2) uv of these; None without images.

        A surface whose rings are of other lengths than its uv keeps its material and has no uv.
        """
        if all(rings is None for rings in self.uv_rings):
            return polygons, None
        uv = np.full((len(polygons.corners), 2), np.nan, np.float32)
        sizes = np.split(polygons.ring_sizes, np.cumsum(polygons.surface_rings)[:-1])
        first = 0
        for rings, lengths in zip(self.uv_rings, sizes, strict=True):
            n = int(lengths.sum())
            if rings is not None and [len(ring) for ring in rings] == lengths.tolist():
                uv[first : first + n] = list(chain.from_iterable(rings))
            first += n
        own = replace(
            polygons,
            vertices=polygons.vertices[polygons.corners],
            corners=np.arange(len(polygons.corners)),
        )
        return own, uv
