"""How loud a siren is: one model for the simulator and for previews.

The level falls by 10 dB with each doubling of the distance, as between buildings; over open ground
it would be 6 dB, so the model rather tells too small a reach.
"""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array

SIREN_DB = 110.0
#: Where `SIREN_DB` is measured.
REFERENCE_M = 30.0
#: What is heard over the traffic of a street.
AUDIBLE_DB = 70.0
_LOSS_PER_DECADE = 10.0 / float(np.log10(2.0))


def siren_db_at(distance_m: Float64Array) -> Float64Array:
    """Sound level (dB(A)) of one siren some metres away; as at `REFERENCE_M` nearer than that."""
    ratio = np.maximum(distance_m, REFERENCE_M) / REFERENCE_M
    return np.asarray(SIREN_DB - _LOSS_PER_DECADE * np.log10(ratio))


def siren_reach_m(level_db: float = AUDIBLE_DB) -> float:
    """How far away a siren still has a level."""
    return float(REFERENCE_M * 10.0 ** ((SIREN_DB - level_db) / _LOSS_PER_DECADE))


def louder_together(first_db: Float64Array, second_db: Float64Array) -> Float64Array:
    """Level of two sounds at once: their energies add."""
    return np.asarray(10.0 * np.log10(10.0 ** (first_db / 10.0) + 10.0 ** (second_db / 10.0)))
