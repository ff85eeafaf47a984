"""One open console: session, scene, window and their timers, put together and taken apart.

GUI thread only, but for `Desk.post_message`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QMenu

from scenes.city_scene import CityScene
from twin.clock import NS_PER_S, SystemClock
from twin.playback.cursor_clock import CursorClock
from twin.recording.reading import Recording
from twin.room.model import Operator
from twin.theme import load_theme
from twin.tiles.budget import DEFAULT_BYTES
from viewer.alarm_watch import AlarmWatch
from viewer.area_driver import AreaDriver
from viewer.audience_driver import AudienceDriver, AudienceOptions
from viewer.city_pane import CityPane, PaneBase
from viewer.city_pane_docks import PaneDocks, ViewArea
from viewer.city_pane_time import SharedPast
from viewer.city_panes import CityPanes
from viewer.city_source import LoadedCity
from viewer.collaboration import Collaboration
from viewer.duty_parts import DutyParts
from viewer.exports import ExportDriver
from viewer.hub_follower import HubFollower
from viewer.in_view_teller import InViewTeller
from viewer.key_arguments import Login
from viewer.live_joins import LiveJoinDriver
from viewer.main_window import MainWindow
from viewer.opening import Opening
from viewer.opening_driver import OpeningDriver
from viewer.pane_maker import PaneMaker
from viewer.past_driver import set_up_history
from viewer.perception_driver import PerceptionDriver
from viewer.recent import RecentScenes
from viewer.rehearsal import Rehearsal
from viewer.run_recorder import RunRecorder
from viewer.scene_menu import fill_scene_menu
from viewer.seat_driver import STEP_MS, Part, SeatDriver
from viewer.session_maker import made_session
from viewer.settings import Settings
from viewer.sources_driver import SourcesDriver
from viewer.swipe_driver import SwipeDriver
from viewer.time_driver import TimeDriver, UnderScene
from viewer.together_parts import TogetherParts
from viewer.tool_driver import ToolDriver
from viewer.view_driver import ViewDriver
from viewer.view_memory import open_views, views_text
from viewer.wall import Wall
from widgets.bridge import Bridge
from widgets.in_view_list import InViewList
from widgets.layer_list import LayerList
from widgets.panel import panel_registry
from widgets.status_strip import CityMemory
from widgets.tool_list import ToolList
from widgets.view_list import ViewList

_log = logging.getLogger(__name__)

LINK_CHECK_MS = 250
UNITS_CHECK_MS = 1000
REHEARSAL_MS = 300
OPENING_MS = 200
#: A timed run ends this much later when the picture is not there yet.
GRACE_MS = 20_000


class Desk:
    """Everything behind one console window.

    Attributes
    ----------
    exit_status : 0, or 1 when a timed run could not write what it was asked for
    """

    def __init__(
        self,
        *,
        loaded: LoadedCity,
        endpoint: str,
        operator: Operator,
        outbox_path: Path,
        settings: Settings,
        theme_name: str = "",
        memory_bytes: int = DEFAULT_BYTES,
        login: Login | None = None,
        recording: Recording | None = None,
        history: Path | None = None,
        watched: tuple[str, ...] = (),
    ) -> None:
        self.exit_status = 0
        self._settings = settings
        self._clock = CursorClock(SystemClock())
        self._bridge = Bridge(self._clock)
        made = made_session(
            loaded, endpoint=endpoint, operator=operator, outbox=outbox_path, clock=self._clock,
            recording=recording, login=login,
        )  # fmt: skip
        self.session = made.session
        self.soon(lambda: self._say_all(made.complaints))
        self._live_joins = LiveJoinDriver(self.session, self._bridge)
        self._recorder = RunRecorder(self.session)
        theme = load_theme(theme_name or settings.theme)
        layers = self._layers = LayerList()
        self._past = SharedPast(self.session)
        self._panes = CityPanes(session=self.session, layers=layers, bridge=self._bridge)
        base = PaneBase(
            session=self.session,
            bridge=self._bridge,
            clock=self._clock,
            past=self._past,
            share=self._panes.share,
        )
        self._maker = PaneMaker(
            base=base, theme=lambda: self.window.theme, show_menu=self._show_menu
        )
        main = self._main = CityPane(
            name="Main view",
            base=base,
            theme=theme,
            memory_bytes=memory_bytes,
            recorder=self._recorder,
        )
        self._viewport, self._scene, self._driver = main.viewport, main.scene, main.driver
        self._scene.set_city(loaded.asset, loaded.tiles, loaded.streams)
        self._panes.add(main)
        self._docks = PaneDocks(
            area=ViewArea(main.frame),
            panes=self._panes,
            past=self._past,
            make=self._maker.further,
        )
        self.time = TimeDriver(
            machine=made.machine, memory=made.memory, bridge=self._bridge, theme=theme
        )
        self._tools = tools = ToolList()
        self._views = views = ViewList()
        self.window = MainWindow(
            session=self.session,
            bridge=self._bridge,
            theme=theme,
            viewport=self._viewport,
            middle=UnderScene(self._docks.area, self.time.timeline),
            settings=settings,
            operator=operator,
            panels=panel_registry(),
            layers=layers,
            tools=tools,
            views=views,
            in_view=self._told_in_view(),
        )
        self._wall = Wall(
            session=self.session,
            panes=self._panes,
            views=views,
            bridge=self._bridge,
            window=self.window,
            theme=lambda: self.window.theme,
            make=self._make_wall_pane,
        )
        self._swipe = self._make_swipe()
        self.window.toast.over = self._docks.area  # above the timeline
        self.window.host = self._docks
        self.window.figures.follow_memory(self._memory)
        self._tool_driver = ToolDriver(
            session=self.session,
            scene=self._scene,
            viewport=self._viewport,
            tools=tools,
            bridge=self._bridge,
            hurry=self._driver.hurry,
        )
        self._view_driver = ViewDriver(
            session=self.session,
            active=lambda: self._panes.active,
            layers=layers,
            tools=tools,
            views=views,
            bridge=self._bridge,
            settings=settings,
        )
        self._sources_driver = SourcesDriver(
            session=self.session,
            scene=self._scene,
            viewport=self._viewport,
            controls=main.controls,
            bridge=self._bridge,
            theme=theme,
            is_streamed=bool(loaded.streams),
        )
        self._sources_driver.add_actions(self.window.actions_table, RecentScenes())
        self._exports = ExportDriver(
            session=self.session,
            bridge=self._bridge,
            window=self.window,
            source=loaded.source,
            pane=lambda: self._panes.active,
            book=lambda: views.book,
            theme=lambda: self.window.theme.name,
            tape=made.machine.tape,
        )
        self._tool_driver.dress(theme, self.window.theme_changed)
        self._collaboration, self._alarms = self._watch_room()
        self._together = TogetherParts(panes=self._panes, window=self.window)
        self._duty = DutyParts(panes=self._panes, window=self.window)
        areas = AreaDriver(session=self.session, bridge=self._bridge, window=self.window)
        parts = (self._wall, self._docks, self._tool_driver, self._view_driver, self._exports)
        for part in (
            *parts,
            areas,
            self._collaboration,
            self._alarms,
            self._together,
            self._duty,
            self.time,
        ):
            part.add_actions(self.window.actions_table)
        self._is_closed = False
        self._after_first_frame: list[Callable[[], None]] = []
        self._disconnects = [
            self.window.theme_changed.connect(self._panes.set_theme),
            self.window.closed.connect(self._begin_end),
            self._viewport.frame_drawn.connect(self._note_first_frame),
            main.menu_requested.connect(self._show_menu),
            self.window.theme_changed.connect(self._wall.set_theme),
            self.window.theme_changed.connect(self._swipe.set_theme),
            self.window.closing.connect(self._close_further_views),
        ]
        self._begin(history, watched)

    def _begin(self, history: Path | None, watched: tuple[str, ...]) -> None:
        """Start what goes on by itself."""
        self._bridge.every(LINK_CHECK_MS, HubFollower(self.session, self.window.top_bar).look)
        self._bridge.every(UNITS_CHECK_MS, self._recorder.note_units)
        self._bridge.every(UNITS_CHECK_MS, self._past.note)
        self._perception = PerceptionDriver(
            self.session, self._bridge, self._settings, history=history, watched=watched
        )
        self.time.begin(self.window, self._panes, self._driver.hurry)
        tape = self.time.machine.tape
        self._end_history = set_up_history(self.session, self._settings, history, tape)
        self.session.ingest.start()
        self.session.hub.start()

    def _told_in_view(self) -> InViewList:
        """What the active view shows, kept up to date while somebody reads it."""
        told = InViewList()
        InViewTeller(session=self.session, active=lambda: self._panes.active, told=told)
        return told

    def _watch_room(self) -> tuple[Collaboration, AlarmWatch]:
        """What the console does by itself when something comes."""
        collaboration = Collaboration(
            session=self.session, bridge=self._bridge, window=self.window, settings=self._settings
        )
        alarms = AlarmWatch(
            session=self.session,
            bridge=self._bridge,
            window=self.window,
            sounds=collaboration.sounds,
            is_live=lambda: self.time.machine.is_live,
        )
        return collaboration, alarms

    def _make_wall_pane(self, name: str, beside: CityPane, *, scale: float) -> CityPane:
        """A view of the wall; the first one of a run takes its figures."""
        recorder = None if self._wall.shown else self._recorder
        pane = self._maker.on_wall(name, beside, scale=scale, recorder=recorder)
        pane.viewport.frame_drawn.connect(self._note_first_frame)
        return pane

    def _make_swipe(self) -> SwipeDriver:
        swipe = SwipeDriver(
            panes=self._panes,
            bridge=self._bridge,
            theme=lambda: self.window.theme,
            make=self._maker.half,
            fill_time=self._docks.fill_time,
            say=self.session.message.emit,
        )
        swipe.add_actions(self.window.actions_table)
        return swipe

    def _memory(self) -> CityMemory:
        """What the city takes of its budget, and whether that makes it coarser."""
        budget, streamed = self._scene.budget, self._scene.streamed
        allowed_px = 0.0
        if streamed is not None and budget.coarser > 1.0:
            allowed_px = streamed.figures.allowed_px
        return CityMemory(budget.used_bytes, budget.limit_bytes, allowed_px)

    # -- life --------------------------------------------------------------------------------

    def show(
        self,
        *,
        fills_screen: bool = False,
        size: tuple[int, int] | None = None,
        wall: bool = False,
    ) -> None:
        """Show the window; a timed run fills the screen so that pictures look alike.

        With ``wall`` show the wall instead, on all monitors or over a part of the first.
        """
        screen = QApplication.primaryScreen()
        if wall:
            self._wall.enter(None if size is None else QRect(0, 0, *size))
            return
        kept = self._settings.open_views(self.session.city.title)
        self.after_first_frame(lambda: open_views(kept, self._docks, self._panes))
        if size is not None:
            self.window.setGeometry(0, 0, *size)
        elif fills_screen and screen is not None:
            self.window.setGeometry(screen.availableGeometry())
        self.window.show()

    def _say_all(self, sentences: Sequence[str]) -> None:
        for sentence in sentences:
            self.session.message.emit(sentence)

    def after_first_frame(self, call: Callable[[], None]) -> None:
        """Call once the city was drawn for the first time."""
        self._after_first_frame.append(call)

    def open_with(self, opening: Opening) -> None:
        """Show what is asked for once the city was drawn for the first time."""
        driver = OpeningDriver(
            opening,
            session=self.session,
            panes=self._panes,
            shown=lambda: self._wall.shown or (self._main,),
            layers=self._layers,
            tools=self._tools,
            views=self._views,
            show_panel=self.window.show_panel,
            compare=lambda seconds: self._swipe.open(round(seconds * NS_PER_S)),
        )
        self.after_first_frame(
            lambda: self._disconnects.append(self._bridge.every(OPENING_MS, driver.step))
        )

    def soon(self, call: Callable[[], object]) -> None:
        """Call once the event loop runs."""
        self._bridge.after(0, call)

    def post_message(self, sentence: str) -> None:
        """Show one sentence until it is dismissed: something ended. Any thread."""
        self._bridge.post(lambda: self.window.say(sentence, "alarm"))

    def end_after(
        self, seconds: float, *, screenshot: Path | None, report: Path | None, rehearse: bool
    ) -> None:
        """End by itself: give a few commands, then save a picture and figures and close."""
        if rehearse:
            self._bridge.every(REHEARSAL_MS, Rehearsal(self.session).step)
        self._bridge.after(round(seconds * 1000), lambda: self._finish(screenshot, report))
        self._bridge.after(round(seconds * 1000) + GRACE_MS, self.window.close)

    def close(self) -> None:
        """Take everything apart; see `viewer.console` for the order. Twice is fine."""
        if self._is_closed:
            return
        self.window.close()
        self._is_closed = True
        self.session.ingest.close()
        self.session.hub.close()
        self._bridge.close()
        self._end_history()

    def _close_further_views(self, _nothing: None) -> None:
        title = self.session.city.title
        self._settings.set_open_views(title, views_text(self._docks))
        self._settings.save()
        self._wall.close()
        self._swipe.end()
        self._docks.close_all()

    def _begin_end(self, _nothing: None) -> None:
        for disconnect in self._disconnects:
            disconnect()
        self._together.close()
        self._duty.close()
        self.time.close()
        self._panes.close()
        self._tool_driver.close()
        self._view_driver.close()
        self._sources_driver.close()
        self._exports.close()
        self._alarms.close()
        self._collaboration.close()
        self._main.close()
        QApplication.quit()

    def _note_first_frame(self, _took_ms: float) -> None:
        calls, self._after_first_frame = self._after_first_frame, []
        for call in calls:
            call()

    def _finish(self, screenshot: Path | None, report: Path | None) -> None:
        if not self._recorder.has_drawn:  # a slow machine: the picture first
            self._bridge.after(200, lambda: self._finish(screenshot, report))
            return
        if screenshot is not None:
            self.save_picture(screenshot)
        try:
            if report is not None:
                self._recorder.report().save(report)
        except OSError:
            self._note_unwritten(report)
        self.window.close()

    def play(self, part: Part) -> None:
        """Play a seat of a script from the first frame on."""
        driver = SeatDriver(self, part)
        self.after_first_frame(
            lambda: self._disconnects.append(self._bridge.every(STEP_MS, driver.step))
        )

    @property
    def main_scene(self) -> CityScene:
        """The scene of the first view."""
        return self._main.scene

    def look_on(self, options: AudienceOptions) -> None:
        """Follow the scene that is played in the room, from the first frame on."""

        def begin() -> None:
            driver = AudienceDriver(
                session=self.session, bridge=self._bridge, window=self.window, pane=self._main,
                layers=self._layers, timeline=self.time.timeline, options=options,
            )  # fmt: skip
            self._disconnects.append(driver.close)

        self.after_first_frame(begin)

    def save_picture(self, path: Path) -> None:
        """Save a picture of the window as it is now."""
        if not self._picture().save(str(path)):
            self._note_unwritten(path)

    def _picture(self) -> QImage:
        return self._wall.grab() if self._wall.is_on else self.window.grab().toImage()

    def _note_unwritten(self, path: Path | None) -> None:
        _log.error("The result of the run could not be written: %s", path)
        self.exit_status = 1

    def _show_menu(self, request: tuple[CityPane, float, float, QPoint]) -> None:
        pane, x_px, y_px, at = request
        menu = QMenu(self.window)
        fill_scene_menu(
            menu,
            session=self.session,
            actions=self.window.actions_table,
            pick=pane.scene.pick(x_px, y_px),
            select=pane.driver.select_pick,
        )
        menu.exec(at)
        menu.deleteLater()
