"""Detection on live datastreams: buckets, history, episodes, nearest day, labels and thresholds."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.clock import NS_PER_S, FakeClock
from twin.history.asking import History
from twin.history.writing import HistoryWriter
from twin.link import wire
from twin.perception.episode_log import KEPT, THRESHOLD, StreamLog, episodes_at
from twin.perception.episodes import THRESHOLD as SCORE_THRESHOLD
from twin.perception.labels import LEAST_THRESHOLD, advice_of, write_labels
from twin.perception.nearest import DAY_NS, nearest_day
from twin.perception.seasonal import tail_of
from twin.perception.watching import MOST, AnomalyWatch
from twin.room.model import Operator
from twin.room.parts.verdicts import Verdict
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore

#: A Monday, 00:00 UTC.
T0 = 1_759_708_800 * NS_PER_S
STEP_NS = 300 * NS_PER_S
ADA = Operator(name="Ada", department="water", console_id="c")


def street(n_days: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A street in buckets of five minutes: busy by day."""
    rng = np.random.default_rng(seed)
    t_ns = T0 + np.arange(round(n_days * 288)) * STEP_NS
    hour = (t_ns // NS_PER_S % 86_400) / 3_600
    level = 20.0 + 60.0 * np.maximum(0.0, np.sin((hour - 6) / 12 * math.pi))
    return t_ns, level + rng.normal(0, 2.0, len(t_ns))


def announced(store: ObservationStore, n: int = 1) -> Announcement:
    said = Announcement(
        source="s", epoch="e", things=(Thing(id="t", name="Mill Lane", kind="loop"),),
        datastreams=tuple(
            Datastream(index=i, id=f"t/flow{i}", thing_id="t", observed_property="traffic_flow")
            for i in range(n)
        ),
    )  # fmt: skip
    store.announce(said)
    return said


def see(store: ObservationStore, t_ns: int, value: float, slot: int = 0) -> None:
    store.add(np.array([slot]), np.array([t_ns]), np.array([value]), np.zeros(1, np.uint8), t_ns)


def test_strength_and_score_speak_of_the_same_threshold() -> None:
    assert tail_of(THRESHOLD) == pytest.approx(1.0 - SCORE_THRESHOLD, rel=0.15)


def test_an_episode_has_an_id_by_time_and_grows_until_it_is_calm() -> None:
    log = StreamLog("t/flow", bucket_s=300.0)
    t_ns, values = street(10)
    values[2_600:2_606] += 300.0
    log.add(t_ns, values)
    (found,) = log.episodes
    # the last bucket is open: what comes later closes it
    assert found.id == f"t/flow@{t_ns[2_600] // NS_PER_S}"
    assert (found.start_ns, found.reason) == (t_ns[2_600], "value")
    assert found.end_ns >= t_ns[2_606]
    assert found.strength > THRESHOLD
    assert not found.is_open
    assert "spreads off (usual for this hour of" in found.text("veh/h")
    trace = log.trace()
    assert len(trace.t_ns) == len(t_ns) - 1
    assert episodes_at(trace.strength, THRESHOLD) == 1
    assert episodes_at(trace.strength, 1e9) == 0


def test_buckets_take_the_median_and_leave_out_what_is_no_number() -> None:
    log = StreamLog("x", bucket_s=10.0)
    t_ns = np.arange(40) * NS_PER_S + T0
    values = np.where(np.arange(40) % 10 == 3, 1e6, 5.0)
    values[7] = np.nan
    assert log.add(t_ns, values)
    assert log.trace().values.tolist() == [5.0, 5.0, 5.0]
    assert not log.add(t_ns[:5], values[:5]), "what is older than the open bucket is left out"


@given(
    steps=st.lists(st.integers(0, 10**13), max_size=60),
    values=st.lists(st.floats(), min_size=60, max_size=60),
)
@settings(max_examples=40, deadline=None)
def test_no_series_breaks_the_log(steps: list[int], values: list[float]) -> None:
    log = StreamLog("x", bucket_s=60.0, probation=10)
    log.add(T0 + np.cumsum([0, *steps], dtype=np.int64), np.array([0.0, *values[: len(steps)]]))
    trace = log.trace()
    assert (np.diff(trace.t_ns) > 0).all()
    assert len(trace.t_ns) == min(log.n_buckets, KEPT)


def test_live_observations_become_episodes_without_a_history() -> None:
    clock = FakeClock(T0)
    store = ObservationStore(capacity=4, history=64, clock=clock)
    announced(store)
    watch, rng = AnomalyWatch(store, probation=100), np.random.default_rng(2)
    assert watch.watch("t/flow0", "t/gone") == ""
    for i in range(400):
        value = 50.0 + float(rng.normal(0, 1.0)) + (80.0 if 330 <= i < 340 else 0.0)
        see(store, T0 + i * 10 * NS_PER_S, value)
        if i % 7 == 0:
            watch.look(T0 + i * 10 * NS_PER_S)
    watch.look(T0 + 4_000 * NS_PER_S)
    assert set(watch.views) == {"t/flow0"}
    view = watch.views["t/flow0"]
    assert (view.has_history, view.bucket_s, view.n_to_learn) == (False, 10.0, 0)
    (episode,) = view.episodes
    assert episode.start_ns == T0 + 3_300 * NS_PER_S
    version = watch.version
    assert watch.look(T0) is False
    assert watch.version == version
    watch.set_threshold("t/flow0", 20.0)
    assert watch.look(T0)
    assert watch.views["t/flow0"].threshold == 20.0
    n_before = watch.views["t/flow0"].n_buckets
    store.clear()  # an earlier moment is shown …
    see(store, T0, 1.0)
    watch.look(T0)
    store.clear()  # … and live again
    for i in range(420, 440):
        see(store, T0 + i * 10 * NS_PER_S, 50.0)
    watch.look(T0)
    assert watch.views["t/flow0"].n_buckets == n_before + 20, "what was learned is kept"
    watch.unwatch("t/flow0")
    watch.look(T0)
    assert watch.views == {}


def test_only_so_many_are_watched() -> None:
    store = ObservationStore(capacity=100, history=4, clock=FakeClock(T0))
    announced(store, 60)
    watch = AnomalyWatch(store)
    assert "At most 24" in watch.watch(*(f"t/flow{i}" for i in range(60)))
    assert len(watch.wanted) == MOST


def test_a_history_teaches_four_weeks_at_once(tmp_path: Path) -> None:
    store = ObservationStore(capacity=4, history=64, clock=FakeClock(T0))
    said = announced(store)
    t_ns, values = street(10)
    writer = HistoryWriter(tmp_path)
    writer.take(wire.encode_announcement(said), T0)
    for day in range(10):
        part = slice(day * 288, (day + 1) * 288)
        writer.take(
            wire.encode_batch(
                "s", "e", day, np.zeros(288, np.uint32), t_ns[part], values[part],
                np.zeros(288, np.uint8), int(t_ns[part][-1]),
            ),
            int(t_ns[part][-1]),
        )  # fmt: skip
    writer.flush()
    watch = AnomalyWatch(store, ask_past=History(tmp_path).past)
    watch.watch("t/flow0")
    now_ns = int(t_ns[-1]) + 10 * STEP_NS
    for i in range(12):
        see(store, now_ns + i * STEP_NS, 400.0)
    watch.look(now_ns + 12 * STEP_NS)
    view = watch.views["t/flow0"]
    assert (view.has_history, view.bucket_s, view.trouble) == (True, 300.0, "")
    (episode,) = view.episodes
    assert episode.start_ns >= int(t_ns[-1])
    span = (episode.start_ns, episode.end_ns)
    found = nearest_day(view.trace, span)
    assert found is not None
    assert (found.unit, found.start_ns % DAY_NS) == ("day", 0)


def test_a_history_that_cannot_be_read_is_told_and_watched_without(tmp_path: Path) -> None:
    store = ObservationStore(capacity=4, history=64, clock=FakeClock(T0))
    announced(store)
    day = tmp_path / "raw" / "2025-10-06"
    day.mkdir(parents=True)
    (day / "x.parquet").write_bytes(b"rubbish")
    watch = AnomalyWatch(store, ask_past=History(tmp_path).past)
    watch.watch("t/flow0")
    see(store, T0, 1.0)
    watch.look(T0)
    view = watch.views["t/flow0"]
    assert not view.has_history
    assert view.trouble.startswith("The history cannot be read")


def test_the_nearest_day_leaves_out_days_with_episodes() -> None:
    log = StreamLog("x", bucket_s=300.0)
    t_ns, values = street(9, seed=3)
    for day in range(8):
        values[day * 288 : (day + 1) * 288] += [30, 0.4, 30, 0, 30, 30, 30, 0][day]
    values[8 * 288 + 100 : 8 * 288 + 110] += 500.0
    log.add(t_ns, values)
    episode = (int(t_ns[8 * 288 + 100]), int(t_ns[8 * 288 + 110]))
    found = nearest_day(log.trace(), episode)
    assert found is not None
    assert (found.unit, found.back in (1, 5, 7)) == ("day", True)
    assert found.distance < 5.0
    near = [(int(t_ns[day * 288]) + 5, int(t_ns[day * 288]) + 9) for day in (7, 3)]
    again = nearest_day(log.trace(), episode, near)
    assert again is not None
    assert again.back == 7
    assert (found.t_ns >= found.start_ns).all()
    assert nearest_day(log.trace(), episode, [(0, 1 << 62)]) is None


def test_hours_are_compared_where_no_day_is_known() -> None:
    log = StreamLog("x", bucket_s=10.0)
    t_ns = T0 + np.arange(4 * 360) * 10 * NS_PER_S
    log.add(t_ns, np.sin(np.arange(4 * 360) / 360 * 2 * np.pi))
    episode = (int(t_ns[1_200]), int(t_ns[1_210]))
    found = nearest_day(log.trace(), episode)
    assert found is not None
    assert (found.unit, found.distance < 0.01) == ("hour", True)


def label(strength: float, is_anomaly: bool, key: str = "") -> Verdict:
    return Verdict(
        id=key or f"x@{strength}{is_anomaly}", datastream_id="x", is_anomaly=is_anomaly,
        start_ns=T0, end_ns=T0 + STEP_NS, by=ADA, at_ns=T0, strength=strength, threshold=7.9,
        thing_name="Mill, Lane", reason='"level"',
    )  # fmt: skip


def test_a_threshold_is_proposed_up_and_down_and_never_without_gain() -> None:
    noisy = [label(8.0 + i / 10, False) for i in range(5)] + [label(20.0, True)]
    up = advice_of(noisy, 7.9)
    assert up is not None
    assert 8.4 < up.threshold < 20.0
    assert (up.n_false, up.n_missed, up.n_false_now, up.n_missed_now) == (0, 0, 5, 0)
    assert up.text().startswith(f"With {up.threshold:.1f} instead of 7.9 spreads")
    missed = [label(5.0 + i / 10, True) for i in range(4)] + [label(12.0, True)]
    down = advice_of(missed, 7.9)
    assert down is not None
    assert LEAST_THRESHOLD <= down.threshold < 5.0
    assert advice_of([label(20.0 + i, True) for i in range(9)], 7.9) is None
    assert advice_of(noisy[:4], 7.9) is None


@given(
    labels=st.lists(st.tuples(st.floats(0.1, 60.0), st.booleans()), max_size=25),
    current=st.floats(3.0, 30.0),
)
@settings(max_examples=100, deadline=None)
def test_a_proposal_never_costs_more_and_its_figures_are_true(
    labels: list[tuple[float, bool]], current: float
) -> None:
    verdicts = [label(s, a, f"{i}") for i, (s, a) in enumerate(labels)]
    found = advice_of(verdicts, current)
    if found is None:
        return
    assert found.n_false == sum(s >= found.threshold and not a for s, a in labels)
    assert found.n_missed == sum(s < found.threshold and a for s, a in labels)
    assert found.n_false + 3 * found.n_missed < found.n_false_now + 3 * found.n_missed_now


def test_labels_are_written_as_csv_with_quotes_where_needed() -> None:
    file = io.StringIO()
    assert write_labels([label(9.0, True), label(8.0, False)], file) == 2
    head, *rows = file.getvalue().splitlines()
    assert head.startswith("id,datastream_id,thing_id,thing_name,start,end,verdict")
    assert rows[0] == (
        'x@8.0False,x,,"Mill, Lane",2025-10-06T00:00:00Z,2025-10-06T00:05:00Z,not an anomaly,'
        '8,7.9,"""level""",Ada,water,2025-10-06T00:00:00Z'
    )
