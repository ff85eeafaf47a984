"""Streets of which traffic is known."""

from twin.indicators.base import CityNow, IndicatorType, Result, share_of


def _compute(city: CityNow) -> Result:
    return share_of(city, "street", ("road_segment",))


INDICATOR = IndicatorType(
    id="transport.roads_watched",
    title="Streets with live traffic",
    unit="%",
    formula="Streets whose datastreams are all fresh and trusted, of all streets with sensors",
    period="Now",
    inputs="All datastreams of things that are streets",
    limits="A street counts as one, however long it is; streets without sensors are not known",
    compute=_compute,
    order=31,
)
