"""Further 3D views in docks around the first one: side by side, as tabs, floating, full screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication, QScreen
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QTabWidget, QWidget

from twin.clock import NS_PER_S
from viewer.city_pane import CityPane
from viewer.city_pane_time import CHOICES_S, STEP_NS, SharedPast, behind_text
from viewer.city_panes import CityPanes
from widgets.actions import Action, ActionTable

GROUP = "View"


class ViewArea(QMainWindow):
    """The middle of the console's window: the first view, and docks for more around it."""

    def __init__(self, first: QWidget) -> None:
        super().__init__(None, Qt.WindowType.Widget)
        self.setCentralWidget(first)
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setMinimumSize(QSize(160, 120))

    def createPopupMenu(self) -> QMenu | None:
        """None: right clicks are the window's."""
        return None


class ViewDock(QDockWidget):
    """The dock of one further view."""

    def __init__(self, pane: CityPane, closed: Callable[[CityPane], None]) -> None:
        super().__init__(pane.name)
        self.pane = pane
        self._closed: Callable[[CityPane], None] | None = closed
        self.setObjectName(f"view.{pane.name}")
        self.setTitleBarWidget(pane.bar)
        self.setWidget(pane.frame)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Take the view apart before its window goes; once."""
        closed, self._closed = self._closed, None
        if closed is not None:
            closed(self.pane)
        super().closeEvent(event)


class PaneDocks:
    """Opens, closes and places further views; what keys and menus do with them. GUI thread.

    Parameters
    ----------
    make : makes a view of a name beside another one
    """

    def __init__(
        self,
        *,
        area: ViewArea,
        panes: CityPanes,
        past: SharedPast,
        make: Callable[[str, CityPane], CityPane],
    ) -> None:
        self._area = area
        self._panes = panes
        self._past = past
        self._make = make
        self._docks: dict[CityPane, ViewDock] = {}
        self._n_made = 1
        self._fill_menus_of(panes.first)

    # -- opening and closing ----------------------------------------------------------------

    @property
    def docked(self) -> tuple[CityPane, ...]:
        """The further views in the order they were opened."""
        return tuple(self._docks)

    @property
    def area(self) -> ViewArea:
        """What the docks lie in."""
        return self._area

    def open(self, *, plan: bool = False, name: str = "") -> CityPane:
        """Open a view that looks as the active one does; with ``plan`` as a plan.

        Parameters
        ----------
        name : "" = the next number
        """
        self._n_made = max(self._n_made, _number_of(name)) if name else self._n_made + 1
        pane = self._make(
            name or f"{'Plan' if plan else 'View'} {self._n_made}", self._panes.active
        )
        dock = self._docks[pane] = ViewDock(pane, self._take_apart)
        pane.bar.full_screen_requested.connect(lambda _n: self.set_full_screen(pane))
        pane.bar.close_requested.connect(lambda _n: dock.close())
        self._fill_menus_of(pane)
        self._place(dock)
        if plan:
            pane.scene.camera.set_plan(True, animated=False)
        self._panes.add(pane)
        self._panes.activate(pane)
        return pane

    def _place(self, dock: ViewDock) -> None:
        docked = [one for one in self._docks.values() if one is not dock and not one.isFloating()]
        if docked:
            self._area.splitDockWidget(docked[-1], dock, Qt.Orientation.Vertical)
            return
        self._area.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        self._area.resizeDocks([dock], [self._area.width() // 2], Qt.Orientation.Horizontal)

    def _fill_menus_of(self, pane: CityPane) -> None:
        pane.bar.menu_requested.connect(lambda menu: self._fill_menu(pane, menu))

    def _take_apart(self, pane: CityPane) -> None:
        dock = self._docks.pop(pane)
        self._panes.remove(pane)
        pane.close()
        self._area.removeDockWidget(dock)
        dock.deleteLater()

    def close_all(self) -> None:
        """Close all further views."""
        for dock in tuple(self._docks.values()):
            dock.close()

    def is_further(self, pane: CityPane) -> bool:
        """Whether a view has a dock: the first one stays."""
        return pane in self._docks

    # -- full screen ------------------------------------------------------------------------

    def set_full_screen(self, pane: CityPane, screen: QScreen | None = None) -> None:
        """Fill a screen with a view (that it is on, without one given), or put it back."""
        dock = self._docks.get(pane)
        if dock is None:
            return
        if dock.isFullScreen() and screen is None:
            dock.showNormal()
            dock.setFloating(False)
            return
        chosen = screen or dock.screen()
        dock.setFloating(True)
        dock.setGeometry(chosen.geometry())
        dock.showFullScreen()

    def toggle_full_screen(self) -> bool:
        """F11 on a further view that is active; False = the window's turn."""
        if not self.is_further(self._panes.active):
            return False
        self.set_full_screen(self._panes.active)
        return True

    def back_out(self) -> bool:
        """Esc: leave full screen; False = nothing to leave."""
        full = [pane for pane, dock in self._docks.items() if dock.isFullScreen()]
        for pane in full:
            self.set_full_screen(pane)
        return bool(full)

    def press_key(self, name: str) -> None:
        """Let the camera of the active view do what a key does."""
        self._panes.active.press_key(name)

    # -- actions and menus ------------------------------------------------------------------

    def add_actions(self, table: ActionTable) -> None:
        """What is done by key and by name."""
        panes = self._panes
        for name, title, key, run in (
            ("view.new", "New 3D view", "Ctrl+N", self.open),
            ("view.new_plan", "New plan view", "Ctrl+Shift+N", partial(self.open, plan=True)),
            ("view.next", "Go to the next view", "F6", panes.activate_next),
            ("view.earlier", "Show this view 10 s earlier", ",", partial(self._step, STEP_NS)),
            ("view.later", "Show this view 10 s later", ".", partial(self._step, -STEP_NS)),
        ):
            table.add(Action(id=name, title=title, key=key, group=GROUP, run=run))
        table.add(
            Action(
                id="view.plan",
                title="Plan, or look aslant again",
                key="P",
                group=GROUP,
                icon="plan",
                run=partial(self.press_key, "P"),
                checked=lambda: panes.active.scene.camera.is_plan,
            )
        )
        table.add(
            Action(
                id="view.live",
                title="Show this view live again",
                key="Alt+L",
                group=GROUP,
                run=lambda: panes.active.set_behind(0),
                enabled=lambda: panes.active.look.behind_ns > 0,
            )
        )
        table.add(
            Action(
                id="view.close",
                title="Close this view",
                key="Ctrl+W",
                group=GROUP,
                run=lambda: self._docks[panes.active].close(),
                enabled=lambda: self.is_further(panes.active),
            )
        )

    def _step(self, step_ns: int) -> None:
        pane = self._panes.active
        pane.set_behind(min(pane.driver.behind_ns + step_ns, self._past.reach_ns()))

    def _fill_menu(self, pane: CityPane, menu: QMenu) -> None:
        self._panes.activate(pane)
        self.fill_time(pane, menu.addMenu("Show the city"))
        self._fill_follow(pane, menu.addMenu("Follow the camera of"))
        plan = menu.addAction("Plan, north up")
        plan.setCheckable(True)
        plan.setChecked(pane.scene.camera.is_plan)
        plan.triggered.connect(lambda _c=False: pane.press_key("P"))
        menu.addSeparator()
        menu.addAction("New 3D view").triggered.connect(lambda _c=False: self.open())
        menu.addAction("New plan view").triggered.connect(lambda _c=False: self.open(plan=True))
        if self.is_further(pane):
            menu.addSeparator()
            self._fill_screens(pane, menu)

    def fill_time(self, pane: CityPane, menu: QMenu) -> None:
        """What times a view can show."""
        reach_ns = self._past.reach_ns()
        live = menu.addAction("Live")
        live.setCheckable(True)
        live.setChecked(not pane.look.behind_ns)
        live.triggered.connect(lambda _c=False: pane.set_behind(0))
        for seconds in CHOICES_S:
            behind_ns = seconds * NS_PER_S
            entry = menu.addAction(behind_text(behind_ns))
            entry.setCheckable(True)
            entry.setChecked(pane.look.behind_ns == behind_ns)
            entry.setEnabled(behind_ns <= reach_ns)
            entry.triggered.connect(lambda _c=False, ns=behind_ns: pane.set_behind(ns))
        menu.addSeparator()
        note = menu.addAction(f"Kept for {reach_ns // NS_PER_S} s so far")
        note.setEnabled(False)

    def _fill_follow(self, pane: CityPane, menu: QMenu) -> None:
        leader = pane.leader
        for other in (None, *self._panes.all):
            if other is pane or (other is not None and other.leader is pane):
                continue
            entry = menu.addAction("No other view" if other is None else other.name)
            entry.setCheckable(True)
            entry.setChecked(other is leader)
            entry.triggered.connect(lambda _c=False, one=other: pane.follow(one))

    def _fill_screens(self, pane: CityPane, menu: QMenu) -> None:
        screens = QGuiApplication.screens()
        for number, screen in enumerate(screens, 1):
            where = f" on monitor {number}" if len(screens) > 1 else ""
            entry = menu.addAction(f"Full screen{where}")
            entry.triggered.connect(lambda _c=False, s=screen: self.set_full_screen(pane, s))
        menu.addAction(f"Close {pane.name}").triggered.connect(
            lambda _c=False: self._docks[pane].close()
        )


def _number_of(name: str) -> int:
    """The number at the end of a view's name, 0 for none."""
    last = name.rpartition(" ")[2]
    return int(last) if last.isdecimal() else 0
