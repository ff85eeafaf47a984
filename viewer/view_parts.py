"""All 3D views of one console: the first, those in docks, wall and swipe, together and apart."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QMenu

from twin.clock import Clock
from twin.session import TwinSession
from twin.theme import Theme
from viewer.city_pane import CityPane, PaneBase
from viewer.city_pane_docks import PaneDocks, ViewArea
from viewer.city_pane_time import SharedPast
from viewer.city_panes import CityPanes
from viewer.city_source import LoadedCity
from viewer.main_window import MainWindow
from viewer.pane_maker import PaneMaker
from viewer.run_recorder import RunRecorder
from viewer.scene_menu import fill_scene_menu
from viewer.settings import Settings
from viewer.swipe_driver import SwipeDriver
from viewer.view_memory import open_views, views_text
from viewer.wall import Wall
from widgets.actions import ActionTable
from widgets.bridge import Bridge
from widgets.layer_list import LayerList
from widgets.status_strip import CityMemory
from widgets.view_list import ViewList


class ViewParts:
    """Makes the views and what moves between them. GUI thread.

    The window is built around the first view: nothing here touches it before `dress`.

    Parameters
    ----------
    loaded : the city that all views show
    theme : of the first view; later ones ask the window
    bookmarks : what the wall shows
    window : the console's window, once it is there
    memory_bytes : what the city may take
    recorder : takes figures of the first view; on the wall, of the first one there

    Attributes
    ----------
    main : the view in the middle of the window
    panes : all views; which one is active
    docks, wall, swipe : where further ones are
    past : what the views can show of the past
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        bridge: Bridge,
        clock: Clock,
        loaded: LoadedCity,
        layers: LayerList,
        bookmarks: ViewList,
        theme: Theme,
        window: Callable[[], MainWindow],
        memory_bytes: int,
        recorder: RunRecorder,
    ) -> None:
        self._session, self._window, self._recorder = session, window, recorder
        self._after_first_frame: list[Callable[[], None]] = []
        self._disconnects: list[Callable[[], None]] = []
        self.past = SharedPast(session)
        self.panes = CityPanes(session=session, layers=layers, bridge=bridge)
        base = PaneBase(
            session=session, bridge=bridge, clock=clock, past=self.past, share=self.panes.share
        )
        self._maker = PaneMaker(base=base, theme=lambda: window().theme, show_menu=self._show_menu)
        self.main = CityPane(
            name="Main view",
            base=base,
            theme=theme,
            memory_bytes=memory_bytes,
            recorder=recorder,
        )
        self.main.scene.set_city(loaded.asset, loaded.tiles, loaded.streams)
        self.panes.add(self.main)
        self.docks = PaneDocks(
            area=ViewArea(self.main.frame),
            panes=self.panes,
            past=self.past,
            make=self._maker.further,
        )
        self.wall = Wall(
            session=session,
            panes=self.panes,
            views=bookmarks,
            bridge=bridge,
            window=window,
            theme=lambda: window().theme,
            make=self._make_wall_pane,
        )
        self.swipe = SwipeDriver(
            panes=self.panes,
            bridge=bridge,
            theme=lambda: window().theme,
            make=self._maker.half,
            fill_time=self.docks.fill_time,
            say=session.message.emit,
        )

    def dress(self) -> None:
        """Join the views with the window."""
        window = self._window()
        window.toast.over = self.docks.area  # above the timeline
        window.view_keys.host = self.docks
        window.figures.follow_memory(self._memory)
        self._disconnects = [
            window.theme_changed.connect(self.panes.set_theme),
            self.main.viewport.frame_drawn.connect(self._note_first_frame),
            self.main.menu_requested.connect(self._show_menu),
            window.theme_changed.connect(self.wall.set_theme),
            window.theme_changed.connect(self.swipe.set_theme),
        ]

    def add_actions(self, table: ActionTable) -> None:
        """What is done with views by key and by name."""
        for part in (self.wall, self.docks):
            part.add_actions(table)

    def after_first_frame(self, call: Callable[[], None]) -> None:
        """Call once the city was drawn for the first time."""
        self._after_first_frame.append(call)

    def open_again(self, settings: Settings) -> None:
        """Open the further views of the last run once the city was drawn."""
        kept = settings.open_views(self._session.city.title)
        self.after_first_frame(lambda: open_views(kept, self.docks, self.panes))

    def close_further(self, settings: Settings) -> None:
        """Close all views but the first, and remember those in docks."""
        settings.set_open_views(self._session.city.title, views_text(self.docks))
        settings.save()
        self.wall.close()
        self.swipe.end()
        self.docks.close_all()

    def picture(self) -> QImage:
        """What is on the screen: the wall, or the window."""
        return self.wall.grab() if self.wall.is_on else self._window().grab().toImage()

    def let_go(self) -> None:
        """Let go of window and session; the first view is still to be closed."""
        for disconnect in self._disconnects:
            disconnect()
        self.panes.close()

    def _make_wall_pane(self, name: str, beside: CityPane, *, scale: float) -> CityPane:
        """A view of the wall; the first one of a run takes its figures."""
        recorder = None if self.wall.shown else self._recorder
        pane = self._maker.on_wall(name, beside, scale=scale, recorder=recorder)
        pane.viewport.frame_drawn.connect(self._note_first_frame)
        return pane

    def _memory(self) -> CityMemory:
        """What the city takes of its budget, and whether that makes it coarser."""
        budget, streamed = self.main.scene.budget, self.main.scene.streamed
        allowed_px = 0.0
        if streamed is not None and budget.coarser > 1.0:
            allowed_px = streamed.figures.allowed_px
        return CityMemory(budget.used_bytes, budget.limit_bytes, allowed_px)

    def _note_first_frame(self, _took_ms: float) -> None:
        calls, self._after_first_frame = self._after_first_frame, []
        for call in calls:
            call()

    def _show_menu(self, request: tuple[CityPane, float, float, QPoint]) -> None:
        pane, x_px, y_px, at = request
        menu = QMenu(self._window())
        fill_scene_menu(
            menu,
            session=self._session,
            actions=self._window().actions_table,
            pick=pane.scene.pick(x_px, y_px),
            select=pane.driver.picks.take,
        )
        menu.exec(at)
        menu.deleteLater()
