"""Triangles with their light, and how the light of a part of a city is baked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array, UInt8Array
from twin.city.asset import TriangleSoup
from twin.importing.threes import bounds_of_points
from twin.tiles.light import FOOT_HEIGHT_M, base_heights, code_light, feature_tints, unit_normals


@dataclass(frozen=True, slots=True, kw_only=True)
class Lit:
    """Triangles ready to be written.

    Attributes
    ----------
    corners_local_m : (T, 3, 3) float32
    features : (T,) int32
    code_light : (T, 3) float32, see `twin.tiles.tile.Tile.code_light`
    """

    corners_local_m: Float32Array
    features: Int32Array
    code_light: Float32Array

    @property
    def n_triangles(self) -> int:
        """How many triangles."""
        return len(self.features)

    def surfaces(self) -> UInt8Array:
        """(T,) `twin.city.asset.Surface` of each triangle."""
        return self.code_light[:, 0].astype(np.uint8)

    def taken(self, rows: slice | Int64Array | BoolArray) -> Lit:
        """Some of the triangles."""
        return Lit(
            corners_local_m=self.corners_local_m[rows],
            features=self.features[rows],
            code_light=self.code_light[rows],
        )

    def bounds_local_m(self) -> Float64Array:
        """(6,) xmin ymin zmin xmax ymax zmax; needs a triangle."""
        return bounds_of_points(self.corners_local_m.reshape(-1, 3))


def joined(parts: list[Lit]) -> Lit:
    """One of several."""
    return Lit(
        corners_local_m=np.concatenate(
            [np.zeros((0, 3, 3), np.float32), *(part.corners_local_m for part in parts)]
        ),
        features=np.concatenate([np.zeros(0, np.int32), *(part.features for part in parts)]),
        code_light=np.concatenate(
            [np.zeros((0, 3), np.float32), *(part.code_light for part in parts)]
        ),
    )


def lit_of(soup: TriangleSoup, parents: Int32Array, *, dark_feet: bool = True) -> Lit:
    """Bake the light.

    Parameters
    ----------
    parents : (N,) parent row of each feature, -1 for none
    dark_feet : darken the feet of walls; from afar that makes low boxes black specks
    """
    normals = unit_normals(soup.corners_local_m)
    base_z_m = base_heights(soup, parents) - (0.0 if dark_feet else FOOT_HEIGHT_M)
    return Lit(
        corners_local_m=soup.corners_local_m,
        features=soup.features,
        code_light=code_light(soup, normals, base_z_m, feature_tints(len(parents))),
    )
