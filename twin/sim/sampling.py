"""Which datastreams observe when, and what they say: staggered, noisy, sometimes faulty."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array, Int64Array, UInt8Array
from twin.sim.faults import Faults
from twin.sim.injecting import Injections
from twin.sim.roster import HabitColumns

WANDER_TAU_S = 60.0
_WANDER_STEP_S = 1.0


class Sampler:
    """Turns true values into observations.

    Parameters
    ----------
    habits : how each of n datastreams measures
    """

    def __init__(self, habits: HabitColumns, faults: Faults, rng: np.random.Generator) -> None:
        self.faults = faults
        self.injections = Injections(len(habits.interval_s), rng)
        self._habits = habits
        self._rng = rng
        self._due_s = rng.uniform(0.0, 1.0, len(habits.interval_s)) * habits.interval_s
        self._wander = rng.standard_normal(len(habits.interval_s))
        self._wandered_s = self._elapsed_s = 0.0

    def hasten(self, streams: Int64Array) -> None:
        """Let datastreams observe at the next step, whenever they would be due."""
        self._due_s[streams] = np.minimum(self._due_s[streams], self._elapsed_s)

    def take(
        self, truth: Float64Array, elapsed_s: float
    ) -> tuple[Int64Array, Float64Array, Float64Array, UInt8Array]:
        """Observe what is due.

        Returns
        -------
        indices, ages_s, values, quality : (k,) each
            ``ages_s`` is 0 but where a datastream is due more than once in a step.
        """
        self._elapsed_s = elapsed_s
        self._let_wander(elapsed_s)
        due = np.flatnonzero(self._due_s <= elapsed_s).astype(np.int64)
        interval = self._habits.interval_s[due]
        late = elapsed_s - self._due_s[due]
        n_times = np.floor(late / interval).astype(np.int64) + 1
        self._due_s[due] += n_times * interval
        indices: Int64Array = np.repeat(due, n_times)
        n_later: Int64Array = np.repeat(n_times.cumsum(), n_times) - np.arange(len(indices)) - 1
        ages_s = n_later.astype(np.float64) * np.repeat(interval, n_times)
        values = self._measured(indices, truth[indices])
        self.injections.apply(indices, values, elapsed_s)
        sent, quality = self.faults.apply(indices, values, elapsed_s)
        return indices[sent], ages_s[sent], values[sent], quality[sent]

    def _measured(self, indices: Int64Array, truth: Float64Array) -> Float64Array:
        habits = self._habits
        noise = self._rng.standard_normal(len(indices))
        values = truth * (
            1.0 + habits.noise_share[indices] * noise
            + habits.wander_share[indices] * self._wander[indices]
        )  # fmt: skip
        values += habits.noise[indices] * noise + habits.wander[indices] * self._wander[indices]
        values = np.clip(values, 0.0, habits.highest[indices])
        scale = habits.scale[indices]
        rounded = np.round(values * scale) / scale
        return np.where(habits.is_state[indices], truth, rounded)

    def _let_wander(self, elapsed_s: float) -> None:
        """A slow error of each sensor: first-order autoregressive, standard deviation 1."""
        if elapsed_s - self._wandered_s < _WANDER_STEP_S:
            return
        keep = np.exp(-(elapsed_s - self._wandered_s) / WANDER_TAU_S)
        self._wandered_s = elapsed_s
        fresh = self._rng.standard_normal(len(self._wander))
        self._wander = keep * self._wander + np.sqrt(1.0 - keep**2) * fresh
