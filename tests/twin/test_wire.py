"""The wire format: what is encoded is decoded, and what is wrong is refused by name."""

from __future__ import annotations

import contextlib
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from twin.clock import NS_PER_S
from twin.errors import WireError
from twin.link import wire
from twin.link.sift import sift, sift_positions
from twin.link.wire_json import JsonBatch
from twin.sense.model import Announcement, Datastream, Quality, Thing, Unit

NOW_NS = 1_760_000_000 * NS_PER_S
names = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)
u63 = st.integers(0, 2**63 - 1)


def column(dtype: str, n: int):
    return npst.arrays(np.dtype(dtype), n)


@st.composite
def sample_columns(draw):
    n = draw(st.integers(0, 40))
    return tuple(draw(column(code, n)) for code in ("<u4", "<i8", "<f8", "u1"))


@st.composite
def position_columns(draw):
    n = draw(st.integers(0, 40))
    return tuple(draw(column(c, n)) for c in ("<u4", "<i8", "<f8", "<f8", "<f8", "<f4"))


@settings(deadline=None)
@given(names, names, u63, u63, sample_columns())
def test_samples_survive_the_wire(source, epoch, seq, sent, columns):
    batch = wire.decode(wire.encode_batch(source, epoch, seq, *columns, sent))
    assert isinstance(batch, wire.SampleBatch)
    assert (batch.source, batch.epoch, batch.seq, batch.sent_ns) == (source, epoch, seq, sent)
    for got, put in zip(
        (batch.indices, batch.t_ns, batch.values, batch.quality), columns, strict=True
    ):
        np.testing.assert_array_equal(got, put)


@settings(deadline=None)
@given(names, names, u63, st.sampled_from(["local", "geographic"]), position_columns())
def test_positions_survive_the_wire(source, epoch, seq, frame, columns):
    batch = wire.decode(wire.encode_positions(source, epoch, seq, frame, *columns, 7))
    assert isinstance(batch, wire.PositionBatch)
    assert (batch.source, batch.epoch, batch.seq, batch.frame) == (source, epoch, seq, frame)
    got = (batch.indices, batch.t_ns, batch.x, batch.y, batch.z, batch.heading_rad)
    for mine, theirs in zip(got, columns, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_decoded_columns_are_views_on_the_frames():
    frames = _batch_frames(n=100)
    values = wire.decode(frames).values
    assert np.shares_memory(values, np.frombuffer(frames[4], dtype="u1"))


def test_memoryviews_are_taken_as_well():
    frames = [memoryview(frame) for frame in _batch_frames(n=3)]
    assert len(wire.decode(frames).values) == 3


def test_an_announcement_survives_being_cut():
    whole = Announcement(
        source="a", epoch="e",
        things=tuple(Thing(id=f"t{i}", name=f"T{i}", kind="sensor") for i in range(700)),
        datastreams=tuple(
            Datastream(index=i, id=f"t{i}/noise", thing_id=f"t{i}", observed_property="noise")
            for i in range(700)
        ),
        units=tuple(Unit(index=i, id=f"u{i}", name="U", kind="bus") for i in range(20)),
    )  # fmt: skip
    parts = [wire.decode(wire.encode_announcement(part)) for part in wire.split_announcement(whole)]
    assert [len(p.things) + len(p.datastreams) + len(p.units) for p in parts] == [500, 500, 420]
    assert sum((p.things for p in parts), ()) == whole.things
    assert sum((p.datastreams for p in parts), ()) == whole.datastreams
    assert sum((p.units for p in parts), ()) == whole.units


def _batch_frames(n: int = 4, *, source: str = "s", **changes) -> list[bytes]:
    frames = wire.encode_batch(
        source, "e", 1, np.arange(n, dtype=np.uint32), np.full(n, NOW_NS),
        np.arange(n, dtype=np.float64), np.zeros(n, dtype=np.uint8), NOW_NS,
    )  # fmt: skip
    if changes:
        header = msgspec.msgpack.decode(frames[1])
        frames[1] = msgspec.msgpack.encode(header | changes)
    return frames


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([], "without frames"),
        ([b""], "topic"),
        ([b"v1/s/\xff\xfe/", b"", b"", b"", b"", b""], "topic"),
        ([b"v1/s/a b/", b""], "topic"),
        ([b"v1/s/" + b"x" * 65 + b"/", b""], "topic"),
        ([b"v2/s/a/", b""], "topic"),
        ([b"v1/q/a/", b""], "none of s, m, a, j"),
        (_batch_frames()[:5], "6 frames, not 5"),
        ([*_batch_frames(), b""], "6 frames, not 7"),
        (_batch_frames(v=2), "Version 2"),
        (_batch_frames(n=4, seq=-1), "seq"),
        (_batch_frames(sent=-1), "sent"),
        (_batch_frames(seq=2**63), "seq"),
        (_batch_frames(epoch=""), "epoch"),
        (_batch_frames(epoch="a/b"), "epoch"),
        ([*_batch_frames(n=4)[:2], b"1", b"1", b"1", b"1"], "column"),
        ([b"v1/s/a/", b"\xc1", b"", b"", b"", b""], "header"),
        ([b"v1/m/a/", _batch_frames(n=0)[1], *[b""] * 6], "frame"),
        ([b"v1/j/a/", b"{"], "JSON"),
        ([b"v1/j/a/", b"{}", b""], "2 frames"),
        ([b"v1/j/a/", b"\xff"], "JSON"),
        ([b"v1/j/a/", b"[" * 100_000], "JSON"),
        ([b"v1/a/a/", b'{"source": "b", "epoch": "e"}'], "speaks for"),
        ([b"v1/a/a/", b'{"source": "a", "epoch": "e", "things": [{"id": 3}]}'], "announcement"),
        (
            [
                b"v1/a/a/",
                b'{"source": "a", "epoch": "e", "units":'
                b' [{"index": 0, "id": "", "name": "", "kind": ""}]}',
            ],
            "id has",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(frames, words):
    with pytest.raises(WireError, match=words):
        wire.decode(frames)


@pytest.mark.parametrize("n", [-1, 1_000_001, 2**40, 3, 5])
def test_an_absurd_count_is_refused_without_taking_memory(n):
    frames = _batch_frames(n=4)
    header = msgspec.msgpack.decode(frames[1])
    frames[1] = msgspec.msgpack.encode(header | {"n": n})
    with pytest.raises(WireError):
        wire.decode(frames)


def test_encoding_refuses_what_decoding_would():
    one, two = np.zeros(1), np.zeros(2)
    for source, epoch, values in (("a/b", "e", one), ("a", "", one), ("a", "e", two)):
        with pytest.raises(WireError):
            wire.encode_batch(source, epoch, 0, one, one, values, one, 0)
    many = np.zeros(wire.MAX_SAMPLES + 1, dtype=np.uint8)
    with pytest.raises(WireError, match="at most 1,000,000"):
        wire.encode_batch("a", "e", 0, many, many, many, many, 0)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=9))
