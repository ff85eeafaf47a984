"""One 3D view of the city: viewport, scene, camera, look and time, with its title bar and frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPoint

from scenes.city_scene import CityScene
from scenes.view import view_of
from twin.clock import Clock
from twin.session import TwinSession
from twin.signals import Signal
from twin.theme import Theme
from twin.tiles.budget import DEFAULT_BYTES
from viewer.carry_controls import CarryControls
from viewer.city_pane_look import PaneLook
from viewer.city_pane_time import SharedPast, behind_text
from viewer.hover import HoverTeller
from viewer.run_recorder import RunRecorder
from viewer.scene_driver import SceneDriver
from viewer.unit_drops import UnitDrops
from widgets.bridge import Bridge
from widgets.view_frame import ViewBar, ViewFrame
from widgets.viewport import Viewport


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneBase:
    """What all views of a console are made from.

    Attributes
    ----------
    past : what is known of earlier moments
    share : which part of the thread's time a view may draw in, without a graphics card
    """

    session: TwinSession
    bridge: Bridge
    clock: Clock
    past: SharedPast
    share: Callable[[CityPane], float]


class CityPane:
    """A view with a camera, layers, colours and a time of its own. GUI thread.

    The first view of a console draws a city of its own (`CityScene.set_city`); further ones are
    made ``beside`` it and share its geometry, streamed tiles and memory budget. A bare one has
    neither title bar nor line; with ``scale`` its symbols and letters are larger.

    Signals
    -------
    taken_up(CityPane)
        The person works with this view now.
    menu_requested((CityPane, x, y, QPoint))
        Right click in the view, as `Viewport.menu_requested`.
    """

    def __init__(
        self,
        *,
        name: str,
        base: PaneBase,
        theme: Theme,
        beside: CityPane | None = None,
        scale: float = 1.0,
        is_bare: bool = False,
        memory_bytes: int = DEFAULT_BYTES,
        recorder: RunRecorder | None = None,
    ) -> None:
        self.name = name
        self._is_bare = is_bare
        self.look = PaneLook()
        self._leader: CityPane | None = None
        self._steered: CityPane | None = None
        self.taken_up: Signal[CityPane] = Signal()
        self.menu_requested: Signal[tuple[CityPane, float, float, QPoint]] = Signal()
        self.viewport = Viewport(bridge=base.bridge, clock=base.clock)
        self.scene = CityScene(
            self.viewport.renderer,
            theme=theme,
            pixel_ratio=scale * self.viewport.devicePixelRatioF(),
            memory_bytes=memory_bytes,
            clock=base.clock,
        )
        if beside is not None:
            self._begin_like(beside)
        self.controls = CarryControls(self.scene, lambda: view_of(self.viewport.renderer))
        self.viewport.set_controls(self.controls)
        self.driver = SceneDriver(
            session=base.session,
            scene=self.scene,
            viewport=self.viewport,
            look=self.look,
            past=base.past,
            share=lambda: base.share(self),
            recorder=recorder,
        )
        self._hover = HoverTeller(
            session=base.session,
            viewport=self.viewport,
            scene=self.scene,
            controls=self.controls,
            behind_ns=lambda: self.driver.behind_ns,
        )
        self._drops = UnitDrops(session=base.session, viewport=self.viewport, pick=self.scene.pick)
        self._make_frame(theme, is_first=beside is None)

    def _begin_like(self, other: CityPane) -> None:
        """Share the city; begin with the same layers, colours, camera and time."""
        self.scene.share_city(other.scene)
        for record in self.scene.layers:
            self.scene.set_layer_visible(record.id, other.scene.is_layer_visible(record.id))
            self.scene.set_layer_state(record.id, other.scene.layer_state(record.id))
        self.look.colour_by, self.look.style = other.look.colour_by, other.look.style
        self.look.behind_ns = other.look.behind_ns
        self.scene.camera.set_plan(other.scene.camera.is_plan, animated=False)
        self.scene.camera.set_pose(other.scene.camera.pose)

    def _make_frame(self, theme: Theme, *, is_first: bool) -> None:
        self.bar = ViewBar(
            self.name, is_closable=not is_first, fills_screens=not is_first and not self._is_bare
        )
        # The first view carries its bar, others have it as the title of their dock.
        self.frame = ViewFrame(self.viewport, self.bar if is_first else None)
        self.bar.set_theme(theme)
        self._theme = theme
        self._disconnects = [
            self.frame.taken_up.connect(lambda _nothing: self.taken_up.emit(self)),
            self.frame.hidden.connect(lambda _nothing: self.scene.rest()),
            self.bar.plan_requested.connect(lambda _nothing: self.press_key("P")),
            self.bar.live_requested.connect(lambda _nothing: self.set_behind(0)),
            self.viewport.menu_requested.connect(self._pass_menu),
        ]

    def _pass_menu(self, request: tuple[float, float, QPoint]) -> None:
        self.menu_requested.emit((self, *request))

    # -- camera, time, look -----------------------------------------------------------------

    @property
    def is_showing(self) -> bool:
        """Whether it is on a screen, so that it costs frames."""
        return self.viewport.isVisible() and not self.viewport.window().isMinimized()

    def press_key(self, name: str) -> None:
        """Let the camera controls do what a key does."""
        self.viewport.send_key(name)
        self.refresh()

    def follow(self, other: CityPane | None) -> None:
        """Take over another view's camera from now on; None = look by itself again."""
        self._leader = other
        self.driver.follow(None if other is None else lambda: other.scene.camera.pose)
        self.refresh()

    def lock_to(self, other: CityPane) -> None:
        """Have no camera of its own: whoever moves it moves the other one's."""
        self._steered = other
        self.driver.is_in_step = True
        self.follow(other)

    @property
    def steered(self) -> CityPane:
        """Whose camera moves when somebody flies or keys in this view."""
        return self._steered or self

    @property
    def leader(self) -> CityPane | None:
        """Whose camera it takes over; a move by hand ends that."""
        return self._leader if self.driver.leader is not None else None

    def set_behind(self, behind_ns: int) -> None:
        """Show the city as it was so long ago, as far as that is known; 0 = live."""
        self.look.behind_ns = max(behind_ns, 0)
        self.driver.hurry()
        self.refresh()

    # -- what it shows about itself ---------------------------------------------------------

    def refresh(self) -> None:
        """Say what it follows and when it shows; now and then."""
        leader = self.leader
        is_free = self._steered is None
        self.bar.show_note(f"follows {leader.name}" if leader and is_free else "")
        self.bar.show_plan(self.scene.camera.is_plan)
        self.bar.show_behind(behind_text(self.driver.behind_ns if self.look.behind_ns else 0))

    def show_place(self, *, is_active: bool, is_alone: bool) -> None:
        """Say whether panels act on it; a view that is alone and live needs neither bar nor line.

        A line in the colour of replays says that it is behind live.
        """
        if self._is_bare:
            return
        is_behind = self.look.behind_ns > 0
        self.bar.show_active(is_active)
        self.bar.setVisible(not is_alone or is_behind)
        colour = self._theme.ui["accent"] if is_active else self._theme.ui["line"]
        if is_behind:
            colour = self._theme.frame["replay"]
        self.frame.show_line("" if is_alone and not is_behind else colour)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme."""
        self._theme = theme
        self.scene.set_theme(theme)
        self.bar.set_theme(theme)
        self.viewport.request_frame()

    # -- the end ----------------------------------------------------------------------------

    def close_view(self) -> None:
        """Let go of everything in GL; before the window of the view closes."""
        for disconnect in self._disconnects:
            disconnect()
        self._disconnects = []
        self._hover.close()
        self._drops.close()
        self.frame.release()
        self.viewport.close_view()

    def close(self) -> None:
        """Let go of session and scene, after `close_view`."""
        self.close_view()
        self.driver.close()
        self.bar.deleteLater()
