"""The quadtree's fixed grid: Morton numbers of places, and squares of the nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float32Array, Float64Array, Int64Array

#: The grid reaches this far from the origin to all sides; finest cells are 1 m.
REACH_M = 131_072.0
DEPTH = 18
_SIDE = 1 << DEPTH


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A square of the quadtree: all places whose Morton numbers start with ``prefix``.

    Attributes
    ----------
    depth : 0 = everything, `DEPTH` = one metre
    prefix : Morton number at that depth
    """

    depth: int
    prefix: int

    @property
    def first(self) -> int:
        """Least Morton number inside."""
        return self.prefix << 2 * (DEPTH - self.depth)

    @property
    def end(self) -> int:
        """First Morton number behind it."""
        return (self.prefix + 1) << 2 * (DEPTH - self.depth)

    @property
    def size_m(self) -> float:
        """Side of the square."""
        return 2.0 * REACH_M / (1 << self.depth)

    @property
    def corner_m(self) -> tuple[float, float]:
        """South-west corner, local frame."""
        x, y = 0, 0
        for bit in range(self.depth):
            x |= (self.prefix >> 2 * bit & 1) << bit
            y |= (self.prefix >> 2 * bit + 1 & 1) << bit
        return x * self.size_m - REACH_M, y * self.size_m - REACH_M

    def children(self) -> tuple[Node, ...]:
        """The four quarters."""
        return tuple(Node(self.depth + 1, 4 * self.prefix + k) for k in range(4))

    @property
    def name(self) -> str:
        """Short and unique, for file names."""
        return f"{self.depth}-{self.prefix:x}"


def morton_numbers(xy_local_m: Float32Array | Float64Array) -> Int64Array:
    """(N,) Morton number of each place (N, 2); places beyond the grid go to its edge."""
    cells = np.floor(np.asarray(xy_local_m, np.float64) + REACH_M)
    cells = np.clip(np.nan_to_num(cells), 0, _SIDE - 1).astype(np.uint64)
    return (_spread(cells[:, 0]) | (_spread(cells[:, 1]) << np.uint64(1))).astype(np.int64)


def _spread(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Put a zero between the bits of 18-bit numbers."""
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        values = (values | (values << np.uint64(shift))) & np.uint64(mask)
    return values


def smallest_node(first: int, last: int) -> Node:
    """The smallest square that holds two Morton numbers and so all between."""
    differing = (first ^ last).bit_length()
    depth = DEPTH - (differing + 1) // 2
    return Node(depth, first >> 2 * (DEPTH - depth))
