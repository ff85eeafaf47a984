"""Street lights that have power and are not dimmed to nothing."""

from twin.indicators.base import CityNow, IndicatorType, Result, inputs_of

_PROPERTIES = ("dimming", "light_level", "lamp_level")


def _compute(city: CityNow) -> Result:
    inputs = inputs_of(city, city.slots(*_PROPERTIES).tolist())
    if not inputs:
        return Result(missing="No street light reports its level")
    counted = [one for one in inputs if not one.note]
    if not counted:
        return Result(missing="No street light has reported in time", inputs=inputs)
    n_lit = sum(one.value > 0.0 for one in counted)
    ordered = sorted(inputs, key=lambda one: (bool(one.note), one.value, one.name))
    return Result(value=100.0 * n_lit / len(counted), inputs=tuple(ordered))


INDICATOR = IndicatorType(
    id="energy.lights_lit",
    title="Street lights switched on",
    unit="%",
    formula="Groups that report a level above 0, of all groups that are fresh and trusted",
    period="Now",
    source="ISO 37122:2019, clause 7 (energy)",
    differs="The standard counts managed lights; this one those that have power and are on",
    compute=_compute,
    order=40,
)
