"""The streamer: loading, letting go, the budget, failures, and the table of what is loaded."""

import time

import numpy as np
import pytest

from benchmarks.box_stream import SIDE, BoxStream
from tests.twin.box_city import city_of_boxes
from tests.twin.looks import look_from
from twin.city.resident_range import FREE_KIND, ResidentRange
from twin.city.residents import ResidentFeatures, resident_city
from twin.clock import NS_PER_S, SystemClock
from twin.tiles.budget import AMPLE, MIB, MemoryBudget
from twin.tiles.failures import FailureBook, back_off_ns
from twin.tiles.governor import STILL_NS, FrameGovernor
from twin.tiles.request_queue import RequestQueue
from twin.tiles.streaming import TileStreamer

FAR = look_from((0, -9000, 6000), (0, 0, 0))
NEAR = look_from((0, -200, 150), (0, 60, 0))


class Weight:
    """Stands for what is drawn of a tile."""

    def __init__(self, n_bytes=0):
        self.n_bytes = n_bytes


class Skewed(SystemClock):
    """The machine's clock with an offset that tests move."""

    def __init__(self):
        self.ahead_ns = 0

    def monotonic_ns(self):
        return super().monotonic_ns() + self.ahead_ns


@pytest.fixture
def made():
    """Makes streamers and closes them."""
    streamers = []

    def make(source, *, budget=None, residents=None, weight=0, n_workers=2, clock=None):
        streamer = TileStreamer(
            [source],
            residents=residents or ResidentFeatures(),
            prepare=lambda _content, _first: Weight(weight),
            budget=budget or MemoryBudget(),
            clock=clock or SystemClock(),
            n_workers=n_workers,
        )
        streamers.append(streamer)
        return streamer

    yield make
    for streamer in streamers:
        streamer.close()


def settle(streamer, look, *, check=None, **more):
    """Go on until nothing is missing that could come."""
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        came = streamer.collect(NS_PER_S)
        cut = streamer.choose(look, **more)
        if check is not None:
            check()
        if not came and cut.is_complete and streamer.is_idle:
            return cut
        if not came:
            time.sleep(0.001)
    raise AssertionError("The picture was never complete")


def test_what_is_seen_is_loaded_and_has_rows(made):
    streamer = made(BoxStream(3))
    cut = settle(streamer, NEAR)
    assert len(cut.drawn)
    assert set(cut.drawn.tolist()) <= streamer.loaded.keys()
    features = streamer.residents
    for tile in streamer.loaded.values():
        first = tile.rows.first
        assert features.ids[first] == tile.content.features.ids[0]
        assert features.attributes_of(first)["height"] > 0
    names = [feature_id for feature_id in features.ids if feature_id]
    assert len(names) == len(streamer.loaded) * SIDE * SIDE
    assert features.counts_by_kind() == {"Building": len(names)}


def test_cost_grows_with_what_is_seen_not_with_what_exists(made):
    small, large = made(BoxStream(3)), made(BoxStream(9))
    few = len(settle(small, NEAR).met)
    many = len(settle(large, NEAR).met)
    assert many < 5 * few  # 4096 times as many buildings
    assert large.tree.n < 250


