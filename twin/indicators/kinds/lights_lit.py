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
    inputs="The newest level of each group of street lights",
    limits="A group counts as one, however many lights it has",
    compute=_compute,
    order=40,
)
