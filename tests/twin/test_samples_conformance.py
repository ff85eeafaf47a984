"""One suite for both carriers of the sample lane: what a console may rely on, whoever carries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from tests.twin.hub_rig import until
from tests.twin.lane_rig import Console, LaneRig, Publisher, receive, seqs, source_at
from twin.hub.forwarder import Orders
from twin.hub.requests import Observed, StartWatch, TargetsSeen, WatchStarted
from twin.link.wire import decode
from twin.sense.model import Announcement

#: (carrier, whether publishers send to it themselves); any hub takes ZeroMQ publishers.
WAYS = (("zeromq", False), ("nats", False), ("nats", True))


@pytest.fixture(params=WAYS, ids=["zeromq", "nats", "nats all the way"])
def way(request: pytest.FixtureRequest) -> tuple[str, bool]:
    return request.param


@pytest.fixture
def rig(way: tuple[str, bool], tmp_path: Path) -> Iterator[LaneRig]:
    with LaneRig(way[0], tmp_path) as rig:
        yield rig


@pytest.fixture
def samples_in(way: tuple[str, bool], rig: LaneRig) -> str:
    """Where publishers send to."""
    return rig.addresses.samples_out if way[1] else rig.addresses.samples_in


def joined(console: Console, publisher: Publisher) -> None:
    """Send announcements until the console has heard one."""

    def is_heard() -> bool:
        publisher.announce()
        return console.feed(publisher.source) is not None

    until(is_heard, what="the first announcement")


def test_each_source_comes_whole_and_in_order(rig: LaneRig, samples_in: str) -> None:
    with (
        Publisher(samples_in, "one") as one,
        Publisher(samples_in, "two.b") as two,
        source_at(rig.addresses.samples_out) as source,
    ):
        for publisher in (one, two):  # until the subscription is through
            until(lambda p=publisher: p.announce() or source.receive(20))
        for _ in range(300):
            one.send()
            two.send()
        messages = receive(source, 600)
        while len(seqs(messages, "one")) < 300 or len(seqs(messages, "two.b")) < 300:
            messages += receive(source, 1)
    assert seqs(messages, "one") == list(range(300))
    assert seqs(messages, "two.b") == list(range(300))


def test_missing_numbers_are_counted_exactly(rig: LaneRig, samples_in: str) -> None:
    with Publisher(samples_in) as publisher, Console(rig.addresses.samples_out) as console:
        joined(console, publisher)
        for seq in (0, 1, 4, 5, 9):
            publisher.seq = seq
            publisher.send()
        until(lambda: console.n_messages() == 5)
        assert console.feed().gaps == 5


def test_who_joins_late_learns_what_there_is(rig: LaneRig, samples_in: str) -> None:
    with Publisher(samples_in, "early") as publisher:
        publisher.announce()
        until(lambda: rig.forwarder.counts.announcements, what="the hub to hear it")
        for _ in range(2):
            with source_at(rig.addresses.samples_out) as source:
                messages = receive(source, 1)
            assert isinstance(messages[0], Announcement)
            assert messages[0] == publisher.announcement()


def test_the_hub_sees_watched_samples(rig: LaneRig, samples_in: str) -> None:
    with Publisher(samples_in, accepts=("pump.start",)) as publisher:
        publisher.announce()
        until(lambda: any(isinstance(f, TargetsSeen) for f in rig.found))
        publisher.send(value=3.5)
        until(lambda: rig.forwarder.counts.messages == 2)
        start = StartWatch("c1", ("src-2/p",))
        rig.forwarder.order(Orders(watched=frozenset({"src-2/p"}), start=(start,)))
        until(lambda: any(isinstance(f, WatchStarted) for f in rig.found))
        publisher.send(value=7.25)
        seen = until(lambda: [f.observation for f in rig.found if isinstance(f, Observed)])
    started = next(f for f in rig.found if isinstance(f, WatchStarted))
    assert started.last["src-2/p"].value == 3.5
    assert [(s.datastream_id, s.value) for s in seen] == [("src-2/p", 7.25)]


def test_bad_messages_are_counted_and_cost_nothing_else(rig: LaneRig, samples_in: str) -> None:
    with Publisher(samples_in) as publisher, Console(rig.addresses.samples_out) as console:
        joined(console, publisher)
        good = publisher.frames()
        bad = [
            [b"v1/j/src/", b"not json"],
            [b"v1/a/src/", b"{}"],
            [b"v1/s/src/", b"x"],
            [*good[:3], b"short", *good[4:]],
            [b"v1/q/src/", b"a kind of tomorrow"],
        ]
        for frames in bad:
            assert publisher.outlet.send(frames)
        publisher.outlet.send(good)
        until(lambda: console.n_messages() == 1)
        assert console.feed().malformed == len(bad)
        assert console.feed().gaps == 0


def test_a_console_that_never_reads_hurts_no_other(rig: LaneRig, samples_in: str) -> None:
    """One gets everything; the other, once it reads, is told exactly what it missed."""
    n = 6_000
    with (
        Publisher(samples_in, n_streams=1000) as publisher,
        source_at(rig.addresses.samples_out) as asleep,
        source_at(rig.addresses.samples_out) as awake,
    ):
        for source in (asleep, awake):
            until(lambda s=source: publisher.announce() or s.receive(20))
        got: list[int] = []
        while len(got) < n:
            if publisher.seq < n and publisher.seq - len(got) < 400:
                publisher.send()
            got += seqs(taken(awake, 0 if publisher.seq < n else 20), "src")
        late = seqs(taken(asleep, 100), "src")
        until(lambda: not extend(late, asleep), 30.0, "the end of what waited")
        publisher.send()
        last = until(lambda: seqs(taken(asleep, 100), "src"))
    assert got == list(range(n))
    assert sorted(set(late)) == late, "in order, none twice"
    assert last == [n]
    n_missing = n - len(late)
    assert n_missing > 0, "it never read while 120 MB went by"


def taken(source: object, timeout_ms: int) -> list[object]:
    return [
        decode(frames)
        for frames in source.receive(timeout_ms)
        if bytes(frames[0]).startswith(b"v1/")
    ]


def extend(numbers: list[int], source: object) -> bool:
    """Add what waits; False when no more samples came for a while."""
    more = seqs(taken(source, 300), "src")
    numbers += more
    return bool(more)


def test_the_middle_may_be_restarted(rig: LaneRig, samples_in: str) -> None:
    """Nobody opens anything anew; what got lost is counted to the last message."""
    with Publisher(samples_in) as publisher, Console(rig.addresses.samples_out) as console:
        joined(console, publisher)
        publisher.send()
        until(lambda: console.n_messages() >= 1)
        rig.restart_middle()

        n_before = console.n_messages()
        until(lambda: publisher.send() and console.n_messages() > n_before + 1, 30.0, "samples")
        sent = publisher.seq
        until(lambda: console.n_messages() + console.feed().gaps >= sent - 1)
        publisher.send()
        until(lambda: console.n_messages() + console.feed().gaps == publisher.seq)
        assert console.feed().malformed == 0


def test_a_console_on_zeromq_hears_publishers_on_nats(tmp_path: Path) -> None:
    with LaneRig("nats", tmp_path) as rig, Publisher(rig.addresses.samples_out) as publisher:
        with Console(rig.ports.addresses.samples_out) as console:
            joined(console, publisher)
            publisher.send()
            until(lambda: console.n_messages() == 1)
        assert rig.ports.samples_out.getsockopt(zmq.TYPE) == zmq.XPUB
