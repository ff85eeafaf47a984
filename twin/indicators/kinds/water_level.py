"""The highest water."""

from twin.indicators.base import CityNow, IndicatorType, Result, inputs_of


def _compute(city: CityNow) -> Result:
    inputs = inputs_of(city, city.slots("water_level").tolist())
    if not inputs:
        return Result(missing="No datastream observes a water level")
    counted = [one for one in inputs if not one.note]
    if not counted:
        return Result(missing="No water level is fresh and trusted", inputs=inputs)
    ordered = sorted(inputs, key=lambda one: (bool(one.note), -one.value))
    return Result(value=ordered[0].value, inputs=tuple(ordered))


INDICATOR = IndicatorType(
    id="water.highest_level",
    title="Highest water level",
    unit="m",
    formula="Largest of the newest values that are fresh and trusted, each above its own zero",
    period="Now",
    source="Of this console",
    compute=_compute,
    order=50,
)
