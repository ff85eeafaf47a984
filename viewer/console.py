"""The console process: composition of city, link, scene and window, and the order of its end.

The end, in this order: what gives commands stops, the window lets go of panels, timers and the
3D view, the scene leaves the renderer, the sockets close and their threads are joined, the
private processes stop, the bridge closes.
"""

from __future__ import annotations

import getpass
import logging
import os
import signal
import socket
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_state_path

from twin.clock import SystemClock
from twin.errors import TwinError
from twin.link.signing import console_id_at
from twin.room.model import Operator
from twin.tiles.budget import DEFAULT_BYTES, MIB
from viewer.city_source import CityLoading, CitySource, LoadedCity, opening_remark
from viewer.crash_notes import left_behind, noted
from viewer.key_arguments import Login, LoginAsked, log_in
from viewer.opening import Opening
from viewer.parts import Companions, FeedFile, PrivateHub
from viewer.ports import PortClaim

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from twin.recording.reading import Recording
    from viewer.audience_driver import AudienceOptions
    from viewer.desk import Desk
    from viewer.seat_driver import Part
    from viewer.settings import Settings

_log = logging.getLogger(__name__)

POLL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """A recording to show.

    Attributes
    ----------
    start_ns : the moment to begin with
    speed : play at once, so many times as fast; None = stand still
    """

    recording: Recording
    start_ns: int
    speed: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleOptions:
    """What a console is told at its start.

    Attributes
    ----------
    hub : control endpoint to join, "" = a private hub of our own
    base_port : first port tried for the private hub
    journal : of the private hub; None = a temporary one
    simulate : start a simulator on the private hub
    sim_arguments : further arguments of ``civitwin sim``
    seconds : end by itself after so long, None = stay open
    window : width and height of a timed run's window in pixels, None = the whole screen
    screenshot, report : written at the end of a timed run
    theme : "light", "dark" or "" = as remembered
    memory_mib : what the city may take, streamed tiles and graphics included
    opening : what is shown first
    wall : views on every monitor (or over ``window``) in place of the window
    part : seat of a script that is played here
    audience : follow the scene that is played in the room, None = no
    login : keys of this workstation and who logs in; None = a hub without keys
    replay : show a recording, without any hub
    history : folder with the past of datastreams, None = there is none
    watched : ids of datastreams to watch for unusual values, besides those chosen before
    """

    city: CitySource
    hub: str = ""
    base_port: int = 5710
    journal: Path | None = None
    simulate: bool = False
    sim_arguments: tuple[str, ...] = ()
    feeds: tuple[FeedFile, ...] = ()
    operator: str = ""
    department: str = "control_room"
    theme: str = ""
    settings: Path | None = None
    seconds: float | None = None
    window: tuple[int, int] | None = None
    screenshot: Path | None = None
    report: Path | None = None
    colour_by: str = ""
    memory_mib: int = DEFAULT_BYTES // MIB
    opening: Opening = field(default_factory=Opening)
    wall: bool = False
    part: Part | None = None
    audience: AudienceOptions | None = None
    login: LoginAsked | None = None
    replay: ReplayOptions | None = None
    history: Path | None = None
    watched: tuple[str, ...] = ()


def run_console(options: ConsoleOptions) -> int:
    """Run a console until its window is closed. Main thread only.

    Raises
    ------
    TwinError
        The city cannot be opened, or the hub cannot be started.
    """
    ending = _Ending()
    signal.signal(signal.SIGTERM, ending.ask)
    signal.signal(signal.SIGINT, ending.ask)
    state = user_state_path("civitwin", appauthor=False, ensure_exists=True)
    troubles = _Troubles()
    for sentence in left_behind(state):
        troubles.tell(sentence)
    loading = CityLoading(options.city)
    with (
        noted(state),
        tempfile.TemporaryDirectory(prefix="civitwin-", ignore_cleanup_errors=True) as name,
    ):
        try:
            return _run(loading, Path(name), ending, troubles, options)
        finally:
            loading.cancel()


def _run(
    loading: CityLoading,
    folder: Path,
    ending: _Ending,
    troubles: _Troubles,
    options: ConsoleOptions,
) -> int:
    """Everything between the start of the loading and its end; `folder` is gone afterwards."""
    hub, ports = None, None
    if not options.hub and options.replay is None:  # first, so that it starts while the city loads
        ports = PortClaim(options.base_port)
        hub = PrivateHub(
            base_port=ports.base,
            scene=options.city.title,
            folder=folder,
            journal=options.journal,
            on_trouble=troubles.tell,
        )
    try:
        settings = _settings(options, folder)
        app = _make_application()
        login = _log_in(app, options, settings, ending)
        loaded = _await_city(app, loading, ending, options, settings)
        endpoint = hub.control_endpoint() if hub else options.hub
        ending.leave_if_asked()
        return _run_desk(app, loaded, endpoint, folder, settings, ending, troubles, options, login)
    finally:
        if hub is not None:
            hub.close()
        if ports is not None:
            ports.close()