def test_random_frames_raise_wire_errors_only(frames):
    for topic in (b"v1/s/a/", b"v1/m/a/", b"v1/a/a/", b"v1/j/a/", None):
        try:
            wire.decode(frames if topic is None else [topic, *frames])
        except WireError:
            continue


@settings(deadline=None)
@given(st.integers(0, 5), st.data())
def test_damaged_batches_raise_wire_errors_only(which, data):
    frames = _batch_frames()
    damaged = bytearray(frames[which])
    if damaged:
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] ^= 1 << data.draw(st.integers(0, 7))
        cut = data.draw(st.integers(0, len(damaged)))
        frames[which] = bytes(damaged[:cut]) if data.draw(st.booleans()) else bytes(damaged)
    with contextlib.suppress(WireError):
        wire.decode(frames)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)  # fmt: skip
json_entries = st.fixed_dictionaries(
    {},
    optional={
        "datastream": st.sampled_from(["a/b", "a", "/b", "a/"]) | json_values,
        "result": json_values, "time": json_values, "unit": json_values, "local": json_values,
        "location": json_values, "heading": json_values, "quality": json_values,
    },
)  # fmt: skip


@settings(deadline=None)
@given(json_entries | st.lists(json_entries, max_size=3) | json_values)
def test_any_json_raises_wire_errors_only(entry):
    text = msgspec.json.encode(entry) if _is_encodable(entry) else b"null"
    try:
        batch = wire.decode([b"v1/j/a/", text])
    except WireError:
        return
    assert isinstance(batch, JsonBatch)
    assert all(math.isfinite(o.result) for o in batch.observations)
    assert all(o.t_ns is None or 0 <= o.t_ns < 2**63 for o in batch.observations)


def _is_encodable(entry: object) -> bool:
    try:
        msgspec.json.encode(entry)
    except (UnicodeEncodeError, OverflowError):
        return False
    return True


