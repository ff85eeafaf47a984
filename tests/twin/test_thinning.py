"""The thinned lane as the hub makes it: the newest real values, bounded, exactly numbered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from twin.clock import NS_PER_S
from twin.link.wire import PositionBatch, SampleBatch
from twin.link.wire_json import JsonBatch, decode_json_lane
from twin.link.wire_thin import decode_thin
from twin.samples import thinning
from twin.samples.thinning import Thinner

S = NS_PER_S


def batch(
    values: list[float], indices: list[int], t_ns: list[int], *, seq: int = 1, epoch: str = "e",
    quality: list[int] | None = None, source: str = "src",
) -> SampleBatch:  # fmt: skip
    return SampleBatch(
        source=source, epoch=epoch, seq=seq, sent_ns=0, values=np.array(values, np.float64),
        indices=np.array(indices, np.uint32), t_ns=np.array(t_ns, np.int64),
        quality=np.array(quality or [0] * len(values), np.uint8),
    )  # fmt: skip


def positions(indices: list[int], x: list[float], *, seq: int = 1) -> PositionBatch:
    n = len(indices)
    return PositionBatch(
        source="src", epoch="e", seq=seq, sent_ns=0, frame="geographic",
        indices=np.array(indices, np.uint32), t_ns=np.arange(n, dtype=np.int64),
        x=np.array(x), y=np.zeros(n), z=np.zeros(n),
        heading_rad=np.full(n, np.nan, np.float32),
    )  # fmt: skip


def due(thinner: Thinner, now_s: float) -> list[Any]:
    return [decode_thin(frames) for frames in thinner.due(round(now_s * S), sent_ns=77)]


def test_the_newest_of_each_datastream_is_sent_once() -> None:
    thinner = Thinner("hub")
    thinner.merge(batch([1.0, 2.0, 3.0], [0, 5, 0], [10, 20, 30], seq=4), 0)
    thinner.merge(batch([9.0, 4.0], [5, 7], [15, 40], seq=5, quality=[0, 1]), 0)  # 5 comes late
    [message] = due(thinner, 1.0)
    assert (message.source, message.epoch, message.seq, message.sent_ns) == ("src", "e", 5, 77)
    assert message.indices.tolist() == [0, 5, 7]
    assert message.values.tolist() == [3.0, 2.0, 4.0]
    assert message.t_ns.tolist() == [30, 20, 40]
    assert message.quality.tolist() == [0, 0, 1]
    assert due(thinner, 5.0) == []
    thinner.merge(batch([8.0], [0], [50], seq=6), 0)
    assert len(due(thinner, 5.1)) == 1, "nothing was sent lately, so nothing need wait"


def test_rows_in_any_order_give_the_newest() -> None:
    thinner = Thinner("hub")
    thinner.merge(batch([1.0, 2.0, 3.0], [0, 0, 0], [30, 10, 20]), 0)
    [message] = due(thinner, 1.0)
    assert message.values.tolist() == [1.0]


def test_a_new_epoch_starts_anew() -> None:
    thinner = Thinner("hub")
    thinner.merge(batch([1.0], [3], [10]), 0)
    thinner.merge(batch([2.0], [0], [5], epoch="f", seq=0), 0)
    [message] = due(thinner, 1.0)
    assert (message.epoch, message.indices.tolist()) == ("f", [0])


def test_positions_and_their_frame() -> None:
    thinner = Thinner("hub")
    thinner.merge(positions([2, 2, 1], [4.0, 4.5, 5.0], seq=9), 0)
    [message] = due(thinner, 1.0)
    assert isinstance(message, PositionBatch)
    assert (message.frame, message.seq, message.x.tolist()) == ("geographic", 9, [5.0, 4.5])
    assert np.isnan(message.heading_rad).all()


def test_json_entries_keep_what_older_ones_told() -> None:
    thinner = Thinner("hub")
    told = b'[{"datastream":"a/b","result":1,"unit":"m","name":"A","location":[4,52]},' \
        b'{"unit":"bus","kind":"bus","local":[1,2,3],"heading":90}]'  # fmt: skip
    thinner.merge(decode_json_lane("src", told), 100)
    thinner.merge(decode_json_lane("src", b'{"datastream":"a/b","result":2,"quality":"bad"}'), 200)
    thinner.merge(decode_json_lane("src", b'{"datastream":"a/b","result":3,"time":150}'), 300)
    [message] = due(thinner, 1.0)
    assert isinstance(message, JsonBatch)
    assert (message.epoch, message.seq, message.errors) == ("hub", 3, ())
    [seen], [bus] = message.observations, message.positions
    assert (seen.result, seen.t_ns, seen.unit, seen.name, seen.quality) == (2.0, 200, "m", "A", 2)
    assert (seen.frame, seen.xyz) == ("geographic", (4.0, 52.0, 0.0))
    assert (bus.unit, bus.xyz, round(np.degrees(bus.heading_rad))) == ("bus", (1.0, 2.0, 3.0), 90)


def test_the_rate_is_bounded_by_the_interval_and_by_the_budget() -> None:
    thinner = Thinner("hub", budget_hz=100.0)
    for second in range(20):
        n = 500
        thinner.merge(batch([1.0] * n, list(range(n)), [second] * n, seq=second), 0)
        sent = sum(len(m.indices) for m in due(thinner, float(second)))
        assert sent == (500 if second in (0, 5, 10, 15) else 0)


def test_long_messages_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "BATCH", 4)
    thinner = Thinner("hub")
    thinner.merge(batch([1.0] * 10, list(range(10)), [1] * 10), 0)
    assert [len(m.indices) for m in due(thinner, 0.0)] == [4, 4, 2]


def test_memory_is_bounded_whatever_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "MAX_SLOTS", 100)
    monkeypatch.setattr(thinning, "MAX_SOURCES", 3)
    monkeypatch.setattr(thinning, "MAX_JSON_ENTRIES", 2)
    thinner = Thinner("hub")
    thinner.merge(batch([1.0], [4_000_000_000], [1]), 0)
    assert thinner.n_refused == 1
    thinner.merge(batch([1.0], [99], [1], source="b"), 0)
    thinner.merge(batch([1.0], [1], [1], source="c"), 0)
    thinner.merge(batch([1.0], [1], [1], source="d"), 0)
    assert thinner.n_refused == 3
    for n in range(5):
        thinner.merge(decode_json_lane("b", b'{"datastream":"a/%d","result":1}' % n), 0)
    assert thinner.n_refused == 6
    assert [m.source for m in due(thinner, 1.0)] == ["b", "b"]
    thinner.clear()
    assert due(thinner, 9.0) == []


def test_an_empty_batch_is_taken() -> None:
    thinner = Thinner("hub")
    thinner.merge(batch([], [], []), 0)
    assert due(thinner, 1.0) == []
