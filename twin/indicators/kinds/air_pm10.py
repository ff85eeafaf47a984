"""Particulate matter in the air."""

from twin.indicators.base import CityNow, IndicatorType, Result, mean_of


def _compute(city: CityNow) -> Result:
    return mean_of(city, "particulate matter (PM10)", "pm10")


INDICATOR = IndicatorType(
    id="air.pm10",
    title="PM10 in the air",
    unit="µg/m³",
    formula="Mean of the newest values of all stations that are fresh and trusted",
    period="Now",
    inputs="The newest value of each datastream of PM10",
    limits="A value of this moment, not the mean of a day or a year",
    compute=_compute,
    order=11,
)
