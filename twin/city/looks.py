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
        """The polygons, those with images on vertices of their own, and (V, 2) uv of the vertices.

        Without any image the polygons stay as they are and there is no uv. A surface whose rings
        are of other lengths than its uv keeps its material and has no uv.
        """
        has_image = np.array([rings is not None for rings in self.uv_rings], bool)
        if not has_image.any():
            return polygons, None
        own = np.flatnonzero(has_image[polygons.corner_surfaces()])
        sizes = np.split(polygons.ring_sizes, np.cumsum(polygons.surface_rings)[:-1])
        uv = np.full((len(polygons.vertices) + len(own), 2), np.nan, np.float32)
        first = len(polygons.vertices)
        corners = polygons.corners.copy()
        corners[own] = np.arange(first, first + len(own))
        for rings, lengths in zip(self.uv_rings, sizes, strict=True):
            if rings is None:
                continue
            n = int(lengths.sum())
            if [len(ring) for ring in rings] == lengths.tolist():
                uv[first : first + n] = list(chain.from_iterable(rings))
            first += n
        vertices = np.concatenate([polygons.vertices, polygons.vertices[polygons.corners[own]]])
        return replace(polygons, vertices=vertices, corners=corners), uv
