"""Street lights that have power and are not dimmed to nothing."""

from twin.indicators.base import CityNow, IndicatorType, Result, trusted_of


def _compute(city: CityNow) -> Result:
    slots = city.slots("dimming", "light_level", "lamp_level")
    return trusted_of(
        city,
        "the level of a street light",
        slots,
        lambda levels: 100.0 * float((levels > 0).mean()),
    )


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
