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
    inputs="All datastreams of things that are traffic signals",
    limits="It says who reports, not whether the lights are right",
    compute=_compute,
    order=30,
)
