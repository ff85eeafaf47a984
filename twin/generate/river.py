"""The river: a meander written as v = f(u) in a turned frame, so that every side is a formula."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array

WATER_Z_M = -3.0
BANK_Z_M = -0.25


@dataclass(frozen=True, slots=True)
class River:
    """A meandering river through the whole plain.

    Attributes
    ----------
    angle_rad : direction of the u axis, counter-clockwise from east
    offset_m : v of the middle line's mean
    amplitudes_m, lengths_m, phases_rad : the sine waves of the meander
    half_width_m : half of the water's width, across the flow
    """

    angle_rad: float
    offset_m: float
    amplitudes_m: tuple[float, ...]
    lengths_m: tuple[float, ...]
    phases_rad: tuple[float, ...]
    half_width_m: float

    @property
    def along(self) -> Float64Array:
        """(2,) the u axis."""
        return np.array([math.cos(self.angle_rad), math.sin(self.angle_rad)])

    @property
    def across(self) -> Float64Array:
        """(2,) the v axis."""
        return np.array([-math.sin(self.angle_rad), math.cos(self.angle_rad)])

    def middle(self, u: Float64Array) -> tuple[Float64Array, Float64Array]:
        """V of the middle line and its slope at u."""
        v = np.full_like(u, self.offset_m)
        slope = np.zeros_like(u)
        for amplitude, length, phase in zip(
            self.amplitudes_m, self.lengths_m, self.phases_rad, strict=True
        ):
            turn = 2 * math.pi / length
            v = v + amplitude * np.sin(turn * u + phase)
            slope = slope + amplitude * turn * np.cos(turn * u + phase)
        return v, slope

    def side_m(self, xy: Float64Array) -> Float64Array:
        """Distance from the middle line, positive on its left; near it exact to a few per cent."""
        v, slope = self.middle(xy @ self.along)
        return (xy @ self.across - v) / np.sqrt(1 + slope**2)

    def line(self, u: Float64Array, side_m: float) -> Float64Array:
        """(N, 2) points of the line at a constant `side_m`, at N values of u."""
        v, slope = self.middle(u)
        v = v + side_m * np.sqrt(1 + slope**2)
        return u[:, None] * self.along + v[:, None] * self.across


def river_of(city_radius_m: float, old_radius_m: float, rng: np.random.Generator) -> River:
    """A river that passes the old centre and swings through the city."""
    half_width = 16.0 + 0.40 * math.sqrt(city_radius_m)
    length = max(1.5 * city_radius_m, 900.0)
    swing = 0.085 * length
    return River(
        angle_rad=float(rng.uniform(-0.6, 0.2)),
        offset_m=-(old_radius_m * 0.80 + half_width),
        amplitudes_m=(swing, 0.16 * swing),
        lengths_m=(length, 0.41 * length),
        phases_rad=(float(rng.uniform(-0.5, 0.5)) - math.pi / 2, float(rng.uniform(0, 6.2))),
        half_width_m=half_width,
    )
