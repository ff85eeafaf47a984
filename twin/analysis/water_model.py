"""How pumps and gates change water levels: one model for the simulator and for previews.

A pump lowers its basin at a steady rate after a short ramp, never below the basin's floor. A gate
moves at a steady rate; the water downstream follows its opening with a lag, less the further away.
"""

from __future__ import annotations

import math

import numpy as np

from twin.arrays import Float64Array

PUMP_RATE_MPS = 0.015
PUMP_RAMP_S = 1.5
FLOOR_M = 0.5
GATE_RATE_PER_S = 8.0  # percent a second
GATE_REACH_M = 900.0
GATE_LIFT_M = 0.35
GATE_TAU_S = 5.0


def level_after_pumping(level_m: float, speed_share: float, seconds: float) -> float:
    """Level of a basin some seconds after its pump began, 0 < `speed_share` <= 1."""
    pumped_s = seconds - PUMP_RAMP_S * (1.0 - math.exp(-seconds / PUMP_RAMP_S))
    return max(level_m - PUMP_RATE_MPS * speed_share * pumped_s, min(level_m, FLOOR_M))


def gate_lift_m(opening_pct: Float64Array) -> Float64Array:
    """How much a gate's opening lifts the water at the gate, against half open."""
    return (opening_pct - 50.0) / 50.0 * GATE_LIFT_M


def gate_reach(gap_m: Float64Array) -> Float64Array:
    """Share of a gate's lift that is felt some metres away, 0 … 1."""
    return np.where(gap_m > GATE_REACH_M, 0.0, np.exp(-gap_m / (GATE_REACH_M / 3)))


def level_after_gate(
    level_m: float, from_pct: float, to_pct: float, gap_m: float, seconds: float
) -> float:
    """Level `gap_m` metres from a gate, `seconds` after it began to move, all else unchanged."""
    moving_s = abs(to_pct - from_pct) / GATE_RATE_PER_S
    if moving_s == 0.0:
        return level_m
    lifts = gate_lift_m(np.array([from_pct, to_pct]))
    rate = float(lifts[1] - lifts[0]) / moving_s
    risen_s = min(seconds, moving_s)
    lift = rate * (risen_s - GATE_TAU_S * (1.0 - math.exp(-risen_s / GATE_TAU_S)))
    if seconds > moving_s:
        whole = rate * moving_s
        lift = whole + (lift - whole) * math.exp(-(seconds - moving_s) / GATE_TAU_S)
    return level_m + lift * float(gate_reach(np.array([gap_m]))[0])
