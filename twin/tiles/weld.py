"""Find equal rows fast: hash to 64 bits, sort once, and prove that nothing collided."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Int64Array

_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX_2 = np.uint64(0xBF58476D1CE4E5B9)


def equal_rows(columns: NDArray[np.uint32]) -> tuple[Int64Array, Int64Array]:
    """Group equal rows.

    Parameters
    ----------
    columns : (C, N) uint32, one row of the table is ``columns[:, i]``

    Returns
    -------
    first : (U,) int64, one row of each group
    group : (N,) int64, group of each row
    """
    _, first, group = np.unique(_hashes(columns), return_index=True, return_inverse=True)
    if not np.array_equal(columns[:, first][:, group], columns):  # a 64-bit collision
        _, first, group = np.unique(columns, axis=1, return_index=True, return_inverse=True)
    return first.astype(np.int64), group.reshape(-1).astype(np.int64)


def _hashes(columns: NDArray[np.uint32]) -> NDArray[np.uint64]:
    mixed = np.zeros(columns.shape[1], np.uint64)
    for column in columns:
        mixed = (mixed ^ column) * _MIX
        mixed ^= mixed >> np.uint64(29)
        mixed *= _MIX_2
        mixed ^= mixed >> np.uint64(32)
    return mixed
