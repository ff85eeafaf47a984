"""Every command's form fits into its panel, in a small window and a large one, light and dark."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QScrollBar,
    QStyle,
    QStyleOptionComboBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.viewer.console_parts import PlainView, small_session
from tests.viewer.window_rig import ADA
from twin.commanding import command_types
from twin.sense.model import Announcement, Thing
from twin.session import ComposeRequest
from twin.theme import load_theme
from viewer.main_window import MainWindow
from viewer.settings import Settings
from widgets.bridge import Bridge
from widgets.panel import panel_registry
from widgets.panels.commands import CommandsPanel
from widgets.style import apply_theme

TYPES = tuple(sorted(one.id for one in command_types()))
THINGS = tuple(
    Thing(
        id=f"thing-{type_id}", name="Pumping station at the lower end of Harbour Street",
        kind="thing", xyz=(10.0, 20.0, 0.0), accepts=(type_id,),
    )
    for type_id in TYPES
)  # fmt: skip
SETTLES_MS = 1_000
#: What these are made of is their own affair.
_WHOLE = (QAbstractItemView, QAbstractSpinBox, QComboBox, QPlainTextEdit)


@pytest.fixture(
    params=[((1280, 720), "light"), ((1280, 720), "dark"), ((1920, 1080), "light"),
            ((1920, 1080), "dark")],
    ids=lambda param: f"{param[0][0]}-{param[1]}",
)  # fmt: skip
def panel(request: pytest.FixtureRequest, qtbot: QtBot, tmp_path: Path) -> Iterator[CommandsPanel]:
    """The commands panel in the workspace "Command" of a window with all panels of its column."""
    size, theme = request.param
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, load_theme(theme))
    session, bridge = small_session(), Bridge()
    session.observations.announce(Announcement(source="test", epoch="e", things=THINGS))
    window = MainWindow(
        session=session, bridge=bridge, theme=load_theme(theme),
        viewport=PlainView().as_viewport(), settings=Settings(tmp_path / "w.ini"), operator=ADA,
        panels=[panel_registry()[name] for name in ("layers", "inspector", "commands", "activity")],
    )  # fmt: skip
    window.resize(*size)
    window.show()
    qtbot.waitExposed(window)
    window.show_workspace("command")
    window.reset_layout()
    window.show_panel("commands")
    made = window.docks["commands"].panel
    assert isinstance(made, CommandsPanel)
    qtbot.waitUntil(made.isVisible)
    yield made
    window.close()
    bridge.close()
    window.deleteLater()
    app.setStyleSheet("")


def clipped(scroll: QScrollArea) -> list[str]:
    """What of the visible children is cut off, each in a sentence."""
    found = []
    held = scroll.widget()
    assert held is not None
    for child in held.findChildren(QWidget):
        if not child.isVisible() or isinstance(child, QScrollBar):
            continue
        if any(isinstance(up, _WHOLE) for up in parents(child, held)) or child.layout():
            continue
        # To the top of it; sideways there is no bar, so a person cannot turn it.
        scroll.verticalScrollBar().setValue(child.mapTo(held, QPoint(0, 0)).y())
        scroll.horizontalScrollBar().setValue(0)
        seen = child.visibleRegion().boundingRect()
        least = least_size(child)
        least_h = min(least.height(), scroll.viewport().height())
        if seen.width() < least.width() or seen.height() < least_h:
            of = f"{least.width()} x {least.height()}"
            found.append(f"{told(child)} shows {seen.width()} x {seen.height()} of {of}")
        missing = words_cut(child)
        if missing:
            found.append(f"{told(child)} has no room for “{missing}”")
    return found


def least_size(child: QWidget) -> QSize:
    """What a widget needs: its hint, or the least that the style sheet or its maker has set."""
    hint, least = child.minimumSizeHint(), child.minimumSize()
    height = least.height() or min(hint.height(), child.maximumHeight())
    if isinstance(child, QPlainTextEdit):  # a text that is written, not a line
        height = 3 * child.fontMetrics().lineSpacing()
    return QSize(max(hint.width(), least.width()), height)


def parents(child: QWidget, end: QWidget) -> Iterator[QWidget]:
    """Widgets around a child, up to one."""
    around = child.parentWidget()
    while around is not None and around is not end:
        yield around
        around = around.parentWidget()


def told(child: QWidget) -> str:
    name = child.accessibleName()
    words = child.text() if isinstance(child, QLabel | QAbstractButton) else ""
    return f"{type(child).__name__} {name or words!r}"


def words_cut(child: QWidget) -> str:
    """The words of a choice, a label or a button that are not to be read in full."""
    if isinstance(child, QComboBox) and not child.isEditable():
        option = QStyleOptionComboBox()
        child.initStyleOption(option)
        field: QRect = child.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, child
        )
        words = [child.itemText(row) for row in range(child.count())]
        widest = max(words, key=child.fontMetrics().horizontalAdvance, default="")
        return widest if child.fontMetrics().horizontalAdvance(widest) > field.width() else ""
    if isinstance(child, QAbstractSpinBox):
        room = child.lineEdit().width() - child.lineEdit().textMargins().left()
        return child.text() if child.fontMetrics().horizontalAdvance(child.text()) > room else ""
    if isinstance(child, QLabel) and not child.wordWrap():
        return child.text() if child.sizeHint().width() > child.width() else ""
    return ""


def test_nothing_of_a_form_is_cut_off(panel: CommandsPanel, qtbot: QtBot) -> None:
    composer = panel.composer
    scroll = scroll_of(panel)
    assert len(TYPES) > 20
    wrong: dict[str, list[str]] = {}
    n_reviewed = 0

    def note(what: str) -> None:
        with contextlib.suppress(qtbot.TimeoutError):  # what is laid out anew takes a few events
            qtbot.waitUntil(lambda: not clipped(scroll), timeout=SETTLES_MS)
        found = clipped(scroll)
        if found:
            wrong[what] = found

    for type_id in TYPES:
        panel.session.compose(ComposeRequest(target_id=f"thing-{type_id}", type_id=type_id))
        assert composer.type.currentData() == type_id
        if composer.form.fields is not None:
            for fold in composer.form.fields.folds.values():
                fold.unfold()
        start = composer.schedule.start
        start.setCurrentIndex(start.count() - 1)
        start.activated.emit(start.currentIndex())
        assert composer.schedule.time.isVisible()
        note(type_id)
        composer.show_confirm_step()
        if composer.is_confirming:
            n_reviewed += 1
            note(f"{type_id}, review")
    told_all = [f"{type_id}: {one}" for type_id, ones in wrong.items() for one in ones]
    assert n_reviewed > 10
    assert not told_all, "\n".join(told_all)


def scroll_of(panel: CommandsPanel) -> QScrollArea:
    found = [one for one in panel.findChildren(QScrollArea) if one.widget() is panel.composer]
    assert len(found) == 1
    return found[0]
