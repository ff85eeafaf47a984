"""How fast help comes."""

import numpy as np

from twin.clock import NS_PER_S
from twin.indicators.base import CityNow, IndicatorType, Input, Result


def _compute(city: CityNow) -> Result:
    inputs = []
    for one in city.responses:
        has_come = one.on_scene_ns > 0
        end_ns = one.on_scene_ns or city.now_ns
        inputs.append(
            Input(
                name=f"{one.title}: {one.unit_name}" if has_come else one.title,
                value=(end_ns - one.opened_ns) / NS_PER_S / 60.0,
                unit="min",
                t_ns=end_ns if has_come else one.opened_ns,
                note="" if has_come else "left out: nobody is on scene yet",
                thing_id=one.unit_id,
            )
        )
    counted = [one.value for one in inputs if not one.note]
    if not counted:
        missing = "No incident has had a unit on scene; note units on their incidents"
        return Result(missing=missing, inputs=tuple(inputs), n_all=len(inputs))
    return Result(
        value=float(np.mean(counted)),
        inputs=tuple(inputs),
        n_counted=len(counted),
        n_all=len(inputs),
    )


INDICATOR = IndicatorType(
    id="safety.response_time",
    title="Response time",
    unit="min",
    formula="Mean time from opening an incident to its first unit on scene",
    period="The last 200 incidents that the room remembers",
    inputs="When incidents were opened, and when a unit of theirs was noted on scene",
    limits="It counts from opening the incident, not from the call before it",
    compute=_compute,
    order=20,
)
