"""Weather: rain fronts that move over the city in model time."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from twin.arrays import Float64Array
from twin.sim.rhythm import Moment, SmoothField, relax

WeatherKind = Literal["clear", "rain", "storm"]
WEATHER_KINDS: tuple[str, ...] = get_args(WeatherKind)
_PEAK_MM_H = {"clear": 0.0, "rain": 7.0, "storm": 26.0}
_FRONT_SPEED_MPS = 9.0
_FRONT_SPACING_M = 9_000.0
_FRONT_WIDTH_M = 1_500.0
_WET_TAU_S = 1_500.0


class Weather:
    """Rain bands crossing the city one behind the other.

    Attributes
    ----------
    wetness_mm : rain that lies on or runs off the ground, mean over the city
    """

    def __init__(
        self, rng: np.random.Generator, kind: WeatherKind, centre: Float64Array, radius_m: float
    ) -> None:
        angle = rng.uniform(0.0, 2 * np.pi)
        self._way = np.array([np.cos(angle), np.sin(angle)])
        self._peak = _PEAK_MM_H[kind]
        self._centre = centre[:2]
        self._cells = SmoothField(rng, max(radius_m, 400.0))
        # the first front stands two kilometres before the centre at the start
        self._offset_m = _FRONT_SPACING_M - 2_000.0
        ring = np.linspace(0.0, 2 * np.pi, 9)[:-1]
        self._probes = self._centre + 0.6 * radius_m * np.column_stack([np.cos(ring), np.sin(ring)])
        self.wetness_mm = 0.0
        self.mean_mm_h = 0.0
        self._is_told = False
        self._told_mm_h = self._wanted_mm_h = self._change_mm_h_s = 0.0

    def tell(self, mm_h: float, over_s: float) -> None:
        """Let it rain about `mm_h` everywhere in place of fronts, reached within `over_s`."""
        if not self._is_told:
            self._is_told, self._told_mm_h = True, self.mean_mm_h
        self._wanted_mm_h = mm_h
        self._change_mm_h_s = abs(mm_h - self._told_mm_h) / max(over_s, 0.001)

    def rain_mm_h(self, now: Moment, xy: Float64Array) -> Float64Array:
        """Rain intensity (K,) at (K, 2 or 3) points."""
        if self._is_told:
            rain = self._told_mm_h * (0.7 + 0.6 * self._cells.at(xy[:, :2]))
            return np.where(rain < 0.1, 0.0, rain)
        if self._peak == 0.0:
            return np.zeros(len(xy))
        along = (xy[:, :2] - self._centre) @ self._way
        drift = _FRONT_SPEED_MPS * now.model_s + self._offset_m
        gap = (along - drift + _FRONT_SPACING_M / 2) % _FRONT_SPACING_M - _FRONT_SPACING_M / 2
        band = np.exp(-((gap / _FRONT_WIDTH_M) ** 2))
        cells = self._cells.at(xy[:, :2] - 0.3 * drift * self._way)
        rain = self._peak * band * (0.4 + cells)
        return np.where(rain < 0.1, 0.0, rain)

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:
        """Let the ground get wet and dry again."""
        most = self._change_mm_h_s * dt_s
        self._told_mm_h += float(np.clip(self._wanted_mm_h - self._told_mm_h, -most, most))
        self.mean_mm_h = float(self.rain_mm_h(now, self._probes).mean())
        wet = np.array([self.wetness_mm])
        relax(wet, self.mean_mm_h * _WET_TAU_S / 3600.0, model_dt_s, _WET_TAU_S)
        self.wetness_mm = float(wet[0])