def test_the_json_lane_takes_an_observation():
    text = (
        '{"datastream": "gauge/1/water_level", "result": 1.84, "time": "2026-03-01T14:02:07.25Z",'
        ' "unit": "m", "name": "Gauge", "location": [4.3, 52.1], "quality": "suspect"}'
    )
    batch = wire.decode([b"v1/j/dev-1/", text.encode()])
    (got,) = batch.observations
    assert (got.thing_id, got.observed_property) == ("gauge/1", "water_level")
    assert (got.result, got.unit, got.name) == (1.84, "m", "Gauge")
    assert got.t_ns == 1_772_373_727_250_000_000
    assert got.quality is Quality.SUSPECT
    assert (got.frame, got.xyz) == ("geographic", (4.3, 52.1, 0.0))


def test_the_json_lane_takes_a_list_and_leaves_wrong_entries_out():
    text = b"""[{"datastream": "a/b", "result": 1, "time": 5},
        {"datastream": "a/b", "result": null},
        {"unit": "taxi-12", "kind": "taxi", "location": [4.3, 52.1, 9], "heading": 90}, 17]"""
    batch = wire.decode([b"v1/j/d/", text])
    assert [o.t_ns for o in batch.observations] == [5]
    (position,) = batch.positions
    assert (position.unit, position.kind, position.xyz) == ("taxi-12", "taxi", (4.3, 52.1, 9.0))
    assert position.heading_rad == pytest.approx(math.pi / 2)
    assert len(batch.errors) == 2


@pytest.mark.parametrize(
    "text",
    [
        b'{"datastream": "a/b", "result": 1, "time": "yesterday"}',
        b'{"datastream": "a/b", "result": 1, "time": -4}',
        b'{"datastream": "a/b", "result": 1, "quality": "fine"}',
        b'{"datastream": "a/b", "result": "1"}',
        b'{"datastream": "a/b", "result": 1, "location": [200, 0]}',
        b'{"datastream": "a/b", "result": 1, "location": [1]}',
        b'{"datastream": "a/b", "result": 1, "local": [1e300, 0, 0]}',
        b'{"unit": "taxi-1"}',
        b'{"result": 1}',
        b"[]x",
    ],
)
def test_the_json_lane_refuses(text):
    with pytest.raises(WireError):
        wire.decode([b"v1/j/d/", text])


def test_single_bad_samples_are_left_out_and_counted():
    values = np.array([1.0, np.nan, np.inf, 4.0, 5.0, 6.0, 7.0])
    year_ns = 366 * 86_400 * NS_PER_S
    t_ns = np.full(7, NOW_NS)
    t_ns[3], t_ns[4] = NOW_NS - year_ns - 1, NOW_NS + 86_400 * NS_PER_S + 1
    quality = np.array([0, 0, 0, 0, 0, 3, 2], dtype=np.uint8)
    frames = wire.encode_batch(
        "s", "e", 0, np.arange(7, dtype=np.uint32), t_ns, values, quality, NOW_NS
    )
    batch, n_dropped = sift(wire.decode(frames), NOW_NS)
    assert n_dropped == 5
    assert batch.indices.tolist() == [0, 6]
    assert batch.values.tolist() == [1.0, 7.0]


def test_a_good_batch_is_sifted_without_a_copy():
    batch = wire.decode(_batch_frames(n=50))
    assert sift(batch, NOW_NS) == (batch, 0)
    huge = np.full(3, 1.7e308)  # finite, though their sum is not
    frames = wire.encode_batch(
        "s", "e", 0, np.arange(3, dtype=np.uint32), np.full(3, NOW_NS), huge,
        np.zeros(3, dtype=np.uint8), NOW_NS,
    )  # fmt: skip
    kept, n_dropped = sift(wire.decode(frames), NOW_NS)
    assert (len(kept.values), n_dropped) == (3, 0)


def test_positions_off_the_earth_are_left_out():
    n = 4
    frames = wire.encode_positions(
        "s", "e", 0, "geographic", np.arange(n, dtype=np.uint32), np.full(n, NOW_NS),
        np.array([4.3, 181.0, 4.3, np.nan]), np.array([52.1, 0.0, -91.0, 0.0]), np.zeros(n),
        np.full(n, np.nan, dtype=np.float32), NOW_NS,
    )  # fmt: skip
    batch, n_dropped = sift_positions(wire.decode(frames), NOW_NS)
    assert (batch.indices.tolist(), n_dropped) == ([0], 3)
