"""The pure parts of the sample lane: addresses, packing, the thinned wire, the inbox."""

from __future__ import annotations

import contextlib
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import WireError
from twin.link.wire import PositionBatch, SampleBatch, encode_batch, encode_positions
from twin.link.wire_json import JsonBatch
from twin.link.wire_thin import (
    Beat,
    decode_thin,
    encode_beat,
    encode_thin_json,
    is_thin,
    thinned,
)
from twin.samples.address import (
    LOGIN_VARIABLE,
    SampleAddressError,
    carrier_of,
    parse_nats,
    public_address,
)
from twin.samples.inbox import Inbox
from twin.samples.packing import pack, part_of, subject_of, topic_of_subject, unpack
from twin.sense.feeds import FeedBook, SequenceWatch
from twin.sense.model import Announcement, Thing

NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)


def test_an_address_names_its_carrier() -> None:
    assert carrier_of("tcp://127.0.0.1:5713") == "zeromq"
    assert carrier_of("nats://a:4222") == "nats"
    with pytest.raises(SampleAddressError, match="'http://a' is no address of samples"):
        carrier_of("http://a")


def test_a_nats_address_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LOGIN_VARIABLE, raising=False)
    plain = parse_nats("nats://a")
    assert (plain.servers, plain.prefix, plain.user) == (("nats://a:4222",), "civitwin", "")
    full = parse_nats("nats://me:p%40ss@a:1,b,nats://[::1]:3/hague")
    assert full.servers == ("nats://a:1", "nats://b:4222", "nats://[::1]:3")
    assert (full.prefix, full.user, full.password) == ("hague", "me", "p@ss")
    assert public_address("nats://me:secret@a:1/hague") == "nats://a:1/hague"
    assert public_address("tcp://a:1") == "tcp://a:1"
    assert parse_nats("tls://u:p@a,b:5").servers == ("tls://a:4222", "tls://b:5")
    assert public_address("tls://u:p@a,b:5/c") == "tls://a:4222,b:5/c"
    monkeypatch.setenv(LOGIN_VARIABLE, "you:word")
    assert (parse_nats("nats://a").user, parse_nats("nats://a").password) == ("you", "word")


@pytest.mark.parametrize(
    "text", ["nats://", "nats://a:0", "nats://a:x", "nats://a,,b", "nats://a/b c", "tcp://a:1",
             "nats://a/b.c", "nats://:4222", "nats://a:70000", "nats://me:secret@a:no"],
)  # fmt: skip
def test_other_addresses_are_refused_without_telling_secrets(text: str) -> None:
    with pytest.raises(SampleAddressError) as caught:
        parse_nats(text)
    assert "secret" not in str(caught.value)


@given(st.lists(st.binary(max_size=50), min_size=2, max_size=16))
def test_packed_frames_come_out_as_they_were(frames: list[bytes]) -> None:
    topic = b"v1/s/src/"
    assert [bytes(f) for f in unpack(topic, pack(frames))] == [topic, *frames]


@given(st.binary(max_size=200))
def test_unpacking_raises_nothing_but_wire_errors(payload: bytes) -> None:
    try:
        frames = unpack(b"v1/m/src/", payload)
    except WireError:
        return
    assert sum(map(len, frames[1:])) + 4 * len(frames) == len(payload)


def test_json_is_its_own_payload() -> None:
    assert pack([b'{"a": 1}']) == b'{"a": 1}'
    assert unpack(b"v1/j/src/", b'{"a": 1}') == [b"v1/j/src/", b'{"a": 1}']


@given(st.sampled_from(["v1/s", "v1/j", "v1t/m", "v1/a"]), NAMES)
def test_topics_and_subjects_are_one_to_one(kind: str, source: str) -> None:
    topic = f"{kind}/{source}/".encode()
    subject = subject_of("city", topic, "part" if kind == "v1/a" else "")
    assert subject.count(".") == 3 + (kind == "v1/a")
    assert topic_of_subject("city", subject) == topic


@pytest.mark.parametrize(
    "topic", [b"", b"v1/s/a b/", b"v1//x/", b"v1/s/*/", b"v1/s/a=b/", b"v1/s/\xff/"]
)
def test_other_topics_are_no_subjects(topic: bytes) -> None:
    with pytest.raises(WireError, match="cannot be a subject"):
        subject_of("city", topic)


def test_parts_of_an_announcement_are_told_apart_and_stay_the_same() -> None:
    def part(*ids: str, name: str = "") -> str:
        things = tuple(Thing(id=i, name=name, kind="pump") for i in ids)
        return part_of(Announcement(source="s", epoch="e", things=things))

    assert part("a", "b") == part("a", "c", name="new")
    assert part("a") != part("b")


# --- the thinned wire ---------------------------------------------------------------------------


def sample_frames(seq: int = 7) -> list[bytes]:
    return encode_batch(
        "src", "e", seq, np.arange(3, dtype=np.uint32), np.full(3, 10**18), np.ones(3),
        np.zeros(3, np.uint8), 5,
    )  # fmt: skip


