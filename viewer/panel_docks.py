"""The panels of one window: their docks, the tabs these share, and how workspaces arrange them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QWidget

from twin.theme import Theme
from viewer.dock_layout import DockLayout
from viewer.layouts import Layouts
from viewer.settings import Settings
from viewer.workspaces import Workspace, in_order
from widgets.bridge import Bridge
from widgets.dock_tabs import DockTabs
from widgets.panel import PanelContext, PanelType
from widgets.panel_dock import PanelDock


class PanelDocks:
    """Opens, arranges and refreshes docks; it knows no single panel. GUI thread.

    Attributes
    ----------
    by_id : every panel's dock, open or not
    layouts : the workspaces as they were left
    """

    def __init__(
        self,
        *,
        window: QMainWindow,
        view: QWidget,
        panels: Iterable[PanelType],
        context: PanelContext,
        settings: Settings,
        owner: str,
    ) -> None:
        self._window = window
        self._bridge: Bridge = context.bridge
        self._is_ending = False
        self._stop_naming: Callable[[], None] | None = None
        self.by_id: Mapping[str, PanelDock] = {
            record.id: PanelDock(record, context) for record in in_order(panels)
        }
        self._tabs = DockTabs(window, self.by_id.values(), context.theme)
        self._layout = DockLayout(window, view, tuple(self.by_id.values()))
        self.layouts = Layouts(
            window=window, docks=self.by_id, layout=self._layout, settings=settings, owner=owner
        )

    # ---- arranging -------------------------------------------------------------------------

    def enter(self, workspace: Workspace) -> None:
        """Arrange a workspace."""
        self.layouts.enter(workspace)
        self._bridge.after(0, self._layout.keep_view_wide)
        self._name()

    def follow_visibility(self) -> None:
        """From now on tabs are named anew when a dock is opened, closed or moved."""
        for dock in self.by_id.values():
            dock.visibilityChanged.connect(self._name)

    def keep_view_wide(self) -> None:
        """The window has another size: leave the 3D view enough of it."""
        if not self._is_ending:
            self._layout.keep_view_wide()

    def _name(self, *_visible: object) -> None:
        for dock in self.by_id.values():
            dock.show_alone(not self._window.tabifiedDockWidgets(dock))
        if self._stop_naming is None and not self._is_ending:
            # Qt makes and fills its tab bars later.
            self._stop_naming = self._bridge.after(0, self._name_tabs)

    def _name_tabs(self) -> None:
        self._stop_naming = None
        self._tabs.refresh()

    # ---- panels ----------------------------------------------------------------------------

    def show(self, panel_id: str) -> None:
        """Open a panel's dock and bring it to the front."""
        dock = self.by_id.get(panel_id)
        if dock is None:
            return
        dock.show()
        dock.raise_()
        panel = dock.panel
        dock.window().activateWindow()
        if panel is not None:
            panel.setFocus(Qt.FocusReason.OtherFocusReason)
            if dock.record.enter is not None:
                dock.record.enter(panel)

    def float(self, panel_id: str) -> None:
        """Give a panel a window of its own, or take it back."""
        dock = self.by_id[panel_id]
        dock.show()
        dock.toggle_floating()
        dock.raise_()

    def acknowledge(self) -> bool:
        """Acknowledge what is chosen in a panel that is seen; False where nothing is."""
        seen = (dock for dock in self.by_id.values() if dock.is_showing)
        return any(
            dock.record.acknowledge(dock.panel)
            for dock in seen
            if dock.record.acknowledge is not None and dock.panel is not None
        )

    def refresh(self) -> None:
        """Let the panels that are seen show what changed by itself."""
        for dock in self.by_id.values():
            dock.refresh()

    def set_theme(self, theme: Theme) -> None:
        """Dress docks and tabs."""
        for dock in self.by_id.values():
            dock.set_theme(theme)
        self._tabs.set_theme(theme)

    # ---- end -------------------------------------------------------------------------------

    def remember(self) -> None:
        """Keep the present workspace as it is; the window is about to close."""
        self._is_ending = True
        self.layouts.remember()
        self.layouts.floating.close()

    def release(self) -> None:
        """Let go of all panels."""
        if self._stop_naming is not None:
            self._stop_naming()
        for dock in self.by_id.values():
            dock.release()

    def close_floating(self) -> None:
        """Close docks that are windows of their own."""
        for dock in self.by_id.values():
            if dock.isFloating():
                dock.close()
