"""Traffic signals that work."""

from twin.indicators.base import CityNow, IndicatorType, Result, share_of


def _compute(city: CityNow) -> Result:
    return share_of(city, "traffic signal", ("signal", "traffic_signal"))


INDICATOR = IndicatorType(
    id="transport.signals_working",
    title="Traffic signals that report",
    unit="%",
    formula="Signals whose datastreams are all fresh and trusted, of all signals",
    period="Now",
    source="ISO 37122:2019, clause 19 (transportation)",
    differs="The standard counts intelligent signals; this one those that report now",
    compute=_compute,
    order=30,
)