def position_frames() -> list[bytes]:
    one = np.ones(1)
    return encode_positions(
        "src", "e", 8, "local", np.zeros(1, np.uint32), np.full(1, 10**18), one, one, one,
        np.zeros(1, np.float32), 5,
    )  # fmt: skip


def test_thinned_messages_are_read_back() -> None:
    batch = decode_thin(thinned(sample_frames()))
    assert isinstance(batch, SampleBatch)
    assert (batch.source, batch.seq, batch.values.tolist()) == ("src", 7, [1.0, 1.0, 1.0])
    assert isinstance(decode_thin(thinned(position_frames())), PositionBatch)
    entries: list[dict[str, object]] = [{"datastream": "a/b", "result": 2, "time": 10**18}]
    frames = encode_thin_json("src", "hub1", 41, entries, 5)
    message = decode_thin(frames)
    assert isinstance(message, JsonBatch)
    assert (message.epoch, message.seq, message.observations[0].result) == ("hub1", 41, 2.0)
    beat = Beat(epoch="hub1", seq=3, sent_ns=4, n_messages=-1)
    assert decode_thin(encode_beat(beat)) == beat
    assert all(is_thin(f[0]) for f in (frames, encode_beat(beat), thinned(sample_frames())))
    assert not is_thin(b"v1/s/src/")


@pytest.mark.parametrize(
    "frames",
    [
        [b"v1t/s/src/"], [b"v1t/a/src/", b"{}"], [b"v1t/q/src/", b"{}"], [b"v1t/j/src/", b"{}"],
        [b"v1t/j/src/", b"\x80", b"[]"], [b"v1t/h/src/", b"no"], [b"v1t/h/sr c/", b"no"],
        [b"v1/h/src/", b"no"],
    ],
)  # fmt: skip
def test_bad_thinned_messages_raise_wire_errors(frames: list[bytes]) -> None:
    with pytest.raises(WireError):
        decode_thin(frames)


@given(
    st.sampled_from([b"v1t/s/a/", b"v1t/m/a/", b"v1t/j/a/", b"v1t/h/a/", b"v1t/"]),
    st.lists(st.binary(max_size=60), max_size=8),
)
def test_no_bytes_raise_anything_else(topic: bytes, rest: list[bytes]) -> None:
    with contextlib.suppress(WireError):
        decode_thin([topic, *rest])


# --- numbering across lanes ---------------------------------------------------------------------


def test_what_the_thinned_lane_leaves_out_is_skipped_not_missing() -> None:
    book = FeedBook()
    feed = book.feed("src")
    for seq in (0, 1, 4):
        assert not feed.note_seq("e", seq)
    assert (feed.gaps, feed.skipped) == (2, 0)
    feed.note_seq("e", 50, is_thin=True)
    feed.note_seq("e", 50, is_thin=True)  # two pieces of one thinned message
    feed.note_seq("e", 60, is_thin=True)
    assert (feed.gaps, feed.skipped) == (2, 45 + 9)
    book.resume()
    feed.note_seq("e", 70)
    assert (feed.gaps, feed.skipped) == (2, 54 + 9)
    feed.note_seq("e", 73)
    assert (feed.gaps, feed.skipped) == (4, 63)
    assert feed.stats(0).skipped == 63


def test_repetitions_are_known_and_late_ones_are_not_repetitions() -> None:
    watch = SequenceWatch()
    for seq in (5, 6, 9):
        watch.step(seq)
    assert [watch.is_repeated(seq) for seq in (5, 6, 7, 8, 9, 10)] == [
        True, True, False, False, True, False,
    ]  # fmt: skip
    assert watch.skip_to(3) == 0
    assert watch.skip_to(12) == 2


# --- the inbox ----------------------------------------------------------------------------------


def test_the_inbox_is_bounded_by_number_and_by_bytes() -> None:
    inbox = Inbox(max_messages=3, max_bytes=100)
    for n in range(5):
        inbox.put("s", b"%d" % n)
    assert inbox.n_dropped == 2
    assert inbox.take(10, 0.0) == [("s", b"0"), ("s", b"1"), ("s", b"2")]
    inbox.put("s", bytes(80))
    inbox.put("s", bytes(30))
    assert inbox.n_dropped == 3
    inbox.clear()
    inbox.put("s", bytes(90))
    assert len(inbox.take(10, 0.0)) == 1


def test_history_comes_first_and_nothing_twice() -> None:
    inbox = Inbox()
    inbox.hold()
    inbox.put("s", b"2")
    inbox.put("s", b"3")
    assert inbox.take(10, 0.0) == []
    inbox.release([("s", b"1"), ("s", b"2")])
    inbox.put("s", b"4")
    assert [p for _, p in inbox.take(10, 0.0)] == [b"1", b"2", b"3", b"4"]


def test_taking_waits_for_the_first_message() -> None:
    inbox = Inbox()
    timer = threading.Timer(0.02, inbox.put, ("s", b"x"))
    timer.start()
    assert inbox.take(5, 10.0) == [("s", b"x")]
    timer.join()
