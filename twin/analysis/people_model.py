"""How many people a building holds and how they leave it: for the simulator and for previews.

Estimates from the size of buildings only. Where a count is known, it takes their place.
"""

from __future__ import annotations

import math

import numpy as np

from twin.arrays import Float64Array

#: Building volume for each person in offices, stations and the like, where speakers hang.
M3_A_VISITOR = 60.0
#: The same where people live: 40 m² of floor, 3 m high.
M3_A_RESIDENT = 120.0
#: A box around a building holds more than the building.
BOX_FILL = 0.6
REACTION_S = 4.0
LEAVE_TAU_S = 45.0
#: Who stays whatever the speakers say: those who cannot walk, and the fire wardens.
STAY_SHARE = 0.03


def residents_of(boxes: Float64Array) -> float:
    """People in (B, 6) boxes around buildings, by their volume."""
    size = np.clip(boxes[:, 3:] - boxes[:, :3], 0.0, None)
    return float(size.prod(axis=1).sum() * BOX_FILL / M3_A_RESIDENT)


def people_left(people: float, seconds: float) -> float:
    """How many are still inside some seconds after the speakers began to ask them to leave."""
    if seconds <= REACTION_S:
        return people
    staying = STAY_SHARE * people
    return staying + (people - staying) * math.exp(-(seconds - REACTION_S) / LEAVE_TAU_S)
