"""Features that are not loaded: found while typing, selected when they are there."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.city.asset import FeatureTable
from twin.city.feature_file import Found
from twin.city.resident_range import ResidentRange
from twin.city.residents import ResidentFeatures
from twin.session import Selection
from widgets.find_late import LateIndex
from widgets.parts.feature_lookup import FeatureLookup
from widgets.pending_selection import PendingSelection


def found(name: str) -> Found:
    return Found(row=0, id=f"id-{name}", name=name, kind="Building", bounds=(0.0,) * 6)


class Shelf:
    """Looks up slowly: each look-up waits until it is let go on."""

    columns = ("storeys",)
    n_features = 9

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_go = threading.Event()

    def find(self, text, limit):
        self.asked.append(text)
        assert self.may_go.wait(10)
        return [found(f"{text} {number}") for number in range(limit)]

    def attributes_of(self, _row):
        assert self.may_go.wait(10)
        return {"storeys": 4.0}


def table(merged: float) -> FeatureTable:
    return FeatureTable(
        ids=["far-away"],
        kind_names=("Building",),
        kind_codes=np.zeros(1, np.uint16),
        parents=np.full(1, -1, np.int32),
        bounds_min_max_local_m=np.ones((1, 6), np.float32),
        attributes={
            "row": np.array([7.0]),
            "merged": np.array([merged]),
            "name": np.array(["The mill"], object),
        },
    )


@pytest.fixture
def live(world):
    features = ResidentFeatures()
    from dataclasses import replace

    world.session.city = replace(world.session.city, features=features)
    return features


def admit(features, merged=1.0):
    features.admit(ResidentRange(features.reserve(1), table(merged), "city"))


def test_only_the_last_text_is_looked_up_after_the_one_under_way(context, qtbot):
    shelf, ready = Shelf(), []
    index = LateIndex(
        bridge=context.bridge, look=shelf.find, ready=lambda: ready.append(index.is_busy)
    )
    assert index.search("m", 6) == []
    assert not index.is_busy  # one letter is not looked up
    for text in ("mi", "mil", "mill", "mill st"):
        assert index.search(text, 6) == []
    assert index.is_busy
    shelf.may_go.set()
    qtbot.waitUntil(lambda: bool(ready), timeout=10_000)
    assert shelf.asked == ["mi", "mill st"]
    assert ready == [False]
    hits = index.search("mill st", 6)
    assert [index.found(hit.row).name for hit in hits] == [f"mill st {n}" for n in range(6)]
    assert shelf.asked == ["mi", "mill st"]  # known now


def test_a_failing_look_up_finds_nothing_and_ends(context, qtbot):
    def look(_text, _limit):
        raise OSError("gone")

    ready = []
    index = LateIndex(bridge=context.bridge, look=look, ready=lambda: ready.append(1))
    index.search("mill", 6)
    qtbot.waitUntil(lambda: bool(ready), timeout=10_000)
    assert not index.is_busy
    assert index.search("mill", 6) == []


def test_a_feature_is_selected_when_its_own_tile_has_come(world, live, context, qtbot):
    pending = PendingSelection(world.session, context.bridge)
    pending.want("far-away", "The mill")
    assert pending.is_waiting
    admit(live, merged=30.0)  # a block that stands for thirty: not yet
    admit(live)
    qtbot.waitUntil(lambda: not pending.is_waiting, timeout=10_000)
    assert world.session.selection == Selection(feature=1)


def test_a_block_will_do_when_nothing_finer_comes(world, live, context, qtbot):
    pending = PendingSelection(world.session, context.bridge)
    admit(live, merged=30.0)
    pending.want("far-away", "The mill")
    assert pending.is_waiting
    world.clock.advance_s(10.0)
    qtbot.waitUntil(lambda: not pending.is_waiting, timeout=10_000)
    assert world.session.selection == Selection(feature=0)


def test_another_selection_ends_the_waiting_and_so_does_time(world, live, context, qtbot):
    pending = PendingSelection(world.session, context.bridge)
    pending.want("far-away", "The mill")
    world.session.select(Selection(thing_id="gate-0"))
    assert not pending.is_waiting
    said = []
    world.session.message.connect(said.append)
    pending.want("far-away", "The mill")
    world.clock.advance_s(60.0)
    qtbot.waitUntil(lambda: bool(said), timeout=10_000)
    assert said[0].startswith("The mill is not loaded")
    assert not pending.is_waiting
    assert live.n_features == 0


def test_attributes_of_a_streamed_feature_come_later_without_a_halt(world, live, context, qtbot):
    shelf, came = Shelf(), []
    live.set_table("city", shelf)
    admit(live)
    lookup = FeatureLookup(world.session, context.bridge, lambda: came.append(1))
    assert lookup.attributes(0) == {"name": "The mill"}
    assert lookup.attributes(0) == {"name": "The mill"}  # asked once, still under way
    shelf.may_go.set()
    qtbot.waitUntil(lambda: bool(came), timeout=10_000)
    assert lookup.attributes(0) == {"name": "The mill", "storeys": 4.0}
    assert came == [1]
    assert lookup.attributes(99) == {}
