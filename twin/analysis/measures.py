"""Lengths, heights, angles and areas of points in the local frame."""

from __future__ import annotations

import numpy as np

from twin.analysis.finding import Row, metres, square_metres
from twin.arrays import Float64Array


def lengths_m(path: Float64Array) -> Float64Array:
    """(N-1,) lengths in space of the pieces of a path (N, 3)."""
    pieces: Float64Array = np.linalg.norm(np.diff(path, axis=0), axis=1)
    return pieces


def angle_deg(before: Float64Array, corner: Float64Array, after: Float64Array) -> float:
    """Angle at a corner between two legs, in space, 0..180 degrees; NaN for a leg of no length."""
    first, last = before - corner, after - corner
    size = float(np.linalg.norm(first) * np.linalg.norm(last))
    if size == 0.0:
        return float("nan")
    return float(np.degrees(np.arccos(np.clip(float(first @ last) / size, -1.0, 1.0))))


def area_vector(ring: Float64Array) -> Float64Array:
    """(3,) vector area of a ring (N, 3), not closed: its length is the area, z the plan area.

    Newell's sum of cross products; for a ring that is not flat it is that of any surface over it.
    """
    middle = ring - ring.mean(axis=0)
    vector: Float64Array = 0.5 * np.cross(middle, np.roll(middle, -1, axis=0)).sum(axis=0)
    return vector


def plan_area_m2(ring: Float64Array) -> float:
    """Area of a ring (N, 3) as a map shows it."""
    return abs(float(area_vector(ring)[2]))


def surface_area_m2(ring: Float64Array) -> float:
    """Area of a ring (N, 3) along its own best plane: of a roof face, the face itself."""
    return float(np.linalg.norm(area_vector(ring)))


def path_rows(path: Float64Array) -> tuple[Row, ...]:
    """All that can be said of N points (N, 3) that were clicked one after the other."""
    if len(path) < 2:
        return ()
    step = path[-1] - path[-2]
    flat = float(np.hypot(step[0], step[1]))
    rows = [
        Row("Distance", metres(float(np.linalg.norm(step))), "m"),
        Row("Horizontal", metres(flat), "m"),
        Row("Height", f"{step[2]:+,.2f}", "m"),
        Row("Slope", f"{np.degrees(np.arctan2(step[2], flat)):+.1f}", "°"),
        Row("Direction", f"{np.degrees(np.arctan2(step[0], step[1])) % 360:.1f}", "° from north"),
    ]
    if len(path) > 2:
        rows += [
            Row("Length of path", metres(float(lengths_m(path).sum())), "m"),
            Row("Angle at last corner", f"{angle_deg(*path[-3:]):.1f}", "°"),
            Row("Area on the map", square_metres(plan_area_m2(path)), "m²"),
            Row("Area of surface", square_metres(surface_area_m2(path)), "m²"),
        ]
    return tuple(rows)
