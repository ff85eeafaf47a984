"""Where street lamps stand: along the streets of the network, every few metres on both sides."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array
from twin.city.asset import StreetNetwork

EVERY_M, HEIGHT_M = 32.0, 6.0
MOST = 60_000


def lamps_of(streets: StreetNetwork | None) -> Float32Array:
    """(N, 3) float32 heads of lamps, local metres; fewer a street in a network without end."""
    streets = None if streets is None else streets.on_the_ground()
    if streets is None or not len(streets.edges):
        return np.zeros((0, 3), np.float32)
    ends = streets.nodes_local_m[streets.edges].astype(float)
    along = ends[:, 1] - ends[:, 0]
    length = np.linalg.norm(along[:, :2], axis=1)
    every_m = max(EVERY_M, float(length.sum()) / MOST)
    counts = np.maximum((length / every_m).astype(np.int64), 1)
    edge = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (within + 0.5) / counts[edge]
    at = ends[edge, 0] + along[edge] * share[:, None]
    right = np.column_stack([along[:, 1], -along[:, 0]]) / np.maximum(length, 1e-6)[:, None]
    side = np.where(within % 2 == 0, 0.45, -0.45) * streets.widths_m[edge]
    at[:, :2] += right[edge] * side[:, None]
    at[:, 2] += HEIGHT_M
    heads: Float32Array = at.astype(np.float32)
    return heads
