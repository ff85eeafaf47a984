"""Cuts large triangles into small ones without leaving cracks."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array
from twin.city.asset import TriangleSoup

#: Cutting stops before there are more triangles than this.
MOST_TRIANGLES = 1_500_000


def refined(soup: TriangleSoup, longest_m: float) -> TriangleSoup:
    """Halve the longest edge of each triangle until none is longer than `longest_m` (in plan).

    Whether an edge is halved depends on its length only, so both triangles along it agree in the
    end and no crack opens. Where there would be too many triangles, they stay larger.
    """
    corners, rows = soup.corners_local_m, np.arange(soup.n_triangles)
    uv = soup.uv
    while len(corners):
        sides = np.roll(corners, -1, axis=1)[:, :, :2] - corners[:, :, :2]
        lengths = np.hypot(sides[..., 0], sides[..., 1])
        longest = lengths.argmax(axis=1)
        long = np.flatnonzero(lengths[np.arange(len(corners)), longest] > longest_m)
        if not len(long) or len(corners) + len(long) > MOST_TRIANGLES:
            break
        first, second = _halved(corners[long], longest[long])
        if uv is not None:
            uv_first, uv_second = _halved(uv[long], longest[long])
            uv = np.concatenate([uv, uv_second])
            uv[long] = uv_first
        corners = np.concatenate([corners, second])
        corners[long] = first
        rows = np.concatenate([rows, rows[long]])
    return TriangleSoup(
        corners_local_m=corners,
        features=soup.features[rows],
        surfaces=soup.surfaces[rows],
        materials=None if soup.materials is None else soup.materials[rows],
        uv=uv,
    )


def _halved(corners: Float32Array, side: np.ndarray) -> tuple[Float32Array, Float32Array]:
    """Both halves of triangles (T, 3, k) cut at the middle of the side that begins at `side`."""
    at = np.arange(len(corners))
    start, end, top = corners[at, side], corners[at, (side + 1) % 3], corners[at, (side + 2) % 3]
    middle = (start + end) / 2
    return np.stack([start, middle, top], axis=1), np.stack([middle, end, top], axis=1)
