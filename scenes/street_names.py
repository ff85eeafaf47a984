"""Where the names of streets are written: on the longest piece of each street."""

from __future__ import annotations

import numpy as np

from scenes.view import View
from twin.arrays import Float32Array
from twin.city.asset import StreetNetwork

#: Names are written where a logical pixel is at most so many metres, and a piece takes so many.
MOST_M_PER_PX, LEAST_PX = 0.8, 60.0
#: Nearest first: each costs a ray that asks whether houses hide the street there.
MOST = 24
LIFT_M = 3.0


class StreetNames:
    """The named streets of one city. GUI thread."""

    def __init__(self, streets: StreetNetwork | None) -> None:
        self.names: list[str] = []
        self._middles: Float32Array = np.zeros((0, 3), np.float32)
        self._lengths_m = np.zeros(0)
        streets = None if streets is None else streets.on_the_ground()
        if streets is None or not len(streets.edges):
            return
        ends = streets.nodes_local_m[streets.edges].astype(np.float32)
        lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
        longest: dict[str, int] = {}
        for edge in np.argsort(-lengths, kind="stable").tolist():
            longest.setdefault(streets.names[edge], edge)
        longest.pop("", None)
        self.names = list(longest)
        rows = np.array(list(longest.values()), np.intp)
        self._middles = ends[rows].mean(axis=1) + np.array([0.0, 0.0, LIFT_M], np.float32)
        self._lengths_m = lengths[rows].astype(float)

    def near(self, view: View) -> list[tuple[str, tuple[float, float, float], float]]:
        """Name, place and metres a pixel of those worth writing, nearest first."""
        pixels = view.project(self._middles)
        per_px = view.metres_per_px(1.0) * pixels[:, 2] * view.pixel_ratio
        worth = view.is_inside(pixels) & (per_px < MOST_M_PER_PX)
        worth &= self._lengths_m > LEAST_PX * per_px
        rows = np.flatnonzero(worth)
        rows = rows[np.argsort(per_px[rows], kind="stable")][:MOST]
        return [
            (self.names[row], tuple(self._middles[row].tolist()), float(per_px[row]))
            for row in rows.tolist()
        ]
