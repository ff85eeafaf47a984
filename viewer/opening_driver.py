"""Brings what a console shows first once the city is there. GUI thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from twin.city.named_styles import NamedStyles
from twin.errors import TwinError
from twin.session import TwinSession
from viewer.city_pane import CityPane
from viewer.city_panes import CityPanes
from viewer.opening import Opening, OpeningError, ToolAsked, settings_put
from viewer.wall import dress
from widgets.layer_list import LayerList
from widgets.tool_list import ToolList
from widgets.view_list import ViewList

#: Streamed tiles may take so many steps to arrive before tools are clicked all the same.
MOST_STEPS = 100


class OpeningDriver:
    """Camera, layers and style at once; tools and their clicks when the views have settled.

    Parameters
    ----------
    shown : the views that are dressed: the main one, or all of the wall
    show_panel : brings a panel to the front
    compare : shows before and after, so many seconds apart
    """

    def __init__(
        self,
        opening: Opening,
        *,
        session: TwinSession,
        panes: CityPanes,
        shown: Callable[[], Sequence[CityPane]],
        layers: LayerList,
        tools: ToolList,
        views: ViewList,
        show_panel: Callable[[str], None],
        compare: Callable[[float], None],
    ) -> None:
        self._opening = opening
        self._session, self._panes, self._shown = session, panes, shown
        self._layers, self._tools, self._views = layers, tools, views
        self._show_panel, self._compare = show_panel, compare
        self._n_steps = -1

    @property
    def is_done(self) -> bool:
        """Whether all was brought."""
        return self._n_steps >= MOST_STEPS

    def step(self) -> None:
        """Bring the next part of it; some times a second, from the first frame on."""
        if self.is_done:
            return
        self._n_steps += 1
        if self._n_steps == 0:
            self._begin()
        elif self.is_done or all(pane.scene.is_settled for pane in self._shown()):
            self._n_steps = MOST_STEPS
            for pane in self._shown():
                for asked in self._opening.tools:
                    self._guard(partial(self._tool, pane, asked))

    def _begin(self) -> None:
        for pane in self._shown():
            self._panes.activate(pane)
            for dress_it in (self._layer, self._style, self._bookmark, self._aim):
                self._guard(partial(dress_it, pane))
        self._panes.activate(self._shown()[0])
        for panel_id in self._opening.panels:
            self._show_panel(panel_id)
        if self._opening.compare_s > 0:
            self._compare(self._opening.compare_s)

    def _aim(self, pane: CityPane) -> None:
        camera, numbers = pane.scene.camera, self._opening.camera
        if len(numbers) == 6:
            camera.look_from(
                (numbers[0], numbers[1], numbers[2]), (numbers[3], numbers[4], numbers[5])
            )
        elif len(numbers) == 3:
            camera.fly_to(
                camera.pose.focal_m,
                numbers[2],
                azimuth_rad=math.radians(numbers[0]),
                elevation_rad=math.radians(numbers[1]),
                animated=False,
            )

    def _layer(self, _pane: CityPane) -> None:
        known = {entry.id: entry for entry in self._layers.entries}
        for asked in self._opening.layers:
            if asked.id not in known:
                raise OpeningError(f"No layer {asked.id!r}; there are: {', '.join(known)}")
            entry = known[asked.id]
            state = settings_put(entry.state, asked.settings, f"The layer {asked.id}")
            for name, _text in asked.settings:
                self._layers.set_field(asked.id, name, getattr(state, name))
            self._layers.set_visible(asked.id, asked.shown)

    def _tool(self, pane: CityPane, asked: ToolAsked) -> None:
        known = {entry.id: entry for entry in self._tools.entries}
        if asked.id not in known:
            raise OpeningError(f"No tool {asked.id!r}; there are: {', '.join(known)}")
        state = settings_put(known[asked.id].state, asked.settings, f"The tool {asked.id}")
        if pane is self._panes.first:
            self._tools.set_state(asked.id, state)
            self._tools.switch(asked.id, on=True)
        else:  # the panel shows those of the main view only
            pane.scene.tools.set_state(asked.id, state)
            pane.scene.tools.switch(asked.id, on=True)
            pane.driver.hurry()
        for east_m, north_m in asked.places:
            if not pane.scene.tools.click_at(asked.id, east_m, north_m):
                raise OpeningError(f"The tool {asked.id} finds nothing at {east_m:g}, {north_m:g}")

    def _style(self, _pane: CityPane) -> None:
        name = self._opening.style
        if name:
            styles = NamedStyles(self._session.scene_file)
            if name not in styles.names:
                there = ", ".join(styles.names) or "none"
                raise OpeningError(f"The scene keeps no style {name!r}; there are: {there}")
            self._session.set_style(styles.style(name))

    def _bookmark(self, pane: CityPane) -> None:
        name = self._opening.bookmark
        if name:
            known = {bookmark.name: bookmark for bookmark in self._views.book.bookmarks}
            if name not in known:
                there = ", ".join(known) or "none"
                raise OpeningError(f"The scene keeps no view {name!r}; there are: {there}")
            if pane is self._panes.first:
                self._views.go_requested.emit(known[name])
            else:
                dress(pane, known[name])

    def _guard(self, call: Callable[[], None]) -> None:
        try:
            call()
        except TwinError as error:
            self._session.message.emit(str(error))
