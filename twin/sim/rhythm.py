"""The day of a city: curves over 24 hours, and smooth random fields over its ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array

DAY_S = 86_400.0

# (hour, share of the daily peak); an autumn working day
_CURVES: dict[str, tuple[tuple[float, float], ...]] = {
    "traffic": (
        (0, 0.08), (3, 0.04), (5, 0.12), (7, 0.75), (8.5, 1.0), (10, 0.65), (12, 0.62),
        (15, 0.72), (17.5, 1.0), (18.5, 0.9), (20, 0.5), (22, 0.25), (24, 0.08),
    ),
    "power": (
        (0, 0.42), (4, 0.35), (7, 0.65), (9, 0.7), (13, 0.72), (17, 0.86), (19, 1.0),
        (22, 0.75), (24, 0.42),
    ),
    "parking": (
        (0, 0.36), (6, 0.38), (9, 0.85), (12, 0.93), (15, 0.88), (18, 0.62), (20, 0.66),
        (23, 0.4), (24, 0.36),
    ),
    "darkness": (
        (0, 1.0), (6.8, 1.0), (7.8, 0.0), (16.4, 0.0), (17.4, 0.9), (18, 1.0), (24, 1.0),
    ),
}  # fmt: skip
_TABLES = {name: np.array(points, dtype=np.float64).T for name, points in _CURVES.items()}


@dataclass(frozen=True, slots=True)
class Moment:
    """The time of one step.

    Attributes
    ----------
    elapsed_s : seconds since the start of the simulation, wall-clock pace
    model_s : the same at the pace of the model (``elapsed_s`` times speed)
    time_of_day_s : model time since midnight, 0 … 86,400
    """

    elapsed_s: float
    model_s: float
    time_of_day_s: float

    def share(self, curve: str) -> float:
        """Share of the daily peak (0..1): "traffic", "power", "parking" or "darkness"."""
        hours, shares = _TABLES[curve]
        return float(np.interp(self.time_of_day_s / 3600.0, hours, shares))

    @property
    def clock_text(self) -> str:
        """Model time of day as "17:30"."""
        minutes = int(self.time_of_day_s // 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"


class SmoothField:
    """A random field over the ground whose values change slowly from place to place.

    Parameters
    ----------
    wavelength_m : about the distance after which values are unlike each other
    """

    def __init__(self, rng: np.random.Generator, wavelength_m: float, waves: int = 8) -> None:
        angle = rng.uniform(0.0, 2 * np.pi, waves)
        number = 2 * np.pi / (wavelength_m * rng.uniform(0.7, 1.8, waves))
        self._k = np.stack([np.cos(angle), np.sin(angle)]) * number
        self._phase = rng.uniform(0.0, 2 * np.pi, waves)

    def at(self, xy: Float64Array) -> Float64Array:
        """Values (K,), 0 … 1, mean about 0.5, of (K, 2 or 3) points."""
        waves = np.cos(xy[:, :2] @ self._k + self._phase)
        spread = waves.sum(axis=1) / np.sqrt(self._phase.size)
        return np.asarray(np.clip(0.5 + 0.3 * spread, 0.0, 1.0))


def relax(state: Float64Array, target: Float64Array | float, dt_s: float, tau_s: float) -> None:
    """Move `state` towards `target` in place, exponentially with time constant `tau_s`."""
    state += (target - state) * (1.0 - np.exp(-dt_s / tau_s))
