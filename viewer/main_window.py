"""The console's window: top bar, docks around the 3D view, status strip.

It knows no single panel: docks, menus, keys and the find box come from the records. Whoever
composes the app makes the session, the bridge, the 3D view and this window, and calls
`MainWindow.close` at the end; that lets go of panels, timers and the 3D view, in this order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QStatusBar, QTabWidget, QWidget

from twin.clock import NS_PER_S
from twin.operations.alarm_book import Unseen
from twin.room.model import Operator
from twin.room.parts.alarms import Priority
from twin.session import NOTHING, ComposeRequest, TwinSession
from twin.signals import Signal
from twin.theme import Theme, load_theme
from viewer.figures import FigureTaker
from viewer.panel_docks import PanelDocks
from viewer.role_starts import start_of
from viewer.settings import Settings
from viewer.view_keys import ViewKeys
from viewer.window_actions import add_window_actions
from viewer.workspaces import WORKSPACES, Workspace
from widgets.actions import ActionTable, KeyBinding, fill_menu
from widgets.bridge import Bridge
from widgets.find_box import FindBox
from widgets.find_groups import PANEL_GROUP, SessionFinder
from widgets.in_view_list import InViewList
from widgets.layer_list import LayerList
from widgets.panel import PanelContext, PanelType
from widgets.shape_mark import Level
from widgets.status_strip import StatusStrip
from widgets.style import apply_theme, on_colour
from widgets.toast import Toast
from widgets.together_list import TogetherList
from widgets.tool_list import ToolList
from widgets.top_bar import TopBar
from widgets.view_list import ViewList
from widgets.viewport import Viewport
from widgets.window_frame import WindowFrame

Frame = Literal["live", "replay", "drill"]
_log = logging.getLogger(__name__)

#: One timer for all that changes by itself, so that the window is put together again only once:
#: without a graphics card that costs some 20 ms of a core at 1920×1080.
_REFRESH_MS = 250
_PANELS_EVERY_SOFTWARE = 2
_FRAME_WORDS: dict[Frame, str] = {"live": "", "replay": "REPLAY", "drill": "DRILL"}


class MainWindow(QMainWindow):
    """The one window of a console; docks may float to other screens. GUI thread.

    Signals
    -------
    theme_changed(Theme)
        The person chose another theme; the scene follows.
    closing(None)
        The window closes: what hangs on its 3D view ends now.
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
        middle: QWidget | None = None,
        settings: Settings,
        operator: Operator,
        panels: Iterable[PanelType],
        actions: ActionTable | None = None,
        layers: LayerList | None = None,
        tools: ToolList | None = None,
        views: ViewList | None = None,
        in_view: InViewList | None = None,
        together: TogetherList | None = None,
    ) -> None:
        super().__init__()
        self.session = session
        self.bridge = bridge
        self.theme = theme
        self.settings = settings
        self.actions_table = actions or ActionTable()
        self.theme_changed: Signal[Theme] = Signal()
        self.closing: Signal[None] = Signal()
        self.closed: Signal[None] = Signal()
        self.tools = tools or ToolList()
        self.together = together or TogetherList()
        self._view = viewport
        self._middle = middle or viewport
        self.view_keys = ViewKeys(self, viewport)
        self._frame: Frame = "live"
        self._n_refreshes = 0
        self._told_second = 0
        self._is_released = False
        self._context = PanelContext(
            session=session,
            bridge=bridge,
            theme=theme,
            actions=self.actions_table,
            layers=layers or LayerList(),
            tools=self.tools,
            views=views or ViewList(),
            in_view=in_view or InViewList(),
            together=self.together,
            theme_changed=self.theme_changed,
        )
        self._dress()
        self.top_bar = self._make_top_bar(operator)
        self.strip = self._make_strip()
        self.panels = PanelDocks(
            window=self,
            view=self._middle,
            panels=panels,
            context=self._context,
            settings=settings,
            owner=operator.person or operator.name,
        )
        self.docks, self.layouts = self.panels.by_id, self.panels.layouts
        self._finder = SessionFinder(
            session=session, bridge=bridge, actions=self.actions_table, ready=self._found_more
        )
        self.find_box = FindBox(self, groups=self._finder.groups, theme=theme)
        self.toast = Toast(self, over=self._middle, bridge=bridge, theme=theme)
        self._window_frame = WindowFrame(self)
        self.figures = FigureTaker(session, viewport.frame_times)
        self._stops = [*self._connect(), bridge.every(_REFRESH_MS, self._refresh)]
        self._arrange_first()
        self._keys = KeyBinding(self, self.actions_table)

    # ---- making ----------------------------------------------------------------------------

    def _dress(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, self.theme)
        self.setWindowTitle(f"{self.session.city.title} · Civitwin")
        self.setCentralWidget(self._middle)
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
            self.session.incident_inspected.connect(lambda _id: self.show_panel("incidents")),
            self.session.incident_wanted.connect(lambda _wanted: self.show_panel("incidents")),
        ]

    def _arrange_first(self) -> None:
        add_window_actions(self, WORKSPACES)
        if not self.settings.geometry.isEmpty():
            self.restoreGeometry(self.settings.geometry)
        self._enter(self.layouts.workspace)
        self.strip.show_figures(self.figures.strip())
        self.panels.follow_visibility()

    # ---- workspaces ------------------------------------------------------------------------

    @property
    def workspace(self) -> str:
        """Id of the present workspace."""
        return self.layouts.workspace.id

    def show_workspace(self, workspace_id: str) -> None:
        """Change to another workspace; the present one is remembered as it is."""
        chosen = next(w for w in WORKSPACES if w.id == workspace_id)
        if chosen is not self.layouts.workspace:
            self.layouts.remember()
            self._enter(chosen)
        self.top_bar.show_workspace(workspace_id)

    def take_roles(self, roles: Sequence[str]) -> None:
        """Whoever sits here has these roles: begin where they do, unless one was here before."""
        chosen = self.layouts.take_start(start_of(roles))
        if chosen is not None:
            self._enter(chosen)

    def reset_layout(self) -> None:
        """Forget the operator's layouts and arrange the present workspace as it came."""
        self.layouts.reset()

    def _enter(self, workspace: Workspace) -> None:
        self.panels.enter(workspace)
        self.top_bar.show_workspace(workspace.id)

    # ---- panels ----------------------------------------------------------------------------

    def show_panel(self, panel_id: str) -> None:
        """Open a panel's dock and bring it to the front."""
        self.panels.show(panel_id)

    def float_panel(self, panel_id: str) -> None:
        """Give a panel a window of its own, or take it back."""
        self.panels.float(panel_id)

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
            self.panels.refresh()
        second = self.session.clock.monotonic_ns() // NS_PER_S  # while the past stands still, too
        if second != self._told_second:  # all figures at once: the window is put together once
            self._told_second = second
            self.strip.show_figures(self.figures.strip())
            self.top_bar.show_counts(self.figures.counts())

    def _show_composer(self, _request: ComposeRequest) -> None:
        self.show_panel("commands")

    def _open_counter(self, name: str) -> None:
        panels = {"pending": "commands", "unread": "messages"}
        panels |= {"stale": "sensors", "suspect": "sensors"}
        self.show_panel(panels.get(name, name))

    # ---- what it says ----------------------------------------------------------------------

    def say(self, sentence: str, level: Level = "calm") -> None:
        """Show one sentence to the operator for a few seconds."""
        self.toast.say(sentence, level)

    def show_queue(self, n: int, level: int, panel_id: str) -> None:
        """Show at the top how much waits for whoever sits here."""
        self.top_bar.show_queue(n, level, panel_id)

    def show_alarm_counts(self, counts: Mapping[Priority, Unseen]) -> None:
        """Show at the top how many alarms there are."""
        self.top_bar.alarms.show_counts(counts)

    def acknowledge_alarms(self) -> bool:
        """Acknowledge what is chosen in a panel that is seen; False where nothing is."""
        return self.panels.acknowledge()

    def show_drill(self, is_drill: bool) -> None:
        """Frame the window when nothing of the room is real."""
        self.set_frame("drill" if is_drill else "live")

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
        self.panels.set_theme(theme)
        self.set_frame(self._frame)
        self.theme_changed.emit(theme)
        self._view.request_frame()

    def back_out(self) -> None:
        """Esc: find box, a message, the tool in hand, whom one follows, full screen, selection."""
        if self.find_box.isVisible():
            self.find_box.dismiss()
        elif self.toast.isVisible():
            self.toast.dismiss()
        elif not (self.tools.leave() or self.together.leave() or self.view_keys.back_out()):
            self.session.select(NOTHING)

    def _found_more(self) -> None:
        self.find_box.refresh_groups()

    # ---- size and end ----------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the 3D view wide enough, and the frame around the window."""
        super().resizeEvent(event)
        if not self._is_released:
            self._window_frame.fit()
            self.panels.keep_view_wide()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the layout, then let go of panels, timers and the 3D view."""
        if not self._is_released:
            self._is_released = True
            self.panels.remember()
            self.settings.geometry = self.saveGeometry()
            if not self.settings.save():
                _log.warning("The settings could not be written: %s", self.settings.path)
            self._release()
        super().closeEvent(event)

    def _release(self) -> None:
        self._keys.close()
        self.panels.release()
        for stop in self._stops:
            stop()
        self.toast.dismiss()
        self.strip.release()
        self.closing.emit(None)
        self._view.close_view()
        self.panels.close_floating()
        self.closed.emit(None)
