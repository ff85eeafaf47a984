"""Sensors that fail as in life: silent, stuck, drifting, spiking; honest about it or not."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array, UInt8Array
from twin.sense.model import Quality

FAULT_SHARE = 0.04
_FIRST_MINUTES_S = 300.0
_SPIKE_CHANCE = 0.03


class Fault(enum.IntEnum):
    """What is wrong with a datastream."""

    NONE = 0
    DROPOUT = 1
    STUCK = 2
    DRIFT = 3
    SPIKES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """Which datastream fails how and from when; columns of length n.

    Attributes
    ----------
    kinds : (n,) uint8, `Fault`
    onset_s : (n,) seconds after the start; some fail from the start on
    period_s : (n,) a dropout is silent for the first 70 % of each period
    rates : (n,) drift as a share of the usual range a minute, signed
    is_flagged : (n,) bool, the sensor notices and says SUSPECT
    """

    kinds: UInt8Array
    onset_s: Float64Array
    period_s: Float64Array
    rates: Float64Array
    is_flagged: BoolArray


def plan_faults(
    rng: np.random.Generator, may_fail: BoolArray, share: float = FAULT_SHARE
) -> FaultPlan:
    """Give `share` of all datastreams a fault, taken from those that may fail."""
    n = len(may_fail)
    kinds = np.zeros(n, dtype=np.uint8)
    candidates = np.flatnonzero(may_fail)
    chosen = rng.permutation(candidates)[: min(round(share * n), len(candidates))]
    kinds[chosen] = rng.integers(1, len(Fault), len(chosen))
    from_start = rng.random(n) < 0.5
    return FaultPlan(
        kinds=kinds,
        onset_s=np.where(from_start, 0.0, rng.uniform(10.0, _FIRST_MINUTES_S, n)),
        period_s=rng.uniform(90.0, 300.0, n),
        rates=rng.uniform(0.04, 0.12, n) * rng.choice([-1.0, 1.0], n),
        is_flagged=rng.random(n) < 0.5,
    )


#: Faults by the names that people use.
FAULT_NAMES = {
    "well": Fault.NONE, "silent": Fault.DROPOUT, "stuck": Fault.STUCK, "drift": Fault.DRIFT,
    "spikes": Fault.SPIKES,
}  # fmt: skip
_DRIFT_A_MINUTE = 0.12


class Faults:
    """Applies a plan to samples. Keeps the last value of stuck sensors."""

    def __init__(self, plan: FaultPlan, ranges: Float64Array, rng: np.random.Generator) -> None:
        self.plan = plan
        self._ranges = ranges
        self._rng = rng
        self._stuck_at = np.full(len(ranges), np.nan)

    def begin(self, index: int, fault: Fault, elapsed_s: float) -> None:
        """From now on a datastream has this fault; `Fault.NONE` mends it.

        Whoever is silent stays so, and no sensor notices what is wrong with it.
        """
        plan = self.plan
        plan.kinds[index], plan.onset_s[index] = fault, elapsed_s
        plan.period_s[index], plan.rates[index] = np.inf, _DRIFT_A_MINUTE
        plan.is_flagged[index] = False
        self._stuck_at[index] = np.nan

    def apply(
        self, indices: Int64Array, values: Float64Array, elapsed_s: float
    ) -> tuple[BoolArray, UInt8Array]:
        """Spoil samples in place.

        Parameters
        ----------
        indices, values : (k,) datastreams and what they would say; `values` is changed

        Returns
        -------
        sent : (k,) bool, False where the sensor is silent
        quality : (k,) uint8
        """
        plan = self.plan
        sent = np.ones(len(indices), dtype=np.bool_)
        quality = np.full(len(indices), Quality.GOOD, dtype=np.uint8)
        ill = np.flatnonzero((plan.kinds[indices] > 0) & (plan.onset_s[indices] <= elapsed_s))
        if not len(ill):
            return sent, quality
        who = indices[ill]
        age_s = elapsed_s - plan.onset_s[who]
        kinds = plan.kinds[who]
        sent[ill] = (kinds != Fault.DROPOUT) | (
            age_s % plan.period_s[who] > 0.7 * plan.period_s[who]
        )
        self._stick(who[kinds == Fault.STUCK], ill[kinds == Fault.STUCK], values)
        drift = np.clip(plan.rates[who] * age_s / 60.0, -0.6, 0.6) * self._ranges[who]
        values[ill] += np.where(kinds == Fault.DRIFT, drift, 0.0)
        spikes = (kinds == Fault.SPIKES) & (self._rng.random(len(ill)) < _SPIKE_CHANCE)
        values[ill] += np.where(spikes, self._ranges[who] * 1.5, 0.0)
        flagged = plan.is_flagged[who] & (spikes | (kinds == Fault.STUCK) | (kinds == Fault.DRIFT))
        quality[ill[flagged]] = Quality.SUSPECT
        return sent, quality

    def _stick(self, who: Int64Array, rows: Int64Array, values: Float64Array) -> None:
        fresh = np.isnan(self._stuck_at[who])
        self._stuck_at[who[fresh]] = values[rows[fresh]]
        values[rows] = self._stuck_at[who]
