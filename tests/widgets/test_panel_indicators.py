"""The indicators panel: values with trends, and down to the observations behind them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.qtbot import QtBot

from tests.widgets.hub_panel import *  # noqa: F403
from tests.widgets.hub_panel import shown
from tests.widgets.hub_world import HubWorld
from twin.session import Selection
from widgets.panels.indicators import IndicatorsPanel


@pytest.fixture
def panel(world: HubWorld, qtbot: QtBot) -> Iterator[IndicatorsPanel]:
    with shown(IndicatorsPanel, world, qtbot, (380, 700)) as made:
        computed(made, qtbot)
        yield made
        computed(made, qtbot)


def computed(panel: IndicatorsPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not panel._is_computing, timeout=10_000)


def row_of(panel: IndicatorsPanel, title: str) -> int:
    titles = [panel.model.index(n).data() for n in range(panel.model.rowCount())]
    return titles.index(title)


def choose(panel: IndicatorsPanel, title: str) -> None:
    panel.list.setCurrentIndex(panel.model.index(row_of(panel, title)))


def told(panel: IndicatorsPanel, title: str) -> str:
    index = panel.model.index(row_of(panel, title))
    return str(index.data(Qt.ItemDataRole.AccessibleTextRole))


def test_values_are_told_and_what_is_missing_where_data_lack(panel: IndicatorsPanel) -> None:
    assert told(panel, "NO2 in the air") == (
        "NO2 in the air, no data, No datastream observes nitrogen dioxide (NO2)"
    )
    assert "µg/m³, Now · from" in told(panel, "PM2.5 in the air")
    assert "No incident has had a unit on scene" in told(panel, "Response time")


def test_each_opens_down_to_the_observations_behind_it(
    world: HubWorld, panel: IndicatorsPanel
) -> None:
    choose(panel, "PM2.5 in the air")
    assert panel.table.isVisible()
    shown = panel.formula.text()
    assert shown.startswith("Mean of the newest values of all stations that are fresh and trusted.")
    assert "Computed from the newest value of each datastream of PM2.5." in shown
    index = panel.model.index(row_of(panel, "PM2.5 in the air"))
    tip = str(index.data(Qt.ItemDataRole.ToolTipRole))
    assert tip == f"PM2.5 in the air: {shown}", "how it is computed, where the pointer rests"
    assert panel.inputs.rowCount() == 4
    names = [panel.inputs.index(n, 0).data() for n in range(4)]
    assert names == ["Station 2", "Station 3", "Station 4", "Station 1"], "what counts comes first"
    assert panel.select_all.isVisible()
    panel.select_all.click()
    assert "air-0" not in world.session.selection.things, "its source marks it as doubtful"
    assert world.session.selection.things == ("air-1", "air-2", "air-3")
    panel.table.setCurrentIndex(panel.inputs.index(1, 0))
    assert world.session.selection == Selection(thing_id="air-2")
    flown: list[object] = []
    world.session.fly_to_requested.connect(flown.append)
    panel.table.activated.emit(panel.inputs.index(1, 0))
    assert len(flown) == 1
    panel.close_it.click()
    assert not panel.table.isVisible()


def test_help_that_came_counts_and_its_trend_begins(
    world: HubWorld, panel: IndicatorsPanel, qtbot: QtBot
) -> None:
    incident = {"id": "i1", "title": "Fire", "kind": "fire", "severity": "severe"}
    world.act("ben", "incident.open", incident)
    world.wait(240.0)
    unit = {"id": "i1", "unit_id": "amb-1", "name": "Ambulance 1", "status": "on_scene"}
    world.act("ben", "incident.unit", unit)
    world.sync()
    computed(panel, qtbot)
    panel.compute()
    computed(panel, qtbot)
    assert "4 min" in told(panel, "Response time")
    choose(panel, "Response time")
    assert "Trend since" in panel.since.text()
    assert not panel.select_all.isVisible(), "units are no sensors"
    panel.table.setCurrentIndex(panel.inputs.index(0, 0))
    assert world.session.selection == Selection(unit_id="amb-1")


def test_nothing_chosen_is_nothing_shown(panel: IndicatorsPanel) -> None:
    choose(panel, "Noise")
    panel.list.setCurrentIndex(QModelIndex())
    assert not panel.table.isVisible()
