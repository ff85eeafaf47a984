"""What is added to observations on purpose: steps, ramps and noise on chosen datastreams. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from twin.arrays import Float64Array, Int64Array

Shape = Literal["ramp", "step", "noise", "end"]
SHAPES: tuple[str, ...] = get_args(Shape)


@dataclass(frozen=True, slots=True)
class _Slope:
    row: int
    from_value: float
    to_value: float
    start_s: float
    end_s: float


class Injections:
    """For each datastream a number that is added to its values, and the size of its noise."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self._rng = rng
        self._offset = np.zeros(n)
        self._noise = np.zeros(n)
        self._slopes: dict[int, _Slope] = {}
        self._is_quiet = True

    def add(self, row: int, shape: Shape, by: float, seconds: float, now_s: float) -> None:
        """Begin at `now_s`: the offset goes to `by`, at once or evenly within `seconds`.

        Parameters
        ----------
        by : in the unit of the datastream; of "noise" the standard deviation; not used by "end",
            which takes offset and noise away again
        """
        self._is_quiet = False
        if shape == "noise":
            self._noise[row] = by
            return
        if shape == "end":
            by, self._noise[row] = 0.0, 0.0
        length_s = 0.0 if shape == "step" else seconds
        self._follow(now_s)
        start = float(self._offset[row])
        self._slopes[row] = _Slope(row, start, by, now_s, now_s + length_s)

    def apply(self, rows: Int64Array, values: Float64Array, now_s: float) -> None:
        """Add to `values` (k,) of datastreams `rows` (k,), in place."""
        if self._is_quiet:
            return
        self._follow(now_s)
        values += self._offset[rows]
        noise = self._noise[rows]
        if noise.any():
            values += noise * self._rng.standard_normal(len(rows))

    def _follow(self, now_s: float) -> None:
        for slope in list(self._slopes.values()):
            span_s = slope.end_s - slope.start_s
            share = 1.0 if span_s <= 0 else min(max((now_s - slope.start_s) / span_s, 0.0), 1.0)
            self._offset[slope.row] = slope.from_value + share * (slope.to_value - slope.from_value)
            if share == 1.0:
                del self._slopes[slope.row]
