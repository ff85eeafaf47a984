"""The observation store: slots, newest values, rings, bounds, placing."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.frames import Origin, local_from_geographic
from twin.clock import NS_PER_S, FakeClock
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore
from twin.sense.table import ObservationTable

T0 = 1_760_000_000 * NS_PER_S
ORIGIN = Origin(crs="EPSG:32631", east_m=588_000.0, north_m=5_770_000.0, height_m=5.0)


def make_store(capacity: int = 100, history: int = 8) -> ObservationStore:
    return ObservationStore(capacity=capacity, history=history, clock=FakeClock(T0))


def announcement(n: int, *, source: str = "s", epoch: str = "e", first: int = 0) -> Announcement:
    return Announcement(
        source=source, epoch=epoch,
        things=tuple(
            Thing(id=f"t{i}", name=f"T{i}", kind="sensor", xyz=(float(i), 2.0, 3.0))
            for i in range(n)
        ),
        datastreams=tuple(
            Datastream(
                index=first + i, id=f"t{i}/noise", thing_id=f"t{i}", observed_property="noise"
            )
            for i in range(n)
        ),
    )  # fmt: skip


def add(store, slots, t_s, values, quality=0, received_ns=T0):
    slots = np.asarray(slots, dtype=np.int64)
    t_ns = T0 + (np.broadcast_to(t_s, slots.shape) * NS_PER_S).astype(np.int64)
    codes = np.full(slots.shape, quality, dtype=np.uint8)
    return store.add(slots, t_ns, np.asarray(values, dtype=np.float64), codes, received_ns)


def test_datastreams_get_slots_and_keep_them():
    store = make_store()
    store.announce(announcement(3, first=70))
    version = store.catalogue_version
    store.announce(announcement(3, first=70))
    assert store.catalogue_version == version
    indices = np.array([72, 70, 5, 2**32 - 1], dtype=np.uint32)
    assert store.slots_of("s", indices).tolist() == [2, 0, -1, -1]
    assert store.slots_of("other", indices).tolist() == [-1] * 4
    assert store.slot_of("t1/noise") == 1
    assert store.slot_of("t9/noise") == -1
    assert store.slots_of_thing("t2").tolist() == [2]
    assert store.slots_of_property("noise").tolist() == [0, 1, 2]
    assert store.observed_properties() == ("noise",)


def test_a_restarted_source_may_number_anew_but_old_batches_are_not_mistaken():
    store = make_store()
    store.announce(announcement(2))
    renumbered = Announcement(
        source="s", epoch="e2",
        datastreams=(
            Datastream(index=0, id="t1/noise", thing_id="t1", observed_property="noise"),
        ),
    )  # fmt: skip
    store.announce(renumbered)
    indices = np.array([0, 1], dtype=np.uint32)
    assert store.slots_of("s", indices, "e2").tolist() == [1, -1]
    assert store.slots_of("s", indices, "e").tolist() == [-1, -1]


def test_what_does_not_fit_is_counted_and_named():
    store = make_store(capacity=2)
    store.announce(announcement(5))
    store.announce(announcement(5))
    assert len(store.datastreams) == 2
    assert len(store.things) == 2
    assert store.refused == 6
    assert set(store.refused_names) == {f"t{i}{end}" for i in (2, 3, 4) for end in ("", "/noise")}
    assert add(store, store.slots_of("s", np.arange(5, dtype=np.uint32)), 0, np.arange(5)) == 2


def test_an_index_beyond_the_limit_is_refused_not_allocated():
    store = make_store()
    store.announce(announcement(1, first=2**32 - 1))
    assert store.refused_names == (f"t0/noise (index {2**32 - 1})",)
    assert store.slots_of("s", np.array([2**32 - 1], dtype=np.uint32)).tolist() == [-1]


def test_the_first_source_owns_a_name():
    store = make_store()
    store.announce(announcement(1))
    intruder = Thing(id="t0", name="Other", kind="sensor")
    stream = Datastream(index=0, id="t0/noise", thing_id="t0", observed_property="noise", unit="dB")
    assert store.observe("other", intruder, stream) == 0
    assert store.things["t0"].name == "T0"
    assert store.datastreams[0].unit == ""
    assert store.owns("s", "t0/noise")


def test_the_newest_value_of_each_slot_is_in_the_snapshot():
    store = make_store()
    store.announce(announcement(4))
    add(store, [0, 1, 2], 0, [1.0, 2.0, 3.0])
    add(store, [2, 0], 1, [30.0, 10.0], quality=1, received_ns=T0 + 5)
    snapshot = store.snapshot()
    np.testing.assert_array_equal(snapshot.values, [10.0, 2.0, 30.0, np.nan])
    assert snapshot.quality.tolist() == [1, 0, 1, 0]
    assert snapshot.counts.tolist() == [2, 1, 2, 0]
    assert (snapshot.t_ns - T0).tolist() == [NS_PER_S, 0, NS_PER_S, -T0]
    assert (snapshot.received_ns[:3] - T0).tolist() == [5, 0, 5]


def test_a_snapshot_does_not_change_and_versions_tell_news():
    store = make_store()
    store.announce(announcement(1))
    add(store, [0], 0, [1.0])
    snapshot = store.snapshot()
    assert store.snapshot().version == snapshot.version
    add(store, [0], 1, [2.0])
    assert snapshot.values.tolist() == [1.0]
    assert store.version > snapshot.version


def test_negative_slots_and_late_samples_are_left_out():
    store = make_store()
    store.announce(announcement(2))
    assert add(store, [-1, 1], 5, [9.0, 1.0]) == 1
    assert add(store, [0, 1], 4, [7.0, 7.0]) == 1
    assert store.late == 1
    assert store.snapshot().values.tolist() == [7.0, 1.0]
    assert add(store, [], 0, []) == 0


batches = st.lists(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 3), st.floats(-10, 10)), min_size=1, max_size=30
    ),
    max_size=8,
)


@settings(deadline=None)
@given(batches, st.integers(1, 5))
def test_rings_hold_the_newest_observations_in_order(batches, history):
    """Against a plain list a slot: whatever the batches, several of a slot in one or not."""
    store = make_store(history=history)
    store.announce(announcement(6))
    lists: list[list[tuple[int, float]]] = [[] for _ in range(6)]
    for number, batch in enumerate(batches):
        slots, steps, values = zip(*batch, strict=True)
        t_s = number * 2 + np.array(steps)
        kept = add(store, slots, t_s, values)
        expected = 0
        newest = [rows[-1][0] if rows else -1 for rows in lists]
        for slot in set(slots):
            own = [(int(t), v) for s, t, v in zip(slots, t_s, values, strict=True) if s == slot]
            fresh = sorted((row for row in own if row[0] >= newest[slot]), key=lambda row: row[0])
            lists[slot] += fresh
            expected += len(fresh)
        assert kept == expected
    snapshot = store.snapshot()
    for slot, rows in enumerate(lists):
        t_ns, values = store.history_of(slot)
        assert ((t_ns - T0) // NS_PER_S).tolist() == [t for t, _ in rows[-history:]]
        assert values.tolist() == [v for _, v in rows[-history:]]
        assert snapshot.counts[slot] == len(rows)
        if rows:
            assert snapshot.values[slot] == rows[-1][1]


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2], [0, 0, 1, 1]])
def test_the_interval_is_learned(order):
    store = make_store()
    store.announce(announcement(4))
    for step in range(8):
        add(store, order, np.arange(4) * 0.01 + step * 5.0, [step] * 4,
            received_ns=T0 + step * 5 * NS_PER_S)  # fmt: skip
    interval_s = store.snapshot().interval_s[sorted(set(order))]
    per_round = 4 / len(set(order))
    np.testing.assert_allclose(interval_s, 5.0 / per_round, rtol=0.05)


def test_things_are_placed_in_the_city():
    store = make_store()
    geographic = Thing(id="g", name="G", kind="sensor", frame="geographic", xyz=(4.3, 52.07, 0.0))
    high = Thing(id="h", name="H", kind="sensor", frame="geographic", xyz=(4.3, 52.07, 25.0))
    far = Thing(id="f", name="F", kind="sensor", frame="geographic", xyz=(14.3, 52.0, 0.0))
    local = Thing(id="l", name="L", kind="road_segment", xyz=(1.0, 2.0, 3.0), path=(4.0, 5.0, 6.0))
    streams = tuple(
        Datastream(index=i, id=f"{t}/noise", thing_id=t, observed_property="noise")
        for i, t in enumerate("ghflx")
    )
    store.announce(
        Announcement(
            source="s", epoch="e", things=(geographic, high, far, local), datastreams=streams
        )
    )
    assert np.isnan(store.xyz_local_m[:3]).all()
    assert store.xyz_local_m[3].tolist() == [1.0, 2.0, 3.0]
    store.set_origin(ORIGIN)
    expected = local_from_geographic(np.array([4.3]), np.array([52.07]), ORIGIN)[0]
    np.testing.assert_allclose(store.xyz_local_m[0], [*expected, 0.0], atol=0.01)
    np.testing.assert_allclose(store.xyz_local_m[1], [*expected, 20.0], atol=0.01)
    assert np.isnan(store.xyz_local_m[[2, 4]]).all()
    np.testing.assert_allclose(store.xyz_of_thing("g"), [*expected, 0.0], atol=0.01)
    assert np.isnan(store.xyz_of_thing("nobody")).all()
    assert store.path_local_m("l").tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert store.path_local_m("nobody").shape == (0, 3)


def test_snapshots_are_whole_while_batches_come_in():
    """Each batch writes one number everywhere: no snapshot may show two."""
    store = make_store(capacity=500)
    store.announce(announcement(500))
    stop = threading.Event()
    slots = np.arange(500)

    def write() -> None:
        step = 0
        while not stop.is_set():
            step += 1
            add(store, slots, step, np.full(500, float(step)))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = set()
        while len(seen) < 20:
            values = store.snapshot().values
            if not np.isnan(values[0]):
                assert (values == values[0]).all()
                seen.add(values[0])
    finally:
        stop.set()
        writer.join()


def test_sizes_must_be_sensible():
    with pytest.raises(ValueError, match="at least 1"):
        make_store(capacity=0)


def test_memory_follows_what_is_announced_not_what_is_allowed():
    """Room for 100,000 datastreams of 256 observations would be 410 MB, used or not."""
    n = 2_000
    table = ObservationTable(capacity=100_000, history=256)
    slots = np.arange(n)
    for step in range(300):
        table.add(slots, np.full(n, step), np.full(n, float(step)), np.zeros(n, np.uint8), step)
    assert table._ring_t.nbytes + table._ring_values.nbytes < 10_000_000
    times, values = table.history_of(n - 1)
    assert times.tolist() == list(range(44, 300))
    assert values[-1] == 299.0


def test_history_survives_the_growth_of_its_room():
    table = ObservationTable(capacity=5_000, history=4)
    one = np.array([3])
    for step in range(3):
        table.add(one, np.array([step]), np.array([float(step)]), np.zeros(1, np.uint8), step)
    late = np.array([4_999])
    table.add(late, np.array([9]), np.array([9.0]), np.zeros(1, np.uint8), 9)
    assert table.history_of(3)[0].tolist() == [0, 1, 2]
    assert table.history_of(4_999)[1].tolist() == [9.0]
    assert len(table.history_of(4_998)[0]) == 0