def test_the_budget_is_never_passed_and_a_picture_that_does_not_fit_gets_coarser(made):
    budget = MemoryBudget(12 * MIB)
    streamer = made(BoxStream(6), budget=budget, weight=MIB // 4)
    used = []

    def check():
        used.append(budget.used_bytes)
        held = sum(tile.n_bytes for tile in streamer.loaded.values())
        assert held == budget.held.get("streamed tiles", 0)

    cut = settle(streamer, look_from((0, -400, 250), (0, 300, 0)), check=check)
    assert max(used) <= budget.limit_bytes
    assert budget.coarser > 1.0
    assert len(cut.drawn) > 0
    assert streamer.figures().is_short


def test_others_take_their_share_of_the_same_budget(made):
    budget = MemoryBudget(12 * MIB)
    budget.hold("city read whole", 8 * MIB)
    streamer = made(BoxStream(6), budget=budget, weight=MIB // 4)
    settle(streamer, NEAR)
    assert budget.used_bytes <= budget.limit_bytes
    assert budget.held["streamed tiles"] <= 4 * MIB


def test_what_was_left_behind_goes_first_and_its_rows_are_used_again(made):
    streamer = made(BoxStream(7), budget=MemoryBudget(60 * MIB), weight=MIB // 4)
    for x in range(-24_000, 24_001, 8000):
        look = look_from((x, -200, 150), (x, 60, 0))
        cut = settle(streamer, look)
        assert set(cut.drawn.tolist()) <= streamer.loaded.keys()
        assert 0 in streamer.loaded  # the root is above everything
    assert streamer.residents.n_features < 2 * len(streamer.loaded) * SIDE * SIDE


def test_the_target_of_a_flight_is_loaded_ahead(made):
    streamer = made(BoxStream(7))
    settle(streamer, FAR)
    far_away = look_from((20_000, 19_800, 150), (20_000, 20_060, 0))
    settle(streamer, NEAR, ahead=far_away)
    limit = time.monotonic() + 10
    while not streamer.is_idle and time.monotonic() < limit:
        streamer.collect(NS_PER_S)
        streamer.choose(NEAR, ahead=far_away)
    assert streamer.choose(far_away).is_complete


def test_what_is_no_longer_wanted_is_given_up(made):
    import threading

    source = BoxStream(7)
    source.gate = threading.Event()
    streamer = made(source, n_workers=1)
    streamer.choose(FAR)
    limit = time.monotonic() + 10
    while not streamer.loading and time.monotonic() < limit:
        time.sleep(0.001)
    away = look_from((0, 0, 900_000), (0, 0, 1_000_000))  # the sky
    while not streamer.is_idle and time.monotonic() < limit:
        streamer.collect(NS_PER_S)
        streamer.choose(away)
    assert source.loads == []
    assert streamer.is_idle
    assert not streamer.loaded
    source.gate.set()
    settle(streamer, FAR)
    assert streamer.loaded


def test_missing_tiles_are_named_once_and_the_rest_stays(made):
    source = BoxStream(2)
    source.missing = {"2/1/1", "1/1/0/more"}
    streamer = made(source)
    cut = settle(streamer, look_from((0, -1200, 900), (0, 0, 0)))
    (status,) = streamer.status()
    assert sorted(key for key, _ in status.missing) == ["1/1/0", "2/1/1"]
    assert "missing" in status.sentence
    assert "Boxes" in status.sentence
    keys = {streamer.tree.records[node].key for node in cut.drawn.tolist()}
    assert "1/0/0" in keys  # all that is seen of its children is missing
    n_loads = len(source.loads)
    settle(streamer, look_from((0, -1210, 900), (0, 0, 0)))
    assert len(source.loads) == n_loads


def test_an_unreachable_tile_is_tried_again_later_and_its_parent_stands_in(made):
    clock = Skewed()
    source = BoxStream(2)
    source.down = {"2/1/1"}
    streamer = made(source, clock=clock)
    look = look_from((-300, -1200, 900), (-300, -100, 0))
    cut = settle(streamer, look)
    (status,) = streamer.status()
    assert [key for key, _ in status.waiting] == ["2/1/1"]
    assert 0.0 < status.retry_in_s <= 1.5
    keys = {streamer.tree.records[node].key for node in cut.drawn.tolist()}
    assert "1/0/0" in keys
    assert "2/0/0" not in keys
    source.down = set()
    clock.ahead_ns += 3 * NS_PER_S
    cut = settle(streamer, look)
    keys = {streamer.tree.records[node].key for node in cut.drawn.tolist()}
    assert "2/1/1" in keys
    assert "1/0/0" not in keys
    assert streamer.status()[0].sentence == ""


def test_back_off_doubles_up_to_a_minute_and_is_spread():
    spans = [back_off_ns(tries, 7) / NS_PER_S for tries in range(12)]
    assert all(0.5 * 2**n <= span <= 1.5 * 2**n for n, span in enumerate(spans[:6]))
    assert all(30 <= span <= 90 for span in spans[6:])
    assert len({back_off_ns(3, node) for node in range(50)}) > 40


def test_a_server_that_never_answers_is_left_alone_for_a_while():
    book = FailureBook("a", "City server")
    for node in range(3):
        book.note_unreachable(("load", node), f"tile {node}", "no answer", 0)
    assert book.paused_until_ns > 0
    book.note_success(("load", 7))
    assert book.paused_until_ns == 0


def test_closing_frees_every_row(made):
    residents = ResidentFeatures(city_of_boxes().features)
    streamer = made(BoxStream(2), residents=residents)
    settle(streamer, FAR)
    streamer.close()
    assert [each.source_id for each in residents.ranges] == [""]
    assert residents.reserve(1) == 9
    assert streamer.sources[0].closed


# -- residents ------------------------------------------------------------------------------


def table_of(ids, **attributes):
    from twin.city.asset import FeatureTable

    n = len(ids)
    return FeatureTable(
        ids=ids,
        kind_names=("Building", "Road"),
        kind_codes=(np.arange(n) % 2).astype(np.uint16),
        parents=np.array([-1, *([0] * (n - 1))], np.int32),
        bounds_min_max_local_m=np.tile(np.arange(6, dtype=np.float32), (n, 1)),
        attributes=attributes,
    )


def admitted(residents, ids, **attributes):
    table = table_of(ids, **attributes)
    first = residents.reserve(len(ids))
    residents.admit(ResidentRange(first, table, "s", {i: row for row, i in enumerate(ids)}))
    return first


def test_rows_of_what_was_read_whole_stay_first():
    city = resident_city(city_of_boxes())
    whole = city_of_boxes().features
    features = city.features
    first = admitted(features, ["x", "y"])
    assert first == whole.n_features == features.n_whole
    assert list(features.ids[: len(whole.ids)]) == list(whole.ids)
    assert features.kind(first + 1) == "Road"
    assert features.parents[first + 1] == first
    assert resident_city(city) is city


def test_a_feature_in_two_tiles_has_two_rows_and_one_id():
    features = ResidentFeatures()
    coarse, fine = admitted(features, ["a", "b"]), admitted(features, ["b", "c"])
    assert features.rows_of("b").tolist() == [coarse + 1, fine]
    assert features.row_of("b") == fine
    assert features.row_of("nobody") == -1


def test_pinned_rows_stay_until_they_are_let_go():
    features = ResidentFeatures()
    first = admitted(features, ["a", "b"])
    features.pin(first + 1)
    features.dismiss(first)
    assert features.ids[first + 1] == "b"
    assert features.reserve(1) != first
    version = features.version
    features.unpin(first + 1)
    assert features.ids[first] == ""
    assert features.kind(first) == FREE_KIND
    assert np.isnan(features.bounds_min_max_local_m[first]).all()
    assert features.version > version
    assert features.reserve(2) == first


def test_columns_join_and_follow_tiles_as_they_come_and_go():
    features = ResidentFeatures()
    a = admitted(features, ["a", "b"], height=np.array([1.0, 2.0]))
    assert features.attributes["height"].tolist() == [1.0, 2.0]
    b = admitted(features, ["c"], height=np.array([9.0]), use=np.array(["shop"], object))
    assert features.attributes["height"][b] == 9.0
    assert features.attributes["use"].tolist() == [None, None, "shop"]
    features.dismiss(a)
    assert np.isnan(features.attributes["height"][a])
    assert set(features.attributes) == {"height", "use"}
    admitted(features, ["d", "e"], height=np.array(["low", None], object))
    assert features.attributes["height"].tolist() == ["low", None, "9"]


def test_rows_given_back_are_joined_and_shrink_the_end():
    features = ResidentFeatures()
    firsts = [features.reserve(10) for _ in range(3)]
    features.give_back(firsts[0], 10)
    features.give_back(firsts[1], 10)
    assert features.reserve(20) == 0
    features.give_back(0, 20)
    features.give_back(firsts[2], 10)
    assert features.reserve(5) == 0


class Beside:
    """A source's own table."""

    columns = ("owner", "built")

    def values(self, column, rows):
        return rows * 100.0 if column == "built" else np.array([f"owner {r}" for r in rows], object)

    def attributes_of(self, row):
        return {"owner": f"owner {row}"}

    def statistics(self, column):
        return (0.0, 50.0) if column == "height" else None


def test_a_sources_own_table_completes_what_its_tiles_bring():
    features = ResidentFeatures()
    first = admitted(features, ["a"], row=np.array([7.0]), height=np.array([3.0]))
    features.set_table("s", Beside())
    assert features.attributes_of(first) == {"height": 3.0, "owner": "owner 7"}
    assert features.statistics("height") == (0.0, 50.0)
    assert features.statistics("use") is None


# -- budget, governor, queue ----------------------------------------------------------------


def test_the_budget_settles_instead_of_swinging():
    budget = MemoryBudget(100)
    for _ in range(5):
        assert budget.fit(1000, 100, b"here")
    tight = budget.coarser
    assert not budget.fit(10, 100, b"here")  # in the view that was too much it stays
    assert budget.fit(10, 100, b"there")
    assert budget.coarser < tight
    assert not budget.fit(int(100 * AMPLE) + 1, 100, b"elsewhere")
    for step in range(10):
        budget.fit(10, 100, str(step).encode())
    assert budget.coarser == 1.0


def drive(governor, took_ms, n, now_ns=0):
    for _ in range(n):
        now_ns += NS_PER_S // 30
        governor.note_view(has_moved=True, now_ns=now_ns)
        governor.note_frame(took_ms)
    return now_ns


def test_slow_frames_make_a_moving_city_coarser_and_a_still_one_is_drawn_in_full():
    governor = FrameGovernor(20.0)
    now_ns = drive(governor, 120.0, 20)
    assert governor.coarser > 2.0
    assert not governor.draws_edges
    assert governor.note_view(has_moved=False, now_ns=now_ns + STILL_NS)
    assert governor.coarser == 1.0
    assert governor.draws_edges
    now_ns += NS_PER_S
    governor.note_view(has_moved=True, now_ns=now_ns)
    assert governor.coarser > 2.0  # remembered: the first moving frame is quick too


def test_between_slow_and_quick_nothing_changes_and_quick_frames_bring_detail_back():
    governor = FrameGovernor(20.0)
    now_ns = drive(governor, 120.0, 10)
    coarse = governor.coarser
    now_ns = drive(governor, 45.0, 50, now_ns)
    assert governor.coarser == coarse
    drive(governor, 15.0, 200, now_ns)
    assert governor.coarser == 1.0


def test_frames_of_a_still_camera_do_not_count():
    governor = FrameGovernor(20.0)
    for _ in range(20):
        governor.note_frame(500.0)
    governor.note_view(has_moved=True, now_ns=NS_PER_S)
    assert governor.coarser == 1.0


def test_the_most_useful_request_is_done_first_and_results_are_bounded():
    import threading

    begun, gate = [], threading.Event()

    def work(key, _is_cancelled):
        begun.append(key)
        gate.wait(10)
        if key == "bad":
            raise ValueError(key)
        return key.upper()

    queue = RequestQueue(work, n_workers=1, most_finished=2, name="test")
    try:
        queue.want(["a"])
        limit = time.monotonic() + 10
        while not begun and time.monotonic() < limit:
            time.sleep(0.001)
        queue.want(["a", "z", "c", "d"])
        gate.set()
        while len(queue.running) < 2 and time.monotonic() < limit:
            time.sleep(0.001)
        taken = []
        while len(taken) < 4 and time.monotonic() < limit:
            done = queue.take_finished()
            if done is not None:
                taken.append(done.made)
        assert taken == ["A", "Z", "C", "D"]
        assert queue.is_idle
    finally:
        assert queue.close() == []


class Numbered(BoxStream):
    """Boxes that know their row of a table beside the tiles."""

    def load(self, node, is_cancelled):
        from dataclasses import replace

        content = super().load(node, is_cancelled)
        table = content.features
        more = {"row": np.arange(table.n_features, dtype=float)}
        return replace(content, features=replace(table, attributes={**table.attributes, **more}))


def test_columns_beside_the_tiles_are_brought_for_what_is_loaded_and_what_comes(made):
    streamer = made(Numbered(3))
    settle(streamer, FAR)
    features = streamer.residents
    features.set_table("boxes", Beside())
    assert "built" in features.attributes
    assert np.isnan(features.attributes["built"]).all()
    settle(streamer, FAR)
    for look in (FAR, NEAR):
        settle(streamer, look)
        for tile in streamer.loaded.values():
            first = tile.rows.first
            assert features.attributes["built"][first : first + 3].tolist() == [0.0, 100.0, 200.0]
    assert features.attributes_of(tile.rows.first + 5)["owner"] == "owner 5"


def test_a_table_that_cannot_be_read_leaves_the_tiles_alone(made):
    from twin.errors import TwinError

    class Broken(Beside):
        def values(self, column, rows):
            raise TwinError("The feature table cannot be read")

    streamer = made(Numbered(2))
    settle(streamer, FAR)
    streamer.residents.set_table("boxes", Broken())
    streamer.residents.want("built")
    cut = settle(streamer, FAR)
    assert len(cut.drawn)
    assert "cannot be read" in streamer.status()[0].sentence
