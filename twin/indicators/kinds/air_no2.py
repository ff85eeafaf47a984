"""Nitrogen dioxide in the air."""

from twin.indicators.base import CityNow, IndicatorType, Result, mean_of


def _compute(city: CityNow) -> Result:
    return mean_of(city, "nitrogen dioxide (NO2)", "no2", "nitrogen_dioxide")


INDICATOR = IndicatorType(
    id="air.no2",
    title="NO2 in the air",
    unit="µg/m³",
    formula="Mean of the newest values of all stations that are fresh and trusted",
    period="Now",
    inputs="The newest value of each datastream of nitrogen dioxide",
    limits="A value of this moment, not the mean of a day or a year",
    compute=_compute,
    order=12,
)
