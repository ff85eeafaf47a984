"""What every part of the simulated city (traffic, water, power …) offers to the world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from twin.arrays import Float64Array
from twin.sim.acts import Act
from twin.sim.rhythm import Moment


class Subsystem(Protocol):
    """One part of the city. Places its things when made; then steps and writes its values."""

    @property
    def acts(self) -> Mapping[str, Act]:
        """The command types it carries out."""
        ...

    def step(self, now: Moment, dt_s: float, model_dt_s: float) -> None:
        """Advance by `dt_s` seconds of wall-clock pace, `model_dt_s` of model pace."""
        ...

    def write(self, now: Moment, values: Float64Array) -> None:
        """Write the true values of its datastreams into `values` (n,)."""
        ...
