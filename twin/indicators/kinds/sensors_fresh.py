"""Sensors that can be relied on."""

import numpy as np

from twin.indicators.base import CityNow, IndicatorType, Result, inputs_of
from twin.sense.health import Health

#: Inputs that are listed; those that do not count come first.
MOST_LISTED = 2_000


def _compute(city: CityNow) -> Result:
    n = len(city.codes)
    if not n:
        return Result(missing="No sensor has announced itself")
    order = np.argsort(city.codes == Health.FRESH, kind="stable")
    share = 100.0 * float(np.count_nonzero(city.codes == Health.FRESH)) / n
    return Result(value=share, inputs=inputs_of(city, order[:MOST_LISTED].tolist()))


INDICATOR = IndicatorType(
    id="sensors.fresh",
    title="Sensors that can be relied on",
    unit="%",
    formula="Datastreams that are fresh and trusted, of all that were announced",
    period="Now",
    source="Of this console",
    compute=_compute,
    order=60,
)
