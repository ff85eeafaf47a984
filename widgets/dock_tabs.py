"""Tabs of docks that stay readable: where names do not fit, all but the front one show an icon."""

from __future__ import annotations

from collections.abc import Iterable

import shiboken6
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMainWindow, QTabBar

from twin.theme import Theme
from widgets.icons import icon
from widgets.panel_dock import PanelDock

_ICON_PX = 16
#: Room that a tab takes beside its name, as the style sheet has it.
_BESIDE_PX = 24


class DockTabs(QObject):
    """Keeps the tab bars of a window's docks in order. GUI thread.

    Qt names a tab by the title of its dock and by nothing else: a dock whose tab shows only an
    icon therefore has no title while it is behind another one. Name and tool tip stay.
    """

    def __init__(self, window: QMainWindow, docks: Iterable[PanelDock], theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self._docks = {shiboken6.getCppPointer(dock)[0]: dock for dock in docks}
        self._colour = theme.ui["muted"]

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        self._colour = theme.ui["muted"]
        self.refresh()

    def refresh(self) -> None:
        """Name all tabs anew: after docks were moved, shown or brought to the front."""
        tabbed: set[PanelDock] = set()
        for bar in self._window.findChildren(
            QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly
        ):
            if bar.isVisible():
                tabbed.update(self._name(bar))
                if self._is_left_over(bar):
                    bar.hide()
        for dock in self._docks.values():
            if dock not in tabbed:
                _set_title(dock, dock.record.title)

    def _name(self, bar: QTabBar) -> list[PanelDock]:
        docks = [self._docks.get(bar.tabData(index)) for index in range(bar.count())]
        known = [dock for dock in docks if dock is not None and not dock.isFloating()]
        if len(known) < len(docks):  # Qt has not made its bar anew yet
            return known
        bar.installEventFilter(self)  # again and again is fine: it is there once
        crowded = self._is_crowded(bar, known)
        if bar.property("crowded") != crowded:
            bar.setProperty("crowded", crowded)
            bar.setElideMode(Qt.TextElideMode.ElideNone if crowded else Qt.TextElideMode.ElideRight)
            bar.setIconSize(QSize(_ICON_PX, _ICON_PX))
            bar.style().unpolish(bar)
            bar.style().polish(bar)
            QApplication.sendEvent(bar, QEvent(QEvent.Type.StyleChange))  # lays its tabs out anew
        for index, dock in enumerate(known):
            is_named = not crowded or index == bar.currentIndex()
            _set_title(dock, dock.record.title if is_named else "")
            mark = icon(dock.record.icon or "layout", self._colour, _ICON_PX)
            bar.setTabIcon(index, QIcon() if is_named else mark)
            bar.setTabToolTip(index, dock.record.title)
            bar.setAccessibleTabName(index, dock.record.title)
        return known

    def _is_left_over(self, bar: QTabBar) -> bool:
        """Whether Qt forgot a bar of docks that are closed, as it does when layouts change fast."""
        docks = (self._docks.get(bar.tabData(index)) for index in range(bar.count()))
        return all(dock is None or dock.isHidden() or dock.isFloating() for dock in docks)

    def _is_crowded(self, bar: QTabBar, docks: list[PanelDock]) -> bool:
        text = bar.fontMetrics().horizontalAdvance
        needed = sum(text(dock.record.title) + _BESIDE_PX for dock in docks)
        return needed > bar.width()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Names may fit, or fit no more, when a dock changes its width."""
        if event.type() == QEvent.Type.Resize and isinstance(watched, QTabBar):
            self._name(watched)
        return False


def _set_title(dock: PanelDock, title: str) -> None:
    if dock.windowTitle() != title:
        dock.setWindowTitle(title)
