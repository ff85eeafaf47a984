"""One open console: session, scene, window and their timers, put together and taken apart.

GUI thread only, but for `Desk.post_message`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QApplication

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
from viewer.past_driver import set_up_history
from viewer.perception_driver import PerceptionDriver
from viewer.recent import RecentScenes
from viewer.run_recorder import RunRecorder
from viewer.seat_driver import STEP_MS, Part, SeatDriver
from viewer.session_maker import made_session
from viewer.settings import Settings
from viewer.sources_driver import SourcesDriver
from viewer.time_driver import TimeDriver, UnderScene
from viewer.timed_run import TimedRun
from viewer.together_parts import TogetherParts
from viewer.tool_driver import ToolDriver
from viewer.view_driver import ViewDriver
from viewer.view_parts import ViewParts
from widgets.bridge import Bridge
from widgets.in_view_list import InViewList
from widgets.layer_list import LayerList
from widgets.panel import panel_registry
from widgets.tool_list import ToolList
from widgets.view_list import ViewList

LINK_CHECK_MS = 250
UNITS_CHECK_MS = 1000
OPENING_MS = 200


class Desk:
    """Everything behind one console window.

    Attributes
    ----------
    views : all 3D views
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
        self._tools = tools = ToolList()
        self._bookmarks = bookmarks = ViewList()
        self.views = ViewParts(
            session=self.session,
            bridge=self._bridge,
            clock=self._clock,
            loaded=loaded,
            layers=layers,
            bookmarks=bookmarks,
            theme=theme,
            window=lambda: self.window,
            memory_bytes=memory_bytes,
            recorder=self._recorder,
        )
        main = self.views.main
        self.time = TimeDriver(
            machine=made.machine, memory=made.memory, bridge=self._bridge, theme=theme
        )
        self.window = MainWindow(
            session=self.session,
            bridge=self._bridge,
            theme=theme,
            viewport=main.viewport,
            middle=UnderScene(self.views.docks.area, self.time.timeline),
            settings=settings,
            operator=operator,
            panels=panel_registry(),
            layers=layers,
            tools=tools,
            views=bookmarks,
            in_view=self._told_in_view(),
        )
        self._run = TimedRun(
            session=self.session,
            bridge=self._bridge,
            recorder=self._recorder,
            picture=self.views.picture,
            close=self.window.close,
        )
        self._tool_driver = ToolDriver(
            session=self.session,
            scene=main.scene,
            viewport=main.viewport,
            tools=tools,
            bridge=self._bridge,
            hurry=main.driver.hurry,
        )
        self._view_driver = ViewDriver(
            session=self.session,
            active=lambda: self.views.panes.active,
            layers=layers,
            tools=tools,
            views=bookmarks,
            bridge=self._bridge,
            settings=settings,
        )
        self._sources_driver = SourcesDriver(
            session=self.session,
            scene=main.scene,
            viewport=main.viewport,
            controls=main.controls,
            bridge=self._bridge,
            theme=theme,
            is_streamed=bool(loaded.streams),
        )
        self.views.swipe.add_actions(self.window.actions_table)
        self._sources_driver.add_actions(self.window.actions_table, RecentScenes())
        self._exports = ExportDriver(
            session=self.session,
            bridge=self._bridge,
            window=self.window,
            source=loaded.source,
            pane=lambda: self.views.panes.active,
            book=lambda: bookmarks.book,
            theme=lambda: self.window.theme.name,
            tape=made.machine.tape,
        )
        self._tool_driver.dress(theme, self.window.theme_changed)
        self._collaboration, self._alarms = self._watch_room()
        self._together = TogetherParts(panes=self.views.panes, window=self.window)
        self._duty = DutyParts(panes=self.views.panes, window=self.window)
        areas = AreaDriver(session=self.session, bridge=self._bridge, window=self.window)
        for part in (
            self.views,
            self._tool_driver,
            self._view_driver,
            self._exports,
            areas,
            self._collaboration,
            self._alarms,
            self._together,
            self._duty,
            self.time,
        ):
            part.add_actions(self.window.actions_table)
        self._is_closed = False
        self.views.dress()
        self._disconnects = [
            self.window.closed.connect(self._begin_end),
            self.window.closing.connect(lambda _nothing: self.views.close_further(settings)),
        ]
        self._begin(history, watched)

    def _begin(self, history: Path | None, watched: tuple[str, ...]) -> None:
        """Start what goes on by itself."""
        self._bridge.every(LINK_CHECK_MS, HubFollower(self.session, self.window.top_bar).look)
        self._bridge.every(UNITS_CHECK_MS, self._recorder.note_units)
        self._bridge.every(UNITS_CHECK_MS, self.views.past.note)
        self._perception = PerceptionDriver(
            self.session, self._bridge, self._settings, history=history, watched=watched
        )
        self.time.begin(self.window, self.views.panes, self.views.main.driver.hurry)
        tape = self.time.machine.tape
        self._end_history = set_up_history(self.session, self._settings, history, tape)
        self.session.ingest.start()
        self.session.hub.start()

    def _told_in_view(self) -> InViewList:
        """What the active view shows, kept up to date while somebody reads it."""
        told = InViewList()
        InViewTeller(session=self.session, active=lambda: self.views.panes.active, told=told)
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
            self.views.wall.enter(None if size is None else QRect(0, 0, *size))
            return
        self.views.open_again(self._settings)
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
        self.views.after_first_frame(call)

    def open_with(self, opening: Opening) -> None:
        """Show what is asked for once the city was drawn for the first time."""
        driver = OpeningDriver(
            opening,
            session=self.session,
            panes=self.views.panes,
            shown=lambda: self.views.wall.shown or (self.views.main,),
            layers=self._layers,
            tools=self._tools,
            views=self._bookmarks,
            show_panel=self.window.show_panel,
            compare=lambda seconds: self.views.swipe.open(round(seconds * NS_PER_S)),
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
        self._run.end_after(seconds, screenshot=screenshot, report=report, rehearse=rehearse)

    def save_picture(self, path: Path) -> None:
        """Save a picture of the window as it is now."""
        self._run.save_picture(path)

    @property
    def exit_status(self) -> int:
        """0, or 1 when a timed run could not write what it was asked for."""
        return self._run.exit_status

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

    def _begin_end(self, _nothing: None) -> None:
        for disconnect in self._disconnects:
            disconnect()
        self._together.close()
        self._duty.close()
        self.time.close()
        self.views.let_go()
        self._tool_driver.close()
        self._view_driver.close()
        self._sources_driver.close()
        self._exports.close()
        self._alarms.close()
        self._collaboration.close()
        self.views.main.close()
        QApplication.quit()

    def play(self, part: Part) -> None:
        """Play a seat of a script from the first frame on."""
        driver = SeatDriver(self, part)
        self.after_first_frame(
            lambda: self._disconnects.append(self._bridge.every(STEP_MS, driver.step))
        )

    @property
    def main_scene(self) -> CityScene:
        """The scene of the first view."""
        return self.views.main.scene

    def look_on(self, options: AudienceOptions) -> None:
        """Follow the scene that is played in the room, from the first frame on."""

        def begin() -> None:
            driver = AudienceDriver(
                session=self.session, bridge=self._bridge, window=self.window, pane=self.views.main,
                layers=self._layers, timeline=self.time.timeline, options=options,
            )  # fmt: skip
            self._disconnects.append(driver.close)

        self.after_first_frame(begin)
