"""The sample lane through the hub: unchanged, for late joiners too, whatever is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import zmq

from tests.twin.hub_rig import QUICK, FakeCity, obey, running_hub, until
from twin.hub.catalogue import Catalogue, targets_of
from twin.hub.server import Hub
from twin.hub.watching import Watching
from twin.link.wire import SampleBatch, decode, encode_announcement, encode_batch
from twin.link.wire_json import decode_json_lane
from twin.sense.model import Announcement, Datastream, Thing

Connect = Callable[[int, str], Any]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub(tmp_path / "journal.sqlite", times=QUICK) as hub:
        yield hub


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes a connected socket of a kind; all are closed in the end."""
    context: zmq.Context[Any] = zmq.Context()
    sockets: list[Any] = []

    def connected(kind: int, endpoint: str) -> Any:
        sockets.append(context.socket(kind))
        sockets[-1].set(zmq.RCVTIMEO, 10_000)
        if kind == zmq.SUB:
            sockets[-1].subscribe(b"v1/")
        sockets[-1].connect(endpoint)
        return sockets[-1]

    yield connected
    for one in sockets:
        one.close(0)
    context.term()


def batch(n: int, seq: int = 1) -> list[bytes]:
    indices = np.arange(n, dtype=np.uint32)
    return encode_batch(
        "src", "e", seq, indices, np.full(n, 10**18), np.linspace(0, 1, n),
        np.zeros(n, np.uint8), 10**18,
    )  # fmt: skip


def test_a_late_joiner_gets_all_announcements_at_once(hub: Hub, connect: Connect) -> None:
    with FakeCity(hub.addresses, obey) as city:
        until(lambda: hub._forwarder.counts.announcements)
        for _ in range(2):
            sub = connect(zmq.SUB, hub.addresses.samples_out)
            assert decode(sub.recv_multipart()) == city.announcement()


def test_a_large_catalogue_comes_in_pieces_with_samples_between(hub: Hub, connect: Connect) -> None:
    n = 2_500
    push = connect(zmq.PUSH, hub.addresses.samples_in)
    for i in range(n):
        thing = Thing(id=f"t{i}", name="", kind="signal")
        push.send_multipart(
            encode_announcement(Announcement(source="src", epoch="e", things=(thing,)))
        )
    until(lambda: hub._forwarder.counts.announcements == n, 30)
    sub = connect(zmq.SUB, hub.addresses.samples_out)
    kinds = [sub.recv_multipart()[0][3:4]]
    push.send_multipart(batch(1))
    while kinds.count(b"a") < n:
        kinds.append(sub.recv_multipart()[0][3:4])
    assert b"s" in kinds, "samples waited for the whole catalogue"


