"""Corners of a tile's triangles on a 16-bit grid, equal ones joined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twin.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from twin.importing.lit import Lit
from twin.importing.threes import bounds_of_points

_GRID = 32_767
_LEAST_STEP_M = 1e-4
_MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Welded:
    """A tile's mesh: ``centre + steps * positions`` is the local frame.

    Attributes
    ----------
    positions : (P, 3) int16
    centre_local_m, steps_m : (3,) float64
    features : (P,) int32, row of the tile's property table
    code_light : (P,) float32, see `twin.tiles.tile.Tile.code_light`
    triangles : (T, 3) int32
    """

    positions: NDArray[np.int16]
    centre_local_m: Float64Array
    steps_m: Float64Array
    features: Int32Array
    code_light: Float32Array
    triangles: Int32Array


def weld(lit: Lit) -> Welded:
    """Put corners on the tile's grid and join those that are equal in place, feature and light.

    Points keep the order in which triangles first use them. Triangles that the grid makes flat
    are left out.
    """
    corners = lit.corners_local_m.reshape(-1, 3)
    bounds = bounds_of_points(corners)
    low, high = bounds[:3], bounds[3:]
    centre = (low + high) / 2
    steps = np.maximum((high - low) / 2 / _GRID, _LEAST_STEP_M)
    grid = _on_grid(corners, centre, steps)
    features = np.repeat(lit.features, 3)
    lights = np.ascontiguousarray(lit.code_light, np.float32).reshape(-1)
    first, group = _grouped(grid, features, lights)
    triangles = group.reshape(-1, 3)
    a, b, c = triangles.T
    solid = (a != b) & (b != c) & (c != a)
    return Welded(
        positions=grid[first],
        centre_local_m=centre,
        steps_m=steps,
        features=features[first],
        code_light=lights[first],
        triangles=triangles[solid].astype(np.int32),
    )


def _on_grid(corners: Float32Array, centre: Float64Array, steps: Float64Array) -> NDArray[np.int16]:
    grid = np.empty(corners.shape, np.int16)
    for axis in range(3):
        grid[:, axis] = np.rint((corners[:, axis] - centre[axis]) / steps[axis])
    return grid


def _grouped(
    grid: NDArray[np.int16], features: Int32Array, lights: Float32Array
) -> tuple[Int64Array, Int64Array]:
    """First corner of each group of equal corners, and the group of each; in order of use."""
    place = np.zeros((len(grid), 4), np.int16)
    place[:, :3] = grid
    places = place.view(np.uint64).reshape(-1)
    looks = (features.astype(np.uint64) << np.uint64(32)) | lights.view(np.uint32)
    # A hash table that numbers values as it meets them: half the time of sorting.
    known = pa.array(_hashes(places, looks)).dictionary_encode()
    group = known.indices.to_numpy().astype(np.int64)
    first = np.empty(len(known.dictionary), np.int64)
    first[group[::-1]] = np.arange(len(group) - 1, -1, -1)
    apart = (places[first[group]] != places) | (looks[first[group]] != looks)
    if apart.any():  # different corners of one hash: points of their own, which costs no more
        rows = np.flatnonzero(apart)
        group[rows] = len(first) + np.arange(len(rows))
        first = np.concatenate([first, rows])
    return first, group


def _hashes(places: NDArray[np.uint64], looks: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = places * _MIX_1
    hashes ^= hashes >> np.uint64(29)
    mixed: NDArray[np.uint64] = (hashes ^ looks) * _MIX_2
    return mixed
