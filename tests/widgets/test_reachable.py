"""The panels of commanding without a mouse and without eyes: what has the keyboard has a name."""

from __future__ import annotations

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
from widgets.panel import panel_registry

PANELS = ("approvals", "board", "commands", "interlocks", "leases", "reviews")


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
