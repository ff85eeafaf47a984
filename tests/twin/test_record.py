"""The recorder's path: nothing is lost within the stated bounds, and beyond them it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.twin.hub_rig import until
from tests.twin.lane_rig import Console, LaneRig, Publisher
from twin.clock import NS_PER_S
from twin.errors import WireError
from twin.link.wire import SampleBatch, decode
from twin.link.wire_record import Ack, Begin, Take, decode_from_recorder, encode_record
from twin.samples.record_queue import RecordQueue
from twin.samples.record_source import Recorded, open_record
from twin.sense.model import Announcement

# --- the queue, pure ----------------------------------------------------------------------------


def queue(**more: Any) -> RecordQueue:
    return RecordQueue(stream="hub", **({"capacity_bytes": 1000, "patience_s": 5.0} | more))


def given(one: RecordQueue) -> list[int]:
    return [number for number, _ in one.next_messages()]


def test_messages_are_numbered_from_the_first_recorder_on_and_kept_until_confirmed() -> None:
    one = queue()
    one.put([b"x"])
    assert one.take("", 0, 100) == Begin(stream="hub", after=1, lost=0)
    for _ in range(3):
        one.put([b"12345", b"67890"])
    assert given(one) == [2, 3, 4]
    assert one.n_bytes == 30
    one.acknowledge(3)
    assert one.n_bytes == 10
    assert one.take("hub", 3, 100) == Begin(stream="hub", after=3, lost=0)
    assert given(one) == [4], "it comes again"
    one.acknowledge(99)
    assert one.n_bytes == 0


def test_no_more_than_the_window_is_on_its_way() -> None:
    one = queue()
    one.take("", 0, 25)
    for _ in range(5):
        one.put([bytes(10)])
    assert given(one) == [1, 2, 3]
    assert given(one) == []
    one.acknowledge(1)
    assert given(one) == [4]
    one.put([bytes(500)])
    one.acknowledge(4)
    assert given(one) == [5, 6]


def test_a_recorder_that_holds_the_city_back_is_given_up_and_told() -> None:
    one = queue()
    one.take("", 0, 10)
    for _ in range(10):
        one.put([bytes(100)])
    assert given(one) == [1]
    assert one.is_full
    assert one.look(0) == 0
    assert one.look(4 * NS_PER_S) == 0
    one.acknowledge(1)
    assert one.look(6 * NS_PER_S) == 0, "it moved, and there is room again"
    one.put([bytes(100)])
    assert one.look(7 * NS_PER_S) == 0
    assert one.look(12 * NS_PER_S) == 10
    assert (one.is_full, one.is_attached, one.n_given_up) == (False, False, 10)
    one.put([b"unrecorded"])
    assert one.n_bytes == 0
    assert one.take("hub", 1, 10) == Begin(stream="hub", after=12, lost=11)


def test_who_asks_for_what_is_not_gets_what_there_is() -> None:
    one = queue()
    one.take("", 0, 100)
    one.put([b"x"])
    assert one.take("another hub", 77, 100) == Begin(stream="hub", after=1, lost=-1)
    assert one.take("hub", 77, 100) == Begin(stream="hub", after=1, lost=-1)


@pytest.mark.parametrize(
    "frames", [[], [b"rec1"], [b"rec1", b"junk"], [b"x", b"y"], [b"rec1m"] * 9]
)
def test_junk_on_the_record_port_is_a_wire_error(frames: list[bytes]) -> None:
    with pytest.raises(WireError):
        decode_from_recorder(frames)


def test_envelopes_are_read_back() -> None:
    for message in (Take(stream="s", after=4, window=5), Ack(upto=7)):
        assert decode_from_recorder(encode_record(message)) == message


# --- on both carriers ---------------------------------------------------------------------------


@pytest.fixture(params=["zeromq", "nats"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LaneRig]:
    with LaneRig(request.param, tmp_path) as rig:
        yield rig


def record_address(rig: LaneRig) -> str:
    return rig.addresses.samples_out if rig.carrier == "nats" else rig.addresses.record


class Recorder:
    """Keeps the numbers of the batches it got, and confirms them."""

    def __init__(self, rig: LaneRig, *, stream: str = "", after: int = 0) -> None:
        self.source = open_record(record_address(rig), stream=stream, after=after)
        self.seqs: list[int] = []
        self.sources: set[str] = set()
        self.last = after

    def take(self, timeout_ms: int = 20, *, confirm: bool = True) -> int:
        """Take what is there; how many samples batches there are now."""
        for recorded in self.source.receive(timeout_ms):
            message = decode(recorded.frames)
            if isinstance(message, Announcement):
                self.sources.add(message.source)
            if isinstance(message, SampleBatch):
                self.seqs.append(message.seq)
            self.last = recorded.number
        if confirm:
            self.source.acknowledge(self.last)
        return len(self.seqs)

    def begin(self, publisher: Publisher) -> None:
        """Wait until recording has begun; the publisher's numbering begins anew then."""
        until(lambda: publisher.announce() or self.take() or publisher.source in self.sources)
        until(lambda: publisher.send() and self.take(), 30.0)
        until(lambda: self.take(50) >= publisher.seq - self.seqs[0])
        self.seqs.clear()
        publisher.seq = 0

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.source.close()


