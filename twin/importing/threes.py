"""Least and greatest over the three corners of triangles, several times faster than by axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float64Array


def least(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """(T,) of (T, 3), as ``values.min(axis=1)``; numpy is slow over an axis of three."""
    out: NDArray[np.floating] = np.minimum(np.minimum(values[:, 0], values[:, 1]), values[:, 2])
    return out


def greatest(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """(T,) of (T, 3), as ``values.max(axis=1)``."""
    out: NDArray[np.floating] = np.maximum(np.maximum(values[:, 0], values[:, 1]), values[:, 2])
    return out


def bounds_of_points(points: NDArray[np.floating]) -> Float64Array:
    """(6,) xmin ymin zmin xmax ymax zmax of (P, 3), at least one."""
    columns = [points[:, axis] for axis in range(3)]
    return np.array([c.min() for c in columns] + [c.max() for c in columns], dtype=np.float64)
