"""All views of a console: which one is active, who follows whom, and how they share the time."""

from __future__ import annotations

from collections.abc import Callable

from twin.session import TwinSession
from twin.signals import Signal
from twin.theme import Theme
from viewer.city_pane import CityPane
from viewer.scene_driver import SOFTWARE_MOTION_SHARE
from widgets.bridge import Bridge
from widgets.layer_list import LayerList

#: How often bars are brought up to date and moments are noted.
REFRESH_MS = 250
#: What part of the drawing time belongs to the active view while others are on the screen.
ACTIVE_PART = 0.6


class CityPanes:
    """The views of one console. GUI thread.

    Panels show and change layers, colours and style of the active view: the session's
    ``colour_by`` and ``style`` are always those of that view, and each view keeps its own.

    Signals
    -------
    activated(CityPane)
        Panels and keys act on another view.
    changed(None)
        A view was opened or closed.
    """

    def __init__(self, *, session: TwinSession, layers: LayerList, bridge: Bridge) -> None:
        self._session = session
        self._layers = layers
        self._bridge = bridge
        self._panes: list[CityPane] = []
        self._active: CityPane | None = None
        self._releases: dict[int, list[Callable[[], None]]] = {}
        self.activated: Signal[CityPane] = Signal()
        self.changed: Signal[None] = Signal()
        self._disconnects = [
            session.colour_by_changed.connect(self._take_colour),
            session.style_changed.connect(self._take_style),
            session.fly_to_requested.connect(self._fly_to),
            bridge.every(REFRESH_MS, self._refresh),
        ]

    @property
    def all(self) -> tuple[CityPane, ...]:
        """The views in the order they were opened."""
        return tuple(self._panes)

    @property
    def first(self) -> CityPane:
        """The view in the middle of the window."""
        return self._panes[0]

    @property
    def active(self) -> CityPane:
        """The view that panels and keys act on."""
        return self._active or self._panes[0]

    def add(self, pane: CityPane) -> None:
        """A view was made."""
        self._panes.append(pane)
        self._releases[id(pane)] = [pane.taken_up.connect(self.activate)]
        if self._active is None:
            self._session.colour_city_by(pane.look.colour_by)
            self.activate(pane)
        self._show_places()
        self.changed.emit(None)

    def remove(self, pane: CityPane) -> None:
        """A view is about to close: nobody follows it, and another one becomes active."""
        self._panes.remove(pane)
        for release in self._releases.pop(id(pane)):
            release()
        for other in self._panes:
            if other.leader is pane:
                other.follow(None)
        if self._active is pane:
            pane.driver.detach()
            self._active = None
            if self._panes:
                self.activate(self._panes[0])
        self._show_places()
        self.changed.emit(None)

    def activate(self, pane: CityPane) -> None:
        """Let panels and keys act on a view."""
        if pane is self._active or pane not in self._panes:
            return
        if self._active is not None:
            self._active.driver.detach()
        colour_by, style = pane.look.colour_by, pane.look.style
        self._active = pane
        self._session.set_style(style)
        self._session.colour_city_by(colour_by)
        pane.driver.attach(self._layers)
        self._show_places()
        self.activated.emit(pane)

    def activate_next(self) -> None:
        """Go to the next view that is on a screen."""
        showing = [pane for pane in self._panes if pane.is_showing]
        if showing:
            at = showing.index(self.active) if self.active in showing else -1
            chosen = showing[(at + 1) % len(showing)]
            self.activate(chosen)
            chosen.viewport.setFocus()

    def share(self, pane: CityPane) -> float:
        """Part of the time a view may draw in: the active one first, the others evenly."""
        others = sum(1 for one in self._panes if one.is_showing and one is not self._active)
        if pane is self._active:
            return SOFTWARE_MOTION_SHARE * (ACTIVE_PART if others else 1.0)
        is_active_seen = self._active is not None and self._active.is_showing
        part = 1.0 - ACTIVE_PART if is_active_seen else 1.0
        return SOFTWARE_MOTION_SHARE * part / max(others, 1)

    def set_theme(self, theme: Theme) -> None:
        """Dress all views."""
        for pane in self._panes:
            pane.set_theme(theme)
        self._show_places()

    def close(self) -> None:
        """Let go of the session; the views are closed by whoever made them."""
        for disconnect in self._disconnects:
            disconnect()

    # -- the active view --------------------------------------------------------------------

    def _take_colour(self, name: str) -> None:
        if self._active is not None:
            self._active.look.colour_by = name
            self._active.driver.hurry()

    def _take_style(self, _style: object) -> None:
        if self._active is not None:
            self._active.look.style = self._session.style
            self._active.driver.hurry()

    def _fly_to(self, target: tuple[float, float, float, float]) -> None:
        pane = self.active.steered
        pane.follow(None)
        pane.scene.camera.fly_to(target[:3], target[3])
        pane.driver.hurry()

    def _refresh(self) -> None:
        for pane in self._panes:
            pane.refresh()
        self._show_places()

    def _show_places(self) -> None:
        is_alone = len(self._panes) == 1
        for pane in self._panes:
            pane.show_place(is_active=pane is self._active, is_alone=is_alone)