class _Ending:
    """SIGTERM and SIGINT: remembered until there is a window to close. Main thread.

    Raising from the handler would not do: Qt swallows what is raised inside its calls.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self._close: Callable[[], object] | None = None

    def ask(self, _number: int, _frame: object) -> None:
        """Signal handler."""
        self.is_asked = True
        if self._close is not None:
            self._close()

    def close_with(self, close: Callable[[], object]) -> None:
        """From now on the window is closed; at once if the end was asked for before."""
        self._close = close
        if self.is_asked:
            close()

    def leave_if_asked(self) -> None:
        """Leave the process while there is no window yet."""
        if self.is_asked:
            raise SystemExit(0)


class _Troubles:
    """Carries sentences from worker threads to whoever shows them; keeps the early ones."""

    def __init__(self) -> None:
        self._early: list[str] = []
        self._desk: Desk | None = None

    def tell(self, sentence: str) -> None:
        """Any thread."""
        _log.warning("%s", sentence)
        if self._desk is None:
            self._early.append(sentence)
        else:
            self._desk.post_message(sentence)

    def show_on(self, desk: Desk | None) -> None:
        """Show the early sentences and all later ones there."""
        self._desk = desk
        if desk is not None:
            for sentence in self._early:
                desk.post_message(sentence)
            self._early.clear()


def _make_application() -> QApplication:
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(["civitwin"])
    app.setApplicationName("civitwin")
    app.setApplicationDisplayName("Civitwin")
    app.setDesktopFileName("civitwin")
    return app


def _await_city(
    app: QApplication,
    loading: CityLoading,
    ending: _Ending,
    options: ConsoleOptions,
    settings: Settings,
) -> LoadedCity:
    """Keep a small window with progress alive until the city is there."""
    from twin.theme import load_theme
    from viewer.splash import Splash
    from widgets.style import apply_theme

    clock = SystemClock()
    apply_theme(app, load_theme(options.theme or settings.theme))
    splash = Splash(title=options.city.title, loading=loading, clock=clock)
    _import_drawing()  # while the city loads on its own thread
    while not loading.wait(POLL_S):
        ending.leave_if_asked()
        splash.refresh()
        app.processEvents()
    splash.close()
    return loading.result()


def _import_drawing() -> None:
    """Load the heavy drawing libraries."""
    import viewer.desk  # noqa: F401


def _log_in(
    app: QApplication, options: ConsoleOptions, settings: Settings, ending: _Ending
) -> Login | None:
    """Who sits here, where the hub has keys; the city loads meanwhile."""
    if options.login is None:
        return None
    from twin.theme import load_theme
    from widgets.style import apply_theme

    apply_theme(app, load_theme(options.theme or settings.theme))
    login = log_in(options.login, lambda: ending.is_asked)
    if login is None:
        raise SystemExit(0)
    return login


def _settings(options: ConsoleOptions, folder: Path) -> Settings:
    """The person's settings; a timed run has fresh ones and leaves the person's alone."""
    from viewer.settings import Settings

    is_timed = options.seconds is not None
    return Settings(options.settings or (folder / "console.ini" if is_timed else None))


def _operator(options: ConsoleOptions, settings: Settings, login: Login | None) -> Operator:
    if login is not None:  # what is true of a person is told by the hub
        person, at = login.signer.person_id, console_id_at(login.security.name)
        return Operator(name=person, department="", console_id=at, person=person)
    name = options.operator or settings.operator_name or getpass.getuser()
    return Operator(
        name=name,
        department=options.department,
        console_id=f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}",
    )


def _outbox_path(options: ConsoleOptions, operator: Operator, folder: Path) -> Path:
    """Where unacknowledged commands wait.

    With a journal that ends with this run so does the outbox; else it is kept per operator.
    """
    if not options.hub and options.journal is None:
        return folder / "outbox.sqlite"
    kept = user_state_path("civitwin", appauthor=False, ensure_exists=True)
    safe = "".join(c if c.isalnum() else "-" for c in f"{operator.name}-{operator.department}")
    return kept / f"outbox-{safe}.sqlite"


def _run_desk(
    app: QApplication,
    loaded: LoadedCity,
    endpoint: str,
    folder: Path,
    settings: Settings,
    ending: _Ending,
    troubles: _Troubles,
    options: ConsoleOptions,
    login: Login | None,
) -> int:
    from twin.link.outbox import OutboxInUseError
    from viewer.desk import Desk

    operator = _operator(options, settings, login)
    companions = Companions(folder=folder, on_trouble=troubles.tell)
    try:
        desk = Desk(
            loaded=loaded,
            endpoint=endpoint,
            operator=operator,
            outbox_path=_outbox_path(options, operator, folder),
            settings=settings,
            theme_name=options.theme,
            memory_bytes=options.memory_mib * MIB,
            login=login,
            recording=None if options.replay is None else options.replay.recording,
            history=options.history,
            watched=options.watched,
        )
    except OutboxInUseError as error:
        who = f"{operator.name} ({operator.department})" if operator.department else operator.name
        raise TwinError(
            f"{who} has a console open on this machine already: close that one, or start this one"
            " under another name or department"
        ) from error
    troubles.show_on(desk)
    if options.replay is not None:
        desk.time.show(options.replay.start_ns, options.replay.speed)

    def start_companions() -> None:
        if options.simulate:
            arguments = [*options.city.sim_arguments(folder), *options.sim_arguments]
            companions.start_simulator(endpoint, arguments)
            companions.start_watcher(endpoint)
        for feed in options.feeds:
            try:
                companions.start_feed(endpoint, feed)
            except TwinError as error:
                troubles.tell(str(error))

    desk.after_first_frame(start_companions)
    remark = opening_remark(loaded.asset)
    if remark:
        desk.after_first_frame(lambda: desk.session.message.emit(remark))
    if options.colour_by:
        desk.session.colour_city_by(options.colour_by)
    desk.open_with(options.opening)
    if options.part is not None:
        desk.play(options.part)
    if options.audience is not None:
        desk.look_on(options.audience)
    if options.seconds is not None:
        desk.end_after(
            options.seconds,
            screenshot=options.screenshot,
            report=options.report,
            rehearse=options.simulate,
        )
    try:
        desk.show(fills_screen=options.seconds is not None, size=options.window, wall=options.wall)
        desk.soon(lambda: ending.close_with(desk.window.close))
        status = app.exec()
    finally:
        troubles.show_on(None)
        desk.close()
        companions.close()
    return status or desk.exit_status
