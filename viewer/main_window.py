"""The console's window: top bar, docks around the 3D view, status strip.

It knows no single panel: docks, menus, keys and the find box come from the records. Whoever
composes the app makes the session, the bridge, the 3D view and this window, and calls
`MainWindow.close` at the end; that lets go of panels, timers and the 3D view, in this order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Literal

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QStatusBar, QTabWidget

from twin.room.model import Operator
from twin.session import NOTHING, ComposeRequest, TwinSession
from twin.signals import Signal
from twin.theme import Theme, load_theme
from viewer.figures import FigureTaker
from viewer.settings import LAYOUT_VERSION, Settings
from viewer.window_actions import add_window_actions
from viewer.workspaces import WORKSPACES, Workspace, in_order, shows
from widgets.actions import ActionTable, KeyBinding, fill_menu
from widgets.bridge import Bridge
from widgets.find_box import FindBox
from widgets.find_groups import PANEL_GROUP, SessionFinder
from widgets.layer_list import LayerList
from widgets.panel import Area, PanelContext, PanelType
from widgets.panel_dock import PanelDock
from widgets.shape_mark import Level
from widgets.status_strip import StatusStrip
from widgets.style import apply_theme, on_colour
from widgets.toast import Toast
from widgets.top_bar import TopBar
from widgets.viewport import Viewport
from widgets.window_frame import WindowFrame

Frame = Literal["live", "replay", "drill"]
_log = logging.getLogger(__name__)

#: One timer for all that changes by itself, so that the window is put together again only once:
#: without a graphics card that costs some 20 ms of a core at 1920×1080.
_REFRESH_MS = 250
_STRIP_EVERY = 2
_COUNTS_EVERY = 4
_PANELS_EVERY_SOFTWARE = 2
_AREAS: dict[Area, Qt.DockWidgetArea] = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}
_FRAME_WORDS: dict[Frame, str] = {"live": "", "replay": "REPLAY", "drill": "DRILL"}
_MIN_VIEW_SHARE = 0.45


class MainWindow(QMainWindow):
    """The one window of a console; docks may float to other screens. GUI thread.

    Signals
    -------
    theme_changed(Theme)
        The person chose another theme; the scene follows.
    closed(None)
        Panels, timers and the 3D view were let go.
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        bridge: Bridge,
        theme: Theme,
        viewport: Viewport,
        settings: Settings,
        operator: Operator,
        panels: Iterable[PanelType],
        actions: ActionTable | None = None,
        layers: LayerList | None = None,
    ) -> None:
        super().__init__()
        self.session = session
        self.bridge = bridge
        self.theme = theme
        self.settings = settings
        self.actions_table = actions or ActionTable()
        self.theme_changed: Signal[Theme] = Signal()
        self.closed: Signal[None] = Signal()
        self._view = viewport
        self._frame: Frame = "live"
        self._n_refreshes = 0
        self._is_released = False
        self._workspace = WORKSPACES[0]
        self._context = PanelContext(
            session=session,
            bridge=bridge,
            theme=theme,
            actions=self.actions_table,
            layers=layers or LayerList(),
            theme_changed=self.theme_changed,
        )
        self._dress()
        self.top_bar = self._make_top_bar(operator)
        self.strip = self._make_strip()
        self.docks = {r.id: PanelDock(r, self._context) for r in in_order(panels)}
        self._finder = SessionFinder(
            session=session, bridge=bridge, actions=self.actions_table, ready=self._found_more
        )
        self.find_box = FindBox(self, groups=self._finder.groups, theme=theme)
        self.toast = Toast(self, over=viewport, bridge=bridge, theme=theme)
        self._window_frame = WindowFrame(self)
        self._figures = FigureTaker(session, viewport.frame_times)
        self._stops = [*self._connect(), bridge.every(_REFRESH_MS, self._refresh)]
        self._arrange_first()
        self._keys = KeyBinding(self, self.actions_table)

    # ---- making ----------------------------------------------------------------------------

    def _dress(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, self.theme)
        self.setWindowTitle(f"{self.session.city.title} · Civitwin")
        self.setCentralWidget(self._view)
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self.setMinimumSize(960, 600)
        self.resize(1600, 900)

    def _make_top_bar(self, operator: Operator) -> TopBar:
        bar = TopBar(
            actions=self.actions_table,
            theme=self.theme,
            workspaces=[(w.id, w.title) for w in WORKSPACES],
            choose_workspace=self.show_workspace,
            open_find=lambda: self.find_box.open(),
            open_counter=self._open_counter,
        )
        bar.show_scene(self.session.city.title)
        bar.show_operator(operator.name, operator.department.replace("_", " "))
        self.setMenuWidget(bar)
        return bar

    def _make_strip(self) -> StatusStrip:
        strip = StatusStrip(bridge=self.bridge, theme=self.theme, toggle_theme=self.toggle_theme)
        holder = QStatusBar()
        holder.setSizeGripEnabled(False)
        holder.setContentsMargins(0, 0, 0, 0)
        holder.addWidget(strip, 1)
        self.setStatusBar(holder)
        return strip

    def _connect(self) -> list[Callable[[], None]]:
        return [
            self.session.message.connect(self.say),
            self.session.compose_requested.connect(self._show_composer),
        ]

    def _arrange_first(self) -> None:
        add_window_actions(self, WORKSPACES)
        if not self.settings.geometry.isEmpty():
            self.restoreGeometry(self.settings.geometry)
        known = {w.id: w for w in WORKSPACES}
        self._enter(known.get(self.settings.workspace, WORKSPACES[0]))
        self.strip.show_figures(self._figures.strip())
        for dock in self.docks.values():
            dock.visibilityChanged.connect(self._name_docks)

    # ---- workspaces ------------------------------------------------------------------------

    @property
    def workspace(self) -> str:
        """Id of the present workspace."""
        return self._workspace.id

    def show_workspace(self, workspace_id: str) -> None:
        """Change to another workspace; the present one is remembered as it is."""
        chosen = next(w for w in WORKSPACES if w.id == workspace_id)
        if chosen is not self._workspace:
            self._remember()
            self._enter(chosen)
        self.top_bar.show_workspace(workspace_id)

    def reset_layout(self) -> None:
        """Forget all layouts and arrange the present workspace as it came."""
        self.settings.forget_layouts()
        self._arrange(self._workspace)

    def _remember(self) -> None:
        self.settings.workspace = self._workspace.id
        self.settings.set_layout(self._workspace.id, self.saveState(LAYOUT_VERSION))

    def _enter(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.top_bar.show_workspace(workspace.id)
        state: QByteArray = self.settings.layout(workspace.id)
        self._arrange(workspace)  # also places a panel the remembered layout does not know
        if not state.isEmpty():
            self.restoreState(state, LAYOUT_VERSION)
        self.bridge.after(0, self._keep_view_wide)
        self._name_docks()

    def _arrange(self, workspace: Workspace) -> None:
        for dock in self.docks.values():
            self.removeDockWidget(dock)
            dock.setFloating(False)
        for area, place in _AREAS.items():
            members = [d for d in self.docks.values() if d.record.area == area]
            for dock in members:
                self.addDockWidget(place, dock)
                dock.setVisible(shows(workspace, dock.record))
            shown = [dock for dock in members if shows(workspace, dock.record)]
            stacks = area == "right" and self.height() >= 840 and len(shown) > 1
            if stacks:
                self.splitDockWidget(shown[0], shown[1], Qt.Orientation.Vertical)
            tabbed = shown[1:] if stacks else shown
            for dock in tabbed[1:]:
                self.tabifyDockWidget(tabbed[0], dock)
            if tabbed:
                named = [dock for dock in tabbed if dock.record.id in workspace.front]
                (named or tabbed)[0].raise_()
        self._size_docks()

    def _size_docks(self) -> None:
        left, right, bottom = dock_sizes(self.width(), self.height())
        for area, size in (("left", left), ("right", right)):
            docks = self._open_docks(area)
            self.resizeDocks(docks, [size] * len(docks), Qt.Orientation.Horizontal)
        docks = self._open_docks("bottom")
        self.resizeDocks(docks, [bottom] * len(docks), Qt.Orientation.Vertical)
        right_docks = self._open_docks("right")
        if len(right_docks) > 1 and not self.tabifiedDockWidgets(right_docks[0]):
            shares = [round(self.height() * share) for share in (0.4, 0.6)]
            self.resizeDocks(right_docks[:2], shares, Qt.Orientation.Vertical)

    def _open_docks(self, area: str) -> list[PanelDock]:
        return [
            dock
            for dock in self.docks.values()
            if dock.record.area == area and not dock.isHidden() and not dock.isFloating()
        ]

    def _keep_view_wide(self) -> None:
        if self._view.width() < _MIN_VIEW_SHARE * self.width():
            self._size_docks()

    def _name_docks(self, *_visible: object) -> None:
        for dock in self.docks.values():
            dock.show_alone(not self.tabifiedDockWidgets(dock))

    # ---- panels ----------------------------------------------------------------------------

    def show_panel(self, panel_id: str) -> None:
        """Open a panel's dock and bring it to the front."""
        dock = self.docks.get(panel_id)
        if dock is None:
            return
        dock.show()
        dock.raise_()
        panel = dock.panel
        if panel is not None:
            panel.setFocus(Qt.FocusReason.OtherFocusReason)

    def float_panel(self, panel_id: str) -> None:
        """Give a panel a window of its own, or take it back."""
        dock = self.docks[panel_id]
        dock.show()
        dock.setFloating(not dock.isFloating())
        dock.raise_()

    def createPopupMenu(self) -> QMenu:
        """Right click on tabs and title bars: which panels, and which float."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fill_menu(menu, self.actions_table, self.actions_table.in_group(PANEL_GROUP))
        return menu

    def _refresh(self) -> None:
        if self.isMinimized():
            return
        self._n_refreshes += 1
        if self._view.has_gpu or self._n_refreshes % _PANELS_EVERY_SOFTWARE == 0:
            for dock in self.docks.values():
                dock.refresh()
        if self._n_refreshes % _STRIP_EVERY == 0:
            self.strip.show_figures(self._figures.strip())
        if self._n_refreshes % _COUNTS_EVERY == 0:
            self.top_bar.show_counts(self._figures.counts())

    def _show_composer(self, _request: ComposeRequest) -> None:
        self.show_panel("commands")

    def _open_counter(self, name: str) -> None:
        self.show_panel("commands" if name == "pending" else "sensors")

    # ---- what it says ----------------------------------------------------------------------

    def say(self, sentence: str, level: Level = "calm") -> None:
        """Show one sentence to the operator for a few seconds."""
        self.toast.say(sentence, level)

    def set_frame(self, frame: Frame) -> None:
        """Say in colour and words whether this is live, a replay or a drill."""
        self._frame = frame
        colour = self.theme.frame.get(frame, "")
        self.top_bar.show_frame(_FRAME_WORDS[frame], colour, on_colour(colour) if colour else "")
        self._window_frame.show_colour(colour)

    def toggle_theme(self) -> None:
        """Change between light and dark, and remember it."""
        self.set_theme(load_theme("dark" if self.theme.name == "light" else "light"))
        self.settings.theme = self.theme.name

    def set_theme(self, theme: Theme) -> None:
        """Dress everything in a theme."""
        self.theme = theme
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, theme)
        self.top_bar.set_theme(theme)
        self.strip.set_theme(theme)
        self.find_box.set_theme(theme)
        self.toast.set_theme(theme)
        for dock in self.docks.values():
            dock.set_theme(theme)
        self.set_frame(self._frame)
        self.theme_changed.emit(theme)
        self._view.request_frame()

    def send_key_to_view(self, name: str) -> None:
        """Let the camera controls do what a key does."""
        self._view.send_key(name)

    def back_out(self) -> None:
        """Esc: close the find box, then a message, then full screen, then the selection."""
        if self.find_box.isVisible():
            self.find_box.dismiss()
        elif self.toast.isVisible():
            self.toast.dismiss()
        elif self.isFullScreen():
            self.showNormal()
        else:
            self.session.select(NOTHING)

    def _found_more(self) -> None:
        self.find_box.refresh_groups()

    # ---- size and end ----------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the 3D view wide enough, and the frame around the window."""
        super().resizeEvent(event)
        if not self._is_released:
            self._window_frame.fit()
            self._keep_view_wide()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the layout, then let go of panels, timers and the 3D view."""
        if not self._is_released:
            self._is_released = True
            self._remember()
            self.settings.geometry = self.saveGeometry()
            if not self.settings.save():
                _log.warning("The settings could not be written: %s", self.settings.path)
            self._release()
        super().closeEvent(event)

    def _release(self) -> None:
        self._keys.close()
        for dock in self.docks.values():
            dock.release()
        for stop in self._stops:
            stop()
        self.toast.dismiss()
        self.strip.release()
        self._view.close_view()
        for dock in self.docks.values():
            if dock.isFloating():
                dock.close()
        self.closed.emit(None)


def dock_sizes(width_px: int, height_px: int) -> tuple[int, int, int]:
    """Widths of the left and right docks and height of the bottom ones.

    300, 360 and 240 on a large window, narrower on a small one so that the 3D view keeps over
    half of the width.
    """
    left = max(200, min(300, round(width_px * 0.19)))
    right = max(240, min(360, round(width_px * 0.235)))
    bottom = max(140, min(240, round(height_px * 0.25)))
    return left, right, bottom
