"""Where moving units were in the last seconds: a ring of positions, filled as they are drawn."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float32Array, Float64Array
from twin.clock import NS_PER_S

#: Moments kept for each unit.
MOMENTS = 64
#: A unit that jumps further than this between two moments was moved, it did not drive.
JUMP_M = 250.0


class TrailMemory:
    """The last `MOMENTS` positions of all units. GUI thread.

    Parameters
    ----------
    length_s : how far back a trail reaches
    """

    def __init__(self, length_s: float) -> None:
        self._step_ns = int(length_s * NS_PER_S / MOMENTS)
        self._xyz = np.full((MOMENTS, 0, 3), np.nan, np.float32)
        self._t_ns = np.zeros(MOMENTS, np.int64)
        self._next = self._n = 0

    @property
    def size(self) -> int:
        """How many moments are known."""
        return self._n

    def take(self, now_ns: int, xyz_local_m: Float32Array) -> bool:
        """Remember (N, 3) positions; False when the last moment was only just now.

        Time that runs backwards or jumps (replay) begins anew.
        """
        if self._n:
            since = now_ns - int(self._t_ns[self._next - 1])
            if 0 <= since < self._step_ns:
                return False
            if since < 0 or since > 4 * MOMENTS * self._step_ns:
                self._n = self._next = 0
        if xyz_local_m.shape[0] > self._xyz.shape[1]:
            extra = xyz_local_m.shape[0] - self._xyz.shape[1]
            self._xyz = np.pad(
                self._xyz, ((0, 0), (0, extra), (0, 0)), constant_values=np.float32(np.nan)
            )
        self._xyz[self._next] = np.nan
        self._xyz[self._next, : len(xyz_local_m)] = xyz_local_m
        self._t_ns[self._next] = now_ns
        self._next = (self._next + 1) % MOMENTS
        self._n = min(self._n + 1, MOMENTS)
        return True

    def segments(
        self, units: np.ndarray, every: int = 1
    ) -> tuple[Float32Array, Float64Array, np.ndarray]:
        """Trails of some units as pieces: (k, 2, 3) ends, (k, 2) age 0..1 of both, (k,) unit.

        Parameters
        ----------
        units : slots
        every : take only each so manieth moment
        """
        order = (self._next - 1 - np.arange(0, self._n, every)) % MOMENTS  # newest first
        at = self._xyz[order][:, units]
        age = np.arange(0, self._n, every) / MOMENTS
        if len(order) < 2:
            return np.zeros((0, 2, 3), np.float32), np.zeros((0, 2)), np.zeros(0, np.intp)
        pieces = np.stack([at[:-1], at[1:]], axis=2)
        length = np.linalg.norm(pieces[:, :, 0] - pieces[:, :, 1], axis=2)
        drawn = (length > 0.3) & (length < JUMP_M * every)
        ages = np.stack([age[:-1], age[1:]], axis=1)
        moment, column = np.nonzero(drawn)
        return pieces[drawn], ages[moment], units[column]
