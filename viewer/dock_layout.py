"""Where docks go: areas, tabs, sizes, and enough room for the 3D view."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QWidget

from viewer.workspaces import Workspace, shows
from widgets.panel import Area
from widgets.panel_dock import PanelDock

_AREAS: dict[Area, Qt.DockWidgetArea] = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}
_MIN_VIEW_SHARE = 0.5
_STACK_FROM_PX = 840


class DockLayout:
    """Arranges the docks of one window around its 3D view. GUI thread."""

    def __init__(self, window: QMainWindow, view: QWidget, docks: Sequence[PanelDock]) -> None:
        self._window = window
        self._view = view
        self._docks = docks
        self._upper_share = 0.5

    def arrange(self, workspace: Workspace, extra: Sequence[str] = ()) -> None:
        """Put every dock where it belongs and open those of the workspace, and `extra` ones."""
        self._upper_share = workspace.upper_share
        for dock in self._docks:
            dock.setFloating(False)  # first: a dock that was taken out stays a window
            self._window.removeDockWidget(dock)
        for area, place in _AREAS.items():
            members = [d for d in self._docks if d.record.area == area]
            for dock in members:
                self._window.addDockWidget(place, dock)
                dock.setVisible(shows(workspace, dock.record) or dock.record.id in extra)
            shown = [dock for dock in members if not dock.isHidden()]
            hidden = [dock for dock in members if dock.isHidden()]
            stacks = area == "right" and self._window.height() >= _STACK_FROM_PX and len(shown) > 1
            if stacks:
                self._window.splitDockWidget(shown[0], shown[1], Qt.Orientation.Vertical)
            tabbed = shown[1:] if stacks else shown
            for dock in tabbed[1:]:
                self._window.tabifyDockWidget(tabbed[0], dock)
            for dock in hidden if tabbed else ():  # opened later, they are tabs too
                self._window.tabifyDockWidget(tabbed[0], dock)
            if tabbed:
                named = [dock for dock in tabbed if dock.record.id in (*extra, *workspace.front)]
                (named or tabbed)[0].raise_()
        self._size_docks()

    def _size_docks(self) -> None:
        left, right, bottom = dock_sizes(self._window.width(), self._window.height())
        for area, size in (("left", left), ("right", right)):
            docks = self._open_docks(area)
            self._window.resizeDocks(docks, [size] * len(docks), Qt.Orientation.Horizontal)
        docks = self._open_docks("bottom")
        self._window.resizeDocks(docks, [bottom] * len(docks), Qt.Orientation.Vertical)
        right_docks = self._open_docks("right")
        if len(right_docks) > 1 and not self._window.tabifiedDockWidgets(right_docks[0]):
            shares = [
                round(self._window.height() * share)
                for share in (self._upper_share, 1.0 - self._upper_share)
            ]
            self._window.resizeDocks(right_docks[:2], shares, Qt.Orientation.Vertical)

    def _open_docks(self, area: str) -> list[PanelDock]:
        return [
            dock
            for dock in self._docks
            if dock.record.area == area and not dock.isHidden() and not dock.isFloating()
        ]

    def keep_view_wide(self) -> None:
        """Narrow the docks again when they leave the 3D view too little."""
        if self._view.width() < _MIN_VIEW_SHARE * self._window.width():
            self._size_docks()


def dock_sizes(width_px: int, height_px: int) -> tuple[int, int, int]:
    """Widths of the left and right docks and height of the bottom ones.

    300, 360 and 300 on a large window, narrower on a small one so that the 3D view keeps over
    half of the width.
    """
    left = max(200, min(300, round(width_px * 0.19)))
    right = max(240, min(360, round(width_px * 0.235)))
    bottom = max(140, min(300, round(height_px * 0.28)))
    return left, right, bottom
