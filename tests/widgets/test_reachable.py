"""The panels of commanding without a mouse and without eyes: what has the keyboard has a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QLineEdit,
    QScrollArea,
    QWidget,
)

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.session import ComposeRequest
from twin.theme import load_theme
from widgets.panel import panel_registry
from widgets.style import apply_theme

PANELS = (
    *("alarms", "anomalies", "approvals", "board", "commands", "interlocks", "leases"),
    *("proposals", "reviews"),
)


def name_of(widget: QWidget) -> str:
    if widget.accessibleName():
        return widget.accessibleName()
    return widget.text() if isinstance(widget, QAbstractButton) else ""


def with_keyboard(panel: QWidget) -> list[QWidget]:
    """What Tab stops at, in the order of the keyboard."""
    found, at = [], panel.nextInFocusChain()
    while at is not panel:
        stops = bool(at.focusPolicy() & Qt.FocusPolicy.TabFocus) and at.isEnabled()
        if panel.isAncestorOf(at) and at.isVisible() and stops:
            found.append(at)
        at = at.nextInFocusChain()
    return found


@pytest.mark.parametrize("panel_id", PANELS)
def test_whatever_takes_the_keyboard_has_a_name(panel_id, full_world, open_panel) -> None:
    ids = full_world.collaborate()
    panel = open_panel(panel_id)
    panel.resize(1200, 900)
    if panel_id == "approvals":
        panel.open(ids["gate"])
    elif panel_id == "commands":
        full_world.session.compose(ComposeRequest(target_id="gate-0", type_id="gate.set"))
    elif panel_id in ("interlocks", "leases", "reviews"):
        panel.list.setCurrentIndex(panel.model.index(1))
    panel.refresh()
    stops = with_keyboard(panel)
    assert len(stops) >= 2
    kinds = (QAbstractButton, QAbstractItemView, QComboBox, QLineEdit)
    inner = (QScrollArea,)
    unnamed = [
        (type(one).__name__, one.parent().accessibleName())
        for one in stops
        if isinstance(one, kinds)
        and not isinstance(one, inner)
        and not name_of(one)
        and not one.parent().accessibleName()
    ]
    assert unnamed == []


def test_the_inbox_is_read_in_the_order_of_its_work(full_world, open_panel) -> None:
    ids = full_world.collaborate()
    panel = open_panel("approvals")
    panel.open(ids["gate"])
    stops = with_keyboard(panel)
    card = panel.card
    wanted = [panel.list, card.text, card.approve, card.deny, card.break_glass]
    order = [stops.index(one) for one in wanted]
    assert order == sorted(order)
    assert panel_registry()["approvals"].key == "Ctrl+J"


NARROW_PX = 240


@pytest.fixture
def dressed(qapp: Any) -> Iterator[None]:
    """The application as the console dresses it."""
    apply_theme(qapp, load_theme("light"))
    yield
    qapp.setStyleSheet("")


@pytest.mark.usefixtures("dressed")
@pytest.mark.parametrize("panel_id", [one for one in PANELS if one not in ("alarms", "board")])
def test_nothing_is_cut_off_in_a_narrow_dock(panel_id, full_world, open_panel, qtbot) -> None:
    ids = full_world.collaborate()
    panel = open_panel(panel_id)
    panel.resize(NARROW_PX, 700)

    def widest() -> int:
        bodies = [area.widget() for area in panel.findChildren(QScrollArea) if area.widget()]
        shown = [body for body in bodies if body.isVisible()]
        return max([panel.minimumSizeHint().width(), *(b.minimumSizeHint().width() for b in shown)])

    if panel_id == "approvals":
        panel.open(ids["gate"])
        qtbot.waitUntil(lambda: widest() <= NARROW_PX)
        panel.card.open_glass()
    elif panel_id == "commands":
        roads = ("road-0", "road-1")
        request = ComposeRequest(target_ids=roads, type_id="road.close", title="2 road segments")
        full_world.session.compose(request)
        panel.composer.schedule.time.show()
        panel.composer.templates.ask_for_name()
        qtbot.waitUntil(lambda: widest() <= NARROW_PX)
        panel.composer.show_confirm_step()
    elif panel_id == "reviews":
        panel.open_form()
    else:
        panel.list.setCurrentIndex(panel.model.index(1))
    qtbot.waitUntil(lambda: widest() <= NARROW_PX)
