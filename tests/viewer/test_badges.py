"""A click on a badge goes nearer until what it stands for is seen apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from scenes.pick import Pick
from tests.viewer.views_rig import Console, opened_console, wait_for_rest
from twin.sense.model import Announcement, Datastream, Thing
from viewer.hover import card_text


@pytest.fixture
def console(qtbot: QtBot) -> Iterator[Console]:
    yield from opened_console(qtbot)


def announce_crowd(console: Console, n: int) -> None:
    rng = np.random.default_rng(4)
    things = tuple(
        Thing(id=f"s{i}", name=f"Station {i}", kind="sensor", xyz=(float(x), float(y), 0.0))
        for i, (x, y) in enumerate(rng.uniform(-14.0, 14.0, (n, 2)))
    )
    streams = tuple(
        Datastream(index=i, id=f"{one.id}/noise", thing_id=one.id, observed_property="noise")
        for i, one in enumerate(things)
    )
    store, now_ns = console.session.observations, console.clock.now_ns()
    store.announce(Announcement(source="crowd", epoch="e", things=things, datastreams=streams))
    slots = np.array([store.slot_of(stream.id) for stream in streams])
    store.add(slots, np.full(n, now_ns), np.full(n, 50.0), np.zeros(n, np.uint8), now_ns)


@pytest.mark.display
def test_a_badge_opens_with_clicks(console: Console, qtbot: QtBot) -> None:
    announce_crowd(console, 9)
    pane = console.first
    pane.scene.camera.home(animated=False)
    pane.scene.camera.reduced_motion = True
    pane.driver.hurry()
    symbols = pane.scene.stage.symbols
    qtbot.waitUntil(lambda: len(symbols.stood_for) > 3, timeout=10_000)
    wait_for_rest(qtbot, pane)
    largest, distance_m = len(symbols.stood_for), pane.scene.camera.distance_m
    for _ in range(8):
        badges = symbols._badges
        if not len(badges.counts):
            break
        place = tuple(badges.middles_local_m[int(np.argmax(badges.counts))].tolist())
        at_px = pane.scene.pixel_from_local(place)
        assert at_px is not None
        pane.viewport.clicked.emit(at_px)
        assert pane.scene.camera.distance_m < distance_m
        distance_m = pane.scene.camera.distance_m
        wait_for_rest(qtbot, pane)
    assert len(symbols.stood_for) < largest
    assert not console.session.selection.thing_id
    assert not len(symbols._badges.counts)


def test_the_card_of_a_badge_says_how_many(console: Console) -> None:
    pick = Pick(xyz_local_m=(0.0, 0.0, 0.0), n_stood_for=12, spread_m=8.0)
    assert card_text(console.session, pick) == ("12 sensors", [], "Click to come nearer")


def test_a_click_gives_the_form_that_asked_a_place_and_selects_nothing(console: Console) -> None:
    found: list[tuple[float, float, float]] = []
    console.session.ask_point(found.append)
    console.first.driver.picks.take(None)  # a click into the sky is no place
    console.first.driver.picks.take(Pick(xyz_local_m=(4.0, 5.0, 6.0), thing_id="s1"))
    assert found == [(4.0, 5.0, 6.0)]
    assert not console.session.selection.thing_id
    console.first.driver.picks.take(Pick(xyz_local_m=(4.0, 5.0, 6.0), thing_id="s1"))
    assert console.session.selection.thing_id == "s1"
