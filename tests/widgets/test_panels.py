"""Every panel of the registry, present and future: opens, refreshes, lets go, leaks nothing."""

from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import getCppPointer

from tests.widgets.panel_fixtures import *  # noqa: F403
from tests.widgets.panel_world import World
from twin.session import ComposeRequest, Selection
from twin.signals import Signal
from twin.theme import load_theme
from widgets.icons import icon_names
from widgets.layer_list import Legend
from widgets.panel import PanelContext, panel_registry

PANELS = panel_registry().ids()
SELECTIONS = (
    Selection(),
    Selection(thing_id="road-0"),
    Selection(thing_id="gone"),
    Selection(unit_id="amb-1"),
    Selection(unit_id="gone"),
    Selection(feature=1),
    Selection(feature=99),
)


def signals_of(context: PanelContext) -> dict[str, Signal]:
    owners = (context.session, context.layers, context)
    found = {}
    for owner in owners:
        names = getattr(owner, "__slots__", None) or vars(owner)
        for name in names:
            value = getattr(owner, name)
            if isinstance(value, Signal):
                found[f"{type(owner).__name__}.{name}"] = value
    return found


def address(widget: QWidget) -> int:
    """Of the widget itself: Python's object for it may be another one each time."""
    return int(getCppPointer(widget)[0])


def delete_later_now() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()


def test_the_registry_holds_the_six_panels() -> None:
    assert set(PANELS) >= {"layers", "sensors", "inspector", "commands", "activity", "health"}


@pytest.mark.parametrize("panel_id", PANELS)
def test_record_names_an_icon_that_exists(panel_id: str) -> None:
    assert panel_registry()[panel_id].icon in icon_names()


@pytest.mark.parametrize("panel_id", PANELS)
def test_opens_and_refreshes_an_empty_session(panel_id, open_panel, world: World) -> None:
    panel = open_panel(panel_id)
    panel.refresh()
    for selection in SELECTIONS:
        world.session.select(selection)
        panel.refresh()
    assert not panel.grab().isNull()


@pytest.mark.parametrize("panel_id", PANELS)
def test_follows_a_session_that_fills(panel_id, open_panel, world: World) -> None:
    panel = open_panel(panel_id)
    world.history()
    world.fill(n_steps=20)
    world.collaborate()
    panel.refresh()
    for selection in SELECTIONS:
        world.session.select(selection)
        world.clock.advance_s(1.0)
        world.observe("road-0/traffic_speed", 31.0)
        panel.refresh()
        assert not panel.grab().isNull()


#: Panels that paint nothing themselves here: the window's style sheet gives all their colours.
DRESSED_BY_THE_WINDOW = {"alarms", "event_rules", "in_view", "past", "script"}


@pytest.mark.parametrize("panel_id", PANELS)
def test_follows_a_change_of_theme(panel_id, open_panel, full_world, context) -> None:
    context.layers.show_legend(Legend(title="Year", vmin=1900, vmax=2000, ramp="cividis"))
    full_world.collaborate()
    panel = open_panel(panel_id)
    full_world.session.select(Selection(thing_id="road-0"))
    panel.refresh()
    light = panel.grab().toImage()
    context.theme_changed.emit(load_theme("dark"))
    assert context.theme_changed.n_handlers == 1
    assert panel.inks.theme.name == "dark"
    if panel_id not in DRESSED_BY_THE_WINDOW:
        assert panel.grab().toImage() != light


@pytest.mark.parametrize("panel_id", PANELS)
def test_release_disconnects_every_signal(panel_id, full_world, context, qtbot) -> None:
    before = {name: signal.n_handlers for name, signal in signals_of(context).items()}
    assert len(before) >= 8
    panel = panel_registry()[panel_id].create(context)
    qtbot.addWidget(panel)
    during = {name: signal.n_handlers for name, signal in signals_of(context).items()}
    assert during != before
    full_world.session.select(Selection(thing_id="road-0"))
    panel.refresh()
    panel.release()
    after = {name: signal.n_handlers for name, signal in signals_of(context).items()}
    assert after == before
    assert context.bridge.n_timers == 0


@pytest.mark.parametrize("panel_id", PANELS)
def test_leaves_no_top_level_widget(panel_id, full_world, context, qtbot) -> None:
    delete_later_now()
    before = set(map(address, QApplication.topLevelWidgets()))
    panel = panel_registry()[panel_id].create(context)
    panel.show()
    for selection in SELECTIONS:
        full_world.session.select(selection)
        panel.refresh()
    full_world.session.compose(ComposeRequest(target_id="gate-0"))
    panel.release()
    panel.close()
    panel.deleteLater()
    del panel
    delete_later_now()
    left = [w for w in QApplication.topLevelWidgets() if address(w) not in before]
    assert left == []