def test_who_comes_in_the_middle_of_a_greeting_hears_all_of_it(hub: Hub, connect: Connect) -> None:
    n = 1_000
    push = connect(zmq.PUSH, hub.addresses.samples_in)
    for i in range(n):
        thing = Thing(id=f"t{i}", name="", kind="signal")
        push.send_multipart(
            encode_announcement(Announcement(source="src", epoch="e", things=(thing,)))
        )
    until(lambda: hub._forwarder.counts.announcements == n, 30)
    first = connect(zmq.SUB, hub.addresses.samples_out)
    for _ in range(n // 4):
        first.recv_multipart()
    second = connect(zmq.SUB, hub.addresses.samples_out)
    names = set()
    while len(names) < n:
        frames = second.recv_multipart()
        if frames[0].startswith(b"v1/a/"):
            names.add(frames[1])
    until(lambda: not hub._forwarder._n_to_greet, what="the greeting to end")


def test_frames_go_on_unchanged_and_in_order(hub: Hub, connect: Connect) -> None:
    push = connect(zmq.PUSH, hub.addresses.samples_in)
    hello = encode_announcement(Announcement(source="src", epoch="e", things=()))
    push.send_multipart(hello)
    until(lambda: hub._forwarder.counts.announcements)
    sub = connect(zmq.SUB, hub.addresses.samples_out)
    assert sub.recv_multipart() == hello
    sent = [batch(n, seq=n) for n in range(1, 200)]
    sent += [[b"v1/j/src/", b"not even json"], [b"v1/m/src/", b"x"], [b"v1/q/src/", b"later"]]
    for frames in sent:
        push.send_multipart(frames)
    assert [sub.recv_multipart() for _ in sent] == sent


def announced(n: int = 4, accepts: tuple[str, ...] = ("signal.set_plan",)) -> Announcement:
    return Announcement(
        source="src",
        epoch="e",
        things=tuple(Thing(id=f"t{i}", name="", kind="signal", accepts=accepts) for i in range(n)),
        datastreams=tuple(
            Datastream(index=i, id=f"t{i}/p", thing_id=f"t{i}", observed_property="p")
            for i in range(n)
        ),
    )


def sampled(values: list[float], indices: list[int], **more: Any) -> SampleBatch:
    n = len(values)
    columns = {"quality": np.zeros(n, np.uint8), "t_ns": np.arange(n, dtype=np.int64)} | more
    return SampleBatch(
        source="src", epoch="e", seq=1, sent_ns=0, values=np.array(values),
        indices=np.array(indices, np.uint32), **columns,
    )  # fmt: skip


def test_the_last_good_value_is_kept_for_what_takes_commands() -> None:
    watching = Watching()
    assert list(watching.look(sampled([1.0], [0]))) == []
    watching.announce(announced())
    quality = np.array([0, 2, 0, 0, 0], np.uint8)
    values = [5.0, 9.0, float("nan"), 6.0, 7.0]
    assert list(watching.look(sampled(values, [1, 1, 1, 2, 99], quality=quality))) == []
    last = watching.last("t1/p")
    assert last is not None
    assert (last.value, last.t_ns) == (5.0, 0)
    assert watching.last("t3/p") is None
    assert watching.last("nobody/p") is None


def test_only_watched_samples_are_handed_over_until_no_longer() -> None:
    watching = Watching()
    watching.announce(announced(accepts=()))
    watching.watch(frozenset({"t2/p", "later/p"}))
    seen = list(watching.look(sampled([1.0, 2.0, 3.0], [2, 0, 2])))
    assert [(s.datastream_id, s.value) for s in seen] == [("t2/p", 1.0), ("t2/p", 3.0)]
    late = Datastream(index=7, id="later/p", thing_id="later", observed_property="p")
    watching.announce(Announcement(source="src", epoch="e", datastreams=(late,)))
    assert [s.value for s in watching.look(sampled([4.0], [7]))] == [4.0]
    watching.watch(frozenset())
    assert list(watching.look(sampled([1.0], [2]))) == []


def test_a_reused_index_forgets_the_old_value() -> None:
    watching = Watching()
    watching.announce(announced())
    list(watching.look(sampled([5.0], [1])))
    moved = Datastream(index=1, id="t9/p", thing_id="t9", observed_property="p")
    watching.announce(msgspec.structs.replace(announced(1), datastreams=(moved,)))
    assert watching.last("t9/p") is None


def test_the_json_lane_is_watched_too() -> None:
    watching = Watching()
    watching.watch(frozenset({"t/p"}))
    message = decode_json_lane(
        "src", b'[{"datastream":"t/p","result":3},{"datastream":"u/p","result":4,"quality":"bad"}]'
    )
    assert [(s.value, s.t_ns) for s in watching.look_json(message, 77)] == [(3.0, 77)]
    last = watching.last("t/p")
    assert last is not None
    assert last.value == 3.0
    assert watching.last("u/p") is None


def test_the_catalogue_replaces_repetitions_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = Catalogue()
    first, other = announced(2), msgspec.structs.replace(announced(2), source="other")
    assert len(catalogue.add(first, [b"t", b"old"])) == 2
    catalogue.add(other, [b"t", b"other"])
    catalogue.add(first, [b"t", b"new"])
    assert catalogue.messages() == [[b"t", b"other"], [b"t", b"new"]]
    monkeypatch.setattr("twin.hub.catalogue.MAX_BYTES", 100)
    for i in range(50):
        catalogue.add(msgspec.structs.replace(first, source=f"s{i}"), [b"t", b"x" * 20])
    assert len(catalogue.messages()) == 4
    assert targets_of(announced(accepts=())) == ()


def test_a_thing_that_takes_commands_later_is_looked_at_from_then_on() -> None:
    watching = Watching()
    watching.announce(announced(accepts=()))
    assert not watching.keeps("src")
    list(watching.look(sampled([1.0], [2])))
    assert watching.last("t2/p") is None
    watching.announce(msgspec.structs.replace(announced(), datastreams=()))
    assert watching.keeps("src")
    list(watching.look(sampled([4.0], [2])))
    last = watching.last("t2/p")
    assert last is not None
    assert last.value == 4.0


def test_values_are_remembered_late_but_in_order() -> None:
    watching = Watching()
    watching.announce(announced())
    for n in range(100):
        assert list(watching.look(sampled([float(n), -1.0], [n % 4, 99]))) == []
    for index in range(4):
        last = watching.last(f"t{index}/p")
        assert last is not None
        assert last.value == 96.0 + index
    list(watching.look(sampled([7.0], [0])))
    watching.watch(frozenset({"t0/p"}))
    seen = list(watching.look(sampled([8.0, 9.0], [1, 0])))
    assert [(s.datastream_id, s.value) for s in seen] == [("t0/p", 9.0)]
    last = watching.last("t1/p")
    assert last is not None
    assert last.value == 8.0


def test_who_knows_the_announcements_is_not_told_again(hub: Hub, connect: Connect) -> None:
    push = connect(zmq.PUSH, hub.addresses.samples_in)
    push.send_multipart(encode_announcement(announced()))
    until(lambda: hub._forwarder.counts.announcements)
    with zmq.Context() as context, context.socket(zmq.SUB) as sub:
        sub.set(zmq.LINGER, 0)
        sub.set(zmq.RCVTIMEO, 10_000)
        for topic in (b"v1/a", b"v1t/", b"v1/s/"):
            sub.subscribe(topic)
        sub.connect(hub.addresses.samples_out)
        for _ in range(2):
            until(lambda: sub.recv_multipart()[0].startswith(b"v1t/h/"), what="a beat")
        assert hub._forwarder.counts.published == 1
        push.send_multipart(encode_announcement(announced()))
        until(lambda: sub.recv_multipart()[0] == b"v1/a/src/")
