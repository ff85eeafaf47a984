"""Heights along a line: what a ray from above meets first, and the ground below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.analysis.finding import Curve, Row, metres
from twin.arrays import Float64Array

MOST_POINTS = 400
LEAST_STEP_M = 0.5


@dataclass(frozen=True, slots=True)
class Drop:
    """What lies under a point: the top of all, and the ground, heights in metres (NaN = none)."""

    top_m: float
    ground_m: float


def points_along(path: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Evenly spaced points of a path (N, 3), seen from above.

    Returns
    -------
    (k,) distance on the map from the first point, (k, 2) x, y
    """
    flat = path[:, :2]
    length = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(flat, axis=0), axis=1))]
    n = int(np.clip(np.ceil(length[-1] / LEAST_STEP_M), 1, MOST_POINTS - 1)) + 1
    at = np.linspace(0.0, length[-1], n)
    return at, np.column_stack([np.interp(at, length, flat[:, k]) for k in (0, 1)])


def curve_along(
    path: Float64Array, drop: Callable[[float, float], Drop], datum_m: float = 0.0
) -> Curve:
    """The profile of a path (N, 3); ``drop`` is asked at each place (x, y).

    ``datum_m`` is the height of the frame's zero: the curve's heights are above the datum.
    """
    distance, xy = points_along(path)
    drops = [drop(float(x), float(y)) for x, y in xy]
    tops = np.array([d.top_m for d in drops])
    grounds = np.array([d.ground_m for d in drops])
    xyz = np.column_stack([xy, np.where(np.isnan(tops), grounds, tops)]).astype(np.float32)
    return Curve(
        distance_m=distance,
        heights_m={"Surface": tops + datum_m, "Ground": grounds + datum_m},
        xyz_local_m=xyz,
    )


def profile_rows(curve: Curve) -> tuple[Row, ...]:
    """Length and heights of a profile."""
    tops, ground = curve.heights_m["Surface"], curve.heights_m["Ground"]
    rows = [Row("Length on the map", metres(float(curve.distance_m[-1])), "m")]
    for name, heights in (("Surface", tops), ("Ground", ground)):
        known = heights[np.isfinite(heights)]
        if len(known):
            rows.append(Row(f"{name} lowest", metres(float(known.min())), "m"))
            rows.append(Row(f"{name} highest", metres(float(known.max())), "m"))
    rise = np.diff(ground[np.isfinite(ground)])
    rows.append(Row("Ground climbs", metres(float(rise[rise > 0].sum())), "m"))
    rows.append(Row("Ground falls", metres(float(np.abs(rise[rise < 0]).sum())), "m"))
    return tuple(rows)
