"""Brings what a console shows first once the city is there. GUI thread."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from scenes.city_scene import CityScene
from twin.city.named_styles import NamedStyles
from twin.errors import TwinError
from twin.session import TwinSession
from viewer.opening import Opening, OpeningError, ToolAsked, settings_put
from widgets.layer_list import LayerList
from widgets.tool_list import ToolList
from widgets.view_list import ViewList

#: Streamed tiles may take so many steps to arrive before tools are clicked all the same.
MOST_STEPS = 100


class OpeningDriver:
    """Camera, layers and style at once; tools and their clicks when the view has settled.

    Parameters
    ----------
    show_panel : brings a panel to the front
    """

    def __init__(
        self,
        opening: Opening,
        *,
        session: TwinSession,
        scene: CityScene,
        layers: LayerList,
        tools: ToolList,
        views: ViewList,
        show_panel: Callable[[str], None],
    ) -> None:
        self._opening = opening
        self._session, self._scene = session, scene
        self._layers, self._tools, self._views = layers, tools, views
        self._show_panel = show_panel
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
            for begin in (self._layer, self._style, self._bookmark, self._aim, self._panels):
                self._guard(begin)
        elif self._scene.is_settled or self.is_done:
            self._n_steps = MOST_STEPS
            for asked in self._opening.tools:
                self._guard(partial(self._tool, asked))

    def _aim(self) -> None:
        camera, numbers = self._scene.camera, self._opening.camera
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

    def _layer(self) -> None:
        known = {entry.id: entry for entry in self._layers.entries}
        for asked in self._opening.layers:
            if asked.id not in known:
                raise OpeningError(f"No layer {asked.id!r}; there are: {', '.join(known)}")
            entry = known[asked.id]
            state = settings_put(entry.state, asked.settings, f"The layer {asked.id}")
            for name, _text in asked.settings:
                self._layers.set_field(asked.id, name, getattr(state, name))
            self._layers.set_visible(asked.id, asked.shown)

    def _tool(self, asked: ToolAsked) -> None:
        known = {entry.id: entry for entry in self._tools.entries}
        if asked.id not in known:
            raise OpeningError(f"No tool {asked.id!r}; there are: {', '.join(known)}")
        state = settings_put(known[asked.id].state, asked.settings, f"The tool {asked.id}")
        self._tools.set_state(asked.id, state)
        self._tools.switch(asked.id, on=True)
        for east_m, north_m in asked.places:
            if not self._scene.tools.click_at(asked.id, east_m, north_m):
                raise OpeningError(f"The tool {asked.id} finds nothing at {east_m:g}, {north_m:g}")

    def _style(self) -> None:
        name = self._opening.style
        if name:
            styles = NamedStyles(self._session.scene_file)
            if name not in styles.names:
                there = ", ".join(styles.names) or "none"
                raise OpeningError(f"The scene keeps no style {name!r}; there are: {there}")
            self._session.set_style(styles.style(name))

    def _bookmark(self) -> None:
        name = self._opening.bookmark
        if name:
            known = {bookmark.name: bookmark for bookmark in self._views.book.bookmarks}
            if name not in known:
                there = ", ".join(known) or "none"
                raise OpeningError(f"The scene keeps no view {name!r}; there are: {there}")
            self._views.go_requested.emit(known[name])

    def _panels(self) -> None:
        for panel_id in self._opening.panels:
            self._show_panel(panel_id)

    def _guard(self, call: Callable[[], None]) -> None:
        try:
            call()
        except TwinError as error:
            self._session.message.emit(str(error))
