"""Single JSON messages are joined while they wait; nothing is lost, spoiled or put out of order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.twin.hub_rig import until
from tests.twin.lane_rig import LaneRig, Publisher, source_at
from twin.errors import WireError
from twin.link.wire import decode
from twin.link.wire_json import JsonBatch
from twin.samples import joining
from twin.samples.joining import Joiner, is_json_object


def test_one_stays_as_it_came_and_several_become_a_list() -> None:
    joiner = Joiner()
    assert list(joiner.flush()) == []
    joiner.add(b"v1/j/a/", b'{"x":1}')
    assert list(joiner.flush()) == [[b"v1/j/a/", b'{"x":1}']]
    for n in range(3):
        joiner.add(b"v1/j/a/", b"{%d}" % n)
        joiner.add(b"v1/j/b/", b"{b}")
    assert list(joiner.flush()) == [
        [b"v1/j/a/", b"[{0},{1},{2}]"], [b"v1/j/b/", b"[{b},{b},{b}]"],
    ]  # fmt: skip
    assert list(joiner.flush()) == []


def test_a_list_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MAX_ENTRIES", 2)
    monkeypatch.setattr(joining, "MAX_BYTES", 10)
    joiner = Joiner()
    assert not joiner.add(b"t", b"{}")
    assert joiner.add(b"t", b"{}")
    list(joiner.flush())
    assert joiner.add(b"t", b"{23456789}")
    assert not Joiner().add(b"t", b"{}")


def test_only_objects_of_the_json_lane_are_joined() -> None:
    assert is_json_object(b"v1/j/a/", b' {"x": 1}')
    assert not is_json_object(b"v1/j/a/", b'[{"x": 1}]')
    assert not is_json_object(b"v1/s/a/", b"{")
    assert not is_json_object(b"v1/j/a/", b"")


def test_all_observations_come_in_order_and_the_bad_ones_alone(tmp_path: Path) -> None:
    """As fast as it goes, with batches and rubbish in between."""
    n = 3_000
    with (
        LaneRig("zeromq", tmp_path) as rig,
        Publisher(rig.addresses.samples_in) as publisher,
        source_at(rig.addresses.samples_out) as source,
    ):
        until(lambda: publisher.announce() or source.receive(20))
        for i in range(n):
            text = b'{"datastream": "a/b", "result": %d}' % i
            assert publisher.outlet.send([b"v1/j/src/", text if i % 100 else b"{bad" + text])
            if i % 500 == 0:
                publisher.send(float(i))
        got: list[float] = []
        n_messages = n_bad = 0
        batch_after: list[tuple[float, float]] = []

        def is_over() -> bool:
            nonlocal n_messages, n_bad
            for frames in source.receive(50):
                topic = bytes(frames[0])
                if topic == b"v1/s/src/":
                    batch_after.append((decode(frames).values[0], got[-1] if got else -1.0))
                if topic != b"v1/j/src/":
                    continue
                n_messages += 1
                try:
                    message = decode(frames)
                except WireError:
                    n_bad += 1
                    continue
                assert isinstance(message, JsonBatch)
                assert not message.errors
                got.extend(one.result for one in message.observations)
            return len(got) >= n - n // 100

        until(is_over, 30.0)
    assert got == [float(i) for i in range(n) if i % 100]
    assert n_bad == n // 100
    assert n_messages < n
    assert all(before == max(value - 1.0, -1.0) for value, before in batch_after), "in its place"
    assert rig.forwarder.counts.malformed == n // 100
