"""Three weeks of a street and an odd end, as a history on disk: for pictures and for tests."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.clock import NS_PER_S
from twin.history.writing import HistoryWriter
from twin.link import wire
from twin.sense.model import Announcement, Datastream, Thing

STEP_NS = 300 * NS_PER_S
PER_DAY = 288


def announcement(thing_id: str) -> Announcement:
    """One loop in a street."""
    return Announcement(
        source="street", epoch="e",
        things=(Thing(id=thing_id, name="Loop Mill Lane", kind="loop", xyz=(0.0, -30.0, 0.0)),),
        datastreams=(
            Datastream(index=0, id=f"{thing_id}/traffic_flow", thing_id=thing_id,
                       observed_property="traffic_flow", unit="veh/h", min=0.0, max=900.0),
        ),
    )  # fmt: skip


def street(
    now_ns: int, *, n_days: int = 21, odd_hours: float = 1.5
) -> tuple[Int64Array, Float64Array]:
    """Times and values up to now: busy by day, half as busy at weekends, with an odd end."""
    rng = np.random.default_rng(7)
    n = n_days * PER_DAY
    t_ns = (now_ns // STEP_NS - n + 1 + np.arange(n)) * STEP_NS
    hour, day = t_ns // NS_PER_S % 86_400 / 3_600, t_ns // NS_PER_S // 86_400 % 7
    level = 140.0 + 60.0 * np.sin((hour - 8) / 24 * 2 * math.pi)
    level += 320.0 * np.exp(-((hour - 8.2) ** 2) / 3.0) + 380.0 * np.exp(-((hour - 17.2) ** 2) / 5)
    values: Float64Array = level * np.where(day >= 5, 0.6, 1.0) + rng.normal(0, 11.0, n)
    is_odd = (now_ns - t_ns) < odd_hours * 3_600 * NS_PER_S
    values[is_odd] = values[is_odd] * 1.4 + 330.0
    return t_ns, np.maximum(values, 0.0)


def write_history(folder: Path, thing_id: str, t_ns: Int64Array, values: Float64Array) -> None:
    """Keep it as a recorder would."""
    writer = HistoryWriter(folder)
    writer.take(wire.encode_announcement(announcement(thing_id)), int(t_ns[0]))
    for number, first in enumerate(range(0, len(t_ns), PER_DAY)):
        part = slice(first, first + PER_DAY)
        writer.take(batch(number, t_ns[part], values[part]), int(t_ns[part][-1]))
    writer.flush()


def batch(number: int, t_ns: Int64Array, values: Float64Array) -> list[bytes]:
    """Observations as one message."""
    n = len(t_ns)
    return wire.encode_batch(
        "street", "e", number, np.zeros(n, np.uint32), t_ns, values, np.zeros(n, np.uint8),
        int(t_ns[-1]),
    )  # fmt: skip
