"""Ten days of a street and an odd last hour, as a history on disk and as a source of samples."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from twin.arrays import Float64Array, Int64Array
from twin.clock import NS_PER_S
from twin.history.writing import HistoryWriter
from twin.link import wire
from twin.link.control import HubAddresses
from twin.sense.model import Announcement, Datastream, Thing

STEP_NS = 300 * NS_PER_S
PER_DAY = 288
STREAM = "loop/traffic_flow"


def announcement() -> Announcement:
    """One loop in a street, in the middle of the nine boxes."""
    return Announcement(
        source="street", epoch="e",
        things=(Thing(id="loop", name="Loop Mill Lane", kind="loop", xyz=(0.0, -30.0, 0.0)),),
        datastreams=(
            Datastream(index=0, id=STREAM, thing_id="loop", observed_property="traffic_flow",
                       unit="veh/h", min=0.0, max=900.0),
        ),
    )  # fmt: skip


def street(now_ns: int, *, n_days: int = 21, odd_hours: float = 1.5) -> tuple[Int64Array, Any]:
    """Times and values up to now: busy by day, half as busy at weekends, with an odd end."""
    rng = np.random.default_rng(7)
    n = n_days * PER_DAY
    t_ns = (now_ns // STEP_NS - n + 1 + np.arange(n)) * STEP_NS
    hour, day = t_ns // NS_PER_S % 86_400 / 3_600, t_ns // NS_PER_S // 86_400 % 7
    level = 140.0 + 60.0 * np.sin((hour - 8) / 24 * 2 * math.pi)
    level += 320.0 * np.exp(-((hour - 8.2) ** 2) / 3.0) + 380.0 * np.exp(-((hour - 17.2) ** 2) / 5)
    values: Float64Array = level * np.where(day >= 5, 0.6, 1.0) + rng.normal(0, 11.0, n)
    is_odd = (now_ns - t_ns) < odd_hours * 3_600 * NS_PER_S
    values[is_odd] = values[is_odd] * 0.25 + 6.0
    return t_ns, np.maximum(values, 0.0)


def write_history(folder: Path, t_ns: Int64Array, values: Float64Array) -> None:
    """Keep it as a recorder would."""
    writer = HistoryWriter(folder)
    writer.take(wire.encode_announcement(announcement()), int(t_ns[0]))
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


class Source:
    """Pushes samples of the street to a hub."""

    def __init__(self, addresses: HubAddresses) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self._push = self._context.socket(zmq.PUSH)
        self._push.set(zmq.LINGER, 0)
        self._push.connect(addresses.samples_in)
        self._n = 1_000
        self._push.send_multipart(wire.encode_announcement(announcement()))

    def send(self, t_ns: Int64Array, values: Float64Array) -> None:
        """Send observations; announced before each, for who came late."""
        self._push.send_multipart(wire.encode_announcement(announcement()))
        self._n += 1
        self._push.send_multipart(batch(self._n, t_ns, values))

    def close(self) -> None:
        """Close the socket."""
        self._push.close()
        self._context.term()
