"""Chance by hashing: the same whole numbers always give the same fraction, in any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.arrays import Float64Array

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def fractions(*keys: ArrayLike) -> Float64Array:
    """Evenly spread values in [0, 1), one for each (broadcast) tuple of whole numbers."""
    state: NDArray[np.uint64] = np.zeros((1,), dtype=np.uint64)
    for key in keys:
        bits = np.atleast_1d(np.asarray(key)).astype(np.int64).view(np.uint64)
        state = _mixed(state * np.uint64(31) + bits + _GOLDEN)
    return (state >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finaliser of splitmix64."""
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))
