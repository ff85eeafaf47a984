"""Lines laid over the city: on the ground and over roofs, along façades as they were drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scenes.pick import Pick
from twin.arrays import Float64Array

Cast = Callable[[Float64Array, Float64Array], Pick | None]
#: Above everything in a city's frame; rays straight down begin here.
SKY_M = 10_000.0
#: Lines lie so far above what they lie on.
LIFT_M = 0.5
#: A point so far below what is topmost there was drawn on a façade, or under a bridge.
FACADE_M = 2.5
STEP_M, MOST_STEPS = 4.0, 240
_DOWN = np.array([0.0, 0.0, -1.0])


def top_of(cast: Cast, x_m: float, y_m: float) -> float | None:
    """Height of what is topmost at a place, None where nothing is."""
    hit = cast(np.array([x_m, y_m, SKY_M]), _DOWN)
    return None if hit is None else hit.xyz_local_m[2]


def draped(path_m: Float64Array, cast: Cast, *, on_top: bool) -> Float64Array:
    """A line (N, 3) cut into short pieces (M, 3) that lie on the city.

    Parameters
    ----------
    on_top : always on what is topmost; else only where the line was drawn near to it
    """
    points = densified(path_m, STEP_M, MOST_STEPS)
    for point in points:
        top = top_of(cast, float(point[0]), float(point[1]))
        if top is not None and (on_top or top - point[2] < FACADE_M):
            point[2] = top
    points[:, 2] += LIFT_M
    return points


def densified(path_m: Float64Array, step_m: float, most: int) -> Float64Array:
    """The same line (N, 3) with points at least every ``step_m``, about ``most`` in all."""
    length = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(path_m, axis=0), axis=1))]
    step = max(step_m, float(length[-1]) / max(most, 1))
    marks = np.unique(np.r_[np.arange(0.0, float(length[-1]), step), length])
    columns = [np.interp(marks, length, path_m[:, axis]) for axis in range(3)]
    points: Float64Array = np.column_stack(columns)
    return points


def circle_m(middle_m: Float64Array, radius_m: float, n: int = 96) -> Float64Array:
    """A closed circle (n + 1, 3) around a point, flat."""
    angle = np.linspace(0.0, 2 * np.pi, n + 1)
    x = middle_m[0] + radius_m * np.cos(angle)
    y = middle_m[1] + radius_m * np.sin(angle)
    points: Float64Array = np.column_stack([x, y, np.full(n + 1, middle_m[2])])
    return points


def arrow_head(path_m: Float64Array) -> Float64Array:
    """(3, 3) the two barbs of an arrow along a line and its tip between them, flat."""
    along = path_m[-1] - path_m[0]
    flat = np.array([along[0], along[1], 0.0])
    length = float(np.linalg.norm(flat))
    ahead = flat / length if length > 1e-6 else np.array([0.0, 1.0, 0.0])
    side = np.array([-ahead[1], ahead[0], 0.0])
    size = float(np.clip(0.2 * length, 2.0, 40.0))
    tip = path_m[-1]
    barbs: Float64Array = np.array(
        [tip - size * ahead + 0.5 * size * side, tip, tip - size * ahead - 0.5 * size * side]
    )
    return barbs


def pieces(path_m: Float64Array) -> Float64Array:
    """(N - 1, 2, 3) the separate pieces of a line."""
    both: Float64Array = np.stack([path_m[:-1], path_m[1:]], axis=1)
    return both
