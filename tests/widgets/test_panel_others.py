"""Activity wording, layers, inspector and health."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QPushButton

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.clock import NS_PER_S
from twin.commanding import command_types
from twin.sense.feeds import FeedStats
from twin.sense.model import Announcement, Datastream, Thing
from twin.session import Selection
from widgets.layer_list import LayerEntry, Legend
from widgets.parts.command_words import phrase
from widgets.parts.sparkline import sparkline
from widgets.parts.wording import (
    age_text,
    clock_text,
    elapsed_text,
    kind_title,
    number_text,
    property_title,
    value_text,
)


def sentences(panel) -> list[str]:
    return [panel.model.index(row).data() for row in range(panel.model.rowCount())]


# -- activity -------------------------------------------------------------------------------


def test_activity_in_words(full_world, open_panel) -> None:
    said = sentences(open_panel("activity"))
    assert said[:6] == [
        "Ben wrote to Traffic: Close Harbour Street, please",
        "Ada wrote to everybody in the room: Closing @Pump 1",
        "Ben wrote to everybody in the room: Fire at the harbour",
        "Ben marked the note “Leak”",
        "Ben marked the area “Cordon east”",
        "Ben (fire) joined",
    ]
    assert said[6] == "Ben (control room) noted: Parade starts at three"
    assert "Ada (traffic) closed Harbour Street – verified by traffic flow 12 veh/h" in said
    assert "Ada (traffic) asked to dispatch Ambulance 1" in said
    assert (
        "Start Pump 1, asked for by Ada (traffic): failed – The pump reports a blocked inlet"
        in said
    )
    assert said[-2:] == ["Ada (traffic) joined", "The hub started"]
    assert not any("queued" in sentence for sentence in said)


def test_activity_shows_every_step_on_request(full_world, open_panel) -> None:
    panel = open_panel("activity")
    n = panel.model.rowCount()
    panel.all_steps.setChecked(True)
    assert panel.model.rowCount() > n
    assert "Dispatch Ambulance 1: running – On its way" in sentences(panel)


def test_activity_filter(full_world, open_panel) -> None:
    panel = open_panel("activity")
    panel.text.setText("ada HARBOUR")
    assert len(sentences(panel)) == 2, sentences(panel)
    panel.text.setText("nothing like it")
    assert sentences(panel) == []
    assert "Clear it" in panel._empty.sentence()


def test_activity_grows_at_the_top_and_selects_its_target(full_world, open_panel, qtbot) -> None:
    panel = open_panel("activity")
    QAbstractItemModelTester(panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    full_world.give("road.close", "road-4", "Canal Street")
    full_world.session.poll()
    assert sentences(panel)[0] == "Ada (traffic) asked to close Canal Street"
    where = panel.list.visualRect(panel.model.index(0)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert full_world.session.selection == Selection(thing_id="road-4")
    panel.text.setText("dispatch ambulance")
    panel.list.activated.emit(panel.model.index(0))
    assert full_world.session.selection == Selection(unit_id="amb-1")


# -- layers ---------------------------------------------------------------------------------


def test_layer_controls_come_from_the_state(full_world, open_panel, layers) -> None:
    panel = open_panel("layers")
    told: list[LayerEntry] = []
    layers.changed.connect(told.append)
    row = panel.rows["symbols"]
    row.check.setChecked(False)
    assert (told[-1].id, told[-1].visible) == ("symbols", False)
    slider = row.form.controls["size_px"].editor.focusProxy()
    slider.setValue(slider.maximum())
    assert told[-1].state.size_px == pytest.approx(32.0)
    assert told[-1].state.most == 120
    row.form.controls["labels"].editor.setChecked(False)
    assert told[-1].state.labels is False
    assert panel.rows["buildings"].fold.isHidden()


def test_layer_controls_follow_changes_from_elsewhere(open_panel, layers) -> None:
    panel = open_panel("layers")
    layers.set_visible("buildings", False)
    layers.set_field("symbols", "most", 30)
    assert not panel.rows["buildings"].check.isChecked()
    assert panel.rows["symbols"].form.controls["most"].read() == 30


def test_colour_by_offers_what_is_there(world, open_panel) -> None:
    panel = open_panel("layers")
    before = [panel.colour_by.itemText(i) for i in range(panel.colour_by.count())]
    assert before[0] == "Plain model"
    assert "Traffic speed" not in before
    world.fill(n_steps=1)
    panel.refresh()
    after = [panel.colour_by.itemText(i) for i in range(panel.colour_by.count())]
    assert {"Traffic speed", "Water level", "year", "roof type"} <= set(after)
    panel.colour_by.setCurrentIndex(panel.colour_by.findData("traffic_speed"))
    panel.colour_by.activated.emit(panel.colour_by.currentIndex())
    assert world.session.colour_by == "traffic_speed"
    assert panel.ramp.isVisible()
    world.session.colour_city_by("")
    assert panel.colour_by.currentText() == "Plain model"
    assert not panel.ramp.isVisible()


def test_legend_paints_the_ramp_with_its_ends(open_panel, layers) -> None:
    panel = open_panel("layers")
    assert panel.legend.isHidden()
    layers.show_legend(Legend(title="Speed", unit="km/h", vmin=0, vmax=60, ramp="cividis"))
    assert panel.legend.isVisible()
    image = panel.legend.grab().toImage()
    left, right = image.pixelColor(2, 24), image.pixelColor(image.width() - 84, 24)
    assert left.blue() > left.red()
    assert right.red() > 200 > right.blue()


def test_ramp_choice_is_told(open_panel, layers) -> None:
    panel = open_panel("layers")
    panel.ramp.setCurrentIndex(panel.ramp.findData("batlow"))
    panel.ramp.activated.emit(panel.ramp.currentIndex())
    assert layers.ramp == "batlow"


# -- inspector ------------------------------------------------------------------------------


def offered(panel) -> list[str]:
    """Buttons for commands, those that were taken away left out."""
    layout = panel._commands_layout
    return [layout.itemAt(i).widget().full_text for i in range(layout.count())]


def test_inspector_of_a_thing(full_world, open_panel) -> None:
    panel = open_panel("inspector")
    full_world.session.select(Selection(thing_id="road-0"))
    assert panel.title.text() == "Harbour Street"
    assert panel.subtitle.text() == "Road segment · traffic"
    assert offered(panel) == ["Close road…", "Open road…"]
    assert panel.streams.rowCount() == 3
    panel.refresh()
    _x, y = panel.plot._curve.getData()
    slot = panel.table.currentIndex().data(Qt.ItemDataRole.UserRole)
    assert np.array_equal(y, full_world.store.history_of(slot)[1])
    assert full_world.store.datastreams[slot].observed_property == "traffic_flow"


def test_inspector_plot_goes_on(full_world, open_panel) -> None:
    panel = open_panel("inspector")
    full_world.session.select(Selection(thing_id="road-0"))
    full_world.clock.advance_s(1.0)
    full_world.observe("road-0/traffic_flow", 777.0)
    panel.refresh()
    assert panel.plot._curve.getData()[1][-1] == 777.0
    assert "777" in panel.sentence.text()


def test_inspector_button_opens_the_form(full_world, open_panel, context) -> None:
    panel = open_panel("inspector")
    full_world.session.select(Selection(thing_id="gate-0"))
    commands = open_panel("commands")
    panel.commands.findChildren(QPushButton)[-1].click()
    assert full_world.session.compose_request.type_id == "gate.set"
    assert commands.composer.review.full_text == "Set North gate…"


def test_inspector_cannot_fly_to_what_tells_no_position(full_world, open_panel) -> None:
    thing = Thing(id="roof-1", name="Roof sensor", kind="air_station", xyz=(math.nan,) * 3)
    full_world.store.announce(Announcement(source="late", epoch="1", things=(thing,)))
    panel = open_panel("inspector")
    full_world.session.select(Selection(thing_id="roof-1"))
    assert not panel.fly.isEnabled()
    assert panel.fly.toolTip() == "This sensor tells no position"
    full_world.session.select(Selection(thing_id="road-0"))
    assert panel.fly.isEnabled()
    assert panel.fly.toolTip() == ""


def test_inspector_of_a_building_part(full_world, open_panel) -> None:
    panel = open_panel("inspector")
    full_world.session.select(Selection(feature=1))
    facts = dict(panel.facts.facts._facts)
    assert panel.subtitle.text() == "Building part"
    assert facts["Part of"] == "Town hall"
    assert facts["roof type"] == "flat"
    assert facts["year"] == "1931"
    assert panel.streams.datastream(0).id == "gate-0/gate_opening"
    assert offered(panel) == ["Set North gate…"]


def test_inspector_of_a_unit(full_world, open_panel) -> None:
    panel = open_panel("inspector")
    full_world.session.select(Selection(unit_id="amb-1"))
    facts = dict(panel.facts.facts._facts)
    assert facts["Speed"] == "29 km/h"
    assert facts["Heading"] == "90°, east"
    assert facts["Position"].startswith("52.0")
    assert offered(panel) == ["Dispatch unit…"]


def test_inspector_flies_to_what_is_selected(full_world, open_panel) -> None:
    panel = open_panel("inspector")
    flights = []
    full_world.session.fly_to_requested.connect(flights.append)
    full_world.session.select(Selection(thing_id="road-1"))
    panel.fly.click()
    assert flights[0][:2] == (80.0, 30.0)


def test_inspector_shows_what_is_announced_later(world, open_panel) -> None:
    panel = open_panel("inspector")
    world.session.select(Selection(thing_id="road-0"))
    assert panel._subject is None
    world.fill(n_steps=2)
    panel.refresh()
    assert panel.title.text() == "Harbour Street"
    assert panel.streams.rowCount() == 3
    assert not panel.table.isHidden()


def test_inspector_shows_datastreams_announced_after_their_thing(world, open_panel) -> None:
    thing = Thing(id="s", name="Gauge", kind="river_gauge")
    world.store.announce(Announcement(source="x", epoch="e", things=(thing,)))
    panel = open_panel("inspector")
    world.session.select(Selection(thing_id="s"))
    assert panel.table.isHidden()
    stream = Datastream(index=0, id="s/rain", thing_id="s", observed_property="rain")
    world.store.announce(Announcement(source="x", epoch="e", datastreams=(stream,)))
    panel.refresh()
    assert not panel.table.isHidden()
    assert panel.streams.index(0, 1).data() == "Rain"


# -- health ---------------------------------------------------------------------------------


def test_health_lists_odd_datastreams_in_words(full_world, open_panel) -> None:
    panel = open_panel("health")
    QAbstractItemModelTester(panel.odd, QAbstractItemModelTester.FailureReportingMode.Fatal)
    said = [panel.odd.index(row).data() for row in range(panel.odd.rowCount())]
    assert any(s.startswith("Canal Street, traffic speed: No samples for") for s in said)
    assert any("marks this value as suspect" in s for s in said)
    assert any(s.endswith("No samples yet") for s in said)
    n_odd = panel.odd.rowCount()
    full_world.clock.advance_s(600.0)
    panel.refresh()
    assert panel.odd.rowCount() == len(full_world.store.datastreams) > n_odd


def test_health_selects_the_thing(full_world, open_panel) -> None:
    panel = open_panel("health")
    panel.odd_list.activated.emit(panel.odd.index(0))
    slot = int(panel.odd.slots[0])
    thing_id = full_world.store.datastreams[slot].thing_id
    assert full_world.session.selection == Selection(thing_id=thing_id)


def feed(world, **changes) -> FeedStats:
    values = {
        "source": "sim",
        "received": 10,
        "rate_hz": 2512.0,
        "gaps": 2,
        "malformed": 3,
        "unknown": 4,
        "dropped": 5,
        "last_received_ns": world.clock.now_ns(),
        "lag_ms": 12.0,
        "last_error": "Odd frame",
    }
    return FeedStats(**(values | changes))


def test_health_shows_figures_of_feeds(full_world, open_panel) -> None:
    table = open_panel("health").feeds
    QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Fatal)
    table.take((feed(full_world, source="b"), feed(full_world, source="a", rate_hz=1.0)))
    row = [table.index(1, column).data() for column in range(table.columnCount())]
    assert row == ["", "b", "2,512/s", "", "12 ms", "2", "3", "4", "5", "Odd frame"]
    full_world.clock.advance_s(30.0)
    assert table.index(1, 2).data() == "silent 30 s"
    table.take((feed(full_world, received=0, rate_hz=0.0, last_received_ns=0),))
    assert table.index(0, 2).data() == "nothing yet"
    assert "nothing that can be read" in table.sentence(table.feeds[0])


def test_health_tells_what_waits_for_the_hub(full_world, open_panel) -> None:
    full_world.client.submit(full_world.request("pump.stop", "pump-1", "Pump 2"))
    panel = open_panel("health")
    assert panel.link.text().startswith("Hub OFFLINE")
    assert f"event {full_world.client.status().last_seq}" in panel.link.text()


# -- words ----------------------------------------------------------------------------------


def stream(name: str, low: float, high: float, unit: str = "") -> Datastream:
    return Datastream(
        index=0, id=f"a/{name}", thing_id="a", observed_property=name, unit=unit, min=low, max=high
    )


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (age_text(0.4), "now"),
        (age_text(12.2), "12 s"),
        (age_text(150.0), "2 min"),
        (age_text(float("nan")), ""),
        (elapsed_text(3723.0), "1:02:03"),
        (elapsed_text(7.9), "0:07"),
        (number_text(1234.5, span=1800.0), "1,234"),
        (number_text(1.8444, span=4.0), "1.84"),
        (number_text(float("nan")), "–"),
        (value_text(4.0, stream("signal_plan", 1.0, 4.0)), "4"),
        (value_text(2.0, stream("signal_mode", 0.0, 3.0)), "green E–W"),
        (value_text(7.0, stream("signal_mode", 0.0, 3.0)), "7"),
        (value_text(0.5, stream("closed", 0.0, 1.0)), "0.50"),
        (value_text(2.0, stream("water_level", 0.0, 4.0, "m")), "2.00 m"),
        (kind_title("BuildingPart"), "Building part"),
        (kind_title("road_segment"), "Road segment"),
        (property_title("gate_opening"), "Gate opening"),
        (property_title("pm25"), "PM2.5"),
    ],
)
def test_words(told: str, text: str) -> None:
    assert told == text


def test_a_sparkline_fills_its_box_and_leaves_out_gaps() -> None:
    from PySide6.QtCore import QRectF

    box = QRectF(10, 20, 100, 30)
    line = sparkline(np.array([1.0, np.nan, 3.0, 2.0]), box)
    assert [(p.x(), p.y()) for p in line] == [(10.0, 50.0), (60.0, 20.0), (110.0, 35.0)]
    flat = sparkline(np.array([5.0, 5.0]), box)
    assert {p.y() for p in flat} == {35.0}
    assert sparkline(np.array([5.0]), box).isEmpty()


@pytest.mark.parametrize(
    ("type_id", "name", "text"),
    [
        ("road.close", "Harbour Street", "Close Harbour Street"),
        ("signal.set_plan", "Signal 4", "Set signal plan of Signal 4"),
        ("lights.dim", "Street lights Kilnby", "Dim Street lights Kilnby"),
        ("lights.dim", "Quay", "Dim street lights of Quay"),
        ("sign.show", "Quay sign", "Show a text on Quay sign"),
        ("drone.return_home", "Drone 2", "Return Drone 2 home"),
    ],
)
def test_phrases(type_id: str, name: str, text: str) -> None:
    assert phrase(command_types()[type_id], name) == text


def test_long_names_do_not_widen_the_inspector(world, open_panel) -> None:
    name = "Signal Finchgarth Avenue, corner of Millerbrook Way and Upper Station Road"
    thing = Thing(id="s", name=name, kind="signal", accepts=("signal.set_plan",))
    stream = Datastream(
        index=0, id="s/signal_plan", thing_id="s", observed_property="signal_plan", name=name
    )
    world.store.announce(
        Announcement(source="x", epoch="e", things=(thing,), datastreams=(stream,))
    )
    world.observe("s/signal_plan", 1.0)
    panel = open_panel("inspector")
    world.session.select(Selection(thing_id="s"))
    QApplication.processEvents()
    assert panel.facts.window().width() == 360
    assert panel.facts.mapTo(panel, panel.facts.rect().topRight()).x() < 360
    assert offered(panel) == ["Set signal plan…"]
    assert panel.streams.index(0, 1).data() == "Signal plan"


def test_health_filters_by_reason_says_since_when_and_flies_there(open_panel, full_world) -> None:
    panel = open_panel("health")
    stream = full_world.store.datastreams[0]
    slot = np.array([0])
    for step in range(20):
        full_world.clock.advance_s(1.0)
        now_ns = full_world.clock.now_ns()
        ahead_ns = now_ns + 40 * NS_PER_S
        full_world.store.add(slot, np.array([ahead_ns]), np.array([20.0 + step]),
                             np.zeros(1, np.uint8), now_ns)  # fmt: skip
        full_world.session.source_watch.look(now_ns)
    panel.refresh()
    titles = [panel.reason.itemText(row) for row in range(panel.reason.count())]
    clock = next(row for row, title in enumerate(titles) if title.startswith("Wrong clock"))
    assert titles[clock] == "Wrong clock: 1"
    panel.reason.setCurrentIndex(clock)
    assert panel.odd.slots.tolist() == [0]
    said = panel.odd.index(0).data()
    assert "Its clock is 40 s ahead" in said
    since_ns = int(full_world.store.snapshot().doubts.since_ns[0])
    assert said.endswith(f"Since {clock_text(since_ns)}")
    flown = []
    full_world.session.fly_to_requested.connect(flown.append)
    panel.odd_list.activated.emit(panel.odd.index(0))
    assert full_world.session.selection.thing_id == stream.thing_id
    assert flown[0][:2] == (0.0, 30.0)
    empty = next(row for row, title in enumerate(titles) if title.startswith("Noisy"))
    panel.reason.setCurrentIndex(empty)
    assert panel.odd.rowCount() == 0
    assert panel._all_well.text() == "None for this reason"
