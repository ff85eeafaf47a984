"""A city drawn without a window: for pictures and films made by a process of their own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from math import radians
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from scenes.city_scene import CityScene
from scenes.moment import Moment
from scenes.offscreen import OffscreenWindow
from scenes.scene_input import NothingSelected, SceneInput
from twin.city.scene_sources import SceneSources
from twin.errors import TwinError
from twin.theme import load_theme
from viewer.city_source import LoadedCity

if TYPE_CHECKING:
    from types import TracebackType

StateT = TypeVar("StateT")
#: Letters and symbols keep their share of a picture larger than this.
USUAL_PX = (1920, 1080)
#: Streamed tiles and photographs may take so long to arrive for one picture.
SETTLE_S = 120.0
_PAUSE_S = 0.005
#: Updates in a row that change nothing more.
_CALM = 3
_MOST_UPDATES = 400


class NothingToDrawError(TwinError):
    """A city has nothing that could be drawn."""


class OffscreenCity:
    """One loaded city in an off-screen window; a context. One thread.

    Parameters
    ----------
    window_px : size of the frame buffer
    picture_px : size of the picture it is for, which letters and symbols are scaled to
    moment : its theme, layers and tools
    """

    def __init__(
        self,
        loaded: LoadedCity,
        *,
        window_px: tuple[int, int],
        picture_px: tuple[int, int] | None = None,
        moment: Moment,
    ) -> None:
        if not loaded.tiles and not loaded.streams and loaded.asset.points is None:
            raise NothingToDrawError(f"The city {loaded.asset.title!r} has no surfaces to draw")
        self.loaded = loaded
        size = picture_px or window_px
        ratio = max(1.0, min(size[0] / USUAL_PX[0], size[1] / USUAL_PX[1]))
        theme = load_theme(moment.theme)
        self.target = OffscreenWindow(*window_px)
        self.scene = CityScene(self.target.renderer, theme=theme, pixel_ratio=ratio)
        self.scene.set_city(loaded.asset, loaded.tiles, loaded.streams)
        sources = SceneSources(loaded.reports, loaded.scene_file)
        self.scene.set_hidden_features(sources.hidden_rows(loaded.asset.features.n_features))
        if self.scene.streamed is not None:
            for one in sources.reports:
                shown = sources.is_visible(one.source.id)
                self.scene.streamed.streamer.set_source_visible(one.source.id, shown)
        self._switch_layers(moment.layers)
        self._switch_tools(moment.tools)
        self.scene.camera.set_plan(moment.is_plan, animated=False)

    def __enter__(self) -> OffscreenCity:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.scene.dispose()
        self.target.close()

    def home(self, picture_px: tuple[int, int]) -> None:
        """Fit the whole city into a picture of this size."""
        self.target.window.SetSize(*picture_px)
        self.scene.camera.home(animated=False)

    def aim(self, camera: tuple[float, ...]) -> None:
        """Azimuth, elevation (degrees) and distance, or eye and focal point; () = leave it."""
        if len(camera) == 6:
            self.scene.camera.look_from(camera[:3], camera[3:])
        elif len(camera) == 3:
            self.scene.camera.fly_to(
                self.scene.camera.pose.focal_m,
                camera[2],
                azimuth_rad=radians(camera[0]),
                elevation_rad=radians(camera[1]),
                animated=False,
            )

    def settle(self, given: SceneInput, limit_s: float = SETTLE_S) -> bool:
        """Bring everything this view needs; False when some of it did not come in time."""
        end = time.monotonic() + limit_s
        calm = n_updates = 0
        while calm < _CALM and n_updates < _MOST_UPDATES and time.monotonic() < end:
            changed = self.scene.update(given)
            if not self.scene.is_settled:
                calm = 0
                time.sleep(_PAUSE_S)
                continue
            n_updates += 1
            calm = 0 if changed else calm + 1
        return self.scene.is_settled

    def settle_selected(self, moment: Moment) -> SceneInput:
        """Settle on a moment; what is selected by id is, where it is loaded. What to draw then."""
        self.settle(moment.given)
        features = self.loaded.asset.features
        found = [features.row_of(feature_id) for feature_id in moment.selected_ids]
        rows = tuple(row for row in found if row >= 0)
        if not rows:
            return moment.given
        one = rows[0] if len(rows) == 1 else -1
        selection = NothingSelected(feature=one, features=rows if one < 0 else ())
        given = replace(moment.given, selection=selection)
        self.settle(given)
        return given

    def _switch_layers(self, layers: Mapping[str, tuple[bool, Mapping[str, Any]]]) -> None:
        known = {record.id for record in self.scene.layers}
        for layer_id, (is_on, kept) in layers.items():
            if layer_id in known:
                self.scene.set_layer_visible(layer_id, is_on)
                state = state_with(self.scene.layer_state(layer_id), kept)
                self.scene.set_layer_state(layer_id, state)

    def _switch_tools(self, tools: Mapping[str, Mapping[str, Any]]) -> None:
        box = self.scene.tools
        known = {record.id for record in box.records}
        for tool_id, kept in tools.items():
            if tool_id in known:
                box.set_state(tool_id, state_with(box.state(tool_id), kept))
                box.switch(tool_id, on=True)


def state_with(state: StateT, kept: Mapping[str, Any]) -> StateT:
    """Settings (a dataclass) with those of ``kept`` that they know; unreadable ones are left."""
    values = msgspec.to_builtins(state)
    known = {name: value for name, value in kept.items() if name in values}
    try:
        return msgspec.convert({**values, **known}, type(state))
    except msgspec.ValidationError:
        return state
