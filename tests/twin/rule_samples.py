"""Event rules, and a history of river gauges that they can be asked of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twin.clock import NS_PER_S
from twin.history.files import DAY_NS
from twin.history.writing import HistoryWriter
from twin.link.wire import encode_announcement, encode_batch
from twin.perception.rules_model import EventRule
from twin.sense.model import Announcement, Datastream, Thing


def rule(**more: Any) -> EventRule:
    """A sound rule, unless told otherwise."""
    given: dict[str, Any] = {
        "id": "high", "title": "Too high", "open": "value > 2", "properties": ("water_level",),
    }  # fmt: skip
    return EventRule(**(given | more))


N_GAUGES = 3
START_NS = 1_790_000_000 * NS_PER_S // DAY_NS * DAY_NS
THINGS = tuple(
    Thing(id=f"gauge-{i}", name=f"Gauge {i}", kind="river_gauge", xyz=(100.0 * i, 0.0, 5.0))
    for i in range(N_GAUGES)
)
STREAMS = tuple(
    Datastream(
        index=i, id=f"gauge-{i}/water_level", thing_id=f"gauge-{i}", unit="m",
        observed_property="water_level", interval_s=4.0,
    )
    for i in range(N_GAUGES)
)  # fmt: skip


def write_history(folder: Path, values: Sequence[float], step_s: int = 60) -> None:
    """Gauge 1 says these values, one each `step_s`."""
    writer = HistoryWriter(folder)
    announced = Announcement(source="s", epoch="e", things=THINGS, datastreams=STREAMS)
    writer.take(encode_announcement(announced), START_NS)
    t_ns = START_NS + np.arange(len(values), dtype=np.int64) * step_s * NS_PER_S
    frames = encode_batch(
        "s", "e", 1, np.ones(len(values), np.uint32), t_ns, np.array(values),
        np.zeros(len(values), np.uint8), int(t_ns[-1]),
    )  # fmt: skip
    writer.take(frames, int(t_ns[-1]))
    writer.close()
