"""The sensors table: filters, order, selection, and only what is visible is computed."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.sense.health import Health
from twin.sense.model import Announcement, Datastream, Thing
from twin.session import Selection
from widgets.parts.datastream_table import Column, HealthRole, SortKey, TrendRole


def names(panel) -> list[str]:
    model = panel.model
    return [model.index(row, Column.SENSOR).data() for row in range(model.rowCount())]


def test_text_filter_wants_every_word(full_world, open_panel) -> None:
    panel = open_panel("sensors")
    panel.text.setText("harbour SPEED")
    assert [panel.model.datastream(r).id for r in range(panel.model.rowCount())] == [
        "road-0/traffic_speed"
    ]
    assert "1 of" in panel._count.text()


def test_property_and_health_filters_combine(full_world, open_panel) -> None:
    panel = open_panel("sensors")
    panel.refresh()
    panel.property_choice.setCurrentIndex(panel.property_choice.findData("pm25"))
    n_air = panel.model.rowCount()
    assert n_air == 40
    panel.health_choice.setCurrentIndex(panel.health_choice.findText("Stale"))
    rows = range(panel.model.rowCount())
    assert 0 < len(rows) < n_air
    assert {panel.model.index(r, 0).data(HealthRole) for r in rows} == {Health.STALE}
    assert {panel.model.datastream(r).observed_property for r in rows} == {"pm25"}


def test_nothing_fits_says_what_to_do(full_world, open_panel) -> None:
    panel = open_panel("sensors")
    panel.text.setText("no such thing")
    assert not panel._empty.isHidden()
    assert "Clear the text" in panel._empty.sentence()


def test_header_sorts_by_value(full_world, open_panel) -> None:
    panel = open_panel("sensors")
    panel.property_choice.setCurrentIndex(panel.property_choice.findData("noise"))
    panel.table.sortByColumn(Column.VALUE, Qt.SortOrder.DescendingOrder)
    values = panel.model.values[panel.model.rows]
    finite = values[np.isfinite(values)]
    assert (np.diff(finite) <= 0).all()
    assert panel.model.sorting == (SortKey.VALUE, True)


def test_worst_health_first(full_world, open_panel) -> None:
    panel = open_panel("sensors")
    panel.model.sort_by(SortKey.STATE)
    states = [panel.model.index(r, 0).data(HealthRole) for r in range(panel.model.rowCount())]
    rank = [Health.SUSPECT, Health.STALE, Health.NEVER, Health.FRESH]
    assert [rank.index(s) for s in states] == sorted(rank.index(s) for s in states)
    assert states[0] == Health.SUSPECT


def test_clicking_selects_and_double_clicking_flies(full_world, open_panel, qtbot) -> None:
    panel = open_panel("sensors")
    flights = []
    full_world.session.fly_to_requested.connect(flights.append)
    panel.text.setText("mill lane flow")
    where = panel.table.visualRect(panel.model.index(0, Column.SENSOR)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert full_world.session.selection == Selection(thing_id="road-1")
    assert flights == []
    qtbot.mouseDClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert [flight[:2] for flight in flights] == [(80.0, 30.0)]


def test_enter_flies_from_the_keyboard(full_world, open_panel, qtbot) -> None:
    panel = open_panel("sensors")
    flights = []
    full_world.session.fly_to_requested.connect(flights.append)
    panel.table.selectRow(4)
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert len(flights) == 1


def test_selection_from_elsewhere_marks_the_row(full_world, open_panel) -> None:
    panel = open_panel("sensors")
    full_world.session.select(Selection(thing_id="pump-1"))
    row = panel.table.currentIndex().row()
    assert panel.model.datastream(row).thing_id == "pump-1"
    full_world.session.select(Selection(feature=0))
    assert not panel.table.currentIndex().isValid()
    assert full_world.session.selection == Selection(feature=0)


def test_the_trend_is_the_last_sixty_values(full_world, open_panel) -> None:
    panel = open_panel("sensors")
    row = panel.model.row_of_slot(full_world.store.slot_of("road-0/traffic_flow"))
    trend = panel.model.index(row, Column.TREND).data(TrendRole)
    _t, values = full_world.store.history_of(full_world.store.slot_of("road-0/traffic_flow"))
    assert len(trend) == 60
    assert np.array_equal(trend, values[-60:])


def test_ten_thousand_rows_read_only_what_is_visible(world, open_panel, monkeypatch) -> None:
    panel = open_panel("sensors")
    world.fill(n_stations=4990, n_steps=3)
    panel.refresh()
    assert panel.model.rowCount() > 9_900
    asked: list[int] = []
    real = world.store.history_of
    monkeypatch.setattr(world.store, "history_of", lambda slot: asked.append(slot) or real(slot))
    panel.refresh()
    panel.grab()
    n_fit = panel.table.viewport().height() // panel.table.rowHeight(0) + 2
    assert 0 < len(set(asked)) <= n_fit


def test_new_values_are_told_for_visible_rows_only(full_world, open_panel) -> None:
    panel = open_panel("sensors")
    panel.refresh()
    told = []
    panel.model.dataChanged.connect(
        lambda first, last, _roles: told.append((first.row(), last.row()))
    )
    full_world.observe("road-0/traffic_speed", 12.0)
    panel.refresh()
    first, last = panel._rows_on_screen()
    assert told == [(first, last)]
    assert last < panel.model.rowCount() - 1


def test_a_sensor_without_a_place_is_told(full_world, open_panel) -> None:
    far = Thing(
        id="far", name="Far buoy", kind="river_gauge", frame="geographic", xyz=(100.0, 0.0, 0.0)
    )
    stream = Datastream(
        index=0, id="far/water_level", thing_id="far", observed_property="water_level"
    )
    full_world.store.announce(
        Announcement(source="sea", epoch="e1", things=(far,), datastreams=(stream,))
    )
    panel = open_panel("sensors")
    said, flights = [], []
    full_world.session.message.connect(said.append)
    full_world.session.fly_to_requested.connect(flights.append)
    panel.text.setText("far buoy")
    panel.table.activated.emit(panel.model.index(0, Column.SENSOR))
    assert said == ["This sensor has no place in this city, so it is not on the map"]
    assert flights == []


def test_the_model_keeps_qts_rules(full_world, open_panel) -> None:
    panel = open_panel("sensors")
    tester = QAbstractItemModelTester(
        panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    panel.table.selectRow(7)
    panel.model.sort_by(SortKey.VALUE, descending=True)
    panel.text.setText("street")
    panel.text.clear()
    full_world.observe("road-0/traffic_speed", 12.0)
    panel.refresh()
    del tester


def test_sorting_keeps_the_selected_datastream(full_world, open_panel) -> None:
    panel = open_panel("sensors")
    panel.table.selectRow(5)
    before = panel.model.datastream(panel.table.currentIndex().row()).id
    panel.model.sort_by(SortKey.NAME, descending=True)
    assert panel.model.datastream(panel.table.currentIndex().row()).id == before


def test_a_narrow_table_keeps_names_readable(full_world, open_panel) -> None:
    panel = open_panel("sensors")
    panel.resize(360, 640)
    assert not panel.table.isColumnHidden(Column.TREND)
    panel.resize(230, 640)
    assert panel.table.isColumnHidden(Column.TREND)
    assert panel.table.columnWidth(Column.SENSOR) > 90
