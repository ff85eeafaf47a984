"""The highest water."""

import numpy as np

from twin.indicators.base import CityNow, IndicatorType, Result, trusted_of


def _compute(city: CityNow) -> Result:
    slots = city.slots("water_level")
    highest_first = slots[np.argsort(-city.snapshot.values[slots], kind="stable")]
    return trusted_of(city, "a water level", highest_first, lambda levels: float(levels.max()))


INDICATOR = IndicatorType(
    id="water.highest_level",
    title="Highest water level",
    unit="m",
    formula="Largest of the newest values that are fresh and trusted, each above its own zero",
    period="Now",
    inputs="The newest value of each datastream of water level",
    limits="Each gauge has a zero of its own: the highest level need not be the gravest",
    compute=_compute,
    order=50,
)
