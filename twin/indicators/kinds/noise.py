"""How loud the city is."""

import numpy as np

from twin.arrays import Float64Array
from twin.indicators.base import CityNow, IndicatorType, Result, trusted_of


def _compute(city: CityNow) -> Result:
    slots = city.slots("noise", "sound_pressure_level")
    return trusted_of(city, "noise", slots, _energetic_mean)


def _energetic_mean(levels: Float64Array) -> float:
    """Decibels are averaged as energy."""
    return float(10.0 * np.log10(np.mean(10.0 ** (levels / 10.0))))


INDICATOR = IndicatorType(
    id="noise.level",
    title="Noise",
    unit="dB(A)",
    formula="Energetic mean of the newest values of all meters that are fresh and trusted",
    period="Now",
    inputs="The newest value of each datastream of noise",
    limits="A value of this moment; day, evening and night are not told apart",
    compute=_compute,
    order=13,
)
