"""Sensors that can be relied on."""

import numpy as np

from twin.indicators.base import MOST_LISTED, CityNow, IndicatorType, Result, inputs_of
from twin.sense.health import Health


def _compute(city: CityNow) -> Result:
    n = len(city.codes)
    if not n:
        return Result(missing="No sensor has announced itself")
    is_fresh = city.codes == Health.FRESH
    worst_first = np.argsort(is_fresh, kind="stable")[:MOST_LISTED]
    inputs = inputs_of(city, worst_first.tolist())
    share = 100.0 * float(np.count_nonzero(is_fresh)) / n
    return Result(value=share, inputs=inputs, n_counted=n, n_all=n)


INDICATOR = IndicatorType(
    id="sensors.fresh",
    title="Sensors that can be relied on",
    unit="%",
    formula="Datastreams that are fresh and trusted, of all that were announced",
    period="Now",
    inputs="All datastreams that were announced",
    compute=_compute,
    order=60,
)
