"""A smooth way of the camera through stops with times; for tours and for video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from twin.analysis.pose import Pose
from twin.arrays import Float64Array


@dataclass(frozen=True, slots=True)
class Stop:
    """A pose, how long the way to it takes (0 for the first) and how long the camera stays."""

    pose: Pose
    travel_s: float = 4.0
    stay_s: float = 1.0


class CameraPath:
    """From a time to a pose. Passes every stop at its time and rests there for its stay.

    Cubic Hermite pieces with the tangents of Catmull and Rom for uneven times (the mean of the
    two slopes, weighted by the times); a stop with a stay has none, so that the camera comes to
    rest. Distances are interpolated by their logarithm, azimuths the short way round.

    Parameters
    ----------
    stops : at least one; times are in seconds and not negative
    """

    def __init__(self, stops: Sequence[Stop]) -> None:
        if not stops:
            raise ValueError("A camera path needs a stop")
        rows = np.array([_numbers(stop.pose) for stop in stops])
        rows[:, 4] = np.unwrap(rows[:, 4])
        times, keys, rests = [0.0], [rows[0]], [True]
        for index, stop in enumerate(stops):
            if index > 0:
                times.append(times[-1] + max(stop.travel_s, 1e-3))
                keys.append(rows[index])
                rests.append(stop.stay_s > 0)
            if stop.stay_s > 0:
                times.append(times[-1] + stop.stay_s)
                keys.append(rows[index])
                rests.append(True)
        rests[-1] = True
        self._times = np.array(times)
        self._keys = np.array(keys)
        self._slopes = _slopes(self._times, self._keys, np.array(rests))
        starts = np.cumsum([0.0, *[s.stay_s + n.travel_s for s, n in pairwise(stops)]])
        #: Time at which each stop is reached.
        self.arrivals_s: tuple[float, ...] = tuple(float(t) for t in starts)

    @property
    def duration_s(self) -> float:
        """From the first stop to the end of the last stay."""
        return float(self._times[-1])

    def at(self, t_s: float) -> Pose:
        """The pose at a time; before the start and after the end it rests."""
        if len(self._times) == 1:
            return _pose(self._keys[0])
        t = float(np.clip(t_s, 0.0, self._times[-1]))
        row = int(np.clip(np.searchsorted(self._times, t, "right") - 1, 0, len(self._times) - 2))
        span = self._times[row + 1] - self._times[row]
        u = (t - self._times[row]) / span
        low, high = self._keys[row], self._keys[row + 1]
        begin, end = self._slopes[row] * span, self._slopes[row + 1] * span
        return _pose(
            low * (2 * u**3 - 3 * u**2 + 1)
            + begin * (u**3 - 2 * u**2 + u)
            + high * (3 * u**2 - 2 * u**3)
            + end * (u**3 - u**2)
        )

    def frames(self, rate_hz: float) -> tuple[Pose, ...]:
        """Poses at an even rate from start to end, both included."""
        n = round(self.duration_s * rate_hz) + 1
        return tuple(self.at(index / rate_hz) for index in range(n))


def _slopes(times: Float64Array, keys: Float64Array, rests: np.ndarray) -> Float64Array:
    """(N, 6) change a second at each key; none where the camera rests."""
    slopes = np.zeros_like(keys)
    if len(keys) > 2:
        spans = np.diff(times)[:, None]
        steep = np.diff(keys, axis=0) / spans
        before, after = spans[:-1], spans[1:]
        slopes[1:-1] = (steep[:-1] * after + steep[1:] * before) / (before + after)
    slopes[rests] = 0.0
    return slopes


def _numbers(pose: Pose) -> list[float]:
    return [*pose.focal_m, float(np.log(pose.distance_m)), pose.azimuth_rad, pose.elevation_rad]


def _pose(row: Float64Array) -> Pose:
    x, y, z, log_distance, azimuth, elevation = (float(value) for value in row)
    return Pose(
        focal_m=(x, y, z),
        distance_m=float(np.exp(log_distance)),
        azimuth_rad=azimuth,
        elevation_rad=elevation,
    )
