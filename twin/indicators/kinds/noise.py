"""How loud the city is."""

import numpy as np

from twin.indicators.base import CityNow, IndicatorType, Result, inputs_of


def _compute(city: CityNow) -> Result:
    inputs = inputs_of(city, city.slots("noise", "sound_pressure_level").tolist())
    if not inputs:
        return Result(missing="No datastream observes noise")
    counted = np.array([one.value for one in inputs if not one.note])
    if not len(counted):
        return Result(missing="No noise meter is fresh and trusted", inputs=inputs)
    energy = np.mean(10.0 ** (counted / 10.0))  # decibels are averaged as energy
    return Result(value=float(10.0 * np.log10(energy)), inputs=inputs)


INDICATOR = IndicatorType(
    id="noise.level",
    title="Noise",
    unit="dB(A)",
    formula="Energetic mean of the newest values of all meters that are fresh and trusted",
    period="Now",
    source="ISO 37120:2018, clause 8 (environment and climate change)",
    differs="The standard asks for the noise of day, evening and night over a year",
    compute=_compute,
    order=13,
)
