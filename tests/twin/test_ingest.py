"""The ingest thread on real sockets: everything good arrives, everything bad is only counted."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import pytest
import zmq

from twin.city.frames import Origin
from twin.clock import NS_PER_S, SystemClock
from twin.link import wire
from twin.sense.feeds import MAX_FEEDS, NO_SOURCE, OTHER_SOURCES, SequenceWatch
from twin.sense.ingest import SampleIngest
from twin.sense.model import Announcement, Datastream, Thing, Unit
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

CLOCK = SystemClock()


def wait_for(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "the condition did not come true in time"
        time.sleep(0.005)


class Lane:
    """A publisher socket, an ingest that hears it, and its stores."""

    def __init__(self) -> None:
        self.context = zmq.Context()
        self.pub = self.context.socket(zmq.PUB)
        self.pub.set(zmq.LINGER, 0)
        port = self.pub.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self.store = ObservationStore(capacity=50, history=16, clock=CLOCK)
        self.units = UnitStore(capacity=20, history=8, clock=CLOCK)
        self.ingest = SampleIngest(
            endpoint=self.endpoint, store=self.store, units=self.units, clock=CLOCK
        )
        self.seq = 0

    def start(self) -> None:
        self.ingest.start()
        self.announce_until_heard()

    def announce_until_heard(self) -> None:
        heard = self.ingest.stats().batches

        def is_heard() -> bool:
            self.pub.send_multipart(wire.encode_announcement(ANNOUNCEMENT))
            return self.ingest.stats().batches > heard

        wait_for(is_heard)

    def batch(self, values, *, epoch="e", seq=None, indices=None, t_ns=None) -> list[bytes]:
        if seq is None:
            seq, self.seq = self.seq, self.seq + 1
        n, now_ns = len(values), CLOCK.now_ns()
        return wire.encode_batch(
            "s", epoch, seq,
            np.arange(n, dtype=np.uint32) if indices is None else np.asarray(indices, np.uint32),
            np.full(n, now_ns) if t_ns is None else np.asarray(t_ns, np.int64),
            np.asarray(values, dtype=np.float64), np.zeros(n, dtype=np.uint8), now_ns,
        )  # fmt: skip

    def send(self, frames) -> None:
        self.pub.send_multipart(frames)

    def sync(self) -> None:
        """Wait until everything sent so far has been taken in."""
        before = self.marks()
        self.send([b"v1/j/marker/", b'{"datastream": "marker/count", "result": 1}'])
        wait_for(lambda: self.marks() > before)

    def marks(self) -> int:
        return self.feed("marker").received if self.has_feed("marker") else 0

    def has_feed(self, source: str) -> bool:
        return any(feed.source == source for feed in self.ingest.stats().feeds)

    def feed(self, source: str):
        return next(feed for feed in self.ingest.stats().feeds if feed.source == source)

    def close(self) -> None:
        self.ingest.close()
        self.pub.close()
        self.context.term()


ANNOUNCEMENT = Announcement(
    source="s", epoch="e",
    things=tuple(Thing(id=f"t{i}", name=f"T{i}", kind="sensor") for i in range(4)),
    datastreams=tuple(
        Datastream(index=i, id=f"t{i}/noise", thing_id=f"t{i}", observed_property="noise")
        for i in range(4)
    ),
    units=(Unit(index=0, id="bus-1", name="Bus 1", kind="bus"),),
)  # fmt: skip


@pytest.fixture
def lane() -> Iterator[Lane]:
    made = Lane()
    try:
        made.start()
        yield made
    finally:
        made.close()


def test_observations_arrive(lane):
    lane.send(lane.batch([1.0, 2.0, 3.0, 4.0]))
    lane.sync()
    assert lane.store.snapshot().values[:4].tolist() == [1.0, 2.0, 3.0, 4.0]
    stats = lane.ingest.stats()
    assert (stats.received, stats.gaps, stats.malformed, stats.unknown, stats.dropped) == (
        5, 0, 0, 0, 0,
    )  # fmt: skip
    feed = lane.feed("s")
    assert feed.received == 4
    assert feed.last_error == ""
    assert 0.0 <= feed.lag_ms < 5000.0
    assert 0.0 <= stats.latency_ms_p50 <= stats.latency_ms_p95 < 5000.0


def test_latency_marks_are_handed_out_once(lane):
    lane.send(lane.batch([1.0]))
    lane.send(lane.batch([2.0]))
    lane.sync()
    marks = lane.ingest.take_latency_marks()
    assert len(marks) == 2
    assert all(0 < sent_ns <= received_ns for sent_ns, received_ns in marks)
    assert lane.ingest.take_latency_marks() == []


def test_gaps_are_counted_exactly(lane):
    for seq in (0, 1, 2, 5, 6, 10):
        lane.send(lane.batch([1.0], seq=seq))
    lane.sync()
    assert lane.feed("s").gaps == 5
    lane.send(lane.batch([1.0], seq=4))  # late, not lost
    lane.send(lane.batch([1.0], seq=4))  # twice, not lost
    lane.send(lane.batch([1.0], seq=10))
    lane.sync()
    assert lane.feed("s").gaps == 4
    lane.send(lane.batch([1.0], seq=900, epoch="e2"))  # another numbering
    lane.send(lane.batch([1.0], seq=901, epoch="e2"))
    lane.send(lane.batch([1.0], seq=11))
    lane.sync()
    assert lane.feed("s").gaps == 4


def test_positions_share_the_numbering_and_arrive_in_both_frames(lane):
    origin = Origin(crs="EPSG:32631", east_m=588_000.0, north_m=5_770_000.0)
    lane.store.set_origin(origin)
    heading = np.zeros(1, dtype=np.float32)
    lane.send(lane.batch([1.0]))
    for seq, (frame, x, y) in enumerate((("local", 5.0, 6.0), ("geographic", 4.3, 52.07)), start=1):
        t_ns = np.array([CLOCK.now_ns() + seq])
        lane.send(
            wire.encode_positions(
                "s", "e", seq, frame, np.zeros(1, np.uint32), t_ns, np.array([x]), np.array([y]),
                np.zeros(1), heading, CLOCK.now_ns(),
            )
        )  # fmt: skip
    lane.sync()
    trail = lane.units.trail(0)
    assert trail[0].tolist() == [5.0, 6.0, 0.0]
    assert np.hypot(*trail[1, :2]) < 20_000.0
    assert lane.feed("s").gaps == 0


def test_samples_of_unknown_indices_and_bad_samples_are_counted_apart(lane):
    lane.send(lane.batch([1.0, 2.0], indices=[0, 77]))
    lane.send(lane.batch([np.nan, 5.0, np.inf], indices=[1, 2, 3]))
    year_ns = CLOCK.now_ns() - 400 * 86_400 * NS_PER_S
    lane.send(lane.batch([6.0], indices=[3], t_ns=[year_ns]))
    lane.send(lane.batch([6.0], indices=[3], epoch="never-announced", seq=0))
    lane.sync()
    feed = lane.feed("s")
    assert (feed.received, feed.unknown, feed.dropped, feed.malformed) == (7, 2, 3, 0)
    np.testing.assert_array_equal(lane.store.snapshot().values[:4], [1.0, np.nan, 5.0, np.nan])


def test_json_observations_announce_themselves(lane):
    lane.store.set_origin(Origin(crs="EPSG:32631", east_m=588_000.0, north_m=5_770_000.0))
    first = {"datastream": "gauge/water_level", "result": 1.5}
    lane.send([b"v1/j/dev/", msgspec.json.encode(first)])
    lane.sync()
    slot = lane.store.slot_of("gauge/water_level")
    stream = lane.store.datastreams[slot]
    assert (stream.name, stream.unit, stream.max) == ("Water level", "m", 4.0)
    assert np.isnan(lane.store.xyz_local_m[slot]).all()
    told = {"name": "Harbour gauge", "location": [4.3, 52.07], "unit": "cm"}
    lane.send([b"v1/j/dev/", msgspec.json.encode(first | {"result": 150} | told)])
    lane.send([b"v1/j/dev/", msgspec.json.encode(first | {"result": 151})])
    lane.sync()
    assert lane.store.things["gauge"].name == "Harbour gauge"
    assert lane.store.datastreams[slot].unit == "cm"
    assert np.isfinite(lane.store.xyz_local_m[slot]).all()
    assert lane.store.snapshot().values[slot] == 151.0
    assert lane.store.history_of(slot)[1].tolist() == [1.5, 150.0, 151.0]


def test_json_units_announce_themselves(lane):
    text = b'{"unit": "taxi-12", "kind": "taxi", "local": [3, 4, 0], "heading": 180}'
    lane.send([b"v1/j/cab/", text])
    lane.sync()
    slot = lane.units.slot_of("taxi-12")
    assert lane.units.units[slot].kind == "taxi"
    now = lane.units.at(CLOCK.now_ns())
    assert now.xyz_local_m[slot].tolist() == [3.0, 4.0, 0.0]
    assert abs(np.degrees(now.heading_rad[slot])) == pytest.approx(180.0, abs=0.01)


def test_a_full_store_counts_json_observations_as_dropped(lane):
    for i in range(60):
        text = msgspec.json.encode({"datastream": f"x{i}/noise", "result": i})
        lane.send([b"v1/j/many/", text])
    lane.send(lane.batch([1.0]))
    wait_for(lambda: lane.feed("s").received == 1 and lane.feed("many").received == 60)
    assert len(lane.store.datastreams) == 50
    assert lane.feed("many").dropped == 60 - 46
    assert lane.store.refused >= 14


def garbage(rng: random.Random) -> Iterator[list[bytes]]:
    """Random bytes, damaged and truncated batches, absurd headers: every kind, many times."""
    lane_batch = wire.encode_batch(
        "s", "e", 0, np.arange(4, dtype=np.uint32), np.full(4, CLOCK.now_ns()), np.ones(4) * 666.0,
        np.zeros(4, np.uint8), CLOCK.now_ns(),
    )  # fmt: skip
    header = msgspec.msgpack.decode(lane_batch[1])
    for change in ({"v": 2}, {"n": 2**31}, {"n": -1}, {"n": 5}, {"seq": -3}, {"epoch": "a b"}):
        yield [lane_batch[0], msgspec.msgpack.encode(header | change), *lane_batch[2:]]
    for n_frames in range(1, 6):
        yield lane_batch[:n_frames]
    yield [*lane_batch, b"more"]
    yield [b"v1/s/\xff\xfe\xfd/", *lane_batch[1:]]
    yield [b"v1/" + b"x" * 5000, b""]
    yield [b"v1/s/s/", *[b""] * 40]
    for topic in (b"v1/", b"v1/s/", b"v1/a/s/", b"v1/j/s/", b"v1/m/s/", b"v1/s/s/"):
        for _ in range(60):
            frames = [rng.randbytes(rng.randrange(80)) for _ in range(rng.randrange(8))]
            yield [topic, *frames]


def test_garbage_changes_nothing_but_counters(lane):
    lane.send(lane.batch([1.0, 2.0, 3.0, 4.0]))
    lane.sync()
    before = lane.store.snapshot()
    n_streams, n_units = len(lane.store.datastreams), len(lane.units.units)
    sent = list(garbage(random.Random(7)))
    for frames in sent:
        lane.send(frames)
    lane.sync()
    after, stats = lane.store.snapshot(), lane.ingest.stats()
    assert stats.malformed == len(sent)
    np.testing.assert_array_equal(after.values[:4], before.values[:4])
    np.testing.assert_array_equal(after.counts[:4], before.counts[:4])
    assert (len(lane.store.datastreams), len(lane.units.units)) == (n_streams, n_units)
    assert stats.gaps == 0
    assert lane.feed(NO_SOURCE).malformed > 0
    assert lane.feed("s").last_error != ""
    lane.send(lane.batch([5.0, 6.0, 7.0, 8.0]))
    lane.sync()
    assert lane.store.snapshot().values[:4].tolist() == [5.0, 6.0, 7.0, 8.0]


def test_more_sources_than_fit_share_one_line(lane):
    for i in range(MAX_FEEDS + 50):
        lane.send([b"v1/s/src-%d/" % i])
    lane.send(lane.batch([1.0]))
    wait_for(lambda: lane.feed("s").received == 1)
    feeds = lane.ingest.stats().feeds
    assert len(feeds) == MAX_FEEDS + 1
    assert lane.feed(OTHER_SOURCES).malformed >= 50


def test_it_reconnects_and_follows_a_new_address(lane):
    lane.send(lane.batch([1.0]))
    lane.sync()
    port = int(lane.endpoint.rpartition(":")[2])
    lane.pub.close()
    lane.pub = lane.context.socket(zmq.PUB)
    lane.pub.set(zmq.LINGER, 0)
    wait_for(lambda: _can_bind(lane.pub, f"tcp://127.0.0.1:{port}"))
    lane.announce_until_heard()
    other = lane.context.socket(zmq.PUB)
    other.set(zmq.LINGER, 0)
    other_port = other.bind_to_random_port("tcp://127.0.0.1")
    lane.ingest.set_endpoint(f"tcp://127.0.0.1:{other_port}")
    lane.pub.close()
    lane.pub = other
    lane.announce_until_heard()
    assert lane.ingest.endpoint.endswith(str(other_port))


def _can_bind(socket: zmq.Socket, endpoint: str) -> bool:
    try:
        socket.bind(endpoint)
    except zmq.ZMQError:
        return False
    return True


def test_an_impossible_address_is_said_and_another_one_taken(caplog):
    lane = Lane()
    try:
        lane.ingest.set_endpoint("no-address")
        lane.ingest.start()
        wait_for(lambda: "no-address" in caplog.text)
        lane.ingest.set_endpoint(lane.endpoint)
        lane.announce_until_heard()
    finally:
        lane.close()


def test_close_without_start_and_twice():
    lane = Lane()
    lane.ingest.close()
    lane.close()


def test_the_sequence_watch_forgets_a_lost_numbering():
    watch = SequenceWatch()
    assert [watch.step(s) for s in (5, 6, 2_000_000, 2_000_001)] == [0, 0, 1_999_993, 0]
    assert [watch.step(s) for s in (7, 8)] == [0, 0]  # far behind: a restart, not a loss
    assert watch.step(10) == 1