def test_a_slow_recorder_misses_nothing(rig: LaneRig) -> None:
    """30 MB through a recorder that now and then does not look: the edge waits, nobody loses."""
    n = 1_500
    assert rig.forwarder.record is not None
    rig.forwarder.record.queue.capacity_bytes = 2 * 1024 * 1024
    with Publisher(rig.addresses.samples_in, n_streams=1000) as publisher, Recorder(rig) as slow:
        slow.begin(publisher)
        edge = threading.Thread(target=lambda: [publisher.send() for _ in range(n)])
        edge.start()
        stop = threading.Event()
        while slow.take() < n and not stop.is_set():
            if len(slow.seqs) % 500 < 100:
                stop.wait(0.05)  # busy with its disk
        edge.join()
        assert slow.seqs == list(range(n))
        assert slow.source.n_lost == 0


def test_a_restarted_recorder_goes_on_where_it_ended(rig: LaneRig) -> None:
    with Publisher(rig.addresses.samples_in) as publisher:
        with Recorder(rig) as first:
            first.begin(publisher)
            for _ in range(50):
                publisher.send()
            until(lambda: first.take() >= 50)
            stream, last = first.source.stream, first.last
            for _ in range(50):
                publisher.send()
            until(lambda: first.take(confirm=False) >= 100, what="taken but never made safe")
        for _ in range(50):
            publisher.send()
        with Recorder(rig, stream=stream, after=last) as second:
            until(lambda: second.take() >= 100, 60.0)
            assert second.seqs == list(range(50, 150))
            assert second.source.n_lost == 0


def test_recording_survives_a_restart_of_the_middle(rig: LaneRig) -> None:
    with Publisher(rig.addresses.samples_in) as publisher, Recorder(rig) as recorder:
        recorder.begin(publisher)
        publisher.send()
        until(lambda: recorder.take() == 1)
        rig.restart_middle()
        publisher.seq = 100
        until(lambda: publisher.send() and recorder.take() > 20, 60.0)
        assert recorder.seqs == sorted(set(recorder.seqs))
        assert recorder.seqs[0] == 0
        assert recorder.seqs[1] >= 100


# --- the hub's port alone -----------------------------------------------------------------------


def test_the_edge_waits_while_a_recorder_is_busy_and_goes_on_when_it_is_gone(
    tmp_path: Path,
) -> None:
    """A recorder that stands still holds the edge back for a while, then the city comes first."""
    with (
        LaneRig("zeromq", tmp_path) as rig,
        Publisher(rig.addresses.samples_in, n_streams=1000) as publisher,
        Console(rig.addresses.samples_out, capacity=2000) as watching,
    ):
        assert rig.forwarder.record is not None
        kept = rig.forwarder.record.queue
        kept.capacity_bytes, kept.patience_s = 1024 * 1024, 1e9
        with Recorder(rig) as stuck:
            stuck.begin(publisher)
            n_before = watching.feed().received
            edge = threading.Thread(target=lambda: [publisher.send() for _ in range(4_000)])
            edge.start()
            until(lambda: kept.is_full)
            n_forwarded = rig.forwarder.counts.messages
            stuck.take(100, confirm=False)
            assert rig.forwarder.counts.messages == n_forwarded, "nothing is taken in"
            assert edge.is_alive()
            kept.patience_s = 0.1
            until(lambda: not kept.is_attached, what="the recorder is given up")
            edge.join(60)
            assert not edge.is_alive()
            until(lambda: watching.feed().received - n_before >= 3_000_000, 30.0)
            n_got = stuck.take()
            until(lambda: stuck.take() or kept.is_attached, what="it asks again")
            until(lambda: publisher.send() and stuck.take() > n_got)
            stuck.take()
        assert stuck.source.n_lost > 3_000
        assert len(stuck.seqs) + stuck.source.n_lost == stuck.seqs[-1] + 1
        assert kept.n_given_up > 0


def test_a_new_recorder_is_given_what_is_known(tmp_path: Path) -> None:
    with LaneRig("zeromq", tmp_path) as rig, Publisher(rig.addresses.samples_in) as publisher:
        publisher.announce()
        until(lambda: rig.forwarder.counts.announcements)
        with Recorder(rig) as recorder:
            until(lambda: recorder.take() or recorder.sources == {"src"})


def test_the_newest_recorder_has_the_port(tmp_path: Path) -> None:
    with (
        LaneRig("zeromq", tmp_path) as rig,
        Publisher(rig.addresses.samples_in) as publisher,
        Recorder(rig) as old,
    ):
        old.begin(publisher)
        with Recorder(rig) as new:
            new.begin(publisher)
            publisher.send()
            until(lambda: new.take() >= 1)


def test_recorded_messages_are_what_was_sent(tmp_path: Path) -> None:
    with (
        LaneRig("zeromq", tmp_path) as rig,
        Publisher(rig.addresses.samples_in) as publisher,
        Recorder(rig) as recorder,
    ):
        recorder.begin(publisher)
        frames = publisher.frames()
        publisher.outlet.send(frames)
        got: list[Recorded] = []
        until(lambda: got.extend(recorder.source.receive(20)) or got)
        assert got[0].frames == frames
