"""Units moving along prepared legs: one vectorised step for all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int64Array

ACCELERATION = 2.0
BRAKING = 3.5
TURN_SPEED = 3.0
CREEP_SPEED = 1.0
KEEP_RIGHT_M = 0.8
#: A unit that is held waits for this long again and again.
HOLD_S = 2.0
_EDGE_OF_ACCESS = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A straight piece of a way.

    Attributes
    ----------
    edge : street segment it runs on, -1 off the streets
    node : street node at its end, -1 for none
    limit_mps : speed limit
    dwell_s : halt at its end
    """

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    edge: int
    node: int
    limit_mps: float
    dwell_s: float = 0.0


class Movers:
    """Positions and speeds of n units.

    Parameters
    ----------
    xyz : (n, 3) where they start
    haste : (n,) factor on speed limits
    next_legs : asked for more legs when a unit has none left; may give none (the unit waits)
    """

    def __init__(
        self,
        xyz: Float64Array,
        haste: Float64Array,
        next_legs: Callable[[int], list[Leg]],
    ) -> None:
        n = len(xyz)
        self.haste = haste
        self.legs: list[deque[Leg]] = [deque() for _ in range(n)]
        self.current: list[Leg | None] = [None] * n
        self._next_legs = next_legs
        self._start, self._end = xyz.copy(), xyz.copy()
        self._way = np.zeros((n, 3))
        self._side = np.zeros((n, 2))
        self._length = np.zeros(n)
        self._along = np.zeros(n)
        self.speed = np.zeros(n)
        self._limit = np.zeros(n)
        self._end_speed = np.zeros(n)
        self._edge: Int64Array = np.full(n, _EDGE_OF_ACCESS)
        self._wait_s = np.zeros(n)
        self._heading = np.zeros(n)

    def step(self, dt_s: float, slowness: Float64Array) -> None:
        """Drive for `dt_s`; `slowness` (M,) is the share of the free speed on each edge."""
        factor = np.where(self._edge >= 0, slowness[self._edge], 1.0)
        left = np.maximum(self._length - self._along, 0.0)
        braking = np.sqrt(self._end_speed**2 + 2 * BRAKING * left)
        wanted = np.minimum(self._limit * np.minimum(factor * self.haste, 1.3), braking)
        self.speed += np.clip(wanted - self.speed, -2 * BRAKING * dt_s, ACCELERATION * dt_s)
        is_waiting = self._wait_s > 0
        self._wait_s -= np.where(is_waiting, dt_s, 0.0)
        self.speed[is_waiting] = 0.0
        self._along += self.speed * dt_s
        for unit in np.flatnonzero((self._along >= self._length) & ~is_waiting).tolist():
            self._turn_over(unit)

    def xyz(self) -> Float64Array:
        """(n, 3) where the units are, a little to the right of the middle of the street."""
        points = self._start + self._way * np.minimum(self._along, self._length)[:, None]
        points[:, :2] += self._side
        return points

    def heading_rad(self) -> Float32Array:
        """(n,) driving direction, clockwise from north."""
        return self._heading.astype(np.float32)

    def is_at_end(self, unit: int) -> bool:
        """Whether a unit has driven its current leg to the end."""
        return bool(self._along[unit] >= self._length[unit])

    def is_waiting(self, unit: int) -> bool:
        """Whether a unit halts at a stop or for want of a way."""
        return bool(self._wait_s[unit] > 0)

    def keep_waiting(self, unit: int) -> None:
        """Let a unit that halts just now halt on; one that drives is not stopped."""
        if self._wait_s[unit] > 0:
            self._wait_s[unit] = max(float(self._wait_s[unit]), HOLD_S)

    def ahead(self, unit: int) -> tuple[tuple[float, float, float], ...]:
        """Corners of the way ahead, from where the unit is."""
        x, y, z = self.xyz()[unit].tolist()
        leg = self.current[unit]
        ends = [] if leg is None else [leg.end]
        return ((x, y, z), *ends, *(ahead.end for ahead in self.legs[unit]))

    def replace_legs(self, unit: int, legs: list[Leg]) -> None:
        """Give a unit a new way that begins where its current leg ends."""
        self.legs[unit] = deque(legs)
        self._set_end_speed(unit)

    def _turn_over(self, unit: int) -> None:
        """Take the next leg; wait where there is none."""
        leg = self.current[unit]
        rest_m = float(self._along[unit] - self._length[unit])
        if leg is not None and leg.dwell_s > 0:
            self._wait_s[unit] = leg.dwell_s
            rest_m = 0.0
        if not self.legs[unit]:
            self.legs[unit].extend(self._next_legs(unit))
        if not self.legs[unit]:
            self._wait_s[unit] = max(float(self._wait_s[unit]), 2.0)
            self._along[unit] = self._length[unit]
            return
        following = self.legs[unit].popleft()
        self.current[unit] = following
        start, end = np.array(following.start), np.array(following.end)
        length = max(float(np.linalg.norm(end - start)), 1e-6)
        way = (end - start) / length
        self._start[unit], self._end[unit], self._way[unit] = start, end, way
        self._length[unit] = length
        self._along[unit] = min(rest_m, length)
        self._limit[unit] = following.limit_mps
        self._edge[unit] = following.edge
        self._side[unit] = np.array([way[1], -way[0]]) * KEEP_RIGHT_M
        if np.hypot(way[0], way[1]) > 1e-6:
            self._heading[unit] = np.arctan2(way[0], way[1]) % (2 * np.pi)
        self._set_end_speed(unit)

    def _set_end_speed(self, unit: int) -> None:
        """How fast it may be at the end of its leg: slow for a bend, creeping for a halt."""
        leg, ahead = self.current[unit], self.legs[unit]
        if leg is None or leg.dwell_s > 0 or not ahead:
            self._end_speed[unit] = CREEP_SPEED
            return
        onward = np.subtract(ahead[0].end, ahead[0].start)
        cosine = float(onward @ self._way[unit]) / max(float(np.linalg.norm(onward)), 1e-6)
        swift = max(cosine, 0.0) ** 3
        self._end_speed[unit] = TURN_SPEED + (leg.limit_mps - TURN_SPEED) * swift
